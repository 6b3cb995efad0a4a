"""A port that writes down every byte that comes and goes, and when it fails."""

from firmware_py import blackbox
from firmware_py.hal import Port


class RecordedPort(Port):
    """Stands before another port.

    port    firmware_py.hal.Port
    steps   firmware_py.acts.StepLog, which knows the time of the step that reads and writes
    """

    def __init__(self, port, steps) -> None:
        self._port = port
        self._steps = steps

    @property
    def written_total(self) -> int:
        """As of the port behind."""
        return self._port.written_total

    def write(self, buf: bytearray, n: int) -> None:
        """Hand over the first `n` bytes of `buf`, all of them or OSError."""
        try:
            self._port.write(buf, n)
        except OSError:
            self._steps.note(blackbox.PORT, self._steps.t_us, blackbox.WRITE_FAILED)
            raise
        self._steps.note_bytes(blackbox.SENT, self._steps.t_us, buf, n)

    def readinto(self, buf: bytearray) -> int:
        """Put what has arrived into `buf`; return how many bytes. OSError if the port is gone."""
        try:
            n = self._port.readinto(buf)
        except OSError:
            self._steps.note(blackbox.PORT, self._steps.t_us, blackbox.READ_FAILED)
            raise
        self._steps.note_bytes(blackbox.RECEIVED, self._steps.t_us, buf, n)
        return n

    def close(self) -> None:
        """Let go of the port. Safe to call twice."""
        self._port.close()
