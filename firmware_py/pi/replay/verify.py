"""`./swingphase replay --verify LOG`: does today's code decide as the log says, from the same inputs?"""

from dataclasses import dataclass

from firmware_py import blackbox
from firmware_py.blackbox import ROW_BYTES
from firmware_py.pi.console import UserError
from firmware_py.pi.log_info import restart_sentence
from firmware_py.pi.log_paths import OneLog
from firmware_py.pi.log_rows import Row, RowGap, records
from firmware_py.pi.replay.loops import CYCLE_KINDS, play_controller, play_guardian, play_in_line
from firmware_py.pi.replay.tape import Difference, Tape

PLAYERS = {"in line": play_in_line, "controller": play_controller, "guardian": play_guardian}
NOT_YET = {
    blackbox.COMPARISON: "a comparison of two prescriptions",
}
SAME = "Today's code decides as the log says."
OPEN_END = "It was not closed in order: what came after its last row is not known."
DECISIONS = (blackbox.STATE, blackbox.REQUEST, blackbox.RESULT, blackbox.ARMED, blackbox.DEVICE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of one log.

    rows_n      rows that could be read
    checked_n   of these, compared and found the same
    decisions_n   of these, decisions (states, requests, grants and refusals, arming, device)
    problem     the first thing that is wrong, in words; "" if nothing is
    note        what is not known, and is nothing wrong in itself; "" if nothing is
    """

    name: str
    rows_n: int
    checked_n: int
    decisions_n: int
    problem: str
    note: str = ""

    def line(self) -> str:
        """Return the verdict for a person."""
        said = f"{self.name}: {self.checked_n} of {self.rows_n} rows the same, {self.decisions_n} of them decisions."
        said += f" {self.problem or SAME}"
        return f"{said} {self.note}" if self.note else said


def verify(log: OneLog) -> Verdict:
    """Play one log; UserError if it is of nothing that can be played."""
    process = log.found.about.get("process")
    if process not in PLAYERS:
        raise UserError(
            f"{log.files[0]} is a log of {process or 'nothing that it names'}; known are {', '.join(PLAYERS)}. "
            "Name the folder of a session, or a black box."
        )
    data, problem = whole_beginning(log)
    rows: list[Row] = []
    try:
        rows.extend(records(data))
    except RowGap as e:
        problem = str(e)
    for kind, what in NOT_YET.items():
        if any(row.kind == kind for row in rows):
            raise UserError(f"{log.files[0]} holds {what}, which cannot be decided again yet.")
    data = data[: (rows[-1].number + rows[-1].rows) * ROW_BYTES if rows else 0]
    tape = Tape(data, rows)
    try:
        PLAYERS[process](log.found.about, tape)
        problem = problem or _unplayed(tape)
    except Difference as e:
        problem = str(e)
    checked = [row for row in rows if row.number + row.rows <= tape.checked_n]
    return Verdict(
        name=log.name,
        rows_n=sum(len(r) for _, r in log.found.pieces) // ROW_BYTES,
        checked_n=tape.checked_n,
        decisions_n=sum(row.kind in DECISIONS for row in checked),
        problem=problem,
        note="" if log.found.is_ended else OPEN_END,
    )


def whole_beginning(log: OneLog) -> tuple[bytes, str]:
    """Return the rows from the very first one to the first that is missing, and what is missing, "" if nothing."""
    found = log.found
    expected, parts = 0, []
    for first, rows in found.pieces:
        if first != expected or first in found.restarts:
            break
        parts.append(rows)
        expected += len(rows) // ROW_BYTES
    data = b"".join(parts)
    if expected in found.restarts:
        return data, f"{restart_sentence(expected)} What follows cannot be checked."
    if len(parts) == len(found.pieces):
        if found.bytes_lost:
            return data, f"{found.bytes_lost} bytes of the log belong to nothing: it is damaged."
        if found.rows_lost:
            return data, f"{found.rows_lost} rows are missing after row {expected}, at its end."
        return data, ""
    if not data:
        return data, "The beginning of the log is missing, and what was decided before is not known."
    return data, f"Rows are missing after row {expected}; what follows cannot be checked."


def _unplayed(tape: Tape) -> str:
    """Return what the log holds beyond what was played; a cycle that was cut off at its end is no problem."""
    left = tape.left_over()
    if all(row.kind in (*CYCLE_KINDS, blackbox.RESULT) and row.kind != blackbox.CYCLE for row in left):
        return ""
    first = left[0]
    return (
        f"Row {first.number} at {tape.seconds(first):.3f} s: the log holds [{first.words()}], today's code gives "
        "nothing there."
    )
