"""The device's end of the software radio: bumble's stack, hardened, with `firmware_py.link` behind it.

It decides nothing: who may do what, and what is sent next, is for `firmware_py.link.session.Session` to say.
"""

import asyncio
import contextlib
import logging
import secrets
from pathlib import Path

from bumble import att, core, gatt, hci
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.gatt import Characteristic, Descriptor, Service
from bumble.transport.common import TransportSink, TransportSource

from firmware_py.link import gatt as table
from firmware_py.link.session import Session
from hw_sim.radio import strict_pairing
from hw_sim.radio.key_store import PrivateKeyStore
from hw_sim.radio.strict_server import harden

MTU = 247  # one packet of the link layer with data length extension
PUMP_S = 0.005  # as often as the control cycle
NAME_MAX = 8  # what is left of 31 bytes beside flags and the UUID: there are no scan responses in this air
ADVERTISE_MS = 50
MALICE = hci.HCI_AUTHENTICATION_FAILURE_ERROR  # why a central is dropped

log = logging.getLogger("swingphase.radio")


class Peripheral:
    """Serve `session` over the controller behind `source` and `sink`.

    address     static random address, "F0:..."
    name        up to 8 characters, shown by scanners
    keys_path   file of the paired centrals' keys
    compare     asks a person at the device whether two numbers are the same; None: it only shows a passkey
    """

    def __init__(
        self,
        session: Session,
        source: TransportSource,
        sink: TransportSink,
        *,
        address: str,
        name: str,
        keys_path: Path,
        compare: strict_pairing.Compare | None = None,
        has_running: bool = False,
    ) -> None:
        self.session = session
        self.keys = PrivateKeyStore(address, keys_path)
        uuid = core.UUID(table.SERVICE_UUID)
        advertised = core.AdvertisingData(
            [
                (core.AdvertisingData.FLAGS, bytes([0x06])),
                (
                    core.AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
                    uuid.to_bytes(force_128=True),
                ),
                (core.AdvertisingData.COMPLETE_LOCAL_NAME, name[:NAME_MAX].encode()),
            ]
        )
        config = DeviceConfiguration(
            name=name,
            address=hci.Address(address),
            irk=secrets.token_bytes(16),
            advertising_data=bytes(advertised),
            eatt_enabled=False,
        )
        self.device = device = Device.from_config_with_hci(config, source, sink)
        device.keystore = self.keys
        device.gatt_server.max_mtu = MTU
        self._characteristics: dict[int, Characteristic] = {}
        device.add_services([self._service(s) for s in table.table(has_running)])
        harden(device, lambda connection: connection is self._connection and self._is_secured)
        device.smp_manager.session_proxy = strict_pairing.StrictSession
        device.pairing_config_factory = strict_pairing.config_for(
            session.begin_pairing, session.pairing, compare
        )
        device.on(device.EVENT_CONNECTION, self._connected)
        self._connection: Connection | None = None
        self._is_secured = False
        self._wake = asyncio.Event()
        self._indicating: asyncio.Task | None = None
        self._tasks: set[asyncio.Task] = set()

    async def start(self) -> None:
        """Switch on and advertise."""
        await self.keys.remember()
        await self.device.power_on()
        queue = self.device.host.le_acl_packet_queue
        if queue is not None:
            queue.on("flow", self._wake.set)
        await self.device.start_advertising(
            auto_restart=True, advertising_interval_min=ADVERTISE_MS, advertising_interval_max=ADVERTISE_MS
        )
        self._run(self._pump())

    async def stop(self) -> None:
        """Disconnect and switch off."""
        for task in tuple(self._tasks):
            task.cancel()
        if self._connection is not None:
            with contextlib.suppress(core.BaseBumbleError, asyncio.CancelledError):
                await self._connection.disconnect()
        await self.device.power_off()

    def _run(self, deed) -> asyncio.Task:
        task = asyncio.get_running_loop().create_task(deed)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # The table ------------------------------------------------------------------------------------

    def _service(self, service: table.Service) -> Service:
        return Service(core.UUID(service.uuid), [self._characteristic(c) for c in service.characteristics])

    def _characteristic(self, c: table.Characteristic) -> Characteristic:
        may = att.Attribute.Permissions(0)
        if c.properties & table.READ:
            may |= att.Attribute.READABLE
        if c.properties & table.WRITE:
            may |= att.Attribute.WRITEABLE
        if c.is_secure:
            may |= att.Attribute.READ_REQUIRES_ENCRYPTION | att.Attribute.READ_REQUIRES_AUTHENTICATION
            may |= att.Attribute.WRITE_REQUIRES_ENCRYPTION | att.Attribute.WRITE_REQUIRES_AUTHENTICATION
        made = Characteristic(
            core.UUID(c.uuid),
            Characteristic.Properties(c.properties),
            may,
            att.AttributeValue(
                read=lambda _, key=c.key: self._read(key),
                write=lambda _, value, key=c.key: self._write(key, value),
            ),
        )
        if c.properties & (table.NOTIFY | table.INDICATE):
            rights = att.Attribute.READABLE | att.Attribute.WRITEABLE
            if c.is_secure:
                rights |= (
                    att.Attribute.WRITE_REQUIRES_ENCRYPTION | att.Attribute.WRITE_REQUIRES_AUTHENTICATION
                )
            made.descriptors = (
                Descriptor(
                    gatt.GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR,
                    rights,
                    self.device.gatt_server.make_descriptor_value(made),
                ),
            )
        self._characteristics[c.key] = made
        return made

    def _read(self, key: int) -> bytes:
        value = self.session.read(key)
        if value is None:
            raise att.ATT_Error(att.ATT_READ_NOT_PERMITTED_ERROR)
        return value

    def _write(self, key: int, value: bytes) -> None:
        refused = self.session.write(key, value)
        self._wake.set()
        if refused:
            raise att.ATT_Error(refused)

    # Connections ----------------------------------------------------------------------------------

    def _connected(self, connection: Connection) -> None:
        if not self.session.connected(bytes(connection.peer_address)):
            self._run(self._drop(connection))  # one central at a time
            return
        self._connection, self._is_secured = connection, False
        connection.on(connection.EVENT_DISCONNECTION, lambda _: self._disconnected(connection))
        connection.on(connection.EVENT_CONNECTION_ATT_MTU_UPDATE, lambda: self._mtu(connection))
        connection.on(connection.EVENT_CONNECTION_ENCRYPTION_CHANGE, lambda: self._encrypted(connection))
        connection.on(connection.EVENT_PAIRING, lambda _: self.session.pairing.end(True))
        connection.on(connection.EVENT_PAIRING_FAILURE, lambda _: self.session.pairing.end(False))

    def _mtu(self, connection: Connection) -> None:
        if connection is self._connection:
            self.session.mtu = connection.att_mtu

    def _encrypted(self, connection: Connection) -> None:
        """The link is encrypted: with a key that was just proved, or with one that once was?"""
        pairing = self.device.smp_manager.sessions.get(connection.handle)
        is_new = isinstance(pairing, strict_pairing.StrictSession) and pairing.is_proven
        if connection is not self._connection or not connection.is_encrypted:
            return
        if is_new or self.keys.is_authenticated(str(connection.peer_address)):
            self._is_secured = True
            self.session.secured()
        else:
            self._run(self._drop(connection))

    def _disconnected(self, connection: Connection) -> None:
        if connection is self._connection:
            self._connection, self._is_secured = None, False
            if self._indicating is not None:
                self._indicating.cancel()  # nobody will confirm it
            self.session.disconnected()

    async def _drop(self, connection: Connection) -> None:
        with contextlib.suppress(core.BaseBumbleError):
            await connection.disconnect(MALICE)

    # Sending --------------------------------------------------------------------------------------

    async def _pump(self) -> None:
        """Send whatever the session has, as fast as the radio takes it."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), PUMP_S)
            self._wake.clear()
            self.session.work()
            connection = self._connection
            if connection is None:
                continue
            if self.session.must_forget:
                self.session.must_forget = False
                await self.keys.delete_all()
                await self.keys.remember()
                await self._drop(connection)
            elif self.session.must_drop:
                await self._drop(connection)
            else:
                await self._send(connection)

    async def _send(self, connection: Connection) -> None:
        queue = self.device.host.le_acl_packet_queue
        while queue is not None and connection is self._connection:
            out = self.session.next_out(queue.pending)
            if out is None:
                return
            key, value, is_indication = out
            if is_indication:
                self._indicating = self._run(self._indicate(connection, key, value))
            else:
                await self.device.gatt_server.notify_subscriber(connection, self._characteristics[key], value)

    async def _indicate(self, connection: Connection, key: int, value: bytes) -> None:
        try:
            await self.device.gatt_server.indicate_subscriber(connection, self._characteristics[key], value)
        except TimeoutError:  # a central that does not confirm is no central
            await self._drop(connection)
        if connection is self._connection:
            self.session.acked()
            self._wake.set()
