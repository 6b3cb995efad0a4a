"""`./swingphase bench stimulator`: from sample to last byte, and how regular the pulses are, on a busy PC.

Real processes: emulated stimulator on a pty (it holds the clock), guardian, controller with the real detector and
scheduler on a simulated foot. Beside them, in the same run, other people's clients at the same emulators.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.guardian_emulator import Pulse
from benchmarks.guardian_rig import RigError
from benchmarks.stimulator_controller import NUMBERS, WIDTH_FIRST_US, Asked
from benchmarks.stimulator_rig import WalkRig, busy_pc, peer_run, pty_transit_us, wake_ups_us
from firmware_py.pi.console import made_folder, progress_bar, version
from stimulator.drivers import devices

RATES_HZ = (20, 33, 45, 50)
SECONDS = 40.0
P24_ANSWER_US = (1_000, 5_000)  # after the pulse: 3 to 7 ms in all
P24_SLOW_US = (1_000, 13_000)  # up to 15 ms, as users measured
REHASTIM2_ANSWER_US = (5_000, 20_000)
LATENCY_TARGET_MS, INTERVAL_TARGET_MS = 8.0, 1.0
MATCH_US = 60_000
IN_MEMORY = Path("/dev/shm")  # files there never wait for a disk


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Figures of one row of numbers, ms."""

    n: int
    p50: float
    p99: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One run. Of pulses that were asked for ahead of their time, the wait until then does not count.

    stops            how often the guardian stopped by itself and was armed again
    sample_to_byte   from the newest sample behind a request until the guardian's write of the pulse returned
    write_error      of the intervals between the guardian's writes
    interval_error   of the intervals between pulses, by the emulated stimulator's clock: behind the pty
    """

    who: str
    rate_hz: float
    fifo: bool
    scheduled: str
    stops: int
    asked: int
    pulses: int
    sample_to_byte: Spread | None
    write_error: Spread | None
    interval_error: Spread | None
    change_to_pulse: Spread | None = None


def spread(values_us: Sequence[float]) -> Spread | None:
    """Return the figures of some microseconds, in ms; None of nothing. p99: 99 of 100 do not exceed it."""
    if not values_us:
        return None
    ordered = sorted(values_us)
    at = min(len(ordered) - 1, -(-99 * len(ordered) // 100) - 1)
    return Spread(
        n=len(ordered), p50=ordered[len(ordered) // 2] / 1000, p99=ordered[at] / 1000, max=ordered[-1] / 1000
    )


def matched(asked: Sequence[Asked], pulses: Sequence[Pulse]) -> list[tuple[Asked, Pulse]]:
    """Return each request with its pulse, by channel and number; requests without a pulse are left out."""
    by_name: dict[tuple[int, int], list[Pulse]] = {}
    for pulse in pulses:
        by_name.setdefault((pulse.channel, pulse.width_us - WIDTH_FIRST_US), []).append(pulse)
    found = []
    for one in asked:
        for pulse in by_name.get((one.channel, one.number % NUMBERS), ()):
            if 0 <= pulse.start_us - one.made_us <= MATCH_US:
                found.append((one, pulse))
                break
    return found


def interval_errors_us(pairs: Sequence[tuple[Asked, Pulse]], rate_hz: float) -> list[float]:
    """Return how far the time between two pulses of one train was from its period."""
    period_us = 1_000_000 // rate_hz
    errors = []
    for channel in {a.channel for a, _ in pairs}:
        own = [(a, p) for a, p in pairs if a.channel == channel]
        errors += [
            abs(q.start_us - p.start_us - period_us)
            for (a, p), (b, q) in pairwise(own)
            if b.due_us - a.due_us == period_us  # of one burst, none left out between
        ]
    return errors


def list_errors_us(pulses: Sequence[Pulse], period_us: float) -> list[float]:
    """Return the same for a client whose pulses are nobody's requests."""
    errors = []
    for channel in {p.channel for p in pulses}:
        own = [p.start_us for p in pulses if p.channel == channel]
        errors += [abs(b - a - period_us) for a, b in pairwise(own)]
    return errors


