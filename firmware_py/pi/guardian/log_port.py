"""The guardian's own log: rows kept in memory and handed through a pipe to a process that may wait for disks."""

import os

from firmware_py.blackbox import ROW_BYTES, RowRing

ROWS_MAX = 8192  # some ten seconds of rows: a log writer that stands still loses none before
# A pipe takes up to 4096 bytes whole or not at all, so that a writer that is killed never leaves half a row.
CHUNK_N = 4096 // ROW_BYTES * ROW_BYTES


class LogPort:
    """A `firmware_py.hal.Log`; `flush` hands over what the pipe takes and never waits."""

    def __init__(self, fd: int | None) -> None:
        self._ring = RowRing(ROWS_MAX)
        self._fd = fd
        self._waiting = b""
        if fd is not None:
            os.set_blocking(fd, False)

    def note(self, kind: int, t_us: int, a: int, b=0, c=0, d=0, e=0, f=0, g=0) -> None:
        """Keep one row."""
        self._ring.note(kind, t_us, a, b, c, d, e, f, g)

    def note_bytes(self, kind: int, t_us: int, data, n: int) -> None:
        """Keep bytes."""
        self._ring.note_bytes(kind, t_us, data, n)

    def flush(self) -> None:
        """Hand rows to the log writer; without one, or when it is gone, they are forgotten."""
        if not self._waiting:
            self._waiting = self._ring.drain()
        if self._fd is None:
            self._waiting = b""
            return
        try:
            while self._waiting:
                self._waiting = self._waiting[os.write(self._fd, self._waiting[:CHUNK_N]) :]
        except BlockingIOError:
            return
        except OSError:
            self._fd = None
