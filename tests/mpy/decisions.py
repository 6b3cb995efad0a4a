"""Let the detector decide over stored samples and print one checksum over every field of its state.

The same file runs under CPython (imported by a test) and under MicroPython (as __main__). The stored walks are
one after the other: a head of HEAD_BYTES (place u8, switch u8, number of rows u32), then rows of ROW_BYTES.
"""

import hashlib
import sys
from array import array

from gait_detect.detector import GaitDetector
from safety.clock import after_us
from safety.sample import Sample

try:
    from micropython import heap_lock, heap_unlock
except ImportError:

    def heap_lock():
        """CPython has no heap to lock."""

    def heap_unlock():
        """CPython has no heap to lock."""


HEAD_BYTES = 6
ROW_BYTES = 19  # dt_us u16, gyro x y z i24 in cdps, acc x y z i16 in mg, heel i8 + 1, has_imu; little-endian
ROWS_AT_ONCE = 256
PLACES = ("foot", "shank")
T_START_US = 0x3FFFFFFF - 4_999_999  # each walk passes the clock's wrap after 5 s


def i24(b, at):
    """Return the signed 24-bit number at `at`."""
    v = b[at] | b[at + 1] << 8 | b[at + 2] << 16
    return v - 0x1000000 if v & 0x800000 else v


def i16(b, at):
    """Return the signed 16-bit number at `at`."""
    v = b[at] | b[at + 1] << 8
    return v - 0x10000 if v & 0x8000 else v


def fill(sample, t_us, b, at):
    """Write the row at `at` into `sample`; return its time."""
    sample.t_us = after_us(t_us, b[at] | b[at + 1] << 8)
    sample.gyro_x_cdps = i24(b, at + 2)
    sample.gyro_y_cdps = i24(b, at + 5)
    sample.gyro_z_cdps = i24(b, at + 8)
    sample.acc_x_mg = i16(b, at + 11)
    sample.acc_y_mg = i16(b, at + 13)
    sample.acc_z_mg = i16(b, at + 15)
    sample.heel = b[at + 17] - 1
    sample.has_imu = b[at + 18]
    return sample.t_us


def decide(detector, sample, fields, rows, n_rows, t_us, out):
    """Step through `n_rows` rows; write every field of the state after each into `out`; return the time."""
    at = 0
    to = 0
    for _ in range(n_rows):
        t_us = fill(sample, t_us, rows, at)
        state = detector.step(sample)
        for name in fields:
            out[to] = getattr(state, name)  # below 2**30 either way, so the 32 bits of the array hold it
            to += 1
        at += ROW_BYTES
    return t_us


def run(stream, fields):
    """Return a line per walk, then one over all: rows, steps, and the checksum of all that was decided.

    stream   binary file of walks;  fields   names of the state's fields, each a whole number
    """
    rows = bytearray(ROWS_AT_ONCE * ROW_BYTES)
    out = array("i", [0] * (ROWS_AT_ONCE * len(fields)))
    view = memoryview(out)
    sample = Sample()
    digest = hashlib.sha256()
    lines = []
    rows_total = steps_total = 0
    while True:
        head = stream.read(HEAD_BYTES)
        if len(head) < HEAD_BYTES:
            break
        left = head[2] | head[3] << 8 | head[4] << 16 | head[5] << 24
        detector = GaitDetector(place=PLACES[head[0]], use_switch=bool(head[1]))
        t_us = T_START_US
        rows_total += left
        while left:
            n_rows = min(left, ROWS_AT_ONCE)
            part = stream.read(n_rows * ROW_BYTES)
            rows[: len(part)] = part
            heap_lock()
            try:
                t_us = decide(detector, sample, fields, rows, n_rows, t_us, out)
            finally:
                heap_unlock()
            digest.update(view[: n_rows * len(fields)])
            left -= n_rows
        steps_total += detector.state.steps
        lines.append("rows %d steps %d" % (rows_total, steps_total))
    checksum = "".join(["%02x" % b for b in digest.digest()])
    lines.append("rows %d steps %d checksum %s" % (rows_total, steps_total, checksum))
    return lines


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as f:
        for line in run(f, sys.argv[2].split(",")):
            print(line)
