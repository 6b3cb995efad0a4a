"""The same cable as `PtyLink` without an operating system: for long campaigns, and to compare with the pty."""

import errno

from firmware_py.hal import Port
from hw_sim.emulators.pty_link import EmulatedDevice


class MemoryPort(Port):
    """The host's end. `MemoryLink.open_port` makes it."""

    def __init__(self) -> None:
        super().__init__()
        self.to_device = bytearray()
        self.to_host = bytearray()
        self.is_gone = False

    def write(self, buf: bytearray, n: int) -> None:
        """Hand over the first `n` bytes of `buf`."""
        self._check()
        if not 0 <= n <= len(buf):
            raise ValueError(f"n is {n}; buf allows 0 to {len(buf)}. Pass the length of what is in it.")
        self.to_device += memoryview(buf)[:n]
        self.written_total += n

    def readinto(self, buf: bytearray) -> int:
        """Put what has arrived into `buf`; return how many bytes, 0 if none."""
        self._check()
        n = min(len(buf), len(self.to_host))
        buf[:n] = self.to_host[:n]
        del self.to_host[:n]
        return n

    def close(self) -> None:
        """Let go of the port. Safe to call twice."""
        self.is_gone = True

    def _check(self) -> None:
        if self.is_gone:
            raise OSError(errno.EIO, "The memory port is gone (unplugged or closed). Open a new one.")


class MemoryLink:
    """Carries bytes between a `MemoryPort` and a device; the same calls and the same bytes as `PtyLink`."""

    def __init__(self, device: EmulatedDevice) -> None:
        self.device = device
        self.is_plugged = True
        self._now_us = 0  # of the last pump
        self._port = MemoryPort()

    def open_port(self) -> MemoryPort:
        """Open the host's end, counting from 0; an older one is gone then."""
        if not self.is_plugged:
            raise OSError(errno.ENOENT, "The memory link is unplugged. Make a new one.")
        self._port.is_gone = True
        self._port = MemoryPort()
        return self._port

    def pump(self, now_us: int, written_total: int) -> int:
        """Carry every byte across, in both directions, as of `now_us`; return how many came for the host.

        written_total   of the host's port; it is checked
        """
        self._now_us = now_us
        if not self.is_plugged:
            self.device.step(now_us)
            return 0
        if written_total != self._port.written_total:
            raise ValueError(
                f"written_total is {written_total}, the port counted {self._port.written_total}. "
                "Pass written_total of the port that open_port() returned."
            )
        if self._port.to_device:
            self.device.feed(now_us, bytes(self._port.to_device))
            self._port.to_device.clear()
        answers = self.device.step(now_us)
        self._port.to_host += answers
        return len(answers)

    def due_us(self, now_us: int) -> int | None:
        """Return when the device next does something by itself, at least `now_us`, None if never."""
        return self.device.due_us(now_us)

    def urgent_us(self, now_us: int) -> int | None:
        """Return the same: nobody knows what bytes will say."""
        return self.device.due_us(now_us)

    def unplug(self) -> None:
        """Pull the cable out: the host's next read or write fails, and the device loses its power."""
        if self.is_plugged:
            self.is_plugged = False
            self._port.is_gone = True
            self.device.power_cycle(self._now_us)

    def close(self) -> None:
        """Let go of everything. Safe to call twice."""
        self.is_plugged = False
        self._port.is_gone = True
