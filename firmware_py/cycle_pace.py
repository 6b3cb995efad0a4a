"""Whether the control cycles come as often as they should: a loop that is too slow must not help anybody walk."""

from safety import faults
from safety.clock import Age
from safety.ledger import Window
from safety.limits import PERMIT_MAX_US

CYCLE_LATE_US = 10_000  # twice the control cycle's period
OVERRUNS_MAX = 3  # in 1 s


class CyclePace:
    """Count cycles that came late; a stall of more than a permit is the gate's to answer."""

    def __init__(self) -> None:
        self._since_cycle = Age()
        self._overruns = Window(40, 25_000)  # 1 s

    def restart(self) -> None:
        """A person has armed: the first cycle is never late."""
        self._since_cycle.expire()

    def advance(self, dt_us: int) -> None:
        """Let time pass."""
        self._since_cycle.advance(dt_us)
        self._overruns.advance(dt_us)

    def finished(self, is_armed: bool) -> int:
        """A cycle has finished; return LOOP_OVERRUN if too many were late, else 0."""
        is_late = CYCLE_LATE_US < self._since_cycle.us <= PERMIT_MAX_US
        self._since_cycle.restart()
        if is_armed and is_late:
            self._overruns.add(1)
            if self._overruns.total >= OVERRUNS_MAX:
                return faults.LOOP_OVERRUN
        return faults.NO_FAULT
