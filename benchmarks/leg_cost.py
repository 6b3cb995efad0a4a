"""`./swingphase bench leg`: what a simulated second of the leg costs, in ms of one core.

A leg with foot IMU (100 Hz) and heel switch, stimulated on two channels at 40 Hz in every swing, advanced in control
cycles of 5 ms; no loop, no stimulator. The machine's own speed stands beside it, because it changes from day to day.
"""

import argparse
import time
from collections.abc import Callable

from hw_sim.leg import MUSCLES, Leg
from hw_sim.sensors import SimSensors
from hw_sim.walker import WalkerSettings
from safety.sample import Sample

CYCLE_US = 5_000
WARM_S, ROUNDS = 5, 3
SEVERITIES = ("healthy", "severe", "spastic")


def cost_ms(walk: Callable[[int], None], seconds: int) -> float:
    """Return CPU ms per simulated second: the least of ROUNDS stretches of `seconds`."""
    walk(WARM_S)
    found = []
    for _ in range(ROUNDS):
        began = time.process_time()
        walk(seconds)
        found.append((time.process_time() - began) / seconds * 1000.0)
    return min(found)


def walking(severity: str, muscle: str, *, is_stimulated: bool = True) -> Callable[[int], None]:
    """Return a function that lets so many more seconds pass."""
    leg = Leg(WalkerSettings(severity=severity), muscle=muscle, keeps_trace=False)
    sensors, sample = SimSensors(leg), Sample()

    def walk(seconds: int) -> None:
        end_us = leg.now_us + seconds * 1_000_000
        while leg.now_us < end_us:
            leg.advance(CYCLE_US)
            if is_stimulated and leg.now_us % 25_000 == 0 and leg.now_us % 1_200_000 >= 550_000:
                leg.deliver(leg.now_us, 0, 26.0, 300)
                leg.deliver(leg.now_us, 1, 17.0, 300)
            while sensors.read(sample):
                pass

    return walk


def machine_ms() -> float:
    """Return the CPU ms of a million float multiplications and additions in plain Python, the least of five."""
    found = []
    for _ in range(5):
        began, x = time.process_time(), 0.0
        for i in range(1_000_000):
            x = x * 0.5 + i
        found.append((time.process_time() - began) * 1000.0)
    return min(found)


def main(arguments: list[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="./swingphase bench leg", description=__doc__)
    parser.add_argument("--seconds", type=int, default=20, help="simulated seconds a round (default 20)")
    chosen = parser.parse_args(arguments)
    print(f"This machine: {machine_ms():.0f} ms for a million float multiply-adds in plain Python.\n")
    print("| leg | muscle | ms CPU per simulated second | times real time |\n|---|---|---|---|")
    rows = [(s, m, True) for m in MUSCLES for s in SEVERITIES] + [("severe", "fast", False)]
    for severity, muscle, is_stimulated in rows:
        ms = cost_ms(walking(severity, muscle, is_stimulated=is_stimulated), chosen.seconds)
        what = severity if is_stimulated else f"{severity}, not stimulated"
        print(f"| {what} | {muscle} | {ms:.2f} | {1000 / ms:.0f} |", flush=True)
    return 0
