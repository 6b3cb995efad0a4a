"""Where the log of a new session goes: below its folder, with room for it, or in memory while the disk has none."""

import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from firmware_py.pi.log_folder import FULL, Room, clear_away, new_session

SEGMENT_MIN_N = 256 << 10
SEGMENTS_MIN = 16  # files that have room: the first of each process stays, and the newest need a place too
FREE_MIN_N = 16 << 20  # for a session to begin with (assumed)
FREE_SHARE = 8  # or this part of a small disk: the logs of the sessions before have their place there too
BEGIN_N = 256 << 10  # for what the processes are told as they start, while the log writer writes already
MEMORY = Path("/dev/shm")
STAND_IN = "swingphase-logs"  # there, while the disk takes none
STAND_IN_MAX_N = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """folder   of the new session
    problem  why it is not where it was asked for, a sentence for a person; "" if it is
    """

    folder: Path
    problem: str


def begin_session(root: Path, stand_in: Path | None = None) -> Begun:
    """Make the folder of the next session below `root`, with room for it; old files go for that.

    Where the disk gives no room, the session is kept in memory (`stand_in`), the newest of it: whoever wants to walk
    does so. What else is wrong with `root` is an OSError, as `--check` says before.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        wanted_n = min(FREE_MIN_N, shutil.disk_usage(root).total // FREE_SHARE)
        Room(root).free_up(max(wanted_n, 2 * BEGIN_N))
        folder = new_session(root)
    except OSError as e:
        if e.errno not in FULL:
            raise
        problem = e
    else:
        try:
            _try_out(folder / "log-writer.json")
        except OSError as e:
            clear_away(folder)
            if e.errno not in FULL:
                raise
            problem = e
        else:
            return Begun(folder=folder, problem="")
    folder = new_session(stand_in or _in_memory())
    said = (
        f"{root} takes no log ({problem.strerror}), and no old log is left to make room. The newest "
        f"{STAND_IN_MAX_N >> 20} MiB of this session are kept in memory, in {folder}, until the power goes: copy "
        "them away, and make room."
    )
    return Begun(folder=folder, problem=said)


def sizes_below(root: Path, size_max: int, segment_max: int) -> tuple[int, int]:
    """Return how large all logs below `root` and one file of them may be, so that a full disk keeps the newest too."""
    if root.name.startswith(STAND_IN):
        size_max = min(size_max, STAND_IN_MAX_N)
    room_n = min(size_max, shutil.disk_usage(root).free)
    return size_max, min(segment_max, max(SEGMENT_MIN_N, room_n // SEGMENTS_MIN))


def _try_out(path: Path) -> None:
    """Find out whether the disk takes what the processes are told as they start; OSError if not."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        left_n = BEGIN_N
        while left_n > 0:
            left_n -= os.write(fd, bytes(left_n))
        os.fsync(fd)
    finally:
        os.close(fd)
        path.unlink()


def _in_memory() -> Path:
    """Return a folder in memory that is nobody else's; it is the same one each time, so that it cannot grow."""
    folder = MEMORY / f"{STAND_IN}-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077:
            return folder
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix=f"{STAND_IN}-"))