def changes_us(changes: Sequence[tuple[int, int]], pulses: Sequence[Pulse]) -> list[float]:
    """Return how long after each change was asked for the first pulse with the new amplitude began."""
    found = []
    for asked_us, amplitude_ma in changes:
        later = [p.start_us for p in pulses if p.start_us > asked_us and p.current_ua == 1000 * amplitude_ma]
        if later:
            found.append(later[0] - asked_us)
    return found


def our_row(
    folder: Path, name: str, rate_hz: int, seconds: float, answer_us: tuple[int, int], *, fifo: bool
) -> Row:
    """Walk with our own processes."""
    device = devices.choose(name, answer_max_ms=20 if name == devices.REHASTIM2 else 0)
    with WalkRig(folder, device, rate_hz, seconds, answer_us, fifo=fifo) as rig:
        asked, written, pulses = rig.walk()
    pairs, writes = matched(asked, pulses), matched(asked, written)
    slowest_ms = answer_us[1] // 1000 + (0 if name == devices.REHASTIM2 else 2)
    return Row(
        who=f"Swingphase, {device.capability.name} answering within {slowest_ms} ms",
        rate_hz=rate_hz,
        fifo=fifo,
        scheduled=rig.scheduled,
        stops=rig.n_stops,
        asked=len(asked),
        pulses=len(pairs),
        sample_to_byte=spread([p.start_us - a.sample_us - max(0, a.due_us - a.made_us) for a, p in writes]),
        write_error=spread(interval_errors_us(writes, rate_hz)),
        interval_error=spread(interval_errors_us(pairs, rate_hz)),
    )


def peer_row(folder: Path, client: str, rate_hz: int, seconds: float, *, fifo: bool) -> Row:
    """Let another client do the same."""
    is_list = client == "pysciencemode"
    period_ms = round(1000 / rate_hz)
    answer_us = REHASTIM2_ANSWER_US if is_list else P24_ANSWER_US
    pulses, changes = peer_run(client, folder, period_ms, seconds, answer_us, fifo=fifo)
    return Row(
        who="pyScienceMode, RehaStim2, the device's own list"
        if is_list
        else "science_mode_4, P24, a command a pulse",
        rate_hz=1000 / period_ms,
        fifo=fifo,
        scheduled="client FIFO" if fifo else "client ordinary",
        stops=0,
        asked=len(pulses),
        pulses=len(pulses),
        sample_to_byte=None,
        write_error=None,
        interval_error=spread(list_errors_us(pulses, 1000 * period_ms)),
        change_to_pulse=spread(changes_us(changes, pulses)),
    )


HEAD = (
    *("who", "Hz", "FIFO", "stops", "pulses of asked", "sample to last byte p50 / p99 / max ms"),
    *(
        "interval error at the write p99 / max ms",
        "at the stimulator p99 / max ms",
        "change to pulse p50 / max ms",
    ),
)


def table(rows: Sequence[Row]) -> list[str]:
    """Return the lines of a Markdown table."""
    lines = [HEAD, ("---",) * len(HEAD)]
    for row in rows:
        s, w, i, c = row.sample_to_byte, row.write_error, row.interval_error, row.change_to_pulse
        lines.append(
            (
                *(row.who, f"{row.rate_hz:.3g}", "yes" if row.fifo else "no", str(row.stops)),
                f"{row.pulses} of {row.asked}",
                f"{s.p50:.1f} / {s.p99:.1f} / {s.max:.1f}" if s else "-",
                f"{w.p99:.2f} / {w.max:.1f}" if w else "-",
                f"{i.p99:.2f} / {i.max:.1f}" if i else "-",
                f"{c.p50:.0f} / {c.max:.0f}" if c else "-",
            )
        )
    return [f"| {' | '.join(cells)} |" for cells in lines]


def verdicts(rows: Sequence[Row]) -> list[str]:
    """Return a sentence for each of our rows that misses a target."""
    said = []
    for row in rows:
        where = f"{row.who}, {row.rate_hz:.3g} Hz, {'with' if row.fifo else 'without'} FIFO"
        for what, found, target_ms in (
            ("sample to last byte", row.sample_to_byte, LATENCY_TARGET_MS),
            ("interval error at the guardian's write", row.write_error, INTERVAL_TARGET_MS),
            (
                "interval error at the stimulator, behind the pty",
                row.interval_error if row.write_error else None,
                INTERVAL_TARGET_MS,
            ),
        ):
            if found and found.p99 >= target_ms:
                said.append(
                    f"not met: {where}: {what} p99 {found.p99:.2f} ms; the target is below {target_ms:.0f} ms"
                )
        if row.stops:
            said.append(
                f"{where}: the guardian stopped {row.stops} times: a cycle or an answer came too late"
            )
    return said


