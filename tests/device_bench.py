"""A driver, an emulated stimulator and a link between them, moved in cycles of virtual time as the guard does it."""

from collections.abc import Callable

from hw_sim.emulators import sciencemode_wire
from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.emulators.pty_link import PtyLink

CYCLE_US = 5_000
Link = PtyLink | MemoryLink


class Bench:
    """Order in a cycle as in the guard: hear, step, write; `pulse` comes after; then the bytes are carried.

    frames   (when, bytes) of everything the driver gave out to be written
    states   of the driver, each as it was entered
    """

    GAP_US: int = 100

    def __init__(self, device, driver, check, link_kind: Callable[..., Link] = MemoryLink):
        self.device, self.driver, self.check = device, driver, check
        self.link = link_kind(device)
        self.port = self.link.open_port()
        self.now_us = 0
        self.frames: list[tuple[int, bytes]] = []
        self.pulse_frames: list[bytes] = []
        self.states = [driver.state]
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
            self.frames.append((self.now_us, bytes(frame[:n])))
            self.port.write(frame, n)

    def cycle_until(self, state: int, n_max: int = 1000) -> None:
        """Let cycles pass until the driver is in `state`."""
        for _ in range(n_max):
            if self.driver.state == state:
                return
            self.cycle()
        raise AssertionError(f"never '{self.driver.STATE_NAMES[state]}', went {self.states}")

    def connect(self):
        """Start, and wait until ready."""
        assert self.driver.start()
        for _ in range(1000):
            if self.driver.is_ready():
                return
            self.cycle()
        raise AssertionError(f"never ready, went {self.states}")

    def pulse(self, channel: int = 0, current_ua: int = 20_000, width_us: int = 250, gap_us=None) -> bool:
        """Send one pulse as the guard does; return whether the driver agreed."""
        n = self.driver.encode_pulse(channel, current_ua, width_us, self.GAP_US if gap_us is None else gap_us)
        if not n:
            return False
        assert self.check.read(self.driver.tx, n)
        assert self.check.is_pulse
        frame = bytes(self.driver.tx[:n])
        self.frames.append((self.now_us, frame))
        self.pulse_frames.append(frame)
        self.driver.pulse_written()
        try:
            self.port.write(self.driver.tx, n)
        except OSError:
            self.driver.port_gone()
        self.link.pump(self.now_us, self.port.written_total)
        return True

    def commands(self) -> list[int]:
        """Which commands were given out, in order."""
        return [self.command_of(frame) for _, frame in self.frames]

    def command_of(self, frame: bytes) -> int:
        assert self.check.read(bytearray(frame), len(frame))
        return self.check.command


def mid_level_left_on(bench):
    """Somebody else's session is still running on the P24 or RehaMove3."""
    encode_frame = sciencemode_wire.encode_frame
    bench.device.feed(0, encode_frame(1, 30, b"\x00"))
    update = (
        bytes((1, 0x10)) + (2000 << 1).to_bytes(2, "big") + bytes((0x12, 0xC5, 0, 0, 0x12, 0xC4, 0x60, 0))
    )
    bench.device.feed(0, encode_frame(2, 32, update))
    bench.device.step(100_000)
    assert bench.device.is_mid_level_running
    bench.now_us = 100_000


def low_level_left_on(bench):
    bench.device.feed(0, sciencemode_wire.encode_frame(1, 0, b"\x00"))
    bench.device.step(100_000)
    bench.now_us = 100_000
