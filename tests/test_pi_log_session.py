"""Where a new session's log goes: old logs make room for it, and without room it is kept in memory."""

import contextlib
import errno
import os
import random
import subprocess
from collections import namedtuple

import pytest

from firmware_py.blackbox import ROW_BYTES
from firmware_py.pi import log_folder, log_session
from firmware_py.pi.log_file import read_log
from firmware_py.pi.log_folder import Room, new_session, segments
from firmware_py.pi.log_launch import launch_log_writer
from firmware_py.pi.log_session import begin_session, sizes_below
from firmware_py.pi.run.controller import Report
from firmware_py.pi.run.summary import summary
from tests.test_pi_log_folder import handed_over, log_of, some_rows

Usage = namedtuple("Usage", "total used free")
MIB = 1 << 20


class Disk:
    """A disk of `size` bytes that holds the logs, and `other` bytes of somebody else; tells what is free."""

    def __init__(self, monkeypatch, root, size, other=0):
        self.root, self.size, self.other = root, size, other
        monkeypatch.setattr(log_folder.shutil, "disk_usage", lambda path: self.usage())

    def usage(self):
        used = self.other + sum(p.stat().st_size for p in self.root.rglob("*.swp"))
        return Usage(self.size, used, max(0, self.size - used))


def kept(root, n, rows=29_000):
    for _ in range(n):
        log = log_of(new_session(root), segment_max=1 << 30)
        log.append(random.Random(1).randbytes(rows * ROW_BYTES))
        log.close()


def test_the_oldest_logs_make_room_for_a_new_session(tmp_path, monkeypatch):
    kept(tmp_path, 6)
    Disk(monkeypatch, tmp_path, 128 * MIB, other=110 * MIB)
    begun = begin_session(tmp_path)
    assert begun.problem == ""
    assert begun.folder == tmp_path / "session-000007"
    assert list(begun.folder.iterdir()) == []
    left = sorted(p.parent.name for p in tmp_path.rglob("*.swp"))
    assert left == ["session-000005", "session-000006"], "16 MiB are free, and no more were dropped"


def test_a_small_disk_does_not_lose_all_its_logs_at_each_start(tmp_path, monkeypatch):
    kept(tmp_path, 6)
    Disk(monkeypatch, tmp_path, 8 * MIB)
    for _ in range(3):
        begin_session(tmp_path)
    assert len(list(tmp_path.rglob("*.swp"))) == 6


def test_dropping_that_frees_nothing_ends(tmp_path, monkeypatch):
    kept(tmp_path, 6, rows=1_000)
    monkeypatch.setattr(log_folder.shutil, "disk_usage", lambda path: Usage(MIB, MIB, 0))
    Room(tmp_path).free_up(MIB)
    assert len(list(tmp_path.rglob("*.swp"))) == 5


def full(monkeypatch, folder, error=errno.ENOSPC):
    """Let nothing be written to files in `folder`."""
    write = os.write

    def refuse(fd, data):
        if os.readlink(f"/proc/self/fd/{fd}").startswith(f"{folder}/"):
            raise OSError(error, os.strerror(error))
        return write(fd, data)

    monkeypatch.setattr(log_session.os, "write", refuse)


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_stays_full_keeps_nobody_from_walking_and_the_session_is_kept_in_memory(
    tmp_path, monkeypatch, error
):
    root, memory = tmp_path / "logs", tmp_path / "memory"
    full(monkeypatch, root, error)
    begun = begin_session(root, memory)
    assert begun.folder == memory / "session-000001"
    assert str(root) in begun.problem
    assert str(begun.folder) in begun.problem
    assert list(root.iterdir()) == [], "no empty session is left behind"


def test_a_folder_that_cannot_even_be_made_is_a_full_disk_too(tmp_path, monkeypatch):
    monkeypatch.setattr(log_session, "MEMORY", tmp_path / "memory")
    (tmp_path / "memory").mkdir()

    def refuse(self, **_):
        raise OSError(errno.ENOSPC, "No space left on device")

    root = tmp_path / "logs"
    mkdir = type(root).mkdir
    monkeypatch.setattr(
        type(root), "mkdir", lambda self, **how: (refuse if self == root else mkdir)(self, **how)
    )
    first = begin_session(root)
    again = begin_session(root)
    assert first.folder.parent == again.folder.parent, "a service that starts anew does not fill the memory"
    assert first.folder.parent.parent == tmp_path / "memory"


def test_a_disk_with_another_trouble_is_said_as_that(tmp_path, monkeypatch):
    full(monkeypatch, tmp_path, errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        begin_session(tmp_path)


def test_memory_that_somebody_else_has_prepared_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(log_session, "MEMORY", tmp_path)
    trap = tmp_path / f"{log_session.STAND_IN}-{os.getuid()}"
    (tmp_path / "elsewhere").mkdir()
    trap.symlink_to(tmp_path / "elsewhere")
    assert log_session._in_memory() != trap
    trap.unlink()
    trap.mkdir(mode=0o777)
    trap.chmod(0o777)
    other = log_session._in_memory()
    assert other != trap
    assert other.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("free", "segment"), [(10 * MIB, 640 << 10), (MIB, 256 << 10), (0, 256 << 10), (1 << 40, 8 * MIB)]
)
def test_a_small_disk_has_room_for_the_newest_beside_the_first(tmp_path, monkeypatch, free, segment):
    monkeypatch.setattr(log_session.shutil, "disk_usage", lambda path: Usage(1 << 41, 0, free))
    assert sizes_below(tmp_path, 2048 * MIB, 8 * MIB) == (2048 * MIB, segment)
    assert sizes_below(tmp_path / "swingphase-logs-0", 2048 * MIB, 8 * MIB)[0] == 16 * MIB


def test_a_run_that_lost_rows_says_so_in_its_summary():
    before = summary(Report(), 1.0, None, 0)
    (said,) = set(summary(Report(), 1.0, None, 0, has_lost_log=True)) - set(before)
    assert "The log is not whole" in said


def fill(path):
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_on_a_real_disk_that_is_full_the_writer_says_what_it_lost_and_a_new_session_begins(tmp_path, capfd):
    """A file system of 2 MB that another file fills, where this may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("mounting a tmpfs needs root; the same is tested with a disk that says it is full")
    try:
        root = disk / "logs"
        begun = begin_session(root)
        assert begun.problem == ""
        writer = launch_log_writer(begun.folder, {"guardian": {}})
        handed_over(writer, "guardian", some_rows(0, 5_000))
        fill(disk / "other")
        handed_over(writer, "guardian", some_rows(5_000, 20_000))
        writer.close(60)
        assert writer.has_lost
        said = capfd.readouterr().err
        assert said.count("disk does not take the log of the guardian") == 1
        assert "rows of the guardian are not in its log" in said
        first = segments(begun.folder, "guardian")[0]
        assert read_log(first).pieces[0][0] == 0, "its beginning is kept"
        begun = begin_session(root, tmp_path / "memory")
        assert begun.folder.parent == tmp_path / "memory"
        (disk / "other").unlink()
        assert begin_session(root).problem == ""
    finally:
        subprocess.run(["umount", str(disk)], check=True)
