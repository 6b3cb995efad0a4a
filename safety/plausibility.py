"""Plausibility: do the raw samples look like sensors that work and a foot that walks? It may only forbid."""

from safety import faults
from safety.clock import Age, elapsed_us
from safety.ledger import Window
from safety.sample import ACC_MAX_MG, HEEL_DOWN, HEEL_NONE, HEEL_UP

IMU_AGE_MAX_US = 50_000  # R20
FROZEN_US = 250_000  # R20; some real sensors sample and hold: ten equal readings occur in normal walking
DEAD_US = 250_000  # of turning in which the sagittal rate, and it alone, stood still
FROZEN_REST_US = 2_000_000  # the same at rest; no real sensor held a reading for over 0.9 s
GYRO_SANE_CDPS = 190_000  # no foot turns at 1900 deg/s; parts with 2000 deg/s full scale clip just above
ACC_SANE_MIN_MG = 200  # R20
ACC_SANE_MAX_MG = 16_000  # R20
LEAP_CDPS = 70_000  # in 10 ms, or from one reading to the next; a hard landing leaps once or twice
WILD_MAX = 2  # leaps there and back, or readings too large, in 1 s: as many in 5.7 h of real feet
RAIL_MIN_CDPS = 6_000  # assumed; a foot that walks turns faster
RAIL_HELD = 3  # readings on end at the largest value: a hold of the part, or the end of its range
RAIL_MAX = 2  # seconds with a hold at one and the same largest value; on 5.7 h of real feet two at most
RAIL_US = 1_000_000
BAD_MAX_US = 75_000  # R20; on 5.7 h of real feet below 0.2 g lasted 50 ms at most (../shared/gait)
STILL_CDPS = 1_720  # 0.3 rad/s
FORWARD_CDPS = 2_900  # 0.5 rad/s toe-up: the foot or shank swings forward
TURN_CDPS = 12_600  # 2.2 rad/s about another axis: a step in a turn
STILL_US = 100_000  # after a swing forward the foot rests: landed

EDGE_APART_US = 50_000  # R21; contacts bounce for 10-20 ms
EDGES_MAX = 4  # R21; in 1 s: a stride has two, and the shortest takes 0.5 s
SWITCH_AGE_MAX_US = 100_000  # as long as a finished cycle permits pulses
UP_MAX_US = 4_000_000  # R12; no burst lasts longer than that without contact
NO_EDGE_MAX_US = 5_000_000  # R21
NO_EDGE_SWINGS = 3  # assumed: one swing may be a kick, three are walking
DISAGREE_US = 1_000_000
UP_MIN_US = 150_000  # switch alone: a heel that is up for less did not step

WALKING_US = 5_000_000  # R17; after so long without a step the person stands
CONTACT_WAIT_US = 1_000_000  # assumed: swing left after the longest fall; later is not this burst's contact
FALSE_WITHIN_US = 5_000_000  # R17
FALSE_STEPS = 2  # R17; plausible steps without stimulation that release the hold
REVERSED_MAX = 2  # swings in 5 s; none of 207 of real shanks turned faster backward than forward

NO_STEP = 0
LIFTED = 1  # the detector says swing
FORWARD = 2  # and the samples say forward


