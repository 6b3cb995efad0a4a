"""The stimulator's serial port on a Pi or PC, over pyserial. Never waits; every trouble is an OSError."""

import contextlib
import errno
import os
import select

import serial

from firmware_py.hal import Port
from stimulator.drivers.devices import SCIENCEMODE4_PORT, PortSettings

_NEXT_STEP = {
    errno.ENOENT: "Plug the stimulator in, or give the path that `ls /dev/serial/by-id` shows.",
    errno.EACCES: "Add your user to the group that owns it (often dialout), then log in again.",
    errno.EBUSY: "Close the other program that uses it.",
    errno.EAGAIN: "Close the other program that uses it.",
}
_OTHER_STEP = "Give the path of a serial port, as `ls /dev/serial/by-id` shows it, and check the cable."


class PortError(OSError):
    """The port cannot be opened or is gone. The text is one sentence for a person; `errno` if known."""

    is_for_people = True

    def __str__(self) -> str:
        return self.strerror or super().__str__()  # without the number, which OSError puts first


class SerialPort(Port):
    """A byte stream to a stimulator through pyserial.

    path       str, for instance /dev/ttyACM0; it is taken for this program alone
    settings   of the stimulator's protocol, ScienceMode 4's unless told otherwise
    Refuses    a missing, busy or unfit port with `PortError`
    USB CDC and pseudo terminals ignore baud rate, stop bits and flow control; an FTDI chip does not.
    """

    def __init__(self, path: str, settings: PortSettings = SCIENCEMODE4_PORT) -> None:
        super().__init__()
        self.path = path
        try:
            self._serial = serial.Serial(
                path,
                baudrate=settings.baudrate,
                bytesize=serial.EIGHTBITS,
                parity=settings.parity,
                stopbits=settings.stop_bits,
                rtscts=settings.has_rtscts,
                timeout=0,
                write_timeout=0,
                exclusive=True,
            )
        except (OSError, ValueError) as e:
            number = getattr(e, "errno", None)
            step = _NEXT_STEP.get(number, _OTHER_STEP) if number is not None else _OTHER_STEP
            raise PortError(number, f"{path} cannot be opened as a serial port ({_why(e)}). {step}") from e
        self._ask_low_latency()

    def write(self, buf: bytearray, n: int) -> None:
        """Hand over the first `n` bytes of `buf`; `PortError` if not all were taken at once."""
        if not 0 <= n <= len(buf):
            raise ValueError(f"n is {n}; buf allows 0 to {len(buf)}. Pass the length of what is in it.")
        try:
            # Asked first, because pyserial spins on a full port; and no write time-out, because pyserial's
            # would also fire when this process was kept from running although every byte had gone out.
            has_room = select.select((), (self._serial.fileno(),), (), 0)[1]
            taken = self._serial.write(memoryview(buf)[:n]) if has_room else 0
        except Exception as e:  # pyserial also lets TypeError and termios.error through when a port dies
            raise self._gone(e) from e
        if taken != n:
            text = f"{self.path} took {taken or 0} of {n} bytes: the device does not read. "
            raise PortError(errno.EIO, text + "Check its power and cable, then reopen the port.")
        self.written_total += n

    def readinto(self, buf: bytearray) -> int:
        """Put what has arrived into `buf`; return how many bytes, 0 if none. `PortError` if it is gone."""
        try:
            return self._serial.readinto(buf) or 0
        except Exception as e:  # as in write
            raise self._gone(e) from e

    def close(self) -> None:
        """Let go of the port. Safe to call twice."""
        with contextlib.suppress(Exception):  # a port that is gone may refuse even this
            self._serial.close()

    def _ask_low_latency(self) -> None:
        """FTDI chips hold bytes back for 16 ms unless asked not to; other drivers have no such setting."""
        with contextlib.suppress(OSError, ValueError, AttributeError, NotImplementedError):
            self._serial.set_low_latency_mode(True)

    def _gone(self, e: Exception) -> PortError:
        number = getattr(e, "errno", None) or errno.EIO
        return PortError(number, f"{self.path} is gone ({_why(e)}). Check the cable, then reopen the port.")


def _why(e: Exception) -> str:
    """Return the system's own words; pyserial's hold numbers, and the path once more."""
    number = getattr(e, "errno", None)
    return os.strerror(number) if number else str(e)