@dataclass(frozen=True, slots=True)
class Run:
    """What is measured in turn: our processes with a device, or another client."""

    name: str
    rate_hz: int
    answer_us: tuple[int, int] | None  # None: another client

    def row(self, folder: Path, seconds: float, *, fifo: bool) -> Row:
        """Measure it."""
        if self.answer_us is None:
            return peer_row(folder, self.name, self.rate_hz, seconds / 2, fifo=fifo)
        return our_row(folder, self.name, self.rate_hz, seconds, self.answer_us, fifo=fifo)


OURS = (
    *(Run(devices.P24, rate, P24_ANSWER_US) for rate in RATES_HZ),
    *(Run(devices.P24, rate, P24_SLOW_US) for rate in RATES_HZ),
    Run(devices.REHASTIM2, 20, REHASTIM2_ANSWER_US),
)
PEERS = tuple(Run(client, rate, None) for client in ("pysciencemode", "science_mode_4") for rate in RATES_HZ)


def main(arguments: list[str]) -> int:
    """Print the table; 1 if a target is missed with FIFO."""
    parser = argparse.ArgumentParser(prog="./swingphase bench stimulator", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"of each run (default {SECONDS:.0f})")
    parser.add_argument(
        "--busy", type=int, default=os.cpu_count() or 1, help="busy processes (default one a core)"
    )
    parser.add_argument("--no-peers", action="store_true", help="only our own processes")
    parser.add_argument("--only-fifo", action="store_true", help="not the runs without FIFO")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    chosen = parser.parse_args(arguments)
    if chosen.json:
        made_folder(str(Path(chosen.json).resolve().parent))
    runs = OURS if chosen.no_peers else OURS + PEERS
    conditions = [True] if chosen.only_fifo else [True, False]
    rows: list[Row] = []
    progress, began_s = progress_bar("runs"), time.monotonic()
    with (
        tempfile.TemporaryDirectory(
            prefix="stimulator-", dir=IN_MEMORY if IN_MEMORY.is_dir() else None
        ) as folder,
        busy_pc(chosen.busy),
    ):
        for n, (fifo, run) in enumerate([(fifo, run) for fifo in conditions for run in runs], 1):
            here = Path(folder) / str(n)
            here.mkdir()
            try:
                rows.append(run.row(here, chosen.seconds, fifo=fifo))
            except RigError as e:
                print(f"{run.name} at {run.rate_hz} Hz: {e}", file=sys.stderr)
            progress(n / len(runs) / len(conditions))
        pty, wake = spread(pty_transit_us()), spread(wake_ups_us())
    for line in table(rows):
        print(line)
    for scheduled in dict.fromkeys(
        f"FIFO {'asked for' if r.fifo else 'not used'}: {r.scheduled}" for r in rows
    ):
        print(scheduled)
    if pty and wake:
        print(
            f"The machine alone, a FIFO process that sleeps until each 5 ms: wakes p99 {wake.p99:.2f}, max "
            f"{wake.max:.1f} ms late."
        )
        print(
            f"The pty alone, from a FIFO writer to a FIFO reader: p50 {pty.p50:.2f}, p99 {pty.p99:.2f}, max "
            f"{pty.max:.1f} ms. Answers come back the same way, and a pulse waits for the answer before."
        )
    print(
        f"{chosen.busy} busy processes on {os.cpu_count()} cores, {chosen.seconds:.0f} s a run, version {version()}, "
        f"{time.monotonic() - began_s:.0f} s. Times are the emulated stimulator's, on a pty: no USB, no FTDI chip."
    )
    missed = verdicts(rows)
    for sentence in missed:
        print(sentence)
    if chosen.json:
        Path(chosen.json).write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")
    return 1 if any(" with FIFO" in sentence for sentence in missed) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
