"""A disk that loses its power: what was written since the last sync may be there, in part, torn, or not at all.

`Disk` keeps what is durable and notes each step of a write. `after(cut, choice)` gives the disk as it is found
after a cut at byte `cut` of all bytes written since `begin`, with the pending sectors and folder entries
persisted in whatever subset `choice` (a random.Random) draws; `torn_sector=True` leaves rubbish in the sector
that was being written.
"""

import random

from firmware_py.settings import Files

SECTOR = 512


class PowerCut(Exception):
    """The power went off at this byte."""


class Disk(Files):
    """Files in memory. Every `write` syncs at its end, as the contract asks; a cut comes before that."""

    def __init__(self, files: dict[str, bytes] | None = None) -> None:
        self.files = dict(files or {})  # durable
        self.cut_at: int | None = None  # bytes until the power goes off
        self.written = 0  # bytes so far
        self.choice = random.Random(0)
        self.tears = False
        self.is_full = False

    def size(self, name: str) -> int:
        return len(self.files[name]) if name in self.files else -1

    def read(self, name: str, at: int, n: int) -> bytes:
        return self.files[name][at : at + n]

    def write(self, name: str, at: int, data: bytes) -> None:
        if self.is_full and data:
            raise OSError(28, "No space left on device")
        total = len(data) + 1  # the sync itself is a step: a cut may come just before it
        if self.cut_at is not None and self.written + total > self.cut_at:
            n = self.cut_at - self.written
            self._lose_power(name, at, data[:n])
            raise PowerCut
        self.written += total
        old = self.files.get(name, b"").ljust(at, b"\0")
        self.files[name] = old[:at] + data

    def _lose_power(self, name: str, at: int, done: bytes) -> None:
        """Nothing of `done` is synced: each sector it touches is old, new or torn; so is the length, the entry."""
        choice, old = self.choice, self.files.get(name)
        if old is None and choice.random() < 0.5:
            return  # the folder does not know the file yet
        new = (old or b"").ljust(at, b"\0")[:at] + done
        size = choice.choice([len(old or b""), len(new), max(len(old or b""), len(new))])
        found = bytearray(size)
        for start in range(0, size, SECTOR):
            end = min(start + SECTOR, size)
            before = (old or b"").ljust(size, b"\0")[start:end]
            after = new.ljust(size, b"\0")[start:end]
            touched = start + SECTOR > at and start < at + len(done)
            sector = choice.choice([before, after]) if touched else before
            if touched and self.tears and choice.random() < 0.5:
                k = choice.randrange(len(sector) + 1)
                sector = after[:k] + choice.randbytes(len(sector) - k)
            found[start:end] = sector
        self.files[name] = bytes(found)
