"""Stop over the radio is never refused for its form, and nobody but a paired central can give it."""

import pytest

from firmware_py.link import gatt, ops
from tests.link_rig import Rig, reply_in

STOP_HEX = "01003f00"


@pytest.mark.parametrize(
    "data",
    [
        STOP_HEX,
        "ffff3f00",  # of any version
        "01003f00ffff00000000" + "beef",  # used seq, no session, wrong checksum
        "01003f00" + "00" * 100,
    ],
)
@pytest.mark.parametrize("role", ["before hello", "wearer", "therapist"])
def test_stop_is_taken_whatever_else_the_message_says(data, role):
    rig = Rig()
    if role == "before hello":
        rig.session.connected(bytes(6))
        rig.session.secured()
    else:
        getattr(rig, role)()
    assert rig.session.write(gatt.CONTROL, bytes.fromhex(data)) == 0
    assert rig.device.told[-1] == "stop"
    out = [reply_in(v) for k, v, _ in rig.talk.take() if k == gatt.CONTROL]
    assert out[-1].op == ops.STOP


def test_stop_is_taken_while_answers_wait_and_while_the_central_is_leaving():
    rig = Rig()
    talk = rig.wearer()
    for _ in range(4):
        assert rig.session.write(gatt.CONTROL, talk.bytes_of(ops.PAUSE)) == 0
    assert rig.session.write(gatt.CONTROL, talk.bytes_of(ops.RESUME)) == 0x81, (
        "no room for its answer: not done"
    )
    assert "resume" not in rig.device.told
    assert rig.session.write(gatt.CONTROL, bytes.fromhex(STOP_HEX)) == 0
    rig.session.access.event(99)
    assert rig.session.write(gatt.CONTROL, talk.bytes_of(ops.RESUME)) == 0x81
    assert rig.session.write(gatt.CONTROL, bytes.fromhex(STOP_HEX)) == 0
    assert rig.device.told.count("stop") == 2


def test_whoever_proves_itself_too_late_and_is_being_disconnected_may_still_stop():
    rig = Rig()
    rig.session.connected(bytes(6))
    rig.pass_s(20.1)
    assert rig.session.must_drop
    assert rig.session.write(gatt.CONTROL, bytes.fromhex(STOP_HEX)) == 0x80, "not proved yet"
    rig.session.secured()
    assert rig.session.write(gatt.CONTROL, rig.talk.bytes_of(ops.HELLO)) == 0x81
    assert rig.session.write(gatt.CONTROL, bytes.fromhex(STOP_HEX)) == 0
    assert rig.device.told == ["stop"]
    assert rig.session.must_drop


def test_a_proof_without_a_connection_opens_nothing():
    rig = Rig()
    rig.session.secured()
    assert rig.session.write(gatt.CONTROL, bytes.fromhex(STOP_HEX)) == 0x80
    assert rig.device.told == []


def test_a_stranger_cannot_stop():
    rig = Rig()
    rig.session.connected(bytes(6))
    assert rig.session.write(gatt.CONTROL, bytes.fromhex(STOP_HEX)) == 0x80
    assert rig.device.told == []


def test_whoever_was_paired_before_is_a_stranger_until_the_link_is_encrypted_again():
    rig = Rig()
    rig.wearer()
    rig.session.disconnected()
    rig.session.connected(bytes(6))
    assert rig.session.write(gatt.CONTROL, bytes.fromhex(STOP_HEX)) == 0x80


def test_stop_ends_the_wish_to_be_armed_and_a_held_button():
    rig = Rig()
    talk = rig.therapist()
    rig.device.arms_after = 10
    talk.ask(ops.ARM_TEST)
    talk.ask(ops.HOLD, 0, 100_000)
    rig.pass_s(0.1)
    rig.session.write(gatt.CONTROL, bytes.fromhex(STOP_HEX))
    assert rig.device.told[-2:] == ["stop", "release"]
    asked = rig.device.told.count("arm test")
    rig.pass_s(1)
    assert rig.device.told.count("arm test") == asked
