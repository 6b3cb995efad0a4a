"""What a seated foot may show in an exercise: a swing or two of a burst, not a walk."""

from safety import faults, supervisor

SWINGS_MAX = 3  # from one burst to the next: where it rises, where it falls, and an own attempt

# Of a foot that hangs still with its heel up, only these say that a sensor is broken.
SENSOR_FAULTS = (
    faults.SWITCH_BOUNCE,
    faults.SWITCH_SILENT,
    faults.IMU_FROZEN,
    faults.IMU_STALE,
    faults.IMU_RANGE,
)


class SeatedSwings:
    """Hold the next burst of an exercise back while more swings are seen than its bursts explain.

    restart()        a person has armed
    swing_began()    the detector says that the foot swings
    burst_began()    the first pulse of a burst was granted
    may_start        whether a burst may begin; once False it stays so until armed again
    """

    def __init__(self) -> None:
        self.may_start: bool = True
        self._swings: int = 0

    def restart(self) -> None:
        """Begin to count."""
        self._swings = 0
        self.may_start = True

    def swing_began(self) -> None:
        """Count one."""
        self._swings = min(self._swings + 1, SWINGS_MAX + 1)
        if self._swings > SWINGS_MAX:
            self.may_start = False

    def burst_began(self) -> None:
        """Count anew."""
        self._swings = 0


def counts(mode: int, fault_id: int) -> bool:
    """Whether a fault that the samples show means anything in this mode: a test is watched by a person."""
    if mode == supervisor.EXERCISE:
        return fault_id in SENSOR_FAULTS
    return mode == supervisor.WALK
