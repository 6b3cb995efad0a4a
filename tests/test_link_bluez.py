"""The link behind BlueZ, without a bus: flags, refusals, one central, the settings. The real thing: --all."""

import pytest
from dbus_fast import DBusError

from firmware_py.link import gatt, ops
from firmware_py.link.access import ALONE, STRANGER, WEARER
from firmware_py.pi.bluez_config import main_conf_problems
from firmware_py.pi.bluez_gatt import Advertisement, att_error, flags_of
from firmware_py.pi.bluez_server import address_of
from tests.bluez_bus import DEVICE, OTHER, STOP, of, options, served
from tests.link_rig import reply_in


def test_every_secure_characteristic_has_the_flags_that_demand_a_proof_and_no_weaker_ones():
    for service in gatt.table(True):
        for c in service.characteristics:
            flags = flags_of(c)
            assert not [f for f in flags if f.startswith("encrypt")]
            if c.is_secure:
                assert "read" not in flags
                assert "write" not in flags
                for name in ("notify", "indicate"):
                    assert (name in flags) == (f"secure-{name}" in flags)
            assert "write-without-response" not in flags


def test_the_flags_are_those_of_the_table():
    assert flags_of(of(gatt.CONTROL)) == ["secure-write", "indicate", "secure-indicate"]
    assert flags_of(of(gatt.STATUS)) == ["secure-read", "notify", "secure-notify"]
    assert flags_of(of(gatt.INFO)) == ["read"]


def test_whoever_reaches_a_secure_characteristic_through_bluez_has_proved_itself():
    rig, server = served()
    server.changed(DEVICE, {"Connected": True})
    assert rig.session.access.state == STRANGER
    assert rig.session.peer == bytes.fromhex("ab8967452301")
    assert server.read(of(gatt.INFO), options(mtu=247))[:2] == b"\x01\x00"
    assert rig.session.access.state == STRANGER
    assert rig.session.mtu == 247
    assert len(server.read(of(gatt.STATUS), options())) == 60
    assert rig.session.access.state == WEARER


def test_a_connection_that_was_not_told_is_noticed_by_its_first_access():
    rig, server = served()
    server.read(of(gatt.INFO), options())
    assert rig.session.access.state == STRANGER


def test_a_second_central_is_refused_and_does_not_disturb_the_first():
    rig, server = served()
    server.read(of(gatt.STATUS), options())
    for deed in (
        lambda: server.read(of(gatt.INFO), options(OTHER)),
        lambda: server.write(of(gatt.CONTROL), STOP, options(OTHER)),
        lambda: server.read(of(gatt.INFO), {}),
    ):
        with pytest.raises(DBusError, match="one central"):
            deed()
    assert rig.device.told == []
    server.changed(OTHER, {"Connected": False})
    assert rig.session.access.state == WEARER


def test_a_lost_link_ends_the_session_and_another_central_may_come():
    rig, server = served()
    server.read(of(gatt.STATUS), options())
    server.changed(DEVICE, {"Connected": False})
    assert rig.session.access.state == ALONE
    server.changed(OTHER, {"Connected": True})
    assert rig.session.access.state == STRANGER


def test_a_long_value_is_read_from_the_offset_that_is_asked_for():
    _, server = served()
    whole = server.read(of(gatt.ACTIVE), options())
    assert server.read(of(gatt.ACTIVE), options(offset=20)) == whole[20:]
    assert server.read(of(gatt.ACTIVE), options(offset=len(whole))) == b""
    with pytest.raises(DBusError) as caught:
        server.read(of(gatt.ACTIVE), options(offset=len(whole) + 1))
    assert caught.value.type == "org.bluez.Error.InvalidOffset"


def test_what_must_not_be_read_now_is_not_permitted():
    rig, server = served()
    server.read(of(gatt.INFO), options())
    rig.session.access.event(99)
    with pytest.raises(DBusError) as caught:
        server.read(of(gatt.INFO), options())
    assert caught.value.type == "org.bluez.Error.NotPermitted"


