"""Talk to a device: `async with LinkClient() as link:` finds, connects, says hello, and comes back after a lost link.

Everything it sends is written for `firmware_py.link`; what may be set, and in which range, comes from the parameter
table. After a lost link it reads what the device did last before anything is sent again.
"""

import asyncio
import contextlib
import hashlib
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from bleak.backends.device import BLEDevice

from firmware_py.link import gatt, ops, values
from firmware_py.link.proofs import hmac_sha256, is_same
from firmware_py.link.unlock import ROUNDS_MIN, proof_message
from firmware_py.link.wire import with_version, without_version
from firmware_py.pi.link_users import key_of, user_of
from stimulator.prescription import Prescription, canonical_bytes
from therapist.channel import SCAN_S, Channel, find
from therapist.link_errors import LinkError, LinkLost, NeedsPairing, NotFound, Refused
from therapist.link_records import Kept, NotArmed, TrialEnded, Unlocked, checked, kept_of
from therapist.samples import Sample, read_samples

EPOCH_2020_S = 1_577_836_800  # the device counts from here
RECONNECT_TRIES = 3
ROUNDS_MAX = 5_000_000  # some seconds on a laptop
CONNECT_S = 15.0
RECONNECT_S = 8.0
POLL_S = 0.05
AGAIN_S = 0.2  # until it is tried again to connect
# What may be sent once more if it was not done: doing it twice, or later, is the same as doing it once.
RESENT = frozenset(
    (
        *(ops.LOG_INFO, ops.HISTORY, ops.TIME, ops.WATCH, ops.CHALLENGE, ops.LOCK),
        *(ops.PAUSE, ops.LEVEL, ops.DISARM),
    )
)


