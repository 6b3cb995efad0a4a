"""Whether the control cycles come as often as they should: a loop that is too slow must not help anybody walk."""

from safety import faults
from safety.clock import Age
from safety.ledger import Window
from safety.limits import PERMIT_MAX_US

CYCLE_LATE_US = 10_000  # twice the control cycle's period
OVERRUNS_MAX = 3  # in 1 s


class CyclePace:
    """Count cycles that came late; a stall of more than a permit is the gate's to answer.

    A cycle is heard before the guard's step moves the time, so it is judged when that step's time has passed.
    Judged at once, steps between two cycles would be counted where they do not belong: 6 ms apart looked like 11.
    """

    def __init__(self) -> None:
        self._since_cycle = Age()
        self._overruns = Window(40, 25_000)  # 1 s
        self._has_finished = False  # since time has moved

    def restart(self) -> None:
        """A person has armed: the first cycle is never late."""
        self._since_cycle.expire()

    def finished(self) -> None:
        """A cycle has finished."""
        self._has_finished = True

    def advance(self, dt_us: int, is_armed: bool) -> int:
        """Let time pass; return LOOP_OVERRUN if too many cycles were late, else 0."""
        self._since_cycle.advance(dt_us)
        self._overruns.advance(dt_us)
        if not self._has_finished:
            return faults.NO_FAULT
        self._has_finished = False
        is_late = CYCLE_LATE_US < self._since_cycle.us <= PERMIT_MAX_US
        self._since_cycle.restart()
        if is_armed and is_late:
            self._overruns.add(1)
            if self._overruns.total >= OVERRUNS_MAX:
                return faults.LOOP_OVERRUN
        return faults.NO_FAULT
