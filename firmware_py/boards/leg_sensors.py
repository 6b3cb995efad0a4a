"""The HAL's `Sensors` on a board: one reading a cycle, the heel switch with each."""

from firmware_py.hal import Sensors
from safety.sample import HEEL_DOWN, HEEL_NONE, HEEL_UP


class LegSensors(Sensors):
    """One leg.

    imu       firmware_py.boards.imu.Imu
    switch    machine.Pin, closed to ground while the heel is down; None if none is fitted
    ticks_us  the clock
    While the IMU is silent the switch speaks alone, once a cycle.
    """

    def __init__(self, imu, switch, ticks_us) -> None:
        self._imu = imu
        self._switch = switch
        self._ticks_us = ticks_us
        self._has_told: bool = False  # in this cycle

    def read(self, sample) -> bool:
        """Fill `sample`; False if this cycle has had its reading."""
        if self._has_told:
            self._has_told = False
            return False
        if self._imu.read(sample):
            sample.has_imu = 1
        elif self._switch is None or not self._imu.is_silent():
            return False
        else:
            sample.t_us = self._ticks_us()
            sample.has_imu = 0
            sample.gyro_x_cdps = sample.gyro_y_cdps = sample.gyro_z_cdps = 0
            sample.acc_x_mg = sample.acc_y_mg = sample.acc_z_mg = 0
        sample.heel = HEEL_NONE
        if self._switch is not None:
            sample.heel = HEEL_UP if self._switch.value() else HEEL_DOWN
        self._has_told = True
        return True
