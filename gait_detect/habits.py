"""How this person usually walks: the few quantities that the thresholds follow."""

from gait_detect.profile import Profile

STRIDE_MAX_US = 4_000_000  # longer is a pause, not a stride
GROUND_MAX_US = 3_000_000


class Habits:
    """Learn from finished steps; hand out thresholds, each clipped to the range its profile allows.

    Each new step counts a quarter: ten-step walks adapt, one odd step does not spoil the next.
    Thresholds never rise because of a pause: the first step after standing meets the same ones.
    rise_rate_cdps, rise_drop_udeg   heel rise (path A): rate and angle
    toe_up_cdps                      toe-up rate (path B)
    lobe_clear_cdps, lobe_min_us     swing lobe: peak and duration from which it counts as recognised
    landing_us                       time since the lobe began from which this foot may have landed softly
    rearm_us                         time after contact when a new step may begin without rest
    ready_us                         time on the ground from which thresholds fall; 0 = not regular
    ease_pct                         how far they may fall, 100 wholly; below 0 they are raised at all times
    """

    __slots__ = (
        "_drop_udeg",
        "_ground_us",
        "_lobe_us",
        "_moved_us",
        "_profile",
        "_push_cdps",
        "_stride_us",
        "_swing_cdps",
        "ease_pct",
        "landing_us",
        "lobe_clear_cdps",
        "lobe_min_us",
        "ready_us",
        "rearm_us",
        "rise_drop_udeg",
        "rise_rate_cdps",
        "toe_up_cdps",
    )

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._push_cdps: int = profile.push_start_cdps
        self._swing_cdps: int = profile.swing_start_cdps
        self._drop_udeg: int = profile.drop_start_udeg
        self._lobe_us: int = profile.lobe_start_us
        self._moved_us: int = profile.moved_start_us
        self._stride_us: int = 0
        self._ground_us: int = 0
        self.ready_us: int = 0
        self.ease_pct: int = 100
        self._set_thresholds()

    def learn_step(self, push_cdps: int, swing_cdps: int, drop_udeg: int, lobe_us: int) -> None:
        """A step with heel rise and recognised swing has ended: its peaks, angle and lobe duration."""
        self._push_cdps += (push_cdps - self._push_cdps) // 4
        self._swing_cdps += (swing_cdps - self._swing_cdps) // 4
        self._drop_udeg += (drop_udeg - self._drop_udeg) // 4
        self._lobe_us += (lobe_us - self._lobe_us) // 4
        self._set_thresholds()

    def learn_moved(self, moved_us: int) -> None:
        """The foot came to rest; it had moved until `moved_us` after it began to swing forward."""
        if moved_us <= self._profile.lobe_max_us:
            self._moved_us += (moved_us - self._moved_us) // 4
            self._set_thresholds()

    def learn_stride(self, stride_us: int) -> None:
        """A swing has begun `stride_us` after the one before; pauses are not learned."""
        if stride_us <= STRIDE_MAX_US:
            if self._stride_us == 0:
                self._stride_us = stride_us
            self._stride_us += (stride_us - self._stride_us) // 4
            self._set_thresholds()

    def learn_lead(self, lead_us: int) -> None:
        """The heel rise was declared `lead_us` before the foot swung forward: steer the next towards the aim."""
        p = self._profile
        late_us = _within(p.lead_aim_us - lead_us, -p.lead_step_us, p.lead_step_us)
        self.ease_pct = _within(self.ease_pct + late_us // p.lead_us_per_pct, p.ease_min_pct, 100)

    def learn_ground(self, ground_us: int) -> None:
        """The toe has left `ground_us` after the last contact: look ahead if this was like the last time."""
        p = self._profile
        last_us = self._ground_us
        self._ground_us = ground_us if ground_us <= GROUND_MAX_US else 0
        self.ready_us = 0
        if last_us and self._ground_us and abs(ground_us - last_us) < ground_us // 100 * p.regular_pct:
            self.ready_us = max((ground_us + last_us) // 2 - p.lead_us, 1)

    def _set_thresholds(self) -> None:
        p = self._profile
        self.rise_rate_cdps: int = _within(
            self._push_cdps * p.rise_rate_pct // 100, p.rise_rate_min_cdps, p.rise_rate_max_cdps
        )
        self.rise_drop_udeg: int = _within(
            self._drop_udeg // 100 * p.drop_pct, p.drop_min_udeg, p.drop_max_udeg
        )
        self.toe_up_cdps: int = _within(
            self._swing_cdps * p.toe_up_pct // 100, p.toe_up_min_cdps, p.toe_up_max_cdps
        )
        self.lobe_clear_cdps: int = _within(
            self._swing_cdps * p.lobe_clear_pct // 100, p.lobe_clear_min_cdps, p.lobe_clear_max_cdps
        )
        self.lobe_min_us: int = _within(self._lobe_us // 100 * p.lobe_pct, p.lobe_min_us, p.lobe_min_max_us)
        self.landing_us: int = max(self._moved_us - p.landing_ahead_us, self.lobe_min_us)
        stride_us = self._stride_us if self._stride_us else p.stride_start_us
        self.rearm_us: int = _within(stride_us // 100 * p.rearm_pct, p.rearm_min_us, p.rearm_max_us)


def _within(value: int, low: int, high: int) -> int:
    return min(max(value, low), high)
