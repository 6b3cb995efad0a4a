"""An IMU through the kernel's IIO buffers: readings carry the time at which the part measured."""

from pathlib import Path

from firmware_py.pi.sensors.axes import Axes, Reading
from firmware_py.pi.sensors.iio_tree import DEV, SYS, IioDevice, the_device
from firmware_py.pi.sensors.parts import ACC_RANGE_G, GYRO_RANGE_DPS, Part, scaled

GYRO = ("anglvel_x", "anglvel_y", "anglvel_z")
ACC = ("accel_x", "accel_y", "accel_z")
ACC_KEPT = 16  # forces that wait for their rate
PAIR_MAX_US = 10_000  # between the rate and the force of one reading: two samples at 208 Hz


class IioImu:
    """`read()` returns the readings since the last call, oldest first, in body axes.

    root, dev   the kernel's folders; others in tests and in the simulation
    rate_hz     asked for;  rate_found_hz   what the part says it does
    is_gone     True after an error of the device: no reading comes any more
    Raises      SensorError unless range, clock and rate read back as they were set
    """

    def __init__(self, part: Part, axes: Axes, rate_hz: float, *, root: Path = SYS, dev: Path = DEV) -> None:
        self._part, self._axes = part, axes
        self.is_gone = False
        gyro = the_device(root, part.iio_gyro, dev)
        self._devices: list[tuple[IioDevice, tuple[str, ...]]] = [(gyro, GYRO)]
        if part.iio_acc == part.iio_gyro:
            self._devices = [(gyro, GYRO + ACC)]
        else:  # the force first: then a rate never has to wait for its force
            self._devices = [(the_device(root, part.iio_acc, dev), ACC), (gyro, GYRO)]
        self._acc: list[tuple[int, tuple[int, int, int]]] = []
        self.rate_found_hz = 0.0
        try:
            for one, wanted in self._devices:
                one.take()
                self._set_ranges(one, wanted)
                kind = "anglvel" if "anglvel_x" in wanted else "accel"
                self.rate_found_hz = one.set_rate(kind, rate_hz)
                one.start(wanted)
            self.check_range()
        except BaseException:
            self.close()
            raise

    def check_range(self) -> None:
        """Raise SensorError if a range is not the one that the counts are converted with."""
        part = self._part
        for one, wanted in self._devices:
            if "anglvel_x" in wanted:
                one.check_scale("anglvel", part.gyro_scale, f"{GYRO_RANGE_DPS} deg/s")
            if "accel_x" in wanted:
                one.check_scale("accel", part.acc_scale, f"{ACC_RANGE_G} g")

    def read(self) -> list[Reading]:
        """Return new readings; none while the part is silent or gone. Never waits."""
        if self.is_gone:
            return []
        found: list[Reading] = []
        try:
            for one, wanted in self._devices:
                for record in one.records():
                    t_us = record["timestamp"] // 1000
                    if "accel_x" in wanted:
                        self._acc = [*self._acc[1 - ACC_KEPT :], (t_us, self._force(record))]
                    if "anglvel_x" in wanted:
                        force = self._force_at(t_us)
                        if force is not None:
                            found.append((t_us, *self._rate(record), *force))
        except OSError:
            self.is_gone = True
        return found

    def mend(self) -> None:
        """Nothing: the kernel's driver holds the part, and sets it up when it is loaded."""

    def close(self) -> None:
        """Let the part rest. Safe to call twice."""
        for one, _ in self._devices:
            one.stop()

    def _set_ranges(self, one: IioDevice, wanted: tuple[str, ...]) -> None:
        if "anglvel_x" in wanted:
            one.set_scale("anglvel", self._part.gyro_scale, f"{GYRO_RANGE_DPS} deg/s")
        if "accel_x" in wanted:
            one.set_scale("accel", self._part.acc_scale, f"{ACC_RANGE_G} g")

    def _rate(self, record: dict[str, int]) -> tuple[int, int, int]:
        num, den = self._part.gyro_num, self._part.gyro_den
        x, y, z = (scaled(record[name], num, den) for name in GYRO)
        return self._axes.turned(x, y, z)

    def _force(self, record: dict[str, int]) -> tuple[int, int, int]:
        num, den = self._part.acc_num, self._part.acc_den
        x, y, z = (scaled(record[name], num, den) for name in ACC)
        return self._axes.turned(x, y, z)

    def _force_at(self, t_us: int) -> tuple[int, int, int] | None:
        """Return the force nearest to `t_us`; None if there is none within PAIR_MAX_US."""
        acc = self._acc
        while len(acc) > 1 and abs(acc[1][0] - t_us) <= abs(acc[0][0] - t_us):
            acc.pop(0)
        if not acc or abs(acc[0][0] - t_us) > PAIR_MAX_US:
            return None
        return acc[0][1]
