"""A black box that counts instead of keeping: what was asked, granted, refused, and which faults came up when.

It takes the rows as `firmware_py.hal.Log` and may pass them on to a ring. Its memory does not grow with the walk.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from firmware_py.blackbox import ARMED, CYCLE, REQUEST, RESULT, SAMPLE, STATE, RowRing
from firmware_py.hal import Log
from safety import reasons, supervisor

FOUND_MAX = 200  # a fault that comes and goes for a day is told so often


@dataclass(frozen=True, slots=True)
class Found:
    """A fault that came up, or (fault_id 0) a change of state without one."""

    at_us: int
    fault_id: int
    state: int


@dataclass(slots=True, kw_only=True)
class RowCounts(Log):
    """Count rows as they are noted.

    now_us    returns the world's time
    ring      gets every row too, or None
    found     each new fault of the supervisor, as the cause of a stop or as what it is held by
    swings    how often the detector asked for help
    """

    now_us: Callable[[], int]
    ring: RowRing | None = None
    requested: int = 0
    granted: int = 0
    lowered: int = 0
    swings: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    found: list[Found] = field(default_factory=list)
    state: int = supervisor.OFF
    armed: bool = False
    _swing: int = 0
    _faults: tuple[int, int] = (0, 0)

    def note(self, kind: int, t_us: int, a: int, b=0, c=0, d=0, e=0, f=0, g=0) -> None:
        """Take one row."""
        if self.ring is not None:
            self.ring.note(kind, t_us, a, b, c, d, e, f, g)
        if kind in (SAMPLE, CYCLE):  # by far the most
            return
        if kind == STATE:
            if b != self._swing:
                self._swing = b
                self.swings += b
        elif kind == RESULT:
            if d > 0:
                self.granted += 1
                self.lowered += f == reasons.LOWERED
            else:
                self.refused[f] += 1
        elif kind == REQUEST:
            self.requested += 1
        elif kind == ARMED:
            self._note_state(a, c, d, e)

    def note_bytes(self, kind: int, t_us: int, data, n: int) -> None:
        """Bytes are not counted, only passed on."""
        if self.ring is not None:
            self.ring.note_bytes(kind, t_us, data, n)

    def _note_state(self, armed: int, state: int, fault_id: int, held_by: int) -> None:
        self.armed = bool(armed)
        self.state = state
        before, self._faults = self._faults, (fault_id, held_by)
        for now, was in zip(self._faults, before, strict=True):
            if now and now != was and len(self.found) < FOUND_MAX:
                self.found.append(Found(self.now_us(), now, state))
