"""bleak on the software radio: an ordinary bleak client talks to the simulated device and does not notice.

`Laptop` is what an operating system is to bleak: it has the radio, keeps the bonds, asks its person for a passkey,
and encrypts the link to a bonded device right after connecting. `laptop.client` and `laptop.scanner` are bleak
backends; `BleakClient(device, backend=laptop.client)`, or `laptop.installed()` for a program that names no backend.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import bleak
from bleak.args import SizedBuffer
from bleak.assigned_numbers import gatt_char_props_to_strs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError, BleakGATTProtocolErrorCode
from bleak.uuids import normalize_uuid_str
from bumble import att, core, hci
from bumble.device import Advertisement, Connection, Device, DeviceConfiguration, Peer
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport.common import TransportSink, TransportSource

from hw_sim.radio.key_store import PrivateKeyStore
from hw_sim.radio.peripheral import MTU

DEFAULT_ADDRESS = "F1:5A:C0:00:00:02"
AskPasskey = Callable[[], Awaitable[int | None]]
AskCompare = Callable[[int], Awaitable[bool]]


class Person(PairingDelegate):
    """Whoever sits at the laptop: types a passkey, or compares two numbers."""

    def __init__(self, passkey: AskPasskey | None, compare: AskCompare | None) -> None:
        io = self.NO_OUTPUT_NO_INPUT
        if compare is not None:
            io = self.DISPLAY_OUTPUT_AND_YES_NO_INPUT
        elif passkey is not None:
            io = self.KEYBOARD_INPUT_ONLY
        super().__init__(io_capability=io)
        self._passkey, self._compare = passkey, compare

    async def get_number(self) -> int | None:
        """Type what the device shows."""
        return None if self._passkey is None else await self._passkey()

    async def compare_numbers(self, number: int, digits: int) -> bool:
        """Say whether the device shows the same."""
        return self._compare is not None and await self._compare(number)


class Laptop:
    """A central with its bonds.

    keys_path          file of the bonds
    passkey, compare   how its person answers; with neither it can only do Just Works
    is_sc, is_mitm     False for attacks in tests
    """

    def __init__(
        self,
        source: TransportSource,
        sink: TransportSink,
        *,
        keys_path: Path,
        address: str = DEFAULT_ADDRESS,
        passkey: AskPasskey | None = None,
        compare: AskCompare | None = None,
        is_sc: bool = True,
        is_mitm: bool = True,
    ) -> None:
        config = DeviceConfiguration(name="laptop", address=hci.Address(address))
        self.device = Device.from_config_with_hci(config, source, sink)
        self.keys = PrivateKeyStore(address, keys_path)
        self.device.keystore = self.keys
        self.device.gatt_server.max_mtu = MTU  # a device that asks for more gets no more
        self.gone = getattr(source, "terminated", None)  # a future, if the radio can go away
        self.passkey, self.compare = passkey, compare
        self.device.pairing_config_factory = lambda _: PairingConfig(
            sc=is_sc, mitm=is_mitm, bonding=True, delegate=Person(self.passkey, self.compare)
        )
        self.client = type("RadioClient", (_Client,), {"laptop": self})
        self.scanner = type("RadioScanner", (_Scanner,), {"laptop": self})

    async def __aenter__(self) -> "Laptop":
        await self.device.power_on()
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in tuple(self.device.connections.values()):
            with contextlib.suppress(core.BaseBumbleError, asyncio.CancelledError):
                await connection.disconnect()

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Let every `BleakClient` and `BleakScanner` made inside use this laptop."""
        client = patch.object(
            bleak, "get_platform_client_backend_type", lambda: (self.client, "software radio")
        )
        scanner = patch.object(
            bleak, "get_platform_scanner_backend_type", lambda: (self.scanner, "software radio")
        )
        with client, scanner:
            yield


class _Scanner(BaseBleakScanner):
    laptop: Laptop

    def __init__(self, detection_callback, service_uuids, scanning_mode="active", **_: Any) -> None:
        super().__init__(detection_callback, service_uuids)

    async def start(self) -> None:
        self.seen_devices = {}
        device = self.laptop.device
        device.on(device.EVENT_ADVERTISEMENT, self._seen)
        await device.start_scanning(filter_duplicates=False)

    async def stop(self) -> None:
        device = self.laptop.device
        await device.stop_scanning()
        device.remove_listener(device.EVENT_ADVERTISEMENT, self._seen)

    def _seen(self, advertisement: Advertisement) -> None:
        data = advertisement.data
        name = data.get(core.AdvertisingData.COMPLETE_LOCAL_NAME)
        uuids: list[core.UUID] = []
        for kind in (
            core.AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
            core.AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
        ):
            uuids += data.get(kind) or []  # type: ignore[operator]
        found = [_uuid_str(u) for u in uuids]
        if not self.is_allowed_uuid(found):
            return
        seen = AdvertisementData(
            local_name=name if isinstance(name, str) else None,
            manufacturer_data={},
            service_data={},
            service_uuids=found,
            tx_power=None,
            rssi=advertisement.rssi,
            platform_data=(),
        )
        address = str(advertisement.address).partition("/")[0]
        device = self.create_or_update_device(address, address, seen.local_name, advertisement.address, seen)
        self.call_detection_callbacks(device, seen)


