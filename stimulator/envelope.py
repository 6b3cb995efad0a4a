"""The trapezoid that opens with the swing: delay, rise, hold, extension after contact, fall, time-out.

One envelope serves all channels; a channel that begins later or ends earlier stays below it (`stimulator.window`).
"""

from stimulator.pace import Pace
from stimulator.parameters import AT_OTHER_CONTACT, BY_CADENCE, BY_MS

LEVEL_FULL = 10_000  # the level counts in 1/100 per cent

OFF = 0  # no output; leaves when the swing begins
DELAY = 1  # swing has begun, still no output
ON = 2  # level rises to full and stays there while the foot swings
EXTENSION = 3  # the heel is down; level as in ON, for extension_us
FALL = 4  # level falls to zero, then OFF
TIMED_OUT = 5  # level falls to zero; a new swing counts only after ground contact

STATE_NAMES = ("off", "delay", "on", "extension", "fall", "timed out")

RAW_SHARE_MAX = 88  # per cent of a stride with output; the gate holds at 92
WEIGHTED_SHARE_MAX = 70  # per cent of a stride weighted by the level; the gate holds at 75
SWING_SHARE = 50  # per cent of a stride from heel-off to contact, assumed for the first step of a walk
SWING_SHARE_MIN = 40  # a "stride" in which it were less holds a pause between two walks
STRIDE_MAX_US = 4_000_000
CONTACT_AFTER_TIMEOUT_US = 200_000  # R12: contact must have lasted this long before a new start
EXTENSION_MAX_MS = 500  # that of the table: an extension that follows the pace is no longer than that
STRETCH_USUAL_US = 600_000  # assumed: heel-off is seen some 0.2 s before toe-off, and the swing lasts 0.4 s
STRETCH_MIN_US = 300_000
STRETCH_MAX_US = 1_500_000
OTHER_BEFORE_US = 300_000  # so long before heel-off the other heel's contact belongs to this step
OTHER_WAIT_US = (
    300_000  # after heel-off; then the step begins without it: a lost switch must not take the help away
)
OTHER_UNKNOWN_US = 100_000_000


