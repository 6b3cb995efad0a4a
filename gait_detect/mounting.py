"""How the IMU sits: found from standing and the first steps, or what about it cannot be right."""

from gait_detect.durations import LONG_US
from gait_detect.mounting_problems import ACROSS, AXES_DISAGREE, BAD_ACC, BAD_GYRO, OK, REVERSED, TOO_LARGE
from gait_detect.raw_rates import RawRates
from gait_detect.toe_up import VOTES_AGAINST_SLOPE, VOTES_ROUND, ToeUpSign
from safety.sample import Sample

ONE = 1024  # length of the axis found

STANDING = 0  # waits for half a second of standing
WALKING = 1  # collects the first steps
TURNING = 2  # finds the axis that they turn about
VOTING = 3  # learns which way along it is toe-up
KNOWN = 4

STILL_CDPS = 1_150  # 0.2 rad/s, as gait_detect.profile: what counts as quiet
STILL_US = 500_000
ACC_LOW_MG = 700  # a wrong unit or range is wrong by 2 or more; recorded sensors at rest read 0.77 to 1.07 g
ACC_HIGH_MG = 1_300
MOVES_CDPS = 5_730  # 1 rad/s: slower movement says little about the axis
MOVES_US = 1_200_000  # of it: two to three steps
# Of the square of the specific force, 0.15 g: a slow foot's swing and landing reach it. A foot that only hangs at
# another angle, as that of a person who sits, does not.
SHAKES_PCT = 30
SHAKES_US = 1_500_000  # so long shaken without turning: no foot walks so
TOO_LARGE_MAX = 10  # readings that no part gives: one or two may be a broken transfer
ROUNDS = 16  # of the power iteration, one per sample; steps settle in five
SHIFT = 9  # 4000 deg/s become 781: squares of seconds of samples stay below 2**30
SUM_MAX = 1 << 28
UPRIGHT = 430  # gravity within 65 deg of the axis found: these steps were a turn
UPRIGHT_MAX = 6  # that often on end, gyroscope and accelerometer disagree; short walks with turns showed four
SURE = 819  # within 37 deg of where it should be: used before its sign is confirmed
SIDE_MIN = 350  # more than 70 deg off: feet turn out by up to 48 (recorded), helpers are wrong by 20

# A sensor on the laces lies on a slope of 19 to 50 deg that rises backward (recorded; at the side of the shoe it is
# level), so that gravity tells in standing which way round it sits. It is wrong for one at the side that is pitched by
# over 20 deg; votes of the first steps, which tell it elsewhere, are wrong for one recorded foot, whose toe swings up
# further than its heel ever rises.
UPRIGHT_MG = 500
SLOPE_MG = 350
SLOPE_REVERSED_MG = 400
SLOPE_USUAL_MG = (
    200  # a little of it makes it likely that the sensor sits as it should: more votes are needed then
)


