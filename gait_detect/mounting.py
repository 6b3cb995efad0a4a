"""How the IMU sits: found from standing and the first steps, or a sentence why it cannot be right."""

from gait_detect.durations import LONG_US
from gait_detect.toe_up import ToeUpSign
from safety.sample import Sample

ONE = 1024  # length of the axis found

STANDING = 0  # waits for half a second of standing
WALKING = 1  # collects the first steps
TURNING = 2  # finds the axis that they turn about
VOTING = 3  # learns which way along it is toe-up
KNOWN = 4
WRONG = 5

OK = 0
BAD_ACC = 1
BAD_GYRO = 2
DEAD_X = 3
DEAD_Y = 4
DEAD_Z = 5
AXES_DISAGREE = 6

PROBLEMS = (
    "The IMU's axes fit.",
    "Standing, the accelerometer does not read 0.8 to 1.2 g. Check its unit (mg) and its range.",
    "The foot walks by the accelerometer but does not turn by the gyroscope. Check its unit (0.01 deg/s).",
    "The gyroscope's x axis never moves. Check how it is read, or replace the sensor.",
    "The gyroscope's y axis never moves. Check how it is read, or replace the sensor.",
    "The gyroscope's z axis never moves. Check how it is read, or replace the sensor.",
    "The foot seems to turn about the vertical. Check that gyroscope and accelerometer have the same axes.",
)

STILL_CDPS = 1_150  # 0.2 rad/s, as gait_detect.profile: what counts as quiet
STILL_US = 500_000
ACC_LOW_MG = 800  # parts are right to 5 %, a shoe that is not quite still adds to that
ACC_HIGH_MG = 1_200
MOVES_CDPS = 5_730  # 1 rad/s: slower movement says little about the axis
MOVES_US = 1_200_000  # of it: two to three steps, before the first turn
SHAKES_MG = 300  # per axis from standing: a slow foot's swing and landing reach it
SHAKES_US = 1_500_000  # so long shaken without turning: no foot walks so
ROUNDS = 16  # of the power iteration, one per sample; steps settle in five
SHIFT = 9  # 4000 deg/s become 781: squares of seconds of samples stay below 2**30
SUM_MAX = 1 << 28
UPRIGHT = 819  # 0.8: gravity within 37 deg of the axis found
USUAL = 819  # within 37 deg of Y nothing is changed: a foot turns out by 20, the rules bear the rest


