"""The rows of the black box: what each kind means, and a ring that takes them without allocation.

A row is kind (u8), sequence (u8), t_us and seven whole numbers, little-endian, 36 bytes.
`RowRing` lives inside the loop; somebody outside drains it (a log process, a board when idle).
"""

import struct

ROW_FORMAT = "<BBHi7i"  # kind, sequence, spare, t_us, a to g
ROW_BYTES = struct.calcsize(ROW_FORMAT)

SAMPLE = 1
STATE = 2
CYCLE = 3
REQUEST = 4
RESULT = 5
DEVICE = 6
ARMED = 7
LOST = 8
VOICES = 9
MOUNTING = 10
COMPARISON = 24  # of two prescriptions: what the next stride is, of stimulator.comparison

KINDS = {
    SAMPLE: ("sample", "gyro_x_cdps gyro_y_cdps gyro_z_cdps acc_x_mg acc_y_mg acc_z_mg heel_and_imu"),
    STATE: ("state", "phase swing confidence steps stride_us pitch_cdeg rate_cdps"),
    CYCLE: ("cycle", "sequence level envelope_state sample_age_us - - -"),
    REQUEST: ("request", "channel sequence fire_at_us current_ua width_us gap_us shape"),
    RESULT: ("result", "channel sequence asked_ua granted_ua width_us reason -"),
    DEVICE: ("device", "state fault pulses_acked - - - -"),
    ARMED: ("armed", "armed reason supervisor_state fault held_by sound -"),
    LOST: ("lost", "rows - - - - - -"),
    VOICES: ("voices", "swing confidence imu_confidence switch_confidence disagreed disagreed_pct -"),
    MOUNTING: ("mounting", "problem accepted axis_x axis_y axis_z stage -"),
    COMPARISON: ("comparison", "label block strides hash_0 hash_1 hash_2 hash_3"),
}


class NoLog:
    """A log that keeps nothing, for benches."""

    def note(self, kind: int, t_us: int, a: int, b=0, c=0, d=0, e=0, f=0, g=0) -> None:
        """Forget the row."""


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

    def note(self, kind: int, t_us: int, a: int, b=0, c=0, d=0, e=0, f=0, g=0) -> None:
        """Keep one row; the oldest goes if there is no room."""
        struct.pack_into(
            ROW_FORMAT, self._buf, self._head * ROW_BYTES, kind, self._sequence, 0, t_us, a, b, c, d, e, f, g
        )
        self._sequence = (self._sequence + 1) & 0xFF
        self._head = self._head + 1 if self._head + 1 < self._rows_max else 0
        if self._waiting < self._rows_max:
            self._waiting += 1
        elif self.lost < 0xFFFFFFF:
            self.lost += 1

    def drain(self) -> bytes:
        """Return the waiting rows, oldest first, and forget them. Allocates: not inside the cycle."""
        first = self._head - self._waiting
        waiting = self._waiting
        self._waiting = 0
        if first >= 0:
            return bytes(self._buf[first * ROW_BYTES : (first + waiting) * ROW_BYTES])
        first += self._rows_max
        return bytes(self._buf[first * ROW_BYTES :]) + bytes(self._buf[: self._head * ROW_BYTES])


def rows(data: bytes):
    """Yield (kind, t_us, (a, b, c, d, e, f, g)) for each whole row of `data`."""
    for at in range(0, len(data) - ROW_BYTES + 1, ROW_BYTES):
        row = struct.unpack(ROW_FORMAT, data[at : at + ROW_BYTES])
        yield row[0], row[3], row[4:]