class Mounting:
    """Find the sagittal axis of a sensor on foot or shank that sits up to 45 deg off, turned round or upside-down.

    Mounting(place="foot" | "shank")
    step(x_cdps, y_cdps, z_cdps, sample, dt_us)
        x_cdps … z_cdps   int, angular rate without the gyroscope's zero error, 0.01 deg/s
        sample   safety.sample.Sample with a plausible IMU reading, as read
        dt_us    int, time since the reading before, us
    take_too_large()   the sensor has given a reading that no part can give
    stage        STANDING … KNOWN; then nothing is looked at any more until `restart`
    problem      OK, or what cannot be right: index of mounting_problems.PROBLEMS. It goes away by itself when later
                 standing or steps are as they should be. REVERSED and ACROSS are told though the axis is found and
                 used: everything else of the device takes the sensor to sit as its mark shows
    x, y, z      axis about which toe-up is positive, as far as known, 1024 long, in the sensor's axes; (0, 1024, 0) at
                 first
    Method   largest second moment of the rates, made level; its sign by gravity in standing where a foot's slope
             shows it, and by gait_detect.toe_up. Whatever is left and right need not be known, nor is it found: a
             right foot's signals are those of a left foot in a mirror, and the mounting is not known so well.
    """

    __slots__ = (
        "_gravity_mg",
        "_is_shank",
        "_is_sign_known",
        "_moments",
        "_n_too_large",
        "_n_upright",
        "_raw",
        "_rounds",
        "_shaken_us",
        "_still_us",
        "_sum_mg",
        "_toe_up",
        "_x",
        "_y",
        "_z",
        "n_still",
        "n_us",
        "problem",
        "stage",
        "x",
        "y",
        "z",
    )

    def __init__(self, place: str = "foot") -> None:
        self._is_shank = 1 if place == "shank" else 0
        self._toe_up = ToeUpSign(self._is_shank)
        self._raw = RawRates()
        self._gravity_mg = [0, 0, 0]
        self._sum_mg = [0, 0, 0]
        self._moments = [0, 0, 0, 0, 0, 0]  # xx, yy, zz, xy, xz, yz
        self.restart()

    def restart(self) -> None:
        """Start over: the sensor was put on anew."""
        self.stage: int = STANDING
        self.problem: int = OK
        self._shaken_us: int = 0
        self._is_sign_known: int = 0
        self._toe_up.votes_round = VOTES_ROUND
        self._n_upright: int = 0
        self._n_too_large: int = 0
        self._forget_rest()
        self._use(0, ONE, 0)
        self._collect()

    def step(self, x_cdps: int, y_cdps: int, z_cdps: int, s: Sample, dt_us: int) -> None:
        """Take one reading."""
        if self.stage >= KNOWN:
            return
        fastest_cdps = max(abs(x_cdps), abs(y_cdps), abs(z_cdps))
        if fastest_cdps >= STILL_CDPS:
            self._still_us = 0
        elif self._still_us < LONG_US:
            self._still_us += dt_us
        if self.stage == STANDING:
            self._stand(s)
        elif self.stage == WALKING:
            self._raw.step(s, fastest_cdps >= MOVES_CDPS, dt_us)
            if fastest_cdps >= MOVES_CDPS:
                self._walk(x_cdps, y_cdps, z_cdps, dt_us)
            elif fastest_cdps < STILL_CDPS:
                self._look_for_shaking(s, dt_us)
        elif self.stage == TURNING:
            self._turn()
        else:
            self._vote((x_cdps * self._x + y_cdps * self._y + z_cdps * self._z) >> 10, dt_us)

    def take_too_large(self) -> None:
        """Hear of a reading beyond what any part can give."""
        if self.stage < KNOWN:
            self._n_too_large += 1
            if self._n_too_large > TOO_LARGE_MAX:
                self.restart()
                self.problem = TOO_LARGE

    def _stand(self, s: Sample) -> None:
        if self._still_us == 0:
            self._forget_rest()
            return
        total = self._sum_mg
        total[0] += s.acc_x_mg
        total[1] += s.acc_y_mg
        total[2] += s.acc_z_mg
        self.n_still += 1
        if self._still_us < STILL_US or self.n_still < 10:
            return
        for i in range(3):
            self._gravity_mg[i] = total[i] // self.n_still
        self._forget_rest()
        g = self._gravity_mg
        if not _sq(ACC_LOW_MG, 0, 0) <= _sq(g[0], g[1], g[2]) <= _sq(ACC_HIGH_MG, 0, 0):
            self.problem = BAD_ACC
            return
        self.stage = WALKING
        self._look_which_way()

    def _forget_rest(self) -> None:
        self._still_us: int = 0
        self.n_still: int = 0
        for i in range(3):
            self._sum_mg[i] = 0

    def _look_which_way(self) -> None:
        """Tell from gravity in standing whether the sensor is turned round, if that can be seen."""
        g = self._gravity_mg
        self.problem = REVERSED if g[2] < -UPRIGHT_MG else OK
        if self._is_shank or abs(g[2]) < UPRIGHT_MG:
            return
        slope_mg = g[0] if g[2] > 0 else -g[0]
        self._toe_up.votes_round = VOTES_AGAINST_SLOPE if slope_mg > SLOPE_USUAL_MG else VOTES_ROUND
        if slope_mg > SLOPE_MG:
            self._is_sign_known = 1
        elif slope_mg < -SLOPE_REVERSED_MG:
            self._is_sign_known = 1
            self.problem = REVERSED
            self._use(0, -ONE, 0)

    def _look_for_shaking(self, s: Sample, dt_us: int) -> None:
        """The gyroscope is still; does the accelerometer say so, too?"""
        g = self._gravity_mg
        rest_sq = _sq(g[0], g[1], g[2])
        if abs(_sq(s.acc_x_mg, s.acc_y_mg, s.acc_z_mg) - rest_sq) > rest_sq // 100 * SHAKES_PCT:
            self._shaken_us += dt_us
            if self._shaken_us > SHAKES_US:
                self.problem = BAD_GYRO

    def _walk(self, x_cdps: int, y_cdps: int, z_cdps: int, dt_us: int) -> None:
        self.n_us += dt_us
        x = x_cdps >> SHIFT
        y = y_cdps >> SHIFT
        z = z_cdps >> SHIFT
        m = self._moments
        m[0] += x * x
        m[1] += y * y
        m[2] += z * z
        m[3] += x * y
        m[4] += x * z
        m[5] += y * z
        if self.n_us < MOVES_US and max(m[0], m[1], m[2]) < SUM_MAX:
            return
        problem = self._raw.problem()
        if problem != OK:
            self._collect()
            self.problem = problem
            return
        while max(m[0], m[1], m[2]) >= ONE << 4:  # so that the products of the iteration stay small
            for i in range(6):
                m[i] >>= 1
        self._x = self._y = self._z = 512  # any start that is not across the axis; signs come later
        self.stage = TURNING

    def _turn(self) -> None:
        m = self._moments
        x = (m[0] * self._x + m[3] * self._y + m[4] * self._z) >> 10
        y = (m[3] * self._x + m[1] * self._y + m[5] * self._z) >> 10
        z = (m[4] * self._x + m[5] * self._y + m[2] * self._z) >> 10
        self._keep(x, y, z)
        self._rounds += 1
        if self._rounds < ROUNDS:
            return
        g = self._gravity_mg
        upright = (g[0] * self._x + g[1] * self._y + g[2] * self._z) >> 10
        if abs(upright) > UPRIGHT:
            self._collect()
            self.stage = WALKING
            self._n_upright += 1
            if self._n_upright >= UPRIGHT_MAX:
                self.problem = AXES_DISAGREE
            return
        self._look_which_way()  # what was wrong before is right now, but for that
        # Toe-up is about a level axis; what is left of the vertical comes from turns and from the foot's yaw.
        self._keep(
            (self._x << 3) - (g[0] * upright >> 7),
            (self._y << 3) - (g[1] * upright >> 7),
            (self._z << 3) - (g[2] * upright >> 7),
        )
        if self._y * self.y < 0:  # on the side where toe-up is thought to be, until votes say otherwise
            self._flip()
        if self._is_sign_known:
            self._know()
            return
        if abs(self._y) >= SURE:
            self._use(self._x, self._y, self._z)
        self._toe_up.restart()
        self.stage = VOTING
        self._still_us = 0

    def _keep(self, x: int, y: int, z: int) -> None:
        """Keep the direction (x, y, z), each below 2**16, made 1024 long."""
        while max(abs(x), abs(y), abs(z)) > 1 << 13:
            x >>= 1
            y >>= 1
            z >>= 1
        length = _root(x * x + y * y + z * z)
        if length == 0:
            return
        self._x = x * ONE // length
        self._y = y * ONE // length
        self._z = z * ONE // length

    def _vote(self, rate_cdps: int, dt_us: int) -> None:
        sign = self._toe_up.step(rate_cdps, self._still_us, dt_us)
        if sign == 0:
            return
        if sign < 0:
            self._flip()
        self._know()

    def _know(self) -> None:
        self._use(self._x, self._y, self._z)
        self.stage = KNOWN
        if self.y < -SIDE_MIN:
            self.problem = REVERSED
        elif self.y < SIDE_MIN:
            self.problem = ACROSS

    def _use(self, x: int, y: int, z: int) -> None:
        self.x: int = x
        self.y: int = y
        self.z: int = z

    def _flip(self) -> None:
        self._x = -self._x
        self._y = -self._y
        self._z = -self._z

    def _collect(self) -> None:
        """Begin anew to collect steps."""
        self.n_us: int = 0
        self._rounds: int = 0
        self._x: int = 0
        self._y: int = ONE
        self._z: int = 0
        self._raw.restart()
        for i in range(6):
            self._moments[i] = 0


def _root(square: int) -> int:
    """Return the whole part of the square root of 0 <= square < 2**30."""
    root = 0
    bit = 1 << 14
    while bit:
        if (root + bit) * (root + bit) <= square:
            root += bit
        bit >>= 1
    return root


def _sq(x_mg: int, y_mg: int, z_mg: int) -> int:
    """Return the square of a specific force, in units of 16 mg2: below 2**30 for whatever a sensor gives."""
    x = x_mg >> 2
    y = y_mg >> 2
    z = z_mg >> 2
    return x * x + y * y + z * z
