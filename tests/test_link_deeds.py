"""What an operation does once it is taken in: arming, deeds at the device, answers and events."""

import struct

import pytest

from firmware_py.frames import crc_16
from firmware_py.link import control, gatt, ops
from tests.link_rig import Rig, reply_in, status_of, there
from tests.mpy.link_session import PEER


def replies(talk):
    return [reply_in(v) for k, v in talk.heard if k == gatt.CONTROL]


def test_arming_is_asked_again_until_it_is_done():
    rig = Rig()
    talk = rig.therapist()
    rig.device.arms_after = 3
    assert talk.ask(ops.ARM_WALK).result == ops.OK
    rig.pass_s(1, step_us=5_000)
    assert rig.device.told.count("arm walk") == 4
    assert not rig.session.arming.is_on


def test_arming_is_given_up_after_2_s():
    rig = Rig()
    talk = rig.therapist()
    rig.device.arms_after = 10_000
    talk.ask(ops.ARM_WALK)
    rig.pass_s(5, step_us=5_000)
    assert 395 <= rig.device.told.count("arm walk") <= 401
    assert rig.device.armed == 0


@pytest.mark.parametrize("end", ["stop", "disarm"])
def test_a_stop_or_disarm_at_the_device_ends_the_wish_to_be_armed(end):
    rig = Rig()
    talk = rig.therapist()
    rig.device.arms_after = 100
    talk.ask(ops.ARM_WALK)
    rig.pass_s(0.1, step_us=5_000)
    getattr(rig.device, end)()
    rig.pass_s(2, step_us=5_000)
    assert rig.device.told.count("arm walk") <= 21


def test_disarm_ends_the_wish_to_be_armed():
    rig = Rig()
    talk = rig.therapist()
    rig.device.arms_after = 100
    talk.ask(ops.ARM_WALK)
    talk.ask(ops.DISARM)
    rig.pass_s(2, step_us=5_000)
    assert rig.device.told.count("arm walk") == 0


@pytest.mark.parametrize("kind", [ops.ARM_WALK, ops.ARM_TEST])
@pytest.mark.parametrize("how", ["lost link", "lock", "hello"])
def test_nobody_is_armed_any_more_once_the_therapist_is_gone(kind, how):
    rig = Rig()
    talk = rig.therapist()
    rig.device.arms_after = 10
    talk.ask(kind)
    rig.pass_s(0.02, step_us=5_000)
    if how == "lost link":
        rig.session.disconnected()
    elif how == "lock":
        talk.ask(ops.LOCK)
    else:
        talk.hello()
    told = rig.device.told[:]
    rig.pass_s(2, step_us=5_000)
    assert rig.device.told == told
    assert rig.device.armed == 0


def test_a_lost_link_ends_the_wish_to_be_armed_and_an_armed_test_but_not_the_walk():
    for kind in (ops.ARM_WALK, ops.ARM_TEST):
        rig = Rig()
        talk = rig.therapist()
        talk.ask(kind)
        rig.pass_s(0.1)
        rig.session.disconnected()
        assert ("disarm" in rig.device.told) == (kind == ops.ARM_TEST)
        assert rig.device.armed == (1 if kind == ops.ARM_WALK else 0)


@pytest.mark.parametrize(
    ("code", "asked", "told"),
    [
        (ops.PAUSE, (), "pause"),
        (ops.RESUME, (), "resume"),
        (ops.LEVEL, (45,), "level 45"),
        (ops.ACKNOWLEDGE, (), "acknowledge"),
        (ops.CHECKED, (), "channels_checked"),
        (ops.DISARM, (), "disarm"),
        (ops.CLEAR, (), "clear"),
        (ops.HOLD, (1, 12_000), "hold 1 12000"),
    ],
)
def test_a_deed_reaches_the_device(code, asked, told):
    rig = Rig()
    talk = rig.therapist()
    assert talk.ask(code, *asked).result == ops.OK
    assert rig.device.told[-1] == told


def test_a_level_that_cannot_be_is_refused():
    rig = Rig()
    talk = rig.wearer()
    assert talk.ask(ops.LEVEL, 47).result == ops.BAD_VALUE
    assert talk.ask(ops.LEVEL, 105).result == ops.BAD_VALUE


def test_the_last_request_is_known_after_the_link_was_lost():
    rig = Rig()
    talk = rig.wearer()
    session, seq = talk.id, talk.seq + 1
    talk.ask(ops.PAUSE)
    rig.session.disconnected()
    rig.session.connected(bytes(6))
    rig.session.secured()
    talk.hello()
    status = status_of(rig)
    assert (status.done_session, status.done_seq, status.done_op, status.done_result) == (
        session,
        seq,
        ops.PAUSE,
        0,
    )


def test_a_sentence_is_cut_at_a_whole_character(monkeypatch):
    rig = Rig()
    talk = rig.therapist()
    monkeypatch.setattr(rig.device, "problems", lambda p: ["µ" * 300])
    wanted = rig.device.in_use
    for mtu in (64, 65, 66, 247):
        rig.session.mtu = mtu
        reply = talk.stage(wanted, rig.session.changes.revision)
        assert reply.result == ops.REFUSED
        assert set(reply.sentence) == {"µ"}
        assert len(reply.sentence) == (mtu - 3 - 9) // 2


def test_a_device_that_does_not_answer_is_said_so():
    rig = Rig()
    talk = rig.therapist()

    def gone():
        raise OSError("the controller is gone")

    rig.device.acknowledge = gone
    assert talk.ask(ops.ACKNOWLEDGE).result == ops.STORE_FAILED
    assert talk.ask(ops.CLEAR).result == ops.OK


def test_the_checksum_is_the_one_of_the_house():
    data = control.request_bytes(ops.BY_CODE[ops.PAUSE], 1, b"abcd", b"")
    assert data[-2:] == struct.pack("<H", crc_16(data, 0, len(data) - 2))


def test_a_fault_is_told_once_by_an_indication():
    rig = Rig()
    talk = rig.wearer()
    rig.device.fault = 22
    rig.pass_s(1)
    talk.take()
    rig.pass_s(1)
    talk.take()
    told = [r.values for r in replies(talk) if r.op == ops.EVENT]
    assert told == [(ops.FAULT_CHANGED, 22)]


def test_only_one_indication_is_under_way():
    rig = Rig()
    talk = rig.wearer()
    rig.session.write(gatt.CONTROL, talk.bytes_of(ops.PAUSE))
    rig.session.write(gatt.CONTROL, talk.bytes_of(ops.RESUME))
    assert there(rig.session.next_out())[0] == gatt.CONTROL
    out = rig.session.next_out()
    assert out is None or not out[2]
    rig.session.acked()
    assert there(rig.session.next_out())[0] == gatt.CONTROL


def test_answers_to_one_central_never_reach_the_next():
    rig = Rig()
    talk = rig.wearer()
    for _ in range(2):  # one is on its way and not confirmed, one waits
        rig.session.write(gatt.CONTROL, talk.bytes_of(ops.PAUSE))
        rig.session.next_out()
    rig.session.disconnected()
    rig.session.connected(PEER)
    rig.session.secured()
    assert rig.session.next_out() is None
    assert talk.hello() is not None, "and it is not kept waiting for the lost confirmation"
