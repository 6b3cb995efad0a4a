"""The heel switch under the other foot: its contact tells that this foot is about to leave the ground."""

from gait_detect.durations import LONG_US
from gait_detect.switch import HeelSwitch

UP_MIN_US = (
    200_000  # the other heel was up for at least this long: a step, not a scuff (swing lasts 0.34-0.52 s)
)
UP_MAX_US = 1_500_000  # a heel up for longer belongs to a seated person
STRIDE_START_US = 1_200_000  # ordinary walking, until two contacts are known
STRIDE_MIN_US = 700_000  # faster is a run
STRIDE_MAX_US = 4_000_000  # longer is a pause
HELP_MAX_US = 1_000_000  # half a slow stride; if the person stops in mid-step, help must not go on for longer


class OtherHeelSwitch:
    """Stand in for the heel switch of this foot, from contacts of the other heel alone.

    step(heel, dt_us)   as gait_detect.switch.HeelSwitch, of the other foot's switch
    is_known   1 while the switch answers and has shown a contact that lasted
    swing      1 from the other heel's contact, if it had been up as in a step, for half a stride. The other contact
               is ahead of this foot's toe-off by the double support (0.1 to 0.2 s), which the muscle needs; this
               foot's contact follows half a stride later. Half of the last stride, 0.35 to 1 s.
    is_down    1 while swing is 0 and the switch is known: what a switch under this heel would say, about
    level_us   int, how long that has held, us, saturates
    since_contact_us   int, since that contact, us, saturates at LONG_US, as before the first one
    has_closed always 0: the end is only expected, no one has felt it
    Not told by it: the first step if this foot begins, steps to the side, a last step beside the other foot;
    weight shifts of the other foot look like steps. Evidence: simulated walkers only.
    """

    __slots__ = (
        "_other",
        "_stride_us",
        "has_closed",
        "is_down",
        "is_known",
        "level_us",
        "since_contact_us",
        "swing",
    )

    def __init__(self) -> None:
        self._other = HeelSwitch()
        self.restart()

    def restart(self) -> None:
        """Start over: nothing is known until a level has lasted."""
        self._other.restart()
        self.since_contact_us: int = LONG_US
        self._stride_us: int = STRIDE_START_US
        self.has_closed: int = 0
        self.is_known: int = 0
        self.is_down: int = 0
        self.level_us: int = LONG_US
        self.swing: int = 0

    def step(self, heel: int, dt_us: int) -> None:
        """Take one reading of the other foot's switch."""
        other = self._other
        up_us = other.level_us
        other.step(heel, dt_us)
        self.since_contact_us = min(self.since_contact_us + dt_us, LONG_US)
        self.level_us = min(self.level_us + dt_us, LONG_US)
        if not other.is_known:
            self.is_known = 0
            self.is_down = 0
            self._set(0)
            return
        if other.has_closed and self.is_known and UP_MIN_US <= up_us <= UP_MAX_US:
            if self.since_contact_us <= STRIDE_MAX_US:
                self._stride_us = max(self.since_contact_us, STRIDE_MIN_US)
            else:
                self._stride_us = STRIDE_START_US
            self.since_contact_us = 0
            self._set(1)
        elif self.swing and self.since_contact_us >= min(self._stride_us >> 1, HELP_MAX_US):
            self._set(0)
        self.is_known = 1
        self.is_down = 1 - self.swing

    def _set(self, swing: int) -> None:
        if swing != self.swing:
            self.swing = swing
            self.level_us = 0
