"""The settings store: what was kept survives a power cut at every byte, torn sectors and a lost folder entry."""

import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_py.pi.settings_files import FolderFiles
from firmware_py.settings import ENTRY_MAX_N, SEQUENCE_MAX, VALUE_MAX_N, VALUES_MAX, SettingsStore
from stimulator.prescription import canonical_bytes, default_prescription
from tests.mpy import settings_steps
from tests.mpy.host import run_under_micropython
from tests.torn_disk import Disk, PowerCut

OLD = {"prescription": canonical_bytes(default_prescription()), "failures": b"\x02", "checked": b""}
NEW = bytes(range(250)) * 3  # over two sectors


def disk_with(values):
    disk = Disk()
    store = SettingsStore(disk)
    for name, value in values.items():
        store.save(name, value)
    return disk


def read_all(disk, names):
    store = SettingsStore(disk)
    return {name: store.load(name) for name in names}


def test_what_was_saved_is_there_after_a_restart():
    assert read_all(disk_with(OLD), OLD) == OLD
    assert SettingsStore(Disk()).load("prescription") is None


def bytes_of(disk, act):
    before = disk.written
    act(SettingsStore(disk))
    return disk.written - before


@pytest.mark.parametrize("tears", [False, True])
def test_a_cut_at_every_byte_of_a_save_leaves_the_old_or_the_new(tears):
    total = bytes_of(disk_with(OLD), lambda store: store.save("prescription", NEW))
    seen = set()
    for cut in range(total):
        for seed in range(3):
            disk = disk_with(OLD)
            disk.cut_at, disk.tears, disk.choice = disk.written + cut, tears, random.Random(f"{cut} {seed}")
            with pytest.raises(PowerCut):
                SettingsStore(disk).save("prescription", NEW)
            disk.cut_at = None
            got = read_all(disk, OLD)
            assert got["failures"] == OLD["failures"], f"cut at {cut}, seed {seed}"
            assert got["prescription"] in (OLD["prescription"], NEW), f"cut at {cut}, seed {seed}"
            seen.add(got["prescription"] == NEW)
            SettingsStore(disk).save("failures", b"\x03")  # and it can go on
            after = read_all(disk, OLD)
            assert (after["failures"], after["prescription"]) == (b"\x03", got["prescription"])
    assert tears or seen == {False, True}, "a cut after the last byte but before the sync may leave either"


@pytest.mark.parametrize("tears", [False, True])
def test_a_cut_at_every_byte_of_the_very_first_save_leaves_nothing_or_the_new(tears):
    total = bytes_of(Disk(), lambda store: store.save("prescription", NEW))
    for cut in range(total):
        for seed in range(3):
            disk = Disk()
            disk.cut_at, disk.tears, disk.choice = cut, tears, random.Random(f"{cut} {seed}")
            with pytest.raises(PowerCut):
                SettingsStore(disk).save("prescription", NEW)
            disk.cut_at = None
            store = SettingsStore(disk)
            assert not store.is_damaged, f"cut at {cut}, seed {seed}"
            assert store.load("prescription") in (None, NEW)
            store.save("prescription", b"x")
            assert SettingsStore(disk).load("prescription") == b"x"


ENTRIES = [b"", b"one", b"two" * 100, bytes(300)]


def disk_with_list():
    disk = Disk()
    store = SettingsStore(disk)
    for entry in ENTRIES:
        store.append("history", entry)
    return disk


def entries(disk, name="history"):
    store = SettingsStore(disk)
    return [store.entry(name, i) for i in range(store.count(name))]


@pytest.mark.parametrize("tears", [False, True])
def test_a_cut_at_every_byte_of_an_append_leaves_the_list_with_or_without_the_entry(tears):
    new = bytes(range(200))
    total = bytes_of(disk_with_list(), lambda store: store.append("history", new))
    for cut in range(total):
        for seed in range(3):
            disk = disk_with_list()
            disk.cut_at, disk.tears, disk.choice = disk.written + cut, tears, random.Random(f"{cut} {seed}")
            with pytest.raises(PowerCut):
                SettingsStore(disk).append("history", new)
            disk.cut_at = None
            got = entries(disk)
            assert got in (ENTRIES, [*ENTRIES, new]), f"cut at {cut}, seed {seed}"
            SettingsStore(disk).append("history", b"next")
            assert entries(disk) == [*got, b"next"]


def test_a_cut_while_the_mirror_is_mended_loses_nothing():
    disk = disk_with_list()
    del disk.files["history.1"]
    disk.written = 0
    assert entries(disk) == ENTRIES
    total = disk.written
    assert total > 0
    assert disk.files["history.0"] == disk.files["history.1"]
    for cut in range(total):
        disk = disk_with_list()
        del disk.files["history.1"]
        disk.written, disk.cut_at, disk.tears, disk.choice = 0, cut, True, random.Random(cut)
        with pytest.raises(PowerCut):
            entries(disk)
        disk.cut_at = None
        assert entries(disk) == ENTRIES


@pytest.mark.parametrize("file", ["history.0", "history.1"])
@pytest.mark.parametrize("at", [0, 40, 100, 330, 600])
def test_a_dead_sector_in_one_file_of_a_list_is_healed_from_the_other(file, at):
    disk = disk_with_list()
    data = bytearray(disk.files[file])
    data[at : at + 64] = bytes(min(64, max(0, len(data) - at)))
    disk.files[file] = bytes(data)
    assert entries(disk) == ENTRIES
    other = "history.1" if file == "history.0" else "history.0"
    del disk.files[other]
    assert entries(disk) == ENTRIES, "it was healed, not only read around"


