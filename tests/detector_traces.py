"""Stored samples for the detector: recordings and simulated walks as the bytes that `tests/mpy/decisions.py` reads."""

import struct

from hw_sim.recording import Recording
from safety.clock import WRAP_MASK_US
from safety.sample import Sample
from tests.mpy import decisions


def encoded_row(sample: Sample, dt_us: int) -> bytes:
    """Return one sample as a row; a reading that did not answer keeps its time and says so."""
    row = struct.pack("<H", dt_us)
    for rate in (sample.gyro_x_cdps, sample.gyro_y_cdps, sample.gyro_z_cdps):
        row += struct.pack("<i", rate)[:3]
    row += struct.pack("<3h", sample.acc_x_mg, sample.acc_y_mg, sample.acc_z_mg)
    return row + struct.pack("<2B", sample.heel + 1, sample.has_imu)


def encoded_walk(recording: Recording, *, use_switch: bool | None = None) -> bytes:
    """Return the whole recording with its head."""
    switch = recording.has_switch if use_switch is None else use_switch
    place = decisions.PLACES.index(recording.place)
    parts = [struct.pack("<BBI", place, switch, recording.n_samples)]
    last_us = 0
    for sample in recording.samples():
        parts.append(encoded_row(sample, (sample.t_us - last_us) & WRAP_MASK_US))
        last_us = sample.t_us
    return b"".join(parts)
