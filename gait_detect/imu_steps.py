"""When a step begins and ends, from one IMU on the foot or the shank."""

from gait_detect.durations import LONG_US
from gait_detect.habits import Habits
from gait_detect.motion import Motion
from gait_detect.profile import Profile
from safety.sample import Sample

# Stages, in their order within a step.
WAIT = 0  # after contact, or just started: no step may begin yet
READY = 1  # the foot was flat or has had the time: a step may begin
RISE = 2  # the heel rises
LOBE = 3  # the foot swings forward

# What began the step.
BY_NOTHING = 0
BY_RISE = 1  # A: heel rise
BY_TOE_UP = 2  # B: toe-up rate, for feet without push-off
BY_TURN = 3  # C: turn or shuffle

# How often a swing begun in this way was one, 0 to 100, Truong 2019, all groups, unlabelled times left out: 99.8 % of
# 10 471 by heel rise, 92.8 % of 361 by turn, 82.1 % of 313 by toe-up. First steps were no worse than later ones.
SURE = 99
SURE_BY = (SURE, SURE, 82, 93)


class ImuSteps:
    """Find steps in the motion of one foot, sample by sample.

    step(sample, dt_us, heel_is_up)
        sample       safety.sample.Sample with a plausible IMU reading
        dt_us        int, time since the reading before, us, 0 to 50 000
        heel_is_up   1 if a heel switch has just opened: the heel rise needs less proof
    stage        WAIT, READY, RISE or LOBE
    begun_by     BY_*: what began the last step
    is_awake     1 once the foot was seen flat or alive since the start
    swing        1 in RISE and LOBE
    sure         int, 0 to 100, how sure that is; 0 until it is awake
    Method   three ways to begin, two to end, re-arm by rest or by a timer scaled to the stride; the
             structure follows the rule study on the same public recordings. Differs: toe-up threshold
             falls with the heel rise seen; those of the heel rise fall ahead of the expected toe-off, are
             higher before, and are steered towards an onset that suits the muscle's delay.
    Evidence and limits   see gait_detect/detector.py.
    """

    __slots__ = (
        "_down_us",
        "_drop_udeg",
        "_ground_us",
        "_lobe_cdps",
        "_low_us",
        "_moved_us",
        "_profile",
        "_push_cdps",
        "_rate_max_cdps",
        "_rate_min_cdps",
        "_rise_udeg",
        "_since_lobe_us",
        "_stage_us",
        "begun_by",
        "habits",
        "is_awake",
        "motion",
        "since_begin_us",
        "stage",
        "sure",
        "swing",
    )

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self.motion = Motion(profile)
        self.habits = Habits(profile)  # kept over a gap: the person stays the same
        self.restart()

    def restart(self) -> None:
        """Start over after a gap: nothing is known of where the foot is."""
        self.motion.restart()
        self.stage: int = WAIT
        self.swing: int = 0
        self.sure: int = 0
        self.begun_by: int = BY_NOTHING
        self.is_awake: int = 0
        self.since_begin_us: int = LONG_US
        self._stage_us: int = 0
        self._ground_us: int = LONG_US
        self._rate_max_cdps: int = -LONG_US  # no reading yet: any is larger
        self._rate_min_cdps: int = LONG_US
        self._push_cdps: int = 0
        self._lobe_cdps: int = 0
        self._drop_udeg: int = 0
        self._rise_udeg: int = 0
        self._down_us: int = 0
        self._low_us: int = 0
        self._since_lobe_us: int = LONG_US
        self._moved_us: int = LONG_US  # in the lobe's time, the foot last moved; LONG_US: not followed

    def step(self, sample: Sample, dt_us: int, heel_is_up: int) -> None:
        """Take one reading; `stage` says what it means."""
        m = self.motion
        m.step(sample, dt_us)
        if self._stage_us < LONG_US:
            self._stage_us += dt_us
        if self._ground_us < LONG_US:
            self._ground_us += dt_us
        if self.since_begin_us < LONG_US:
            self.since_begin_us += dt_us
        if self._moved_us < LONG_US:
            self._since_lobe_us += dt_us
            if abs(m.rate_cdps) > self._profile.lobe_rate_cdps:
                self._moved_us = self._since_lobe_us
        stage = self.stage
        if stage == READY:
            self._look_for_begin(m, heel_is_up)
        elif stage == RISE:
            self._follow_rise(m)
        elif stage == LOBE:
            self._follow_lobe(m, dt_us)
        else:
            self._look_for_rest(m)

    def land(self) -> None:
        """The heel switch has closed: a swing that is well under way ends here."""
        if self.stage == LOBE and self._stage_us >= self._profile.lobe_min_us:
            self._finish()

    def _look_for_rest(self, m: Motion) -> None:
        p = self._profile
        if not self.is_awake:
            self._rate_max_cdps = max(self._rate_max_cdps, m.rate_cdps)
            self._rate_min_cdps = min(self._rate_min_cdps, m.rate_cdps)
        is_rested = m.quiet_us >= p.rearm_quiet_us
        is_alive = self.is_awake or self._rate_max_cdps - self._rate_min_cdps > p.alive_cdps
        if is_rested or (is_alive and self._stage_us >= self.habits.rearm_us):
            if self.begun_by != BY_TURN:
                self.habits.learn_moved(self._moved_us)
            self._moved_us = LONG_US
            m.set_flat()
            self._rise_udeg = 0
            self.is_awake = 1
            self._enter(READY)

    def _look_for_begin(self, m: Motion, heel_is_up: int) -> None:
        p = self._profile
        if m.quiet_us >= p.flat_us:
            m.set_flat()
            self._rise_udeg = 0
            return
        if m.waves >= p.tremble_waves:
            return
        if m.drop_udeg > self._rise_udeg:
            self._rise_udeg = m.drop_udeg
        rate = m.rate_cdps
        slowest_cdps = (
            self.habits.rise_rate_cdps * (100 - p.ahead_rate_pct) // 100
        )  # however near the toe-off is
        if rate < -slowest_cdps and self._is_rise(m, heel_is_up):
            self._begin(BY_RISE, RISE)
        elif rate > p.toe_up_floor_cdps and self._is_toe_up(m):
            self._begin(BY_TOE_UP, LOBE)
        elif m.total_sq > p.turn_sq and m.shaken and m.is_across() and m.swept_deg2() > p.turn_swept_deg2:
            self._begin(BY_TURN, LOBE)

    def _is_rise(self, m: Motion, heel_is_up: int) -> bool:
        """Return whether the heel rises far and fast enough, the less the nearer the toe-off is expected."""
        p = self._profile
        h = self.habits
        ahead_pct = min(self._ahead_pct(), h.ease_pct)
        if ahead_pct > 0 and (m.pivot_udeg() > p.pivot_udeg or not m.is_sagittal(p.rise_shift)):
            ahead_pct = 0  # in a turn the last strides say nothing about the next toe-off
        if heel_is_up and ahead_pct < p.switch_ahead_pct:
            ahead_pct = p.switch_ahead_pct
        if ahead_pct >= 0:
            less_drop_pct = ahead_pct * p.ahead_drop_pct // 100
            less_rate_pct = ahead_pct * p.ahead_rate_pct // 100
        else:
            less_drop_pct = ahead_pct * p.early_drop_pct // 100
            less_rate_pct = ahead_pct * p.early_rate_pct // 100
        if m.rate_cdps >= -(h.rise_rate_cdps * (100 - less_rate_pct) // 100):
            return False
        drop_udeg = h.rise_drop_udeg
        if self.since_begin_us >= p.walking_us:
            drop_udeg = max(drop_udeg, p.drop_idle_udeg)
        drop_udeg = drop_udeg // 100 * (100 - less_drop_pct)
        if m.drop_udeg <= drop_udeg or m.pitch_udeg >= -(drop_udeg >> p.below_shift):
            return False
        return m.shaken == 1 or m.is_sagittal(p.rise_shift)

    def _is_toe_up(self, m: Motion) -> bool:
        """Return whether the toe comes up fast enough, the slower the more the heel has risen before."""
        p = self._profile
        idle_udeg = max(self.habits.rise_drop_udeg, p.drop_idle_udeg)
        risen_pct = min(self._rise_udeg // (idle_udeg // 100), 100)
        lifted_pct = p.lifted_pct if self.since_begin_us < p.walking_us else p.lifted_idle_pct
        if not m.shaken and risen_pct < lifted_pct:
            return False
        return m.rate_cdps > self.habits.toe_up_cdps * (100 - p.risen_pct * risen_pct // 100) // 100

    def _ahead_pct(self) -> int:
        """Return how near the expected toe-off is: -100 far, 100 near, 0 unknown, or so overdue that they stand."""
        h = self.habits
        p = self._profile
        late_us = self._ground_us - h.ready_us
        if h.ready_us == 0:
            return 0
        if late_us < -p.early_us:
            return -100
        if late_us <= 0:
            return late_us * 100 // p.early_us
        if late_us > p.lead_us + (h.ready_us + p.lead_us) // 100 * p.overdue_pct:
            return 0
        if late_us >= p.ramp_us:
            return 100
        return late_us * 100 // p.ramp_us

    def _begin(self, by: int, stage: int) -> None:
        self.begun_by = by
        self.habits.learn_stride(self.since_begin_us)
        self.since_begin_us = 0
        self._push_cdps = max(-self.motion.rate_cdps, 0)
        if stage == LOBE:
            self._enter_lobe()
        else:
            self._enter(RISE)

    def _follow_rise(self, m: Motion) -> None:
        p = self._profile
        rate = m.rate_cdps
        if -rate > self._push_cdps:
            self._push_cdps = -rate
        if rate > p.lobe_rate_cdps:
            self._enter_lobe()
        elif m.quiet_us > p.rise_quiet_us or self._stage_us > p.rise_max_us:
            self._enter(WAIT)

    def _enter_lobe(self) -> None:
        self.habits.learn_ground(self._ground_us)
        if self.begun_by == BY_RISE:
            self.habits.learn_lead(self.since_begin_us)
        self._lobe_cdps = max(self.motion.rate_cdps, 0)
        self._drop_udeg = self.motion.drop_udeg
        self._down_us = 0
        self._low_us = 0
        self._since_lobe_us = 0
        self._moved_us = 0
        self._enter(LOBE)

    def _follow_lobe(self, m: Motion, dt_us: int) -> None:
        p = self._profile
        h = self.habits
        rate = m.rate_cdps
        if rate > self._lobe_cdps:
            self._lobe_cdps = rate
            self._down_us = 0
        elif rate > p.lobe_rate_cdps:
            self._down_us = 0
        elif (
            self._down_us
            or rate < p.land_rate_cdps
            or (rate < p.land_soft_cdps and self._stage_us >= h.landing_us)
        ):
            self._down_us += dt_us
        if m.total_sq >= p.low_sq:
            self._low_us = 0
        else:
            self._low_us += dt_us
        is_landing = self._down_us >= p.land_hold_us and (
            self._stage_us >= h.lobe_min_us or self._down_us >= p.down_us
        )
        is_at_rest = m.quiet_us >= p.lobe_quiet_us or self._low_us > p.low_us
        if is_at_rest or (is_landing and self._lobe_cdps > h.lobe_clear_cdps):
            if self.begun_by == BY_RISE and self._stage_us >= h.lobe_min_us:
                h.learn_step(self._push_cdps, self._lobe_cdps, self._drop_udeg, self._stage_us)
            self._finish()
        elif self._stage_us > p.lobe_max_us:
            self._finish()

    def _finish(self) -> None:
        self._ground_us = 0
        self._enter(WAIT)

    def _enter(self, stage: int) -> None:
        self.stage = stage
        self.swing = 1 if stage >= RISE else 0
        self.sure = SURE_BY[self.begun_by] if stage >= RISE else SURE
        self._stage_us = 0
