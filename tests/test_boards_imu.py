"""The IMU of a board: set up, read back, believed only while its range is ours, and what trouble on the bus does."""

import json
from pathlib import Path

import pytest

from firmware_py.axes import Axes
from safety import faults, supervisor
from safety.sample import HEEL_DOWN, HEEL_NONE, HEEL_UP, Sample
from tests.fake_board import fake_board
from tests.mpy import board_loop
from tests.test_portable_loop import encoded

TRACE = (Path(__file__).resolve().parent / "golden" / "walk_trace.bin").read_bytes()
LSM_ADDRESS, BMI_ADDRESS = 0x6A, 0x68
NAK, STUCK = 1, 2


def trace_of(*rows):
    """rows: (gyro x, y, z in cdps, acc x, y, z in mg), 5 ms apart."""
    data = b""
    for row in rows:
        sample = Sample()
        sample.gyro_x_cdps, sample.gyro_y_cdps, sample.gyro_z_cdps = row[:3]
        sample.acc_x_mg, sample.acc_y_mg, sample.acc_z_mg = row[3:]
        sample.heel = HEEL_DOWN
        data += encoded(sample, 5_000)
    return data


class Bmi270:
    """The registers of a BMI270 that measures one row for ever, and only after its image was loaded."""

    IMAGE = bytes(range(256)) * 32

    def __init__(self, row=(0, 0, 0, 0, 0, 2048)):
        self.registers = bytearray(128)
        self.image = bytearray(len(self.IMAGE))
        self.row = row
        self.is_loaded = False
        self.registers[0x00] = 0x24

    def read(self, register, buf):
        if register == 0x21:
            buf[0] = 1 if self.is_loaded else 2
            return
        if register == 0x03:
            self.registers[0x03] = 0xC0 if self.is_loaded and self.registers[0x7D] == 0x0E else 0
            for i, value in enumerate((*self.row[3:], *self.row[:3])):
                self.registers[0x0C + 2 * i : 0x0E + 2 * i] = (value & 0xFFFF).to_bytes(2, "little")
        buf[:] = self.registers[register : register + len(buf)]

    def write(self, register, data):
        if register == 0x7E and data[0] == 0xB6:
            self.registers[0x7D] = 0
            self.is_loaded = False
        elif register == 0x5E:
            at = 2 * (self.registers[0x5B] | self.registers[0x5C] << 4)
            self.image[at : at + len(data)] = data
        elif register == 0x59 and data[0] == 1:
            self.is_loaded = bytes(self.image) == self.IMAGE
        elif register == 0x5B:
            self.registers[0x5B : 0x5B + len(data)] = data
        else:
            self.registers[register] = data[0]


@pytest.fixture
def rig(tmp_path):
    with fake_board(tmp_path) as rig:
        rig.board("imu")
        yield rig


def imu_of(rig, part, chip_part, address, axes=("+x", "+y", "+z")):
    import time

    import machine

    rig.chip.parts[address] = chip_part
    i2c = machine.I2C(0, scl=None, sda=None, timeout=3_000)  # pyright: ignore[reportArgumentType]
    parts = rig.board("imu_parts")
    ticks_us, sleep_ms = time.ticks_us, time.sleep_ms  # pyright: ignore[reportAttributeAccessIssue]
    return rig.board("imu").Imu(i2c, parts.part_called(part), Axes(axes), ticks_us, sleep_ms)


def lsm(rig, trace):
    import board_parts  # pyright: ignore[reportMissingImports]

    return board_parts.Lsm6dsox(trace, rig.chip.now_us)


def values(sample):
    return (
        sample.gyro_x_cdps,
        sample.gyro_y_cdps,
        sample.gyro_z_cdps,
        sample.acc_x_mg,
        sample.acc_y_mg,
        sample.acc_z_mg,
    )


def test_counts_of_an_lsm6dsox_become_hundredths_of_a_degree_and_thousandths_of_g(rig):
    row = (7_000, -21_000, 210, 1_000, -2_000, 15_900)
    imu = imu_of(rig, "lsm6dsox", lsm(rig, trace_of(row)), LSM_ADDRESS)
    imu.begin()
    rig.chip.pass_us(5_000)
    sample = Sample()
    assert imu.read(sample)
    assert values(sample)[:3] == row[:3], "multiples of 7 are exact"
    assert all(abs(a - b) <= 1 for a, b in zip(values(sample)[3:], row[3:], strict=True))
    assert sample.t_us == rig.chip.now_us
    assert not imu.read(sample), "nothing new yet"


