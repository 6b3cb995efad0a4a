"""Run the whole on-board loop over a stored trace and print a checksum of every decision and pulse.

The same file runs under CPython (imported by a test) and under MicroPython (as __main__, with the heap
locked in every cycle). The stimulator is a small stand-in that answers each frame as a P24 would.
"""

import hashlib
import sys

from firmware_py.blackbox import RowRing
from firmware_py.compose import compose_walk
from firmware_py.cycle import CYCLE_US
from safety.clock import after_us, elapsed_us
from stimulator.drivers import sciencemode4_codec as codec
from stimulator.drivers.sciencemode4_frame import FrameReader, FrameWriter
from stimulator.prescription import default_prescription

try:
    from micropython import heap_lock, heap_unlock
except ImportError:

    def heap_lock():
        """CPython has no heap to lock."""

    def heap_unlock():
        """CPython has no heap to lock."""


# dt_us u16, gyro x y z i24 in cdps, acc x y z i16 in mg, heel + 1 with NO_IMU or ONLY_TIME u8; little-endian
ROW_BYTES = 18
NO_IMU = 0x80
ONLY_TIME = 0x40  # no sample: time passes
HEAD_BYTES = 6  # in front of each of several walks: place u8, switch u8, bytes u32
PLACES = ("foot", "shank")
T_START_US = 0x3FFFFFFF - 4_999_999
ACK_US = 3_000


class TraceSensors:
    """The samples of a trace, each from its time on; read without allocation."""

    def __init__(self, trace):
        self._trace = trace
        self._at = 0
        self._t_us = T_START_US
        self.now_us = T_START_US

    def is_over(self):
        return self._at >= len(self._trace)

    def read(self, sample):
        b = self._trace
        while self._at < len(b):
            at = self._at
            t_us = after_us(self._t_us, b[at] | b[at + 1] << 8)
            if elapsed_us(t_us, self.now_us) > 0:
                return False
            self._t_us = t_us
            self._at = at + ROW_BYTES
            if b[at + 17] & ONLY_TIME:
                continue
            sample.t_us = t_us
            sample.gyro_x_cdps = self._i24(at + 2)
            sample.gyro_y_cdps = self._i24(at + 5)
            sample.gyro_z_cdps = self._i24(at + 8)
            sample.acc_x_mg = self._i16(at + 11)
            sample.acc_y_mg = self._i16(at + 13)
            sample.acc_z_mg = self._i16(at + 15)
            sample.heel = (b[at + 17] & 3) - 1
            sample.has_imu = 0 if b[at + 17] & NO_IMU else 1
            return True
        return False

    def _i24(self, at):
        b = self._trace
        v = b[at] | b[at + 1] << 8 | b[at + 2] << 16
        return v - 0x1000000 if v & 0x800000 else v

    def _i16(self, at):
        b = self._trace
        v = b[at] | b[at + 1] << 8
        return v - 0x10000 if v & 0x8000 else v


class AnsweringPort:
    """A port with a stimulator behind it that answers ACK_US after each frame. Counts and hashes pulses."""

    def __init__(self):
        self.written_total = 0
        self.pulses = 0
        self.now_us = T_START_US
        self.wire_sum = 0  # over every byte written, in order
        self._reader = FrameReader(64)
        self._writer = FrameWriter(64)
        self._n = 0  # length of the waiting answer
        self._due_us = 0

    def write(self, buf, n):
        self.written_total += n
        for i in range(n):
            self.wire_sum = (self.wire_sum * 31 + buf[i]) & 0xFFFFFF
            if self._reader.feed(buf[i]):
                self._answer()

    def readinto(self, buf):
        n = self._n
        if n == 0 or elapsed_us(self.now_us, self._due_us) < 0:
            return 0
        for i in range(n):
            buf[i] = self._writer.buf[i]
        self._n = 0
        return n

    def _answer(self):
        r = self._reader
        w = self._writer
        w.begin(r.packet_number, r.command + 1)
        w.put(0)
        if r.command == codec.LL_CHANNEL_CONFIG:
            self.pulses += 1
            w.put(((r.data[0] >> 5) & 3) | (r.data[0] & 0x10))
            w.put(0)
        elif r.command == codec.GET_STIM_STATUS:
            w.put(0)
            w.put(1)
        elif r.command == codec.GET_DEVICE_ID:
            for _ in range(10):
                w.put(0x30)
        elif r.command == codec.GET_EXTENDED_VERSION:
            for _ in range(3):
                w.put(1)
            w.put(4)
            for _ in range(8):
                w.put(0)
        self._n = w.finish()
        self._due_us = after_us(self.now_us, ACK_US)


def run(trace, place, has_switch=True):
    """Return the lines that name what the loop did with `trace` (bytes) worn at `place`."""
    ring = RowRing(4000)
    sensors = TraceSensors(trace)
    port = AnsweringPort()
    prescription = default_prescription()
    loop = compose_walk(
        sensors=sensors,
        port=port,
        log=ring,
        prescription=prescription,
        place=place,
        has_switch=has_switch,
        was_checked=True,
    )
    guard = loop.guard
    digest = hashlib.sha256()
    rows = 0
    guard.open()
    t_us = T_START_US
    tick = 0
    while not sensors.is_over():
        heap_lock()
        try:
            one_cycle(loop, guard, sensors, port, t_us)
        finally:
            heap_unlock()
        t_us = after_us(t_us, CYCLE_US)
        tick += 1
        if tick == 60:
            guard.acknowledge()
            guard.arm()
        if tick % 200 == 0:
            data = ring.drain()
            rows += len(data)
            digest.update(data)
    data = ring.drain()
    rows += len(data)
    digest.update(data)
    checksum = "".join(["%02x" % b for b in digest.digest()])
    return (
        "ticks %d rows_bytes %d lost %d steps %d pulses %d written %d wire %06x"
        % (
            tick,
            rows,
            ring.lost,
            loop.cycle.detector.state.steps,
            port.pulses,
            port.written_total,
            port.wire_sum,
        ),
        "checksum " + checksum,
    )


def one_cycle(loop, guard, sensors, port, t_us):
    """The cycle at `t_us`, then whatever is due before the next one."""
    sensors.now_us = t_us
    port.now_us = t_us
    loop.cycle.step(t_us)
    spent_us = 0
    while spent_us < CYCLE_US:
        port.now_us = after_us(t_us, spent_us)
        guard.step(port.now_us)
        spent_us += max(500, min(guard.due_us(CYCLE_US), CYCLE_US - spent_us))


def run_all(stream):
    """Yield the lines of each walk in the stream, each after its number, and at the end one checksum over all."""
    digest = hashlib.sha256()
    number = 0
    while True:
        head = stream.read(HEAD_BYTES)
        if len(head) < HEAD_BYTES:
            break
        trace = stream.read(head[2] | head[3] << 8 | head[4] << 16 | head[5] << 24)
        for line in run(trace, PLACES[head[0]], bool(head[1])):
            digest.update(line.encode())
            yield "%d %s" % (number, line)
        number += 1
    yield "walks %d checksum %s" % (number, "".join(["%02x" % b for b in digest.digest()]))


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as f:
        for line in run(f.read(), sys.argv[2], sys.argv[3] == "switch") if len(sys.argv) > 2 else run_all(f):
            print(line)
