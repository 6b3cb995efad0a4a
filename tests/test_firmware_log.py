"""The black box: rows in memory, frames on disk, and what a damaged file still gives."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_py import blackbox
from firmware_py.pi.log_file import LogFile, read_log

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
    assert [t for _, t, _ in blackbox.rows(ring.drain())] == list(range(n - 50, n))


def test_what_was_drained_does_not_come_again():
    ring = ring_with(10)
    ring.drain()
    assert ring.drain() == b""
    ring.note(blackbox.ARMED, 7, 1)
    assert [k for k, _, _ in blackbox.rows(ring.drain())] == [blackbox.ARMED]


def test_every_kind_names_its_seven_values():
    kinds = {v for k, v in vars(blackbox).items() if k.isupper() and isinstance(v, int) and k != "ROW_BYTES"}
    assert set(blackbox.KINDS) == kinds
    assert all(len(names.split()) == 7 for _, names in blackbox.KINDS.values())


def write(path, frames=6, rows_each=5):
    log = LogFile(path, {"who": "test"})
    for f in range(frames):
        ring = blackbox.RowRing(50)
        for i in range(rows_each):
            ring.note(blackbox.CYCLE, f * rows_each + i, 1)
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
    assert (got.frames_lost, got.bytes_lost) == (0, 0)


def test_long_appends_are_split_into_frames(tmp_path):
    log = LogFile(tmp_path / "a.swp", {})
    ring = blackbox.RowRing(4000)
    for i in range(4000):
        ring.note(blackbox.CYCLE, i, 1)
    log.append(ring.drain())
    log.append(b"")
    log.close()
    assert times(read_log(tmp_path / "a.swp")) == list(range(4000))


def test_a_cut_at_every_byte_loses_at_most_the_last_frame(tmp_path):
    data = write(tmp_path / "a.swp").read_bytes()
    frame = 8 + 5 * ROW + 4
    head = len(data) - 6 * frame
    for cut in range(head, len(data)):
        (tmp_path / "b.swp").write_bytes(data[:cut])
        whole = (cut - head) // frame
        assert times(read_log(tmp_path / "b.swp")) == list(range(5 * whole)), f"cut at {cut}"


def test_a_cut_inside_the_head_is_no_error(tmp_path):
    data = write(tmp_path / "a.swp").read_bytes()
    for cut in range(40):
        (tmp_path / "b.swp").write_bytes(data[:cut])
        assert read_log(tmp_path / "b.swp").rows == b""


@settings(max_examples=80)
@given(st.data())
def test_one_flipped_bit_costs_one_frame_and_is_reported(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("log") / "a.swp"
    whole = bytearray(write(path).read_bytes())
    frame = 8 + 5 * ROW + 4
    at = data.draw(st.integers(len(whole) - 6 * frame, len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(bytes(whole))
    got = read_log(path)
    hit = (at - (len(whole) - 6 * frame)) // frame
    assert times(got) == [t for t in range(30) if t // 5 != hit]
    assert got.bytes_lost == frame
    assert got.frames_lost == (1 if hit < 5 else 0), "the last frame has no successor that shows the gap"


def test_a_dead_sector_in_the_middle_costs_what_it_covers(tmp_path):
    path = write(tmp_path / "a.swp", frames=100)
    data = bytearray(path.read_bytes())
    data[6000:10_096] = bytes(4096)
    path.write_bytes(bytes(data))
    got = read_log(path)
    assert got.frames_lost in range(21, 24)
    assert len(times(got)) == 5 * (100 - got.frames_lost)
