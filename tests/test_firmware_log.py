"""The black box: rows in memory, frames on disk, and what a damaged file still gives."""

import random
import zlib

import pytest

from firmware_py import acts, blackbox, row_names
from firmware_py.pi import log_file
from firmware_py.pi.log_file import LogFile, read_log
from firmware_py.pi.log_rows import pieces_of

ROW = 36


def ring_with(n, rows_max=50):
    ring = blackbox.RowRing(rows_max)
    for i in range(n):
        ring.note(blackbox.STATE, i, i, -i, 2**30 - 1, -(2**30), 0, 1, 2)
    return ring


@pytest.mark.parametrize("n", [0, 1, 49, 50])
def test_rows_come_back_in_order(n):
    data = ring_with(n).drain()
    got = list(blackbox.rows(data))
    assert [t for _, t, _ in got] == list(range(n))
    if n:
        assert got[-1] == (blackbox.STATE, n - 1, (n - 1, 1 - n, 2**30 - 1, -(2**30), 0, 1, 2))


@pytest.mark.parametrize("n", [51, 99, 100, 137])
def test_a_full_ring_keeps_the_newest_and_counts_the_lost(n):
    ring = ring_with(n)
    assert ring.lost == n - 50
    first, *kept = blackbox.rows(ring.drain())
    assert first == (blackbox.LOST, n - 50, (n - 50, 0, 0, 0, 0, 0, 0)), "the log itself says so"
    assert [t for _, t, _ in kept] == list(range(n - 50, n))
    ring.note(blackbox.CYCLE, n, 0)
    assert [k for k, _, _ in blackbox.rows(ring.drain())] == [blackbox.CYCLE], "and once only"


def test_what_was_drained_does_not_come_again():
    ring = ring_with(10)
    ring.drain()
    assert ring.drain() == b""
    ring.note(blackbox.ARMED, 7, 1)
    assert [k for k, _, _ in blackbox.rows(ring.drain())] == [blackbox.ARMED]


def test_every_kind_names_its_seven_values():
    named = list(row_names.KINDS) + list(row_names.BYTES)
    assert sorted(named) == list(range(1, len(named) + 1))
    kinds = {v for k, v in vars(blackbox).items() if k in {n.upper() for n, _ in row_names.KINDS.values()}}
    assert kinds == set(row_names.KINDS)
    assert {vars(blackbox)[name.upper()] for name in row_names.BYTES.values()} == set(row_names.BYTES)
    assert all(len(names.split()) == 7 for _, names in row_names.KINDS.values())


def write(path, frames=6, rows_each=5):
    log = LogFile(path, {"who": "test"})
    for f in range(frames):
        ring = blackbox.RowRing(rows_each)
        for i in range(rows_each):
            ring.note(blackbox.CYCLE, f * rows_each + i, 1, (f * 7919 + i * 104729) % 2**29)
        log.append(ring.drain())
    log.close()
    log.close()
    return path


def times(recovered):
    return [t for _, t, _ in blackbox.rows(recovered.rows)]


def test_a_whole_file_is_read_back(tmp_path):
    got = read_log(write(tmp_path / "a.swp"))
    assert got.about == {"who": "test"}
    assert times(got) == list(range(30))
    assert (got.rows_lost, got.bytes_lost, got.is_ended) == (0, 0, True)


def test_long_appends_are_split_into_frames(tmp_path):
    log = LogFile(tmp_path / "a.swp", {})
    ring = blackbox.RowRing(4000)
    for i in range(4000):
        ring.note(blackbox.CYCLE, i, 1)
    log.append(ring.drain())
    log.append(b"")
    log.close()
    assert times(read_log(tmp_path / "a.swp")) == list(range(4000))


