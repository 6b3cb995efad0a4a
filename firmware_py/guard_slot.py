"""What the guard keeps of one channel: the request that waits for its time, and whether it was tested."""

from safety.pulse import PulseRequest

TESTED_MIN = 5  # strong pulses of one burst: an eighth of a second at 40 Hz, enough for a foot to move


class Slot:
    """At most one request waits. `is_tested`: a test burst has reached half of what is prescribed.

    limits   the gate's; a channel that may give no current is not in use and needs no test
    """

    __slots__ = ("_plateau_nc", "_strong", "is_tested", "is_used", "request", "waiting")

    def __init__(self, limits) -> None:
        self.request = PulseRequest()
        self.waiting: bool = False
        self.is_used: bool = limits.current_max_ua > 0
        self.is_tested: bool = False  # since the profile was loaded
        self._plateau_nc: int = limits.plateau_nc  # charge of a pulse at full level
        self._strong: int = 0  # pulses of this test burst

    def keep(self, request) -> None:
        """Let a copy of `request` wait."""
        self.request.copy_from(request)
        self.waiting = True

    def test_pulse(self, current_ua: int, width_us: int, is_first: bool) -> None:
        """A pulse of a test burst has been written; those of an older burst do not count with it."""
        if is_first:
            self._strong = 0
        if current_ua * width_us // 1000 * 2 >= self._plateau_nc:
            self._strong = min(self._strong + 1, TESTED_MIN)
            self.is_tested = self.is_tested or self._strong >= TESTED_MIN
