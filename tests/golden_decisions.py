"""Golden decisions: what the detector decided when somebody last looked, so that no change goes unnoticed.

    .venv/bin/python -m tests.golden_decisions             says what differs from tests/golden/decisions.json
    .venv/bin/python -m tests.golden_decisions --refresh   says it, and takes today's decisions as golden

Of recordings only counts and checksums are kept, of simulated walks every event. The simulated walks are stored as
whole-number samples (tests/golden/walks.bin.z), so that they are the same on every machine; --walks makes them anew.
"""

import argparse
import hashlib
import io
import json
import sys
import zlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import numpy as np

from gait_detect.detector import GaitDetector
from gait_detect.state import PHASE_NAMES, GaitState
from hw_sim.gait_runs import run_all
from hw_sim.gait_scores import score
from hw_sim.gait_simulated import simulated_recording
from hw_sim.recordings import Recording, RecordingError, load_recordings
from hw_sim.walker_settings import WalkerSettings
from safety.sample import HEEL_NONE, Sample
from tests.detector_traces import encoded_walk
from tests.mpy import decisions

FOLDER = Path(__file__).resolve().parent / "golden"
GOLDEN, WALKS = FOLDER / "decisions.json", FOLDER / "walks.bin.z"
FIELDS = sorted(GaitState.__slots__)

