"""The simulated heel switch and IMU, offered as the HAL's `Sensors`: whole numbers, own clock."""

import math
from collections import deque

from firmware_py.hal import Sensors
from safety.clock import WRAP_MASK_US
from safety.sample import HEEL_DOWN, HEEL_NONE, HEEL_UP

from .heel_switch import HeelSwitch, HeelSwitchSettings
from .imu import Imu, ImuSettings, drawn_settings
from .leg import Leg
from .stretch import GRAVITY_MPS2

CDPS_PER_RAD_S = 18_000.0 / math.pi
MG_PER_MPS2 = 1_000.0 / GRAVITY_MPS2
JUST_BEFORE_WRAP_US = WRAP_MASK_US + 1 - 5_000_000  # so that every run passes the wrap after 5 s
QUEUE_MAX = 512  # like a chip's FIFO: the oldest readings fall out


class SimSensors(Sensors):
    """Heel switch and IMU of one leg, sampled at `rate_hz` while the leg moves.

    leg          Leg, to which these sensors attach themselves
    rate_hz      100 to 208 in use; 10 to 1000 allowed
    place        "foot" or "shank"; imu, if given, says more (mounting, bias, noise) and wins
    t_us_start   clock reading at simulator time 0
    has_heel     False: no switch fitted, HEEL_NONE;  heel  how worn it is;  heel_foot  "own" or "other" foot
    seed         of mounting, bias, noise and bounce; None: the walker's
    """

    def __init__(
        self,
        leg: Leg,
        *,
        rate_hz: float = 100.0,
        place: str = "foot",
        imu: ImuSettings | None = None,
        t_us_start: int = JUST_BEFORE_WRAP_US,
        has_heel: bool = True,
        heel: HeelSwitchSettings | None = None,
        heel_foot: str = "own",
        seed: int | None = None,
    ) -> None:
        if not 10.0 <= rate_hz <= 1000.0:
            raise ValueError(f"rate_hz is {rate_hz}; allowed is 10 to 1000. Choose a rate in this range.")
        if heel_foot not in ("own", "other"):
            raise ValueError(f"heel_foot is '{heel_foot}'; known are own, other. Name one of these.")
        side = leg.settings.side
        seed = leg.settings.seed if seed is None else seed
        self.rate_hz = rate_hz
        self.t_us_start = t_us_start
        self.has_heel = has_heel
        worn = imu if imu is not None else drawn_settings(place, side, seed)
        self.imu = Imu(worn, leg.settings.style_used, side, seed, rate_hz)
        self.heel_switch = HeelSwitch(seed, heel)
        self._is_other = heel_foot == "other"
        self.lost_total = 0
        self._period_us = 1e6 / rate_hz
        self._samples_total = 0
        self.next_us = self._after(leg.now_us)
        self._waiting: deque[tuple[int, ...]] = deque()
        leg.attach(self)

    def _after(self, now_us: int) -> int:
        while round((self._samples_total + 1) * self._period_us) <= now_us:
            self._samples_total += 1
        return round((self._samples_total + 1) * self._period_us)

    def look(self, leg: Leg) -> None:
        """Called by the leg in the millisecond in which a reading is due."""
        at_us = self.next_us
        t_us = (self.t_us_start + at_us) & WRAP_MASK_US
        self._samples_total += 1
        self.next_us = round((self._samples_total + 1) * self._period_us)
        walker, footing = leg.walker, leg.foot.now
        self.imu.measure(walker, footing)
        heel = HEEL_NONE
        if self.has_heel:
            if self._is_other:
                self.heel_switch.step_other(walker.now_us, walker.other_heel_is_down)
            else:
                load = walker.heel_load if self.heel_switch.settings.closes_at_load else 1.0
                self.heel_switch.step(walker.now_us, footing, walker.i, load)
            heel = HEEL_DOWN if self.heel_switch.is_down else HEEL_UP
        gx, gy, gz = self.imu.gyro
        ax, ay, az = self.imu.acc
        if len(self._waiting) >= QUEUE_MAX:
            self._waiting.popleft()
            self.lost_total += 1
        c, m = CDPS_PER_RAD_S, MG_PER_MPS2
        self._waiting.append(
            (
                t_us,
                round(gx * c),
                round(gy * c),
                round(gz * c),
                round(ax * m),
                round(ay * m),
                round(az * m),
                heel,
            )
        )

    def read(self, sample) -> bool:
        """Fill `sample` (safety.sample.Sample) with the oldest unread reading; False if there is none."""
        if not self._waiting:
            return False
        (
            sample.t_us,
            sample.gyro_x_cdps,
            sample.gyro_y_cdps,
            sample.gyro_z_cdps,
            sample.acc_x_mg,
            sample.acc_y_mg,
            sample.acc_z_mg,
            sample.heel,
        ) = self._waiting.popleft()
        sample.has_imu = 1
        return True
