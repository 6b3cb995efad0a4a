"""Run the whole on-board loop over a stored trace and print a checksum of every decision and pulse.

The same file runs under CPython (imported by a test) and under MicroPython (as __main__, with the heap
locked in every cycle). The stimulator is a small stand-in that answers each frame as a P24 would.
"""

import hashlib
import sys

from firmware_py.blackbox import RowRing
from firmware_py.compose import compose_both_legs, compose_walk
from firmware_py.cycle import CYCLE_US
from safety.clock import after_us, elapsed_us
from stimulator.cues import Cues
from stimulator.drivers import sciencemode4_codec as codec
from stimulator.drivers.sciencemode4_frame import FrameReader, FrameWriter
from stimulator.parameters import CHANNEL_PARAMETERS, WALK_PARAMETERS
from stimulator.prescription import ChannelSetting, Prescription, default_channel, default_prescription
from stimulator.wearer import DOWN, MUTE, UP, Corridor, Wearer

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


# Every setting of a walk at once: push-off by two channels, then the dorsiflexors.
ALL_WALK = {"rise_ms": 100, "extension_by": 2, "extension_percent": 25, "soft_start_steps": 2, "delay_ms": 20}
ALL_CHANNELS = (
    {"current_ua": 24_000, "start_percent": 20, "waveform": 1, "controls": 1},
    {"current_ua": 18_000, "start_percent": 25, "waveform": 2},
    {"current_ua": 20_000, "end_percent": 40, "doublet_ms": 12},
    {"current_ua": 16_000, "end_percent": 30, "waveform": 2, "controls": 1},
)
# tick, key, whether it goes down
KEYS = (
    (400, MUTE, 1),
    (820, MUTE, 0),
    (840, DOWN, 1),
    (850, DOWN, 0),
    (860, DOWN, 1),
    (870, DOWN, 0),
    (1500, UP, 1),
)
COMPARE_AT = 1_000


class Ears:
    """A buzzer and a motor that add up what they are told."""

    def __init__(self):
        self.sum = 0

    def tone(self, number):
        self.sum = (self.sum * 31 + number) & 0xFFFFFF

    def beep(self, cue):
        self.sum = (self.sum * 31 + 64 + cue) & 0xFFFFFF

    def vibrate(self, cue):
        self.sum = (self.sum * 31 + 128 + cue) & 0xFFFFFF


def prescribed(channels, **walk):
    """A prescription with these changes; MicroPython's namedtuple has no _replace."""
    made = []
    for index in range(len(channels)):
        own = {"rate_hz": 25}
        own.update(channels[index])
        default = default_channel(index)
        made.append(ChannelSetting(*[own.get(p.name, getattr(default, p.name)) for p in CHANNEL_PARAMETERS]))
    return Prescription(*[walk.get(p.name, p.default) for p in WALK_PARAMETERS], tuple(made))


def run_all(trace, place):
    """As `run`, with every setting, the wearer's keys and a comparison."""
    ears = Ears()
    cues = Cues()
    wearer = Wearer(Corridor(20, 100, 80), cues)
    other = [dict(c) for c in ALL_CHANNELS]
    other[0]["current_ua"] = 32_000
    other[2]["rate_hz"] = 20
    b = prescribed(other, rise_ms=200)
    labels = [0]

    def after(loop, tick):
        for key in KEYS:
            if key[0] == tick and key[2]:
                wearer.key_down(key[1])
            elif key[0] == tick:
                wearer.key_up(key[1])
        if tick == COMPARE_AT:
            loop.compare(b, 2, 3)
        comparison = loop.walk.inner.comparison
        label = comparison.label if comparison is not None else 0
        if label != labels[-1]:
            labels.append(label)

    prescription = prescribed(ALL_CHANNELS, **ALL_WALK)
    lines = run(trace, place, True, prescription, lambda loop: loop.wear(wearer, cues, ears), after)
    return lines + ("level %d heard %06x labels %s" % (wearer.level, ears.sum, labels),)


class Late:
    """The samples of a trace, as the other leg would have them: half a stride later."""

    def __init__(self, sensors, cycles):
        self._sensors = sensors
        self._left = cycles

    def read(self, sample):
        if self._left > 0:
            self._left -= 1
            return False
        return self._sensors.read(sample)


def run_both(trace, place):
    """Both legs on one port, the right one behind the left."""
    port = AnsweringPort()
    two = (TraceSensors(trace), TraceSensors(trace))
    rings = (RowRing(4000), RowRing(4000))
    legs = []
    for index in range(2):
        legs.append(
            {
                "sensors": two[index] if index == 0 else Late(two[index], 120),
                "log": rings[index],
                "prescription": prescribed(
                    ({"current_ua": 24_000, "rate_hz": 20}, {"current_ua": 18_000, "rate_hz": 20})
                ),
                "place": place,
                "has_switch": True,
                "was_checked": True,
            }
        )
    both = compose_both_legs(port=port, left=legs[0], right=legs[1])
    cues = Cues()
    ears = Ears()
    both.wear(Wearer(Corridor(0, 100, 100), cues), cues, ears)
    both.open()
    digest = hashlib.sha256()
    t_us = T_START_US
    for tick in range(5_000):
        heap_lock()
        try:
            for sensors in two:
                sensors.now_us = t_us
            port.now_us = t_us
            both.cycle(t_us)
            spent_us = 0
            while spent_us < CYCLE_US:
                port.now_us = after_us(t_us, spent_us)
                both.step(port.now_us)
                spent_us += max(500, min(both.due_us(CYCLE_US), CYCLE_US - spent_us))
        finally:
            heap_unlock()
        t_us = after_us(t_us, CYCLE_US)
        if tick == 60:
            both.acknowledge()
            both.arm_walk()
        if tick % 200 == 0:
            for ring in rings:
                digest.update(ring.drain())
    checksum = "".join(["%02x" % b for b in digest.digest()])
    steps = [loop.cycle.detector.state.steps for loop in both.legs]
    return (
        "steps %d %d pulses %d written %d wire %06x heard %06x"
        % (steps[0], steps[1], port.pulses, port.written_total, port.wire_sum, ears.sum),
        "checksum " + checksum,
    )


def nothing(*_):
    """Nobody does anything."""


def run(trace, place, has_switch=True, prescription=None, before=nothing, after=nothing):
    """Return the lines that name what the loop did with `trace` (bytes) worn at `place`.

    before(loop), after(loop, tick)   what a person does at the start and after each cycle
    """
    ring = RowRing(4000)
    sensors = TraceSensors(trace)
    port = AnsweringPort()
    loop = compose_walk(
        sensors=sensors,
        port=port,
        log=ring,
        prescription=prescription or default_prescription(),
        place=place,
        has_switch=has_switch,
        was_checked=True,
    )
    before(loop)
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
            loop.arm_walk()
        after(loop, tick)
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


def run_stream(stream):
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
        if len(sys.argv) == 2:
            for line in run_stream(f):
                print(line)
            sys.exit()
        data = f.read()
    if sys.argv[3] == "all":
        lines = run_all(data, sys.argv[2])
    elif sys.argv[3] == "both":
        lines = run_both(data, sys.argv[2])
    else:
        lines = run(data, sys.argv[2], sys.argv[3] == "switch")
    for line in lines:
        print(line)
