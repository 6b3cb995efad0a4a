"""A card that hangs: the stop does not wait for it, and what was refused is not there when it goes on."""

import os
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from firmware_py.link import gatt, ops, values
from firmware_py.pi import timed_store
from firmware_py.pi.link_store import FileStore
from firmware_py.pi.run import link as link_process
from firmware_py.pi.run.link import LinkProcess, LinkSpec
from firmware_py.pi.timed_store import TimedStore
from stimulator.prescription import canonical_bytes, default_prescription
from tests.link_rig import NotedDevice, Rig, in_use, kept
from tests.mpy.link_session import KEY, Eyes, changed, new_store

STOP = bytes.fromhex("01003f00")
SHORT_S = 0.05
ENOUGH_S = 60.0  # for what has to come to an end; a test that gets there has failed
WRONG = bytes(32)


class Card:
    """A disk whose fsync hangs from `hangs` on until `goes_on`; `fails` lets it fail that often."""

    def __init__(self, monkeypatch):
        self.calls = self.fails = 0
        self._may_go_on = threading.Event()
        self._may_go_on.set()
        monkeypatch.setattr(os, "fsync", self._fsync)

    def _fsync(self, fd):
        self.calls += 1
        if self.fails:
            self.fails -= 1
            raise OSError(5, "Input/output error")
        assert self._may_go_on.wait(ENOUGH_S)

    def hangs(self):
        self.calls = 0
        self._may_go_on.clear()

    @property
    def is_hanging(self):
        return not self._may_go_on.is_set()

    def goes_on(self, store):
        self._may_go_on.set()
        until_s = time.monotonic() + ENOUGH_S
        while store._is_busy:
            assert time.monotonic() < until_s
            threading.Event().wait(0.001)


@pytest.fixture
def card(monkeypatch):
    made = Card(monkeypatch)
    yield made
    made._may_go_on.set()


@pytest.fixture
def store(tmp_path, card):
    return TimedStore(tmp_path / "link", SHORT_S)


def with_user(store) -> Any:
    """A therapist behind a store that has time while all of it begins."""
    store.wait_max_s = None
    for name in ("users", "failures"):
        if data := new_store().load(name):
            store.save(name, data)
    rig = Rig(store)
    rig.therapist()
    store.wait_max_s = SHORT_S
    return rig


def files(tmp_path) -> dict:
    return {p.name: p.read_bytes() for p in (tmp_path / "link").iterdir() if p.suffix != ".new"}


def more_than(rig):
    before = in_use(rig)
    return changed(before, 0, current_ua=before.channels[0].current_ua + 2_000)


def stage(rig):
    rig.talk.stage(more_than(rig), rig.session.changes.revision, 1)
    return rig.talk.bytes_of(ops.COMMIT, 1, rig.session.changes.revision)


def test_a_stop_does_not_wait_for_a_card_that_hangs_in_a_commit(store, card):
    rig = with_user(store)
    stage(rig)
    card.hangs()
    assert rig.talk.ask(ops.COMMIT, 1, rig.session.changes.revision).result == ops.STORE_FAILED
    assert rig.talk.unlock(key=WRONG).result == ops.STORE_FAILED, "nor does a try of a PIN"
    assert rig.session.write(gatt.CONTROL, STOP) == 0
    assert (rig.device.told[-1], card.is_hanging, card.calls) == ("stop", True, 1)


def test_what_was_refused_while_the_card_hung_is_not_there_afterwards(store, card, tmp_path):
    rig = with_user(store)
    before = files(tmp_path)
    stage(rig)
    card.hangs()
    assert rig.talk.ask(ops.COMMIT, 1, rig.session.changes.revision).result == ops.STORE_FAILED
    card.goes_on(store)
    assert files(tmp_path) == before
    store.wait_max_s = None
    assert rig.commit(more_than(rig), 2).result == ops.OK, "and then it may be tried again"
    assert rig.session.history.is_genuine()
    again = FileStore(tmp_path / "link")
    assert kept(again).phase == values.TRIAL
    assert again.count("history") == rig.session.history.count == 2


@pytest.mark.parametrize("hangs_at", [1, 2], ids=["in its file", "in its folder"])
def test_a_try_of_a_pin_that_could_not_be_kept_is_none_and_costs_none(
    monkeypatch, store, card, tmp_path, hangs_at
):
    rig = with_user(store)
    store.wait_max_s = None
    assert rig.talk.unlock(key=WRONG).result == ops.WRONG_PIN
    store.wait_max_s = SHORT_S
    before = files(tmp_path)["failures.bin"]
    hanging, calls = card._fsync, []

    def hangs_then(fd):
        calls.append(fd)
        if len(calls) == hangs_at:
            card.hangs()
        hanging(fd)

    monkeypatch.setattr(os, "fsync", hangs_then)
    assert rig.talk.unlock(key=KEY).result == ops.STORE_FAILED
    assert rig.session.unlock.key == b"", "the proof was not even looked at"
    monkeypatch.setattr(os, "fsync", hanging)
    card.goes_on(store)
    assert files(tmp_path)["failures.bin"] == before
    assert FileStore(tmp_path / "link").load("failures") == b"\x01\x01\x01\x03Ada"