class Plausibility:
    """Watch samples, the detector's word and bursts; name faults; say whether a burst may begin.

    has_imu, has_switch   what this wearer has been fitted with
    is_shank   where the IMU sits: a shank swings forward faster than it turns back, a foot need not
    advance(dt_us)        time passes, us; negative or huge: every age expires
    see(sample)           a raw safety.sample.Sample; one that is not newer than the last says nothing
    swing(is_swing)       1 from heel-off to contact as the detector sees it; call it in each cycle
    burst_began(), burst_ended()   a burst counts from its first pulse to a pause of the gate
    take_fault() -> int   next fault of `safety.faults`, 0 none; told again while it lasts
    may_start             R17: walking, or heel-off and forward swing agree; sensors alive
    Evidence   5.7 h of recorded walks, tests/test_safety_plausibility_recorded.py. It trusts that the
               controller passes the samples on as they came.
    """

    def __init__(self, has_imu: bool, has_switch: bool, is_shank: bool = False) -> None:
        self.may_start: bool = False
        self._has_imu, self._has_switch, self._is_shank = has_imu, has_switch, is_shank
        self._found: int = 0  # one bit per fault
        self._t_us: int = -1
        self._heel: int = HEEL_NONE
        self._is_swing = self._is_burst = False
        self._stage: int = NO_STEP
        self._mute_swings: int = 0  # swings forward since the last edge of the switch
        self._step_helped = self._up_helped = False  # a burst ran in this step; since the heel went up
        self._has_landed: bool = False  # since the last burst began
        self._is_awaited: bool = False  # that burst is over and its contact has not come
        self._steps_due: int = 0  # plausible steps that are missing after false bursts
        self._forward_cdps = self._backward_cdps = 0  # fastest in this swing
        self._last = [0, 0, 0, 0, 0, 0]
        self._dead_us: int = 0  # time of turning since the sagittal rate last changed
        self._leap = [0, 0, 0]  # sign of the last leap of each rate
        self._leap_cdps: int = LEAP_CDPS  # more is a leap, for the time since the last reading
        self._is_wild: bool = False  # this reading
        self._peak_cdps = self._peak_held = 0  # largest sagittal rate of this second; readings on end at it
        self._rail_cdps = self._rail_seen = 0  # a largest value that was held; seconds in which it was
        self._edges, self._wild = Window(40, 25_000), Window(40, 25_000)  # 1 s
        self._reversed = Window(40, 125_000)  # 5 s
        self._ages = tuple([Age() for _ in range(12)])
        # fmt: off
        # change: of any of the six axes; motion: shown by another source than the IMU; heard: the switch.
        (
            self._since_sample, self._since_imu, self._since_sane, self._since_change, self._since_turn,
            self._since_motion, self._since_heard, self._since_edge, self._since_step,
            self._since_burst, self._since_false, self._since_rail,
        ) = self._ages
        # fmt: on
        for age in (self._since_imu, self._since_sane, self._since_change, self._since_heard):
            age.restart()  # the sensors have their full time for the first answer

    def advance(self, dt_us: int) -> None:
        """Let time pass."""
        for age in self._ages:
            age.advance(dt_us)
        self._edges.advance(dt_us)
        self._wild.advance(dt_us)
        self._reversed.advance(dt_us)
        if self._is_swing:  # not in a burst: its extension runs while the foot stands
            self._since_motion.restart()
        if self._is_awaited and self._since_burst.us > CONTACT_WAIT_US:
            self._end_awaiting()
        self._look()

    def see(self, sample) -> None:
        """Take a raw sample."""
        if 0 <= self._since_sample.us <= IMU_AGE_MAX_US and elapsed_us(sample.t_us, self._t_us) <= 0:
            return
        dt_ms = max(0, min(elapsed_us(sample.t_us, self._t_us), 50_000)) // 1000
        self._leap_cdps = max(LEAP_CDPS, LEAP_CDPS * dt_ms // 10)
        self._t_us = sample.t_us
        self._since_sample.restart()
        if self._has_imu and sample.has_imu:
            self._see_imu(sample)
        if self._has_switch and (sample.heel == HEEL_DOWN or sample.heel == HEEL_UP):
            self._see_switch(sample.heel)
        self._look()

    def swing(self, is_swing: int) -> None:
        """Hear the detector."""
        if is_swing and not self._is_swing:
            self._stage = LIFTED
            self._step_helped = self._is_burst
            self._forward_cdps = self._backward_cdps = 0
        elif self._is_swing and not is_swing and self._is_shank and self._forward_cdps < self._backward_cdps:
            self._reversed.add(1)
        self._is_swing = is_swing == 1
        self._look()

    def burst_began(self) -> None:
        """The first pulse of a burst was granted."""
        self._end_awaiting()
        self._is_burst = self._step_helped = self._up_helped = True
        self._has_landed = False
        self._look()

    def burst_ended(self) -> None:
        """The burst is over."""
        self._is_awaited = self._is_burst and not self._has_landed
        self._is_burst = False
        self._since_burst.restart()
        self._look()

    def take_fault(self) -> int:
        """Return the next fault that was found, and forget it; 0 if there is none."""
        for fault_id in range(faults.SWITCH_STUCK_OPEN, faults.IMU_REVERSED + 1):
            if self._found & (1 << fault_id):
                self._found -= 1 << fault_id
                return fault_id
        return faults.NO_FAULT

    def _see_imu(self, s) -> None:
        dt_us = min(self._since_imu.us, IMU_AGE_MAX_US)
        self._since_imu.restart()
        turn_cdps = max(abs(s.gyro_x_cdps), abs(s.gyro_y_cdps), abs(s.gyro_z_cdps))
        acc_mg = max(abs(s.acc_x_mg), abs(s.acc_y_mg), abs(s.acc_z_mg))
        if turn_cdps > GYRO_SANE_CDPS or acc_mg > ACC_MAX_MG or not _is_sane(s):
            if turn_cdps > GYRO_SANE_CDPS or acc_mg > ACC_SANE_MAX_MG:  # not in free fall, as a foot may be
                self._wild.add(1)
            return
        self._is_wild = False
        self._since_sane.restart()
        self._forward_cdps = max(self._forward_cdps, s.gyro_y_cdps)
        self._backward_cdps = max(self._backward_cdps, -s.gyro_y_cdps)
        is_same = s.gyro_y_cdps == self._last[1]
        self._keep(0, s.gyro_x_cdps)
        self._keep(1, s.gyro_y_cdps)
        self._keep(2, s.gyro_z_cdps)
        self._keep(3, s.acc_x_mg)
        self._keep(4, s.acc_y_mg)
        self._keep(5, s.acc_z_mg)
        if turn_cdps >= STILL_CDPS:
            self._since_turn.restart()
        aside_cdps = max(abs(s.gyro_x_cdps), abs(s.gyro_z_cdps))
        if self._since_change.us == 0:  # a part that hangs has no end of its range
            self._watch_rail(abs(s.gyro_y_cdps))
            if aside_cdps >= STILL_CDPS:  # an axis at rest trembles when the others turn
                self._dead_us = min(self._dead_us + dt_us, DEAD_US)
        if not is_same:
            self._dead_us = 0
        # Not toe-down: a push-off alone is no swing.
        is_forward = s.gyro_y_cdps >= FORWARD_CDPS or aside_cdps >= TURN_CDPS
        if self._stage == LIFTED and self._is_swing and is_forward:
            self._stage = FORWARD
            self._mute_swings = min(self._mute_swings + 1, NO_EDGE_SWINGS)
        elif self._stage == FORWARD and not self._has_switch:
            is_back = s.gyro_y_cdps <= -STILL_CDPS
            if is_back or self._since_turn.us >= STILL_US:
                self._land()

    def _keep(self, axis: int, value: int) -> None:
        change = value - self._last[axis]
        if change:
            self._last[axis] = value
            self._since_change.restart()
        if axis < 3:
            leap = change if abs(change) > self._leap_cdps else 0
            if leap * self._leap[axis] < 0 and not self._is_wild:
                self._is_wild = True  # a reading counts once, whatever its axes
                self._wild.add(1)
            self._leap[axis] = 1 if leap > 0 else -1 if leap else 0

    def _watch_rail(self, rate_cdps: int) -> None:
        """Count seconds in which the rate stood still at a value that it never passes: the range is too small."""
        if self._since_rail.us >= RAIL_US:
            self._since_rail.restart()
            if self._peak_held >= RAIL_HELD and self._peak_cdps >= RAIL_MIN_CDPS:
                if self._rail_seen == 0:
                    self._rail_cdps = self._peak_cdps
                if self._rail_cdps == self._peak_cdps:
                    self._rail_seen = min(self._rail_seen + 1, RAIL_MAX + 1)
            self._peak_cdps = self._peak_held = 0
        if rate_cdps > self._rail_cdps:
            self._rail_seen = 0
        if rate_cdps > self._peak_cdps:
            self._peak_cdps = rate_cdps
            self._peak_held = 1
        elif self._peak_held < RAIL_HELD:
            self._peak_held = self._peak_held + 1 if rate_cdps == self._peak_cdps else 0

    def _see_switch(self, heel: int) -> None:
        self._since_heard.restart()
        if self._heel == HEEL_NONE:  # the first level is no edge
            self._heel = heel
            self._since_edge.restart()
        if heel == self._heel or self._since_edge.us < EDGE_APART_US:
            return
        if heel == HEEL_UP:
            self._up_helped = self._is_burst
        elif self._stage == FORWARD or (
            not self._has_imu and self._stage == LIFTED and self._since_edge.us >= UP_MIN_US
        ):
            self._land()
        self._heel = heel
        self._mute_swings = 0
        self._since_edge.restart()
        self._since_motion.restart()
        self._edges.add(1)

    def _land(self) -> None:
        """The step ended as a step does."""
        self._stage = NO_STEP
        self._has_landed = True
        self._is_awaited = False
        self._since_step.restart()
        if self._steps_due > 0 and not self._step_helped:
            self._steps_due -= 1

    def _end_awaiting(self) -> None:
        """No contact came: if the last burst still waits for it, that burst was false."""
        if self._is_awaited:
            self._is_awaited = False
            if self._since_false.us <= FALSE_WITHIN_US:
                self._steps_due = FALSE_STEPS
            self._since_false.restart()

    def _look(self) -> None:
        """Name the faults that are there now, and judge whether a burst may begin."""
        found = 0
        is_up = self._heel == HEEL_UP
        if self._has_imu:
            if self._since_imu.us > IMU_AGE_MAX_US:
                found |= 1 << faults.IMU_STALE
            elif (
                self._since_change.us >= FROZEN_REST_US
                or (self._since_change.us >= FROZEN_US and self._since_motion.us < self._since_change.us)
                or self._dead_us >= DEAD_US
            ):
                found |= 1 << faults.IMU_FROZEN
            elif is_up and self._since_edge.us >= DISAGREE_US and self._since_turn.us >= DISAGREE_US:
                found |= 1 << faults.SWITCH_IMU_DISAGREE
            if (
                self._since_sane.us > BAD_MAX_US >= self._since_imu.us
                or self._wild.total > WILD_MAX
                or (self._rail_seen > RAIL_MAX)
            ):
                found |= 1 << faults.IMU_RANGE
        if self._has_switch:
            is_mute = self._mute_swings >= NO_EDGE_SWINGS and self._since_edge.us >= NO_EDGE_MAX_US
            if self._since_heard.us > SWITCH_AGE_MAX_US:
                found |= 1 << faults.SWITCH_SILENT
            elif is_up and self._up_helped and self._since_edge.us >= UP_MAX_US:
                found |= 1 << faults.SWITCH_STUCK_OPEN
            elif is_mute and self._heel == HEEL_DOWN:
                found |= 1 << faults.SWITCH_STUCK_CLOSED
            if self._edges.total > EDGES_MAX:
                found |= 1 << faults.SWITCH_BOUNCE
        if self._steps_due > 0:
            found |= 1 << faults.FALSE_BURSTS
        if self._reversed.total > REVERSED_MAX:
            found |= 1 << faults.IMU_REVERSED
        self._found |= found
        agrees = self._stage == FORWARD or not self._has_imu
        agrees = agrees and (is_up or not self._has_switch)
        is_walking = self._since_step.us <= WALKING_US
        self.may_start = found == 0 and self._is_swing and (is_walking or agrees)


def _is_sane(s) -> bool:
    """Say whether the specific force is one that a foot can feel. Squares in (4 mg)**2: below 2**28."""
    x = s.acc_x_mg >> 2
    y = s.acc_y_mg >> 2
    z = s.acc_z_mg >> 2
    sq = x * x + y * y + z * z
    return ACC_SANE_MIN_MG * ACC_SANE_MIN_MG >> 4 <= sq <= ACC_SANE_MAX_MG * ACC_SANE_MAX_MG >> 4
