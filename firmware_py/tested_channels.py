"""Which channels a test burst has moved: what a person's word about leg and channels rests on."""

TESTED_MIN = 5  # strong pulses of one burst: an eighth of a second at 40 Hz, enough for a foot to move
NONE = -1


class TestedChannels:
    """Count strong pulses of test bursts. One arm is for one channel; another needs another arm.

    channel_limits   the gate's; a channel that may give no current is not in use and needs no test
    forget()         another wearer, leg or set of electrodes
    begin()          a person has armed
    may(channel)     whether this arm is for `channel`, or for none yet
    pulse(channel, current_ua, width_us)   one pulse of a test burst has been written
    is_complete()    a burst on each channel in use has reached half of what is prescribed
    """

    __test__ = False  # no test class, whatever its name

    def __init__(self, channel_limits) -> None:
        self._plateaus_nc = tuple(
            [one.plateau_nc for one in channel_limits]
        )  # charge of a pulse at full level
        self._is_used = tuple([one.current_max_ua > 0 for one in channel_limits])
        self._is_tested = [False] * len(channel_limits)
        self._channel: int = NONE
        self._strong: int = 0  # pulses of this burst

    def forget(self) -> None:
        """Nothing that was tested holds any more."""
        for i in range(len(self._is_tested)):
            self._is_tested[i] = False

    def begin(self) -> None:
        """Begin to count: pulses of an older burst do not count with those of this one."""
        self._channel = NONE
        self._strong = 0

    def may(self, channel: int) -> bool:
        """One arm, one channel."""
        return self._channel == NONE or self._channel == channel

    def pulse(self, channel: int, current_ua: int, width_us: int) -> None:
        """Take one pulse that was granted."""
        self._channel = channel
        if current_ua * width_us // 1000 * 2 >= self._plateaus_nc[channel]:
            self._strong = min(self._strong + 1, TESTED_MIN)
            if self._strong >= TESTED_MIN:
                self._is_tested[channel] = True

    def is_complete(self) -> bool:
        """Whether nothing in use is untested."""
        for i in range(len(self._is_tested)):
            if self._is_used[i] and not self._is_tested[i]:
                return False
        return True
