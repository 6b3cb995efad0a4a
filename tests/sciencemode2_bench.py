"""A ScienceMode 2 driver, an emulated RehaStim2 and a link between them, moved in cycles as the guard does it."""

from collections.abc import Callable

from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.emulators.pty_link import PtyLink
from hw_sim.emulators.rehastim2 import RehaStim2
from hw_sim.emulators.rehastim2_wire import encode_frame
from stimulator.drivers import sciencemode2_states as states
from stimulator.drivers.sciencemode2 import ScienceMode2
from stimulator.drivers.sciencemode2_check import FrameCheck

CYCLE_US = 5_000
ALL_STATES = range(7)
INIT_ACK, WATCHDOG, MODE, STOP, PULSE = 2, 4, 10, 34, 36
Link = PtyLink | MemoryLink


class Bench:
    """Order in a cycle as in the guard: hear, step, write; `pulse` comes after; then the bytes are carried."""

    def __init__(self, link_kind: Callable[[RehaStim2], Link] = MemoryLink, **device):
        self.device = RehaStim2(**device)
        self.link = link_kind(self.device)
        self.port = self.link.open_port()
        self.driver = ScienceMode2()
        self.check = FrameCheck()
        self.now_us = 0
        self.frames: list[tuple[int, bytes]] = []  # when the driver gave out what
        self.states = [self.driver.state]
        self._rx = bytearray(64)

    def __enter__(self):
        return self

    def __exit__(self, *_):
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
            assert self.check.read(self.driver.tx, n)
            assert not self.check.can_stimulate, "step must never return a frame that stimulates"
            self.frames.append((self.now_us, bytes(self.driver.tx[:n])))
            self.port.write(self.driver.tx, n)

    def cycle_until(self, state: int, n_max: int = 1000) -> None:
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

    def pulse(self, channel: int = 0, current_ua: int = 20_000, width_us: int = 250) -> bool:
        """Send one pulse as the guard does; return whether the driver agreed."""
        n = self.driver.encode_pulse(channel, current_ua, width_us, 0)
        if not n:
            return False
        assert self.check.read(self.driver.tx, n)
        assert self.check.is_pulse
        self.frames.append((self.now_us, bytes(self.driver.tx[:n])))
        self.driver.pulse_written()
        try:
            self.port.write(self.driver.tx, n)
        except OSError:
            self.driver.port_gone()
        self.link.pump(self.now_us, self.port.written_total)
        return True

    def pulses(self, n: int):
        """Send n pulses on alternating channels, each as soon as the one before is answered."""
        for i in range(n):
            assert self.pulse(i % 2)
            while self.driver.is_ready() and not self.driver.can_pulse():
                self.cycle()
            assert self.driver.is_ready()

    def commands(self) -> list[int]:
        """Which commands were given out, in order."""
        return [self.command_of(frame) for _, frame in self.frames]

    def command_of(self, frame: bytes) -> int:
        assert self.check.read(bytearray(frame), len(frame))
        return self.check.command


def answer(bench, packet_number, command, data):
    frame = bytearray(encode_frame(packet_number, command, data))
    bench.driver.receive(frame, len(frame))


def go_to(bench, state):
    """Bring the driver into `state` by the ordinary way."""
    if state == states.OFF:
        return
    if state == states.WAIT_INIT:
        bench.driver.start()
        return
    if state == states.ACCEPT:
        bench.driver.start()
        answer(bench, 0, 1, b"\x01")
        return
    bench.driver.start()
    if state in (states.STOPPING, states.FAULT):
        bench.cycle_until(states.READY)
        if state == states.STOPPING:
            bench.driver.stop()
        else:
            bench.device.set_open_channels(0)
            assert bench.pulse()
            bench.cycle(30)
    bench.cycle_until(state)
