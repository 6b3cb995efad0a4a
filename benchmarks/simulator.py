"""How fast the simulator is: times real time per transport and muscle, where the time goes, and whether it stays so.

`./swingphase bench simulator` walks a severe foot drop with help, the whole loop on one core: detector, scheduler,
guard, supervisor, gate, ledger, plausibility. Figures are CPU time, the best of several pieces of one walk; beside
them the time of a fixed piece of plain Python, so that two machines, or a busy and a quiet one, can be compared.
"""

import argparse
import cProfile
import pstats
import resource
import sys
import time
from collections import defaultdict

from firmware_py.pi.console import ROOT
from hw_sim.demo import demo_prescription
from hw_sim.emulators.transports import TRANSPORTS, Transport
from hw_sim.leg import Leg
from hw_sim.rig import Rig
from hw_sim.walker import WalkerSettings

TARGETS: dict[tuple[str, str], float] = {("request", "fast"): 100.0, ("memory", "ding"): 25.0}
WARM_S, PIECE_S = 6.0, 2.0
PARTS = {
    "safety": "safety: gate, ledger, supervisor, plausibility",
    "gait_detect": "gait_detect: detector",
    "stimulator": "stimulator: scheduler, driver, codec",
    "firmware_py": "firmware_py: control cycle, guard, log",
    "hw_sim/emulators": "hw_sim: stimulator and transport",
    "hw_sim": "hw_sim: leg, sensors, world, figures",
}


def walking(transport: Transport, muscle: str, keeps_all: bool = False) -> Rig:
    """Return a rig that walks with help."""
    leg = Leg(WalkerSettings(severity="severe", seed=1), muscle=muscle, keeps_trace=keeps_all)
    rig = Rig(leg, prescription=demo_prescription(), transport=transport, keeps_all=keeps_all)
    rig.connect()
    rig.advance_to(1_000_000)
    rig.arm()
    rig.advance_to(round(WARM_S * 1e6))
    return rig


def plain_python_s() -> float:
    """Return the CPU time of a fixed piece of plain Python."""
    began_s, x = time.process_time(), 0
    for i in range(60_000):
        x = min(x + i, 1_000_000)
        if x > 500:
            x -= 3
    return time.process_time() - began_s


def speed(transport: Transport, muscle: str, pieces: int) -> tuple[float, float]:
    """Return (times real time, that times the CPU seconds of `plain_python_s`), each the best of `pieces`."""
    rig = walking(transport, muscle)
    best_s = plain_s = float("inf")
    for _ in range(pieces):
        plain_s = min(plain_s, plain_python_s())
        began_s = time.process_time()
        rig.advance_to(rig.world.now_us + round(PIECE_S * 1e6))
        best_s = min(best_s, time.process_time() - began_s)
    rig.close()
    return PIECE_S / best_s, PIECE_S / best_s * plain_s


def breakdown(transport: Transport, muscle: str, seconds: float) -> list[tuple[str, float]]:
    """Return (part, share of CPU time) under the profiler, which makes small calls look dearer than they are."""
    rig = walking(transport, muscle)
    profile = cProfile.Profile(
        time.process_time
    )  # of a busy machine, other programs' time would be counted else
    profile.enable()
    rig.advance_to(rig.world.now_us + round(seconds * 1e6))
    profile.disable()
    rig.close()
    shares: dict[str, float] = defaultdict(float)
    for (file, _, _), (_, _, own_s, _, callers) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        if file == "~":  # built-ins count where they are called
            for (caller, _, _), (_, _, s, _) in callers.items():
                shares[part_of(caller)] += s
        else:
            shares[part_of(file)] += own_s
    total = sum(shares.values())
    return sorted(((part, s / total) for part, s in shares.items()), key=lambda row: -row[1])


def part_of(file: str) -> str:
    """Return the line of the breakdown that a source file belongs to."""
    name = file.removeprefix(f"{ROOT}/")
    return next((words for start, words in PARTS.items() if name.startswith(f"{start}/")), "everything else")


def over_hours(hours: float) -> list[str]:
    """Walk on; return a line per tenth with CPU time per simulated second and the most memory ever used."""
    rig = walking("request", "fast")
    lines = []
    for tenth in range(1, 11):
        began_s, from_us = time.process_time(), rig.world.now_us
        while rig.world.now_us < WARM_S * 1e6 + tenth * hours * 360e6:
            if not rig.guard.gate.armed:  # the session's hour is over, or its charge: a person confirms
                rig.ask_to_arm()
            rig.advance_to(rig.world.now_us + 60_000_000)
        per_s = 1000 * (time.process_time() - began_s) / ((rig.world.now_us - from_us) / 1e6)
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        at_h, f = rig.world.now_us / 3.6e9, rig.meter.figures
        lines.append(
            f"to {at_h:5.2f} h: {per_s:5.2f} ms per simulated second, {peak_mb:4.0f} MB at most; {f.steps} steps, "
            f"{f.missed} without help"
        )
        print(lines[-1], flush=True)
    rig.close()
    return lines


def main(arguments: list[str]) -> int:
    """Print the figures; 1 if a target is missed."""
    parser = argparse.ArgumentParser(prog="./swingphase bench simulator", description=__doc__)
    parser.add_argument("--pieces", type=int, default=20, help=f"pieces of {PIECE_S:g} s (default 20)")
    parser.add_argument(
        "--hours", type=float, help="walk so many simulated hours: does the cost stay the same?"
    )
    chosen = parser.parse_args(arguments)
    if chosen.hours:
        over_hours(chosen.hours)
        return 0
    missed = 0
    print(f"{'transport':<10}{'muscle':<8}{'times real time':>16}{'target':>8}{'x plain Python':>16}")
    for transport in TRANSPORTS:
        for muscle in ("fast", "ding"):
            times, scaled = speed(transport, muscle, max(1, chosen.pieces))
            target = TARGETS.get((transport, muscle))
            missed += target is not None and times < target
            goal = f"{target:g}" if target else ""
            print(f"{transport:<10}{muscle:<8}{times:>16.1f}{goal:>8}{scaled:>16.3f}", flush=True)
    for transport, muscle in TARGETS:
        print(f"\nWhere the time goes: {transport}, {muscle} muscle")
        for part, share in breakdown(transport, muscle, 10.0):  # type: ignore[arg-type]
            print(f"  {share:5.1%}  {part}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
