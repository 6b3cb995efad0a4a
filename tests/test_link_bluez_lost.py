"""BlueZ ends, hangs or loses its radio: nobody stays connected on paper, a trial ends, the process begins anew."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from dbus_fast import DBusError, Message, MessageType

from firmware_py.link import gatt, ops
from firmware_py.link.access import ALONE, THERAPIST
from firmware_py.link.values import SETTLED, TRIAL
from firmware_py.pi import bluez_server
from firmware_py.pi.run.link import LinkProcess
from tests.bluez_bus import DEVICE, OTHER, STOP, of, options, served, signal
from tests.link_rig import in_use
from tests.mpy.link_session import changed

AGAIN = 3  # restated: the parent starts another process whatever the code; this one is for the journal
ENOUGH_S = 30  # for what has to come to an end


def on_trial() -> Any:
    """A therapist, unlocked through BlueZ, who tries a larger current."""
    rig, server = served()
    server.changed(DEVICE, {"Connected": True})
    server.read(of(gatt.STATUS), options(mtu=247))
    before = in_use(rig)
    rig.talk.hello()
    rig.talk.unlock()
    more = changed(before, 0, current_ua=before.channels[0].current_ua + 2_000)
    assert rig.commit(more).result == ops.OK
    assert (rig.session.access.state, rig.session.changes.phase) == (THERAPIST, TRIAL)
    return rig, server, before


def name_owner(name: str, old: str, new: str):
    return signal("NameOwnerChanged", "/org/freedesktop/DBus", name, old, new)


def test_when_bluetoothd_ends_the_trial_and_the_role_end_and_nobody_is_let_in_by_what_is_left():
    rig, server, before = on_trial()
    server._signal(name_owner("org.bluez", ":1.4", ""))
    assert server.lost == "bluetoothd has ended"
    assert (rig.session.access.state, rig.session.changes.phase, in_use(rig)) == (ALONE, SETTLED, before)
    server.changed(OTHER, {"Connected": True})
    with pytest.raises(DBusError):
        server.write(of(gatt.CONTROL), STOP, options(OTHER))
    assert rig.session.access.state == ALONE, "the next process serves; this one has nothing registered"


@pytest.mark.parametrize(
    ("name", "old"), [("org.bluez", ""), ("org.bluez.obex", ":1.5")], ids=["it begins", "another name"]
)
def test_a_name_that_begins_or_belongs_to_others_ends_nothing(name, old):
    rig, server, _ = on_trial()
    server._signal(name_owner(name, old, ":1.9"))
    assert (server.lost, rig.session.access.state) == ("", THERAPIST)


def test_an_adapter_that_is_gone_ends_it_and_another_adapter_does_not():
    rig, server, before = on_trial()
    server._signal(signal("InterfacesRemoved", "/", "/org/bluez/hci1", ["org.bluez.Adapter1"]))
    server._signal(signal("InterfacesRemoved", "/", "/org/bluez/hci0", ["org.bluez.GattManager1"]))
    assert not server.lost
    server._signal(signal("InterfacesRemoved", "/", "/org/bluez/hci0", ["org.bluez.Adapter1"]))
    assert (server.lost, in_use(rig)) == ("/org/bluez/hci0 is gone", before)


def test_without_a_controller_to_end_the_trial_it_is_lost_all_the_same(monkeypatch):
    rig, server, _ = on_trial()

    def asks():
        raise OSError("The controller does not answer.")

    monkeypatch.setattr(rig.device, "prescription", asks)
    server._signal(name_owner("org.bluez", ":1.4", ""))
    assert server.lost


async def until_lost(server) -> None:
    async with asyncio.timeout(ENOUGH_S):
        while not server.lost:
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    "error", [TimeoutError(), DBusError("org.bluez.Error.Failed", "no"), KeyError("odd")], ids=repr
)
def test_whatever_ends_the_work_of_the_server_ends_the_session(monkeypatch, error):
    async def deed():
        rig, server, before = on_trial()

        async def follows():
            raise error

        monkeypatch.setattr(bluez_server, "PUMP_S", 0)
        monkeypatch.setattr(server, "_follow_window", follows)
        server._run(server._pump())
        await until_lost(server)
        assert (rig.session.access.state, in_use(rig)) == (ALONE, before)

    asyncio.run(deed())


class Bus:
    """A bus on which BlueZ answers as `pings` says, until it is gone."""

    def __init__(self, *pings):
        self.pings, self.asked, self.handlers = list(pings), [], []
        self.gone = asyncio.get_running_loop().create_future()

    async def call(self, message: Message):
        self.asked.append((message.destination, message.interface, message.member))
        answer = self.pings.pop(0)
        return await answer if asyncio.isfuture(answer) else answer

    def export(self, path, interface):
        pass

    def add_message_handler(self, handler):
        self.handlers.append(handler.__name__)

    async def wait_for_disconnect(self):
        return await self.gone


WELL = SimpleNamespace(message_type=MessageType.METHOD_RETURN)
ERROR = SimpleNamespace(message_type=MessageType.ERROR)


@pytest.mark.parametrize(
    ("last", "why"),
    [("hangs", "bluetoothd has not answered for 0.01 s"), (ERROR, "bluetoothd does not answer")],
    ids=["hangs", "has ended"],
)
def test_a_bluetoothd_that_does_not_answer_is_lost(monkeypatch, last, why):
    async def deed():
        rig, server, before = on_trial()
        bus = Bus(WELL, WELL, asyncio.get_running_loop().create_future() if last == "hangs" else last)
        server._bus = bus
        monkeypatch.setattr(bluez_server, "LOOK_S", 0)
        monkeypatch.setattr(bluez_server, "ANSWER_S", 0.01)
        server._run(server._look())
        await until_lost(server)
        assert (server.lost, in_use(rig)) == (why, before)
        assert bus.asked == [("org.bluez", "org.freedesktop.DBus.Peer", "Ping")] * 3

    asyncio.run(deed())


@pytest.mark.parametrize("error", [None, ConnectionResetError("reset")], ids=["closed", "reset"])
def test_a_bus_that_is_gone_ends_the_session(error):
    async def deed():
        rig, server, before = on_trial()
        server._bus = bus = Bus()
        server._run(server._follow_bus())
        await asyncio.sleep(0)
        assert not server.lost
        if error is None:
            bus.gone.set_result(None)
        else:
            bus.gone.set_exception(error)
        await until_lost(server)
        assert (rig.session.access.state, in_use(rig)) == (ALONE, before)

    asyncio.run(deed())


def test_what_the_server_watches_begins_with_its_start_and_its_end_is_no_loss(monkeypatch):
    async def deed():
        rules, running = [], []
        _, server = served()
        server._bus = bus = Bus()

        async def nothing(*_):
            pass

        async def matches(rule):
            rules.append(rule)

        async def proxy(path):
            calls = {"call_register_application": nothing, "call_register_advertisement": nothing}
            return SimpleNamespace(get_interface=lambda name: SimpleNamespace(**calls))

        async def notes_itself(name):
            running.append(name)

        monkeypatch.setattr(bluez_server, "register", nothing)
        for name in ("_power_on", "_set_adapter", "_drop_all"):
            monkeypatch.setattr(server, name, nothing)
        monkeypatch.setattr(server, "_match", matches)
        monkeypatch.setattr(server, "_proxy", proxy)
        for name in ("_forget_refused", "_pump", "_look", "_follow_bus"):
            monkeypatch.setattr(server, name, lambda name=name: notes_itself(name))
        await server.start()
        await asyncio.sleep(0)
        assert rules[0].endswith("member='NameOwnerChanged',arg0='org.bluez'"), (
            "before anything is registered"
        )
        assert (sorted(running), bus.handlers) == (
            ["_follow_bus", "_forget_refused", "_look", "_pump"],
            ["_signal"],
        )
        server._run(asyncio.sleep(ENOUGH_S))
        await asyncio.sleep(0)
        server.stop()
        for _ in range(3):
            await asyncio.sleep(0)
        assert (server.lost, server._tasks) == ("", set())

    asyncio.run(deed())


def test_a_process_without_its_radio_ends_so_that_another_one_is_started(capsys):
    process: Any = SimpleNamespace(_is_over=False, _device=SimpleNamespace(is_lost=False))
    assert asyncio.run(LinkProcess.run(process, lambda: "bluetoothd has ended")) == AGAIN
    assert capsys.readouterr().err == "link: Bluetooth is lost: bluetoothd has ended.\n"
