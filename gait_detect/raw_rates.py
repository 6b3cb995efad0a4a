"""What raw rates of a gyroscope show while a foot walks: an axis that is dead, or a range that is too small."""

from gait_detect.mounting_problems import DEAD_X, OK, RANGE
from safety.sample import Sample

ALIVE_CDPS = (
    50  # 0.5 deg/s of difference: half of any noise; each axis of each recorded foot ranged over 50 deg/s
)
ALL_ALIVE = 7
# So long, of 1.2 s of movement, the largest of the three rates lay within 1/512 of the highest seen: 100 ms at most on
# 660 recordings; with a range of 125 deg/s a usual foot spends half of its movement there.
NEAR_SHIFT = 9
RAIL_US = 150_000


class RawRates:
    """Watch the readings of the first steps.

    step(sample, is_fast, dt_us)
        sample    safety.sample.Sample as read, without any correction
        is_fast   whether the foot moves: only then rates are near the end of the range
        dt_us     int, time since the reading before, us, 0 to 50 000
    problem() -> int   OK, DEAD_X to DEAD_Z, or RANGE, of all since `restart`
    """

    __slots__ = (
        "_alive",
        "_high_cdps",
        "_low_cdps",
        "_rail_cdps",
        "_rail_us",
        "_x_cdps",
        "_y_cdps",
        "_z_cdps",
    )

    def __init__(self) -> None:
        self._low_cdps = [0, 0, 0]
        self._high_cdps = [0, 0, 0]
        self._x_cdps: int = 0
        self._y_cdps: int = 0
        self._z_cdps: int = 0
        self.restart()

    def restart(self) -> None:
        """Start over."""
        self._rail_cdps: int = 0
        self._rail_us: int = 0
        self._alive: int = 0  # one bit per axis that has moved
        for i in range(3):
            self._low_cdps[i] = 400_000
            self._high_cdps[i] = -400_000

    def step(self, s: Sample, is_fast: bool, dt_us: int) -> None:
        """Take one reading."""
        x = s.gyro_x_cdps
        y = s.gyro_y_cdps
        z = s.gyro_z_cdps
        is_new = x != self._x_cdps or y != self._y_cdps or z != self._z_cdps
        self._x_cdps = x
        self._y_cdps = y
        self._z_cdps = z
        if self._alive != ALL_ALIVE:
            self._keep(0, x)
            self._keep(1, y)
            self._keep(2, z)
        if not is_fast or not is_new:  # a radio link that holds a reading is no end of a range
            return
        largest_cdps = max(abs(x), abs(y), abs(z))
        rail_cdps = self._rail_cdps
        if largest_cdps > rail_cdps + (rail_cdps >> NEAR_SHIFT):
            self._rail_cdps = largest_cdps
            self._rail_us = 0
        elif largest_cdps >= rail_cdps - (rail_cdps >> NEAR_SHIFT):
            self._rail_us += dt_us

    def problem(self) -> int:
        """Return what is wrong, OK if nothing is."""
        for i in range(3):
            if not self._alive & 1 << i:
                return DEAD_X + i
        return RANGE if self._rail_us >= RAIL_US else OK

    def _keep(self, axis: int, value_cdps: int) -> None:
        """Keep the ends of what this axis reads."""
        if value_cdps < self._low_cdps[axis]:
            self._low_cdps[axis] = value_cdps
        if value_cdps > self._high_cdps[axis]:
            self._high_cdps[axis] = value_cdps
        if self._high_cdps[axis] - self._low_cdps[axis] >= ALIVE_CDPS:
            self._alive |= 1 << axis
