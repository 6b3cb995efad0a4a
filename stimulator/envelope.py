"""The trapezoid that opens with the swing: delay, rise, hold, extension after contact, fall, time-out.

One envelope serves all channels; a channel's pulse has its current times the level.
"""

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


class Envelope:
    """Level of stimulation over one step, moved in small pieces of time.

    step(dt_us, swing, sure, stride_us) -> int
        dt_us      int, time since the last step, us, 0 to 100_000 (longer is taken as 100_000)
        swing      1 from heel-off to initial contact, else 0
        sure       False if the gait cannot be trusted now: no start, and what is on falls at once
        stride_us  length of the last stride, us, 0 if unknown
        returns    level, 0 to LEVEL_FULL
    In quick steps extension and fall are shortened at contact, so that the duty stays below what the
    gate allows; nobody's step is held back because an extension was prescribed too long.
    """

    def __init__(self, prescription) -> None:
        self.state: int = OFF
        self.level: int = 0
        self._state_us: int = 0  # time in this state
        self._on_us: int = 0  # time since output began in this step
        self._area_us: int = 0  # of this step's output: time times level
        self._contact_us: int = 0  # time on the ground since the time-out
        self._extend_us: int = 0  # of this step, after shortening
        self._decay_us: int = 0
        self._swing_used: bool = False  # this swing has had its start, or must not have one
        self.set(prescription)

    def set(self, prescription) -> None:
        """Take over the times of `prescription`. Only while the envelope is OFF."""
        if self.state != OFF:
            raise ValueError("The envelope is in use; new times are taken over between steps. Wait for OFF.")
        self._delay_us: int = prescription.delay_ms * 1000
        self._rise_us: int = prescription.rise_ms * 1000
        self._extension_us: int = prescription.extension_ms * 1000
        self._fall_us: int = prescription.fall_ms * 1000
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

    def step(self, dt_us: int, swing: int, sure: bool, stride_us: int = 0) -> int:
        dt_us = max(0, min(dt_us, 100_000))
        if not swing:
            self._swing_used = False
        may_start = swing == 1 and sure and not self._swing_used
        self._state_us = min(self._state_us + dt_us, 10_000_000)
        self._on_us = min(self._on_us + dt_us, 10_000_000)
        self._area_us = min(self._area_us + dt_us * self.level // LEVEL_FULL, 10_000_000)
        if self.state == ON and not swing:
            self._shorten(stride_us)
        self._change_state(dt_us, may_start, swing, sure)
        self._move_level(dt_us)
        return self.level

    def _change_state(self, dt_us: int, may_start: bool, swing: int, sure: bool) -> None:
        state = self.state
        if state == OFF:
            if may_start:
                self._swing_used = True
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
                self._swing_used = True  # the next step began before this one had faded
                self._begin_output()
            elif state == EXTENSION and self._state_us >= self._extend_us:
                self._enter(FALL)
        elif state == FALL:
            if may_start:
                self._swing_used = True
                self._begin_output()
            elif self.level == 0:
                self._enter(OFF)
        else:  # TIMED_OUT
            self._contact_us = 0 if swing else min(self._contact_us + dt_us, CONTACT_AFTER_TIMEOUT_US)
            if self.level == 0 and self._contact_us >= CONTACT_AFTER_TIMEOUT_US:
                self._enter(OFF)

    def _start_output_after_delay(self) -> None:
        if self._state_us >= self._delay_us:
            self._begin_output()

    def _begin_output(self) -> None:
        self._on_us = 0
        self._area_us = 0
        self._extend_us = self._extension_us
        self._decay_us = self._fall_us
        self._enter(ON)

    def _shorten(self, stride_us: int) -> None:
        """At contact: fit extension and fall into what this stride has left for output."""
        self._extend_us = self._extension_us
        self._decay_us = self._fall_us
        if stride_us <= 0:
            stride_us = self._on_us * 100 // SWING_SHARE
        stride_us = min(stride_us, self._on_us * 100 // SWING_SHARE_MIN, STRIDE_MAX_US)
        raw_us = max(0, stride_us * RAW_SHARE_MAX // 100 - self._on_us - self._slack_us)
        weighted_us = max(0, stride_us * WEIGHTED_SHARE_MAX // 100 - self._area_us - self._slack_us // 2)
        self._extend_us = min(self._extend_us, raw_us, weighted_us)  # first: it lowers the foot softly
        self._decay_us = min(self._decay_us, raw_us - self._extend_us, 2 * (weighted_us - self._extend_us))

    def _move_level(self, dt_us: int) -> None:
        if self.state == ON or self.state == EXTENSION:
            self.level = min(LEVEL_FULL, self.level + dt_us * LEVEL_FULL // self._rise_us)
        elif self.level > 0:
            if self._decay_us == 0:
                self.level = 0
            else:
                self.level = max(0, self.level - 1 - dt_us * LEVEL_FULL // self._decay_us)

    def _enter(self, state: int) -> None:
        self.state = state
        self._state_us = 0