def test_the_widest_range_is_told_in_full(rig):
    row = (32_767 * 7, -32_768 * 7, 0, 15_989, -15_989, 0)
    imu = imu_of(rig, "lsm6dsox", lsm(rig, trace_of(row)), LSM_ADDRESS)
    imu.begin()
    rig.chip.pass_us(5_000)
    sample = Sample()
    assert imu.read(sample)
    assert sample.gyro_x_cdps == 229_369
    assert sample.gyro_y_cdps == -229_376
    assert abs(sample.acc_x_mg - 15_990) <= 1


def test_counts_of_a_bmi270_too_and_its_image_is_loaded_whole(rig):
    part = Bmi270((164, -1640, 32_767, 2048, -2048, 1024))
    imu = imu_of(rig, "bmi270", part, BMI_ADDRESS)
    imu.begin(Bmi270.IMAGE)
    sample = Sample()
    assert imu.read(sample)
    assert values(sample) == (1_000, -10_000, 199_799, 1_000, -1_000, 500)
    assert bytes(part.image) == Bmi270.IMAGE


@pytest.mark.parametrize("image", [None, b"", bytes(7), bytes(8192)])
def test_a_bmi270_without_the_right_image_is_refused(rig, image):
    imu = imu_of(rig, "bmi270", Bmi270(), BMI_ADDRESS)
    with pytest.raises(ValueError, match="image"):
        imu.begin(image)
    assert imu.is_gone
    assert not imu.read(Sample())


def test_axes_are_turned_into_those_of_the_leg(rig):
    row = (700, 1_400, 2_100, 122, 244, 366)
    imu = imu_of(rig, "lsm6dsox", lsm(rig, trace_of(row)), LSM_ADDRESS, ("-y", "+x", "+z"))
    imu.begin()
    rig.chip.pass_us(5_000)
    sample = Sample()
    imu.read(sample)
    assert values(sample) == (-1_400, 700, 2_100, -244, 122, 366)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("+x", "+y"), "allowed are three"),
        (("x", "+y", "+z"), "allowed are three"),
        (("+x", "+y", "+w"), "allowed are three"),
        (("+x", "+x", "+z"), "must stand there once"),
        (("-x", "+y", "+z"), "mirror image"),
        (("+y", "+x", "+z"), "mirror image"),
        (("-x", "-y", "-z"), "mirror image"),
    ],
)
def test_axes_that_are_no_rotation_are_refused(words, says):
    with pytest.raises(ValueError, match=says):
        Axes(words)


def test_every_rotation_of_the_axes_keeps_handedness():
    accepted = 0
    for a in ("+x", "-x", "+y", "-y", "+z", "-z"):
        for b in ("+x", "-x", "+y", "-y", "+z", "-z"):
            for c in ("+x", "-x", "+y", "-y", "+z", "-z"):
                try:
                    Axes((a, b, c))
                except ValueError:
                    continue
                accepted += 1
    assert accepted == 24


# Trouble at the start -------------------------------------------------------------------------------------


def test_nobody_at_the_address_is_refused_with_a_sentence(rig):
    imu = imu_of(rig, "lsm6dsox", lsm(rig, TRACE), LSM_ADDRESS)
    del rig.chip.parts[LSM_ADDRESS]
    with pytest.raises(ValueError, match=r"No lsm6dsox answers at address 0x6a"):
        imu.begin()


def test_a_part_with_another_name_is_refused(rig):
    part = lsm(rig, TRACE)
    part.who = 0x6B
    with pytest.raises(ValueError, match="calls itself 0x6b"):
        imu_of(rig, "lsm6dsox", part, LSM_ADDRESS).begin()