class Envelope:
    """Level of stimulation over one step, moved in small pieces of time.

    step(dt_us, swing, sure, stride_us, other_us) -> int
        dt_us      int, time since the last step, us, 0 to 100_000 (longer is taken as 100_000)
        swing      1 from heel-off to initial contact, else 0
        sure       False if the gait cannot be trusted now: no start, and what is on falls at once
        stride_us  length of the last stride, us, 0 if unknown
        other_us   how long ago the other heel met the ground, us, OTHER_UNKNOWN_US if nobody tells
        returns    level, 0 to LEVEL_FULL
    What a channel's window needs: swing_us, since heel-off; stretch_us, expected from heel-off to contact, fixed
    when the step begins; rise_us, fall_us; decay_us, the fall of this step.
    begun   steps so far, wraps at 2**16
    walk_steps   how many steps on end have begun, this one included, 0 to 1000; restart() begins to count anew
    In quick steps extension and fall are shortened at contact, so that the duty stays below what the
    gate allows; nobody's step is held back because an extension was prescribed too long.
    """

    def __init__(self, prescription) -> None:
        self.state: int = OFF
        self.level: int = 0
        self._state_us: int = 0  # time in this state
        self.swing_us: int = 0
        self.stretch_us: int = STRETCH_USUAL_US
        self.begun: int = 0
        self.walk_steps: int = 0
        self.pace = Pace()
        self._other_us: int = OTHER_UNKNOWN_US
        self._is_swing: bool = False
        self._on_us: int = 0  # time since output began in this step
        self._area_us: int = 0  # of this step's output: time times level
        self._contact_us: int = 0  # time on the ground since the time-out
        self._extend_us: int = 0  # of this step, after shortening
        self.decay_us: int = 0
        self._swing_used: bool = False  # this swing has had its start, or must not have one
        self.set(prescription)

    def set(self, prescription) -> None:
        """Take over the times of `prescription`. Only while the envelope is OFF."""
        if self.state != OFF:
            raise ValueError("The envelope is in use; new times are taken over between steps. Wait for OFF.")
        self._delay_us: int = prescription.delay_ms * 1000
        self.rise_us: int = prescription.rise_ms * 1000
        self._start_at: int = prescription.start_at
        self._extension_ms: int = prescription.extension_ms
        self._extension_by: int = prescription.extension_by
        self._extension_percent: int = prescription.extension_percent
        self.fall_us: int = prescription.fall_ms * 1000
        self._timeout_us: int = prescription.timeout_ms * 1000
        # The gate sees pulses, not levels: one period of the slowest channel stays free.
        slowest_hz = prescription.channels[0].rate_hz
        for c in prescription.channels:  # a change is taken over inside the cycle: no list is made
            slowest_hz = min(slowest_hz, c.rate_hz)
        self._slack_us: int = 1_000_000 // slowest_hz

    def cut(self) -> None:
        """Zero now, from every state. A new swing is needed to start again."""
        self._enter(OFF)
        self.level = 0
        self._swing_used = True

    def restart(self) -> None:
        """Somebody has armed: the next step counts as the first of a walk."""
        self.walk_steps = 0

    def step(
        self, dt_us: int, swing: int, sure: bool, stride_us: int = 0, other_us: int = OTHER_UNKNOWN_US
    ) -> int:
        dt_us = max(0, min(dt_us, 100_000))
        self._other_us = other_us
        self.pace.step(dt_us, swing)
        if not swing:
            if self._is_swing and not self._swing_used:
                self.walk_steps = 0  # a whole swing went without a start
            self._swing_used = False
        elif not self._is_swing:
            self.swing_us = -dt_us
        self._is_swing = swing == 1
        may_start = swing == 1 and sure and not self._swing_used
        self._state_us = min(self._state_us + dt_us, 10_000_000)
        self._on_us = min(self._on_us + dt_us, 10_000_000)
        self.swing_us = min(self.swing_us + dt_us, 10_000_000)
        self._area_us = min(self._area_us + dt_us * self.level // LEVEL_FULL, 10_000_000)
        if self.state == ON and not swing:
            self._shorten(stride_us)
        self._change_state(dt_us, may_start, swing, sure, stride_us)
        self._move_level(dt_us)
        return self.level

    def _change_state(self, dt_us: int, may_start: bool, swing: int, sure: bool, stride_us: int) -> None:
        state = self.state
        if state == OFF:
            if may_start:
                self._begin_step(stride_us)
                self._enter(DELAY)
                self._start_output_after_delay()
        elif state == DELAY:
            if not swing or not sure:
                self._enter(OFF)
            else:
                self._start_output_after_delay()
        elif state == ON or state == EXTENSION:
            if self._on_us >= self._timeout_us:
                self._contact_us = 0
                self._enter(TIMED_OUT)
            elif not sure:
                self._enter(FALL)
            elif state == ON and not swing:
                self._enter(EXTENSION if self._extend_us > 0 else FALL)
            elif state == EXTENSION and swing:
                self._begin_step(stride_us)  # the next step began before this one had faded
                self._begin_output()
            elif state == EXTENSION and self._state_us >= self._extend_us:
                self._enter(FALL)
        elif state == FALL:
            if may_start:
                self._begin_step(stride_us)
                self._begin_output()
            elif self.level == 0:
                self._enter(OFF)
        else:  # TIMED_OUT
            self._contact_us = 0 if swing else min(self._contact_us + dt_us, CONTACT_AFTER_TIMEOUT_US)
            if self.level == 0 and self._contact_us >= CONTACT_AFTER_TIMEOUT_US:
                self._enter(OFF)

    def _begin_step(self, stride_us: int) -> None:
        """The heel is off the ground."""
        self._swing_used = True
        expected_us = self.pace.swing_us if self.pace.swing_us > 0 else STRETCH_USUAL_US
        self.stretch_us = max(STRETCH_MIN_US, min(expected_us, STRETCH_MAX_US))
        self.walk_steps = min(self.walk_steps + 1, 1000) if stride_us > 0 else 1

    def _start_output_after_delay(self) -> None:
        waited_us = self._state_us
        if self._start_at == AT_OTHER_CONTACT:
            if self._other_us < waited_us:
                waited_us = self._other_us
            elif self._other_us > waited_us + OTHER_BEFORE_US:
                waited_us -= OTHER_WAIT_US
        if waited_us >= self._delay_us:
            self._begin_output()

    def _begin_output(self) -> None:
        self.begun = (self.begun + 1) & 0xFFFF
        self._on_us = 0
        self._area_us = 0
        self._extend_us = self._extension_now_us()
        self.decay_us = self.fall_us
        self._enter(ON)

    def _extension_now_us(self) -> int:
        if self._extension_by == BY_MS:
            return self._extension_ms * 1000
        by_cadence = self._extension_by == BY_CADENCE
        now_ms = self.pace.extension_ms(self._extension_ms, self._extension_percent, by_cadence)
        return min(now_ms, EXTENSION_MAX_MS) * 1000

    def _shorten(self, stride_us: int) -> None:
        """At contact: fit extension and fall into what this stride has left for output."""
        self._extend_us = self._extension_now_us()
        self.decay_us = self.fall_us
        if stride_us <= 0:
            stride_us = self._on_us * 100 // SWING_SHARE
        stride_us = min(stride_us, self._on_us * 100 // SWING_SHARE_MIN, STRIDE_MAX_US)
        raw_us = max(0, stride_us * RAW_SHARE_MAX // 100 - self._on_us - self._slack_us)
        weighted_us = max(0, stride_us * WEIGHTED_SHARE_MAX // 100 - self._area_us - self._slack_us // 2)
        self._extend_us = min(self._extend_us, raw_us, weighted_us)  # first: it lowers the foot softly
        self.decay_us = min(self.decay_us, raw_us - self._extend_us, 2 * (weighted_us - self._extend_us))

    def _move_level(self, dt_us: int) -> None:
        if self.state == ON or self.state == EXTENSION:
            self.level = min(LEVEL_FULL, self.level + dt_us * LEVEL_FULL // self.rise_us)
        elif self.level > 0:
            if self.decay_us == 0:
                self.level = 0
            else:
                self.level = max(0, self.level - 1 - dt_us * LEVEL_FULL // self.decay_us)

    def _enter(self, state: int) -> None:
        self.state = state
        self._state_us = 0
