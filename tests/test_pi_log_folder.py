"""A log in several files: segments, the oldest go when there is no room, and a writer that is killed loses little."""

import errno
import os
import random
import signal
import struct
import subprocess
import time

import pytest

from firmware_py import blackbox
from firmware_py.blackbox import ROW_BYTES, ROW_FORMAT
from firmware_py.pi import log_file, log_writer
from firmware_py.pi.guardian.log_port import LogPort
from firmware_py.pi.log_file import read_log
from firmware_py.pi.log_folder import Room, SegmentedLog, new_session, processes, segments
from firmware_py.pi.log_launch import launch_log_writer


def some_rows(first, n):
    """Rows that do not pack, numbered in their first value."""
    draw = random.Random(first)
    return b"".join(
        struct.pack(
            ROW_FORMAT,
            blackbox.CYCLE,
            i & 0xFF,
            0,
            i,
            i,
            *(draw.randrange(-(2**29), 2**29) for _ in range(6)),
        )
        for i in range(first, first + n)
    )


def numbers(recovered):
    return [values[0] for _, _, values in blackbox.rows(recovered.rows)]


@pytest.fixture
def session(tmp_path):
    return new_session(tmp_path / "logs")


def log_of(session, name="guardian", segment_max=10_000, size_max=1 << 30):
    return SegmentedLog(session, name, {"process": name}, Room(session.parent, size_max), segment_max)


def test_a_log_goes_on_in_the_next_file_and_is_read_as_one(session):
    log = log_of(session)
    for i in range(20):
        log.append(some_rows(i * 50, 50))
    log.append(b"")
    log.close()
    log.close()
    files = segments(session, "guardian")
    assert len(files) >= 3
    got = read_log(*files)
    assert numbers(got) == list(range(1000))
    assert (got.rows_lost, got.bytes_lost, got.is_ended) == (0, 0, True)
    assert [read_log(f).about["segment"] for f in files] == list(range(1, len(files) + 1))
    assert not read_log(files[0]).is_ended, "it goes on"
    assert processes(session) == ["guardian"]


def test_sessions_are_numbered_and_a_gap_or_a_strange_folder_does_not_matter(tmp_path):
    root = tmp_path / "logs"
    assert new_session(root).name == "session-000001"
    (root / "session-000041").mkdir()
    (root / "notes").mkdir()
    assert new_session(root).name == "session-000042"


def test_the_oldest_files_go_when_all_together_are_too_large(tmp_path):
    root = tmp_path / "logs"
    old, new = new_session(root), None
    first = log_of(old)
    for i in range(10):
        first.append(some_rows(i * 50, 50))
    first.close()
    new = new_session(root)
    log = log_of(new, size_max=30_000)
    for i in range(40):
        log.append(some_rows(i * 50, 50))
        assert log._room.size() < 30_000 + 10_000 + 2_000, (
            "one segment more than allowed, while it is written"
        )
    log.close()
    assert not old.exists(), "the older session went first, folder and all"
    got = read_log(*segments(new, "guardian"))
    assert numbers(got)[-1] == 1999
    assert got.rows_lost == numbers(got)[0] > 0


class FullDisk:
    """Lets `os.pwrite` fail while the files under `root` hold more than `size_max` bytes."""

    def __init__(self, monkeypatch, root, size_max, error=errno.ENOSPC):
        self.root, self.size_max, self.error = root, size_max, error
        self.pwrite = os.pwrite
        monkeypatch.setattr(log_file.os, "pwrite", self)

    def __call__(self, fd, data, at):
        used = sum(p.stat().st_size for p in self.root.rglob("*.swp"))
        room = self.size_max - used
        if room <= 0:
            raise OSError(self.error, os.strerror(self.error))
        return self.pwrite(fd, data[:room], at)


