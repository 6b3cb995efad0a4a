"""The log of a board: in memory while armed, on the flash when idle.

Writing to flash stops the whole chip for longer than a cycle, so nothing is written while armed. A walk makes
more rows than the memory holds. So two rings: what happened (arms, stops, faults, refusals, the stimulator's
states) is kept from the begin; of all rows only the newest are kept, and they stand still after a stop, until
they are on the flash: the last moments before it. That is no black box that could be replayed.
"""

import binascii
import os
import struct

from firmware_py import blackbox
from firmware_py.blackbox import RowRing
from safety import reasons

MAGIC = b"SWB1"
BLOCK_HEAD = "<2sHI"  # sync, bytes, checksum of them
SYNC = b"\xb7\x5d"
ROWS_AT_ONCE = 7  # 252 bytes: one page of the flash
FILE_MAX_N = 65_536
FILES = ("/log.0", "/log.1")
PAGE_N = ROWS_AT_ONCE * blackbox.ROW_BYTES


class RamLog:
    """The HAL's `Log`. `rows_max` rows of the newest; a third as many of what happened.

    note(...)      as the HAL says
    hold(), go()   after a stop the newest rows stand still; from the next arm on they run again
    """

    def __init__(self, rows_max: int) -> None:
        self.events = RowRing(max(40, rows_max // 3))
        self.newest = RowRing(rows_max)
        self._is_held: bool = True  # from the first arm on: a board on a shelf must not wear its flash out

    def note(self, kind: int, t_us: int, a: int, b=0, c=0, d=0, e=0, f=0, g=0) -> None:
        """Keep one row."""
        if kind == blackbox.ARMED or kind == blackbox.DEVICE or (kind == blackbox.RESULT and f != reasons.OK):
            self.events.note(kind, t_us, a, b, c, d, e, f, g)
        if not self._is_held:
            self.newest.note(kind, t_us, a, b, c, d, e, f, g)

    def note_bytes(self, kind: int, t_us: int, data, n: int) -> None:
        """Forget them: bytes are for a log that can be replayed."""

    def hold(self) -> None:
        """A stop, or the end of a walk: keep what led to it."""
        self._is_held = True

    def go(self) -> None:
        """Somebody is armed."""
        self._is_held = False


class LogWriter:
    """Bring a RamLog to the flash, a page at a time, while idle. Allocates; never called in a tick.

    about   bytes that name what runs: build, prescription
    Two files in turn: the one that is full is kept until the other one is.
    """

    def __init__(self, log, about: bytes) -> None:
        self._log = log
        self._head = MAGIC + struct.pack("<H", len(about)) + about
        self._waiting: bytes = b""
        self._at: int = 0
        self._file: int = 1 if _is_full(_size(FILES[0])) and not _is_full(_size(FILES[1])) else 0
        self.is_broken: bool = False  # the flash took something not: no further try until the next start
        self._try(self._head)

    def step(self) -> bool:
        """Write one page if something waits; True if it did."""
        if self.is_broken:
            return False
        if self._at >= len(self._waiting):
            self._at = 0
            self._waiting = b""  # let go of it before the next one is made
            self._waiting = self._log.events.drain()
            if not self._waiting:
                self._waiting = self._log.newest.drain()
            if not self._waiting:
                return False
        page = self._waiting[self._at : self._at + PAGE_N]
        self._at += PAGE_N
        self._try(struct.pack(BLOCK_HEAD, SYNC, len(page), binascii.crc32(page)) + page)
        return True

    def _try(self, data: bytes) -> None:
        try:
            if _is_full(_size(FILES[self._file])):
                self._file = 1 - self._file
                with open(FILES[self._file], "wb") as file:
                    file.write(self._head)
            with open(FILES[self._file], "ab") as file:
                file.write(data)
        except OSError:
            self.is_broken = True


def _is_full(size: int) -> bool:
    return size + PAGE_N + 8 > FILE_MAX_N


def _size(name: str) -> int:
    try:
        return os.stat(name)[6]
    except OSError:
        return -1
