"""One connection to a device: requests and their answers, in order, and what the device sends by itself.

It knows bleak and the wire, and nothing of what the operations mean. `LinkClient` stands on it.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakError, BleakGATTProtocolError

from firmware_py.link import control, gatt, ops
from therapist.link_errors import Doubt, LinkError, LinkLost, NeedsPairing, NotFound

UUIDS = {c.key: c.uuid for s in gatt.table(True) for c in s.characteristics}
NEEDS_PAIRING = (0x05, 0x0F)  # insufficient authentication, insufficient encryption
# BlueZ says this when it tried to pair by itself and was refused (it drops the link, too), and when a link is lost.
UNLIKELY = 0x0E
GONE_S = 1.0  # so long it may take to be told of the lost link
ANSWER_S = 5.0
SCAN_S = 5.0
BUSY = 0x81
BUSY_TRIES = 20
BUSY_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A device that was heard."""

    device: BLEDevice
    address: str
    name: str
    rssi_dbm: int


async def scan(seconds: float = SCAN_S) -> list[Found]:
    """Return the devices nearby, the loudest first. They are known by their service, not by their name."""
    async with _radio():
        seen = await BleakScanner.discover(timeout=seconds, return_adv=True)
    found = [
        Found(
            device=device,
            address=device.address,
            name=data.local_name or device.name or "",
            rssi_dbm=data.rssi,
        )
        for device, data in seen.values()
        if gatt.SERVICE_UUID in data.service_uuids
    ]
    return sorted(found, key=lambda f: -f.rssi_dbm)


async def find(address: str | None, seconds: float = SCAN_S) -> BLEDevice:
    """Return the device with `address` as soon as it is heard; without one, the only one heard in all of `seconds`.

    NotFound and Doubt say what there is.
    """
    heard: dict[str, BLEDevice] = {}

    def is_it(device: BLEDevice, data: AdvertisementData) -> bool:
        if gatt.SERVICE_UUID in data.service_uuids:
            heard[device.address] = device
        return address is not None and device.address.upper() == address.upper()

    async with _radio():
        found = await BleakScanner.find_device_by_filter(is_it, timeout=seconds)
    if found is not None:
        return found
    if address is None and len(heard) == 1:
        return next(iter(heard.values()))
    names = " and ".join(sorted(map(label_of, heard.values()))) or "no device"
    if address is None and heard:
        raise Doubt(f"Heard {names}.")
    wanted = "" if address is None else f" {address} was asked for."
    raise NotFound(
        f"Heard {names} within {seconds:.0f} s.{wanted} Switch the device on and come nearer, or give --address."
    )


async def first_heard(is_it: Callable[[BLEDevice], bool], seconds: float) -> BLEDevice | None:
    """Return the first device heard that is the one; None after `seconds`."""
    async with _radio():
        return await BleakScanner.find_device_by_filter(lambda device, _: is_it(device), timeout=seconds)


def label_of(device: BLEDevice) -> str:
    """Return name and address, which say nothing of whoever wears it."""
    return f"{device.name or 'a device without a name'} ({device.address})"


