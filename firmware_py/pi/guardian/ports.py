"""The guardian's hands: the stimulator's port with a last look at the clock, stop inputs, a beeper."""

import contextlib
import errno
import os
import signal
import socket
import time
from pathlib import Path

from firmware_py.pi.guardian.core import Deadline
from firmware_py.pi.serial_port import PortError, SerialPort
from stimulator.drivers.devices import PortSettings

BYTES_MAX = 4096


def monotonic_us() -> int:
    """Return CLOCK_MONOTONIC in us. Controller and guardian read the same one."""
    return time.monotonic_ns() // 1000


def slept_us() -> int:
    """Return how long the machine has been suspended since it started, us: CLOCK_MONOTONIC stands still then."""
    return (time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.monotonic_ns()) // 1000


class LastLookPort(SerialPort):
    """A serial port that looks at the clock once more before a pulse leaves.

    Between the judgement and the write this process may have been stopped; a pulse that comes after
    `deadline` is then not written, and the port counts as gone, which latches.
    check        the frame decoder that has just read the frame (`can_stimulate`)
    settings     stimulator.drivers.devices.PortSettings
    late_total   int, pulses that were held back
    """

    def __init__(self, path: str, check, deadline: Deadline, settings: PortSettings) -> None:
        super().__init__(path, settings)
        self._check = check
        self._deadline = deadline
        self.late_total = 0

    def write(self, buf: bytearray, n: int) -> None:
        """Hand over the first `n` bytes of `buf`; `PortError` if it is a pulse and too late."""
        if self._check.can_stimulate and monotonic_us() > self._deadline.us:
            self.late_total += 1
            text = "The guardian was kept from running between judging and writing a pulse: not written. "
            raise PortError(errno.ETIMEDOUT, text + "Look for what else runs on this machine, then clear.")
        super().write(buf, n)

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._serial.fileno()


class StopButton:
    """A stop input on a file descriptor: any byte, or its end (a broken wire), means pressed."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self.is_broken = False

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._fd

    def was_pressed(self) -> bool:
        """Return True if it was pressed since the last call; for ever once it is broken."""
        if not self.is_broken:
            try:
                data = os.read(self._fd, BYTES_MAX)
                self.is_broken = not data
            except BlockingIOError:
                return False
            except OSError:
                self.is_broken = True
        return True


class Signals:
    """SIGUSR1 stops; SIGTERM, SIGINT and SIGHUP (a terminal that closed) stop and end the process. They wake it."""

    def __init__(self) -> None:
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)
        for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: None)  # what counts is the byte that the wake-up writes
        signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._read.fileno()

    def take(self) -> bytes:
        """Return the numbers of the signals that came since the last call, one byte each."""
        with contextlib.suppress(BlockingIOError):
            return self._read.recv(BYTES_MAX)
        return b""


class FileSign:
    """A beeper and a lamp written into a file, one line a change: for benches and tests."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8", buffering=1)

    def show(self, t_us: int, armed: bool, sound: int) -> None:
        """Change what is seen and heard: armed or not, and which sound of the supervisor."""
        self._file.write(f"{t_us} armed {int(armed)} sound {sound}\n")

    def step(self, now_us: int) -> None:
        """Nothing blinks in a file."""

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
