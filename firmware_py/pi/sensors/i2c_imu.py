"""An IMU over I2C without the kernel's driver: one reading a cycle, dated when it was read.

The fall-back for parts whose interrupt line is not wired. `bus` is an `smbus2.SMBus`, or what stands for it.
"""

import contextlib
import time
from collections.abc import Callable
from typing import Protocol

from firmware_py.pi.sensors.axes import Axes, Reading
from firmware_py.pi.sensors.errors import SensorError
from firmware_py.pi.sensors.parts import Part, Register, scaled

CHECK_EVERY = 20  # readings: every 0.1 s the range is read back from the part
RESET_S = 0.1  # MPU-6050: 100 ms; LSM6DSOX needs less
RESET_US = 100_000
MEND_EVERY_US = 2_000_000


class Bus(Protocol):
    """What we need of an I2C bus. Every trouble is an OSError."""

    def read_byte_data(self, address: int, register: int, /) -> int: ...
    def write_byte_data(self, address: int, register: int, value: int, /) -> None: ...
    def read_i2c_block_data(self, address: int, register: int, length: int, /) -> list[int]: ...


class I2cImu:
    """As `IioImu`, one reading at most per call, because the part is asked in the cycle itself.

    clock_us   CLOCK_MONOTONIC; a reading is dated half-way between asking and answer
    is_gone    True while the part does not answer or has lost its settings (a loose lead): nothing is believed
    Raises     SensorError unless the part is the right one and reads back range and rate
    """

    def __init__(
        self,
        part: Part,
        axes: Axes,
        bus: Bus,
        clock_us: Callable[[], int],
        *,
        address: int | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._part, self._axes, self._bus, self._clock_us = part, axes, bus, clock_us
        self._address = part.address if address is None else address
        self.rate_found_hz = float(part.rate_hz)
        self.is_gone = False
        self._until_check = CHECK_EVERY
        self._is_unsure = False  # it was reset, and what it needs is not all set
        self._is_next_set_up = False
        self._tried_us = -MEND_EVERY_US
        try:
            self._reset()
            pause(RESET_S)
            self._set_up()
        except SensorError:
            raise
        except OSError as e:
            raise SensorError(
                f"No {part.name} answers at address 0x{self._address:02x} ({e.strerror}). Check its wiring with "
                "`i2cdetect -y 1`, and bus and address in [imu]."
            ) from e

    def read(self) -> list[Reading]:
        """Return the new reading, if there is one. Takes the time of one transfer, about 0.5 ms at 400 kHz."""
        if self._is_unsure:
            return []
        try:
            self._until_check -= 1
            if self._until_check <= 0 or self.is_gone:
                self.is_gone = not self.is_set()
                self._until_check = CHECK_EVERY
            if self.is_gone:
                return []
            asked_us = self._clock_us()
            data = self._bus.read_i2c_block_data(self._address, *self._part.block)
            t_us = (asked_us + self._clock_us()) // 2
        except OSError:
            self.is_gone = True
            return []
        part = self._part
        if len(data) != part.block[1] or data[part.status] & part.ready != part.ready:
            return []
        rate = self._vector(data, part.gyro_at, part.gyro_num, part.gyro_den)
        force = self._vector(data, part.acc_at, part.acc_num, part.acc_den)
        return [(t_us, *rate, *force)]

    def mend(self) -> None:
        """Set a part up again that is gone: a call resets it, one after 100 ms sets it up, about 2 ms each.

        Once a cycle, while nobody is armed. What fails is tried again after 2 s.
        """
        if not (self.is_gone or self._is_unsure):
            return
        now_us = self._clock_us()
        since_us = now_us - self._tried_us
        with contextlib.suppress(OSError):  # still gone
            if self._is_next_set_up and since_us >= RESET_US:
                self._is_next_set_up = False
                self._set_up()
            elif since_us >= MEND_EVERY_US:
                self._tried_us = now_us
                self._reset()
                self._is_next_set_up = True

    def is_set(self) -> bool:
        """Return whether the part itself says that range and rate are ours."""
        return all(self._reads_back(one) for one in self._part.checked)

    def close(self) -> None:
        """Nothing to let go of: the bus belongs to whoever opened it."""

    def _reset(self) -> None:
        register, known = self._part.who_am_i
        said = self._bus.read_byte_data(self._address, register)
        if said not in known:
            expected = " or ".join(f"0x{one:02x}" for one in known)
            raise SensorError(
                f"The part at address 0x{self._address:02x} calls itself 0x{said:02x}; a {self._part.name} says "
                f"{expected}. Set part in [imu] to the one that is wired."
            )
        self._is_unsure = True
        for one in self._part.reset:
            self._bus.write_byte_data(self._address, one.address, one.value)

    def _set_up(self) -> None:
        for one in self._part.set_up:
            self._bus.write_byte_data(self._address, one.address, one.value)
        for one in self._part.set_up:
            if not self._reads_back(one):
                raise SensorError(
                    f"Register 0x{one.address:02x} of the {self._part.name} does not read back 0x{one.value:02x}, so "
                    "its range is not sure. Take its power off and begin again, or use another part."
                )
        self._is_unsure = False

    def _reads_back(self, one: Register) -> bool:
        return self._bus.read_byte_data(self._address, one.address) & one.mask == one.value & one.mask

    def _vector(self, data: list[int], at: int, num: int, den: int) -> tuple[int, int, int]:
        order = "big" if self._part.is_big_endian else "little"
        x, y, z = (
            scaled(int.from_bytes(bytes(data[at + 2 * i : at + 2 * i + 2]), order, signed=True), num, den)
            for i in range(3)
        )
        return self._axes.turned(x, y, z)


def open_bus(number: int) -> Bus:
    """Open /dev/i2c-NUMBER; SensorError with the next step if that fails."""
    try:
        from smbus2 import SMBus  # only on Linux
    except ImportError as e:
        raise SensorError("I2C needs the package smbus2, which is installed on Linux only.") from e
    try:
        return SMBus(number)
    except OSError as e:
        raise SensorError(
            f"/dev/i2c-{number} cannot be opened ({e.strerror}). Switch I2C on (`raspi-config`, Interface Options) and "
            "add your user to the group i2c."
        ) from e
