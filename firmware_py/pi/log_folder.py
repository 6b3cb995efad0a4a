"""A log in several files of some MiB, in a folder that is never allowed to fill the disk: the oldest files go first.

    LOGS/session-000012/guardian-0001.swp, guardian-0002.swp, controller-0001.swp, ...
Each file begins with the same head, so that any of them can be read alone.

On a full disk old files make room for new rows, but only as long as it is the log that gets the room: if something
else fills the disk, dropping stops. The first file of each process of a session that runs is never dropped for want of
room: a replay begins there.
"""

import contextlib
import errno
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from firmware_py.blackbox import ROW_BYTES
from firmware_py.pi.log_file import FIRST_ROW, RESTARTS, LogFile, read_log, sync_folder

SEGMENT_MAX_N = 8 << 20
SIZE_MAX_N = 2 << 30
FULL = (errno.ENOSPC, errno.EDQUOT)
BLOCKS_N = 8 << 10  # an append needs more than its bytes: the head of a file, the rest of a block
LEFT_OVER = (
    "log-writer.json",
    "guardian.json",
    "controller.json",
    "link.json",
    "link-again.json",
    "sign.txt",
)
NAME = re.compile(r"(.+)-(\d{4,})\.swp$")
SESSION = re.compile(r"session-(\d{6,})$")


class Room:
    """The folder of all sessions: how much may lie there, and which file goes next.

    open_files   those that are being written; they stay
    running      folders of sessions that run
    """

    def __init__(self, root: Path, size_max: int = SIZE_MAX_N) -> None:
        self.root, self.size_max = root, size_max
        self.open_files: set[Path] = set()
        self.running: set[Path] = set()
        self.dropped = 0
        self._given_n = self._used_n = 0

    def keep_below(self) -> None:
        """Drop the oldest files until all of them together are no larger than `size_max`."""
        while self.size() > self.size_max and self.drop_oldest() is not None:
            pass

    def free_up(self, free_min: int) -> None:
        """Drop the oldest files until the disk has `free_min` bytes free, as long as that helps."""
        while (before := shutil.disk_usage(self.root).free) < free_min:
            n = self.drop_oldest()
            if n is None:
                return
            sync_folder(self.root)  # some file systems give the room back only then
            if shutil.disk_usage(self.root).free - before < n // 2:
                return

    def wrote(self, n: int) -> None:
        """Hear that the disk took `n` bytes."""
        self._used_n += n

    def make_room(self, wanted: int) -> bool:
        """Drop old files of `wanted` bytes or more, because the disk is full; False if none may go.

        None may go while less than half of what was dropped before has become rows: somebody else takes the room.
        """
        if 2 * self._used_n < self._given_n:
            return False
        self._given_n = self._used_n = 0
        is_any = False
        while self._given_n < wanted and (n := self.drop_oldest(first_stay=True)) is not None:
            self._given_n += n
            is_any = True
        return is_any

    def size(self) -> int:
        """Return how many bytes lie there."""
        total = 0
        for path in self.root.glob("session-*/*.swp"):
            with contextlib.suppress(OSError):
                total += path.stat().st_size
        return total

    def drop_oldest(self, *, first_stay: bool = False) -> int | None:
        """Delete the oldest file that is not being written; return its size in bytes, None if there is none.

        first_stay   those with which a session that runs begins do not count
        """
        files = [
            p for p in self.root.glob("session-*/*.swp") if p not in self.open_files and NAME.match(p.name)
        ]
        for path in sorted(files, key=_age):
            if first_stay and path.parent in self.running and _number(path) == 1:
                continue
            with contextlib.suppress(OSError):
                n = path.stat().st_size
                path.unlink()
                self.dropped += 1
                if path.parent not in self.running:
                    clear_away(path.parent)
                return n
        return None


