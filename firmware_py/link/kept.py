"""What the store remembers of prescriptions, as one record: a power cut finds the old or the new, never a mixture."""

import hashlib

from firmware_py.link.values import HASH_N, SETTLED, UNCONFIRMED
from firmware_py.link.wire import Layout, with_version, without_version
from stimulator.prescription import canonical_bytes, from_bytes

REVISION_MASK = 0x3FFFFFFF
KEPT = Layout(
    "Kept",
    (
        ("phase", "u8", ""),
        ("revision", "u30", ""),
        ("length", "u16", "bytes of the confirmed prescription, which come first"),
        ("data", "rest", "confirmed, then the one that runs"),
    ),
)
NAME = "prescription"


class Damaged(ValueError):
    """The record of the prescriptions cannot be read; nothing may run on a guess."""

    is_for_people = True


class Kept:
    """What the store remembers: phase, revision, the confirmed prescription and the one that runs."""

    def __init__(self, phase: int, revision: int, confirmed, running) -> None:
        self.phase = phase
        self.revision = revision
        self.confirmed = confirmed
        self.running = running

    def to_bytes(self) -> bytes:
        """Return the record."""
        confirmed = canonical_bytes(self.confirmed)
        data = confirmed + canonical_bytes(self.running)
        return with_version(KEPT, self.phase, self.revision, len(confirmed), data)


def kept_in(store):
    """Return the Kept of a store; None if it holds none. Damaged if it cannot be read."""
    try:
        data = store.load(NAME)
        record = None if data is None else without_version(KEPT, data)
        if data is None:
            return None
        if record is None or not SETTLED <= record.phase <= UNCONFIRMED:
            raise ValueError("not a record of this version")
        confirmed = from_bytes(record.data[: record.length])
        running = from_bytes(record.data[record.length :])
    except ValueError as e:
        raise Damaged(
            f"The kept prescription cannot be read ({e}). Load a prescription as a new profile, after a look at it."
        ) from e
    return Kept(record.phase, record.revision, confirmed, running)


def confirmed_in(store, default):
    """Return the prescription to start the device with: the confirmed one of `store`, else `default`."""
    kept = kept_in(store)
    return default if kept is None else kept.confirmed


def hash_of(prescription) -> bytes:
    """Return the 8 bytes that name exactly these values."""
    return hashlib.sha256(canonical_bytes(prescription)).digest()[:HASH_N]
