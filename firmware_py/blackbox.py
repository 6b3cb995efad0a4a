"""The rows of the black box: what each kind means, and a ring that takes them without allocation.

A row is kind (u8), sequence (u8), count (u16), t_us (i32) and seven whole numbers (i32) or 28 bytes, 36 bytes
in all, little-endian. `count` says how many of the 28 bytes are meant, plus MORE if the next row of that kind
goes on. `RowRing` lives inside the loop; somebody outside drains it (a log process, a board when idle).

What comes in is kept as well as what was decided, in the order in which it happened, so that a replay can give
the same code the same inputs and compare every row (firmware_py/pi/replay).
"""

import struct

ROW_FORMAT = "<BBHi7i"  # kind, sequence, count, t_us, a to g
ROW_BYTES = struct.calcsize(ROW_FORMAT)
DATA_AT = 8
DATA_N = ROW_BYTES - DATA_AT
MORE = 0x8000

SAMPLE = 1
STATE = 2
CYCLE = 3
REQUEST = 4
RESULT = 5
DEVICE = 6
ARMED = 7
LOST = 8
STEPS = 9
ACT = 10
RECEIVED = 11
SENT = 12
CONTROLLER = 13
OPERATOR = 14
INPUTS = 15
PORT = 16
PRESCRIPTION = 17
HEARD = 18
COMPARISON = 19  # of two prescriptions: what the next stride is, of stimulator.comparison
VOICES = 20
MOUNTING = 21

# What PORT says went wrong.
READ_FAILED = 1
WRITE_FAILED = 2


class NoLog:
    """A log that keeps nothing, for benches."""

    def note(self, kind: int, t_us: int, a: int, b=0, c=0, d=0, e=0, f=0, g=0) -> None:
        """Forget the row."""

    def note_bytes(self, kind: int, t_us: int, data, n: int) -> None:
        """Forget them."""


class RowRing:
    """Keep the newest rows in memory until they are drained; count what had to be overwritten.

    rows_max   int, room for this many rows
    """

    def __init__(self, rows_max: int) -> None:
        self._buf = bytearray(rows_max * ROW_BYTES)
        self._rows_max: int = rows_max
        self._head: int = 0  # where the next row goes
        self._waiting: int = 0  # rows not yet drained
        self._sequence: int = 0
        self.lost: int = 0  # rows overwritten before they were drained, saturates
        self._lost_told: int = 0

    def note(self, kind: int, t_us: int, a: int, b=0, c=0, d=0, e=0, f=0, g=0) -> None:
        """Keep one row; the oldest goes if there is no room."""
        struct.pack_into(
            ROW_FORMAT, self._buf, self._head * ROW_BYTES, kind, self._sequence, 0, t_us, a, b, c, d, e, f, g
        )
        self._advance()

    def note_bytes(self, kind: int, t_us: int, data, n: int) -> None:
        """Keep the first `n` bytes of `data`, in as many rows as they need; none for n = 0."""
        at = 0
        buf = self._buf
        while at < n:
            count = min(n - at, DATA_N)
            place = self._head * ROW_BYTES
            more = MORE if at + count < n else 0
            struct.pack_into(
                ROW_FORMAT, buf, place, kind, self._sequence, count + more, t_us, 0, 0, 0, 0, 0, 0, 0
            )
            place += DATA_AT
            for i in range(count):
                buf[place + i] = data[at + i]
            at += count
            self._advance()

    def drain(self) -> bytes:
        """Return the waiting rows, oldest first, and forget them. Allocates: not inside the cycle.

        If rows were overwritten since the last call, a row LOST stands before them and says how many.
        """
        first = self._head - self._waiting
        waiting = self._waiting
        self._waiting = 0
        if first >= 0:
            data = bytes(self._buf[first * ROW_BYTES : (first + waiting) * ROW_BYTES])
        else:
            first += self._rows_max
            data = bytes(self._buf[first * ROW_BYTES :]) + bytes(self._buf[: self._head * ROW_BYTES])
        if self.lost == self._lost_told:
            return data
        missing = self.lost - self._lost_told
        self._lost_told = self.lost
        row = struct.unpack(ROW_FORMAT, data[:ROW_BYTES])
        before = (row[1] - 1) & 0xFF
        return struct.pack(ROW_FORMAT, LOST, before, 0, row[3], missing, 0, 0, 0, 0, 0, 0) + data

    def _advance(self) -> None:
        self._sequence = (self._sequence + 1) & 0xFF
        self._head = self._head + 1 if self._head + 1 < self._rows_max else 0
        if self._waiting < self._rows_max:
            self._waiting += 1
        elif self.lost < 0xFFFFFFF:
            self.lost += 1


def rows(data: bytes):
    """Yield (kind, t_us, (a, b, c, d, e, f, g)) for each whole row of `data`."""
    for at in range(0, len(data) - ROW_BYTES + 1, ROW_BYTES):
        row = struct.unpack(ROW_FORMAT, data[at : at + ROW_BYTES])
        yield row[0], row[3], row[4:]