class LinkClient:
    """A device, over however many connections it takes.

    target      address or BLEDevice; None: the only one nearby
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
        self._user: tuple[str, bytes] | None = (
            None  # name and key of the PIN, to unlock again after a lost link
        )
        self._listeners: dict[int, list[Callable[[bytes], None]]] = {}
        self._watching: set[asyncio.Queue[Any]] = set()
        self._events: set[asyncio.Queue[tuple[int, int]]] = set()

    async def __aenter__(self) -> "LinkClient":
        if not isinstance(self._target, BLEDevice):
            self._target = await find(self._target, self._scan_s)
        channel = await self._reach(CONNECT_S)
        if self._says_hello:
            try:
                await self._hello(channel)
                channel.is_ready = True
            except BaseException:
                await self.__aexit__()  # nobody else would: the block has not begun
                raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._channel is not None:
            await self._channel.__aexit__()
            self._channel = None

    # Connection -----------------------------------------------------------------------------------

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
        found = _record_in(values.STATUS, await channel.read(gatt.STATUS))
        if not channel.is_ready:
            if self._user is not None:
                await self._unlock(*self._user)
            if self._watching:
                await channel.ask(ops.WATCH, 1)
            channel.is_ready = True
        return found

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

    # Requests -------------------------------------------------------------------------------------

    async def ask(self, code: int, *asked: Any) -> Any:
        """Ask for an operation of `firmware_py.link.ops`; return the record of its answer. Refused says why not.

        If the link is lost meanwhile: connect again, read what the device did last, and send again only what
        was not done and may be (`RESENT`); else LinkLost says whether it was done.
        """
        channel = await self._ready()
        name = ops.BY_CODE[code].name
        try:
            return await self.ask_once(code, *asked)
        except LinkLost as lost:
            asked_in, seq = channel.session, channel.seq
            status = await self.reconnect(channel)
            is_done = (status.done_session, status.done_seq, status.done_op) == (asked_in, seq, code)
            if is_done and status.done_result != ops.OK:
                raise Refused(name, status.done_result, "") from lost
            if code == ops.CONFIRM:
                return await self._confirmed_meanwhile(asked[0], lost)
            if code not in RESENT:
                raise LinkLost(name, is_done) from lost
            if is_done and not ops.BY_CODE[code].reply.fields:
                return ops.NOTHING.record()
            return await self.ask_once(code, *asked)

    async def ask_once(self, code: int, *asked: Any) -> Any:
        """The same on this connection only; LinkLost if it is lost."""
        return checked(ops.BY_CODE[code].name, await self._there.ask(code, *asked))

    async def _confirmed_meanwhile(self, hash_: bytes, lost: LinkLost) -> Any:
        """The link was lost while confirming: was it done? If not, the trial is over, and a person decides anew."""
        kept = await self.confirmed()
        if kept.hash == hash_:
            return ops.BY_CODE[ops.CONFIRM].reply.record(kept.revision)
        raise LinkLost("confirm", False) from lost

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

    async def _value(self, key: int, layout) -> Any:
        return _record_in(layout, await (await self._ready()).read(key))

    async def info(self) -> Any:
        """Return what the device is; may be read without pairing."""
        return await self._value(gatt.INFO, values.INFO)

    async def about(self) -> dict[str, str]:
        """Return maker, model and firmware; may be read without pairing."""
        keys = {"maker": gatt.MAKER, "model": gatt.MODEL, "firmware": gatt.FIRMWARE}
        return {name: (await self._there.read(key)).decode("utf-8") for name, key in keys.items()}

    async def status(self) -> Any:
        """Return how device and session stand (values.STATUS)."""
        return await self._value(gatt.STATUS, values.STATUS)

    async def active(self) -> Kept:
        """Return the prescription that runs."""
        return kept_of(await self._value(gatt.ACTIVE, values.PRESCRIPTION))

    async def confirmed(self) -> Kept:
        """Return the prescription that was confirmed last."""
        return kept_of(await self._value(gatt.COMMITTED, values.PRESCRIPTION))

    # Roles ----------------------------------------------------------------------------------------

    async def unlock(self, user: str, pin: str) -> Unlocked:
        """Become therapist or engineer. The key of the PIN is kept in memory until `lock`, for a lost link."""
        challenge = await self.ask(ops.CHALLENGE, user)
        if not ROUNDS_MIN <= challenge.rounds <= ROUNDS_MAX:
            raise LinkError(
                f"The device asks for {challenge.rounds} rounds; {ROUNDS_MIN} to {ROUNDS_MAX} are allowed: with fewer "
                "it could find the PIN from the answer. It may not be the device it says it is. Leave it."
            )
        key = await asyncio.to_thread(key_of, pin, challenge.salt, challenge.rounds)
        found = await self._unlock(user, key)
        self._user = (user, key)
        await self.ask(ops.TIME, max(0, int(time.time()) - EPOCH_2020_S))
        return found

    async def _unlock(self, user: str, key: bytes) -> Unlocked:
        channel = self._there
        nonce = checked("challenge", await channel.ask(ops.CHALLENGE, user)).nonce
        mine = secrets.token_bytes(8)
        proof = hmac_sha256(key, proof_message(b"unlock", nonce, mine, user))[:16]
        got = checked("unlock", await channel.ask(ops.UNLOCK, mine, proof))
        theirs = hmac_sha256(key, proof_message(b"device", nonce, mine, user))[:8]
        if not is_same(theirs, got.proof):
            raise LinkError("This device does not know the PIN: it is not the one it says it is. Leave it.")
        channel.key = hmac_sha256(key, proof_message(b"session", nonce, mine, user))
        return Unlocked(user=user, role=ops.ROLE_NAMES[got.role], minutes=got.minutes)

    async def lock(self) -> None:
        """Be wearer again."""
        self._user = None
        await self.ask(ops.LOCK)
        self._there.key = b""

    async def set_pin(self, user: str, role: str, pin: str) -> None:
        """Set a PIN: one's own, or as engineer anybody's."""
        await self.ask(ops.USER, *user_of(user, role, pin))

    # Prescription ---------------------------------------------------------------------------------

    async def try_prescription(
        self, wanted: Prescription, progress: Callable[[float], None] | None = None
    ) -> Kept:
        """Send a prescription, let the device check it, and let it run on trial. Return what runs, read back."""
        before = await self.active()
        data = canonical_bytes(wanted)
        digest = hashlib.sha256(data).digest()[: values.HASH_N]
        txn = secrets.randbelow(0x10000)
        size = (await self.info()).piece_max
        await self.ask(ops.BEGIN, txn, len(data), digest, before.revision)
        for at in range(0, len(data), size):
            piece = with_version(values.PIECE, txn, at, data[at : at + size])
            await self._there.write(gatt.STAGE, piece, "piece")
            if progress:
                progress(min(1.0, (at + size) / len(data)))
        await self.ask(ops.VALIDATE, txn)
        done = await self.ask(ops.COMMIT, txn, before.revision)
        runs = await self.active()
        if not runs.hash == done.hash == digest or runs.prescription != wanted:
            raise LinkError(
                "What the device runs is not what was sent. Go back with `revert`, then try again."
            )
        return runs

    async def wait_taken_over(self, seconds: float = 10.0) -> None:
        """Wait until the step under way uses what was committed."""
        for _ in range(int(seconds / POLL_S)):
            if (await self.status()).is_taken_over:
                return
            await asyncio.sleep(POLL_S)
        raise LinkError(
            f"The change still waits for the end of a step after {seconds:.0f} s. Look at the wearer."
        )

    async def confirm(self, seen: Kept) -> int:
        """What somebody has `seen` at work is the prescription; return its revision.

        seen   as `try_prescription` or `active` returned it, not read again: it may not run any more
        """
        return (await self._decided(ops.CONFIRM, seen.hash, seen.revision)).revision

    async def revert(self, seen: Kept) -> Kept:
        """Go back from what was `seen` to the confirmed prescription; return what runs."""
        await self._decided(ops.REVERT, seen.revision)
        return await self.active()

    async def _decided(self, code: int, *asked: Any) -> Any:
        """Tell the device what a person has decided; TrialEnded if that was about something that runs no more."""
        try:
            return await self.ask(code, *asked)
        except Refused as refused:
            if refused.result not in (ops.WRONG_STATE, ops.WRONG_REVISION, ops.WRONG_HASH):
                raise
            raise TrialEnded(await self.active()) from refused

    # Arming ---------------------------------------------------------------------------------------

    async def arm(self, code: int, seconds: float = 3.0) -> None:
        """Arm (ops.ARM_WALK or ops.ARM_TEST) and wait until it is; LinkError says how the device stands if not."""
        await self.ask(code)
        for _ in range(int(seconds / POLL_S)):
            status = await self.status()
            if status.armed == (1 if code == ops.ARM_WALK else 2):
                return
            if not status.is_arming:
                break
            await asyncio.sleep(POLL_S)
        raise NotArmed(await self.status())

    # What the device sends ------------------------------------------------------------------------

    def _event(self, kind: int, value: int) -> None:
        for queue in self._events:
            queue.put_nowait((kind, value))
        self._on_event(kind, value)

    def _data(self, key: int, data: bytes) -> None:
        for listener in self._listeners.get(key, []):
            listener(data)
        if key == gatt.TELEMETRY:
            for queue in self._watching:
                queue.put_nowait(data)

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

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[Callable[[], Awaitable[tuple[int, list[Sample]]]]]:
        """Watch the foot; the block gets a function that waits for the next (number of the first, samples)."""
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._watching.add(queue)
        await self._there.subscribe(gatt.TELEMETRY)
        self._listeners.setdefault(gatt.TELEMETRY, [])
        await self.ask(ops.WATCH, 1)

        async def following() -> tuple[int, list[Sample]]:
            return read_samples(await queue.get())

        try:
            yield following
        finally:
            self._watching.discard(queue)
            if not self._watching and self.is_connected:
                with contextlib.suppress(LinkError):
                    await self.ask(ops.WATCH, 0)


def _record_in(layout, data: bytes) -> Any:
    record = without_version(layout, data)
    if record is None:
        raise LinkError("The device speaks another version of this protocol. Use the client that fits it.")
    return record


__all__ = ["Kept", "LinkClient", "NeedsPairing", "NotArmed", "TrialEnded", "Unlocked"]