def test_a_full_disk_gives_up_the_oldest_rows_and_keeps_the_newest(session, monkeypatch):
    FullDisk(monkeypatch, session.parent, 40_000)
    log = log_of(session)
    for i in range(60):
        log.append(some_rows(i * 50, 50))
    log.close()
    first, *others = segments(session, "guardian")
    assert numbers(read_log(first)) == list(range(350)), "a replay begins there"
    got = read_log(*others)
    kept = numbers(got)
    assert kept == list(range(kept[0], 3000)), "whole rows, no gap, up to the newest"
    assert len(kept) > 500
    assert (log.lost, got.bytes_lost) == (0, 0)


def test_a_disk_with_room_for_less_than_one_append_loses_rows_counts_them_and_goes_on(session, monkeypatch):
    disk = FullDisk(monkeypatch, session.parent, 900)
    log = log_of(session)
    log.append(some_rows(0, 50))
    log.append(some_rows(50, 50))
    assert log.lost == 100
    disk.size_max = 1 << 20
    log.append(some_rows(100, 50))
    log.close()
    got = read_log(*segments(session, "guardian"))
    assert numbers(got) == list(range(100, 150))
    assert got.rows_lost == 100


def test_a_card_that_is_dead_costs_rows_but_no_older_files(session, monkeypatch):
    log = log_of(session)
    for i in range(20):
        log.append(some_rows(i * 50, 50))
    before = segments(session, "guardian")
    FullDisk(monkeypatch, session.parent, 0, errno.EIO)
    log.append(some_rows(1000, 50))
    log.append(some_rows(1050, 50))
    assert log.lost == 100
    assert set(before) <= set(segments(session, "guardian"))


