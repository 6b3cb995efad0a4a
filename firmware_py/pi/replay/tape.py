"""A recorded log as a tape: what comes in is played, what comes out is compared with it, row by row."""

from collections.abc import Sequence

from firmware_py import blackbox, row_names
from firmware_py.blackbox import ROW_BYTES, RowRing
from firmware_py.hal import Port, Sensors
from firmware_py.pi.log_info import times_us
from firmware_py.pi.log_rows import Row, pieces_of

RING_ROWS = 4096  # more than one step can note


class Difference(Exception):
    """Today's code notes something else than the log holds; the text says what, where, and both values."""


class Tape:
    """Rows as they were recorded, and how far they have been compared.

    ring    firmware_py.hal.Log for the code that is played
    rows    whole records of the log
    checked_n   rows compared so far
    """

    def __init__(self, data: bytes, rows: Sequence[Row]) -> None:
        self.ring = RowRing(RING_ROWS)
        self.rows = rows
        self._data = data
        self._at = 0
        self._t_us = rows[0].t_us if rows else 0

    @property
    def checked_n(self) -> int:
        """How many rows of the log were compared and found the same."""
        return self._at // ROW_BYTES

    def check(self) -> None:
        """Compare what has been noted since the last call; Difference at the first row that differs.

        A log may end in the middle of a step: what goes beyond its end is not compared.
        """
        made = self.ring.drain()
        was = self._data[self._at : self._at + len(made)]
        if made[: len(was)] == was:
            self._at += len(was)
            return
        for at in range(0, len(was), ROW_BYTES):
            if made[at : at + ROW_BYTES] != was[at : at + ROW_BYTES]:
                self._at += at
                raise Difference(self._sentence(made[at:]))

    def left_over(self) -> list[Row]:
        """Return the records after what was compared."""
        return [row for row in self.rows if row.number >= self.checked_n]

    def _sentence(self, made: bytes) -> str:
        number = self.checked_n
        recorded = next((r for r in self.rows if r.number <= number < r.number + r.rows), None)
        now = pieces_of(made)[0] if pieces_of(made) else None
        where = f"Row {number}"
        if recorded is None:
            return f"{where}: the log ends; today's code goes on with {now.words() if now else 'nothing'}."
        where += f" at {self.seconds(recorded):.3f} s"
        if now is None or now.kind != recorded.kind or recorded.kind in row_names.BYTES:
            made_words = now.words() if now else "nothing"
            return f"{where}: the log holds [{recorded.words()}], today's code gives [{made_words}]."
        names = row_names.KINDS[recorded.kind][1].split()
        pairs = zip(names, recorded.values, now.values, strict=True)
        found = [f"{name} is {a} in the log and {b} by today's code" for name, a, b in pairs if a != b]
        if recorded.t_us != now.t_us:
            found.append(f"t_us is {recorded.t_us} in the log and {now.t_us} by today's code")
        return f"{where}, {recorded.name}: {'; '.join(found) or 'its number differs: a row is missing before it'}."

    def seconds(self, row: Row) -> float:
        """Return the time of a row since the first one, s."""
        return dict(zip([r.number for r in self.rows], times_us(self.rows), strict=True))[row.number] / 1e6


class TapePort(Port):
    """The stimulator's end as it was: bytes come when they came, and it fails when it failed."""

    def __init__(self) -> None:
        super().__init__()
        self._events: list[Row] = []

    def expect(self, rows: Sequence[Row]) -> None:
        """Take what happened at the port in the step that comes."""
        self._events = list(rows)

    def readinto(self, buf: bytearray) -> int:
        """Give the next bytes that came in this step."""
        event = self._events[0] if self._events else None
        if event is None or event.kind == blackbox.SENT or event.values[:1] == (blackbox.WRITE_FAILED,):
            return 0
        self._events.pop(0)
        if event.kind == blackbox.PORT:
            raise OSError("The port was gone here.")
        n = min(len(buf), len(event.data))
        buf[:n] = event.data[:n]
        return n

    def write(self, buf: bytearray, n: int) -> None:
        """Take a frame, or fail as it did then."""
        event = self._events[0] if self._events else None
        if event is not None and event.kind != blackbox.RECEIVED:
            self._events.pop(0)
            if event.kind == blackbox.PORT:
                raise OSError("The port was gone here.")
        self.written_total += n

    def close(self) -> None:
        """Nothing to let go of."""


class TapeSensors(Sensors):
    """Samples as they were read, cycle by cycle."""

    def __init__(self) -> None:
        self._waiting: list[Row] = []

    def expect(self, rows: Sequence[Row]) -> None:
        """Take the samples of the cycle that comes."""
        self._waiting = list(rows)

    def read(self, sample) -> bool:
        """Fill `sample` with the next one of this cycle."""
        if not self._waiting:
            return False
        row = self._waiting.pop(0)
        sample.t_us = row.t_us
        (
            sample.gyro_x_cdps,
            sample.gyro_y_cdps,
            sample.gyro_z_cdps,
            sample.acc_x_mg,
            sample.acc_y_mg,
            sample.acc_z_mg,
        ) = row.values[:6]
        sample.heel = row.values[6] >> 1
        sample.has_imu = row.values[6] & 1
        return True
