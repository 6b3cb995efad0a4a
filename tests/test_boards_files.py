"""What a board keeps: its setup, its settings, its log; and what it refuses."""

import binascii
import json
import struct
from pathlib import Path

import pytest

from firmware_py import blackbox
from firmware_py import board_setup as setup
from safety import reasons
from stimulator.drivers.devices import OUTPUT_STAGE
from tests.fake_board import fake_board

HEAD_N = 8


@pytest.fixture
def rig(tmp_path):
    with fake_board(tmp_path) as rig:
        yield rig


# Setup ----------------------------------------------------------------------------------------------------


def test_defaults_fill_what_is_not_written():
    found = setup.read_setup('{"board": "rp2"}')
    assert (found.side, found.place, found.imu) == ("right", "foot", "lsm6dsox")
    assert setup.profile_of(found).device == OUTPUT_STAGE


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not JSON"),
        ("[1]", "holds no object"),
        ("{}", "board is None"),
        ('{"board": "pico"}', "known are rp2, esp32, stage"),
        ('{"board": "rp2", "sid": "left"}', "has the field sid; known are board, side"),
        ('{"board": "rp2", "side": "both"}', "known are right, left"),
        ('{"board": "rp2", "place": "hip"}', "known are foot, shank"),
        ('{"board": "rp2", "has_switch": 1}', "must be of the kind bool"),
        ('{"board": "rp2", "log_rows": true}', "must be of the kind int"),
        ('{"board": "rp2", "log_rows": 99}', "allowed is 100 to 5000"),
        ('{"board": "rp2", "imu": "mpu6050"}', "known are lsm6dsox, bmi270"),
        ('{"board": "rp2", "axes": ["+x", "+y", "-z"]}', "mirror image"),
        ('{"board": "rp2", "battery_full_mv": 50}', "at least 100 above"),
        ('{"board": "rp2", "battery_full_mv": 9000}', "allowed is 0 to 6500"),
    ],
)
def test_a_setup_that_is_wrong_is_refused_with_a_sentence(text, says):
    with pytest.raises(setup.SetupError, match=says):
        setup.read_setup(text)


def test_every_imu_of_a_setup_is_one_that_a_board_can_read(rig):
    assert tuple(part.name for part in rig.board("imu_parts").PARTS) == setup.IMUS


def test_every_field_of_a_setup_is_read():
    given = {
        "board": "esp32",
        "side": "left",
        "place": "shank",
        "has_switch": False,
        "imu": "bmi270",
        "axes": ["-x", "-y", "+z"],
        "wearer": "w1",
        "electrodes": "5x5",
        "battery_empty_mv": 3300,
        "battery_full_mv": 4100,
        "log_rows": 500,
    }
    assert setup.read_setup(json.dumps(given))._asdict() == given


# Files ----------------------------------------------------------------------------------------------------


def test_the_store_s_files_grow_are_cut_and_are_replaced_whole(rig, tmp_path):
    files = rig.board("board_files").BoardFiles(str(tmp_path / "kept"))
    assert files.size("a") == -1
    files.write("a", 0, b"first")
    files.write("a", 5, b" second")
    assert files.read("a", 0, 99) == b"first second"
    files.write("a", 5, b"!")
    assert files.read("a", 0, 99) == b"first!"
    assert files.size("a") == 6
    files.write("a", 0, b"anew")
    assert files.read("a", 1, 2) == b"ne"
    long = bytes(range(256)) * 4
    files.write("b", 0, long)
    files.write("b", 700, b"end")
    assert files.read("b", 0, 2_000) == long[:700] + b"end"
    assert not list((tmp_path / "kept").glob("*.new"))


def test_a_cut_while_a_file_is_rewritten_leaves_the_old_one(rig, tmp_path, monkeypatch):
    module = rig.board("board_files")
    files = module.BoardFiles(str(tmp_path / "kept"))
    files.write("a", 0, b"old")
    monkeypatch.setattr(module.os, "rename", lambda *_: (_ for _ in ()).throw(OSError("power is gone")))
    with pytest.raises(OSError, match="power"):
        files.write("a", 0, b"new")
    assert files.read("a", 0, 9) == b"old"


def test_a_place_beyond_the_end_is_refused(rig, tmp_path):
    files = rig.board("board_files").BoardFiles(str(tmp_path / "kept"))
    files.write("a", 0, b"abc")
    with pytest.raises(OSError, match="5"):
        files.write("a", 7, b"x")
    assert files.read("a", 0, 9) == b"abc"


