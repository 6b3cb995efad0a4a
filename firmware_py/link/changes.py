"""Changes of the prescription as transactions: staged, checked on the device, tried, confirmed; or not at all.

A table of (state, event) -> state says what may follow what. A pair that is not in it is refused.
IDLE        nothing is staged
RECEIVING   pieces arrive; leaves when all is there and checked, or with anything that is wrong
CHECKED     whole, valid, gentle, inside the profile; leaves by commit
What runs is on its own:
SETTLED       the confirmed prescription runs
TRIAL         a committed change runs; ends by confirm, revert, a lost link, or after TRIAL_MAX_S
UNCONFIRMED   a trial ended by itself: the smaller of trial and confirmed runs until a person decides
State and both prescriptions are kept in one record, so that a power cut finds the old or the new, never a mixture.
"""

import hashlib

from firmware_py.link import history, ops
from firmware_py.link.clocks import Countdown
from firmware_py.link.kept import NAME, REVISION_MASK, Kept, hash_of, kept_in
from firmware_py.link.smaller import ended
from firmware_py.link.values import HASH_N, SETTLED, TRIAL, UNCONFIRMED
from stimulator.prescription import PrescriptionError, canonical_bytes, from_bytes, warnings

TRIAL_MAX_S = 600  # assumed: long enough to walk and look, short enough not to be forgotten
LENGTH_MAX = 480  # fits into one characteristic with its head

# fmt: off
IDLE, RECEIVING, CHECKED = range(3)
BEGIN, PIECE, VALID, COMMIT, DROP, UNKNOWN = range(6)

____ = -1  # refused; the state stays
NEXT = (  # IDLE  RECEIVING  CHECKED
    (RECEIVING, RECEIVING, RECEIVING),  # BEGIN: whatever was staged is dropped
    (____,      RECEIVING, ____),       # PIECE
    (____,      CHECKED,   CHECKED),    # VALID
    (____,      ____,      IDLE),       # COMMIT
    (IDLE,      IDLE,      IDLE),       # DROP
)
# fmt: on


