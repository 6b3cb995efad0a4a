"""What heel switch and IMU say to each other: how sure the switch is, and how often they disagree."""

SILENT = 0  # no switch, or too early to tell
AGREES = 1
AGAINST = 2

# Of itself a switch counts little: it gives 2-3 false triggers a minute (facts), most of them while nobody walks.
SURE_AT_FIRST = 40  # assumed
SURE_AGREED = 95  # no switch is surer than that: its heel lifts in weight shifts, too
SURE_MIN = 5  # one that was always wrong still speaks, if nobody else does
SHARE = 4  # of one step, as in gait_detect.habits: the last few steps tell
LATE_US = (
    200_000  # a switch opens up to so much after an onset that was predicted, and closes after a toe landing
)
AGAINST_MIN = 55  # a voice against counts a little even of a switch that is little trusted
COUNT_MASK = (1 << 20) - 1


class Agreement:
    """Compare the two voices step by step.

    step(swing, swing_us, has_imu, is_known, is_down)
        swing      1 while the fused decision is "swing"; swing_us  int, how long it has been as it is, us
        has_imu    1 while the IMU leads that decision: only then are there two voices
        is_known   1 while the switch answers and has shown a contact that lasted; is_down  1 while it is closed
    word             what the switch says of the decision now: SILENT, AGREES, AGAINST
    switch_sure      int, 0 to 100: how far it is to be trusted; 0 while it is not known
    disagreed        int, steps that only one of the two has told, 0 to 2**20 - 1, then again from 0
    disagreed_pct    int, 0 to 100: share of such among the last few
    A step is one that both tell if the switch was open at any time in it. A switch that opens and closes
    without a step has told one alone, as has an IMU whose step went by with the switch closed.
    """

    __slots__ = (
        "_is_alone",
        "_opened_alone",
        "_sure",
        "_was_down",
        "_was_swing",
        "disagreed",
        "disagreed_pct",
        "switch_sure",
        "word",
    )

    def __init__(self) -> None:
        self.disagreed: int = 0
        self.disagreed_pct: int = 0
        self._sure: int = SURE_AT_FIRST
        self.restart()

    def restart(self) -> None:
        """Start over after a gap; what was learned of the switch is kept."""
        self.word: int = SILENT
        self.switch_sure: int = 0
        self._was_swing: int = 0
        self._was_down: int = 1
        self._is_alone: int = 0  # the swing that runs is told by the IMU alone
        self._opened_alone: int = 0  # the switch is open and nobody else tells a step

    def step(self, swing: int, swing_us: int, has_imu: int, is_known: int, is_down: int) -> None:
        """Take the decision after one sample, and the switch."""
        if not (is_known and has_imu):
            self.restart()
            self._was_swing = swing
            self.switch_sure = self._sure if is_known else 0
            return
        if swing and not self._was_swing:
            self._is_alone = 1
        if not is_down:
            if self._was_down:
                self._opened_alone = 1
            if swing:
                self._opened_alone = 0
                self._is_alone = 0
        elif self._opened_alone:
            self._opened_alone = 0
            self._note(0)
        if self._was_swing and not swing:
            self._note(1 - self._is_alone)
        self._was_swing = swing
        self._was_down = is_down
        self.switch_sure = self._sure
        if (swing and not self._is_alone) or (not swing and is_down):
            self.word = AGREES
        else:
            self.word = AGAINST if swing_us > LATE_US else SILENT

    def fused(self, imu_sure: int) -> int:
        """Return how sure both together are, 0 to 100, if the decision is the IMU's, sure by `imu_sure`.

        Two independent voices: both are wrong together only as often as the product of their doubts; of two that
        contradict each other the one with the smaller doubt is believed, in proportion.
        """
        doubt = 100 - imu_sure
        sure = self.switch_sure
        if self.word == AGREES:
            return 100 - doubt * (100 - sure) // 100
        if self.word == AGAINST:
            sure = max(sure, AGAINST_MIN)
            says_so = imu_sure * (100 - sure)
            return 100 * says_so // (says_so + doubt * sure)
        return imu_sure

    def _note(self, agreed: int) -> None:
        aim = SURE_AGREED if agreed else SURE_MIN
        self._sure += (aim - self._sure) // SHARE
        self.disagreed_pct += ((0 if agreed else 100) - self.disagreed_pct) // SHARE
        if not agreed:
            self.disagreed = (self.disagreed + 1) & COUNT_MASK