class SegmentedLog:
    """One process's log. `append` never raises: what the disk does not take is counted and left out.

    folder   of this session;  name  of the process
    is_again  a writer was killed before: what it had read and not yet written is missing, and the log says so
    lost     int, rows that the disk did not take
    say      told in a sentence when it begins to lose rows, and at the end how many they were
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        about: dict,
        room: Room,
        segment_max: int = SEGMENT_MAX_N,
        say: Callable[[str], None] = lambda said: None,
        *,
        is_again: bool = False,
    ) -> None:
        self._folder, self._name, self._room, self._segment_max = folder, name, room, segment_max
        self._about = about
        self._say = say
        room.running.add(folder)
        self._file: LogFile | None = None
        self.lost = 0
        there = segments(folder, name)
        self._number = _number(there[-1]) if there else 0
        self._next_row = _rows_until(there)
        self._restarts = (self._next_row,) if there or is_again else ()

    def append(self, rows: bytes) -> None:
        """Bring whole rows to the disk; if it is full, older files make room."""
        if not rows:
            return
        count = len(rows) // ROW_BYTES
        problem = self._written(rows)
        if problem is not None and problem.errno in FULL and self._make_room(len(rows) + BLOCKS_N):
            problem = self._written(rows)
        self._next_row += count
        if problem is None:
            return
        if not self.lost:
            self._say(
                f"the disk does not take the log of the {self._name} ({problem.strerror}); its rows are lost from "
                f"now on, and nothing else ends. Make room in {self._room.root}, or look at the disk."
            )
        self.lost += count
        self._leave()  # the gap in the numbers must show; the next append begins a new file, if there is room then

    def close(self) -> None:
        """Say that this is the end. Safe to call twice."""
        if self._file is not None:
            self._file.close()
        self._leave()
        if self.lost:
            self._say(f"{self.lost} rows of the {self._name} are not in its log; the disk did not take them.")

    def _written(self, rows: bytes) -> OSError | None:
        """Bring rows to the disk; return why that was not possible."""
        try:
            file = self._current()
            before_n = file.size
            file.append(rows)
        except OSError as e:
            return e
        self._room.wrote(file.size - before_n)
        return None

    def _make_room(self, wanted: int) -> bool:
        """Give up old files; the one that is being written if there is no other. False if nothing may go."""
        if self._room.make_room(wanted):
            return True
        self._leave()
        return self._room.make_room(wanted)

    def _current(self) -> LogFile:
        if self._file is not None and self._file.size >= self._segment_max:
            self._leave()
        if self._file is None:
            self._room.keep_below()
            self._folder.mkdir(exist_ok=True)  # it may have gone with the last file in it
            path = self._folder / f"{self._name}-{self._number + 1:04d}.swp"
            about = self._about | {"segment": self._number + 1, FIRST_ROW: self._next_row}
            if self._restarts:
                about[RESTARTS] = self._restarts
            self._file = LogFile(path, about, self._next_row)
            self._restarts = ()
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


def clear_away(folder: Path) -> None:
    """Remove the folder of a session whose logs are gone, with what its processes were told; other things stay."""
    if any(folder.glob("*.swp")):
        return
    with contextlib.suppress(OSError):
        for name in LEFT_OVER:
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()


def segments(folder: Path, name: str) -> list[Path]:
    """Return the files of one process in their order."""
    found = [p for p in folder.glob("*.swp") if (m := NAME.match(p.name)) and m[1] == name]
    return sorted(found, key=_number)


def processes(folder: Path) -> list[str]:
    """Return the names of the processes that have a log in `folder`."""
    return sorted({m[1] for p in folder.glob("*.swp") if (m := NAME.match(p.name))})


def _rows_until(files: list[Path]) -> int:
    """Return the number after the last row of a log; a writer may have been killed before it wrote any to a file."""
    for path in reversed(files):
        found = read_log(path)
        if found.pieces:
            first, rows = found.pieces[-1]
            return first + len(rows) // ROW_BYTES
        if FIRST_ROW in found.about:
            return found.about[FIRST_ROW]
    return 0


def _number(path: Path) -> int:
    found = NAME.match(path.name)
    return int(found[2]) if found else 0


def _age(path: Path) -> tuple[int, int, str]:
    found = SESSION.match(path.parent.name)
    return int(found[1]) if found else 0, _number(path), path.name
