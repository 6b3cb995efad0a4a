"""The black box on disk: append-only frames with a checksum, readable after a cut at any byte.

A file begins with MAGIC. Then frames: sync (2 bytes), kind (u8), length u16, sequence u32, payload, CRC-32 over all
before it; little-endian. Kinds:
    ABOUT   JSON: what ran, on what, with which prescription; the first frame of a file
    ROWS    number of the first row (u32), then whole rows of `firmware_py.blackbox`
    PACKED  the same, rows packed with zlib
    END     number of rows in all files of this log: it was closed in order
A reader that meets a broken frame looks for the next sync and says what it lost.
"""

import contextlib
import json
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from firmware_py.blackbox import ROW_BYTES

MAGIC = b"SWINGPHASE-LOG-2\n"
SYNC = b"\xa5\x5a"
HEAD = struct.Struct("<2sBHI")
CRC = struct.Struct("<I")
FIRST = struct.Struct("<I")
ABOUT, ROWS, PACKED, END = 1, 2, 3, 4
ROWS_PER_FRAME_MAX = 1000  # 36 kB, below the u16 length
RESTARTS = "restarts"  # in a head: numbers of rows before which a writer was killed
FIRST_ROW = "first_row"  # in a head: number of the first row of this file
PACK_LEVEL = 1  # a third of the size for a hundredth of a core


class LogFile:
    """Append frames to `path`; every `append` is on the disk when it returns, or OSError and nothing of it is.

    first_row    number of the first row, in a log of several files
    rows_total   number of the next row;  size  bytes so far
    """

    def __init__(self, path: Path, about: dict, first_row: int = 0) -> None:
        self.path = path
        self.rows_total = first_row
        self._sequence = 0
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
        self.size = 0
        try:
            head = MAGIC + self._frame(ABOUT, json.dumps(about, sort_keys=True).encode())
            self._write(head)
            sync_folder(path.parent)
        except BaseException:
            self._let_go()
            with contextlib.suppress(OSError):
                path.unlink()  # without a head it is no log, and would only be in the way
            raise

    def append(self, rows: bytes) -> None:
        """Write whole rows, as `RowRing.drain` gives them."""
        if not rows:
            return
        sequence, data, count = self._sequence, b"", 0
        for at in range(0, len(rows), ROWS_PER_FRAME_MAX * ROW_BYTES):
            part = rows[at : at + ROWS_PER_FRAME_MAX * ROW_BYTES]
            packed = zlib.compress(part, PACK_LEVEL)
            kind, body = (PACKED, packed) if len(packed) < len(part) else (ROWS, part)
            data += self._frame(kind, FIRST.pack(self.rows_total + count) + body)
            count += len(part) // ROW_BYTES
        try:
            self._write(data)
        except OSError:
            self._sequence = sequence
            raise
        self.rows_total += count

    def close(self) -> None:
        """Say that this is the end, and close the file. Safe to call twice; a full disk only loses the word."""
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                self._write(self._frame(END, FIRST.pack(self.rows_total)))
            self._let_go()

    def leave(self) -> None:
        """Close the file; the log goes on in another one."""
        self._let_go()

    def _frame(self, kind: int, payload: bytes) -> bytes:
        head = HEAD.pack(SYNC, kind, len(payload), self._sequence)
        self._sequence += 1
        return head + payload + CRC.pack(zlib.crc32(head + payload))

    def _write(self, data: bytes) -> None:
        done = 0
        try:
            while done < len(data):
                done += os.pwrite(self._fd, data[done:], self.size + done)
            os.fdatasync(self._fd)
        except OSError:
            if done:
                os.ftruncate(self._fd, self.size)  # half a frame would only be in the way
            raise
        self.size += len(data)

    def _let_go(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def sync_folder(folder: Path) -> None:
    """Bring a new file's name to the disk."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What could be read of a log.

    about         the JSON of its head, {} if none could be read
    pieces        (number of the first row, whole rows as bytes), in order; a gap between two is lost
    bytes_lost    bytes that belong to no whole frame
    rows_total    how many rows there should be, as the word at the end says; None if it was not closed in order
    restarts      numbers of the rows before which a writer was killed: rows that no number counts may be missing there
    """

    about: dict
    pieces: tuple[tuple[int, bytes], ...]
    bytes_lost: int
    rows_total: int | None
    restarts: tuple[int, ...]

    @property
    def is_ended(self) -> bool:
        """Whether it was closed in order."""
        return self.rows_total is not None

    @property
    def rows(self) -> bytes:
        """All whole rows in order."""
        return b"".join(rows for _, rows in self.pieces)

    @property
    def rows_lost(self) -> int:
        """Rows missing in front of, between or after rows that are there."""
        expected = lost = 0
        for first, rows in self.pieces:
            lost += max(0, first - expected)
            expected = first + len(rows) // ROW_BYTES
        return lost + max(0, (self.rows_total or 0) - expected)

    @property
    def runs(self) -> list[bytes]:
        """The rows that follow on each other without a gap or a restart, run by run."""
        found: list[list[bytes]] = []
        expected = -1
        for first, rows in self.pieces:
            if first != expected or first in self.restarts:
                found.append([])
            found[-1].append(rows)
            expected = first + len(rows) // ROW_BYTES
        return [b"".join(run) for run in found]


def read_log(*paths: Path) -> Recovered:
    """Read whatever is whole in the files of one log, in their order; damage is normal here, not an error."""
    about: dict = {}
    pieces: list[tuple[int, bytes]] = []
    restarts: list[int] = []
    bytes_lost, rows_total = 0, None
    for path in paths:
        data = path.read_bytes()
        at = len(MAGIC) if data.startswith(MAGIC) else 0
        rows_total = None
        while at < len(data):
            frame = frame_at(data, at)
            if frame is None:
                following = data.find(SYNC, at + 1)
                following = len(data) if following < 0 else following
                bytes_lost += following - at
                at = following
                continue
            kind, payload, size = frame
            if kind == ABOUT:
                told = json.loads(payload)
                about = about or told
                restarts += told.get(RESTARTS, ())
            elif kind in (ROWS, PACKED):
                body = payload[FIRST.size :]
                rows = zlib.decompress(body) if kind == PACKED else body
                pieces.append((FIRST.unpack_from(payload)[0], rows))
            elif kind == END:
                rows_total = FIRST.unpack_from(payload)[0]
            at += size
    return Recovered(
        about=about,
        pieces=tuple(pieces),
        bytes_lost=bytes_lost,
        rows_total=rows_total,
        restarts=tuple(restarts),
    )


def frame_at(data: bytes, at: int) -> tuple[int, bytes, int] | None:
    """Return (kind, payload, size in bytes) of a whole frame at `at`, None if there is none."""
    if len(data) - at < HEAD.size:
        return None
    sync, kind, length, _ = HEAD.unpack_from(data, at)
    size = HEAD.size + length + CRC.size
    if sync != SYNC or not ABOUT <= kind <= END or at + size > len(data):
        return None
    if CRC.unpack_from(data, at + size - CRC.size)[0] != zlib.crc32(data[at : at + size - CRC.size]):
        return None
    return kind, data[at + HEAD.size : at + size - CRC.size], size
