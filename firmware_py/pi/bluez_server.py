"""The link on a Raspberry Pi: BlueZ has the radio and the bonds, this serves `firmware_py.link` through D-Bus.

BlueZ enforces the `secure-*` flags: LE Secure Connections with a passkey or comparison, for reading, writing and
subscribing. So whoever reaches a secure characteristic has proved who it is; this file adds one central at a
time, the pairing window, and obeys the session. Flags `encrypt-*` would admit Just Works and are used nowhere.
"""

import asyncio
import contextlib
from typing import Any

from dbus_fast import DBusError, InterfaceNotFoundError, Message, MessageFlag, MessageType, Variant
from dbus_fast.aio import MessageBus

from firmware_py.link import gatt
from firmware_py.link.contracts import Store
from firmware_py.link.session import Session
from firmware_py.pi.bluez_agent import DEVICE_PATH, Compare, DeviceAgent, register
from firmware_py.pi.bluez_gatt import Advertisement, GattCharacteristic, GattService, Server, att_error
from firmware_py.pi.bluez_refused import Refused

ROOT = "/org/swingphase"
PUMP_S = 0.01
POWER_S = 0.25
POWER_TRIES = 40
FRAMES = 3  # notifications in one turn: D-Bus has no way to say that the radio is full
CONFIRM_S = 30.0  # the time that ATT gives a central to confirm an indication
BLUEZ = "org.bluez"
DBUS = "org.freedesktop.DBus"
DEVICE = "org.bluez.Device1"
ADAPTER = "org.bluez.Adapter1"
LOOK_S = 5.0  # from one look whether BlueZ answers to the next
ANSWER_S = 10.0  # assumed: it writes bonds to a slow card before it answers
GONE = (DBusError, InterfaceNotFoundError)  # what a device that BlueZ has just forgotten leads to


def address_of(path: str) -> bytes:
    """Return the address in a device's path, lowest byte first as on the air."""
    return bytes(int(part, 16) for part in reversed(path.rpartition("dev_")[2].split("_")[:6]))


