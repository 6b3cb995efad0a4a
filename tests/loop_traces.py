"""Walks as the rows that `tests/mpy/whole_loop.py` reads: from the simulator's situations and from recordings."""

import struct

import pytest

from firmware_py import blackbox
from hw_sim.recordings import gait_dir, load_recordings
from hw_sim.scenario_file import NamedScenario, load_scenario
from hw_sim.scenario_run import run_scenario
from safety.clock import WRAP_MASK_US
from safety.sample import Sample
from tests.mpy import whole_loop

GAP_MAX_US = 0xFFFF


def encoded(sample: Sample, dt_us: int) -> bytes:
    """Return the rows of one sample that comes `dt_us` after the one before it."""
    row = b""
    while dt_us > GAP_MAX_US:
        row += struct.pack("<H15xB", GAP_MAX_US, whole_loop.ONLY_TIME)
        dt_us -= GAP_MAX_US
    row += struct.pack("<H", dt_us)
    for rate in (sample.gyro_x_cdps, sample.gyro_y_cdps, sample.gyro_z_cdps):
        row += struct.pack("<i", rate)[:3]
    no_imu = 0 if sample.has_imu else whole_loop.NO_IMU
    return row + struct.pack(
        "<3hB", sample.acc_x_mg, sample.acc_y_mg, sample.acc_z_mg, sample.heel + 1 | no_imu
    )


def scenario_trace(name: str, seconds: float) -> tuple[str, bool, bytes]:
    """Return (place, has_switch, rows) of what the loop was given in a situation of the library."""
    scenario = load_scenario(name).scenario
    length_s = min(scenario.length_s, seconds)
    short = NamedScenario(name, scenario.model_copy(update={"length_s": length_s}))
    run = run_scenario(short)
    sample, rows, last_us = Sample(), [], None
    for kind, t_us, values in blackbox.rows(bytes(run.rig.world.rows)):
        if kind != blackbox.SAMPLE:
            continue
        sample.gyro_x_cdps, sample.gyro_y_cdps, sample.gyro_z_cdps = values[:3]
        sample.acc_x_mg, sample.acc_y_mg, sample.acc_z_mg = values[3:6]
        sample.heel, sample.has_imu = values[6] >> 1, values[6] & 1
        dt_us = 0 if last_us is None else (t_us - last_us) & WRAP_MASK_US
        last_us = t_us
        rows.append(encoded(sample, dt_us))
    return scenario.sensors.place, scenario.sensors.has_switch, b"".join(rows)


def recorded_traces(seconds: float) -> list[tuple[str, bool, bytes]]:
    """Return walks of the recordings, (place, has_switch, rows), until there are so many seconds of them."""
    path = gait_dir() / "truong2019.npz"
    if not path.exists():
        pytest.skip(f"recordings are not here: {path} (see SWINGPHASE_GAIT_DIR)")
    found, sum_us = [], 0
    sample = Sample()
    for recording in load_recordings(path):
        rows, last_us = [], 0
        for i in range(recording.n_samples):
            recording.fill(i, sample)
            rows.append(encoded(sample, sample.t_us - last_us))
            last_us = sample.t_us
        found.append((recording.place, False, b"".join(rows)))
        sum_us += last_us
        if sum_us >= seconds * 1_000_000:
            break
    return found


def stream_of(walks: list[tuple[str, bool, bytes]]) -> bytes:
    """Return several walks as one file for `whole_loop.run_stream`."""
    heads = [
        struct.pack("<BBI", whole_loop.PLACES.index(place), has_switch, len(rows))
        for place, has_switch, rows in walks
    ]
    return b"".join(head + walk[2] for head, walk in zip(heads, walks, strict=True))


def seconds_of(rows: bytes) -> float:
    """Return how long the rows last."""
    return sum(dt_us for (dt_us,) in struct.iter_unpack("<H16x", rows)) / 1e6
