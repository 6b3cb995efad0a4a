"""Start the log writer with a pipe for each process that logs."""

import fcntl
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from firmware_py.pi.about import about_log
from firmware_py.pi.console import ROOT
from firmware_py.pi.log_folder import SEGMENT_MAX_N, SIZE_MAX_N
from firmware_py.pi.log_session import sizes_below
from firmware_py.pi.log_writer import LOST, PIPE_N


@dataclass(slots=True)
class LaunchedWriter:
    """process   the log writer
    ends      name of a process -> descriptor to be inherited by it; close it here once it has been
    has_lost  a writer that has ended said that the disk did not take everything
    """

    process: subprocess.Popen
    ends: dict[str, int]
    _reads: dict[str, int]
    _spec: Path
    has_lost: bool = False

    def mend(self) -> bool:
        """Start another writer if this one has ended; what waits in the pipes is not lost. True if it was needed."""
        if self.process.poll() is None:
            return False
        self.has_lost |= self.process.returncode == LOST
        self.process = _start(self._spec, list(self._reads.values()), "again")
        return True

    def let_go_of_ends(self) -> None:
        """Close the ends here, once every process has inherited its own: its death is then the end of its log."""
        for fd in self.ends.values():
            os.close(fd)
        self.ends = {}

    def close(self, wait_s: float = 5.0) -> None:
        """Wait until everything is on the disk; the processes that log must have ended. Safe to call twice."""
        for fd in (*self.ends.values(), *self._reads.values()):
            os.close(fd)
        self.ends, self._reads = {}, {}
        try:
            self.process.wait(wait_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.has_lost |= self.process.returncode == LOST


def launch_log_writer(
    folder: Path,
    about: dict[str, dict],
    *,
    root: Path | None = None,
    size_max: int = SIZE_MAX_N,
    segment_max: int = SEGMENT_MAX_N,
) -> LaunchedWriter:
    """Start a writer into `folder` for the processes named in `about`, each with what its log is about.

    root   of all sessions, whose oldest files make room; default the folder above
    """
    ends: dict[str, int] = {}
    reads: dict[str, int] = {}
    for name in about:
        reads[name], ends[name] = os.pipe()
        fcntl.fcntl(ends[name], fcntl.F_SETPIPE_SZ, PIPE_N)
    root = root or folder.parent
    size_max, segment_max = sizes_below(root, size_max, segment_max)
    spec = {
        "root": str(root),
        "folder": str(folder),
        "size_max": size_max,
        "segment_max": segment_max,
        "inputs": [
            {"name": name, "fd": reads[name], "about": about_log(told)} for name, told in about.items()
        ],
    }
    path = folder / "log-writer.json"
    path.write_text(json.dumps(spec), encoding="utf-8")
    return LaunchedWriter(_start(path, list(reads.values())), ends, reads, path)


def _start(spec: Path, reads: list[int], *more: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "firmware_py.pi.log_writer", str(spec), *more], pass_fds=reads, cwd=ROOT
    )
