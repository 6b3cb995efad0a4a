"""BlueZ in the place of one of the two stacks of `tests.radio_rig`, for tests that run inside a guest.

A pytest plugin: `-p tests.guest.bluez_rig` with SWINGPHASE_BLUEZ=device lets every `Ward` serve its session through
`firmware_py.pi.bluez_server`, and with SWINGPHASE_BLUEZ=laptop lets every laptop be bleak on BlueZ. BlueZ's radio is a
virtual controller of the kernel, whose other end is in the same software air.
"""

import asyncio
import contextlib
import itertools
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from bumble import core, hci
from bumble.device import Connection, Peer
from bumble.transport import open_transport
from dbus_fast import BusType, DBusError, Variant
from dbus_fast.aio import MessageBus

from firmware_py.link import gatt
from firmware_py.link.session import Session
from firmware_py.pi.bluez_agent import passkey_agent
from firmware_py.pi.bluez_server import BluezServer
from hw_sim.radio.air import Air, RadioController
from tests import client_rig, radio_rig
from tests.link_rig import NotedDevice
from tests.mpy.link_session import ABOUT, FEATURES, Dice, Eyes, RingLog, new_store

ROLE = os.environ.get("SWINGPHASE_BLUEZ", "")
SLOWER = 8  # than outside: an emulated processor
ADDRESSES = itertools.count(1)
WARDS: list["BluezWard"] = []  # that are there now
FOLDERS: set[Path] = set()  # of wards that were there
PAIR = Connection.pair
CCCD = core.UUID(0x2902)
NOT_IN_THE_CONTROLLER = hci.LeFeatureMask.LL_PRIVACY | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING


class Adapter:
    """A virtual controller of the kernel, in `air`; BlueZ's adapter is at `path`."""

    def __init__(self, air: Air, address: str) -> None:
        self.air, self.address, self.path = air, address, ""

    async def __aenter__(self) -> "Adapter":
        self.bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
        self._transport = await open_transport("vhci")
        self.controller = RadioController(
            "BlueZ",
            self.air,
            host_source=self._transport.source,
            host_sink=self._transport.sink,
            public_address=self.address,
        )
        self.controller.le_features &= ~NOT_IN_THE_CONTROLLER
        await self._wait(lambda found: self.address in found.values())
        self.path = next(
            path for path, address in (await self._adapters()).items() if address == self.address
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self.air.leave(self.controller)
        await self._transport.close()
        await self._wait(lambda found: self.path not in found)
        self.bus.disconnect()

    async def _wait(self, is_so) -> None:
        for _ in range(400):
            if is_so(await self._adapters()):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"BlueZ has {await self._adapters()}")

    async def objects(self) -> dict[str, Any]:
        """Return all that BlueZ shows."""
        introspection = await self.bus.introspect("org.bluez", "/")
        root = self.bus.get_proxy_object("org.bluez", "/", introspection)
        manager: Any = root.get_interface("org.freedesktop.DBus.ObjectManager")
        return await manager.call_get_managed_objects()

    async def _adapters(self) -> dict[str, str]:
        try:
            found = await self.objects()
        except Exception:  # noqa: BLE001 BlueZ may just be starting
            return {}
        kind = "org.bluez.Adapter1"
        return {path: o[kind]["Address"].value for path, o in found.items() if kind in o}

    async def devices(self) -> dict[str, Any]:
        """Return the properties of the devices that this adapter knows, by path."""
        kind = "org.bluez.Device1"
        found = await self.objects()
        return {p: o[kind] for p, o in found.items() if kind in o and p.startswith(self.path + "/")}

    async def call(self, path: str, interface: str, method: str, *values: Any) -> Any:
        """Call a method of BlueZ."""
        proxy = self.bus.get_proxy_object("org.bluez", path, await self.bus.introspect("org.bluez", path))
        return await getattr(proxy.get_interface(interface), f"call_{method}")(*values)

    async def power_on(self) -> None:
        """Switch it on, when BlueZ does not do that by itself just now."""
        wanted = ("org.bluez.Adapter1", "Powered", Variant("b", True))
        for _ in range(40):
            with contextlib.suppress(DBusError):  # busy
                await self.call(self.path, "org.freedesktop.DBus.Properties", "set", *wanted)
                return
            await asyncio.sleep(0.25)
        raise AssertionError("BlueZ does not switch the adapter on")


