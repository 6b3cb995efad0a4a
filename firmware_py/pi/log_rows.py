"""The rows of a black box as records: numbers with their names, bytes put together again, gaps found out."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from firmware_py.acts import STEPS_WRAPS
from firmware_py.blackbox import DATA_AT, DATA_N, LOST, MORE, ROW_BYTES, ROW_FORMAT, STEPS
from firmware_py.row_names import BYTES, KINDS
from safety.clock import WRAP_MASK_US

WRAP_US = WRAP_MASK_US + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record: a row, or as many rows of bytes as belong together.

    number   of its first row, counted in the data it was read from;  rows  how many
    values   a to g;  data  the bytes, b"" for a row of numbers
    """

    number: int
    kind: int
    t_us: int
    values: tuple[int, ...]
    data: bytes = b""
    rows: int = 1

    @property
    def name(self) -> str:
        """Return what this kind is called."""
        return BYTES[self.kind] if self.kind in BYTES else KINDS[self.kind][0]

    def steps_us(self) -> list[int]:
        """Return the clock readings of a row STEPS, wrapping."""
        count, at_us = self.values[0] % STEPS_WRAPS, self.t_us
        times = [at_us]
        for dt_us in self.values[1:count]:
            at_us = (at_us + dt_us) & WRAP_MASK_US
            times.append(at_us)
        return times

    def whole_steps_us(self) -> list[int]:
        """Return the same without wrapping, if the row says how often the clock had turned."""
        count, at_us = self.values[0] % STEPS_WRAPS, self.t_us + self.values[0] // STEPS_WRAPS * WRAP_US
        times = [at_us]
        for dt_us in self.values[1:count]:
            at_us += dt_us
            times.append(at_us)
        return times

    def words(self) -> str:
        """Return the record for a person: name=value, or bytes in hex."""
        if self.kind in BYTES:
            return f"{self.name} {self.data.hex(' ')}"
        if self.kind == STEPS:
            return f"steps {len(self.steps_us())} until t_us={self.steps_us()[-1]}"
        names = KINDS[self.kind][1].split()
        shown = [f"{n}={v}" for n, v in zip(names, self.values, strict=True) if n != "-"]
        return f"{self.name} {' '.join(shown)}"


class RowGap(ValueError):
    """Rows are missing or in the wrong order at this place; `number` counts the rows before it."""

    is_for_people = True

    def __init__(self, number: int, text: str) -> None:
        super().__init__(text)
        self.number = number


def records(data: bytes) -> Iterator[Row]:
    """Yield each record of whole rows; RowGap where a row is missing, doubled, swapped or of no known kind."""
    expected, at = -1, 0
    while at + ROW_BYTES <= len(data):
        number = at // ROW_BYTES
        kind, sequence, count, t_us, *values = struct.unpack_from(ROW_FORMAT, data, at)
        if kind not in KINDS and kind not in BYTES:
            raise RowGap(number, f"Row {number} is of kind {kind}, which does not exist.")
        if kind == LOST:
            raise RowGap(
                number,
                f"The log itself lost {values[0]} rows before row {number}: it was not drained in time.",
            )
        if expected >= 0 and sequence != expected:
            raise RowGap(
                number,
                f"Row {number} has sequence {sequence}, expected is {expected}: a row is missing, or two are swapped.",
            )
        expected = (sequence + 1) & 0xFF
        if kind not in BYTES:
            yield Row(number=number, kind=kind, t_us=t_us, values=tuple(values))
            at += ROW_BYTES
            continue
        parts, rows = b"", 0
        while True:
            n = count & ~MORE
            parts += data[at + DATA_AT : at + DATA_AT + min(n, DATA_N)]
            rows += 1
            at += ROW_BYTES
            if not count & MORE:
                break
            if at + ROW_BYTES > len(data):
                return  # cut off in the middle of these bytes
            more_kind, sequence, count, *_ = struct.unpack_from(ROW_FORMAT, data, at)
            if more_kind != kind or sequence != expected:
                raise RowGap(
                    at // ROW_BYTES, f"The bytes of row {number} are cut off at row {at // ROW_BYTES}."
                )
            expected = (sequence + 1) & 0xFF
        yield Row(number=number, kind=kind, t_us=t_us, values=(), data=parts, rows=rows)


def readable(runs: Iterable[bytes]) -> tuple[list[Row], str]:
    """Return all records that can be read in runs of rows, and the first gap inside a run in words, "" if none.

    What follows a gap up to the end of its run is left out. Rows are numbered run by run.
    """
    found: list[Row] = []
    gap = ""
    for run in runs:
        try:
            found.extend(records(run))
        except RowGap as e:
            gap = gap or str(e)
    return found, gap


def pieces_of(data: bytes) -> list[Row]:
    """Return all records of `data` that can be read before the first gap."""
    found: list[Row] = []
    try:
        found.extend(records(data))
    except RowGap:
        pass
    return found