@pytest.mark.parametrize("bits", [0x04, 0x08, 0x10, 0x0C])
def test_a_range_that_does_not_read_back_is_refused(rig, bits):
    part = lsm(rig, TRACE)
    part.stuck_bits = bits
    imu = imu_of(rig, "lsm6dsox", part, LSM_ADDRESS)
    with pytest.raises(ValueError, match="its range is not sure"):
        imu.begin()
    assert imu.is_gone


def test_an_unknown_part_is_refused(rig):
    with pytest.raises(ValueError, match="known are lsm6dsox, bmi270"):
        rig.board("imu_parts").part_called("mpu6050")


# Trouble while walking ------------------------------------------------------------------------------------


def until_stimulating(walk):
    walk.arm()
    walk.until(lambda: walk.sup.state == supervisor.STIMULATING, 8_000)


@pytest.mark.parametrize("trouble", [NAK, STUCK])
def test_a_bus_that_fails_is_not_believed_and_help_ends(tmp_path, trouble):
    with fake_board(tmp_path) as rig:
        walk = rig.walk(TRACE)
        until_stimulating(walk)
        walk.part.trouble = trouble
        walk.cycles(400)
        assert walk.superloop.board.imu.errors > 0
        assert walk.sup.state != supervisor.STIMULATING
        assert walk.sup.held_by == faults.IMU_STALE
        before = walk.chip.pulses_n
        walk.cycles(400)
        assert walk.chip.pulses_n == before
        assert walk.superloop.overruns <= 20, (
            "a bus that hangs costs its time-out ten times a second, not each cycle"
        )


@pytest.mark.parametrize("wrong", ["range", "rate", "off"])
def test_a_part_that_restarted_with_another_range_is_found_within_a_tenth_of_a_second(tmp_path, wrong):
    with fake_board(tmp_path) as rig:
        walk = rig.walk(TRACE)
        until_stimulating(walk)
        registers = walk.part.registers
        if wrong == "range":
            registers[0x11] = 0x52  # 125 deg/s: everything reads sixteen times too large
        elif wrong == "rate":
            registers[0x10] = 0x14
        else:
            walk.part.forget()
        read = []
        real = walk.loop.cycle.detector.step
        walk.loop.cycle.detector.step = lambda s: (read.append(s.has_imu), real(s))[1]
        walk.cycles(400)
        assert walk.superloop.board.imu.is_gone
        assert sum(read) <= 20
        before = walk.chip.pulses_n
        walk.cycles(400)
        assert walk.chip.pulses_n == before


def test_a_part_that_answers_but_does_not_measure_leaves_the_word_to_the_switch(tmp_path):
    with fake_board(tmp_path) as rig:
        walk = rig.walk(TRACE)
        until_stimulating(walk)
        walk.part.is_dead = True
        seen = []
        real = walk.guard.take_sample
        walk.guard.take_sample = lambda s: (seen.append((s.has_imu, s.heel)), real(s))[1]
        walk.cycles(200)
        assert {imu for imu, _ in seen} == {0}
        assert {heel for _, heel in seen} <= {HEEL_UP, HEEL_DOWN}
        assert len(seen) > 150


def test_an_imu_that_comes_back_is_set_up_again_only_while_nobody_is_armed(tmp_path):
    with fake_board(tmp_path) as rig:
        walk = rig.walk(TRACE)
        until_stimulating(walk)
        writes = walk.part.writes
        walk.part.forget()
        walk.cycles(1_000)
        assert walk.part.writes == writes, "never while armed"
        walk.guard.disarm()
        walk.cycles(900)
        assert walk.part.writes > writes
        assert not walk.superloop.board.imu.is_gone


def test_without_a_switch_the_heel_is_not_known(tmp_path):
    with fake_board(tmp_path) as rig:
        (tmp_path / "x").touch()
        real = board_loop.SETUP
        board_loop.SETUP = (
            json.dumps(json.loads(real % ("rp2", "right")) | {"has_switch": False})
            .replace('"rp2"', '"%s"')
            .replace('"right"', '"%s"')
        )
        try:
            walk = rig.walk(TRACE)
        finally:
            board_loop.SETUP = real
        seen = set()
        take = walk.guard.take_sample
        walk.guard.take_sample = lambda s: (seen.add(s.heel), take(s))[1]
        walk.cycles(200)
        assert seen == {HEEL_NONE}