class Channel:
    """A connection. Use `async with`; a new one for each connection.

    session, key    of the requests; whoever says hello or unlocks sets them
    seq             of the last request;  lost  set when the connection is gone
    is_ready        for requests: whoever says hello sets it; a stop does not need it
    on_event(kind, value), on_data(key, bytes), on_lost()   called as things happen
    """

    def __init__(
        self,
        device: BLEDevice | str,
        *,
        on_event: Callable[[int, int], None] = lambda kind, value: None,
        on_data: Callable[[int, bytes], None] = lambda key, data: None,
        on_lost: Callable[[], None] = lambda: None,
        timeout_s: float = 15.0,
    ) -> None:
        self.session = bytes(control.SESSION_N)
        self.key = b""
        self.seq = 0
        self._on_event, self._on_data, self._on_lost = on_event, on_data, on_lost
        self._client = BleakClient(device, self._gone, timeout=timeout_s)
        self._answers: asyncio.Queue[Any] = asyncio.Queue()
        self._turn = asyncio.Lock()
        self.lost = asyncio.Event()
        self.is_ready = False
        self._subscribed: set[int] = set()

    async def __aenter__(self) -> "Channel":
        try:
            await self._client.connect()
        except (BleakError, TimeoutError) as e:
            raise NotFound(f"The device does not answer ({e}). Come nearer, or switch it on.") from e
        return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(BleakError, TimeoutError):
            await self._client.disconnect()

    @property
    def is_connected(self) -> bool:
        """Whether the connection stands."""
        return self._client.is_connected and not self.lost.is_set()

    async def pair(self) -> None:
        """Let the operating system pair; its agent asks for the passkey."""
        try:
            await self._client.pair()
        except (BleakError, TimeoutError) as e:
            raise LinkError(
                f"Pairing failed ({e}). Press the pairing button again and type the new number within a minute."
            ) from e

    async def unpair(self) -> None:
        """Let this laptop forget the device."""
        async with _radio():
            await self._client.unpair()

    async def subscribe(self, key: int) -> None:
        """Hear what a characteristic sends."""
        if key not in self._subscribed:
            async with self._errors("subscribe"):
                await self._client.start_notify(UUIDS[key], lambda _, data: self._heard(key, bytes(data)))
            self._subscribed.add(key)

    async def read(self, key: int) -> bytes:
        """Return the value of a characteristic."""
        async with self._errors("read"):
            return bytes(await self._client.read_gatt_char(UUIDS[key]))

    async def write(self, key: int, data: bytes, what: str = "write") -> None:
        """Write, with response."""
        async with self._errors(what):
            for _ in range(BUSY_TRIES):
                try:
                    await self._client.write_gatt_char(UUIDS[key], data, response=True)
                except BleakGATTProtocolError as e:
                    if e.code != BUSY:
                        raise
                    await asyncio.sleep(BUSY_S)
                else:
                    return
            raise LinkError(f"The device is too busy for '{what}'. Try again.")

    async def ask(self, code: int, *asked: Any, timeout_s: float = ANSWER_S) -> control.Reply:
        """Send a request and return its answer, whatever its result. LinkLost, is_done None, without an answer."""
        op = ops.BY_CODE[code]
        async with self._turn:
            self.seq += 1
            seq = self.seq
            data = control.request_bytes(op, seq, self.session, self.key, *asked)
            while not self._answers.empty():
                self._answers.get_nowait()  # of somebody who did not wait for it
            await self.write(gatt.CONTROL, data, op.name)
            lost = asyncio.ensure_future(self.lost.wait())
            try:
                while True:
                    got = asyncio.ensure_future(self._answers.get())
                    await asyncio.wait({got, lost}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
                    if not got.done():
                        got.cancel()
                        raise LinkLost(op.name, None)
                    reply = got.result()
                    if (reply.op, reply.seq) == (code, seq):
                        return reply
            finally:
                lost.cancel()

    async def stop(self) -> None:
        """Send a stop at once, past whatever waits."""
        stop = control.request_bytes(ops.BY_CODE[ops.STOP], 0, self.session, b"")
        await self.write(gatt.CONTROL, stop, "stop")

    def _heard(self, key: int, data: bytes) -> None:
        if key != gatt.CONTROL:
            self._on_data(key, data)
            return
        reply = control.read_reply(data)
        if reply is None:
            return  # damaged: the request will be asked about by its seq
        if reply.op == ops.EVENT and reply.seq == 0 and reply.values is not None:
            self._on_event(reply.values.kind, reply.values.value)
        else:
            self._answers.put_nowait(reply)

    def _gone(self, _: BleakClient) -> None:
        if not self.lost.is_set():
            self.lost.set()
            self._on_lost()

    async def _is_gone(self) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.lost.wait(), GONE_S)
        return not self.is_connected

    @contextlib.asynccontextmanager
    async def _errors(self, what: str):
        try:
            yield
        except BleakGATTProtocolError as e:
            is_gone = e.code == UNLIKELY and await self._is_gone()
            if is_gone and self._subscribed:  # so it was paired
                raise LinkLost(what, None) from e
            if is_gone or e.code in NEEDS_PAIRING:
                raise NeedsPairing() from e
            if e.code in (0x80, BUSY):
                raise LinkError(f"The device does not take '{what}' now. Look at its status.") from e
            raise LinkError(f"'{what}' failed: {e}. Try again.") from e
        except (BleakError, TimeoutError) as e:
            raise LinkLost(what, None) from e


@contextlib.asynccontextmanager
async def _radio():
    """Say in a sentence that this computer's own radio does not work."""
    try:
        yield
    except (BleakError, OSError) as e:
        raise LinkError(
            f"This computer's Bluetooth does not work ({e}). Switch it on, then try again."
        ) from e
