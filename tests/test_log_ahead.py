"""A card that hangs while the log is sent: the stop does not wait for it, and the log goes on when the card does."""

import threading
import time
import zlib

import pytest

from firmware_py.link import gatt, ops
from firmware_py.link.contracts import NOT_YET, LogSource
from firmware_py.link.logs import Logs
from firmware_py.pi import log_ahead
from firmware_py.pi.log_ahead import AHEAD_N, AheadLog
from tests.link_rig import Rig

STOP = bytes.fromhex("01003f00")
EPOCH = b"\xaa\xbb\xcc\xdd"
ENOUGH_S = 60.0  # for what has to come to an end; a test that gets there has failed


class Card(LogSource):
    """A log of `n` rows on a disk that hangs from `hangs` on until `goes_on`; `fails_at` cannot be read."""

    epoch = EPOCH

    def __init__(self, n):
        self.n, self.fails_at, self.reads = n, -1, 0
        self.failure: Exception = OSError(5, "Input/output error")
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.asked = threading.Event()

    def first(self):
        return 0

    def end(self):
        self.waits()
        return self.n

    def read(self, number):
        self.waits()
        self.reads += 1
        if number == self.fails_at:
            raise self.failure
        return row(number) if 0 <= number < self.n else None

    def waits(self):
        self.asked.set()
        assert self.may_go_on.wait(ENOUGH_S)

    def hangs(self):
        self.may_go_on.clear()
        self.asked.clear()


def row(number):
    return bytes([number & 255, number >> 8] * 18)


@pytest.fixture
def card():
    made = Card(1_000)
    yield made
    made.may_go_on.set()


def until(done):
    until_s = time.monotonic() + ENOUGH_S
    while not done():
        assert time.monotonic() < until_s
        time.sleep(0.001)


def patient(card, monkeypatch):
    """A log on a good card, on a machine that may stand still."""
    monkeypatch.setattr(log_ahead, "WAIT_MAX_S", ENOUGH_S)
    log = AheadLog(lambda: card)
    assert log.end() == card.n
    return log


def test_rows_come_in_any_order_and_what_is_not_there_is_none(card, monkeypatch):
    log = patient(card, monkeypatch)
    assert (log.epoch, log.first()) == (EPOCH, 0)
    for number in (0, 1, 999, 500, 255, 256, 998, 3):
        assert log.read(number) == row(number)
    assert log.read(1_000) is None
    assert log.read(-1) is None


def test_a_report_asks_the_disk_once_for_each_row(card, monkeypatch):
    log = patient(card, monkeypatch)
    assert [log.read(n) for n in range(1_000)] == [row(n) for n in range(1_000)]
    assert card.reads == 1_001, "the last piece finds the end once"
    assert AHEAD_N < 1_000


def test_rows_that_came_since_are_offered_also_behind_a_piece_that_ended_there(card, monkeypatch):
    log = patient(card, monkeypatch)
    assert log.read(999) == row(999)
    card.n = 1_010
    until(lambda: log.end() == 1_010)
    assert [log.read(n) for n in (999, 1_000, 1_009)] == [row(999), row(1_000), row(1_009)]


@pytest.mark.parametrize(
    "failure", [OSError(5, "Input/output error"), ValueError("damaged"), zlib.error("damaged")]
)
def test_a_row_that_cannot_be_read_is_none_and_is_tried_again_when_it_is_asked_for_again(
    card, monkeypatch, failure
):
    log = patient(card, monkeypatch)
    card.fails_at, card.failure = 40, failure
    assert (log.read(39), log.read(40), log.read(41)) == (row(39), None, row(41))
    card.fails_at = -1
    assert log.read(40) == row(40)


def test_a_card_that_hangs_keeps_nobody_waiting_twice_and_the_report_goes_on(card, monkeypatch):
    log = patient(card, monkeypatch)
    logs = Logs(log)
    assert logs.report(EPOCH, 0, 1_000) == ops.OK
    found = take_some(logs, 100)
    monkeypatch.setattr(log_ahead, "WAIT_MAX_S", 0.02)
    card.hangs()
    waits = []
    monkeypatch.setattr(
        log._changed, "wait_for", lambda done, s=None: waits.append(s) or False, raising=False
    )
    until(card.asked.is_set)  # the thread looks for new rows by itself
    while len(found) < 1_000 and (more := logs.take(244)) is not None:
        found += rows_in(more)
    assert logs.take_done() == -1, "it is not over"
    assert logs.take(244) is None
    assert log.end() == 1_000
    assert len(waits) == 1, "only the first one waits"
    monkeypatch.undo()
    monkeypatch.setattr(log_ahead, "WAIT_MAX_S", ENOUGH_S)
    card.may_go_on.set()
    until(lambda: not log._is_slow)
    while (more := logs.take(244)) is not None:
        found += rows_in(more)
    assert found == [row(n) for n in range(1_000)]
    assert logs.take_done() == 1_000


def test_a_stop_does_not_wait_for_a_card_that_hangs_in_a_report(card, monkeypatch):
    log = patient(card, monkeypatch)
    rig = Rig()
    rig.therapist()
    rig.session.logs._source = log
    assert rig.talk.ask(ops.LOG_REPORT, EPOCH, 0, 1_000).result == ops.OK
    monkeypatch.setattr(log_ahead, "WAIT_MAX_S", 0.02)
    card.hangs()
    until(card.asked.is_set)
    while (out := rig.session.next_out()) is not None:
        assert out[0] in (gatt.LOG, gatt.STATUS, gatt.CONTROL)
        rig.session.acked()
    assert rig.talk.ask(ops.LOG_INFO).values[2] == 1_000
    assert rig.session.write(gatt.CONTROL, STOP) == 0
    assert rig.device.told[-1] == "stop"
    assert not card.may_go_on.is_set()


def test_a_log_that_comes_late_is_sent_as_far_as_it_has_come():
    class Late(Card):
        ready = 2

        def read(self, number):
            return row(number) if number < self.ready else NOT_YET

    late = Late(10)
    logs = Logs(late)
    logs.report(EPOCH, 0, 10)
    assert rows_in(logs.take(244)) == [row(0), row(1)]
    assert (logs.take(244), logs.take(244), logs.take_done()) == (None, None, -1)
    late.ready = 10
    assert rows_in(logs.take(244)) == [row(n) for n in range(2, 8)]


def rows_in(data):
    return [data[at : at + 36] for at in range(7, len(data), 38)]


def take_some(logs, count):
    found = []
    while len(found) < count:
        found += rows_in(logs.take(244))
    return found