class Changes:
    """Stage, check, commit, confirm, revert; and end by itself what nobody confirmed.

    device    firmware_py.link.contracts.Device;  store, history   of `contracts` and `history`
    is_again  the device has gone on while the link alone was started again: what it runs now is no new profile
    author()  returns (user, role, peer, wall_s, boot, uptime_s) for the history
    phase, revision, running, confirmed   as the store has them;  staged_hash  of what is being sent
    is_ending_due   a trial is over and could not be ended yet: call `end_trial` again
    """

    def __init__(self, device, store, history_, author, is_again: bool = False) -> None:
        self._device = device
        self._store = store
        self._history = history_
        self._author = author
        self.state: int = IDLE
        self.is_ending_due: bool = False
        self.trial = Countdown()
        self._txn: int = -1
        self._length: int = 0
        self.staged_hash: bytes = b""
        self._stage: bytes = b""
        self._checked = None
        self.phase: int = SETTLED
        self.revision: int = 0
        self.confirmed = device.prescription()
        self.running = self.confirmed
        self._begin_kept(is_again)

    # Power-on -------------------------------------------------------------------------------------

    def _begin_kept(self, is_again: bool) -> None:
        in_use = self.running
        kept = kept_in(self._store)
        if kept is not None and is_again:
            self._take(kept)
            if kept.phase != SETTLED or kept.running != in_use:
                self.end_trial()
        elif kept is None or kept.confirmed != in_use:  # a profile that whoever started the device has loaded
            revision = 1 if kept is None else (kept.revision + 1) & REVISION_MASK
            before = in_use if kept is None else kept.running
            self._note(history.LOADED, before, in_use, revision)
            self._keep(Kept(SETTLED, revision, in_use, in_use))
        else:
            self._take(kept)
            if kept.phase != SETTLED:
                self.end_trial()

    # Staging --------------------------------------------------------------------------------------

    def begin(self, txn: int, length: int, hash_: bytes, revision: int) -> int:
        """Begin a change; return a result of `ops`."""
        self.drop()
        if revision != self.revision:
            return ops.WRONG_REVISION
        if not 1 <= length <= LENGTH_MAX:
            return ops.BAD_VALUE
        self._move(BEGIN)
        self._txn = txn
        self._length = length
        self.staged_hash = hash_
        return ops.OK

    def piece(self, txn: int, offset: int, data: bytes) -> bool:
        """Take the next piece; the same one again changes nothing. False drops what was staged."""
        fits = txn == self._txn and len(data) > 0 and offset + len(data) <= self._length
        if self.state == RECEIVING and fits and offset == len(self._stage):
            self._stage = self._stage + data
            return self._move(PIECE)
        if self.state == RECEIVING and fits and self._stage[offset : offset + len(data)] == data:
            return True
        self.drop()
        return False

    def validate(self, txn: int):
        """Return (result, sentence, warnings) for what was staged."""
        if self.state == IDLE or txn != self._txn:
            return ops.WRONG_TXN, "", 0
        if len(self._stage) != self._length:
            return ops.INCOMPLETE, f"{len(self._stage)} of {self._length} bytes have arrived.", 0
        if hashlib.sha256(self._stage).digest()[:HASH_N] != self.staged_hash:
            self.drop()
            return ops.WRONG_HASH, "", 0
        try:
            wanted = from_bytes(self._stage)
        except PrescriptionError as e:
            self.drop()
            return ops.REFUSED, str(e), 0
        found = self._device.problems(wanted)
        if found:
            self.drop()
            return ops.REFUSED, found[0], 0
        self._checked = wanted
        self._move(VALID)
        return ops.OK, "", min(len(warnings(wanted)), 0xFF)

    def drop(self) -> None:
        """Forget what was staged."""
        self._move(DROP)
        self._txn = -1
        self._stage = b""
        self._checked = None

    # What runs ------------------------------------------------------------------------------------

    def commit(self, txn: int, revision: int):
        """Let the checked change run, as a trial. Return (result, sentence)."""
        if self.state != CHECKED or txn != self._txn:
            return ops.WRONG_TXN, ""
        if revision != self.revision:
            self.drop()
            return ops.WRONG_REVISION, ""
        wanted = self._checked
        self._move(COMMIT)
        self.drop()
        return self._run(wanted, TRIAL, history.TRIED)

    def confirm(self, hash_: bytes, revision: int) -> int:
        """A person says that what runs is right; it must be what the walk uses already."""
        if self.phase == SETTLED:
            return ops.WRONG_STATE
        if revision != self.revision:
            return ops.WRONG_REVISION
        if hash_ != self.hash():
            return ops.WRONG_HASH
        if not self.is_taken_over():
            return ops.NOT_TAKEN_OVER
        try:
            self._device.confirm(self.running)
        except (ValueError, OSError):
            return ops.NOT_TAKEN_OVER
        revision = self._next_revision()
        try:
            self._note(history.CONFIRMED, self.running, self.running, revision)
            self._keep(Kept(SETTLED, revision, self.running, self.running))
        except OSError:
            self._try_on()
            return ops.STORE_FAILED
        self.trial.start(0)
        return ops.OK

    def _try_on(self) -> None:
        """What was to be confirmed could not be written down: it is a trial still, also for the device."""
        if self.phase != TRIAL:
            return
        try:
            self._device.commit(self.running, self.confirmed)
        except (ValueError, OSError):
            self.is_ending_due = True

    def revert(self, revision: int):
        """A person wants the confirmed prescription back, also if that is more. Return (result, sentence)."""
        if self.phase == SETTLED:
            return ops.WRONG_STATE, ""
        if revision != self.revision:
            return ops.WRONG_REVISION, ""
        return self._run(self.confirmed, SETTLED, history.REVERTED)

    def end_trial(self) -> None:
        """Nobody has confirmed: go on with the gentler of trial, confirmed and what the walk still uses."""
        device = self._device
        least = ended(self.running, self.confirmed, device.prescription(), device.capability, device.problems)
        self.is_ending_due = False
        self.trial.start(0)
        try:
            device.commit(least)
        except (ValueError, OSError):
            device.stop()  # nothing less than the trial can be had: then nothing
            self.is_ending_due = True
            return
        before = self.running
        phase = SETTLED if least == self.confirmed else UNCONFIRMED
        kept = Kept(phase, self._next_revision(), self.confirmed, least)
        self._take(kept)  # less runs, whether that can be written down or not
        try:
            self._note(history.ENDED, before, least, kept.revision)
            self._keep(kept)
        except OSError:
            pass  # the record still says that a trial runs: the next power-on ends it again

    def hash(self) -> bytes:
        """Return the hash of what runs."""
        return hash_of(self.running)

    def is_taken_over(self) -> bool:
        """Whether the step under way uses what was committed."""
        return self._device.prescription() == self.running

    def _run(self, wanted, phase: int, action: int):
        """Write down who wants what, keep it, then let it run; in this order, so that a cut never runs unrecorded."""
        before = Kept(self.phase, self.revision, self.confirmed, self.running)
        new = Kept(phase, self._next_revision(), self.confirmed, wanted)
        try:
            self._note(action, before.running, wanted, new.revision)
            self._store.save(NAME, new.to_bytes())
        except OSError:
            return ops.STORE_FAILED, ""
        try:
            self._device.commit(wanted, self.confirmed if phase == TRIAL else None)
        except (ValueError, OSError) as e:
            self._note(history.REFUSED, before.running, before.running, before.revision)
            self._store.save(NAME, before.to_bytes())
            return ops.REFUSED, str(e)
        self._take(new)
        self.is_ending_due = False  # what was to be ended runs no more
        self.trial.start(TRIAL_MAX_S if phase == TRIAL else 0)
        return ops.OK, ""

    def _keep(self, kept: Kept) -> None:
        self._store.save(NAME, kept.to_bytes())
        self._take(kept)

    def _take(self, kept: Kept) -> None:
        self.phase: int = kept.phase
        self.revision: int = kept.revision
        self.confirmed = kept.confirmed
        self.running = kept.running

    def _next_revision(self) -> int:
        return (self.revision + 1) & REVISION_MASK

    def _note(self, action: int, before, after, revision: int) -> None:
        user, role, peer, wall_s, boot, uptime_s = self._author()
        who_and_when = (action, user, role, peer, wall_s, boot, uptime_s, revision)
        self._history.add(*who_and_when, hash_of(before), hash_of(after), canonical_bytes(after))

    def _move(self, event: int) -> bool:
        new = NEXT[event][self.state]
        if new == ____:
            return False
        self.state = new
        return True
