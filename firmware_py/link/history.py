"""Who changed the prescription, when, from what to what: entries that only grow, each signed over the one before.

The signature is an HMAC with the device's own key. It shows that an exported history was not changed by somebody
without that key; it does not protect against somebody who can read the device's files, nor show that the newest
entries were cut off.
"""

from firmware_py.link.proofs import hmac_sha256, is_same
from firmware_py.link.wire import Layout, with_version, without_version

LIST = "history"
TAG_N = 16

LOADED = 0  # at power-on: another prescription than the one that was confirmed last
TRIED = 1
CONFIRMED = 2
ENDED = 3  # a trial that nobody confirmed: by time, by a lost link or by power-off
REVERTED = 4
REFUSED = 5  # by the device, after it was written down that somebody wants it
ACTION_NAMES = ("loaded", "tried", "confirmed", "ended", "reverted", "refused")

ENTRY = Layout(
    "Entry",
    (
        (
            "action",
            "u8",
            "0 loaded, 1 tried, 2 confirmed, 3 ended without confirmation, 4 reverted, 5 refused",
        ),
        ("user", "text", "who unlocked; empty if nobody did"),
        ("role", "u8", "3 therapist, 4 engineer; else nobody did it"),
        ("peer", "b6", "Bluetooth address of that laptop"),
        ("wall_s", "u30", "seconds since 2020-01-01 00:00 UTC, 0 if nobody has set the clock"),
        ("boot", "u16", "counts power-ons"),
        ("uptime_s", "u30", "since this power-on"),
        ("revision", "u30", "after it"),
        ("from_hash", "b8", "what ran before"),
        ("to_hash", "b8", "what runs after it"),
        ("data", "rest", "canonical bytes of what runs after it"),
    ),
)


class History:
    """Entries in the store.

    add(*values)      values of ENTRY; OSError if it cannot be kept
    count, entry(i)   as kept: entry and tag
    is_genuine()      whether every tag fits
    """

    def __init__(self, store, key: bytes) -> None:
        self._store = store
        self._key = key
        self._tag: bytes = bytes(TAG_N)
        if self.count > 0:
            self._tag = store.entry(LIST, self.count - 1)[-TAG_N:]

    @property
    def count(self) -> int:
        """How many entries there are."""
        return self._store.count(LIST)

    def entry(self, index: int) -> bytes:
        """Return an entry and its tag."""
        return self._store.entry(LIST, index)

    def add(self, *values) -> None:
        """Sign and keep one more entry."""
        data = with_version(ENTRY, *values)
        tag = tag_of(self._key, self._tag, data)
        self._store.append(LIST, data + tag)
        self._tag = tag

    def is_genuine(self) -> bool:
        """Say whether each entry is as it was signed, none is missing in between and the order is right."""
        tag = bytes(TAG_N)
        for i in range(self.count):
            kept = self.entry(i)
            if not is_same(tag_of(self._key, tag, kept[:-TAG_N]), kept[-TAG_N:]):
                return False
            tag = kept[-TAG_N:]
        return True


def tag_of(key: bytes, before: bytes, data: bytes) -> bytes:
    """Return the tag of an entry whose predecessor has the tag `before`."""
    return hmac_sha256(key, before + data)[:TAG_N]


def read_entry(kept: bytes):
    """Return the record of an entry as kept; None if it is none."""
    return without_version(ENTRY, kept[:-TAG_N]) if len(kept) > TAG_N else None
