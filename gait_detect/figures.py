"""Figures of the gait for logs and learning: cadence, stance share, pitch at toe-off and contact, symmetry."""

from gait_detect.durations import LONG_US
from gait_detect.state import PHASE_SWING, GaitState

STRIDE_MAX_US = 4_000_000  # longer is a pause


class StepFigures:
    """Count what each finished step of one foot looked like.

    step(state, dt_us)
        state    gait_detect.state.GaitState after each sample
        dt_us    int, time since the sample before, us
    strides             finished strides, 0 to 2**20 - 1, then again from 0
    stride_us           last stride, swing to swing, us; 0 after a pause
    swing_us            how long help was needed in it: heel-off to contact, us
    stance_pct          share of the stride outside that, 0 to 100
    cadence_spm         steps of both feet a minute, if the other foot steps as often
    toe_off_pitch_cdeg  pitch when the foot began to swing forward, 0.01 deg, since foot-flat, toe-up +
    contact_pitch_cdeg  pitch when the swing ended
    """

    __slots__ = (
        "_begun_swing_us",
        "_since_us",
        "_was_phase",
        "_was_swing",
        "cadence_spm",
        "contact_pitch_cdeg",
        "stance_pct",
        "stride_us",
        "strides",
        "swing_us",
        "toe_off_pitch_cdeg",
    )

    def __init__(self) -> None:
        self.strides: int = 0
        self.stride_us: int = 0
        self.swing_us: int = 0
        self.stance_pct: int = 0
        self.cadence_spm: int = 0
        self.toe_off_pitch_cdeg: int = 0
        self.contact_pitch_cdeg: int = 0
        self._since_us: int = LONG_US
        self._begun_swing_us: int = 0
        self._was_swing: int = 0
        self._was_phase: int = 0

    def step(self, state: GaitState, dt_us: int) -> None:
        """Take the state after one sample."""
        self._since_us = min(self._since_us + dt_us, LONG_US)
        if state.phase == PHASE_SWING and self._was_phase != PHASE_SWING:
            self.toe_off_pitch_cdeg = state.pitch_cdeg
        if state.swing and not self._was_swing:
            self._finish()
        elif self._was_swing and not state.swing:
            self._begun_swing_us = self._since_us
            self.contact_pitch_cdeg = state.pitch_cdeg
        self._was_swing = state.swing
        self._was_phase = state.phase

    def _finish(self) -> None:
        stride_us = self._since_us
        self._since_us = 0
        if stride_us > STRIDE_MAX_US:
            self.stride_us = 0
            return
        self.strides = (self.strides + 1) & 0xFFFFF
        self.stride_us = stride_us
        self.swing_us = self._begun_swing_us
        self.stance_pct = 100 - self.swing_us // (stride_us // 100)
        self.cadence_spm = 120_000_000 // stride_us


def symmetry_pct(left: int, right: int) -> int:
    """Return how different two times or shares (each 0 to 2**21) are: 0 alike, 200 one of them is 0.

    The symmetry index of gait analysis without its sign: difference over mean, in percent.
    """
    if left + right == 0:
        return 0
    return 200 * abs(left - right) // (left + right)
