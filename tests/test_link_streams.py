"""Telemetry, log and pairing window: nothing waits for the radio, nothing is mixed up, nothing is shown twice."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_py.link import gatt, ops, values
from firmware_py.link.logs import Logs, records_in
from firmware_py.link.pairing import Pairing, new_passkey
from firmware_py.link.telemetry import ROOM, Telemetry
from tests.link_rig import Rig, status_of, there
from tests.mpy.link_session import Dice, Eyes, RingLog


def samples_of(data, channels=2):
    """Return (head, [(t_us, phase, swing, state, level, pitch, rate, currents)]) of a notification."""
    head = there(values.TELEMETRY_HEAD.unpack(there(data)[2:10]))
    size = 8 + 2 * channels
    rows = []
    for i in range(head.count):
        row = data[10 + i * size : 10 + (i + 1) * size]
        dt_ms, flags, level, pitch, rate, *ua = struct.unpack(f"<BBHhh{channels}H", row)
        rows.append((head.t_us + dt_ms * 1000, flags & 7, flags >> 3 & 1, flags >> 4, level, pitch, rate, ua))
    assert len(data) == 10 + head.count * size
    return head, rows


def filled(n, t_us=0):
    telemetry = Telemetry(2)
    telemetry.start()
    for i in range(n):
        telemetry.current_ua[0], telemetry.current_ua[1] = 1000 * i, 20_000
        telemetry.add((t_us + 10_000 * i) & 0x3FFFFFFF, 3, 1, 2, i, -100 * i, 70 * i)
    return telemetry


def test_a_notification_holds_what_was_added_in_order():
    head, rows = samples_of(filled(4).take(244))
    assert (head.count, head.channels, head.seq, head.t_us) == (4, 2, 0, 0)
    assert rows == [(10_000 * i, 3, 1, 2, i, -100 * i, 7 * i, [100 * i, 2000]) for i in range(4)]


def test_the_first_sample_waits_30_ms_for_others():
    telemetry = filled(1)
    assert not telemetry.is_due(29_999)
    assert telemetry.is_due(30_000)
    telemetry.take(244)
    assert not telemetry.is_due(60_000)


def test_a_slow_link_gets_more_samples_in_one_notification_and_none_too_late_in_another():
    telemetry = filled(25)
    assert [samples_of(telemetry.take(244))[0].count for _ in range(2)] == [19, 6]
    assert telemetry.take(244) is None


def test_samples_farther_apart_than_the_field_reaches_go_into_another_notification():
    telemetry = filled(1)
    telemetry.add(400_000, 1, 0, 0, 0, 0, 0)
    assert samples_of(telemetry.take(244))[0].count == 1
    assert samples_of(telemetry.take(244))[0].t_us == 400_000


def test_without_room_the_oldest_samples_go_and_are_counted():
    telemetry = filled(ROOM + 5)
    assert telemetry.lost == 5
    head, rows = samples_of(telemetry.take(244))
    assert head.seq == 5
    assert rows[0][0] == 50_000


def test_the_clock_may_wrap_within_a_notification():
    telemetry = filled(4, t_us=0x3FFFFFFF - 15_000)
    assert telemetry.is_due(15_000)
    _, rows = samples_of(telemetry.take(244))
    assert [r[0] - rows[0][0] for r in rows] == [0, 10_000, 20_000, 30_000]


def test_values_beyond_a_field_are_cut_not_wrapped():
    telemetry = Telemetry(1)
    telemetry.start()
    telemetry.current_ua[0] = 1_000_000
    telemetry.add(0, 4, 0, 5, 10_000, 40_000, -400_000)
    telemetry.add(10_000, 4, 0, 5, 10_000, -40_000, 400_000)
    _, rows = samples_of(telemetry.take(244), 1)
    assert [r[5:] for r in rows] == [(32767, -32768, [65535]), (-32768, 32767, [65535])]


def test_nobody_watches_until_asked_and_a_lost_link_ends_it():
    rig = Rig()
    talk = rig.wearer()
    rig.session.telemetry.add(0, 1, 0, 0, 0, 0, 0)
    assert rig.session.telemetry.take(244) is None
    talk.ask(ops.WATCH, 1)
    assert rig.session.telemetry.is_on
    talk.ask(ops.WATCH, 0)
    assert not rig.session.telemetry.is_on
    talk.ask(ops.WATCH, 1)
    rig.session.disconnected()
    assert not rig.session.telemetry.is_on


def test_telemetry_goes_out_when_due_and_answers_go_first():
    rig = Rig()
    talk = rig.wearer()
    talk.ask(ops.WATCH, 1)
    talk.take()
    for i in range(4):
        rig.session.telemetry.add(10_000 * i, 1, 0, 0, 0, 0, 0)
    rig.session.step(30_000, 5_000)
    rig.session.write(gatt.CONTROL, talk.bytes_of(ops.PAUSE))
    assert [key for key, _, _ in talk.take()] == [gatt.CONTROL, gatt.TELEMETRY]


# Status ------------------------------------------------------------------------------------------


def test_status_is_told_when_it_changes_and_not_more_than_five_times_a_second():
    rig = Rig()
    talk = rig.wearer()
    rig.pass_s(1)
    talk.take()
    talk.heard.clear()
    rig.pass_s(2)
    talk.take()
    assert talk.heard == [], "clocks alone are no news"
    told = 0
    for n in range(100):
        rig.device.stops = n
        rig.pass_s(0.01, step_us=10_000)
        told += sum(key == gatt.STATUS for key, _, _ in talk.take())
    assert 4 <= told <= 6


def test_status_says_how_device_and_session_stand():
    rig = Rig()
    talk = rig.therapist()
    rig.device.fault, rig.device.armed, rig.device.stops = 7, 1, 3
    rig.pass_s(0.1)
    status = status_of(rig)
    assert (status.fault, status.armed, status.stops, status.role) == (7, 1, 3, 3)
    assert (status.session, status.revision, status.phase, status.is_taken_over) == (talk.id, 1, 0, 1)
    assert status.t_us == rig.t_us
    talk.ask(ops.HOLD, 0, 1)
    rig.pass_s(0.1)
    status = status_of(rig)
    assert status.beat_left_ms == 475


def test_the_longest_status_fits_into_a_notification_of_64_bytes():
    assert there(values.STATUS.n_max) + 2 <= 64 - 3
    assert [f.name for f in values.STATUS.fields][-5:] == [
        "trial_left_s",
        "wait_s",
        "beat_left_ms",
        "lost",
        "t_us",
    ]


# Log ---------------------------------------------------------------------------------------------


def rows_of(n):
    return [bytes([i & 255] * 36) for i in range(n)]


def log_of(n):
    log = RingLog()
    log.rows = rows_of(n)
    return log


def download(rig, first, count):
    talk = rig.talk
    talk.heard.clear()
    reply = talk.ask(ops.LOG_REPORT, rig.log.epoch, first, count)
    assert reply.result == ops.OK
    talk.take()
    found = {}
    for key, data in talk.heard:
        if key == gatt.LOG:
            head = there(values.LOG_HEAD.unpack(data[2:7]))
            records = there(records_in(data[7:], 36))
            assert len(records) == head.count
            found.update({head.number + i: r for i, r in enumerate(records)})
    done = [v for k, v in talk.heard if k == gatt.CONTROL and v[2:4] == b"\x6b\x3d"]
    return found, [struct.unpack("<i", v[8:12])[0] for v in done if v[7] == ops.LOG_DONE]


@pytest.mark.parametrize(
    ("first", "count"), [(0, 100), (0, 1), (99, 1), (40, 20), (90, 1000), (0, 6), (0, 7)]
)
def test_a_report_brings_exactly_the_records_asked_for_and_says_when_it_is_done(first, count):
    rig = Rig()
    rig.therapist()
    rig.log.rows = rows_of(100)
    found, done = download(rig, first, count)
    end = min(first + count, 100)
    assert found == {i: rig.log.rows[i] for i in range(first, end)}
    assert done == [end]


def test_a_notification_of_an_mtu_of_247_holds_six_records():
    logs = Logs(log_of(100))
    assert logs.report(b"\xaa\xbb\xcc\xdd", 0, 100) == ops.OK
    assert len(there(logs.take(244))) == 7 + 6 * 38
    assert logs.take(44) is None, "not even one fits: the report is over, and says where"
    assert logs.take_done() == 6
    assert logs.take_done() == -1


def test_a_report_can_be_ended_and_begun_again_where_it_stopped():
    rig = Rig()
    rig.therapist()
    rig.log.rows = rows_of(100)
    rig.session.write(gatt.CONTROL, rig.talk.bytes_of(ops.LOG_REPORT, rig.log.epoch, 0, 100))
    rig.session.next_out()
    rig.session.acked()
    rig.session.next_out()
    assert rig.talk.ask(ops.LOG_REPORT, rig.log.epoch, 0, 0).result == ops.OK
    rig.talk.heard.clear()
    assert not [k for k, _, _ in rig.talk.take() if k == gatt.LOG]
    found, _ = download(rig, 6, 94)
    assert sorted(found) == list(range(6, 100))


@pytest.mark.parametrize(
    ("epoch", "first"), [(b"\xaa\xbb\xcc\xde", 0), (b"\xaa\xbb\xcc\xdd", 100), (b"\xaa\xbb\xcc\xdd", 4)]
)
def test_records_that_are_not_there_are_said_so(epoch, first, monkeypatch):
    rig = Rig()
    rig.therapist()
    rig.log.rows = rows_of(100)
    monkeypatch.setattr(rig.log, "first", lambda: 5)
    assert rig.talk.ask(ops.LOG_REPORT, epoch, first, 10).result == ops.NO_RECORD
    assert tuple(rig.talk.ask(ops.LOG_INFO).values) == (b"\xaa\xbb\xcc\xdd", 5, 100)


def test_a_record_that_was_overwritten_meanwhile_ends_the_report_at_it(monkeypatch):
    rig = Rig()
    rig.therapist()
    rig.log.rows = rows_of(100)
    monkeypatch.setattr(rig.log, "read", lambda n: None if n == 50 else rig.log.rows[n])
    found, done = download(rig, 40, 20)
    assert sorted(found) == list(range(40, 50))
    assert done == [50]


def test_a_wearer_may_not_read_the_log():
    rig = Rig()
    talk = rig.wearer()
    assert talk.ask(ops.LOG_INFO).result == ops.NOT_ALLOWED
    assert talk.ask(ops.LOG_REPORT, rig.log.epoch, 0, 10).result == ops.NOT_ALLOWED


def test_a_report_ends_with_the_role():
    rig = Rig()
    talk = rig.therapist()
    rig.log.rows = rows_of(100)
    rig.session.write(gatt.CONTROL, talk.bytes_of(ops.LOG_REPORT, rig.log.epoch, 0, 100))
    rig.session.lock()
    assert not [k for k, _, _ in talk.take() if k == gatt.LOG]


@given(st.integers(0, 37), st.integers(0, 7))
def test_one_changed_bit_in_a_record_is_noticed(at, bit):
    logs = Logs(log_of(3))
    logs.report(b"\xaa\xbb\xcc\xdd", 0, 3)
    data = bytearray(there(logs.take(244))[7:])
    assert records_in(bytes(data), 36) == rows_of(3)
    data[38 + at] ^= 1 << bit
    assert records_in(bytes(data), 36) is None
    assert records_in(bytes(data[:-1]), 36) is None


# Pairing -----------------------------------------------------------------------------------------


def test_nobody_pairs_without_the_button_and_three_times_at_most_within_a_minute():
    eyes = Eyes()
    pairing = Pairing(Dice(), eyes)
    assert not pairing.begin()
    pairing.button()
    assert [pairing.begin() for _ in range(4)] == [True, True, True, False]
    pairing.button()
    assert pairing.begin()
    pairing.advance(59_999_999)
    assert pairing.is_open
    pairing.advance(2)
    assert not pairing.begin()


def test_a_success_closes_the_window_and_darkens_the_display():
    eyes = Eyes()
    pairing = Pairing(Dice(), eyes)
    pairing.button()
    pairing.begin()
    pairing.fresh()
    assert not eyes.is_dark
    pairing.end(True)
    assert eyes.is_dark
    assert not pairing.begin()


def test_a_failed_attempt_darkens_the_display_and_the_next_passkey_is_another():
    eyes = Eyes()
    pairing = Pairing(Dice(), eyes)
    pairing.button()
    shown = []
    while pairing.begin():
        shown.append(pairing.fresh())
        pairing.end(False)
        assert eyes.is_dark
    assert eyes.seen == shown
    assert len(set(shown)) == 3


def test_a_lost_link_darkens_the_display():
    rig = Rig()
    rig.session.pairing.button()
    rig.session.connected(bytes(6))
    rig.session.pairing.begin()
    rig.session.pairing.fresh()
    rig.session.disconnected()
    assert rig.eyes.is_dark


class Rigged:
    def __init__(self, *values):
        self.values = list(values)

    def fill(self, n):
        return struct.pack("<I", self.values.pop(0))[:n]


def test_a_passkey_is_never_000000_and_never_beyond_six_digits():
    assert new_passkey(Rigged(0, 1_000_000, 0xFFFFF, 999_999)) == 999_999
    assert new_passkey(Rigged(0, 1)) == 1
    assert new_passkey(Rigged(0xF00007)) == 7, "only 20 bits count"


def test_passkeys_are_spread_over_all_six_digits():
    dice = Dice()
    found = [new_passkey(dice) for _ in range(2000)]
    assert min(found) < 5_000
    assert max(found) > 995_000
    assert all(1 <= p <= 999_999 for p in found)
