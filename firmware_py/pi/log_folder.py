"""A log in several files of some MiB, in a folder that is never allowed to fill the disk: the oldest files go first.

    LOGS/session-000012/guardian-0001.swp, guardian-0002.swp, controller-0001.swp, ...
Each file begins with the same head, so that any of them can be read alone.
"""

import contextlib
import errno
import re
from pathlib import Path

from firmware_py.blackbox import ROW_BYTES
from firmware_py.pi.log_file import LogFile, read_log

SEGMENT_MAX_N = 8 << 20
SIZE_MAX_N = 2 << 30
FULL = (errno.ENOSPC, errno.EDQUOT)
TRIES = 50  # files that are given up for one append on a full disk
NAME = re.compile(r"(.+)-(\d{4,})\.swp$")
SESSION = re.compile(r"session-(\d{6,})$")


class Room:
    """The folder of all sessions: how much may lie there, and which file goes next.

    open_files   those that are being written; they stay
    """

    def __init__(self, root: Path, size_max: int = SIZE_MAX_N) -> None:
        self.root, self.size_max = root, size_max
        self.open_files: set[Path] = set()
        self.dropped = 0

    def keep_below(self) -> None:
        """Drop the oldest files until all of them together are no larger than `size_max`."""
        while self.size() > self.size_max and self.drop_oldest():
            pass

    def size(self) -> int:
        """Return how many bytes lie there."""
        total = 0
        for path in self.root.glob("session-*/*.swp"):
            with contextlib.suppress(OSError):
                total += path.stat().st_size
        return total

    def drop_oldest(self) -> bool:
        """Delete the oldest file that is not being written; False if there is none."""
        files = [
            p for p in self.root.glob("session-*/*.swp") if p not in self.open_files and NAME.match(p.name)
        ]
        for path in sorted(files, key=_age):
            with contextlib.suppress(OSError):
                path.unlink()
                self.dropped += 1
                with contextlib.suppress(OSError):
                    path.parent.rmdir()  # only if nothing else lies there
                return True
        return False


class SegmentedLog:
    """One process's log. `append` never raises: what the disk does not take is counted and left out.

    folder   of this session;  name  of the process
    lost     int, rows that the disk did not take
    """

    def __init__(
        self, folder: Path, name: str, about: dict, room: Room, segment_max: int = SEGMENT_MAX_N
    ) -> None:
        self._folder, self._name, self._room, self._segment_max = folder, name, room, segment_max
        self._about = about
        self._file: LogFile | None = None
        self.lost = 0
        there = segments(folder, name)
        self._number = _number(there[-1]) if there else 0
        self._next_row = 0
        if there:  # another writer was here before, and was killed
            pieces = read_log(there[-1]).pieces
            self._next_row = pieces[-1][0] + len(pieces[-1][1]) // ROW_BYTES if pieces else 0

    def append(self, rows: bytes) -> None:
        """Bring whole rows to the disk; if it is full, older files make room."""
        if not rows:
            return
        count = len(rows) // ROW_BYTES
        for _ in range(TRIES):
            try:
                self._current().append(rows)
            except OSError as e:
                if e.errno not in FULL or not self._make_room():
                    break
                continue
            self._next_row += count
            return
        self.lost += count
        self._next_row += count
        self._leave()  # the gap in the numbers must show; the next append begins a new file, if there is room then

    def close(self) -> None:
        """Say that this is the end. Safe to call twice."""
        if self._file is not None:
            self._file.close()
        self._leave()

    def _make_room(self) -> bool:
        """Give up the oldest file; the one that is being written if there is no other. False if nothing is left."""
        if self._room.drop_oldest():
            return True
        self._leave()
        return self._room.drop_oldest()

    def _current(self) -> LogFile:
        if self._file is not None and self._file.size >= self._segment_max:
            self._leave()
        if self._file is None:
            self._room.keep_below()
            self._folder.mkdir(exist_ok=True)  # it may have gone with the last file in it
            path = self._folder / f"{self._name}-{self._number + 1:04d}.swp"
            about = self._about | {"segment": self._number + 1}
            self._file = LogFile(path, about, self._next_row)
            self._number += 1
            self._room.open_files.add(path)
        return self._file

    def _leave(self) -> None:
        if self._file is not None:
            self._file.leave()
            self._room.open_files.discard(self._file.path)
            self._file = None


def new_session(root: Path) -> Path:
    """Make and return the folder of the next session below `root`."""
    root.mkdir(parents=True, exist_ok=True)
    number = 1 + max([int(m[1]) for p in root.iterdir() if (m := SESSION.match(p.name))] or [0])
    folder = root / f"session-{number:06d}"
    folder.mkdir()
    return folder


def segments(folder: Path, name: str) -> list[Path]:
    """Return the files of one process in their order."""
    found = [p for p in folder.glob("*.swp") if (m := NAME.match(p.name)) and m[1] == name]
    return sorted(found, key=_number)


def processes(folder: Path) -> list[str]:
    """Return the names of the processes that have a log in `folder`."""
    return sorted({m[1] for p in folder.glob("*.swp") if (m := NAME.match(p.name))})


def _number(path: Path) -> int:
    found = NAME.match(path.name)
    return int(found[2]) if found else 0


def _age(path: Path) -> tuple[int, int, str]:
    found = SESSION.match(path.parent.name)
    return int(found[1]) if found else 0, _number(path), path.name