# Name -> who walks and where the IMU sits; short, because their samples are stored.
STORED = {
    "foot, severe": ("foot", WalkerSettings(severity="severe", seed=3, stop_s=16.0)),
    "foot, healthy": ("foot", WalkerSettings(severity="healthy", seed=5, stride_s=1.05, stop_s=16.0)),
    "foot, flaccid and slow": ("foot", WalkerSettings(severity="flaccid", seed=7, stride_s=1.9, stop_s=18.0)),
    "shank, moderate": ("shank", WalkerSettings(severity="moderate", seed=9, stride_s=1.4, stop_s=16.0)),
}
STORED_S = 20.0
SENSORS = ("IMU and switch", "IMU alone", "switch alone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What became of one recording: labelled steps, of these found, stretches of swing, checksums."""

    name: str
    samples: str
    steps: int
    found: int
    swings: int
    checksum: str

    def row(self) -> list[int | str]:
        """Return what is stored behind the name."""
        return [self.samples, self.steps, self.found, self.swings, self.checksum]


def decided_on(r: Recording) -> Decided:
    """Run the detector over `r`; the checksum is over every field of its state at every sample."""
    detector = GaitDetector(place=r.place)
    fields, state = attrgetter(*FIELDS), detector.state
    values, on = array("i"), np.zeros(r.n_samples, bool)
    for i, sample in enumerate(r.samples()):
        detector.step(sample)
        values.extend(fields(state))
        on[i] = state.swing
    kept = r.gyro_counts.tobytes() + r.acc_counts.tobytes() + repr(r.steps).encode()
    return Decided(
        name=f"{r.dataset} {r.trial} {r.side} {r.place}",
        samples=f"{zlib.crc32(kept):08x}",
        steps=len(r.steps),
        found=score(r, on).found,
        swings=int(np.count_nonzero(np.diff(on.astype(np.int8), prepend=0) == 1)),
        checksum=hashlib.sha256(values.tobytes()).hexdigest()[:16],
    )


def stored_walks() -> Iterator[tuple[str, str, list[bytes]]]:
    """Yield (name, place, rows) of each stored simulated walk."""
    stream = io.BytesIO(zlib.decompress(WALKS.read_bytes()))
    for name in STORED:
        head = stream.read(decisions.HEAD_BYTES)
        n_rows = int.from_bytes(head[2:], "little")
        yield name, decisions.PLACES[head[0]], [stream.read(decisions.ROW_BYTES) for _ in range(n_rows)]


def events_of(place: str, rows: Sequence[bytes], sensors: str) -> list[str]:
    """Return every change of phase as "ms phase", decided with these of SENSORS; time 0 is the first sample."""
    detector, sample = GaitDetector(place=place), Sample()
    events, last, t_us, ms_us = [], -1, decisions.T_START_US, 0
    for row in rows:
        ms_us += row[0] | row[1] << 8
        t_us = decisions.fill(sample, t_us, row, 0)
        if sensors == "switch alone":
            sample.has_imu = 0
        elif sensors == "IMU alone":
            sample.heel = HEEL_NONE
        phase = detector.step(sample).phase
        if phase != last:
            events.append(f"{ms_us // 1000} {PHASE_NAMES[phase]}")
            last = phase
    return events


def simulated() -> dict[str, list[str]]:
    """Return the events of every stored walk with each set of sensors."""
    return {
        f"{name}: {sensors}": events_of(place, rows, sensors)
        for name, place, rows in stored_walks()
        for sensors in SENSORS
    }


def recorded(recordings: Sequence[Recording], processes: int = 1) -> list[Decided]:
    """Return what was decided on each of `recordings`."""
    return list(run_all(decided_on, recordings, processes=processes))


def golden() -> dict:
    """Return what is stored: fields, recordings, simulated."""
    return json.loads(GOLDEN.read_text(encoding="utf-8"))


def differences(
    then: dict, now_recorded: Sequence[Decided], now_simulated: dict[str, list[str]]
) -> list[str]:
    """Return a line for each difference; recordings that `then` does not hold are left out, and so are its others."""
    lines = []
    if then["fields"] != FIELDS:
        lines.append(f"the state has the fields {', '.join(FIELDS)}; golden has {', '.join(then['fields'])}")
    for name in sorted(then["simulated"].keys() | now_simulated.keys()):
        was, now = then["simulated"].get(name, []), now_simulated.get(name, [])
        if was != now:
            n = next(
                (i for i, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), min(len(was), len(now))
            )
            before, after = (events[n] if n < len(events) else "the end" for events in (was, now))
            lines.append(
                f"{name}: event {n + 1} was {before!r}, is {after!r}; {len(was)} events were, {len(now)} are"
            )
    in_details = 0
    for d in now_recorded:
        row = then["recordings"].get(d.name)
        if row is None or row[0] != d.samples or row == d.row():
            continue
        if row[2:4] == [d.found, d.swings]:
            in_details += 1
        else:
            lines.append(
                f"{d.name}: {row[2]} -> {d.found} of {d.steps} steps found, {row[3]} -> {d.swings} swings"
            )
    if in_details:
        lines.append(
            f"{in_details} recordings with as many steps and swings as before, but not sample for sample"
        )
    return lines


def summary(then: dict, now: Sequence[Decided]) -> str:
    """Return one line about all recordings that golden knows."""
    pairs = [(then["recordings"][d.name], d) for d in now if d.name in then["recordings"]]
    same = [(row, d) for row, d in pairs if row[0] == d.samples]
    gained = sum(max(0, d.found - row[2]) for row, d in same)
    lost = sum(max(0, row[2] - d.found) for row, d in same)
    return (
        f"{len(same)} of {len(now)} recordings are known; steps found: {sum(row[2] for row, _ in same)} were, "
        f"{sum(d.found for _, d in same)} are ({gained} gained, {lost} lost); swings: "
        f"{sum(row[3] for row, _ in same)} were, {sum(d.swings for _, d in same)} are."
    )


def write_walks() -> None:
    """Simulate the stored walks anew."""
    walks = [encoded_walk(simulated_recording(s, seconds=STORED_S, place=p)) for p, s in STORED.values()]
    WALKS.write_bytes(zlib.compress(b"".join(walks), 9))


def write_golden(then: dict, now_recorded: Sequence[Decided], now_simulated: dict[str, list[str]]) -> None:
    """Write today's decisions, one recording or walk a line; without recordings those of before stay."""
    rows = {d.name: d.row() for d in now_recorded} or then["recordings"]
    text = f'{{\n"fields": {json.dumps(FIELDS)}'
    for kind, values in (("recordings", rows), ("simulated", now_simulated)):
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(values[name])}" for name in sorted(values))
        text += f',\n"{kind}": {{\n{lines}\n}}'
    GOLDEN.write_text(text + "\n}\n", encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Say what differs; 1 if anything does and it is not taken over."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.golden_decisions", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--refresh", action="store_true", help="take today's decisions as golden")
    parser.add_argument("--walks", action="store_true", help="simulate the stored walks anew, too")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    chosen = parser.parse_args(arguments)
    if chosen.walks:
        write_walks()
    then = golden() if GOLDEN.exists() else {"fields": FIELDS, "recordings": {}, "simulated": {}}
    try:
        now = recorded(load_recordings(), max(1, chosen.jobs))
    except RecordingError as e:
        print(f"Recordings are left as they were: {e}", file=sys.stderr)
        now = []
    events = simulated()
    found = differences(then, now, events)
    for line in found:
        print(line)
    print(summary(then, now))
    print(f"{len(found)} differences." if found else "No difference.")
    if chosen.refresh:
        write_golden(then, now, events)
        print(f"Written: {GOLDEN}")
    return 1 if found and not chosen.refresh else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
