"""The black box on disk: append-only frames with a checksum, readable after a cut at any byte.

A file begins with MAGIC and one JSON line (what ran, on what, with which prescription). Then frames:
sync (2 bytes), length u16, sequence u32, payload (whole rows of `firmware_py.blackbox`), CRC-32.
A reader that meets a broken frame looks for the next sync and says what it lost.
"""

import json
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from firmware_py.blackbox import ROW_BYTES

MAGIC = b"SWINGPHASE-LOG-1\n"
SYNC = b"\xa5\x5a"
HEAD = struct.Struct("<2sHI")
CRC = struct.Struct("<I")
ROWS_PER_FRAME_MAX = 1000  # 36 kB, well below the u16 length


class LogFile:
    """Append frames to `path`; every `append` is on the disk when it returns."""

    def __init__(self, path: Path, about: dict) -> None:
        self._file = path.open("wb")
        self._sequence = 0
        self._file.write(MAGIC + json.dumps(about, sort_keys=True).encode() + b"\n")
        self._sync()

    def append(self, rows: bytes) -> None:
        """Write whole rows, as `RowRing.drain` gives them."""
        if not rows:
            return
        step = ROWS_PER_FRAME_MAX * ROW_BYTES
        for at in range(0, len(rows), step):
            payload = rows[at : at + step]
            head = HEAD.pack(SYNC, len(payload), self._sequence)
            self._file.write(head + payload + CRC.pack(zlib.crc32(head + payload)))
            self._sequence += 1
        self._sync()

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        self._file.close()

    def _sync(self) -> None:
        self._file.flush()
        os.fdatasync(self._file.fileno())


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What could be read of a log file.

    about         the JSON of the head line, {} if it was unreadable
    rows          bytes, all whole rows in order (`firmware_py.blackbox.rows`)
    frames_lost   frames missing inside the file, by their sequence
    bytes_lost    bytes that belong to no whole frame
    """

    about: dict
    rows: bytes
    frames_lost: int
    bytes_lost: int


def read_log(path: Path) -> Recovered:
    """Read whatever is whole in the log file `path`; a cut or damaged file is normal, not an error."""
    data = path.read_bytes()
    about: dict = {}
    at = 0
    if data.startswith(MAGIC):
        end = data.find(b"\n", len(MAGIC))
        if end >= 0:
            try:
                about = json.loads(data[len(MAGIC) : end])
                at = end + 1
            except ValueError:
                at = len(MAGIC)
    rows, lost_bytes, lost_frames, expected = [], 0, 0, 0
    while at < len(data):
        size, sequence = frame_at(data, at)
        if size == 0:
            following = data.find(SYNC, at + 1)
            following = len(data) if following < 0 else following
            lost_bytes += following - at
            at = following
            continue
        rows.append(data[at + HEAD.size : at + size - CRC.size])
        lost_frames += max(0, sequence - expected)
        expected = sequence + 1
        at += size
    return Recovered(about=about, rows=b"".join(rows), frames_lost=lost_frames, bytes_lost=lost_bytes)


def frame_at(data: bytes, at: int) -> tuple[int, int]:
    """Return (size in bytes, sequence) of a whole frame at `at`; size 0 if there is none."""
    if len(data) - at < HEAD.size:
        return 0, 0
    sync, length, sequence = HEAD.unpack_from(data, at)
    size = HEAD.size + length + CRC.size
    if sync != SYNC or length % ROW_BYTES or at + size > len(data):
        return 0, 0
    body = data[at : at + size - CRC.size]
    if CRC.unpack_from(data, at + size - CRC.size)[0] != zlib.crc32(body):
        return 0, 0
    return size, sequence