class Mounting:
    """Find the sagittal axis of a sensor on foot or shank that sits up to 45 deg off, turned round or upside-down.

    Mounting(place="foot" | "shank")
    step(x_cdps, y_cdps, z_cdps, sample, dt_us)
        x_cdps … z_cdps   int, angular rate without the gyroscope's zero error, 0.01 deg/s
        sample   safety.sample.Sample with a plausible IMU reading, for its specific force
        dt_us    int, time since the reading before, us
    stage        STANDING … KNOWN, or WRONG; starts over with `restart`
    problem      OK, or why stage is WRONG: index of PROBLEMS
    x, y, z      axis about which toe-up is positive, 1024 long, in the sensor's axes; (0, 1024, 0) until KNOWN
    is_usual     1 if that is within 37 deg of the sensor's own y: nothing has to be changed
    Method   largest second moment of the rates, made level; its sign by gait_detect.toe_up. Whatever is left and
             right need not be known.
    """

    __slots__ = (
        "_gravity_mg",
        "_moments",
        "_range_cdps",
        "_rounds",
        "_shaken_us",
        "_still_us",
        "_sum_mg",
        "_toe_up",
        "is_usual",
        "n_still",
        "n_us",
        "problem",
        "stage",
        "x",
        "y",
        "z",
    )

    def __init__(self, place: str = "foot") -> None:
        self._toe_up = ToeUpSign(place == "shank")
        self._gravity_mg = [0, 0, 0]
        self._sum_mg = [0, 0, 0]
        self._moments = [0, 0, 0, 0, 0, 0]  # xx, yy, zz, xy, xz, yz
        self._range_cdps = [0, 0, 0]  # largest of each axis
        self.restart()

    def restart(self) -> None:
        """Start over: the sensor was put on anew."""
        self.stage: int = STANDING
        self.problem: int = OK
        self.x: int = 0
        self.y: int = ONE
        self.z: int = 0
        self.is_usual: int = 1
        self.n_us: int = 0
        self.n_still: int = 0
        self._still_us: int = 0
        self._shaken_us: int = 0
        self._rounds: int = 0
        self._toe_up.restart()
        for i in range(3):
            self._sum_mg[i] = 0
            self._range_cdps[i] = 0
        for i in range(6):
            self._moments[i] = 0

    def step(self, x_cdps: int, y_cdps: int, z_cdps: int, s: Sample, dt_us: int) -> None:
        """Take one reading."""
        if self.stage >= KNOWN:
            return
        fastest_cdps = max(abs(x_cdps), abs(y_cdps), abs(z_cdps))
        self._still_us = min(self._still_us + dt_us, LONG_US) if fastest_cdps < STILL_CDPS else 0
        if self.stage == STANDING:
            self._stand(s)
        elif self.stage == WALKING:
            self._walk(x_cdps, y_cdps, z_cdps, s, dt_us)
        elif self.stage == TURNING:
            self._turn()
        else:
            self._vote((x_cdps * self.x + y_cdps * self.y + z_cdps * self.z) >> 10, dt_us)

    def _stand(self, s: Sample) -> None:
        total = self._sum_mg
        if self._still_us == 0:
            self.n_still = 0
            total[0] = 0
            total[1] = 0
            total[2] = 0
            return
        total[0] += s.acc_x_mg
        total[1] += s.acc_y_mg
        total[2] += s.acc_z_mg
        self.n_still += 1
        if self._still_us < STILL_US or self.n_still < 10:
            return
        for i in range(3):
            self._gravity_mg[i] = total[i] // self.n_still
        g = self._gravity_mg
        gg = (g[0] >> 2) * (g[0] >> 2) + (g[1] >> 2) * (g[1] >> 2) + (g[2] >> 2) * (g[2] >> 2)
        if not (ACC_LOW_MG >> 2) * (ACC_LOW_MG >> 2) <= gg <= (ACC_HIGH_MG >> 2) * (ACC_HIGH_MG >> 2):
            self._fail(BAD_ACC)
        else:
            self.stage = WALKING

    def _walk(self, x_cdps: int, y_cdps: int, z_cdps: int, s: Sample, dt_us: int) -> None:
        fastest_cdps = max(abs(x_cdps), abs(y_cdps), abs(z_cdps))
        seen = self._range_cdps
        seen[0] = max(seen[0], abs(x_cdps))
        seen[1] = max(seen[1], abs(y_cdps))
        seen[2] = max(seen[2], abs(z_cdps))
        if fastest_cdps < MOVES_CDPS:
            g = self._gravity_mg
            off_mg = max(abs(s.acc_x_mg - g[0]), abs(s.acc_y_mg - g[1]), abs(s.acc_z_mg - g[2]))
            if fastest_cdps < STILL_CDPS and off_mg > SHAKES_MG:
                self._shaken_us += dt_us
                if self._shaken_us > SHAKES_US:
                    self._fail(BAD_GYRO)
            return
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
        for i in range(3):
            if seen[i] == 0:
                self._fail(DEAD_X + i)
                return
        while max(m[0], m[1], m[2]) >= ONE << 4:  # so that the products of the iteration stay small
            for i in range(6):
                m[i] >>= 1
        self.x = self.y = self.z = 512  # any start that is not across the axis; signs come later
        self.stage = TURNING

    def _turn(self) -> None:
        m = self._moments
        x = (m[0] * self.x + m[3] * self.y + m[4] * self.z) >> 10
        y = (m[3] * self.x + m[1] * self.y + m[5] * self.z) >> 10
        z = (m[4] * self.x + m[5] * self.y + m[2] * self.z) >> 10
        self._keep(x, y, z)
        self._rounds += 1
        if self._rounds < ROUNDS or self.stage == WRONG:
            return
        g = self._gravity_mg
        upright = (g[0] * self.x + g[1] * self.y + g[2] * self.z) >> 10
        if abs(upright) > UPRIGHT:
            self._fail(AXES_DISAGREE)
            return
        # Toe-up is about a level axis; what is left of the vertical comes from turns and from the foot's yaw.
        self._keep(
            (self.x << 3) - (g[0] * upright >> 7),
            (self.y << 3) - (g[1] * upright >> 7),
            (self.z << 3) - (g[2] * upright >> 7),
        )
        if self.y < 0:
            self._flip()
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
            self._fail(AXES_DISAGREE)
            return
        self.x = x * ONE // length
        self.y = y * ONE // length
        self.z = z * ONE // length

    def _vote(self, rate_cdps: int, dt_us: int) -> None:
        sign = self._toe_up.step(rate_cdps, self._still_us, dt_us)
        if sign == 0:
            return
        if sign < 0:
            self._flip()
        self.is_usual = 1 if self.y >= USUAL else 0
        self.stage = KNOWN

    def _flip(self) -> None:
        self.x = -self.x
        self.y = -self.y
        self.z = -self.z

    def _fail(self, problem: int) -> None:
        self.problem = problem
        self.stage = WRONG
        self.x = 0
        self.y = ONE
        self.z = 0


def _root(square: int) -> int:
    """Return the whole part of the square root of 0 <= square < 2**30."""
    root = 0
    bit = 1 << 14
    while bit:
        if (root + bit) * (root + bit) <= square:
            root += bit
        bit >>= 1
    return root
