"""A device, over however many connections it takes: find it, connect, say hello, come back after a lost link, stop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, Self

from bleak.backends.device import BLEDevice

from firmware_py.link import gatt, ops, values
from firmware_py.link.wire import without_version
from therapist.channel import SCAN_S, Channel, find
from therapist.link_errors import LinkError, LinkLost, NotFound
from therapist.link_records import checked

RECONNECT_TRIES = 3
CONNECT_S = 15.0
RECONNECT_S = 8.0
AGAIN_S = 0.2  # until it is tried again to connect


class Connection:
    """A device, over however many connections it takes.

    target      address or BLEDevice; None: the only one heard in all of scan_s
    on_event    called with (kind, value) of firmware_py.link.ops.EVENTS
    on_link     called with True and False as the connection comes and goes
    says_hello  False: connect only, as somebody does who wants to pair
    """

    def __init__(
        self,
        target: BLEDevice | str | None = None,
        *,
        on_event: Callable[[int, int], None] = lambda kind, value: None,
        on_link: Callable[[bool], None] = lambda is_there: None,
        says_hello: bool = True,
        scan_s: float = SCAN_S,
    ) -> None:
        self._target, self._scan_s, self._says_hello = target, scan_s, says_hello
        self._on_event, self._on_link = on_event, on_link
        self._channel: Channel | None = None
        self._connecting = asyncio.Lock()  # a stop waits for this one
        self._returning = asyncio.Lock()  # and not for this one
        self._listeners: dict[int, list[Callable[[bytes], None]]] = {}
        self._events: set[asyncio.Queue[tuple[int, int]]] = set()

    async def __aenter__(self) -> Self:
        if not isinstance(self._target, BLEDevice):
            self._target = await find(self._target, self._scan_s)
        try:
            await self._begin()
        except BaseException:
            await self.__aexit__()  # nobody else would: the block has not begun
            raise
        return self

    async def _begin(self) -> None:
        """Connect and say hello; again if the radio lost the first packets, as it does with a device far away."""
        now_s = asyncio.get_running_loop().time
        until_s = now_s() + CONNECT_S
        for left in range(RECONNECT_TRIES, 0, -1):
            try:
                channel = await self._reach(until_s - now_s())
                if self._says_hello:
                    await self._hello(channel)
                    channel.is_ready = True
                return
            except (NotFound, LinkLost):
                await self._close(self._channel)
                if left == 1 or now_s() + AGAIN_S >= until_s:
                    raise
                await asyncio.sleep(AGAIN_S)

    async def __aexit__(self, *_: object) -> None:
        if self._channel is not None:
            await self._channel.__aexit__()
            self._channel = None

    @property
    def is_connected(self) -> bool:
        """Whether the connection stands."""
        return self._channel is not None and self._channel.is_connected

    @property
    def address(self) -> str:
        """Of the device."""
        return self._target.address if isinstance(self._target, BLEDevice) else str(self._target)

    async def _reach(self, timeout_s: float = RECONNECT_S) -> Channel:
        """Return the connection, made anew if it is lost; on a new one nothing was said yet: a stop may be first."""
        async with self._connecting:
            if self._channel is None or not self._channel.is_connected:
                await self._close(self._channel)
                assert self._target is not None
                channel = Channel(
                    self._target,
                    on_event=self._event,
                    on_data=self._data,
                    on_lost=lambda: self._on_link(False),
                    timeout_s=timeout_s,
                )
                await channel.__aenter__()
                self._channel = channel
                self._on_link(True)
            return self._channel

    @staticmethod
    async def _close(channel: Channel | None) -> None:
        if channel is not None:
            await channel.__aexit__()

    async def _hello(self, channel: Channel) -> None:
        await channel.subscribe(gatt.CONTROL)
        await channel.subscribe(gatt.STATUS)
        reply = await channel.ask(ops.HELLO)
        checked("hello", reply)
        channel.session, channel.seq, channel.key = reply.values.session, 0, b""
        for key in self._listeners:
            await channel.subscribe(key)

    async def reconnect(self, lost: Channel | None = None) -> Any:
        """Connect again after a lost link, as the same user; NotFound after some tries.

        lost   the connection that does not answer, if there may be a newer one already
        Return the status as it was found, before anything else was asked for: it says what was done last.
        """
        async with self._returning:
            await self._close(self._channel if lost is None else lost)
            for left in range(RECONNECT_TRIES, 0, -1):
                channel = None
                try:
                    channel = await self._reach()
                    return await self._come_back(channel)
                except (NotFound, LinkLost):
                    await self._close(channel)
                    if left == 1:
                        raise
                    await asyncio.sleep(AGAIN_S)

    async def _come_back(self, channel: Channel) -> Any:
        """Say hello on a new connection, and be who one was before. Return the status as it was found."""
        if self._says_hello and not channel.is_ready:
            await self._hello(channel)
        found = record_in(values.STATUS, await channel.read(gatt.STATUS))
        if not channel.is_ready:
            await self._be_again(channel)
            channel.is_ready = True
        return found

    async def _be_again(self, channel: Channel) -> None:
        """On a new connection, after hello: whoever knows more than this class goes on with it."""

    async def _ready(self) -> Channel:
        """Return the connection for whatever is no stop: it stands, and hello was said."""
        if not self._says_hello:
            return await self._reach()
        if not self.is_connected:
            await self.reconnect(self._there)
        elif not self._there.is_ready:  # it was made for a stop, or somebody else is coming back
            async with self._returning:
                await self._come_back(self._there)
        return self._there

    @property
    def _there(self) -> Channel:
        if self._channel is None:
            raise LinkError("Not connected. Use `async with LinkClient() as link`.")
        return self._channel

    @property
    def lost(self) -> asyncio.Event:
        """Set when the present connection is gone."""
        return self._there.lost

    async def pair(self) -> None:
        """Pair this laptop with the device: its display shows six digits, and this computer asks for them."""
        await self._there.pair()
        if not self._says_hello:
            self._says_hello = True
            await self._hello(self._there)
            self._there.is_ready = True

    async def unpair(self) -> None:
        """Let this laptop forget the device. The device still knows this laptop."""
        await self._there.unpair()

    async def stop(self) -> None:
        """No pulse from now on. Sent past everything else that waits, and on a new connection before anything else:

        the device takes it from whoever is paired, without hello and without a PIN.
        """
        for left in range(RECONNECT_TRIES, 0, -1):
            channel = None
            try:
                channel = await self._reach()
                await channel.stop()
                return
            except LinkError as e:
                if left == 1:
                    raise
                if isinstance(e, LinkLost):
                    await self._close(channel)
                await asyncio.sleep(AGAIN_S)

    # What the device sends ------------------------------------------------------------------------

    def _event(self, kind: int, value: int) -> None:
        for queue in self._events:
            queue.put_nowait((kind, value))
        self._on_event(kind, value)

    def _data(self, key: int, data: bytes) -> None:
        for listener in self._listeners.get(key, []):
            listener(data)

    @contextlib.asynccontextmanager
    async def listening(self, key: int, listener: Callable[[bytes], None]) -> AsyncIterator[None]:
        """Hear a characteristic for as long as the block runs."""
        self._listeners.setdefault(key, []).append(listener)
        await self._there.subscribe(key)
        try:
            yield
        finally:
            self._listeners[key].remove(listener)

    @contextlib.asynccontextmanager
    async def events(self) -> AsyncIterator[asyncio.Queue[tuple[int, int]]]:
        """Collect events for as long as the block runs."""
        queue: asyncio.Queue[tuple[int, int]] = asyncio.Queue()
        self._events.add(queue)
        try:
            yield queue
        finally:
            self._events.discard(queue)


def record_in(layout, data: bytes) -> Any:
    """Return what a characteristic holds; LinkError if it is of another version."""
    record = without_version(layout, data)
    if record is None:
        raise LinkError("The device speaks another version of this protocol. Use the client that fits it.")
    return record
