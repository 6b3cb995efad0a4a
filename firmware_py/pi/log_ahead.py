"""The black box for a link that must hear a stop: reading keeps nobody waiting for longer than WAIT_MAX_S.

A card may hang while it is read, and the thread that sends the log is the one that hears the radio. So another thread
reads ahead, and whoever asks waits a moment, and not at all while that thread hangs.
"""

import threading
import time
import zlib
from collections.abc import Callable

from firmware_py.link.contracts import NOT_YET, LogSource

WAIT_MAX_S = 0.05  # assumed: some rows come from a sound card in a few ms
AHEAD_N = 256  # rows, 2.5 s of walking or a quarter of a second of sending
LOOK_EVERY_S = 1.0  # for rows written since: whoever asks first need not wait for a long log
UNREADABLE = (OSError, ValueError, zlib.error)  # one more would end the thread, and no report would end


class AheadLog(LogSource):
    """Offer what `opened()` offers; only the reading thread touches it.

    opened      makes the LogSource, in the caller's thread: it must not read
    read(n)     NOT_YET while a row is still being read;  end()  may be some rows behind
    """

    def __init__(self, opened: Callable[[], LogSource]) -> None:
        self._source = opened()
        self.epoch = self._source.epoch
        self._changed = threading.Condition()  # for all that follows
        self._end = 0
        self._wanted = -1  # number of the row that is to be read next, -1 none
        self._is_look_due = True
        self._looks = 0  # that have ended
        self._rows: tuple[int, list[bytes | None]] = (0, [])  # (number of the first one, rows)
        self._is_slow = False  # somebody has waited in vain for what the thread is doing
        threading.Thread(target=self._work, name="log", daemon=True).start()

    def first(self) -> int:
        """Return 0: nothing is ever cut off at the front."""
        return 0

    def end(self) -> int:
        """Return the number after the newest row, as far as is known."""
        with self._changed:
            looks = self._looks
            self._is_look_due = True
            self._changed.notify_all()
            self._wait_for(lambda: self._looks > looks)
            return self._end

    def read(self, number: int) -> bytes | None:
        """Return one row, None if there is none, NOT_YET if it has not come from the disk."""
        with self._changed:
            if not 0 <= number < self._end:
                return None
            if not self._has(number):
                self._wanted = number
                self._changed.notify_all()
                self._wait_for(lambda: self._has(number))
            if not self._has(number):
                return NOT_YET
            row = self._rows[1][number - self._rows[0]]
            if row is None:
                self._rows = (0, [])  # asked for again it is read again
            return row

    def _has(self, number: int) -> bool:
        return 0 <= number - self._rows[0] < len(self._rows[1])

    def _wait_for(self, done: Callable[[], bool]) -> None:
        """Wait until `done()`; not for long, and not again for a disk that is known to hang."""
        if not self._is_slow:
            self._is_slow = not self._changed.wait_for(done, WAIT_MAX_S)

    # The thread that reads --------------------------------------------------------------------------

    def _work(self) -> None:
        looked_s = 0.0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted >= 0 or self._is_look_due, LOOK_EVERY_S)
                wanted, self._wanted = self._wanted, -1
                is_due = self._is_look_due or time.monotonic() - looked_s >= LOOK_EVERY_S
                self._is_look_due = False
            rows = self._read(wanted) if wanted >= 0 else []
            if is_due:
                end = self._look()
                looked_s = time.monotonic()
            with self._changed:
                if wanted >= 0:
                    self._rows = (wanted, rows)
                if is_due:
                    self._end = end
                    self._looks += 1
                self._is_slow = False
                self._changed.notify_all()

    def _read(self, number: int) -> list[bytes | None]:
        """Return the rows from `number` on; only None if that one cannot be read, which ends a report."""
        rows: list[bytes | None] = []
        while len(rows) < AHEAD_N:
            try:
                row = self._source.read(number + len(rows))
            except UNREADABLE:
                row = None
            if row is None:
                break
            rows.append(row)
        return rows or [None]

    def _look(self) -> int:
        try:
            return max(self._end, self._source.end())
        except UNREADABLE:
            return self._end  # what was on the disk once is offered, and found missing when it is read
