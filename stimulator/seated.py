"""What the exercises want to know of a seated person: has somebody begun to walk, and does the foot try to lift?

A stimulated foot that hangs or stands looks like steps to the gait detector: on the simulated seated leg it
counts up to one swing where a burst rises and one where it falls, 0.1 s after the start to 0.2 s after the end
of the ramp (hw_sim.seated, IMU on the foot, measured 2026-11). So swings count as walking only where
the exercise does not explain them.
"""

from safety.clock import Age

SEATED = 0  # nothing speaks for walking
DOUBT = 1  # a swing that nothing explains, or no sensor: no repetition begins
WALKING = 2  # two of them: the exercise is over

EXPLAINED_US = 500_000  # after the end of a ramp; twice what was measured
DOUBT_US = 3_000_000  # assumed: a person who goes on walking has made another step by then, at any pace
WALK_US = 15_000_000  # R17 says two steps in 5 s; longer, because the exercise may explain every second one
BLIND_MAX_US = 500_000  # without samples nobody can see the person get up
STRANGE_MAX = 2

QUIET_US = 200_000  # the foot must have been at rest before a movement counts as an attempt
QUIET_SHARE = 2  # at rest: slower than half the attempt's rate
LASTS_US = 15_000  # a knock on the chair is shorter; two samples at 100 Hz
RATE_MAX_CDPS = 200_000


class SeatedWatch:
    """Tell a person who walks from a foot that the exercise moves.

    is_foot         the IMU sits on the foot, where stimulation moves it; a seated shank does not swing at all
    expect(us)      from now on for `us`, one swing is explained; replaces what was expected before
    step(dt_us, state, sure, is_strict) -> int   SEATED, DOUBT or WALKING
        state       gait_detect.state.GaitState;  sure  False if the samples are stale
        is_strict   False in a pause between sets, where a person may move freely: that only leaves doubt
    Not seen: a person who gets up and stands, or makes every step in time with the ramps.
    """

    def __init__(self, is_foot: bool) -> None:
        self._is_foot = is_foot
        self._steps: int = -1  # of the detector, -1 before the first look
        self._expected_us: int = 0
        self._strange: int = 0
        self._since_strange = Age()
        self._blind_us: int = 0

    def restart(self) -> None:
        """Somebody begins an exercise, and says by that that the person sits."""
        self._steps = -1
        self._expected_us = 0
        self._strange = 0
        self._since_strange.expire()
        self._blind_us = 0

    def expect(self, duration_us: int) -> None:
        """One swing within `duration_us` comes from stimulation or from the attempt that was asked for."""
        if self._is_foot:
            self._expected_us = duration_us

    def step(self, dt_us: int, state, sure: bool, is_strict: bool) -> int:
        """Let `dt_us` pass and look at the detector."""
        self._since_strange.advance(dt_us)
        self._blind_us = 0 if sure else min(self._blind_us + max(0, dt_us), BLIND_MAX_US)
        if self._since_strange.us > WALK_US:
            self._strange = 0
        if state.steps != self._steps:
            if self._steps >= 0:
                self._see_swing(is_strict)
            self._steps = state.steps
        self._expected_us = max(0, self._expected_us - max(0, dt_us))
        if self._strange >= STRANGE_MAX:
            return WALKING
        if self._since_strange.us < DOUBT_US or self._blind_us >= BLIND_MAX_US:
            return DOUBT
        return SEATED

    def _see_swing(self, is_strict: bool) -> None:
        if self._expected_us > 0:
            self._expected_us = 0
            return
        if is_strict:
            self._strange += 1
        self._since_strange.restart()


class Attempt:
    """See the person's own try to lift the foot: a toe-up turn after rest.

    begin(threshold_cdps)             look from now on
    step(dt_us, rate_cdps) -> bool    True once, when the try is seen
        rate_cdps   sagittal rate, 0.01 deg/s, toe-up positive
    """

    def __init__(self) -> None:
        self._threshold_cdps: int = RATE_MAX_CDPS
        self._quiet_us: int = 0
        self._up_us: int = 0

    def begin(self, threshold_cdps: int) -> None:
        """Look for a turn faster than `threshold_cdps`; what moves already does not count."""
        self._threshold_cdps = threshold_cdps
        self._quiet_us = 0
        self._up_us = 0

    def step(self, dt_us: int, rate_cdps: int) -> bool:
        """Take the rate of now, which has held for `dt_us`."""
        dt_us = max(0, min(dt_us, QUIET_US))
        if self._quiet_us < QUIET_US:
            if abs(rate_cdps) * QUIET_SHARE < self._threshold_cdps:
                self._quiet_us += dt_us
            else:
                self._quiet_us = 0
            return False
        if rate_cdps <= self._threshold_cdps:
            self._up_us = 0
            return False
        self._up_us += dt_us
        return self._up_us >= LASTS_US
