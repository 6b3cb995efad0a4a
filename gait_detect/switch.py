"""The heel switch: debounced contact, and the steps that it alone can tell."""

from gait_detect.durations import LONG_US
from safety.sample import HEEL_DOWN, HEEL_UP

DEBOUNCE_US = 25_000  # contacts bounce for 10-20 ms (facts, simulator models); assumed with a margin
SILENT_MAX_US = 100_000  # no reading for as long as a grant lives: the switch is unplugged
STANCE_MIN_US = 150_000  # shorter contacts are scuffs, not stances (shortest stance counted: 350 ms)
SWING_MAX_US = 1_500_000  # a heel that stays up longer belongs to a seated person or a broken switch


class HeelSwitch:
    """Say whether the heel is down and, from that alone, whether the foot swings.

    step(heel, dt_us)
        heel     HEEL_DOWN, HEEL_UP or HEEL_NONE, as the sensor gave it; anything else is HEEL_NONE
        dt_us    int, time since the reading before, us
    is_known   1 while the switch answers and has shown a contact that lasted
    is_down    1 if the heel is down; changes when a new level has lasted 25 ms
    level_us   int, how long the level has held, counted from the first edge, us, saturates
    swing      1 from heel up, after a real stance, until heel down or 1.5 s
    has_closed 1 on the one sample where contact is declared
    Not told by a switch alone: weight shifts, sitting, turning the foot. With an IMU it is only the
    second voice (gait_detect/detector.py).
    """

    __slots__ = (
        "_edge_us",
        "_is_armed",
        "_raw",
        "_silent_us",
        "has_closed",
        "is_down",
        "is_known",
        "level_us",
        "swing",
    )

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Start over: nothing is known until a level has lasted."""
        self._raw: int = HEEL_UP
        self._edge_us: int = 0
        self._silent_us: int = 0
        self._is_armed: int = 0
        self.is_known: int = 0
        self.is_down: int = 0
        self.level_us: int = LONG_US
        self.swing: int = 0
        self.has_closed: int = 0

    def step(self, heel: int, dt_us: int) -> None:
        """Take one reading."""
        self.has_closed = 0
        if self.level_us < LONG_US:
            self.level_us += dt_us
        if heel != HEEL_DOWN and heel != HEEL_UP:
            self._silent_us += dt_us
            if self._silent_us > SILENT_MAX_US:
                self.restart()
            return
        self._silent_us = 0
        if heel == self._raw:
            if self._edge_us < LONG_US:
                self._edge_us += dt_us
        else:
            self._raw = heel
            self._edge_us = 0
        if self._edge_us >= DEBOUNCE_US and heel != self.is_down:
            self.is_down = heel
            self.level_us = self._edge_us
            self._changed()
        if self.is_down and heel == HEEL_DOWN and self.level_us >= STANCE_MIN_US:
            self.is_known = 1
            self._is_armed = 1
        elif self.swing and self.level_us > SWING_MAX_US:
            self.swing = 0

    def _changed(self) -> None:
        if self.is_down:
            self.swing = 0
            self.has_closed = 1
        elif self._is_armed:
            self.swing = 1
            self._is_armed = 0
