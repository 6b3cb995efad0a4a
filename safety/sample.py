"""One reading of the sensors of one leg, as whole numbers: the first word of the way of the data.

It lives in `safety` because the guardian repeats its plausibility checks on the same raw samples.
"""

HEEL_NONE = -1  # no heel switch fitted, or it did not answer
HEEL_UP = 0
HEEL_DOWN = 1

GYRO_MAX_CDPS = 400_000  # 4000 deg/s: no part gives more; larger is a unit error
ACC_MAX_MG = 32_000


class Sample:
    """What the sensors said at `t_us`. One object, filled again and again by the HAL.

    t_us                  int, clock reading at which the sensor measured, us, wraps
    gyro_x/y/z_cdps       int, angular rate, 0.01 deg/s
    acc_x/y/z_mg          int, specific force, 0.001 g (about +1000 along "up" at rest)
    heel                  HEEL_UP, HEEL_DOWN or HEEL_NONE
    has_imu               1 if the six IMU values are of this moment, 0 if only the switch spoke
    Axes, both legs: X backward, Y to the person's right, Z up. So gyro_y > 0 is toe-up for the
    foot and shank swinging forward; push-off is gyro_y < 0. The sensor need not be levelled.
    """

    # fmt: off
    __slots__ = (
        "acc_x_mg", "acc_y_mg", "acc_z_mg", "gyro_x_cdps", "gyro_y_cdps", "gyro_z_cdps", "has_imu", "heel", "t_us",
    )
    # fmt: on

    def __init__(self) -> None:
        self.t_us: int = 0
        self.gyro_x_cdps: int = 0
        self.gyro_y_cdps: int = 0
        self.gyro_z_cdps: int = 0
        self.acc_x_mg: int = 0
        self.acc_y_mg: int = 0
        self.acc_z_mg: int = 0
        self.heel: int = HEEL_NONE
        self.has_imu: int = 0
