"""The black box over the air: records by number, each with its checksum, as many a notification as fit.

A report that was cut off goes on from the first record that is missing. Numbers belong to an epoch: a log that
began anew has another one, so that records of two logs are never mixed.
"""

from firmware_py.frames import crc_16
from firmware_py.link import ops
from firmware_py.link.contracts import NOT_YET
from firmware_py.link.values import LOG_HEAD
from firmware_py.link.wire import with_version

HEAD_N = 2 + 5
NUMBER_MAX = 0x3FFFFFFF


class Logs:
    """Send a range of records.

    source         firmware_py.link.contracts.LogSource
    report(...)    begin; count 0 ends the one that runs
    take(n_max)    the next notification, None if there is none
    take_done()    the number after the last record, once, when a report is complete; else -1
    """

    def __init__(self, source) -> None:
        self._source = source
        self._next: int = 0
        self._end: int = 0
        self._is_on: bool = False
        self._done: int = -1

    def info(self):
        """Return (epoch, first, end)."""
        return self._source.epoch, self._source.first(), self._source.end()

    def report(self, epoch: bytes, first: int, count: int) -> int:
        """Begin to send `count` records from number `first` on; fewer if there are not so many."""
        self.stop()
        if count == 0:
            return ops.OK
        if epoch != self._source.epoch or not self._source.first() <= first < self._source.end():
            return ops.NO_RECORD
        self._next = first
        self._end = min(first + count, self._source.end(), NUMBER_MAX)
        self._is_on = True
        return ops.OK

    def stop(self) -> None:
        """Send no more."""
        self._is_on = False
        self._done = -1

    def take(self, n_max: int) -> bytes | None:
        """Return the next notification of at most `n_max` bytes."""
        if not self._is_on:
            return None
        number = self._next
        parts = []
        left = n_max - HEAD_N
        size = 0  # of the record before: all are alike
        is_late = False
        while self._next < self._end and len(parts) < 0xFF and left >= size:
            record = self._source.read(self._next)
            is_late = record == NOT_YET
            if record is None or is_late or len(record) + 2 > left:
                break
            size = len(record) + 2
            crc = crc_16(record, 0, len(record))
            parts.append(record + bytes([crc & 0xFF, crc >> 8]))
            left -= len(record) + 2
            self._next += 1
        if is_late and not parts:
            return None  # the next turn asks again
        if not parts or self._next >= self._end:  # also if a record has been overwritten meanwhile
            self._is_on = False
            self._done = self._next
        return with_version(LOG_HEAD, len(parts), number) + b"".join(parts) if parts else None

    def take_done(self) -> int:
        """Return the number after the last record, once."""
        done = self._done
        self._done = -1
        return done


def records_in(data: bytes, record_n: int):
    """Return the records of a notification's body whose checksums fit; None if one does not, or bytes are left."""
    size = record_n + 2
    if len(data) % size:
        return None
    found = []
    for at in range(0, len(data), size):
        record = data[at : at + record_n]
        if crc_16(record, 0, record_n) != data[at + record_n] | data[at + record_n + 1] << 8:
            return None
        found.append(record)
    return found
