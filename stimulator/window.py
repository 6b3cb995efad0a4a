"""The part of a step in which one channel is on: never above the envelope of the whole step."""

from stimulator.envelope import EXTENSION, FALL, LEVEL_FULL, ON, TIMED_OUT

WHOLE = 100


class Window:
    """Level of one channel; a channel from 0 to 100 % has the envelope's own.

    step(dt_us, envelope, may_let_go) -> int
        dt_us        as `Envelope.step` got it
        envelope     stimulator.envelope.Envelope, after its step
        may_let_go   another channel is at work that goes on for longer, or none is needed
        returns      level, 0 to envelope.level
    set(setting)     take another ChannelSetting over; only between steps
    is_whole         the channel is on for the whole step; whether it may let go is then of no interest
    """

    def __init__(self, setting) -> None:
        self.level: int = 0
        self._has_ended: bool = False  # in this step
        self._has_not_begun: bool = False
        self.set(setting)

    def set(self, setting) -> None:
        """Take `setting` over."""
        self._start_percent: int = setting.start_percent
        self._end_percent: int = setting.end_percent
        self.is_whole: bool = setting.start_percent == 0 and setting.end_percent == WHOLE

    def step(self, dt_us: int, envelope, may_let_go: bool) -> int:
        if self.is_whole:
            self.level = envelope.level
        elif self._is_on(envelope, may_let_go):
            self.level = min(envelope.level, self.level + dt_us * LEVEL_FULL // envelope.rise_us)
        elif self._has_not_begun:
            self.level = 0  # what is left of the last step ends: with a pause behind it, it would be a burst of its own
        elif self.level > 0:
            is_over = envelope.state == FALL or envelope.state == TIMED_OUT
            fall_us = envelope.decay_us if is_over else envelope.fall_us
            if fall_us == 0:
                self.level = 0
            else:
                self.level = max(0, min(envelope.level, self.level - 1 - dt_us * LEVEL_FULL // fall_us))
        return self.level

    def _is_on(self, envelope, may_let_go: bool) -> bool:
        if envelope.state != ON:
            self._has_ended = False
            self._has_not_begun = False
            # With the heel down, what has not begun does not begin any more.
            return envelope.state == EXTENSION and self._end_percent == WHOLE and self.level > 0
        now_us = envelope.swing_us
        stretch_us = envelope.stretch_us
        self._has_not_begun = now_us < stretch_us * self._start_percent // 100
        if self._has_not_begun:
            return False
        if self._end_percent < WHOLE and now_us >= stretch_us * self._end_percent // 100:
            self._has_ended = self._has_ended or may_let_go or self.level == 0
        return not self._has_ended