def frames_of(data):
    """Return (start, end, rows) of each frame of rows of a file that is whole."""
    found, at = [], len(log_file.MAGIC)
    while at < len(data):
        frame = log_file.frame_at(data, at)
        assert frame is not None
        kind, payload, size = frame
        body = payload[4:]
        rows = {log_file.ROWS: len(body), log_file.PACKED: 0}.get(kind)
        if kind == log_file.PACKED:
            rows = len(zlib.decompress(body))
        if rows is not None:
            found.append((at, at + size, rows // ROW))
        at += size
    return found


def test_a_cut_at_every_byte_loses_at_most_the_last_frame(tmp_path):
    data = write(tmp_path / "a.swp").read_bytes()
    frames = frames_of(data)
    assert len(frames) == 6
    for cut in range(frames[0][0], len(data)):
        (tmp_path / "b.swp").write_bytes(data[:cut])
        whole = sum(end <= cut for _, end, _ in frames)
        got = read_log(tmp_path / "b.swp")
        assert times(got) == list(range(5 * whole)), f"cut at {cut}"
        assert not got.is_ended


def test_a_cut_inside_the_head_is_no_error(tmp_path):
    data = write(tmp_path / "a.swp").read_bytes()
    for cut in range(frames_of(data)[0][0]):
        (tmp_path / "b.swp").write_bytes(data[:cut])
        assert read_log(tmp_path / "b.swp").rows == b""


def test_one_flipped_bit_anywhere_is_found_out_and_costs_one_frame(tmp_path):
    path = tmp_path / "a.swp"
    whole = write(path).read_bytes()
    frames = frames_of(whole)
    for at in range(len(whole)):
        for bit in range(8):
            hurt = bytearray(whole)
            hurt[at] ^= 1 << bit
            path.write_bytes(hurt)
            got = read_log(path)
            hit = [i for i, (start, end, _) in enumerate(frames) if start <= at < end]
            assert times(got) == [t for t in range(30) if t // 5 not in hit]
            assert got.bytes_lost > 0
            assert got.rows_lost == (5 if hit else 0), "after the last frame the word at the end shows it"
            assert got.is_ended == (at < frames[-1][1])
            assert got.about in ({"who": "test"}, {})


@pytest.mark.parametrize(("frames", "rows_each"), [(400, 5), (100, 200)])
def test_a_dead_sector_in_the_middle_costs_what_it_covers(tmp_path, frames, rows_each):
    path = write(tmp_path / "a.swp", frames=frames, rows_each=rows_each)
    data = bytearray(path.read_bytes())
    hit = [n for start, end, n in frames_of(bytes(data)) if start < 8192 and end > 4096]
    data[4096:8192] = bytes(4096)
    path.write_bytes(bytes(data))
    got = read_log(path)
    assert got.rows_lost == sum(hit)
    assert len(times(got)) == frames * rows_each - sum(hit)
    assert got.is_ended


def test_rows_that_do_not_pack_are_kept_as_they_are(tmp_path):
    log = LogFile(tmp_path / "a.swp", {})
    rows = random.Random(1).randbytes(10 * ROW)
    log.append(rows)
    log.append(bytes(10 * ROW))
    log.close()
    assert read_log(tmp_path / "a.swp").rows == rows + bytes(10 * ROW)


def test_bytes_are_kept_in_as_many_rows_as_they_need(tmp_path):
    ring = blackbox.RowRing(50)
    sent = bytes(range(256)) * 2
    for n in (0, 1, 27, 28, 29, 56, 57, 300):
        ring.note_bytes(blackbox.SENT, 7, bytearray(sent), n)
    got = [row.data for row in pieces_of(ring.drain()) if row.kind == blackbox.SENT]
    assert got == [sent[:n] for n in (1, 27, 28, 29, 56, 57, 300)]


def test_steps_share_a_row_until_something_is_noted():
    ring = blackbox.RowRing(50)
    steps = acts.StepLog(ring)
    times_us = [2**30 - 1500, 2**30 - 500, 500, 1500, 2500, 3500, 4500, 5500, 6500]
    for t_us in times_us:
        steps.stepped(t_us)
    steps.note(blackbox.ARMED, 6500, 1)
    steps.stepped(6000)
    steps.stepped(5000)
    steps.flush()
    steps.flush()
    got = pieces_of(ring.drain())
    assert [row.kind for row in got] == [9, 9, blackbox.ARMED, 9, 9], (
        "a clock that goes back begins a new row"
    )
    assert [t for row in got if row.kind == blackbox.STEPS for t in row.steps_us()] == [*times_us, 6000, 5000]
