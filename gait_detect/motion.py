"""What the foot or shank does now, from one IMU: sagittal rate, total rate, angles since foot-flat."""

from gait_detect.durations import LONG_US
from gait_detect.gyro_zero import GyroZero
from gait_detect.mounting import KNOWN, Mounting
from gait_detect.profile import Profile, acc_sq
from safety.sample import ACC_MAX_MG, GYRO_MAX_CDPS, Sample

ANGLE_MAX_UDEG = 400_000_000  # 400 deg: far beyond any leg; keeps every sum below 2**30
ANGLE_MIN_UDEG = -ANGLE_MAX_UDEG
# How much of the time before the first quiet reading counts as quiet: at 50 Hz, two readings in the dip of a weak
# foot's swing would else be a rest.
FIRST_US = 10_000
GYRO_MIN_CDPS = -GYRO_MAX_CDPS
ACC_MIN_MG = -ACC_MAX_MG
WAVES_MAX = 100  # further ones need not be counted
TICK_US = 100  # rate in 0.01 deg/s times time in 100 us is an angle in 0.000001 deg


def is_plausible(sample: Sample) -> bool:
    """Return whether the IMU part of `sample` is there and within what a part can report."""
    if not (
        GYRO_MIN_CDPS <= sample.gyro_x_cdps <= GYRO_MAX_CDPS
        and GYRO_MIN_CDPS <= sample.gyro_y_cdps <= GYRO_MAX_CDPS
        and GYRO_MIN_CDPS <= sample.gyro_z_cdps <= GYRO_MAX_CDPS
    ):
        return False
    if not (
        ACC_MIN_MG <= sample.acc_x_mg <= ACC_MAX_MG
        and ACC_MIN_MG <= sample.acc_y_mg <= ACC_MAX_MG
        and ACC_MIN_MG <= sample.acc_z_mg <= ACC_MAX_MG
    ):
        return False
    return sample.has_imu != 0


