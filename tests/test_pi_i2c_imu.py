"""The IMU of a Pi over I2C: when a reading was made, what is not believed, and how a part is set up again."""

import struct

import pytest

from firmware_py.pi.sensors.axes import IDENTITY, axes_of
from firmware_py.pi.sensors.errors import SensorError
from firmware_py.pi.sensors.i2c_imu import I2cImu
from firmware_py.pi.sensors.parts import LSM6DSOX, MPU6050

STRAIGHT = axes_of(IDENTITY)
BOTH = pytest.mark.parametrize("part", [LSM6DSOX, MPU6050], ids=lambda part: part.name)


class Chip:
    """A bus with one part: registers that keep what is written; `stuck` ones do not."""

    def __init__(self, part, who=None):
        self.part = part
        self.registers = [0] * 256
        self.registers[part.who_am_i[0]] = part.who_am_i[1][0] if who is None else who
        self.stuck = {}
        self.is_there = True
        self.transfers = 0

    def _look(self, address):
        self.transfers += 1
        if not self.is_there or address != self.part.address:
            raise OSError(121, "Remote I/O error")

    def read_byte_data(self, address, register):
        self._look(address)
        return self.stuck.get(register, self.registers[register])

    def write_byte_data(self, address, register, value):
        self._look(address)
        is_reset = any(one.address == register and one.value == value for one in self.part.reset)
        self.registers[register] = 0 if is_reset else value

    def read_i2c_block_data(self, address, register, length):
        self._look(address)
        data = self.registers[register : register + length]
        self.registers[self.part.block[0] + self.part.status] = 0  # reading clears "new"
        return data

    def measure(self, gyro, acc):
        part = self.part
        order = ">" if part.is_big_endian else "<"
        for at, values in ((part.gyro_at, gyro), (part.acc_at, acc)):
            start = part.block[0] + at
            self.registers[start : start + 6] = struct.pack(f"{order}3h", *values)
        self.registers[part.block[0] + part.status] = part.ready


class Clock:
    def __init__(self):
        self.us = 5_000_000

    def __call__(self):
        self.us += 100
        return self.us


def on_i2c(chip, axes=STRAIGHT):
    return I2cImu(chip.part, axes, chip, Clock(), pause=lambda s: None)


@BOTH
def test_a_reading_is_dated_half_way_and_comes_once(part):
    chip = Chip(part)
    imu = on_i2c(chip)
    chip.measure((100, -200, 300), (-16, 0, 2048))
    ((t_us, *values),) = imu.read()
    assert t_us == 5_000_150
    expected = {
        "lsm6dsox": [700, -1400, 2100, -8, 0, 999],
        "mpu6050": [610, -1220, 1829, -8, 0, 1000],
    }[part.name]
    assert values == expected
    assert imu.read() == []


@BOTH
def test_every_setting_is_read_back(part):
    for one in part.set_up:
        chip = Chip(part)
        chip.stuck = {one.address: ~one.value & 0xFF}
        with pytest.raises(SensorError, match=f"Register 0x{one.address:02x}"):
            on_i2c(chip)


@BOTH
def test_a_part_that_lost_its_settings_is_not_believed_any_more(part):
    for one in part.checked:
        chip = Chip(part)
        imu = on_i2c(chip)
        chip.measure((1, 2, 3), (0, 0, 2048))
        assert len(imu.read()) == 1
        chip.registers[one.address] = 0  # a loose lead: the part began again with its own defaults
        told = 0
        for _ in range(40):
            chip.measure((1, 2, 3), (0, 0, 2048))
            told += len(imu.read())
        assert told < 20
        assert imu.is_gone


@BOTH
def test_a_part_that_comes_back_with_its_settings_speaks_again(part):
    chip = Chip(part)
    imu = on_i2c(chip)
    chip.is_there = False
    assert imu.read() == []
    assert imu.is_gone
    chip.is_there = True
    chip.measure((1, 2, 3), (0, 0, 2048))
    assert len(imu.read()) == 1
    assert not imu.is_gone


def lost(part):
    """Return chip, clock and IMU of a part that has lost its power for a moment."""
    chip, clock = Chip(part), Clock()
    imu = I2cImu(part, STRAIGHT, chip, clock, pause=lambda s: None)
    for one in part.set_up:
        chip.registers[one.address] = 0
    chip.measure((1, 2, 3), (0, 0, 2048))
    for _ in range(20):
        imu.read()
    assert imu.is_gone
    return chip, clock, imu


def readings_for(us, chip, clock, imu, *, mends=True):
    """Return (us since the start, readings of one cycle) for each cycle that had some."""
    found, began = [], clock.us
    while clock.us < began + us:
        clock.us += 5_000
        chip.measure((1, 2, 3), (0, 0, 2048))
        if got := imu.read():
            found.append((clock.us - began, got))
        if mends:
            imu.mend()
    return found


@BOTH
def test_a_part_that_lost_its_settings_is_set_up_again_while_nobody_is_armed(part):
    chip, clock, imu = lost(part)
    assert readings_for(3_000_000, chip, clock, imu, mends=False) == [], "armed: it is left alone"
    found = readings_for(500_000, chip, clock, imu)
    assert 100_000 <= found[0][0] < 130_000, "after its reset, which needs its time"
    assert found[0][1][0][6] in (999, 1000)
    for one in part.set_up:
        assert chip.registers[one.address] & one.mask == one.value & one.mask
    before = chip.transfers
    imu.mend()
    assert chip.transfers == before, "a part that speaks is left alone"


@BOTH
def test_no_call_that_sets_up_again_waits_or_talks_for_long(part):
    chip, clock, imu = lost(part)
    most = 0
    for _ in range(600):
        clock.us += 5_000
        before = chip.transfers
        imu.mend()
        most = max(most, chip.transfers - before)
    assert 0 < most <= 2 * len(part.set_up)


@BOTH
def test_a_part_that_cannot_be_set_up_again_stays_silent_and_is_tried_every_2_s(part):
    chip, clock, imu = lost(part)
    chip.stuck = {part.set_up[0].address: ~part.set_up[0].value & 0xFF}
    before = chip.transfers
    assert readings_for(6_100_000, chip, clock, imu) == [], "its ranges may read back right, and are not sure"
    tries = (chip.transfers - before) / (2 + len(part.set_up) + 1)
    assert 3 <= tries <= 4
    chip.stuck = {}
    assert readings_for(3_000_000, chip, clock, imu)


@BOTH
def test_another_part_is_not_written_to(part):
    chip, _, imu = lost(part)
    chip.registers[part.who_am_i[0]] = 0x55
    before = list(chip.registers)
    imu.mend()
    assert chip.registers == before


def test_a_part_that_is_away_for_a_while_is_set_up_when_it_is_back():
    chip, clock, imu = lost(LSM6DSOX)
    chip.is_there = False
    assert readings_for(5_000_000, chip, clock, imu) == []
    chip.is_there = True
    assert readings_for(2_500_000, chip, clock, imu)


def test_the_wrong_part_and_no_part_are_told_apart():
    with pytest.raises(SensorError, match="calls itself 0x68; a lsm6dsox says 0x6c"):
        on_i2c(Chip(LSM6DSOX, who=0x68))
    chip = Chip(MPU6050)
    chip.is_there = False
    with pytest.raises(SensorError, match="No mpu6050 answers at address 0x68"):
        on_i2c(chip)