class BluezWard(radio_rig.Ward):
    """A device whose session is served by BlueZ."""

    def __init__(
        self, folder: Path, *, device=None, store=None, air=None, compare=None, seed=1, features=FEATURES
    ):
        self.folder, self._compare, self._has_running = folder, compare, bool(features & 16)
        self.air = air or Air(supervision_s=0.05)
        self.device = device or NotedDevice()
        self.store = new_store() if store is None else store
        self.eyes, self.log = Eyes(), RingLog()
        about = (self.device, self.store, Dice(seed), self.eyes, self.log)
        self.session = Session(*about, about=ABOUT, features=features)
        self.t_us, self.speed = 0, 1
        self.handles: dict[int, int] = {}
        self.cccds: dict[int, int] = {}
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> "BluezWard":
        self.adapter = await self._stack.enter_async_context(Adapter(self.air, ADDRESS.partition("/")[0]))
        if (
            self.folder not in FOLDERS
        ):  # another device: BlueZ keeps bonds by address, and all wards have the same
            FOLDERS.add(self.folder)
            await self.forget_bonds()
        bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
        self._stack.callback(bus.disconnect)
        self.server = BluezServer(
            self.session,
            bus,
            name="SWP-TEST",
            adapter=self.adapter.path,
            compare=self._compare,
            has_running=self._has_running,
        )
        await self.server.start()
        self._stack.callback(self.server.stop)
        self._clock = asyncio.get_running_loop().create_task(self._tick())
        WARDS.append(self)
        return self

    async def __aexit__(self, *_: object) -> None:
        WARDS.remove(self)
        self._clock.cancel()
        await self._stack.aclose()

    async def bonds(self) -> list[str]:
        """Return whom the device knows."""
        devices = await self.adapter.devices()
        return [path for path, properties in devices.items() if properties["Bonded"].value]

    async def forget_bonds(self) -> None:
        """Let the device forget everybody."""
        for path in await self.bonds():
            await self.adapter.call(self.adapter.path, "org.bluez.Adapter1", "remove_device", path)

    async def learn_handles(self, connection) -> None:
        """Find where everything is, as any central may."""
        peer = Peer(connection)
        await peer.discover_all()
        keys = {core.UUID(c.uuid): c.key for s in gatt.table(True) for c in s.characteristics}
        for service in peer.services:
            for c in service.characteristics:
                if c.uuid in keys:
                    self.handles[keys[c.uuid]] = c.handle
                    for d in c.descriptors:
                        if d.type == CCCD:
                            self.cccds[keys[c.uuid]] = d.handle

    def last_handle(self) -> int:
        """Return the highest handle there is."""
        return max((*self.handles.values(), *self.cccds.values()))


class BluezLaptop:
    """bleak on BlueZ, with its person."""

    client = scanner = gone = None

    def __init__(self, air: Air, passkey) -> None:
        self._air, self.passkey = air, passkey
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> "BluezLaptop":
        address = f"00:5A:C0:00:01:{next(ADDRESSES):02X}"
        adapter = await self._stack.enter_async_context(Adapter(self._air, address))
        await adapter.power_on()
        await self._stack.enter_async_context(passkey_agent(lambda: self.passkey()))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def installed(self) -> contextlib.AbstractContextManager[None]:
        """bleak uses BlueZ by itself."""
        return contextlib.nullcontext()


async def _pairs(connection: Connection) -> None:
    """Pair as a person does, who presses the button first: BlueZ needs a moment to hear of it."""
    await _until(lambda: all(w.server.is_pairable == w.session.pairing.is_open for w in WARDS))
    await PAIR(connection)


def _laptop(ward: radio_rig.Ward, name: str = "laptop", **how: Any) -> BluezLaptop:
    return BluezLaptop(ward.air, how.get("passkey", ward.reads_display))


async def _until(is_so, seconds=3.0) -> None:
    for _ in range(int(seconds * SLOWER / 0.02)):
        if is_so():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came true")


def _run(deed) -> Any:
    return asyncio.run(asyncio.wait_for(deed, 120))


@contextlib.asynccontextmanager
async def _raw_connection(ward: BluezWard, laptop) -> AsyncIterator[radio_rig.Raw]:
    connection = await laptop.device.connect(hci.Address(ADDRESS), timeout=10)
    await _until(lambda: ward.session.access.state != 0)
    if not ward.handles:
        await ward.learn_handles(connection)
    yield radio_rig.Raw(laptop, connection)


ADDRESS = radio_rig.ADDRESS
if ROLE == "device":
    ADDRESS = "00:5A:C0:00:00:01/P"  # BlueZ uses the public address of its controller
    radio_rig.ADDRESS = ADDRESS
    radio_rig.Ward = BluezWard  # type: ignore[misc]
    Connection.pair = _pairs  # type: ignore[method-assign]
    radio_rig.raw_connection = _raw_connection  # type: ignore[assignment]
    radio_rig.handle_of = lambda ward, key: ward.handles[key]  # type: ignore[attr-defined]
    radio_rig.cccd_of = lambda ward, key: ward.cccds[key]  # type: ignore[attr-defined]
elif ROLE == "laptop":
    radio_rig.Ward.laptop = _laptop  # type: ignore[method-assign,assignment]
if ROLE:
    client_rig.AT = ADDRESS.partition("/")[0]
    client_rig.SCAN_S = 4.0
    client_rig.UNDER_WAY_MAX = 600  # BlueZ keeps what D-Bus hands over, and has no word for "full"
    radio_rig.until = _until
    radio_rig.run = _run
    client_rig.until = _until
    client_rig.Ward = radio_rig.Ward  # type: ignore[misc]
