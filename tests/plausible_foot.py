"""A foot that tests of `safety.plausibility` can move by hand, and the clock beside it."""

from safety.plausibility import Plausibility
from safety.sample import HEEL_DOWN, HEEL_NONE, HEEL_UP, Sample

T0_US = 2**30 - 1_000_000  # the clock wraps after one second
MASK = 2**30 - 1
FORWARD, BACK = 2_900, -1_720
IMU, SWITCH, BOTH = (True, False), (False, True), (True, True)


class Bench:
    """Plausibility, a clock, and a foot that one can move. Faults told since the last `told()` are kept."""

    def __init__(self, sensors: tuple[bool, bool] = IMU) -> None:
        self.has_imu, self.has_switch = sensors
        self.p = Plausibility(*sensors)
        self.t_us = T0_US
        self.swing = 0
        self.heel = HEEL_DOWN
        self.n = 0
        self.faults: set[int] = set()

    def drain(self) -> None:
        while fault_id := self.p.take_fault():
            self.faults.add(fault_id)

    def told(self) -> set[int]:
        """Return the faults told since the last time."""
        told, self.faults = self.faults, set()
        return told

    def sample(self, gyro_y_cdps: int = 0, *, alive: bool = True, **values: int) -> Sample:
        """Return a sample of now; alive: the last digits tremble as those of a real sensor."""
        s = Sample()
        self.n += alive
        s.t_us = self.t_us
        s.has_imu = int(self.has_imu)
        s.gyro_y_cdps = gyro_y_cdps
        s.gyro_x_cdps = self.n % 2
        s.acc_z_mg = 1000
        s.heel = self.heel if self.has_switch else HEEL_NONE
        for name, value in values.items():
            setattr(s, name, value)
        return s

    def wait(
        self,
        ms: int,
        gyro_y_cdps: int = 0,
        *,
        dt_ms: int = 10,
        see: bool = True,
        steady: bool = False,
        **values,
    ) -> None:
        """Let time pass with a sample every dt_ms; every second one of a fast turn is slower, unless steady."""
        slower = 0 if steady or abs(gyro_y_cdps) < 6_000 else -1 if gyro_y_cdps > 0 else 1
        for k in range(ms // dt_ms):
            self.t_us = (self.t_us + dt_ms * 1000) & MASK
            self.p.advance(dt_ms * 1000)
            if see:
                self.p.see(self.sample(gyro_y_cdps + k % 2 * slower, **values))
            self.p.swing(self.swing)
            self.drain()

    def wait_with(self, ms: int, name: str, value: int) -> None:
        """Let time pass with samples that tremble in no digit and hold `value` in the field `name`."""
        self.wait(ms, alive=False, **{name: value})  # pyright: ignore[reportArgumentType]

    def step(self, forward: int = 5_000, *, burst: bool = False, lands: bool = True) -> None:
        """One stride of 1.1 s: heel off, forward, contact, stance."""
        self.swing, self.heel = 1, HEEL_UP
        self.wait(200, -5_000)
        self.wait(100, forward)
        if burst:
            self.p.burst_began()
        self.wait(200, forward)
        self.swing, self.heel = 0, HEEL_DOWN if lands else HEEL_UP
        self.wait(100, -3_000 if lands else forward)
        if burst:
            self.p.burst_ended()
        self.wait(500, 0 if lands else forward)
