"""Which way along the sagittal axis toe-up is: learned from how feet and shanks move."""

FLAT_US = 100_000  # rest between two steps
SWEPT_MIN_UDEG = 15_000_000  # a step turns the sensor by more
SWEPT_MAX_UDEG = 90_000_000
VOTES = 3
VOTES_ROUND = 5  # to say that a foot's sensor is turned round: rare, and worse than useless if it is wrong
VOTES_AGAINST_SLOPE = 8  # if gravity speaks against it: a recorded foot gave seven in a row

# The shank swings forward two to three times as fast as it leans forward in stance. The sum of cubed rates shows
# it: in each 2.4 s of movement over 1 rad/s it was 34 to 94 % of the sum of their sizes (Stanford FoG, Parkinson,
# and the simulated walker of every severity and pace: 60 to 89 %).
MOVES_CDPS = 5_730
MOVES_US = 2_400_000
RATE_MAX_CDPS = 128_000  # 22 rad/s, three times a fast shank: a thousand after the shift, cubed below 2**30
CLEAR_SHARE = 4  # the sum must be a quarter of the sum of sizes


class ToeUpSign:
    """Say whether the axis found, or its opposite, is the one about which toe-up (shank: forward) is positive.

    ToeUpSign(is_shank)   1 or True for a sensor on the shank
    step(rate_cdps, still_us, dt_us) -> int
        rate_cdps   int, rate about the axis found, 0.01 deg/s
        still_us    int, how long the sensor has been still, us; 0 while it moves
        dt_us       int, time since the reading before, us, 0 to 50 000
        returns     0 not known yet, 1 this way, -1 the other way
    votes_round  int, how many more steps must say so for -1 on a foot
    Foot     the larger turn between two rests is the heel rise, toe-down: 578 recorded feet decided so, none wrongly.
    Shank    it hardly rests while walking, and the first step from standing may swing forward first: cubed rates.
    """

    __slots__ = (
        "_back",
        "_forward",
        "_is_shank",
        "_moved_us",
        "_swept_max_udeg",
        "_swept_min_udeg",
        "_swept_udeg",
        "_votes",
        "votes_round",
    )

    def __init__(self, is_shank: int) -> None:
        self._is_shank = is_shank
        self.votes_round: int = VOTES_ROUND
        self.restart()

    def restart(self) -> None:
        """Start over: the axis is another one."""
        self._votes: int = 0
        self._swept_udeg: int = 0
        self._swept_min_udeg: int = 0
        self._swept_max_udeg: int = 0
        self._forward: int = 0
        self._back: int = 0
        self._moved_us: int = 0

    def step(self, rate_cdps: int, still_us: int, dt_us: int) -> int:
        """Take one reading."""
        if self._is_shank:
            return self._compare_speeds(rate_cdps, dt_us)
        if still_us < FLAT_US:
            swept = self._swept_udeg + rate_cdps * (dt_us // 100)
            if swept < self._swept_min_udeg:
                swept = max(swept, -SWEPT_MAX_UDEG)
                self._swept_min_udeg = swept
            elif swept > self._swept_max_udeg:
                swept = min(swept, SWEPT_MAX_UDEG)
                self._swept_max_udeg = swept
            self._swept_udeg = swept
            return 0
        down_udeg = -self._swept_min_udeg
        up_udeg = self._swept_max_udeg
        if max(down_udeg, up_udeg) > SWEPT_MIN_UDEG:
            self._votes += 1 if down_udeg > up_udeg else -1
        self._swept_udeg = 0
        self._swept_min_udeg = 0
        self._swept_max_udeg = 0
        if self._votes >= VOTES:
            return 1
        return -1 if self._votes <= -self.votes_round else 0

    def _compare_speeds(self, rate_cdps: int, dt_us: int) -> int:
        if abs(rate_cdps) < MOVES_CDPS:
            return 0
        rate = min(abs(rate_cdps), RATE_MAX_CDPS) >> 7
        cube = (rate * rate * rate >> 12) * (dt_us // 1_000)  # 2400 ms of 244 000 stay below 2**30
        if rate_cdps > 0:
            self._forward += cube
        else:
            self._back += cube
        self._moved_us += dt_us
        if self._moved_us < MOVES_US:
            return 0
        more = self._forward - self._back
        is_clear = abs(more) > (self._forward + self._back) // CLEAR_SHARE
        self.restart()
        if not is_clear:
            return 0
        return 1 if more > 0 else -1
