"""Who comes and pairs behind BlueZ, without a bus: what BlueZ tells, what the agents answer, who is sent away."""

import asyncio
from typing import Any

import pytest
from dbus_fast import DBusError, Variant

from firmware_py.link import gatt
from firmware_py.link.access import ALONE, STRANGER, WEARER
from firmware_py.pi import bluez_server
from firmware_py.pi.bluez_agent import DeviceAgent, LaptopAgent
from tests.bluez_bus import DEVICE, OTHER, of, options, served, signal
from tests.link_rig import Rig
from tests.mpy.link_session import MemoryStore

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


def anybody(device):
    return True


def test_the_device_shows_a_passkey_only_while_the_window_is_open():
    rig = Rig()
    agent = DeviceAgent(rig.session, None, anybody)
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
    agent = DeviceAgent(rig.session, None, anybody, dropped.append)
    with pytest.raises(DBusError):
        agent.DisplayPasskey(DEVICE, 123456, 0)
    assert dropped == [DEVICE]
    rig.session.pairing.button()
    agent.DisplayPasskey(DEVICE, 123456, 0)
    agent.DisplayPasskey(DEVICE, 123456, 1)
    assert (rig.eyes.seen, dropped) == ([123456], [DEVICE])


def test_four_attempts_in_one_window_are_one_too_many():
    rig = Rig()
    agent = DeviceAgent(rig.session, None, anybody)
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
    agent = DeviceAgent(rig.session, asks, anybody)
    assert agent.capability == "DisplayYesNo"
    rig.session.pairing.button()
    if answer:
        asyncio.run(agent.compare(42))
    else:
        with pytest.raises(DBusError, match="differ"):
            asyncio.run(agent.compare(42))
        assert rig.eyes.is_dark


def test_a_device_without_a_button_for_it_compares_nothing_and_takes_no_passkey():
    agent = DeviceAgent(Rig().session, None, anybody)
    with pytest.raises(DBusError):
        asyncio.run(agent.compare(42))
    with pytest.raises(DBusError):
        asyncio.run(agent.passkey())


PAIRED = {"Paired": Variant("b", True), "Bonded": Variant("b", True)}


def watched(monkeypatch, **more):
    """A server that notes whom it forgets, and somebody who is connected to it."""
    rig, server = served(**more)
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


def test_only_the_central_that_is_admitted_gets_a_passkey_and_uses_an_attempt(monkeypatch):
    async def asks(number):
        return True

    for compare in (None, asks):
        rig, server, gone = watched(monkeypatch, compare=compare)
        dropped = []
        monkeypatch.setattr(
            server, "_disconnect", lambda device, to=dropped: to.append(device) or asyncio.sleep(0)
        )
        rig.session.pairing.button()
        server.agent.DisplayPasskey(DEVICE, 123456, 0)
        for _ in range(3):
            with pytest.raises(DBusError, match="one central"):
                server.agent.DisplayPasskey(OTHER, 654321, 0)
            with pytest.raises(DBusError):
                asyncio.run(server.agent.compare(654321))
        assert (rig.eyes.seen, dropped) == ([123456], [OTHER] * 3)
        assert rig.session.pairing.is_open, "two attempts are left"
        server._signal(signal("PropertiesChanged", DEVICE, "org.bluez.Device1", PAIRED, []))
        assert (gone, rig.session.pairing.is_open) == ([], False), "the pairing of the first one counts"
        server.changed(DEVICE, {"Connected": False})
        rig.session.pairing.button()
        with pytest.raises(DBusError, match="one central"):
            server.agent.DisplayPasskey("", 654321, 0)


@pytest.mark.parametrize("is_open", [False, True], ids=["window closed", "another one was allowed"])
def test_whoever_pairs_without_being_allowed_to_is_forgotten_and_gets_nothing(monkeypatch, is_open):
    rig, server, gone = watched(monkeypatch)
    if is_open:
        rig.session.pairing.button()
        server.agent.allowed = OTHER
    server._signal(signal("PropertiesChanged", DEVICE, "org.bluez.Device1", PAIRED, []))
    assert gone == [DEVICE]
    with pytest.raises(DBusError, match="without being allowed"):
        server.read(of(gatt.STATUS), options())
    assert rig.session.access.state == STRANGER
    server._signal(signal("InterfacesRemoved", "/", DEVICE, ["org.bluez.Device1"]))
    assert rig.session.access.state == ALONE
    server.read(of(gatt.INFO), options())
    assert rig.session.access.state == STRANGER, "it may come again, as a stranger"


