"""Numbers of the acts in a log that can be replayed, and the times of the guard's steps; a board keeps neither."""

from firmware_py.blackbox import STEPS
from safety.clock import elapsed_us

# What ACT says a person, or a tool for a person, did. `first` and `second` where they mean something.
(
    ACT_OPEN,
    ACT_ACKNOWLEDGE,
    ACT_CHANNELS_CHECKED,
    ACT_PROFILE_CHANGED,
    ACT_ARM,  # first: 1 for a test burst
    ACT_DISARM,
    ACT_PAUSE,
    ACT_RESUME,
    ACT_STOP,
    ACT_CLEAR,
    ACT_BATTERY,  # first: percent
    ACT_USE,  # first: 0 the walk, 1 the test burst, 2 the exercise comes into charge
    ACT_HOLD,  # first: channel, second: current_max_ua
    ACT_RELEASE,
    ACT_BEAT,
    ACT_COMMIT,  # the prescription follows
    ACT_KEY_DOWN,  # first: key of the wearer
    ACT_KEY_UP,
    ACT_LEVEL,  # first: percent
    ACT_MOUNTING,  # the sensor was put on anew
    ACT_DOUBTED,  # a person asks to arm although the sensor cannot be right; first: 1 knows better, and may
    ACT_START,  # of the exercise
    ACT_END,  # of the exercise
    ACT_BUTTON,  # the hand button of a triggered exercise
) = range(1, 25)

STEPS_MAX = 7  # of one row: its own time and six differences
STEPS_WRAPS = 8  # counts above the steps in the first number


class StepLog:
    """A log that also keeps the time of every step of the guard, several in one row.

    A row STEPS is kept just before whatever is noted next, so all but the last of its steps noted nothing.
    log    firmware_py.hal.Log that takes the rows
    t_us   clock reading of the last step
    """

    def __init__(self, log) -> None:
        self._log = log
        self._dt = [0, 0, 0, 0, 0, 0]
        self._count: int = 0
        self._first_us: int = 0
        self.t_us: int = 0
        self._wraps: int = 0

    def stepped(self, t_us: int, wraps: int = 0) -> None:
        """A step at the clock reading `t_us` begins; `wraps` counts the clock's turns where they are known."""
        dt_us = elapsed_us(t_us, self.t_us)
        if self._count == STEPS_MAX or (self._count and dt_us < 0):
            self.flush()
        if self._count:
            self._dt[self._count - 1] = dt_us
        else:
            self._first_us = t_us
            self._wraps = wraps
        self._count += 1
        self.t_us = t_us

    def flush(self) -> None:
        """Hand the steps over that wait for their row."""
        count = self._count
        if count == 0:
            return
        self._count = 0
        for i in range(count - 1, STEPS_MAX - 1):
            self._dt[i] = 0
        dt = self._dt
        self._log.note(
            STEPS, self._first_us, self._wraps * STEPS_WRAPS + count, dt[0], dt[1], dt[2], dt[3], dt[4], dt[5]
        )

    def note(self, kind: int, t_us: int, a: int, b=0, c=0, d=0, e=0, f=0, g=0) -> None:
        """Keep one row."""
        self.flush()
        self._log.note(kind, t_us, a, b, c, d, e, f, g)

    def note_bytes(self, kind: int, t_us: int, data, n: int) -> None:
        """Keep bytes; nothing for n = 0."""
        if n <= 0:
            return
        self.flush()
        self._log.note_bytes(kind, t_us, data, n)
