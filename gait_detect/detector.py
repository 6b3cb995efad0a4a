"""One foot's gait from its IMU, its heel switch, or both, sample by sample."""

from gait_detect.agreement import Agreement
from gait_detect.durations import LONG_US
from gait_detect.imu_steps import ImuSteps
from gait_detect.motion import is_plausible
from gait_detect.other_switch import OtherHeelSwitch
from gait_detect.profile import FOOT, SHANK, Profile
from gait_detect.state import (
    PHASE_HEEL_OFF,
    PHASE_LOADING,
    PHASE_NOT_WALKING,
    PHASE_STANCE,
    PHASE_SWING,
    GaitState,
)
from gait_detect.switch import HeelSwitch
from safety.clock import elapsed_us
from safety.sample import HEEL_NONE, Sample

GAP_MAX_US = 50_000  # 2.5 samples at 50 Hz; a foot turns 15 deg in that time, so angles are lost
# A sensor that lives never repeats a reading to the last count for long: noise of common parts is 5 counts.
# Radio links hold a value for 0.1 s now and then.
FROZEN_US = 200_000
WALK_US = 4_000_000  # no step for two slow strides: not walking
JUST_UP_US = 400_000  # heel-off by switch is up to 310 ms ahead of toe-off in the young (facts)
MOVING_CDPS = 2_900  # 0.5 rad/s, far above any zero error
STILL_US = 100_000  # no foot in swing is quiet for 0.1 s
STEPS_MASK = (1 << 20) - 1

# Phases told from the switch alone (normal timings: pre-swing 200 ms, loading 100 ms).
SWITCH_HEEL_OFF_US = 200_000
SWITCH_LOADING_US = 100_000

# By the stage of gait_detect.imu_steps, while the foot walks.
PHASES = (PHASE_LOADING, PHASE_STANCE, PHASE_HEEL_OFF, PHASE_SWING)

LED_BY_NOBODY = 0
LED_BY_IMU = 1
LED_BY_SWITCH = 2


def _profile_of(place: str) -> Profile:
    if place == "foot":
        return FOOT
    if place == "shank":
        return SHANK
    return Profile(place)  # refuses it with its sentence


def _switch_of(foot: str) -> HeelSwitch | OtherHeelSwitch:
    if foot == "own":
        return HeelSwitch()
    if foot == "other":
        return OtherHeelSwitch()
    raise ValueError(
        f"switch_foot is {foot!r}; it may be 'own' or 'other'. Name the foot that stands on the switch."
    )