def test_a_write_reaches_the_session_and_a_refusal_comes_as_an_att_error():
    rig, server = served()
    server.write(of(gatt.CONTROL), STOP, options())
    assert rig.device.told[-1] == "stop"
    with pytest.raises(DBusError) as caught:
        server.write(of(gatt.STAGE), b"nonsense", options())
    assert (caught.value.type, caught.value.text) == ("org.bluez.Error.Failed", "0x80")


@pytest.mark.parametrize(
    ("more", "error"),
    [({"type": "command"}, "NotSupported"), ({"offset": 4}, "InvalidOffset")],
)
def test_a_write_without_an_answer_or_in_pieces_is_refused(more, error):
    rig, server = served()
    with pytest.raises(DBusError) as caught:
        server.write(of(gatt.CONTROL), STOP, options(**more))
    assert caught.value.type.endswith(error)
    assert "stop" not in rig.device.told


def test_a_stop_of_a_paired_central_that_was_silent_for_too_long_is_taken_while_it_is_dropped():
    rig, server = served()
    server.changed(DEVICE, {"Connected": True})
    rig.pass_s(20.1)
    assert rig.session.must_drop
    server.write(of(gatt.CONTROL), STOP, options())
    assert rig.device.told == ["stop"]


def test_asking_whether_a_write_may_be_prepared_writes_nothing():
    rig, server = served()
    server.write(of(gatt.CONTROL), STOP, options(prepare_authorize=True))
    assert "stop" not in rig.device.told


@pytest.mark.parametrize("code", [0x7F, 0xA0, 0x05])
def test_an_att_error_that_does_not_pass_bluez_is_an_error_of_ours(code):
    with pytest.raises(ValueError, match="does not pass"):
        att_error(code)


def test_answers_are_indicated_one_at_a_time_and_to_subscribers_only():
    rig, server = served()
    control = server.characteristics[gatt.CONTROL]
    server.write(of(gatt.CONTROL), rig.talk.bytes_of(ops.HELLO), options(mtu=247))
    server.send(0.0)
    assert control.sent == [], "nobody subscribed: nobody waits for it either"
    control.StartNotify()
    rig.talk.seq = 0
    for _ in range(2):
        server.write(of(gatt.CONTROL), rig.talk.bytes_of(ops.HELLO), options())
    server.send(0.0)
    assert [reply_in(v).op for v in control.sent] == [ops.HELLO]
    server.confirmed()
    server.send(0.0)
    assert len(control.sent) == 2


def test_a_survivor_of_a_lost_link_stays_subscribed_as_bluez_has_it():
    rig, server = served()
    server.characteristics[gatt.CONTROL].is_notifying = True
    server.read(of(gatt.STATUS), options())
    server.changed(DEVICE, {"Connected": False})
    server.changed(DEVICE, {"Connected": True})
    server.write(of(gatt.CONTROL), rig.talk.bytes_of(ops.HELLO), options(mtu=247))
    server.send(0.0)
    assert len(server.characteristics[gatt.CONTROL].sent) == 1


def test_an_address_is_told_lowest_byte_first():
    assert address_of(DEVICE) == bytes.fromhex("ab8967452301")


def test_the_advertisement_names_service_and_device_and_nothing_else():
    advertisement = Advertisement("SWP-TEST")
    assert (advertisement._name, gatt.SERVICE_UUID[:4]) == ("SWP-TEST", "07f6")


# Settings ----------------------------------------------------------------------------------------

GOOD = """
[General]
SecureConnections = only   # LE Secure Connections, nothing else
[GATT]
KeySize=16
"""


def test_bluez_settings_that_do_are_fine_and_what_is_missing_is_named():
    assert main_conf_problems(GOOD) == []
    assert main_conf_problems(GOOD.replace("only", "on")) == [
        "SecureConnections in [General] of main.conf is on; it must be only. Write it, then restart bluetoothd."
    ]
    assert len(main_conf_problems("")) == 2
    assert "not set" in main_conf_problems("[General]\n#SecureConnections = only\n")[0]
    assert len(main_conf_problems(GOOD + "[General]\nJustWorksRepairing = always\n")) == 1
    assert len(main_conf_problems(GOOD.replace("[GATT]", "[Policy]"))) == 1, "in its own section only"
