"""A cable to an emulated stimulator: a real pty for pyserial, moved on in lock-step with virtual time.

Bytes on a pty arrive late and unpredictably. `pump` therefore returns only when every byte written on either
side is on the other: a busy PC makes a run slower, never different.
"""

import array
import contextlib
import fcntl
import os
import select
import termios
import time
import tty
from typing import Protocol

from firmware_py.hal import Port
from firmware_py.pi.serial_port import SerialPort

PATIENCE_S = 5.0  # wall clock; the kernel moves bytes across a pty within a millisecond
PTY_HOLDS_N = 4000  # Linux keeps 4095 unread bytes on a pty; more would stay invisible until some are read
NAP_S = 0.00002  # between two looks at the kernel's counter


class EmulatedDevice(Protocol):
    """What a link needs of a device, all in virtual time. `P24` is one."""

    def feed(self, now_us: int, data: bytes) -> None:
        """Take bytes from the host."""
        ...

    def step(self, now_us: int) -> bytes:
        """Do what is due; return bytes for the host."""
        ...

    def due_us(self, now_us: int) -> int | None:
        """Return when the device next does something by itself."""
        ...

    def power_cycle(self, now_us: int) -> None:
        """Lose power, as a USB powered device does when it is unplugged."""
        ...


class Link(Protocol):
    """A cable: `PtyLink` for pyserial, `MemoryLink` without an operating system."""

    def open_port(self) -> Port:
        """Open the host's end."""
        ...

    def pump(self, now_us: int, written_total: int) -> int:
        """Carry every byte across, in both directions, as of `now_us`; return how many came for the host."""
        ...

    def due_us(self, now_us: int) -> int | None:
        """Return when the device next does something by itself."""
        ...

    def urgent_us(self, now_us: int) -> int | None:
        """Return when a pump next matters to somebody, if the guard has nothing else to do until then."""
        ...

    def unplug(self) -> None:
        """Pull the cable out."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


class PtyLink:
    """The device's end of a pty in raw mode; pyserial opens `path`.

    One host at a time, in the same thread: `pump` counts the bytes that the host has not read yet.
    """

    def __init__(self, device: EmulatedDevice, patience_s: float = PATIENCE_S) -> None:
        self.device = device
        self._patience_s = patience_s
        self._master, self._slave = os.openpty()
        for fd in (self._master, self._slave):
            tty.setraw(fd)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        self.is_plugged = True
        self._now_us = 0  # of the last pump
        self._carried_n = 0  # bytes taken from the host since its port was opened
        self._waiting = bytearray()  # bytes of the device for which the pty has no room yet

    def open_port(self) -> SerialPort:
        """Open the host's end with pyserial, counting from 0. Bytes still in the pty are thrown away."""
        if self.is_plugged:
            termios.tcflush(self._master, termios.TCIOFLUSH)
        port = SerialPort(self.path)
        self._carried_n = 0
        return port

    def pump(self, now_us: int, written_total: int) -> int:
        """Carry every byte across, in both directions, as of `now_us`; return how many came for the host.

        written_total   `written_total` of the host's port: so many bytes must arrive here
        Raises          RuntimeError if they do not within the patience (wall clock): the pty itself is stuck
        Unplugged, it only lets the device's time pass.
        """
        self._now_us = now_us
        if not self.is_plugged:
            self.device.step(now_us)
            return 0
        missing_n = written_total - self._carried_n
        if missing_n < 0:
            raise ValueError(
                f"written_total is {written_total}, but {self._carried_n} bytes were carried already. "
                "Open the host's port with open_port(), so that both count from the same moment."
            )
        if missing_n:
            self.device.feed(now_us, self._take_from_host(missing_n))
            self._carried_n = written_total
        self._waiting += self.device.step(now_us)
        return self._give_to_host() if self._waiting else 0

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
            self.device.power_cycle(self._now_us)
            os.close(self._master)

    def wait_for_host(self, wait_s: float) -> bytes:
        """Return what any client has written, after at most `wait_s` of real time (only for `serve`)."""
        if not select.select((self._master,), (), (), wait_s)[0]:
            return b""
        return os.read(self._master, 4096)

    def tell_host(self, data: bytes) -> None:
        """Write to any client without waiting; what does not fit is lost (only for `serve`)."""
        if self._unread_n() < PTY_HOLDS_N:
            with contextlib.suppress(BlockingIOError):
                os.write(self._master, data)

    def close(self) -> None:
        """Let go of the pty. Safe to call twice."""
        if self.is_plugged:
            self.is_plugged = False
            os.close(self._master)
        if self._slave >= 0:
            os.close(self._slave)
            self._slave = -1

    def _take_from_host(self, n: int) -> bytes:
        taken = bytearray()
        give_up_s = time.monotonic() + self._patience_s
        while len(taken) < n:
            if select.select((self._master,), (), (), max(0.0, give_up_s - time.monotonic()))[0]:
                taken += os.read(self._master, n - len(taken))
            elif time.monotonic() >= give_up_s:
                raise self._stuck(f"{len(taken)} of {n} bytes from the host arrived")
        return bytes(taken)

    def _give_to_host(self) -> int:
        unread_n = self._unread_n()
        n = min(len(self._waiting), PTY_HOLDS_N - unread_n)
        if n <= 0:
            return 0  # the host does not read; the rest waits as it would in the device
        give_up_s = time.monotonic() + self._patience_s
        written_n = 0
        while written_n < n:
            with contextlib.suppress(BlockingIOError):
                written_n += os.write(self._master, self._waiting[written_n:n])
            if written_n < n and time.monotonic() >= give_up_s:
                raise self._stuck(f"it took {written_n} of {n} bytes for the host")
        while self._unread_n() < unread_n + n:
            if time.monotonic() >= give_up_s:
                raise self._stuck(f"{self._unread_n() - unread_n} of {n} bytes for the host became readable")
            time.sleep(NAP_S)
        del self._waiting[:n]
        return n

    def _unread_n(self) -> int:
        count = array.array("i", [0])
        fcntl.ioctl(self._slave, termios.FIONREAD, count)
        return count[0]

    def _stuck(self, what: str) -> RuntimeError:
        return RuntimeError(
            f"The pty {self.path} is stuck: {what} within {self._patience_s} s of real time. "
            "Check that no other program uses it, then run again."
        )
