"""The control point: form, session, order, proof, repetition, and the stop that is never refused."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_py.link import control, ops
from firmware_py.link.access import THERAPIST, WEARER
from tests.link_rig import Rig, reply_in
from tests.mpy.link_session import PEER

STOP_HEX = "01003f00"


def test_any_two_operations_differ_in_at_least_6_bits():
    codes = [op.code for op in ops.OPS] + [0x0000, 0xFFFF]
    apart = [bin(a ^ b).count("1") for i, a in enumerate(codes) for b in codes[:i]]
    assert min(apart) == 6


def test_every_result_and_event_has_its_sentence():
    assert len(ops.RESULTS) == ops.NO_RECORD + 1
    assert len(ops.EVENTS) == ops.ROLE_LOCKED + 1
    assert all(sentence.endswith(".") for sentence in ops.RESULTS)


def test_nothing_is_done_before_hello():
    rig = Rig()
    rig.session.connected(bytes(6))
    rig.session.secured()
    assert rig.talk.ask(ops.PAUSE).result == ops.NO_SESSION
    rig.talk.hello()
    rig.talk.id = bytes(4)
    assert rig.talk.ask(ops.PAUSE).result == ops.NO_SESSION, "zeros name no session"
    assert "pause" not in rig.device.told


def test_a_request_of_another_session_is_refused():
    rig = Rig()
    talk = rig.wearer()
    old = talk.bytes_of(ops.PAUSE)
    rig.session.disconnected()
    rig.wearer()
    assert talk.send(old).result == ops.NO_SESSION
    assert "pause" not in rig.device.told


def test_after_a_lost_link_the_old_session_is_none_even_before_another_hello():
    rig = Rig()
    talk = rig.wearer()
    later = talk.bytes_of(ops.PAUSE)
    rig.session.disconnected()
    rig.session.connected(PEER)
    rig.session.secured()
    assert talk.send(later).result == ops.NO_SESSION
    assert "pause" not in rig.device.told


def test_a_role_without_a_session_key_can_sign_nothing():
    rig = Rig()
    talk = rig.therapist()
    rig.session.unlock.end()
    talk.key = b""  # whoever signs with nothing
    assert rig.session.access.state == THERAPIST
    assert talk.ask(ops.ACKNOWLEDGE).result == ops.BAD_PROOF
    assert "acknowledge" not in rig.device.told


def test_a_signed_request_of_another_unlock_is_refused():
    rig = Rig()
    talk = rig.therapist()
    old = talk.bytes_of(ops.ACKNOWLEDGE)
    talk.unlock()
    assert talk.send(old).result == ops.BAD_PROOF
    assert "acknowledge" not in rig.device.told


def test_seq_must_rise_and_may_leave_gaps():
    rig = Rig()
    talk = rig.wearer()
    early = talk.bytes_of(ops.RESUME)
    talk.seq += 10
    assert talk.ask(ops.PAUSE).result == ops.OK
    assert talk.send(early).result == ops.REPLAYED
    assert "resume" not in rig.device.told
    talk.seq = 0xFFFE
    assert talk.ask(ops.PAUSE).result == ops.OK
    with pytest.raises(ValueError, match="seq is 65536"):
        talk.ask(ops.PAUSE)


def test_the_same_request_again_gets_the_same_answer_and_is_not_done_again():
    rig = Rig()
    talk = rig.wearer()
    data = talk.bytes_of(ops.PAUSE)
    first, again = talk.send(data), talk.send(data)
    assert first == again
    assert rig.device.told.count("pause") == 1


def test_another_request_with_the_seq_of_the_last_one_is_refused():
    rig = Rig()
    talk = rig.wearer()
    talk.ask(ops.PAUSE)
    talk.seq -= 1
    assert talk.ask(ops.RESUME).result == ops.REPLAYED


def test_a_refused_proof_does_not_use_up_the_seq():
    rig = Rig()
    talk = rig.therapist()
    key, talk.key = talk.key, bytes(32)
    assert talk.ask(ops.ACKNOWLEDGE).result == ops.BAD_PROOF
    talk.key, talk.seq = key, talk.seq - 1
    assert talk.ask(ops.ACKNOWLEDGE).result == ops.OK


@pytest.mark.parametrize("at", range(30))
def test_one_changed_bit_anywhere_is_noticed(at):
    rig = Rig()
    talk = rig.therapist()
    rig.device.told.clear()
    data = bytearray(talk.bytes_of(ops.ACKNOWLEDGE))
    if at >= len(data):
        at = len(data) - 1
    data[at] ^= 0x10
    assert talk.send(bytes(data)).result != ops.OK
    assert rig.device.told == []


@pytest.mark.parametrize("at", range(18))
def test_one_changed_bit_under_a_mended_checksum_is_noticed_by_the_proof(at):
    rig = Rig()
    talk = rig.therapist()
    rig.device.told.clear()
    data = bytearray(talk.bytes_of(ops.ACKNOWLEDGE)[:-2])
    data[at] ^= 0x10
    assert talk.send(control.with_crc(bytes(data))).result != ops.OK
    assert rig.device.told == []


def test_another_major_is_refused_and_a_newer_minors_tail_is_left_unread():
    rig = Rig()
    talk = rig.wearer()
    level = bytearray(talk.bytes_of(ops.LEVEL, 50)[:-2])
    newer = bytes([1, 9]) + bytes(level[2:]) + b"new"
    assert talk.send(control.with_crc(newer)).result == ops.OK
    assert "level 50" in rig.device.told
    talk.seq += 1
    same = bytearray(talk.bytes_of(ops.LEVEL, 55)[:-2]) + b"new"
    assert talk.send(control.with_crc(bytes(same))).result == ops.BAD_FORM, (
        "of our own minor there is no tail"
    )
    talk.seq += 1
    other = bytearray(talk.bytes_of(ops.LEVEL, 60)[:-2])
    other[0] = 2
    assert talk.send(control.with_crc(bytes(other))).result == ops.VERSION
    hello = bytearray(control.request_bytes(ops.BY_CODE[ops.HELLO], 0, bytes(4), b"")[:-2])
    hello[0] = 2
    assert talk.send(control.with_crc(bytes(hello))).result == ops.VERSION
    assert [t for t in rig.device.told if t.startswith("level")] == ["level 50"]


@pytest.mark.parametrize("code", [0x0000, 0xFFFF, 0x3D6B, 0x1234])
def test_an_unknown_operation_is_refused(code):
    rig = Rig()
    talk = rig.wearer()
    data = struct.pack("<BBHH4s", 1, 0, code, 7, talk.id)
    assert talk.send(control.with_crc(data)).result == ops.UNKNOWN_OP


@pytest.mark.parametrize("n", range(14))
def test_a_short_request_is_answered_and_does_nothing(n):
    rig = Rig()
    talk = rig.wearer()
    rig.device.told.clear()
    assert talk.send(talk.bytes_of(ops.PAUSE)[:n][:11]).result == ops.BAD_FORM
    assert rig.device.told == []


@pytest.mark.parametrize("op", ops.OPS, ids=lambda op: op.name)
def test_a_wearer_gets_no_further_than_the_wearers_operations(op):
    rig = Rig()
    talk = rig.wearer()
    rig.device.told.clear()
    data = struct.pack("<BBHH4s", 1, 0, op.code, 5, talk.id) + bytes(op.request.n_max or 40)
    reply = talk.send(control.with_crc(data))
    if op.role > WEARER:
        assert reply.result == ops.NOT_ALLOWED
        assert rig.device.told == []


@given(st.data())
def test_an_answer_reads_back_as_it_was_written(data):
    op = data.draw(st.sampled_from(ops.OPS))
    values = [_drawn(data, f.kind) for f in op.reply.fields]
    raw = control.reply_bytes(op.code, 9, ops.OK, op.reply.pack(*values))
    read = reply_in(raw)
    assert (read.op, read.seq, read.result, tuple(read.values)) == (op.code, 9, ops.OK, tuple(values))


def _drawn(data, kind):
    if kind in ("u8", "u16", "u30", "i16", "i30"):
        low, high = {"u8": (0, 255), "u16": (0, 65535), "u30": (0, 2**30 - 1)}.get(
            kind, (-(2**15), 2**15 - 1) if kind == "i16" else (-(2**29), 2**29 - 1)
        )
        return data.draw(st.integers(low, high))
    if kind == "text":
        return data.draw(st.text(max_size=6))
    return data.draw(
        st.binary(max_size=30)
        if kind == "rest"
        else st.binary(min_size=int(kind[1:]), max_size=int(kind[1:]))
    )