class _Client(BaseBleakClient):
    laptop: Laptop

    def __init__(self, address_or_ble_device: BLEDevice | str, **kwargs: Any) -> None:
        super().__init__(address_or_ble_device, **kwargs)
        is_device = isinstance(address_or_ble_device, BLEDevice)
        self._name = (address_or_ble_device.name or self.address) if is_device else self.address
        # What was heard says whether the address is public; one that was typed is random unless it ends with "/P".
        self._radio_address = address_or_ble_device.details if is_device else hci.Address(self.address)
        self._connection: Connection | None = None
        self._peer: Peer | None = None
        self._pairing: asyncio.Future[None] | None = None  # because the device asked for it

    @property
    def name(self) -> str:
        return self._name

    @property
    def mtu_size(self) -> int:
        return self._connection.att_mtu if self._connection else att.ATT_DEFAULT_MTU

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    async def connect(self, pair: bool, **_: Any) -> None:
        device = self.laptop.device
        self._connection = connection = await self._connected()
        connection.on(connection.EVENT_DISCONNECTION, self._gone)
        try:
            async with _errors():
                bonded = await device.get_long_term_key(connection.handle, bytes(8), 0)
                if bonded is not None:
                    await connection.encrypt()
                elif pair:
                    await connection.pair()
                else:
                    connection.once(connection.EVENT_SECURITY_REQUEST, self._pairs)
                self._peer = Peer(connection)
                await self._peer.request_mtu(MTU)
                await self._peer.discover_all()
        except BaseException:
            await self.disconnect()
            raise
        self.services = self._found_services()

    def _pairs(self, _: int) -> None:
        """A device that has keys of this laptop asks for them. It has lost them: then it pairs, as systems do."""
        self._pairing = asyncio.ensure_future(self._tries_to_pair())

    async def _tries_to_pair(self) -> None:
        with contextlib.suppress(BleakError):  # the device ends the link, or leaves it without answers
            await self.pair()

    async def _connected(self) -> Connection:
        """Connect; a radio that has gone away would never answer, not even that it gives up."""
        connecting = asyncio.ensure_future(
            self.laptop.device.connect(self._radio_address, timeout=self._timeout)
        )
        gone = self.laptop.gone
        waits = {connecting} if gone is None else {connecting, gone}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if not connecting.done():
            connecting.cancel()
            raise BleakError("The radio is gone")
        try:
            return connecting.result()
        except (TimeoutError, core.BaseBumbleError) as e:
            raise BleakDeviceNotFoundError(self.address, f"{self.address} did not answer") from e

    def _found_services(self) -> BleakGATTServiceCollection:
        assert self._peer is not None
        found = BleakGATTServiceCollection()
        for s in self._peer.services:
            service = BleakGATTService(s, s.handle, _uuid_str(s.uuid))
            found.add_service(service)
            for c in s.characteristics:
                names = list(gatt_char_props_to_strs(int(c.properties)))
                characteristic = BleakGATTCharacteristic(
                    c, c.handle, _uuid_str(c.uuid), names, lambda: self.mtu_size - 3, service
                )
                found.add_characteristic(characteristic)
                for d in c.descriptors:
                    found.add_descriptor(BleakGATTDescriptor(d, d.handle, _uuid_str(d.type), characteristic))
        return found

    def _gone(self, _: int) -> None:
        if self._connection is not None:
            self._connection = None
            self._peer = None
            if self._disconnected_callback:
                self._disconnected_callback()

    async def disconnect(self) -> None:
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(core.BaseBumbleError):
                await connection.disconnect()

    async def pair(self, *_: Any, **__: Any) -> None:
        async with _errors():
            await self._here().pair()

    async def unpair(self) -> None:
        for name, _ in await self.laptop.keys.get_all():
            if name.partition("/")[0] == self.address.partition("/")[0]:
                await self.laptop.keys.delete(name)

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **_: Any
    ) -> bytearray:
        self._here()
        async with _errors():
            return bytearray(await characteristic.obj.read_value())

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **_: Any
    ) -> bytearray:
        self._here()
        async with _errors():
            return bytearray(await descriptor.obj.read_value())

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool
    ) -> None:
        self._here()
        async with _errors():
            await characteristic.obj.write_value(bytes(data), with_response=response)

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        self._here()
        async with _errors():
            await descriptor.obj.write_value(bytes(data), with_response=True)

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_: Any
    ) -> None:
        self._here()
        try:
            async with _errors():
                prefer_notify = "notify" in characteristic.properties
                await characteristic.obj.subscribe(
                    lambda value: callback(bytearray(value)), prefer_notify=prefer_notify
                )
        except BleakError:  # bumble keeps the callback of a refused subscription
            if self._connection is not None:
                client = self._connection.gatt_client
                for kept in (client.notification_subscribers, client.indication_subscribers):
                    kept.pop(characteristic.handle, None)
            raise

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        self._here()
        async with _errors():
            await characteristic.obj.unsubscribe()

    def _here(self) -> Connection:
        if self._connection is None:
            raise BleakError("Not connected")
        return self._connection


@contextlib.asynccontextmanager
async def _errors():
    """Say with bleak's exceptions what bumble says with its own; a lost link in mid-request is no cancellation."""
    task = asyncio.current_task()
    try:
        yield
    except att.ATT_Error as e:
        raise BleakGATTProtocolError(BleakGATTProtocolErrorCode(int(e.error_code))) from e
    except core.ProtocolError as e:
        raise BleakError(f"{e.error_namespace} {e.error_name or e.error_code}") from e
    except core.BaseBumbleError as e:
        raise BleakError(str(e) or type(e).__name__) from e
    except TimeoutError as e:
        raise BleakError("The device did not answer in time") from e
    except asyncio.CancelledError as e:
        if task is not None and task.cancelling():
            raise
        raise BleakError("The link was lost") from e


def _uuid_str(uuid: core.UUID) -> str:
    return normalize_uuid_str(uuid.to_hex_str("-"))
