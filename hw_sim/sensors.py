"""The simulated heel switch and IMU, offered as the HAL's `Sensors`: whole numbers, own clock."""

import math
from collections import deque

from firmware_py.hal import Sensors
from safety.clock import WRAP_MASK_US
from safety.sample import HEEL_DOWN, HEEL_NONE, HEEL_UP

from .heel_switch import HeelSwitch
from .imu import GRAVITY_MPS2, Imu, ImuSettings, drawn_settings
from .leg import Leg

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
    has_heel     False: no switch fitted, HEEL_NONE
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
        seed: int | None = None,
    ) -> None:
        if not 10.0 <= rate_hz <= 1000.0:
            raise ValueError(f"rate_hz is {rate_hz}; allowed is 10 to 1000. Choose a rate in this range.")
        side = leg.settings.side
        seed = leg.settings.seed if seed is None else seed
        self.rate_hz = rate_hz
        self.t_us_start = t_us_start
        self.has_heel = has_heel
        self.imu = Imu(imu if imu is not None else drawn_settings(place, side, seed), side, seed)
        self.heel_switch = HeelSwitch(seed)
        self.lost_total = 0
        self._period_us = 1e6 / rate_hz
        self._samples_total = 0
        self._next_us = round(self._period_us)
        self._waiting: deque[tuple[int, ...]] = deque()
        leg.attach(self)

    def look(self, leg: Leg) -> None:
        """Called by the leg after each millisecond: measure if a sample is due."""
        now_us = leg.walker.now_us
        self.imu.watch(leg)
        self.heel_switch.step(now_us, leg.foot.heel_m)
        if now_us < self._next_us:
            return
        t_us = (self.t_us_start + self._next_us) & WRAP_MASK_US
        self._samples_total += 1
        self._next_us = round((self._samples_total + 1) * self._period_us)
        self.imu.measure(leg)
        heel = HEEL_NONE
        if self.has_heel:
            heel = HEEL_DOWN if self.heel_switch.is_down else HEEL_UP
        gyro_cdps = [round(rate * CDPS_PER_RAD_S) for rate in self.imu.gyro]
        acc_mg = [round(force * MG_PER_MPS2) for force in self.imu.acc]
        if len(self._waiting) >= QUEUE_MAX:
            self._waiting.popleft()
            self.lost_total += 1
        self._waiting.append((t_us, *gyro_cdps, *acc_mg, heel))

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
