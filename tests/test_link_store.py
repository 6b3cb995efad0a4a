"""What the link keeps on a disk: whole or not at all, private, and damage is never taken for a value."""

import errno
import os
import random
import stat
from pathlib import Path

import pytest

from firmware_py.blackbox import ROW_BYTES
from firmware_py.link.unlock import Users
from firmware_py.pi.console import UserError, sentence_of
from firmware_py.pi.link_log import FileLog, SessionLog
from firmware_py.pi.link_store import FileStore, SystemChance
from firmware_py.pi.link_users import add_user, checked_pin, key_of
from firmware_py.pi.log_file import LogFile
from tests.link_rig import there
from tests.mpy.link_session import MemoryStore


@pytest.fixture
def store(tmp_path):
    return FileStore(tmp_path / "link")


def test_what_was_saved_is_there_after_a_restart(store, tmp_path):
    assert store.load("key") is None
    store.save("key", b"one")
    store.save("key", b"two")
    store.append("history", b"a")
    store.append("history", b"b")
    again = FileStore(tmp_path / "link")
    assert again.load("key") == b"two"
    assert (again.count("history"), again.entry("history", 0), again.entry("history", 1)) == (2, b"a", b"b")
    assert again.count("nothing") == 0


def test_files_and_folder_are_for_their_owner_alone(store, tmp_path):
    store.save("key", b"one")
    store.append("history", b"a")
    folder = tmp_path / "link"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()} == {0o600}
    folder.chmod(0o750)
    with pytest.raises(UserError, match="chmod 700"):
        FileStore(folder)


@pytest.mark.parametrize("at", range(7))
def test_one_changed_bit_in_a_saved_thing_is_noticed(store, tmp_path, at):
    store.save("key", b"one")
    path = tmp_path / "link/key.bin"
    data = bytearray(path.read_bytes())
    data[at] ^= 4
    path.write_bytes(data)
    with pytest.raises(ValueError, match="damaged"):
        store.load("key")


@pytest.mark.parametrize("n", range(4))
def test_a_saved_thing_cut_short_is_noticed(store, tmp_path, n):
    store.save("key", b"one")
    path = tmp_path / "link/key.bin"
    path.write_bytes(path.read_bytes()[:n])
    with pytest.raises(ValueError, match="damaged"):
        store.load("key")


@pytest.mark.parametrize("cut", range(1, 11))
def test_an_entry_cut_by_a_power_failure_never_counted_and_the_list_goes_on(store, tmp_path, cut):
    store.append("history", b"first")
    path = tmp_path / "link/history.list"
    whole = path.stat().st_size
    store.append("history", b"second")
    with path.open("r+b") as file:
        file.truncate(whole + cut)
    again = FileStore(tmp_path / "link")
    assert again.count("history") == 1
    again.append("history", b"third")
    assert FileStore(tmp_path / "link").entry("history", 1) == b"third"


@pytest.mark.parametrize("cut", [1, 7, 8, 9])
def test_an_entry_cut_at_the_end_of_a_long_list_is_a_power_cut_too(store, tmp_path, cut):
    for n in range(3):
        store.append("history", bytes([n + 1]) * 40_000)
    path = tmp_path / "link/history.list"
    path.write_bytes(path.read_bytes()[: 2 * 40_008 + cut])
    assert FileStore(tmp_path / "link").count("history") == 2


def test_a_damaged_length_does_not_swallow_what_follows(store, tmp_path):
    for entry in (b"first", b"second"):
        store.append("history", entry)
    path = tmp_path / "link/history.list"
    data = bytearray(path.read_bytes())
    data[2] ^= 4
    path.write_bytes(data)
    with pytest.raises(UserError, match="not whole"):
        FileStore(tmp_path / "link").count("history")
    assert path.read_bytes() == data


def test_damage_inside_a_list_is_said(store, tmp_path):
    for entry in (b"first", b"second"):
        store.append("history", entry)
    path = tmp_path / "link/history.list"
    data = bytearray(path.read_bytes())
    data[9] ^= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match="not whole"):
        FileStore(tmp_path / "link").count("history")


def test_an_entry_without_a_byte_is_refused_as_zeros_on_the_disk_would_be_one(store):
    for entry in (b"", bytes(65_537)):
        with pytest.raises(ValueError, match="allowed are 1 to 65536"):
            store.append("history", entry)
    assert store.count("history") == 0