class BluezServer(Server):
    """Serve `session` on an adapter. Whoever owns the loop steps the session.

    bus        connected to the system bus
    adapter    path of the adapter
    compare    asks a person at the device whether two numbers are the same; None: it only shows a passkey
    store      keeps who has paired without being allowed to; None: known only as long as this lives
    lost       "" while it serves. Else why it cannot any more: BlueZ has ended or hangs, the bus or the adapter is
               gone, or work of its own has failed. The session was told that nobody is there; end this process
    """

    def __init__(
        self,
        session: Session,
        bus: MessageBus,
        *,
        name: str,
        adapter: str = "/org/bluez/hci0",
        compare: Compare | None = None,
        store: Store | None = None,
        has_running: bool = False,
    ) -> None:
        self.session, self._bus, self._name, self._adapter = session, bus, name, adapter
        self.agent = DeviceAgent(
            session,
            compare,
            lambda device: device != "" and device == self._device,
            lambda device: self._run(self._disconnect(device)),
        )
        self.lost = ""
        self.services: list[GattService] = []
        self.characteristics: dict[int, GattCharacteristic] = {}
        self._device = ""  # path of the central that is admitted
        self._refused = Refused(store)
        self.is_pairable: bool | None = None  # as BlueZ was told last
        self._waits_s = -1.0  # since when an indication waits for its confirmation
        self._tasks: set[asyncio.Task] = set()
        number = 0
        for n, service in enumerate(gatt.table(has_running)):
            made = GattService(f"{ROOT}/service{n}", service.uuid)
            self.services.append(made)
            for c in service.characteristics:
                path = f"{made.path}/char{number:02d}"
                self.characteristics[c.key] = GattCharacteristic(self, path, made.path, c)
                number += 1

    async def start(self) -> None:
        """Export everything, register with BlueZ, advertise. Whoever is connected already must come anew."""
        for exported in (*self.services, *self.characteristics.values()):
            self._bus.export(exported.path, exported)
        self._bus.export(f"{ROOT}/advertisement", Advertisement(self._name))
        self._bus.add_message_handler(self._signal)
        await self._match(f"type='signal',sender='{DBUS}',member='NameOwnerChanged',arg0='{BLUEZ}'")
        self._run(self._follow_bus())
        await register(self._bus, DEVICE_PATH, self.agent)
        await self._power_on()
        await self._set_adapter("Pairable", False)
        for member in ("PropertiesChanged", "InterfacesAdded", "InterfacesRemoved"):
            await self._match(f"type='signal',sender='org.bluez',member='{member}'")
        await self._drop_all()
        await self._forget_refused()
        adapter = await self._proxy(self._adapter)
        gatt_manager = adapter.get_interface("org.bluez.GattManager1")
        await gatt_manager.call_register_application(ROOT, {})  # type: ignore[attr-defined]
        advertising = adapter.get_interface("org.bluez.LEAdvertisingManager1")
        await advertising.call_register_advertisement(f"{ROOT}/advertisement", {})  # type: ignore[attr-defined]
        self._run(self._pump())
        self._run(self._look())

    def stop(self) -> None:
        """Send nothing any longer; the bus is the caller's."""
        for task in tuple(self._tasks):
            task.cancel()

    # What BlueZ asks ------------------------------------------------------------------------------

    def read(self, c: gatt.Characteristic, options: dict[str, Variant]) -> bytes:
        """Return a value, from the offset that BlueZ asks for."""
        self._admit(c, options)
        value = self.session.read(c.key)
        if value is None:
            raise DBusError("org.bluez.Error.NotPermitted", "not now")
        offset = options["offset"].value if "offset" in options else 0
        if offset > len(value):
            raise DBusError("org.bluez.Error.InvalidOffset", "beyond the end")
        return value[offset:]

    def write(self, c: gatt.Characteristic, value: bytes, options: dict[str, Variant]) -> None:
        """Take a write with response, whole."""
        self._admit(c, options)
        if options.get("prepare-authorize", Variant("b", False)).value:
            return
        if options.get("type", Variant("s", "request")).value == "command":
            raise DBusError("org.bluez.Error.NotSupported", "write with response")
        if options.get("offset", Variant("q", 0)).value:
            raise DBusError("org.bluez.Error.InvalidOffset", "write the whole value")
        refused = self.session.write(c.key, value)
        if refused:
            raise att_error(refused)

    def confirmed(self) -> None:
        """The central has confirmed the indication."""
        self._waits_s = -1.0
        self.session.acked()

    def _admit(self, c: gatt.Characteristic, options: dict[str, Variant]) -> None:
        """Note who it is. BlueZ has checked the flags: whoever comes here through a secure one has proved itself."""
        device = options["device"].value if "device" in options else ""
        if device in self._refused:
            raise DBusError("org.bluez.Error.NotAuthorized", "paired without being allowed to")
        if device != self._device:
            if self.lost or self._device or not device:
                raise DBusError("org.bluez.Error.NotAuthorized", "one central at a time")
            self._came(device)
        if "mtu" in options:
            self.session.mtu = options["mtu"].value
        if c.is_secure and not self.session.access.may_read(True):
            self.session.secured()

    # Connections ----------------------------------------------------------------------------------

    def _signal(self, message: Any) -> None:
        """Hear of devices: `Connected` and `Paired` when they change, and with a device that BlueZ did not know before.

        A new device is told of once, connected as it is; there is no change of `Connected` then. A lost link is not
        told in any other way.
        """
        if message.member == "PropertiesChanged" and message.body and message.body[0] == DEVICE:
            self._hear(message.path or "", message.body[1])
            self._has_paired(message.path or "", message.body[1])
        elif message.member == "InterfacesAdded" and message.body and DEVICE in message.body[1]:
            self._hear(message.body[0], message.body[1][DEVICE])
        elif message.member == "InterfacesRemoved" and message.body and DEVICE in message.body[1]:
            self._hear(message.body[0], {"Connected": Variant("b", False)})
            self._refused.discard(message.body[0])
        elif message.member == "InterfacesRemoved" and message.body:
            if message.body[0] == self._adapter and ADAPTER in message.body[1]:
                self._lose(f"{self._adapter} is gone")
        elif message.member == "NameOwnerChanged" and message.body[0] == BLUEZ and message.body[1]:
            self._lose("bluetoothd has ended")  # a new one knows nothing of what was registered

    def _hear(self, device: str, properties: dict[str, Variant]) -> None:
        if device.startswith(self._adapter + "/"):
            self.changed(device, {name: v.value for name, v in properties.items()})

    def _has_paired(self, device: str, properties: dict[str, Variant]) -> None:
        """A device is paired now that was not before. It was allowed to, or it is forgotten at once.

        Linux refuses a pairing with a bond while the adapter is not pairable, but not one without.
        """
        is_paired = any(name in properties and properties[name].value for name in ("Paired", "Bonded"))
        if is_paired and device.startswith(self._adapter + "/"):
            if device == self.agent.allowed:
                self.session.pairing.end(True)
            else:
                self._refused.add(device)
                self._run(self._forget(device))

    def changed(self, device: str, properties: dict[str, Any]) -> None:
        """A device has connected or disconnected."""
        if properties.get("Connected") is True and device != self._device:
            if device in self._refused:
                self._run(self._forget(device))  # BlueZ could not, when it had paired
            elif self._device:
                self._run(self._disconnect(device))
            else:
                self._came(device)
        if properties.get("Connected") is False and device == self._device:
            self._device, self._waits_s = "", -1.0
            self.session.disconnected()

    def _came(self, device: str) -> None:
        if not self.lost and self.session.connected(address_of(device)):
            self._device = device

    # Losing BlueZ ---------------------------------------------------------------------------------

    def _lose(self, why: str) -> None:
        """Nobody is connected any more, and nothing tells of it: whoever was there is gone, a trial ends."""
        if self.lost:
            return
        self.lost, self._device, self._waits_s = why, "", -1.0
        with contextlib.suppress(
            OSError, ValueError
        ):  # no controller either: the next process ends the trial
            self.session.disconnected()

    async def _follow_bus(self) -> None:
        with contextlib.suppress(OSError, EOFError):
            await self._bus.wait_for_disconnect()
        raise EOFError("the system bus is gone")

    async def _look(self) -> None:
        """See that BlueZ still answers: one that hangs tells nobody that a central is gone."""
        while True:
            await asyncio.sleep(LOOK_S)
            ping = Message(destination=BLUEZ, path="/", interface=f"{DBUS}.Peer", member="Ping")
            ping.flags = MessageFlag.NO_AUTOSTART
            try:
                answer = await asyncio.wait_for(self._bus.call(ping), ANSWER_S)
            except TimeoutError:
                raise TimeoutError(f"bluetoothd has not answered for {ANSWER_S:g} s") from None
            if answer is None or answer.message_type == MessageType.ERROR:
                raise EOFError("bluetoothd does not answer")

    # Sending --------------------------------------------------------------------------------------

    async def _pump(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(PUMP_S)
            self.session.work()
            await self._follow_window()
            if not self._device:
                continue
            is_stuck = self._waits_s >= 0 and loop.time() - self._waits_s > CONFIRM_S
            if self.session.must_forget:
                self.session.must_forget = False
                await self._forget_all()
            elif self.session.must_drop or is_stuck:
                await self._disconnect(self._device)
            else:
                self.send(loop.time())

    async def _follow_window(self) -> None:
        """Let Linux refuse to bond while the window is closed; asked again if BlueZ could not do it now."""
        is_open = self.session.pairing.is_open
        if self.is_pairable != is_open:
            with contextlib.suppress(DBusError):
                await self._set_adapter("Pairable", is_open)
                self.is_pairable = is_open

    def send(self, now_s: float) -> None:
        """Send some of what the session has."""
        for _ in range(FRAMES):
            out = self.session.next_out()
            if out is None:
                return
            key, value, is_indication = out
            characteristic = self.characteristics[key]
            if not characteristic.is_notifying:
                if is_indication:
                    self.session.acked()
                continue
            if is_indication:
                self._waits_s = now_s
            characteristic.send(value)

    # BlueZ's own objects ----------------------------------------------------------------------------

    def _run(self, deed: Any) -> None:
        task = asyncio.get_running_loop().create_task(deed)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task) -> None:
        self._tasks.discard(task)
        failed = None if task.cancelled() else task.exception()
        if failed is not None:
            self._lose(str(failed) or type(failed).__name__)

    async def _proxy(self, path: str) -> Any:
        return self._bus.get_proxy_object(BLUEZ, path, await self._bus.introspect(BLUEZ, path))

    async def _match(self, rule: str) -> None:
        introspection = await self._bus.introspect(DBUS, "/org/freedesktop/DBus")
        bus = self._bus.get_proxy_object(DBUS, "/org/freedesktop/DBus", introspection)
        await bus.get_interface(DBUS).call_add_match(rule)  # type: ignore[attr-defined]

    async def _set_adapter(self, name: str, value: bool) -> None:
        adapter = await self._proxy(self._adapter)
        properties = adapter.get_interface(f"{DBUS}.Properties")
        await properties.call_set(ADAPTER, name, Variant("b", value))

    async def _power_on(self) -> None:
        """Switch the adapter on; BlueZ may just be doing it itself, as it does after booting."""
        for left in range(POWER_TRIES, 0, -1):
            try:
                await self._set_adapter("Powered", True)
                break
            except DBusError as e:
                if e.type != "org.bluez.Error.Busy" or left == 1:
                    raise
            await asyncio.sleep(POWER_S)

    async def _disconnect(self, device: str) -> None:
        with contextlib.suppress(*GONE):
            proxy = await self._proxy(device)
            await proxy.get_interface(DEVICE).call_disconnect()

    async def _drop_all(self) -> None:
        """Disconnect whoever is connected: nobody has noted when it came, so it could stay for ever."""
        for device, properties in (await self._devices()).items():
            if properties["Connected"].value:
                await self._disconnect(device)

    async def _forget_refused(self) -> None:
        """Forget whom BlueZ could not forget before this was started anew."""
        known = await self._devices()
        for device in known if self._refused.is_damaged else self._refused.all():
            if device in known:
                await self._forget(device)
            else:
                self._refused.discard(device)

    async def _devices(self) -> dict[str, dict[str, Variant]]:
        """Return the properties of all devices that the adapter knows, by their paths."""
        root = (await self._proxy("/")).get_interface("org.freedesktop.DBus.ObjectManager")
        found = await root.call_get_managed_objects()
        return {p: o[DEVICE] for p, o in found.items() if DEVICE in o and p.startswith(self._adapter + "/")}

    async def _forget_all(self) -> None:
        for device in await self._devices():
            await self._forget(device)

    async def _forget(self, device: str) -> None:
        """Disconnect a device and delete its keys."""
        with contextlib.suppress(*GONE):
            adapter = (await self._proxy(self._adapter)).get_interface(ADAPTER)
            await adapter.call_remove_device(device)
