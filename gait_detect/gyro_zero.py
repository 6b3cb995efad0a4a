"""What the gyroscope reports while the sensor rests: learned in every rest, then taken off."""

ZERO_MAX_CDPS = 700  # 7 deg/s: common parts stay below 3; a steady rate above is a movement
STEADY_CDPS = 250  # 2.5 deg/s around the first reading: eight times the noise of common parts
# A foot flat in mid-stance is as still as that for 0.15 s, a foot in the air never is. Half a second, as it was,
# is not found in walks without standing: 50 of 300 neurological recordings never learned, now 18.
STEADY_US = 150_000
READINGS_MAX = 1_000  # keeps the sums below 2**30 at any sampling rate


class GyroZero:
    """Learn the zero of three axes, in pauses and whenever the foot stands still in mid-stance.

    step(x_cdps, y_cdps, z_cdps, dt_us)
        x_cdps … z_cdps  int, angular rate as reported, 0.01 deg/s
        dt_us            int, time since the reading before, us
    x_cdps, y_cdps, z_cdps   int, zero to take off, 0.01 deg/s, -700 to 700, 0 until learned
    The first rest counts fully, later ones a quarter: a foot that is rocked evenly for so long moves the zero
    by 2 deg/s at most.
    """

    __slots__ = (
        "_from_x_cdps",
        "_from_y_cdps",
        "_from_z_cdps",
        "_n",
        "_share",
        "_steady_us",
        "_sum_x_cdps",
        "_sum_y_cdps",
        "_sum_z_cdps",
        "x_cdps",
        "y_cdps",
        "z_cdps",
    )

    def __init__(self) -> None:
        self.x_cdps: int = 0
        self.y_cdps: int = 0
        self.z_cdps: int = 0
        self._share: int = 1
        self.restart()

    def restart(self) -> None:
        """Wait for a new pause; the zero is kept, it belongs to the sensor."""
        self._begin(0, 0, 0)

    def step(self, x_cdps: int, y_cdps: int, z_cdps: int, dt_us: int) -> None:
        """Take one reading."""
        if (
            abs(y_cdps - self._from_y_cdps) > STEADY_CDPS
            or abs(x_cdps - self._from_x_cdps) > STEADY_CDPS
            or abs(z_cdps - self._from_z_cdps) > STEADY_CDPS
            or self._n >= READINGS_MAX
        ):
            if self._n:
                self._begin(x_cdps, y_cdps, z_cdps)
            else:  # a foot that moves has nothing to forget
                self._from_x_cdps = x_cdps
                self._from_y_cdps = y_cdps
                self._from_z_cdps = z_cdps
            return
        self._sum_x_cdps += x_cdps
        self._sum_y_cdps += y_cdps
        self._sum_z_cdps += z_cdps
        self._n += 1
        self._steady_us += dt_us
        if self._steady_us >= STEADY_US:
            self._learn(self._sum_x_cdps // self._n, self._sum_y_cdps // self._n, self._sum_z_cdps // self._n)
            self._begin(x_cdps, y_cdps, z_cdps)

    def _begin(self, x_cdps: int, y_cdps: int, z_cdps: int) -> None:
        self._from_x_cdps: int = x_cdps
        self._from_y_cdps: int = y_cdps
        self._from_z_cdps: int = z_cdps
        self._sum_x_cdps: int = 0
        self._sum_y_cdps: int = 0
        self._sum_z_cdps: int = 0
        self._n: int = 0
        self._steady_us: int = 0

    def _learn(self, x_cdps: int, y_cdps: int, z_cdps: int) -> None:
        if max(abs(x_cdps), abs(y_cdps), abs(z_cdps)) > ZERO_MAX_CDPS:
            return
        self.x_cdps += (x_cdps - self.x_cdps) // self._share
        self.y_cdps += (y_cdps - self.y_cdps) // self._share
        self.z_cdps += (z_cdps - self.z_cdps) // self._share
        self._share = 4
