"""The supervisor: arming and faults, as a table of (state, event) -> state. It may only forbid."""

from safety import faults
from safety.limits import BURST_MAX_US, PERMIT_MAX_US

# fmt: off
OFF, SELF_TEST, READY, ARMED, STIMULATING, PAUSED, FAULT = range(7)
(
    POWER_ON, SELF_TEST_PASSED, SELF_TEST_FAILED, ACKNOWLEDGED, CHANNELS_CHECKED, ARM, ARM_TEST, ARM_EXERCISE,
    DISARM, BURST_BEGAN, BURST_ENDED, STEP_ENDED, PAUSE, RESUME, STOP, PROFILE_CHANGED, RESET, CLEAR, LATCH, UNKNOWN,
) = range(20)

CAUSE = 7  # last column: the fault that the event itself is
____ = -1  # not in the table: OFF
NEXT = (  # OFF  SELF_TEST  READY  ARMED  STIMULATING  PAUSED  FAULT
    (SELF_TEST, ____, ____, ____, ____, ____, FAULT, 0),  # POWER_ON
    (____, READY, ____, ____, ____, ____, FAULT, 0),  # SELF_TEST_PASSED
    (____, FAULT, ____, ____, ____, ____, FAULT, faults.SELF_TEST),  # SELF_TEST_FAILED
    (____, SELF_TEST, READY, ARMED, STIMULATING, PAUSED, FAULT, 0),  # ACKNOWLEDGED: counts in READY
    (____, SELF_TEST, READY, ARMED, STIMULATING, PAUSED, FAULT, 0),  # CHANNELS_CHECKED: counts in READY
    (____, SELF_TEST, ARMED, ARMED, STIMULATING, PAUSED, FAULT, 0),  # ARM: stays READY if not allowed
    (____, SELF_TEST, ARMED, ARMED, STIMULATING, PAUSED, FAULT, 0),  # ARM_TEST: for one burst
    (____, SELF_TEST, ARMED, ARMED, STIMULATING, PAUSED, FAULT, 0),  # ARM_EXERCISE: for a seated person
    (____, SELF_TEST, READY, READY, READY, READY, FAULT, 0),  # DISARM
    (____, ____, ____, STIMULATING, ____, ____, FAULT, 0),  # BURST_BEGAN: OFF if it was held
    (____, SELF_TEST, READY, ARMED, ARMED, PAUSED, FAULT, 0),  # BURST_ENDED: then where it was to end
    (____, SELF_TEST, READY, ARMED, STIMULATING, PAUSED, FAULT, 0),  # STEP_ENDED: the foot has landed
    (____, SELF_TEST, READY, PAUSED, STIMULATING, PAUSED, FAULT, 0),  # PAUSE: after the running burst
    (____, SELF_TEST, READY, ARMED, STIMULATING, ARMED, FAULT, 0),  # RESUME
    (____, SELF_TEST, READY, READY, READY, READY, FAULT, faults.EMERGENCY_STOP),  # STOP
    (____, SELF_TEST, READY, READY, READY, READY, FAULT, faults.PROFILE_CHANGE),  # PROFILE_CHANGED
    (OFF, OFF, OFF, OFF, OFF, OFF, FAULT, faults.RESTARTED),  # RESET
    (____, SELF_TEST, READY, ARMED, STIMULATING, PAUSED, SELF_TEST, 0),  # CLEAR
    (____, FAULT, FAULT, FAULT, FAULT, FAULT, FAULT, faults.BOOKKEEPING),  # LATCH: a fault that stays until cleared
    (____, ____, ____, ____, ____, ____, FAULT, 0),  # UNKNOWN: any other number
)
# fmt: on
WALK, TEST, EXERCISE = range(3)  # what it is armed for, in the order of ARM, ARM_TEST, ARM_EXERCISE

SOUND_NONE = 0
SOUND_HELD = 1  # armed, but no help for now
SOUND_LOST = 2  # help has ended

SOUND_US = 10_000_000  # assumed: long enough to be noticed and to stop walking, short enough to be borne
LANDED_MAX_US = 1_500_000  # extension 0.5 s and fall 1.0 s at most, from contact on
TEST_BURST_MAX_US = 2_000_000  # R11
TEST_WAIT_MAX_US = 10_000_000  # R11; from arming for a test to its first pulse