def test_what_was_never_there_before_is_not_there_after_a_refusal(store, card, tmp_path):
    card.hangs()
    with pytest.raises(OSError, match="too long"):
        store.save("file", b"one")
    with pytest.raises(OSError, match="not come to an end"):
        store.append("history", b"one")
    card.goes_on(store)
    assert files(tmp_path) == {}
    store.wait_max_s = None
    store.save("file", b"two")
    store.append("history", b"two")
    again = TimedStore(tmp_path / "link")
    assert (again.load("file"), again.count("history"), again.entry("history", 0)) == (b"two", 1, b"two")


def test_an_entry_whose_writing_failed_is_cut_off_before_anybody_is_told(store, card, tmp_path):
    store.wait_max_s = None
    store.append("history", b"one")
    before = files(tmp_path)
    card.fails = 1
    with pytest.raises(OSError, match="Input/output"):
        store.append("history", b"two")
    assert files(tmp_path) == before
    assert store.count("history") == 1


def test_what_could_not_be_undone_is_undone_before_anything_else_is_written(
    store, card, tmp_path, monkeypatch
):
    store.wait_max_s = None
    store.save("file", b"one")
    store.append("history", b"one")
    cut, before = os.truncate, files(tmp_path)

    def cannot(path, size):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "truncate", cannot)
    store.wait_max_s = SHORT_S
    card.hangs()
    with pytest.raises(OSError, match="too long"):
        store.append("history", b"two")
    card.goes_on(store)
    store.wait_max_s = None
    with pytest.raises(OSError, match="Input/output"):
        store.append("history", b"three")
    with pytest.raises(OSError, match="Input/output"):
        store.save("file", b"two")
    monkeypatch.setattr(os, "truncate", cut)
    store.save("file", b"one")
    assert files(tmp_path) == before


def test_a_value_that_was_damaged_is_replaced_and_a_damaged_list_says_so(store, tmp_path):
    store.wait_max_s = None
    (tmp_path / "link/file.bin").write_bytes(b"nonsense")
    (tmp_path / "link/history.list").write_bytes(bytes([1, 0, 0, 0, 9, 9, 9, 9, 65]) * 2)
    store.save("file", b"one")
    assert store.load("file") == b"one"
    with pytest.raises(ValueError, match="damaged"):
        store.append("history", b"one")
    store.save("file", b"two")
    assert store.load("file") == b"two"


def test_writes_that_follow_each_other_share_one_waiting_and_time_gives_it_back(store, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(timed_store, "time", SimpleNamespace(monotonic=lambda: now[0]))
    store.wait_max_s, store._since_s = 0.4, 100.0
    may = []
    for waits_s, passes_s in ((0.3, 0.0), (0.1, 0.0), (0.0, 0.15), (0.0, 9.0), (0.0, 0.0)):
        may.append(round(store._may_wait_s(), 3))
        now[0] += waits_s
        store._has_waited()
        now[0] += passes_s
    assert may == [0.4, 0.1, 0.0, 0.15, 0.4]


def test_the_process_of_the_link_waits_so_long_at_most_once_it_serves(tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(link_process, "ProcessDevice", lambda *_, **__: NotedDevice())
    monkeypatch.setattr(LinkProcess, "_wait_for_news", lambda *_: None)
    monkeypatch.setattr(
        link_process.socket, "socket", lambda fileno: SimpleNamespace(setblocking=lambda on: None)
    )
    monkeypatch.setattr(link_process, "OperatorLink", lambda *_: None)

    class Noted(TimedStore):
        def __init__(self, folder):
            super().__init__(folder)
            made.append((self, self.wait_max_s))

    monkeypatch.setattr(link_process, "TimedStore", Noted)
    spec = LinkSpec(
        config={"wearer": {"code": "sim"}, "link": {"enabled": True}},
        prescription=canonical_bytes(default_prescription()).hex(),
        file="00" * 8,
        controller_fd=3,
        guardian_fd=4,
        parent_fd=5,
        store=str(tmp_path / "link"),
        session=str(tmp_path),
        is_again=False,
        is_sim=True,
        air="",
    )
    process = LinkProcess(spec, Eyes())
    assert [(first_s, one.wait_max_s) for one, first_s in made] == [(None, 0.4)]
    assert process.session.history.count == 1