def refused(monkeypatch, store) -> Any:
    """A server whose BlueZ could not forget DEVICE, which has paired without being allowed to, and which has left."""
    rig, server, gone = watched(monkeypatch, store=store)
    server._signal(signal("PropertiesChanged", DEVICE, "org.bluez.Device1", PAIRED, []))
    server._signal(
        signal("PropertiesChanged", DEVICE, "org.bluez.Device1", {"Connected": Variant("b", False)}, [])
    )
    assert (gone, rig.session.access.state) == ([DEVICE], ALONE)
    return rig, server, gone


def test_a_forbidden_pairing_that_bluez_could_not_forget_gets_nothing_when_it_comes_again(monkeypatch):
    rig, server, gone = refused(monkeypatch, None)
    server._signal(signal("PropertiesChanged", DEVICE, "org.bluez.Device1", NEW["org.bluez.Device1"], []))
    assert gone == [DEVICE, DEVICE], "it is tried again"
    with pytest.raises(DBusError, match="without being allowed"):
        server.read(of(gatt.STATUS), options())
    assert rig.session.access.state == ALONE
    server.changed(OTHER, {"Connected": True})
    assert rig.session.access.state == STRANGER, "nor is it in the way of others"


def test_a_forbidden_pairing_is_remembered_by_the_next_process_until_bluez_has_forgotten_it(monkeypatch):
    store = MemoryStore()
    refused(monkeypatch, store)
    _, server = served(store=store)
    known = {DEVICE: {}, OTHER: {}}
    gone = []

    async def found():
        return known

    async def forgets(device):
        gone.append(device)

    monkeypatch.setattr(server, "_devices", found)
    monkeypatch.setattr(server, "_forget", forgets)
    asyncio.run(server._forget_refused())
    assert gone == [DEVICE]
    with pytest.raises(DBusError, match="without being allowed"):
        server.read(of(gatt.STATUS), options())
    del known[DEVICE]
    asyncio.run(server._forget_refused())
    server.read(of(gatt.INFO), options())
    assert store.load("refused") == b""


def test_without_a_list_that_can_be_read_everybody_has_to_pair_anew(monkeypatch):
    store = MemoryStore()
    store.save("refused", b"\xff")
    _, server = served(store=store)
    gone = []

    async def found():
        return {DEVICE: {}, OTHER: {}}

    async def forgets(device):
        gone.append(device)

    monkeypatch.setattr(server, "_devices", found)
    monkeypatch.setattr(server, "_forget", forgets)
    asyncio.run(server._forget_refused())
    assert gone == [DEVICE, OTHER]


def test_a_list_that_cannot_be_kept_holds_as_long_as_the_process(monkeypatch):
    store = MemoryStore()
    store.is_full = True
    _, server, _ = refused(monkeypatch, store)
    with pytest.raises(DBusError, match="without being allowed"):
        server.read(of(gatt.STATUS), options())


def test_a_pairing_that_is_told_after_the_link_has_ended_was_allowed_all_the_same(monkeypatch):
    rig, server, gone = watched(monkeypatch)
    rig.session.pairing.button()
    server.agent.DisplayPasskey(DEVICE, 123456, 0)
    server.changed(DEVICE, {"Connected": False})
    server._signal(signal("PropertiesChanged", DEVICE, "org.bluez.Device1", PAIRED, []))
    assert gone == []


def test_what_was_allowed_once_is_not_allowed_again_in_a_closed_window(monkeypatch):
    rig, server, gone = watched(monkeypatch)
    rig.session.pairing.button()
    server.agent.DisplayPasskey(DEVICE, 123456, 0)
    rig.pass_s(61)
    with pytest.raises(DBusError):
        server.agent.DisplayPasskey(DEVICE, 654321, 0)
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