class Supervisor:
    """Say whether a pulse, and whether a burst, may be now; keep the first cause; make a loss audible.

    event(id), fault(id), advance(dt_us) move it; what the guard reads is true in the same step:
        may_pulse, may_start_burst   never more than the gate allows
        sound       SOUND_*         fault_id   why it stopped, until armed again or cleared
        state       OFF to FAULT    held_by    which fault holds bursts back now, 0 none
        mode        what it was armed for: WALK, one TEST burst of at most 2 s, EXERCISE while seated
    """

    def __init__(self) -> None:
        self.state: int = OFF
        self.may_pulse: bool = False
        self.may_start_burst: bool = False
        self.sound: int = SOUND_NONE
        self.fault_id: int = faults.NO_FAULT
        self.held_by: int = faults.NO_FAULT
        self.mode: int = WALK
        self.is_acknowledged: bool = False  # contraindications, by this wearer
        self.is_checked: bool = False  # right leg, channels not swapped, by a test burst's response
        self._after: int = ARMED  # where the running burst ends
        self._after_cause: int = faults.NO_FAULT
        self._end_left_us: int = 0  # the running burst, or a test that waits, ends within; 0: no such limit
        self._is_ending: bool = False  # the running burst is to be the last, for now
        self._hold_left_us: int = 0
        self._sound_left_us: int = 0

    def event(self, event: int) -> None:
        """Something happened. A pair that is not in the table leads to OFF; a latched fault stays."""
        if not 0 <= event < UNKNOWN:
            event = UNKNOWN
        self._move(event, NEXT[event][CAUSE])

    def fault(self, fault_id: int) -> None:
        """A fault of `safety.faults` is there: now, or still. An unknown number counts as the worst."""
        if not faults.NO_FAULT < fault_id < len(faults.FAULTS):
            fault_id = faults.CHECK_FAILED
        fault = faults.FAULTS[fault_id]
        is_late = fault.stop == faults.END_STEP and self.state == STIMULATING
        if fault.latch == faults.UNTIL_HEALTHY or fault.latch == faults.UNTIL_CONTACT:
            if fault.healthy_ms * 1000 >= self._hold_left_us:  # it decides when the hold ends
                self._hold_left_us = fault.healthy_ms * 1000
                self.held_by = fault_id
            if is_late:
                self._end_within(BURST_MAX_US)
        elif is_late:
            self._end_in(FAULT if fault.latch == faults.UNTIL_CLEAR else READY, fault_id)
        else:
            self._move(LATCH if fault.latch == faults.UNTIL_CLEAR else STOP, fault_id)
        self._settle()

    def advance(self, dt_us: int) -> None:
        """Let time pass, 0 to 100 ms. A longer or negative step means that the clock lied."""
        if not 0 <= dt_us <= PERMIT_MAX_US:
            self.fault(faults.CLOCK_JUMP)
            return
        self._sound_left_us = max(0, self._sound_left_us - dt_us)
        self._hold_left_us = max(0, self._hold_left_us - dt_us)
        if self._hold_left_us == 0:
            self.held_by = faults.NO_FAULT
        if self._end_left_us > 0:
            self._end_left_us = max(0, self._end_left_us - dt_us)
            if self._end_left_us == 0:
                self._move(BURST_ENDED if self.state == STIMULATING else DISARM, faults.NO_FAULT)
        self._settle()

    def _move(self, event: int, cause: int) -> None:
        old = self.state
        new = NEXT[event][old]
        if event == PROFILE_CHANGED:
            self.is_acknowledged = False
            self.is_checked = False
        elif event == CLEAR:
            if self.fault_id == faults.LEAD_OPEN:
                self.is_checked = False  # hands were at the leads
            self.fault_id = faults.NO_FAULT
            self._sound_left_us = 0
        if new == ____ or (new == STIMULATING and event == BURST_BEGAN and not self.may_start_burst):
            new = OFF
            cause = faults.BOOKKEEPING
        elif old == READY:
            new = self._leave_ready(event, new)
        elif old == STIMULATING:
            if event == BURST_ENDED:
                new = self._after
                cause = self._after_cause
            elif event == PAUSE and self._after == ARMED:
                self._end_in(PAUSED, faults.NO_FAULT)
            elif event == RESUME and self._after == PAUSED:
                self._after = ARMED
            elif event == STEP_ENDED and self._is_ending:
                self._end_within(LANDED_MAX_US)
        if old == STIMULATING and self._after == FAULT and new != STIMULATING and new != FAULT:
            new = FAULT  # however the burst ends: what was to latch, latches
            cause = self._after_cause
        self._enter(new, cause)
        self._settle()

    def _leave_ready(self, event: int, new: int) -> int:
        if event == ACKNOWLEDGED:
            self.is_acknowledged = True
        elif event == CHANNELS_CHECKED:
            self.is_checked = True
        elif new == ARMED:
            if not self.is_acknowledged or (event != ARM_TEST and not self.is_checked):
                return READY
            self.mode = event - ARM
            self.fault_id = faults.NO_FAULT
            self._sound_left_us = 0
        return new

    def _enter(self, new: int, cause: int) -> None:
        old = self.state
        self.state = new
        is_first = self.fault_id == faults.NO_FAULT or (new == FAULT and old != FAULT)
        if cause != faults.NO_FAULT and old != OFF and is_first:
            self.fault_id = cause
        if new == STIMULATING:
            if old == ARMED:
                self._after = READY if self.mode == TEST else ARMED
                self._after_cause = faults.NO_FAULT
                self._end_left_us = TEST_BURST_MAX_US if self.mode == TEST else BURST_MAX_US
                self._is_ending = False
        else:
            if new != ARMED or old != ARMED:
                self._end_left_us = TEST_WAIT_MAX_US if new == ARMED and self.mode == TEST else 0
            is_loss = (
                cause != faults.NO_FAULT or self.mode == WALK
            )  # the end of a test or an exercise is none
            if is_loss and new != old and new != ARMED and ARMED <= old <= PAUSED:
                self._sound_left_us = SOUND_US

    def _end_in(self, state: int, cause: int) -> None:
        """Let the running burst finish, then go to `state`; nothing outweighs a latched fault."""
        if self._after != FAULT:
            self._after = state
            self._after_cause = cause
        if self.fault_id == faults.NO_FAULT:
            self.fault_id = cause
        self._end_within(BURST_MAX_US)

    def _end_within(self, left_us: int) -> None:
        self._is_ending = True
        if self._end_left_us == 0 or left_us < self._end_left_us:
            self._end_left_us = left_us

    def _settle(self) -> None:
        """Set what the guard reads."""
        is_held = self._hold_left_us > 0
        self.may_start_burst = self.state == ARMED and not is_held
        self.may_pulse = self.state == STIMULATING
        if self._sound_left_us > 0:
            self.sound = SOUND_LOST
        elif self.state == ARMED and is_held and not faults.FAULTS[self.held_by].is_quiet:
            self.sound = SOUND_HELD
        else:
            self.sound = SOUND_NONE
