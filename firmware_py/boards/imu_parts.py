"""The IMUs that a board can read: registers, and what one count means at the range we ask for.

Always the widest range: real feet pass 1000 deg/s, and a gyroscope that clips looks like a slow foot. So the
range is written, read back, and looked at again and again (`imu.py`); anything else is refused.
"""

from collections import namedtuple

# name                  str;  address  usual I2C address;  who  (register, value)
# reset                 (register, value), written first, then a pause
# needs_image           True if the part wants its maker's configuration image before it measures
# set_up                ((register, value), ...), each read back
# checked               register of the first of two: accelerometer's, gyroscope's range;  checked_n  bytes read
# ranges                ((place, mask, value), ...) of those bytes
# block, block_n        first register and length of one reading
# status, ready         place of the status byte in it, bits that say both sensors are new
# gyro_at, acc_at       places of the first bytes, little-endian
# gyro_num, gyro_den    cdps per count;  acc_num, acc_den  mg per count
Part = namedtuple(
    "Part",
    (
        "name",
        "address",
        "who",
        "reset",
        "needs_image",
        "set_up",
        "checked",
        "checked_n",
        "ranges",
        "block",
        "block_n",
        "status",
        "ready",
        "gyro_at",
        "acc_at",
        "gyro_num",
        "gyro_den",
        "acc_num",
        "acc_den",
    ),
)

# ST, data sheet DS12814: 70 mdps and 0.488 mg per count.
LSM6DSOX = Part(
    name="lsm6dsox",
    address=0x6A,
    who=(0x0F, 0x6C),
    reset=(0x12, 0x01),  # CTRL3_C: SW_RESET
    needs_image=False,
    set_up=(
        (0x12, 0x44),  # CTRL3_C: no half-updated readings, addresses count up
        (0x17, 0x00),  # CTRL8_XL: full-scale mode in which the range bits mean 16 g
        (0x10, 0x54),  # CTRL1_XL: 208 Hz, 16 g
        (0x11, 0x5C),  # CTRL2_G: 208 Hz, 2000 deg/s, not the 125 deg/s bit
    ),
    checked=0x10,
    checked_n=2,
    ranges=((0, 0xFF, 0x54), (1, 0xFF, 0x5C)),
    block=0x1E,  # STATUS_REG to OUTZ_H_A
    block_n=16,
    status=0,
    ready=0x03,
    gyro_at=4,
    acc_at=10,
    gyro_num=7,
    gyro_den=1,
    acc_num=61,
    acc_den=125,
)

# Bosch, data sheet BST-BMI270-DS000: 16.4 counts per deg/s and 2048 per g. Not done: the gyroscope's cross-axis
# factor (it changes the rate about X by a share of that about Z; toe-up, about Y, is not touched).
BMI270 = Part(
    name="bmi270",
    address=0x68,
    who=(0x00, 0x24),
    reset=(0x7E, 0xB6),  # CMD: soft reset
    needs_image=True,
    set_up=(
        (0x40, 0xA9),  # ACC_CONF: 200 Hz, normal filter, best performance
        (0x41, 0x03),  # ACC_RANGE: 16 g
        (0x42, 0xE9),  # GYR_CONF: 200 Hz, normal filter, best noise and performance
        (0x43, 0x00),  # GYR_RANGE: 2000 deg/s
        (0x7D, 0x0E),  # PWR_CTRL: both sensors and the thermometer on
    ),
    checked=0x41,
    checked_n=3,
    ranges=((0, 0x03, 0x03), (2, 0x07, 0x00)),
    block=0x03,  # STATUS to the gyroscope's last byte
    block_n=21,
    status=0,
    ready=0xC0,
    gyro_at=15,
    acc_at=9,
    gyro_num=250,
    gyro_den=41,
    acc_num=125,
    acc_den=256,
)

PARTS = (LSM6DSOX, BMI270)


def part_called(name: str):
    """Return the Part of that name; ValueError with a sentence if there is none."""
    for part in PARTS:
        if part.name == name:
            return part
    known = ", ".join([part.name for part in PARTS])
    raise ValueError("imu is '%s'; known are %s. Name the one that is wired." % (name, known))


def scaled(count: int, num: int, den: int) -> int:
    """Return count * num / den, rounded half away from zero: the same whole number everywhere."""
    product = count * num
    return (2 * product + den) // (2 * den) if product >= 0 else -((den - 2 * product) // (2 * den))
