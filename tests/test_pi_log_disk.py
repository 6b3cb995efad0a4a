"""A disk that somebody else fills: new rows are lost and counted, old logs are not dropped for nothing."""

import errno
import os

import pytest

from firmware_py.pi import log_file
from firmware_py.pi.log_file import read_log
from firmware_py.pi.log_folder import Room, SegmentedLog, new_session, segments
from tests.test_pi_log_folder import log_of, numbers, some_rows


class TakenDisk:
    """Full, and whatever room is made is taken by somebody else at once."""

    def __init__(self, monkeypatch):
        self.said = []
        self.monkeypatch = monkeypatch
        monkeypatch.setattr(log_file.os, "pwrite", self)

    def __call__(self, fd, data, at):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("has_begun", [True, False])
def test_a_disk_that_somebody_else_fills_costs_new_rows_and_not_the_old_logs(
    tmp_path, monkeypatch, has_begun
):
    root = tmp_path / "logs"
    rows = some_rows(0, 100)
    for _ in range(30):
        log_of(new_session(root)).append(rows)
    session, said = new_session(root), []
    room = Room(root)
    logs = [SegmentedLog(session, name, {}, room, 10_000, said.append) for name in ("guardian", "controller")]
    for log in logs if has_begun else ():
        log.append(some_rows(0, 400))
        log.append(some_rows(400, 10))
    before = sorted(root.glob("session-*/*.swp"))
    TakenDisk(monkeypatch)
    for i in range(100):
        for log in logs:
            log.append(some_rows(410 + i * 50, 50))
    left = sorted(root.glob("session-*/*.swp"))
    gone = set(before) - set(left)
    assert 1 <= len(gone) <= 5, "enough for one append was dropped, which did not help"
    assert all(path.parent != session for path in gone)
    monkeypatch.undo()
    assert all(len(read_log(path).rows) for path in left), "nor does an empty file stay behind"
    for log in logs:
        log.append(some_rows(5410, 50))
        log.close()
        assert log.lost == 5000
    assert sum("disk does not take" in one for one in said) == 2, "once for each log"
    assert sum("5000 rows" in one for one in said) == 2
    got = read_log(*segments(session, "guardian"))
    assert got.rows_lost == 5000
    assert numbers(got)[-1] == 5459


def test_what_is_dropped_becomes_rows_or_dropping_ends(tmp_path, monkeypatch):
    """Room for one append comes now and then: old logs go no faster than twice the rows that are written."""
    root = tmp_path / "logs"
    rows = some_rows(0, 200)
    for _ in range(60):
        log_of(new_session(root)).append(rows)
    disk = TakenDisk(monkeypatch)
    session, room = new_session(root), Room(root)
    log = SegmentedLog(session, "guardian", {}, room, 10_000)
    before_n = room.size()
    monkeypatch.undo()
    pwrite, calls = os.pwrite, []

    def sometimes(fd, data, at):
        calls.append(at)
        return pwrite(fd, data, at) if len(calls) % 3 == 0 else disk(fd, data, at)

    monkeypatch.setattr(log_file.os, "pwrite", sometimes)
    for i in range(200):
        log.append(some_rows(i * 10, 10))
    written_n = sum(p.stat().st_size for p in segments(session, "guardian"))
    dropped_n = before_n + written_n - room.size()
    assert written_n > 0
    assert dropped_n <= 2 * written_n + 20_000


def test_what_processes_were_told_goes_with_the_last_log_of_their_session(tmp_path):
    old, strange, running = (new_session(tmp_path) for _ in range(3))
    for one in (old, strange, running):
        log_of(one).append(some_rows(0, 10))
        (one / "controller.json").write_text("{}")
    (strange / "notes.txt").write_text("of a person")
    room = Room(tmp_path)
    room.running.add(running)
    while room.drop_oldest() is not None:
        pass
    assert not old.exists()
    assert [p.name for p in strange.iterdir()] == ["notes.txt"]
    assert (running / "controller.json").exists()
