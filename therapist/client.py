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

from firmware_py.link import gatt, ops, values
from firmware_py.link.proofs import hmac_sha256, is_same
from firmware_py.link.unlock import proof_message
from firmware_py.link.wire import with_version
from firmware_py.pi.link_users import ROUNDS, key_of, user_of
from stimulator.prescription import Prescription, canonical_bytes
from therapist.channel import Channel
from therapist.connection import Connection, record_in
from therapist.link_errors import LinkError, LinkLost, NeedsPairing, Refused
from therapist.link_records import Kept, NotArmed, TrialEnded, Unlocked, checked, kept_of
from therapist.samples import Sample, read_samples

EPOCH_2020_S = 1_577_836_800  # the device counts from here
ROUNDS_MAX = 5_000_000  # some seconds on a laptop
POLL_S = 0.05
# What may be sent once more if it was not done: twice, or half a minute later, is the same as once: reading, and off.
# Not what the wearer may have set by key meanwhile (level, pause, resume), nor a clock that was read before.
RESENT = frozenset((ops.LOG_INFO, ops.HISTORY, ops.WATCH, ops.CHALLENGE, ops.LOCK, ops.DISARM))


class LinkClient(Connection):
    """A connection that knows the operations; made as `Connection`."""

    _user: tuple[str, bytes] | None = None  # name and key of the PIN, to unlock again after a lost link
    _watching: int = 0

    async def _be_again(self, channel: Channel) -> None:
        """Be who one was before the link was lost."""
        if self._user is not None:
            await self._unlock(*self._user)
        if self._watching:
            await channel.ask(ops.WATCH, 1)

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

    async def _value(self, key: int, layout) -> Any:
        return record_in(layout, await (await self._ready()).read(key))

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

    async def unlock(self, user: str, pin: str, made_with: tuple[bytes, int] | None = None) -> Unlocked:
        """Become therapist or engineer. The key of the PIN is kept in memory until `lock`, for a lost link.

        made_with   (salt, rounds) of this user's PIN on this device, if that is known from before: `Unlocked` and
                    `set_pin` return it. Whoever asks for another gets no proof: a device that could choose the salt
                    could have a table of all short PINs ready
        """
        challenge = await self.ask(ops.CHALLENGE, user)
        if not ROUNDS <= challenge.rounds <= ROUNDS_MAX:
            raise LinkError(
                f"The device asks for {challenge.rounds} rounds; {ROUNDS} to {ROUNDS_MAX} are allowed: with fewer it "
                "could find the PIN from the answer. Nobody has a PIN on it yet, or it is not the device it says it "
                "is. Leave it."
            )
        asked_for = (challenge.salt, challenge.rounds)
        if made_with is not None and asked_for != made_with:
            raise LinkError(
                f"The PIN of {user} is not asked for as before. If it was set anew, on another laptop or at the "
                "device, add --pin-was-changed once. Else it may not be the device it says it is: leave it."
            )
        key = await asyncio.to_thread(key_of, pin, *asked_for)
        role, minutes = await self._unlock(user, key)
        self._user = (user, key)
        return Unlocked(user=user, role=role, minutes=minutes, made_with=asked_for)

    async def _unlock(self, user: str, key: bytes) -> tuple[str, int]:
        channel = self._there
        nonce = checked("challenge", await channel.ask(ops.CHALLENGE, user)).nonce
        mine = secrets.token_bytes(8)
        proof = hmac_sha256(key, proof_message(b"unlock", nonce, mine, user))[:16]
        got = checked("unlock", await channel.ask(ops.UNLOCK, mine, proof))
        theirs = hmac_sha256(key, proof_message(b"device", nonce, mine, user))[:8]
        if not is_same(theirs, got.proof):
            raise LinkError("This device does not know the PIN: it is not the one it says it is. Leave it.")
        channel.key = hmac_sha256(key, proof_message(b"session", nonce, mine, user))
        now_s = max(
            0, int(time.time()) - EPOCH_2020_S
        )  # again each time: the device may have been switched off
        checked("time", await channel.ask(ops.TIME, now_s))
        return ops.ROLE_NAMES[got.role], got.minutes

    async def lock(self) -> None:
        """Be wearer again."""
        self._user = None
        await self.ask(ops.LOCK)
        self._there.key = b""

    async def set_pin(self, user: str, role: str, pin: str) -> tuple[bytes, int]:
        """Set a PIN: one's own, or as engineer anybody's. Return what its key is made with, for `unlock`."""
        made = user_of(user, role, pin)
        await self.ask(ops.USER, *made)
        return made.salt, made.rounds

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
        return (await self._decided(seen, ops.CONFIRM, seen.hash, seen.revision)).revision

    async def revert(self, seen: Kept) -> Kept:
        """Go back from what was `seen` to the confirmed prescription; return what runs."""
        await self._decided(seen, ops.REVERT, seen.revision)
        return await self.active()

    async def _decided(self, seen: Kept, code: int, *asked: Any) -> Any:
        """Tell the device what a person has decided; TrialEnded if what was `seen` runs no more."""
        try:
            return await self.ask(code, *asked)
        except Refused as refused:
            if refused.result not in (ops.WRONG_STATE, ops.WRONG_REVISION, ops.WRONG_HASH):
                raise
            raise TrialEnded(await self.active()) from refused
        except LinkLost as lost:
            if lost.is_done is False:
                runs = await self.active()
                if runs.revision != seen.revision:  # it has ended with the connection
                    raise TrialEnded(runs) from lost
            raise

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

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[Callable[[], Awaitable[tuple[int, list[Sample]]]]]:
        """Watch the foot; the block gets a function that waits for the next (number of the first, samples)."""
        queue: asyncio.Queue[bytes] = asyncio.Queue()

        async def following() -> tuple[int, list[Sample]]:
            return read_samples(await queue.get())

        async with self.listening(gatt.TELEMETRY, queue.put_nowait):
            self._watching += 1
            try:
                await self.ask(ops.WATCH, 1)
                yield following
            finally:
                self._watching -= 1
                if not self._watching and self.is_connected:
                    with contextlib.suppress(LinkError):
                        await self.ask(ops.WATCH, 0)


__all__ = ["Kept", "LinkClient", "NeedsPairing", "NotArmed", "TrialEnded", "Unlocked"]