class Motion:
    """Turn samples into the few quantities that the rules look at.

    step(sample, dt_us)
        sample   safety.sample.Sample that `is_plausible`
        dt_us    int, time since the reading before, us, 0 to 50 000
    rate_cdps    int, sagittal rate, 0.01 deg/s, toe-up (shank: swinging forward) positive
    total_sq     int, squared total rate, (0.32 deg/s)**2, as `profile.rate_sq` makes it
    pitch_udeg   int, sagittal angle since foot-flat, 0.000001 deg, same sign
    drop_udeg    int, how far pitch is now below its highest since foot-flat: the heel rise, 0.000001 deg
    quiet_us     int, how long the total rate has been small, us, saturates
    waves        int, how often the sagittal rate has just turned round, each time within 0.2 s: trembling
    shaken       1 if the specific force has left that of rest since foot-flat
    mounting     gait_detect.mounting.Mounting: fed until it knows how the sensor sits
    The sensor's y is taken for the sagittal axis until the mounting knows better; then, from the next rest on, the
    axis found: feet turn out by 13 to 24 deg (recorded), helpers add their own error. Left and right feet give
    mirrored x and z, same results.
    """

    __slots__ = (
        "_axis_x",
        "_axis_y",
        "_axis_z",
        "_carry_us",
        "_is_up",
        "_profile",
        "_rest_sq",
        "_roll_udeg",
        "_top_udeg",
        "_wave_us",
        "_yaw_udeg",
        "_zero",
        "drop_udeg",
        "mounting",
        "pitch_udeg",
        "quiet_us",
        "rate_cdps",
        "shaken",
        "total_sq",
        "waves",
    )

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._zero = GyroZero()
        self.mounting = Mounting(profile.place)
        self._rest_sq: int = acc_sq(1_000)
        self.restart()

    def restart(self) -> None:
        """Forget the movement so far."""
        self._zero.restart()
        self._carry_us: int = 0
        self._wave_us: int = 0  # since it last turned round; counted only while there are waves
        self._is_up: int = 0
        self.waves: int = 0
        self.rate_cdps: int = 0
        self.total_sq: int = 0
        self.quiet_us: int = 0
        self.set_flat()

    def set_flat(self) -> None:
        """The foot is flat now: angles count from here, about the axis that is known by now."""
        mounting = self.mounting
        self._axis_x: int = mounting.x
        self._axis_y: int = mounting.y
        self._axis_z: int = mounting.z
        self.pitch_udeg: int = 0
        self.drop_udeg: int = 0
        self._top_udeg: int = 0
        self._roll_udeg: int = 0
        self._yaw_udeg: int = 0
        self.shaken: int = 0

    def step(self, sample: Sample, dt_us: int) -> None:
        """Take one reading."""
        p = self._profile
        time_us = dt_us + self._carry_us
        ticks = time_us // TICK_US
        self._carry_us = time_us - ticks * TICK_US
        zero = self._zero
        x = sample.gyro_x_cdps
        y = sample.gyro_y_cdps
        z = sample.gyro_z_cdps
        zero.step(x, y, z, dt_us)
        x -= zero.x_cdps
        y -= zero.y_cdps
        z -= zero.z_cdps
        xs = abs(x) >> 5  # 4000 deg/s becomes 12 500; see profile.rate_sq
        ys = abs(y) >> 5
        zs = abs(z) >> 5
        total_sq = xs * xs + ys * ys + zs * zs
        mounting = self.mounting
        if mounting.stage < KNOWN:
            mounting.step(x, y, z, sample, dt_us)
        y = (x * self._axis_x + y * self._axis_y + z * self._axis_z) >> 10
        self.rate_cdps = y
        roll_udeg = self._roll_udeg + x * ticks
        yaw_udeg = self._yaw_udeg + z * ticks
        pitch_udeg = self.pitch_udeg + y * ticks
        if not ANGLE_MIN_UDEG <= roll_udeg <= ANGLE_MAX_UDEG:
            roll_udeg = _held(roll_udeg)
        if not ANGLE_MIN_UDEG <= yaw_udeg <= ANGLE_MAX_UDEG:
            yaw_udeg = _held(yaw_udeg)
        if not ANGLE_MIN_UDEG <= pitch_udeg <= ANGLE_MAX_UDEG:
            pitch_udeg = _held(pitch_udeg)
        self._roll_udeg = roll_udeg
        self._yaw_udeg = yaw_udeg
        self.pitch_udeg = pitch_udeg
        if pitch_udeg > self._top_udeg:
            self._top_udeg = pitch_udeg
        self.drop_udeg = self._top_udeg - pitch_udeg
        self.total_sq = total_sq
        if self.waves:
            self._wave_us += dt_us
            if self._wave_us > p.wave_max_us:
                self.waves = 0
        if not -p.wave_cdps < y < p.wave_cdps:
            self._count_wave(1 if y > 0 else 0)
        quiet_us = self.quiet_us
        if total_sq >= p.quiet_sq:
            quiet_us = 0
        elif quiet_us == 0:
            quiet_us = min(dt_us, FIRST_US)
        elif quiet_us < LONG_US:
            quiet_us += dt_us
        self.quiet_us = quiet_us
        is_at_rest = quiet_us >= p.rest_us
        if is_at_rest or not self.shaken:
            self._feel(sample, is_at_rest)

    def _feel(self, sample: Sample, is_at_rest: bool) -> None:
        """Compare the specific force with that of rest."""
        p = self._profile
        x = sample.acc_x_mg >> 2
        y = sample.acc_y_mg >> 2
        z = sample.acc_z_mg >> 2
        force_sq = x * x + y * y + z * z
        if is_at_rest and p.rest_low_sq <= force_sq <= p.rest_high_sq:
            self._rest_sq += (force_sq - self._rest_sq) // p.rest_share
        more = 100 * min(force_sq - self._rest_sq, p.rest_high_sq)
        if more > self._rest_sq * p.shake_up_pct or -more > self._rest_sq * p.shake_down_pct:
            self.shaken = 1

    def _count_wave(self, is_up: int) -> None:
        """The foot turns toe-up (1) or toe-down (0), and not just a little: count it if it did not before."""
        if is_up != self._is_up:
            self._is_up = is_up
            self._wave_us = 0
            if self.waves < WAVES_MAX:
                self.waves += 1

    def pivot_udeg(self) -> int:
        """Return how far the foot has turned about its other two axes since foot-flat, the larger, 0.000001 deg."""
        return max(abs(self._roll_udeg), abs(self._yaw_udeg))

    def swept_deg2(self) -> int:
        """Return the squared angle about all axes since foot-flat, in deg**2."""
        x = abs(self._roll_udeg) // 1_000_000
        y = abs(self.pitch_udeg) // 1_000_000
        z = abs(self._yaw_udeg) // 1_000_000
        return x * x + y * y + z * z

    def is_sagittal(self, shift: int) -> bool:
        """Return whether the squared sagittal rate is at least 1 / 2**shift of the squared total rate."""
        y = abs(self.rate_cdps) >> 5
        return y * y >= self.total_sq >> shift

    def is_across(self) -> bool:
        """Return whether most of the movement is not sagittal: a turn, a pivot, a sideways step."""
        y = abs(self.rate_cdps) >> 5
        return y * y < self.total_sq >> 1


def _held(angle_udeg: int) -> int:
    """Return the end at which an angle beyond +/-400 deg stops."""
    return ANGLE_MAX_UDEG if angle_udeg > 0 else ANGLE_MIN_UDEG