def test_a_writer_that_comes_after_a_killed_one_goes_on_with_the_numbers(session):
    log = log_of(session)
    log.append(some_rows(0, 100))
    again = log_of(session)
    again.append(some_rows(100, 100))
    again.close()
    got = read_log(*segments(session, "guardian"))
    assert numbers(got) == list(range(200))
    assert got.rows_lost == 0
    assert got.restarts == (100,), "what the killed one had read and not written is in no number"
    assert [len(run) // ROW_BYTES for run in got.runs] == [100, 100]


@pytest.mark.parametrize("n_killed", [1, 3])
def test_a_writer_that_is_killed_before_its_first_row_leaves_the_numbers_to_the_next(session, n_killed):
    log = log_of(session)
    log.append(some_rows(0, 100))
    for _ in range(n_killed):
        log_of(session)._current()  # a file with a head, and no more
    again = log_of(session)
    again.append(some_rows(100, 50))
    again.close()
    got = read_log(*segments(session, "guardian"))
    assert [first for first, _ in got.pieces] == [0, 100]
    assert (got.rows_lost, got.rows_total) == (0, 150)


def test_the_numbers_go_on_though_all_files_with_rows_were_dropped(session):
    log = log_of(session)
    log.append(some_rows(0, 100))
    log_of(session)._current()
    segments(session, "guardian")[0].unlink()
    again = log_of(session)
    again.append(some_rows(100, 50))
    assert read_log(*segments(session, "guardian")).pieces[0][0] == 100


def test_a_writer_that_was_killed_before_it_made_a_file_is_told_too(session):
    log = SegmentedLog(session, "guardian", {}, Room(session.parent), is_again=True)
    log.append(some_rows(0, 10))
    assert read_log(*segments(session, "guardian")).restarts == (0,)


def test_only_the_first_file_after_a_kill_tells_of_it(session):
    log = log_of(session)
    for i in range(20):
        log.append(some_rows(i * 50, 50))
    assert len(segments(session, "guardian")) > 2
    assert read_log(*segments(session, "guardian")).restarts == ()


# Real processes ---------------------------------------------------------------------------------------------


def send(fd, rows):
    """Hand rows over as the processes do, whole chunks at a time; return how many bytes went."""
    port = LogPort(fd)
    port._waiting = rows
    port.flush()
    return len(rows) - len(port._waiting)


def handed_over(writer, name, rows, patience_s=60):
    """Hand all of `rows` over, however slow the writer is."""
    end_s = time.monotonic() + patience_s
    while rows:
        rows = rows[send(writer.ends[name], rows) :]
        if rows:
            assert time.monotonic() < end_s, "the writer does not read"
            time.sleep(0.002)


def test_the_log_writer_keeps_apart_what_two_processes_hand_over(session):
    writer = launch_log_writer(session, {"guardian": {"process": "guardian"}, "controller": {"x": b"\x01"}})
    handed_over(writer, "guardian", some_rows(0, 2500))
    handed_over(writer, "controller", some_rows(7, 30))
    writer.close()
    writer.close()
    assert processes(session) == ["controller", "guardian"]
    got = read_log(*segments(session, "guardian"))
    assert numbers(got) == list(range(2500))
    assert got.is_ended
    assert {"commit", "requirements", "wall_time", "wall_time_source", "process"} <= set(got.about)
    other = read_log(*segments(session, "controller"))
    assert numbers(other) == list(range(7, 37))
    assert other.about["x"] == "01"


ROWS_PER_S = 1000  # fewer than a guardian makes in a second


@pytest.mark.parametrize("kill", range(8))
def test_a_writer_that_is_killed_at_a_random_time_loses_less_than_a_second_of_rows(session, kill):
    """Counted in rows: those it had read and not yet brought to the disk. What waits in the pipe goes to the next."""
    draw = random.Random(kill)
    writer = launch_log_writer(session, {"guardian": {}})
    sent = 0
    try:
        for goes_on in (True, False):
            for _ in range(draw.randrange(5, 60)):
                n = draw.randrange(1, 200)
                handed_over(writer, "guardian", some_rows(sent, n))
                sent += n
            if goes_on:
                writer.process.send_signal(signal.SIGKILL)
                writer.process.wait()
                assert writer.mend()
                assert not writer.mend()
    finally:
        writer.close(60)
    found = read_log(*segments(session, "guardian"))
    assert len(found.restarts) == 1
    got = numbers(found)
    assert got == sorted(set(got)), "no row twice, none out of order"
    assert got[-1] == sent - 1, "what came after the kill is there to its end"
    assert sent - len(got) <= log_writer.ROWS_MAX <= ROWS_PER_S


SOURCE = """
import sys, time
from firmware_py.pi.guardian.log_port import LogPort
log = LogPort(int(sys.argv[1]))
i = 0
while True:
    for _ in range(5):
        log.note(3, i % 2**29, i)
        i += 1
    log.flush()
    print(i, flush=True)
    time.sleep(0.002)
"""


@pytest.mark.parametrize("kill", range(4))
def test_a_process_that_is_killed_has_handed_over_all_but_its_last_step(session, kill):
    """It said how many rows it had made after each step; what it had flushed by then must be in the log."""
    import sys

    writer = launch_log_writer(session, {"guardian": {}})
    source = subprocess.Popen(
        [sys.executable, "-c", SOURCE, str(writer.ends["guardian"])],
        pass_fds=[writer.ends["guardian"]],
        stdout=subprocess.PIPE,
        text=True,
        cwd=log_writer.__file__.rpartition("/firmware_py/")[0],
    )
    said = 0
    assert source.stdout is not None
    for _ in range(random.Random(kill).randrange(50, 400)):
        said = int(source.stdout.readline())
    source.send_signal(signal.SIGKILL)
    source.wait()
    source.stdout.close()
    writer.close(60)
    got = numbers(read_log(*segments(session, "guardian")))
    assert got == list(range(len(got)))
    assert len(got) >= said - (log_writer.PIPE_N // ROW_BYTES + 1), f"{len(got)} of at least {said} rows"


def test_on_a_small_disk_of_its_own_the_writer_goes_on(tmp_path):
    """A real file system of 1 MB, where this may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("mounting a tmpfs needs root; the same is tested with a disk that says it is full")
    try:
        session = new_session(disk / "logs")
        log = log_of(session, segment_max=200_000)
        for i in range(200):
            log.append(some_rows(i * 500, 500))  # 3.6 MB
        log.close()
        got = read_log(*segments(session, "guardian"))
        assert numbers(got)[-1] == 99_999
        assert len(numbers(got)) > 10_000
        assert log.lost == 0
    finally:
        subprocess.run(["umount", str(disk)], check=True)
