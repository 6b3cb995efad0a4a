"""How long this person's steps last now: heel-off to contact, and contact to heel-off, from the last steps."""

SWING_MAX_US = 2_000_000  # longer is a foot held up, not a step
GROUND_MAX_US = 3_000_000  # longer is a pause between two walks
STRIDE_USUAL_MS = 1_100  # assumed: the pace that an extension in ms is meant for


class Pace:
    """Measure what the detector says of the foot; each step counts for half, so a new pace is met in three steps.

    step(dt_us, swing)   swing as in gait_detect.state.GaitState
    swing_us    heel-off to contact, us, 0 before the first whole one
    ground_us   contact to heel-off, the same
    """

    def __init__(self) -> None:
        self.swing_us: int = 0
        self.ground_us: int = 0
        self._since_us: int = GROUND_MAX_US  # the last change; what came before it is not known
        self._is_swing: bool = False

    def step(self, dt_us: int, swing: int) -> None:
        """Let `dt_us` (0 to 100 ms) pass."""
        self._since_us = min(self._since_us + dt_us, GROUND_MAX_US)
        if (swing == 1) == self._is_swing:
            return
        self._is_swing = swing == 1
        if self._is_swing:
            if self._since_us < GROUND_MAX_US:
                self.ground_us = _half_way(self.ground_us, self._since_us)
        elif self._since_us < SWING_MAX_US:
            self.swing_us = _half_way(self.swing_us, self._since_us)
        self._since_us = 0

    def extension_ms(self, extension_ms: int, percent: int, by_cadence: bool) -> int:
        """Return the extension that follows the pace: ms at a usual pace, or a share of the time on the ground.

        `extension_ms` itself before two steps are known.
        """
        if self.swing_us == 0 or self.ground_us == 0:
            return extension_ms
        if by_cadence:
            return extension_ms * ((self.swing_us + self.ground_us) // 1000) // STRIDE_USUAL_MS
        return self.ground_us // 1000 * percent // 100


def _half_way(known_us: int, new_us: int) -> int:
    return new_us if known_us == 0 else (known_us + new_us) // 2
