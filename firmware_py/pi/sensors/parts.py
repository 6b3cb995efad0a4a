"""The IMUs that are known: names in the kernel, registers, and what one count means at the range we ask for.

Always the widest common range: real feet pass 1000 deg/s, and a gyroscope that clips looks like a slow foot
(docs/faults.md, "clipped at 125 deg/s"). So the range is set, read back, and anything else is refused.
"""

from dataclasses import dataclass

GYRO_RANGE_DPS = 2000
ACC_RANGE_G = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Write `value` to `address`; reading back must give it under `mask`."""

    address: int
    value: int
    mask: int = 0xFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One IMU.

    gyro_num/gyro_den   cdps per count;  acc_num/acc_den   mg per count, at 2000 deg/s and 16 g
    gyro_scale, acc_scale   the same as the kernel writes them, rad/s and m/s2 per count
    iio_gyro, iio_acc   names of the IIO devices; equal if one device gives all six
    rate_hz         the rate we set on I2C, at or above the cycle's where the part can
    address         usual I2C address;  who_am_i   (register, values)
    reset           written first, then a pause;  set_up   written and read back;  checked   looked at again and again
    block           (first register, length) of one reading
    status, ready   place of the status byte in the block, and the bits that say that both sensors are new
    gyro_at, acc_at   places of the first bytes;  is_big_endian
    """

    name: str
    gyro_num: int
    gyro_den: int
    acc_num: int
    acc_den: int
    gyro_scale: float
    acc_scale: float
    iio_gyro: str
    iio_acc: str
    rate_hz: int
    address: int
    who_am_i: tuple[int, tuple[int, ...]]
    reset: tuple[Register, ...]
    set_up: tuple[Register, ...]
    checked: tuple[Register, ...]
    block: tuple[int, int]
    status: int
    ready: int
    gyro_at: int
    acc_at: int
    is_big_endian: bool


# ST, LSM6DSOX data sheet DS12814: 70 mdps and 0.488 mg per count; the kernel's driver is st_lsm6dsx.
_LSM_GYRO = Register(address=0x11, value=0x5C)  # CTRL2_G: 208 Hz, 2000 deg/s, not the 125 deg/s bit
_LSM_ACC = Register(address=0x10, value=0x54)  # CTRL1_XL: 208 Hz, 16 g
LSM6DSOX = Part(
    name="lsm6dsox",
    gyro_num=7,
    gyro_den=1,
    acc_num=61,
    acc_den=125,
    gyro_scale=0.001221730,
    acc_scale=0.004785,
    iio_gyro="lsm6dsox_gyro",
    iio_acc="lsm6dsox_accel",
    rate_hz=208,
    address=0x6A,
    who_am_i=(0x0F, (0x6C,)),
    reset=(Register(address=0x12, value=0x01),),  # CTRL3_C: SW_RESET
    set_up=(
        Register(address=0x12, value=0x44),  # CTRL3_C: no half-updated readings, addresses count up
        Register(address=0x17, value=0x00),  # CTRL8_XL: full-scale mode in which the range bits mean 16 g
        _LSM_ACC,
        _LSM_GYRO,
    ),
    checked=(_LSM_ACC, _LSM_GYRO),
    block=(0x1E, 16),  # STATUS_REG to OUTZ_H_A
    status=0,
    ready=0x03,
    gyro_at=4,
    acc_at=10,
    is_big_endian=False,
)

# InvenSense, MPU-6050 register map RM-MPU-6000A: 16.4 counts per deg/s and 2048 per g; the driver is inv_mpu6050.
_MPU_GYRO = Register(address=0x1B, value=0x18, mask=0xF8)  # 2000 deg/s
_MPU_ACC = Register(address=0x1C, value=0x18, mask=0xF8)  # 16 g
MPU6050 = Part(
    name="mpu6050",
    gyro_num=250,
    gyro_den=41,
    acc_num=125,
    acc_den=256,
    gyro_scale=0.001064724,
    acc_scale=0.004785,
    iio_gyro="mpu6050",
    iio_acc="mpu6050",
    rate_hz=200,
    address=0x68,
    who_am_i=(0x75, (0x68,)),
    reset=(Register(address=0x6B, value=0x80),),  # DEVICE_RESET
    set_up=(
        Register(address=0x6B, value=0x01),  # awake, clock of the gyroscope
        Register(address=0x19, value=4),  # 1 kHz / 5 = 200 Hz
        Register(address=0x1A, value=0x02),  # low pass 94 Hz, 3 ms
        Register(address=0x38, value=0x01),  # a new reading shows in INT_STATUS
        _MPU_GYRO,
        _MPU_ACC,
    ),
    checked=(_MPU_GYRO, _MPU_ACC, Register(address=0x6B, value=0x01)),
    block=(0x3A, 15),  # INT_STATUS to GYRO_ZOUT_L
    status=0,
    ready=0x01,
    gyro_at=9,
    acc_at=1,
    is_big_endian=True,
)

PARTS = {part.name: part for part in (LSM6DSOX, MPU6050)}


def scaled(count: int, num: int, den: int) -> int:
    """Return count * num / den, rounded half away from zero: the same whole number everywhere."""
    product = count * num
    return (2 * product + den) // (2 * den) if product >= 0 else -((den - 2 * product) // (2 * den))