class GaitDetector:
    """Say from sample to sample in which phase one foot is, and when it needs help.

    GaitDetector(place="foot" | "shank", use_switch=True, switch_foot="own" | "other")
        place        where the IMU sits; ValueError for anything else
        use_switch   False ignores Sample.heel
        switch_foot  under which heel the switch of Sample.heel is: of this foot or of the other one
    step(sample) -> GaitState
        sample   safety.sample.Sample, 50 to 208 a second, in the order of their time; axes as there
        returns  always the same object, also kept as `state`, rewritten at each step
    mounting     gait_detect.mounting.Mounting: whether it is known how the IMU sits, or what cannot be right;
             `restart_mounting()` when the sensor was put on anew
    Who decides   the IMU, once it has seen the foot flat or moving; the switch alone if there is no IMU.
             With both, a switch that has just opened lets the heel rise count sooner, a switch that
             closes ends the swing, and a switch that opens under a still foot is not believed. A switch under
             the other heel speaks when that heel lands (gait_detect/other_switch.py); it ends no swing of the IMU.
    Refuses  a sample more than 50 ms after the last one, or before it: starts over, no event,
             confidence 0. An IMU reading out of range (safety.sample limits) is not used; after 50 ms
             without a usable one the IMU counts as gone and the switch takes over. So it does when the
             IMU has repeated one reading for 0.2 s. Never raises.
    Evidence Truong 2019 (doi 10.5201/ipol.2019.265), Voisard 2023, Stanford FoG: docs/benchmark.md. Switch
             together with IMU, and people who do not walk, only on made signals. Not tried: stairs, children.
    """

    def __init__(self, *, place: str = "foot", use_switch: bool = True, switch_foot: str = "own") -> None:
        self.state = GaitState()
        self._imu = ImuSteps(_profile_of(place))
        self.mounting = self._imu.motion.mounting
        self._switch = _switch_of(switch_foot)
        self._other = self._switch if isinstance(self._switch, OtherHeelSwitch) else None
        self._use_switch = use_switch
        self._agreement = Agreement()
        self._is_new = True
        self._t_us = 0
        self._start_over()

    def step(self, sample: Sample) -> GaitState:
        """Take one sample; return what is known now."""
        s = self.state
        dt_us = elapsed_us(sample.t_us, self._t_us)
        self._t_us = sample.t_us
        s.t_us = sample.t_us
        if self._is_new or not 0 <= dt_us <= GAP_MAX_US:
            self._is_new = False
            self._start_over()
            return s
        imu = self._imu
        switch = self._switch
        switch.step(sample.heel if self._use_switch else HEEL_NONE, dt_us)
        if is_plausible(sample) and not self._is_frozen(sample, dt_us):
            heel_is_up = 1 if switch.is_known and not switch.is_down and switch.level_us < JUST_UP_US else 0
            imu.step(sample, dt_us + self._imu_missed_us, heel_is_up)
            self._imu_missed_us = 0
            if switch.has_closed:
                imu.land()
        else:
            self._do_without_imu(sample, dt_us)
        if self._led_by == LED_BY_IMU and imu.is_awake:
            swing = imu.swing
        else:
            swing = self._choose_leader(imu, switch)
        self._count(s, swing, dt_us)
        if self._led_by != LED_BY_IMU:
            phase = self._switch_phase(switch, swing)
        elif swing or self._since_begin_us <= WALK_US:
            phase = PHASES[imu.stage]
        else:
            phase = PHASE_NOT_WALKING
        if phase != s.phase:
            s.phase = phase
            s.phase_age_us = 0
        elif s.phase_age_us < LONG_US:
            s.phase_age_us += dt_us
        s.swing = swing
        self._weigh(s, imu, switch)
        s.pitch_cdeg = imu.motion.pitch_udeg // 10_000
        s.rate_cdps = imu.motion.rate_cdps
        if self._other is not None:
            s.other_us = self._other.since_contact_us if switch.is_known else LONG_US
        return s

    def restart_mounting(self) -> None:
        """The sensor was put on anew: find out again how it sits."""
        self.mounting.restart()
        self._start_over()

    def _is_frozen(self, sample: Sample, dt_us: int) -> bool:
        """Return whether the IMU repeats itself and must not be used: in motion, or while a switch can speak."""
        if (
            sample.gyro_y_cdps != self._last_y
            or sample.acc_z_mg != self._last_z
            or sample.gyro_x_cdps != self._last_x
        ):
            self._last_y = sample.gyro_y_cdps
            self._last_z = sample.acc_z_mg
            self._last_x = sample.gyro_x_cdps
            self._same_us = 0
            return False
        if self._same_us < LONG_US:
            self._same_us += dt_us
        if self._same_us <= FROZEN_US:
            return False
        return bool(self._switch.is_known or abs(sample.gyro_y_cdps) > MOVING_CDPS)

    def _do_without_imu(self, sample: Sample, dt_us: int) -> None:
        """The IMU's reading is missing, out of range or frozen: wait a little, then it counts as gone."""
        if sample.has_imu and not is_plausible(sample):
            self.mounting.take_too_large()
        self._imu_missed_us += dt_us
        if self._imu_missed_us > GAP_MAX_US:
            self._imu_missed_us = 0
            self._imu.restart()

    def _start_over(self) -> None:
        self._imu.restart()
        self._switch.restart()
        self._imu_missed_us: int = 0
        self._last_x: int = 0
        self._last_y: int = 0
        self._last_z: int = 0
        self._same_us: int = 0
        self._since_begin_us: int = LONG_US
        self._swing_us: int = 0
        self._agreement.restart()
        self._led_by: int = LED_BY_NOBODY
        s = self.state
        s.phase = PHASE_NOT_WALKING
        s.swing = 0
        s.phase_age_us = 0
        s.confidence = 0
        s.imu_confidence = 0
        s.switch_confidence = 0
        s.stride_us = 0
        s.pitch_cdeg = 0
        s.rate_cdps = 0
        s.other_us = LONG_US

    def _choose_leader(self, imu: ImuSteps, switch: HeelSwitch | OtherHeelSwitch) -> int:
        """Choose who decides from now on; return whether that one says swing."""
        if self._led_by == LED_BY_SWITCH and switch.swing and imu.motion.quiet_us < STILL_US:
            return 1  # a swing that the switch began is finished by the switch, also if the IMU comes back
        if imu.is_awake:
            self._led_by = LED_BY_IMU
            return imu.swing
        if switch.is_known:
            self._led_by = LED_BY_SWITCH
            return 1 if switch.swing and imu.motion.quiet_us < STILL_US else 0
        self._led_by = LED_BY_NOBODY
        return 0

    def _count(self, s: GaitState, swing: int, dt_us: int) -> None:
        if self._since_begin_us < LONG_US:
            self._since_begin_us += dt_us
        if swing == s.swing:
            if self._swing_us < LONG_US:
                self._swing_us += dt_us
            return
        self._swing_us = 0
        if swing:
            s.steps = (s.steps + 1) & STEPS_MASK
            s.stride_us = self._since_begin_us if self._since_begin_us <= WALK_US else 0
            self._since_begin_us = 0

    def _switch_phase(self, switch: HeelSwitch | OtherHeelSwitch, swing: int) -> int:
        if swing:
            return PHASE_HEEL_OFF if switch.level_us < SWITCH_HEEL_OFF_US else PHASE_SWING
        if not switch.is_down or self._since_begin_us > WALK_US:
            return PHASE_NOT_WALKING
        return PHASE_LOADING if switch.level_us < SWITCH_LOADING_US else PHASE_STANCE

    def _weigh(self, s: GaitState, imu: ImuSteps, switch: HeelSwitch | OtherHeelSwitch) -> None:
        """Say how sure each sensor is, and both together."""
        a = self._agreement
        is_imu = self._led_by == LED_BY_IMU
        if switch.is_known or a.switch_sure or self._swing_us == 0:  # a silent switch has nothing to add
            a.step(s.swing, self._swing_us, is_imu, switch.is_known, switch.is_down)
        sure = imu.sure
        s.imu_confidence = sure
        s.switch_confidence = a.switch_sure
        if not is_imu:
            s.confidence = a.switch_sure if self._led_by == LED_BY_SWITCH else 0
        elif switch.is_known:
            s.confidence = a.fused(sure)
            s.disagreed = a.disagreed
            s.disagreed_pct = a.disagreed_pct
        else:
            s.confidence = sure
