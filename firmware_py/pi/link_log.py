"""The black box for the link: the log files that another process writes, read record by record as they grow."""

import hashlib
import zlib
from pathlib import Path

from firmware_py.blackbox import ROW_BYTES
from firmware_py.link.contracts import LogSource
from firmware_py.pi.log_file import CRC, FIRST, HEAD, MAGIC, PACKED, ROWS, SYNC, frame_at
from firmware_py.pi.log_folder import segments

EPOCH_N = 4
LOOK_N = 1 << 20  # bytes of the file's end that are looked at in one go


class FileLog(LogSource):
    """Offer the rows of `path`, numbered from 0. What is damaged inside is left out, as `read_log` does."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("rb")
        start = self._file.read(LOOK_N)
        about = frame_at(start, len(MAGIC)) if start.startswith(MAGIC) else None
        if about is None:
            self._file.close()
            raise ValueError(f"{path} is not a log. Name a file that the device writes.")
        stamp = path.stat()
        self.epoch = hashlib.sha256(about[1] + str(stamp.st_ino).encode()).digest()[:EPOCH_N]
        self._frames: list[tuple[int, int, int]] = []  # (number of its first row, where it begins, its size)
        self._end = 0
        self._read_to = len(MAGIC)
        self._open: tuple[int, bytes] = (-1, b"")  # (where the frame begins, its rows) that was read last

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def first(self) -> int:
        """Return 0: nothing is ever cut off at the front."""
        return 0

    def end(self) -> int:
        """Return the number after the newest row that is on the disk."""
        self._look()
        return self._end

    def read(self, number: int) -> bytes | None:
        """Return one row."""
        low, high = 0, len(self._frames)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._frames[middle][0] <= number else (low, middle)
        if not 0 <= number < self._end:
            return None
        first, at, size = self._frames[low]
        if self._open[0] != at:
            self._file.seek(at)
            frame = frame_at(self._file.read(size), 0)
            if frame is None:  # it was whole when it was noted: the card has changed under us
                return None
            self._open = (at, _rows_of(frame))
        return self._open[1][(number - first) * ROW_BYTES :][:ROW_BYTES]

    def _look(self) -> None:
        """Take in the frames that have been written since."""
        while True:
            self._file.seek(self._read_to)
            data = self._file.read(LOOK_N)
            used = self._take(data)
            self._read_to += used
            if used == 0 or len(data) < LOOK_N:
                return

    def _take(self, data: bytes) -> int:
        """Note the frames in `data`, which begins at `_read_to`; return how many bytes are dealt with."""
        at = 0
        while len(data) - at >= HEAD.size:
            frame = frame_at(data, at)
            if frame is not None:
                rows = _rows_of(frame)
                if rows:
                    self._frames.append((self._end, self._read_to + at, frame[2]))
                    self._end += len(rows) // ROW_BYTES
                at += frame[2]
                continue
            sync, _, length, _ = HEAD.unpack_from(data, at)
            if sync == SYNC and at + HEAD.size + length + CRC.size > len(data):
                break  # the rest of it is still being written, or read
            following = data.find(SYNC, at + 1)
            at = following if following > 0 else len(data) - 1
        return at


class SessionLog(LogSource):
    """Offer the rows of one process in `folder`, over all its files, numbered from 0; there may be none yet.

    A file that is dropped while it is offered, because the disk is full, is read to its end.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.epoch = hashlib.sha256(f"{folder.resolve()} {name}".encode()).digest()[:EPOCH_N]
        self._folder, self._name = folder, name
        self._files: list[tuple[Path, FileLog]] = []

    def close(self) -> None:
        """Let go of the files."""
        for _, log in self._files:
            log.close()
        self._files = []

    def first(self) -> int:
        """Return 0."""
        return 0

    def end(self) -> int:
        """Return the number after the newest row that is on the disk."""
        known = {path for path, _ in self._files}
        for path in segments(self._folder, self._name):
            if path not in known:
                try:
                    self._files.append((path, FileLog(path)))
                except (OSError, ValueError):
                    break  # its head is still being written
        return sum(log.end() for _, log in self._files)

    def read(self, number: int) -> bytes | None:
        """Return one row."""
        for _, log in self._files:
            if number < log.end():
                return log.read(number)
            number -= log.end()
        return None


def _rows_of(frame: tuple[int, bytes, int]) -> bytes:
    """Return the rows of a whole frame, b"" if it holds none."""
    kind, payload, _ = frame
    if kind not in (ROWS, PACKED):
        return b""
    body = payload[FIRST.size :]
    return zlib.decompress(body) if kind == PACKED else body