def test_a_folder_that_cannot_be_made_is_said_so(rig, tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        rig.board("board_files").BoardFiles(str(tmp_path / "nowhere" / "kept"))


# Log ------------------------------------------------------------------------------------------------------


def blocks(path: Path):
    """Return (about, rows) of a log file; fails on a broken block."""
    data = path.read_bytes()
    rows, about, at = [], "", 0
    while at < len(data):
        if data[at : at + 4] == b"SWB1":
            (n,) = struct.unpack_from("<H", data, at + 4)
            about = data[at + 6 : at + 6 + n].decode()
            at += 6 + n
            continue
        sync, n, crc = struct.unpack_from("<2sHI", data, at)
        assert sync == b"\xb7\x5d"
        body = data[at + HEAD_N : at + HEAD_N + n]
        assert binascii.crc32(body) == crc
        rows += blackbox.rows(body)
        at += HEAD_N + n
    return about, rows


@pytest.fixture
def log_of(rig, tmp_path):
    module = rig.board("ram_log")
    module.FILES = (str(tmp_path / "log.0"), str(tmp_path / "log.1"))
    return module


def test_until_the_first_arm_only_what_happens_is_kept(log_of):
    log = log_of.RamLog(100)
    for i in range(50):
        log.note(blackbox.SAMPLE, i, i)
        log.note(blackbox.CYCLE, i, i)
    log.note(blackbox.DEVICE, 60, 1)
    log.note(blackbox.RESULT, 61, 0, 0, 0, 0, 0, reasons.OK)
    log.note(blackbox.RESULT, 62, 0, 0, 0, 0, 0, reasons.DISARMED)
    assert log.newest.drain() == b""
    assert [t_us for _, t_us, _ in blackbox.rows(log.events.drain())] == [60, 62]


def test_after_a_stop_the_newest_rows_stand_still_until_the_next_arm(log_of):
    log = log_of.RamLog(100)
    log.go()
    for i in range(250):
        log.note(blackbox.SAMPLE, i, i)
    log.hold()
    for i in range(250, 300):
        log.note(blackbox.SAMPLE, i, i)
    rows = list(blackbox.rows(log.newest.drain()))
    assert (rows[0][0], rows[0][2][0]) == (blackbox.LOST, 150)
    assert [t_us for _, t_us, _ in rows[1:]] == list(range(150, 250))
    log.go()
    log.note(blackbox.SAMPLE, 400, 0)
    assert len(log.newest.drain()) == blackbox.ROW_BYTES


def test_a_log_is_written_page_by_page_and_reads_back(log_of, tmp_path):
    log = log_of.RamLog(100)
    writer = log_of.LogWriter(log, b"build 1")
    log.go()
    for i in range(90):
        log.note(blackbox.SAMPLE, i, -i, 2, 3)
    log.note(blackbox.ARMED, 90, 1)
    pages = 0
    while writer.step():
        pages += 1
        assert (tmp_path / "log.0").stat().st_size < 100 + pages * 270
    assert pages == 1 + 13
    about, rows = blocks(tmp_path / "log.0")
    assert about == "build 1"
    assert [row[1] for row in rows] == [90, *range(90), 90]
    assert rows[5][2][0] == -4


def test_two_files_take_turns_and_the_older_one_stays_until_the_newer_is_full(log_of, tmp_path):
    log_of.FILE_MAX_N = 2_000
    log = log_of.RamLog(1_000)
    writer = log_of.LogWriter(log, b"b")
    log.go()
    t_us = 0
    for _ in range(6):
        for _ in range(21):
            t_us += 1
            log.note(blackbox.SAMPLE, t_us, 0)
        while writer.step():
            assert all(p.stat().st_size <= 2_000 for p in tmp_path.glob("log.*"))
    last = [row[1] for name in ("log.0", "log.1") for row in blocks(tmp_path / name)[1]]
    assert max(last) == t_us
    assert len(last) > 45
    again = log_of.LogWriter(log, b"c")
    assert again._file == writer._file, "after a start it goes on in the same one"


def test_a_torn_page_is_found_by_its_checksum(log_of, tmp_path):
    log = log_of.RamLog(100)
    writer = log_of.LogWriter(log, b"b")
    log.note(blackbox.ARMED, 1, 1)
    writer.step()
    data = bytearray((tmp_path / "log.0").read_bytes())
    data[-3] ^= 1
    (tmp_path / "log.0").write_bytes(data)
    with pytest.raises(AssertionError):
        blocks(tmp_path / "log.0")
