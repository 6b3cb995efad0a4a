"""Write a recording as our CSV, so that it can be looked at, changed by hand and read again without a loss."""

import csv
from pathlib import Path

from hw_sim.csv_cells import EVENTS, FIRST_LINE, imu_names
from hw_sim.recording import Recording, RecordingError
from hw_sim.walker_settings import WalkerSettings
from safety.sample import HEEL_DOWN, HEEL_UP, Sample

STEP_COLUMNS = (0, 2, 3, 1)  # of a row of Recording.steps, in the order of EVENTS
HEEL_CELLS = {HEEL_DOWN: "1", HEEL_UP: "0"}
EXAMPLE_S = 40.0
UNIT_PER_COUNT = {"dps": 100, "g": 1000}  # samples hold 0.01 deg/s and 0.001 g


def csv_lines(r: Recording) -> list[list[str]]:
    """Return the cells of each line; numbers are those of the samples, so that reading gives the same samples."""
    header = [
        *(("place", r.place), ("subject", r.subject), ("group", r.group), ("dataset", r.dataset)),
        *(("trial", r.trial), ("rate_hz", repr(float(r.fs)))),
        *((("side", r.side),) if r.side in ("L", "R") else ()),
        *((("slow", "yes"),) if r.is_slow else ()),
        *((("weak_pushoff", "yes"),) if r.is_weak_pushoff else ()),
    ]
    lines = [[FIRST_LINE], *([f"# {name}: {value}"] for name, value in header)]
    switch = ["heel_down"] if r.has_switch else []
    lines.append(["t_s", *imu_names("dps", "g"), *switch, "event", "unlabelled"])
    events: dict[int, list[str]] = {}
    for step in r.steps:
        for name, column in zip(EVENTS, STEP_COLUMNS, strict=True):
            if step[column] >= 0:
                events.setdefault(step[column], []).append(name)
    unlabelled = {i for a, b in r.ignore for i in range(a, b)}
    for i, sample in enumerate(r.samples()):
        heel = [HEEL_CELLS.get(sample.heel, "")] if r.has_switch else []
        lines.append(
            [
                f"{i / r.fs:.6f}",
                *_imu_cells(sample),
                *heel,
                "+".join(events.get(i, ())),
                "1" * (i in unlabelled),
            ]
        )
    return lines


def write_csv(r: Recording, file: Path) -> None:
    """Write `r`; RecordingError with a sentence if the file cannot be written."""
    try:
        with file.open("w", encoding="utf-8", newline="") as f:
            csv.writer(f, lineterminator="\n").writerows(csv_lines(r))
    except OSError as e:
        raise RecordingError(
            f"{file} cannot be written ({e.strerror}); it must be in a folder that is there. Name another file."
        ) from e


def write_example(file: Path) -> Recording:
    """Write a simulated walk with foot IMU, heel switch and labels, as an example to compare with; return it."""
    from hw_sim.gait_simulated import simulated_recording

    settings = WalkerSettings(severity="moderate", seed=1, stop_s=EXAMPLE_S - 5)
    recording = simulated_recording(settings, seconds=EXAMPLE_S)
    write_csv(recording, file)
    return recording


def _imu_cells(s: Sample) -> list[str]:
    if not s.has_imu:
        return [""] * 6
    gyro = (s.gyro_x_cdps, s.gyro_y_cdps, s.gyro_z_cdps)
    acc = (s.acc_x_mg, s.acc_y_mg, s.acc_z_mg)
    return [
        *(f"{v / UNIT_PER_COUNT['dps']:.2f}" for v in gyro),
        *(f"{v / UNIT_PER_COUNT['g']:.3f}" for v in acc),
    ]