@pytest.mark.parametrize("n", [1, 7, 8, 9, 40, 4096])
@pytest.mark.parametrize("cut", [0, 3, 8, 10])
def test_zeros_at_the_end_of_a_list_after_a_power_cut_are_no_entries(store, tmp_path, n, cut):
    """The size of a file is often on the disk before what was written; it reads as zeros then."""
    store.append("history", b"first")
    path = tmp_path / "link/history.list"
    whole = path.read_bytes()
    store.append("history", b"second")
    path.write_bytes(path.read_bytes()[: len(whole) + cut] + bytes(n if not cut else 14 - cut))
    again = FileStore(tmp_path / "link")
    assert again.count("history") == 1
    again.append("history", b"third")
    last = FileStore(tmp_path / "link")
    assert [last.entry("history", i) for i in range(last.count("history"))] == [b"first", b"third"]


@pytest.mark.parametrize("taken", [0, 1, 7, 8, 11])
@pytest.mark.parametrize("is_truncated", [True, False])
def test_an_entry_that_the_disk_took_in_part_never_was_and_the_next_one_is_whole(
    store, tmp_path, monkeypatch, taken, is_truncated
):
    store.append("history", b"first")
    pwrite, truncate = os.pwrite, os.ftruncate
    left = [taken]

    def full(fd, data, at):
        if not left[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        n = pwrite(fd, data[: left[0]], at)
        left[0] -= n
        return n

    def refuse(fd, n):
        if n < os.fstat(fd).st_size:
            raise OSError(errno.EIO, "Input/output error")
        truncate(fd, n)

    monkeypatch.setattr("os.pwrite", full)
    if not is_truncated:
        monkeypatch.setattr("os.ftruncate", refuse)
    with pytest.raises(OSError, match="No space"):
        store.append("history", b"second")
    monkeypatch.undo()
    assert FileStore(tmp_path / "link").count("history") == 1
    store.append("history", b"third")
    again = FileStore(tmp_path / "link")
    assert [again.entry("history", i) for i in range(again.count("history"))] == [b"first", b"third"]


GARBAGE = {
    "zeros": bytes(64),
    "ones": b"\xff" * 64,
    "text": b"what is this\n" * 9,
    "nothing": b"",
    "chance": random.Random(9).randbytes(300),
}


@pytest.mark.parametrize("what", GARBAGE)
def test_garbage_in_any_file_is_a_sentence_or_nothing(store, tmp_path, what):
    store.save("key", b"one")
    store.append("history", b"first")
    store.append("history", b"second")
    for name in ("key.bin", "history.list"):
        (tmp_path / "link" / name).write_bytes(GARBAGE[what])
    again = FileStore(tmp_path / "link")
    with pytest.raises(UserError, match="damaged") as said:
        again.load("key")
    assert sentence_of(said.value)
    if what in ("zeros", "nothing"):  # as after a power cut
        assert again.count("history") == 0
    else:
        with pytest.raises(UserError, match="not whole"):
            again.count("history")


def test_what_may_not_be_read_is_a_sentence(store, tmp_path, monkeypatch):
    store.save("key", b"one")
    store.append("history", b"first")

    def refuse(path, *_):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    again = FileStore(tmp_path / "link")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    for ask in (lambda: again.load("key"), lambda: again.count("history")):
        with pytest.raises(UserError, match=r"cannot be used \(Permission denied\)"):
            ask()
    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(UserError, match="cannot be used"):
        FileStore(tmp_path / "link")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be used"):
        FileStore(tmp_path / "file")


@pytest.mark.parametrize("name", ["", "../key", "a/b", "Key", "a.b"])
def test_a_name_leads_nowhere_but_into_the_folder(store, name):
    with pytest.raises(ValueError, match="no name"):
        store.save(name, b"")


def test_a_save_that_cannot_be_finished_leaves_the_old_one(store, tmp_path, monkeypatch):
    store.save("key", b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.save("key", b"new")
    monkeypatch.undo()
    assert FileStore(tmp_path / "link").load("key") == b"old"


def test_chance_is_never_the_same_twice():
    assert len({SystemChance().fill(16) for _ in range(100)}) == 100


# PINs --------------------------------------------------------------------------------------------


def test_a_user_is_kept_with_a_key_and_not_with_the_pin():
    store = MemoryStore()
    add_user(store, "Ada", "engineer", "481516")
    user = there(Users(store).find("Ada"))
    assert (user.role, user.rounds) == (4, 200_000)
    assert user.key == key_of("481516", user.salt, 200_000)
    assert b"481516" not in there(store.load("users"))


@pytest.mark.parametrize("pin", ["", "12345", "x" * 65])
def test_a_pin_too_short_or_too_long_is_refused(pin):
    with pytest.raises(UserError, match="allowed is 6 to 64"):
        checked_pin(pin)


@pytest.mark.parametrize("pin", ["000000", "121212", "123456", "654321", "345678"])
def test_a_pin_that_anybody_would_try_first_is_refused(pin):
    with pytest.raises(UserError, match="first that anybody would try"):
        checked_pin(pin)


def test_a_ninth_user_has_no_place():
    store = MemoryStore()
    for n in range(8):
        add_user(store, f"User {n}", "therapist", "481516")
    with pytest.raises(UserError, match="as many users"):
        add_user(store, "one more", "therapist", "481516")


# The black box, record by record -----------------------------------------------------------------


def rows(first, count):
    return b"".join(bytes([n & 255]) * ROW_BYTES for n in range(first, first + count))


def test_a_log_is_read_record_by_record_while_it_grows(tmp_path):
    log = LogFile(tmp_path / "log.swp", {"a": 1})
    log.append(rows(0, 10))
    source = FileLog(tmp_path / "log.swp")
    assert (source.first(), source.end()) == (0, 10)
    log.append(rows(10, 1_500))
    log.append(rows(1_510, 3))
    assert source.end() == 1_513
    for number in (0, 9, 10, 1_009, 1_010, 1_509, 1_510, 1_512):
        assert source.read(number) == bytes([number & 255]) * ROW_BYTES
    assert source.read(1_513) is None
    assert source.read(-1) is None
    log.close()
    source.close()


def test_a_frame_that_is_still_being_written_is_waited_for(tmp_path):
    path = tmp_path / "log.swp"
    log = LogFile(path, {})
    log.append(rows(0, 4))
    first_n = log.size
    log.append(rows(4, 4))
    whole = path.read_bytes()
    log.leave()
    for cut in range(1, len(whole) - first_n + 1):
        path.write_bytes(whole[:-cut])
        source = FileLog(path)
        assert source.end() == 4
        with path.open("ab") as file:
            file.write(whole[-cut:])
        assert source.end() == 8
        assert source.read(7) == bytes([7]) * ROW_BYTES
        source.close()


def test_a_damaged_frame_is_left_out_and_the_rest_is_read(tmp_path):
    path = tmp_path / "log.swp"
    log = LogFile(path, {})
    for n in range(3):
        log.append(rows(4 * n, 4))
    log.close()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    source = FileLog(path)
    assert source.end() == 8
    assert source.read(7) == bytes([11]) * ROW_BYTES
    source.close()


def test_another_log_has_another_epoch_and_no_log_is_none(tmp_path):
    found = set()
    for n in range(3):
        path = tmp_path / f"{n}.swp"
        LogFile(path, {"run": n}).close()
        source = FileLog(path)
        found.add(source.epoch)
        source.close()
    assert len(found) == 3
    (tmp_path / "other").write_text("no log\n")
    with pytest.raises(ValueError, match="is not a log"):
        FileLog(tmp_path / "other")


def test_the_log_of_a_session_goes_on_over_its_files_and_there_may_be_none_yet(tmp_path):
    source = SessionLog(tmp_path, "controller")
    assert (source.end(), source.read(0)) == (0, None)
    rows = []
    for number in (1, 2):
        log = LogFile(tmp_path / f"controller-{number:04d}.swp", {"process": "controller"}, len(rows))
        added = [bytes([number, i]) * (ROW_BYTES // 2) for i in range(3)]
        log.append(b"".join(added))
        log.close()
        rows += added
        assert source.end() == len(rows)
    (tmp_path / "guardian-0001.swp").write_bytes(b"of another process")
    (tmp_path / "controller-0003.swp").write_bytes(b"SW")  # its head is still being written
    assert [source.read(i) for i in range(7)] == [*rows, None]
    assert source.first() == 0
    source.close()
    assert source.epoch == SessionLog(tmp_path, "controller").epoch != SessionLog(tmp_path, "guardian").epoch
