"""The link behind BlueZ, without a bus: flags, refusals, one central, the pairing window. The real thing: --all."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from dbus_fast import DBusError, Variant

from firmware_py.link import gatt, ops
from firmware_py.link.access import ALONE, STRANGER, WEARER
from firmware_py.pi import bluez_server
from firmware_py.pi.bluez_agent import DeviceAgent, LaptopAgent
from firmware_py.pi.bluez_config import main_conf_problems
from firmware_py.pi.bluez_server import Advertisement, BluezServer, address_of, att_error, flags_of
from tests.link_rig import Rig, reply_in

DEVICE = "/org/bluez/hci0/dev_01_23_45_67_89_AB"
OTHER = "/org/bluez/hci0/dev_01_23_45_67_89_AC"
STOP = bytes.fromhex("01003f00")


class Bus:
    """Takes whatever is exported."""

    def export(self, path, interface):
        pass


def served(**more: Any) -> Any:
    rig = Rig()
    server = BluezServer(rig.session, Bus(), name="SWP-TEST", **more)  # type: ignore[arg-type]
    for c in server.characteristics.values():
        c.sent = []  # type: ignore[attr-defined]
        c.send = c.sent.append  # type: ignore[method-assign,attr-defined]
    return rig, server


def of(key):
    return next(c for s in gatt.table() for c in s.characteristics if c.key == key)


def options(device=DEVICE, **more):
    known = {"offset": "q", "mtu": "q", "type": "s", "prepare_authorize": "b"}
    return {"device": Variant("o", device)} | {
        k.replace("_", "-"): Variant(known[k], v) for k, v in more.items()
    }


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


def signal(member, path, *body):
    return SimpleNamespace(member=member, path=path, body=list(body))


NEW = {"org.bluez.Device1": {"Connected": Variant("b", True)}}


def test_a_device_that_bluez_did_not_know_before_is_a_stranger_although_it_asks_for_nothing():
    rig, server = served()
    server._signal(signal("InterfacesAdded", "/", DEVICE, {"org.bluez.Battery1": {}}))
    server._signal(signal("InterfacesAdded", "/", DEVICE.replace("hci0", "hci1"), NEW))
    assert rig.session.access.state == ALONE
    server._signal(signal("InterfacesAdded", "/", DEVICE, NEW))
    assert rig.session.access.state == STRANGER
    rig.pass_s(20.1)
    assert rig.session.must_drop


def test_a_device_that_bluez_forgets_is_gone():
    rig, server = served()
    server._signal(signal("InterfacesAdded", "/", DEVICE, NEW))
    server._signal(signal("InterfacesRemoved", "/", OTHER, ["org.bluez.Device1"]))
    server._signal(signal("InterfacesRemoved", "/", DEVICE, ["org.bluez.Battery1"]))
    assert rig.session.access.state == STRANGER
    server._signal(signal("InterfacesRemoved", "/", DEVICE, ["org.bluez.Device1"]))
    assert rig.session.access.state == ALONE


def test_what_changes_in_a_device_is_heard_and_nothing_else_is():
    rig, server = served()
    is_there = {"Connected": Variant("b", True)}
    server._signal(signal("PropertiesChanged", DEVICE, "org.bluez.MediaControl1", is_there, []))
    server._signal(signal("NameOwnerChanged", DEVICE, "org.bluez.Device1", is_there, []))
    server._signal(signal("PropertiesChanged", DEVICE))
    assert rig.session.access.state == ALONE
    server._signal(signal("PropertiesChanged", DEVICE, "org.bluez.Device1", is_there, []))
    assert rig.session.access.state == STRANGER
    gone = {"Connected": Variant("b", False)}
    server._signal(signal("PropertiesChanged", DEVICE, "org.bluez.Device1", gone, []))
    assert rig.session.access.state == ALONE


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


# Starting ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("busy", "is_on"), [(0, True), (3, True), (40, False)])
def test_an_adapter_that_bluez_is_just_switching_on_is_waited_for(monkeypatch, busy, is_on):
    asked = []

    async def sets(name, value):
        asked.append((name, value))
        if len(asked) <= busy:
            raise DBusError("org.bluez.Error.Busy", "")

    _, server = served()
    monkeypatch.setattr(bluez_server, "POWER_S", 0)
    monkeypatch.setattr(server, "_set_adapter", sets)
    if is_on:
        asyncio.run(server._power_on())
        assert asked == [("Powered", True)] * (busy + 1)
    else:
        with pytest.raises(DBusError):
            asyncio.run(server._power_on())


def test_an_adapter_that_cannot_be_switched_on_is_not_asked_again(monkeypatch):
    async def sets(name, value):
        raise DBusError("org.bluez.Error.Blocked", "rfkill")

    _, server = served()
    monkeypatch.setattr(server, "_set_adapter", sets)
    with pytest.raises(DBusError, match="rfkill"):
        asyncio.run(server._power_on())


def test_the_window_is_told_to_bluez_again_if_it_could_not_hear_of_it(monkeypatch):
    asked = []

    async def sets(name, value):
        asked.append((name, value))
        if len(asked) == 2:
            raise DBusError("org.bluez.Error.Failed", "")

    async def deed():
        rig, server = served()
        monkeypatch.setattr(server, "_set_adapter", sets)
        await server._follow_window()
        rig.session.pairing.button()
        for _ in range(3):
            await server._follow_window()
        assert server.is_pairable

    asyncio.run(deed())
    assert asked == [("Pairable", False), ("Pairable", True), ("Pairable", True)]


def test_whoever_was_connected_before_the_server_began_is_disconnected(monkeypatch):
    gone = []

    async def found():
        return {DEVICE: {"Connected": Variant("b", True)}, OTHER: {"Connected": Variant("b", False)}}

    async def drops(device):
        gone.append(device)

    _, server = served()
    monkeypatch.setattr(server, "_devices", found)
    monkeypatch.setattr(server, "_disconnect", drops)
    asyncio.run(server._drop_all())
    assert gone == [DEVICE]


# The agents --------------------------------------------------------------------------------------


def test_the_device_shows_a_passkey_only_while_the_window_is_open():
    rig = Rig()
    agent = DeviceAgent(rig.session, None)
    assert agent.capability == "DisplayOnly"
    with pytest.raises(DBusError, match="window is closed"):
        agent.show(123456)
    rig.session.pairing.button()
    agent.show(123456)
    assert rig.eyes.seen == [123456]
    agent.cancelled()
    assert rig.eyes.is_dark


def test_whoever_pairs_while_the_window_is_closed_is_disconnected_because_bluez_does_not_hear_a_no():
    rig = Rig()
    dropped = []
    agent = DeviceAgent(rig.session, None, dropped.append)
    with pytest.raises(DBusError):
        agent.DisplayPasskey(DEVICE, 123456, 0)
    assert dropped == [DEVICE]
    rig.session.pairing.button()
    agent.DisplayPasskey(DEVICE, 123456, 0)
    agent.DisplayPasskey(DEVICE, 123456, 1)
    assert (rig.eyes.seen, dropped) == ([123456], [DEVICE])


def test_four_attempts_in_one_window_are_one_too_many():
    rig = Rig()
    agent = DeviceAgent(rig.session, None)
    rig.session.pairing.button()
    for _ in range(3):
        agent.show(123456)
    with pytest.raises(DBusError):
        agent.show(123456)


@pytest.mark.parametrize("answer", [True, False])
def test_a_comparison_needs_a_person_at_the_device(answer):
    async def asks(number):
        assert number == 42
        return answer

    rig = Rig()
    agent = DeviceAgent(rig.session, asks)
    assert agent.capability == "DisplayYesNo"
    rig.session.pairing.button()
    if answer:
        asyncio.run(agent.compare(42))
    else:
        with pytest.raises(DBusError, match="differ"):
            asyncio.run(agent.compare(42))
        assert rig.eyes.is_dark


def test_a_device_without_a_button_for_it_compares_nothing_and_takes_no_passkey():
    agent = DeviceAgent(Rig().session, None)
    with pytest.raises(DBusError):
        asyncio.run(agent.compare(42))
    with pytest.raises(DBusError):
        asyncio.run(agent.passkey())


PAIRED = {"Paired": Variant("b", True), "Bonded": Variant("b", True)}


def watched(monkeypatch):
    """A server that notes whom it forgets, and somebody who is connected to it."""
    rig, server = served()
    gone = []

    def runs(deed):
        deed.close()

    monkeypatch.setattr(server, "_run", runs)
    monkeypatch.setattr(server, "_forget", lambda device: gone.append(device) or asyncio.sleep(0))
    server.changed(DEVICE, {"Connected": True})
    return rig, server, gone


def test_a_pairing_that_was_told_closes_the_window(monkeypatch):
    rig, server, gone = watched(monkeypatch)
    rig.session.pairing.button()
    server.agent.DisplayPasskey(DEVICE, 123456, 0)
    server._signal(signal("PropertiesChanged", DEVICE, "org.bluez.Device1", PAIRED, []))
    assert not rig.session.pairing.is_open
    server._signal(signal("PropertiesChanged", DEVICE, "org.bluez.Device1", PAIRED, []))
    assert gone == [], "told in two parts"
    server.read(of(gatt.STATUS), options())
    assert rig.session.access.state == WEARER


@pytest.mark.parametrize("is_open", [False, True], ids=["window closed", "another one was allowed"])
def test_whoever_pairs_without_being_allowed_to_is_forgotten_and_gets_nothing(monkeypatch, is_open):
    rig, server, gone = watched(monkeypatch)
    if is_open:
        rig.session.pairing.button()
        server.agent.DisplayPasskey(OTHER, 123456, 0)
    server._signal(signal("PropertiesChanged", DEVICE, "org.bluez.Device1", PAIRED, []))
    assert gone == [DEVICE]
    with pytest.raises(DBusError, match="without being allowed"):
        server.read(of(gatt.STATUS), options())
    assert rig.session.access.state == STRANGER
    server._signal(signal("InterfacesRemoved", "/", DEVICE, ["org.bluez.Device1"]))
    assert rig.session.access.state == ALONE
    server.read(of(gatt.INFO), options())
    assert rig.session.access.state == STRANGER, "it may come again, as a stranger"


def test_what_was_allowed_once_is_not_allowed_on_the_next_connection(monkeypatch):
    rig, server, gone = watched(monkeypatch)
    rig.session.pairing.button()
    server.agent.DisplayPasskey(DEVICE, 123456, 0)
    server.changed(DEVICE, {"Connected": False})
    server.changed(DEVICE, {"Connected": True})
    server._signal(signal("PropertiesChanged", DEVICE, "org.bluez.Device1", PAIRED, []))
    assert gone == [DEVICE]


def test_a_device_that_bluez_knows_as_paired_when_it_is_told_of_is_let_in(monkeypatch):
    _, server, gone = watched(monkeypatch)
    server._signal(signal("InterfacesAdded", "/", OTHER, {"org.bluez.Device1": PAIRED}))
    server._signal(
        signal("PropertiesChanged", DEVICE, "org.bluez.Device1", {"Paired": Variant("b", False)}, [])
    )
    assert gone == []


@pytest.mark.parametrize(
    ("typed", "is_taken"), [(123456, True), (0, True), (None, False), (1_000_000, False)]
)
def test_the_laptop_asks_its_person_and_shows_nothing_itself(typed, is_taken):
    async def ask():
        return typed

    agent = LaptopAgent(ask)
    if is_taken:
        assert asyncio.run(agent.passkey()) == typed
    else:
        with pytest.raises(DBusError):
            asyncio.run(agent.passkey())
    with pytest.raises(DBusError):
        agent.show(1)
    with pytest.raises(DBusError):
        asyncio.run(agent.compare(1))


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
