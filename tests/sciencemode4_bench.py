"""A driver, an emulated P24 and a link between them, moved in cycles of virtual time as the guard does it."""

from collections.abc import Callable

from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.emulators.p24 import P24
from hw_sim.emulators.pty_link import PtyLink
from hw_sim.emulators.sciencemode_wire import encode_frame
from stimulator.drivers import sciencemode4_states as states
from stimulator.drivers.sciencemode4 import ScienceMode4
from stimulator.drivers.sciencemode4_check import FrameCheck

CYCLE_US = 5_000
ALL_STATES = range(10)
PULSE, LL_STOP, ML_STOP, STATUS, DEVICE_ID, VERSION, LL_INIT = 2, 4, 34, 62, 52, 68, 0
Link = PtyLink | MemoryLink


class Bench:
    """Order in a cycle as in the guard: hear, step, write; `pulse` comes after; then the bytes are carried."""

    def __init__(
        self, link_kind: Callable[[P24], Link] = MemoryLink, *, kind=P24, driver=None, check=None, **device
    ):
        self.device = kind(**device)
        self.link = link_kind(self.device)
        self.port = self.link.open_port()
        self.driver = driver or ScienceMode4()
        self.check = check or FrameCheck()
        self.now_us = 0
        self.frames: list[bytes] = []  # everything the driver gave out to be written
        self.pulse_frames: list[bytes] = []
        self.states = [self.driver.state]
        self._rx = bytearray(64)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.port.close()
        self.link.close()

    def cycle(self, n: int = 1, dt_us: int = CYCLE_US):
        """Let n cycles of dt_us pass."""
        for _ in range(n):
            self.now_us += dt_us
            self.link.pump(self.now_us, self.port.written_total)
            try:
                self._hear_and_step(dt_us)
            except OSError:
                self.driver.port_gone()
            if self.driver.state != self.states[-1]:
                self.states.append(self.driver.state)
            self.link.pump(self.now_us, self.port.written_total)

    def _hear_and_step(self, dt_us: int):
        while n := self.port.readinto(self._rx):
            self.driver.receive(self._rx, n)
        n = self.driver.step(dt_us)
        if n:
            frame = self.driver.tx
            assert self.check.read(frame, n)
            assert not self.check.can_stimulate, "step must never return a frame that stimulates"
            self.frames.append(bytes(frame[:n]))
            self.port.write(frame, n)

    def cycle_until(self, state: int, n_max: int = 400) -> None:
        """Let cycles pass until the driver is in `state`."""
        for _ in range(n_max):
            if self.driver.state == state:
                return
            self.cycle()
        raise AssertionError(f"never '{states.STATE_NAMES[state]}', went {self.states}")

    def connect(self):
        """Start, and wait until ready."""
        assert self.driver.start()
        self.cycle_until(states.READY)

    def pulse(
        self, channel: int = 0, current_ua: int = 20_000, width_us: int = 250, gap_us: int = 100
    ) -> bool:
        """Send one pulse as the guard does; return whether the driver agreed."""
        n = self.driver.encode_pulse(channel, current_ua, width_us, gap_us)
        if not n:
            return False
        assert self.check.read(self.driver.tx, n)
        assert self.check.is_pulse
        self.frames.append(bytes(self.driver.tx[:n]))
        self.pulse_frames.append(self.frames[-1])
        self.driver.pulse_written()
        try:
            self.port.write(self.driver.tx, n)
        except OSError:
            self.driver.port_gone()
        self.link.pump(self.now_us, self.port.written_total)
        return True

    def pulses(self, n: int, every_cycles: int = 5):
        """Send n pulses on alternating channels, one each `every_cycles` cycles."""
        for i in range(n):
            assert self.pulse(i % 2)
            self.cycle(every_cycles)

    def commands(self) -> list[int]:
        """Which commands were given out, in order."""
        found = []
        for frame in self.frames:
            assert self.check.read(bytearray(frame), len(frame))
            found.append(self.check.command)
        return found


def answer(bench, packet_number, command, data):
    frame = bytearray(encode_frame(packet_number, command, data))
    bench.driver.receive(frame, len(frame))


def mid_level_left_on(bench):
    """Somebody else's session is still running on the device."""
    bench.device.feed(0, encode_frame(1, 30, b"\x00"))
    update = (
        bytes((1, 0x10)) + (2000 << 1).to_bytes(2, "big") + bytes((0x12, 0xC5, 0, 0, 0x12, 0xC4, 0x60, 0))
    )
    bench.device.feed(0, encode_frame(2, 32, update))
    bench.device.step(100_000)
    assert bench.device.is_mid_level_running
    bench.now_us = 100_000


def low_level_left_on(bench):
    bench.device.feed(0, encode_frame(1, 0, b"\x00"))
    bench.device.step(100_000)
    bench.now_us = 100_000


def go_to(bench, state):
    """Bring the driver into `state` by the ordinary way."""
    if state == states.OFF:
        return
    if state == states.STOP_LOW:
        low_level_left_on(bench)
    if state == states.STOP_MID:
        mid_level_left_on(bench)
    bench.driver.start()
    if state in (states.STOPPING, states.FAULT):
        bench.cycle_until(states.READY)
        if state == states.STOPPING:
            bench.driver.stop()
        else:
            bench.device.set_open_channels(0)
            assert bench.pulse()
            bench.cycle(4)
    bench.cycle_until(state)