def test_an_entry_that_is_damaged_in_both_files_is_named_and_the_others_are_there():
    disk = disk_with_list()
    for file in ("history.0", "history.1"):
        data = bytearray(disk.files[file])
        data[40] ^= 1  # in entry 2
        disk.files[file] = bytes(data)
    store = SettingsStore(disk)
    assert store.count("history") == 4
    assert store.entry("history", 3) == ENTRIES[3]
    with pytest.raises(ValueError, match="Entry 2 of history is damaged in both files"):
        store.entry("history", 2)
    store.append("history", b"next")
    assert SettingsStore(disk).entry("history", 4) == b"next"
    with pytest.raises(ValueError, match="has no entry 5"):
        store.entry("history", 5)


def test_a_full_disk_refuses_an_entry_and_keeps_neither_half():
    disk = disk_with_list()
    store = SettingsStore(disk)
    original = disk.write

    def second_fails(name, at, data):
        if name == "history.1":
            raise OSError(28, "No space left on device")
        original(name, at, data)

    disk.write = second_fails
    with pytest.raises(OSError, match="No space"):
        store.append("history", b"new")
    disk.write = original
    assert entries(disk) == ENTRIES
    store.append("history", b"later")
    assert entries(disk) == [*ENTRIES, b"later"]


def test_a_save_that_fails_keeps_the_old_here_and_on_the_disk():
    disk = disk_with(OLD)
    store = SettingsStore(disk)
    disk.is_full = True
    with pytest.raises(OSError, match="No space"):
        store.save("failures", b"\x07")
    assert store.load("failures") == OLD["failures"]
    disk.is_full = False
    assert read_all(disk, OLD) == OLD


def test_when_both_images_are_damaged_nothing_is_made_up():
    disk = disk_with(OLD)
    for slot in ("settings.0", "settings.1"):
        data = bytearray(disk.files[slot])
        data[20] ^= 4
        disk.files[slot] = bytes(data)
    store = SettingsStore(disk)
    assert store.is_damaged
    with pytest.raises(ValueError, match="Both copies of the settings are damaged"):
        store.load("prescription")
    store.save("prescription", NEW)
    assert SettingsStore(disk).load("prescription") == NEW


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_one_damaged_image_gives_what_was_there_one_save_before(data):
    disk = disk_with(OLD)
    store = SettingsStore(disk)
    store.save("failures", b"\x05")
    slot = data.draw(st.sampled_from(["settings.0", "settings.1"]))
    image = bytearray(disk.files[slot])
    at = data.draw(st.integers(0, len(image) - 1))
    image[at] ^= 1 << data.draw(st.integers(0, 7))
    disk.files[slot] = bytes(image)
    assert SettingsStore(disk).load("failures") in (OLD["failures"], b"\x05")


def test_the_sequence_wraps_without_going_back_to_old_values():
    disk = Disk()
    store = SettingsStore(disk)
    store._sequence = SEQUENCE_MAX - 2
    for i in range(5):
        store.save("a", bytes([i]))
        assert SettingsStore(disk).load("a") == bytes([i])


def test_too_much_is_refused_before_anything_is_written():
    disk = disk_with(OLD)
    store = SettingsStore(disk)
    with pytest.raises(ValueError, match="a value may have"):
        store.save("big", bytes(VALUE_MAX_N + 1))
    with pytest.raises(ValueError, match="allowed are 0 to"):
        store.append("history", bytes(ENTRY_MAX_N + 1))
    with pytest.raises(ValueError, match="a value may have"):
        store.save("", b"")
    for i in range(VALUES_MAX - len(OLD)):
        store.save(f"v{i}", bytes(3))
    with pytest.raises(ValueError, match="Use another name"):
        store.save("one more", b"")
    assert read_all(disk, OLD) == OLD
    store.save("v0", bytes(VALUE_MAX_N))
    store.append("history", bytes(ENTRY_MAX_N))
    assert SettingsStore(disk).load("v0") == bytes(VALUE_MAX_N)
    assert entries(disk) == [bytes(ENTRY_MAX_N)]


def test_on_a_pi_the_files_are_private_and_read_back(tmp_path):
    files = FolderFiles(tmp_path / "settings")
    store = SettingsStore(files)
    store.save("prescription", NEW)
    store.save("prescription", b"short")
    for entry in ENTRIES:
        store.append("history", entry)
    again = SettingsStore(FolderFiles(tmp_path / "settings"))
    assert again.load("prescription") == b"short"
    assert [again.entry("history", i) for i in range(again.count("history"))] == ENTRIES
    assert (tmp_path / "settings").stat().st_mode & 0o077 == 0
    assert (tmp_path / "settings" / "settings.0").stat().st_mode & 0o077 == 0


def test_on_a_pi_file_and_folder_are_synced_before_a_write_returns(tmp_path, monkeypatch):
    done = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: done.append(os.readlink(f"/proc/self/fd/{fd}")) or fsync(fd))
    files = FolderFiles(tmp_path / "s")
    files.write("a", 0, b"one")
    assert done == [str(tmp_path / "s/a"), str(tmp_path / "s")]
    files.write("a", 1, b"two")
    assert done[2:] == [str(tmp_path / "s/a")], "the folder knows the file already"
    assert files.read("a", 0, 99) == b"otwo"
    assert files.size("a") == 4
    assert files.size("b") == -1


@pytest.mark.parametrize("compiled", [False, True], ids=["from source", "from mpy"])
def test_micropython_writes_the_same_bytes(compiled):
    board = run_under_micropython(Path(settings_steps.__file__), compiled=compiled)
    assert board.strip().splitlines() == settings_steps.run()
    assert settings_steps.run()[0].endswith(" 1")
