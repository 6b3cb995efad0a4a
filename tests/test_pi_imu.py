"""The IMU on a Pi: through the kernel's folders and through I2C; range, axes and times, and what is refused."""

import math
import os
import struct

import pytest

from firmware_py.pi.sensors.axes import IDENTITY, axes_of
from firmware_py.pi.sensors.errors import SensorError
from firmware_py.pi.sensors.i2c_imu import I2cImu
from firmware_py.pi.sensors.iio_imu import IioImu
from firmware_py.pi.sensors.iio_scan import Layout, element_of
from firmware_py.pi.sensors.parts import LSM6DSOX, MPU6050, PARTS, scaled
from hw_sim.fake_iio import FakeIio

STRAIGHT = axes_of(IDENTITY)
BOTH = pytest.mark.parametrize("part", [LSM6DSOX, MPU6050], ids=lambda part: part.name)


def opened(fake, axes=STRAIGHT, rate_hz=200.0):
    return IioImu(fake.part, axes, rate_hz, root=fake.root, dev=fake.dev)


@pytest.fixture
def fake(request, tmp_path):
    made = FakeIio(tmp_path, getattr(request, "param", LSM6DSOX))
    yield made
    made.close()


def each_part(function):
    return pytest.mark.parametrize("fake", [LSM6DSOX, MPU6050], ids=lambda p: p.name, indirect=True)(function)


@each_part
def test_a_reading_comes_with_its_own_time_in_our_units(fake):
    imu = opened(fake)
    for i in range(3):
        fake.write(10_000_000 + i * 4_800, (1000 + i, -500, 0), (0, 0, 2049))
    cdps = {"lsm6dsox": (7000, -3500), "mpu6050": (6098, -3049)}[fake.part.name]
    mg = {"lsm6dsox": 1000, "mpu6050": 1000}[fake.part.name]
    first = imu.read()
    assert [r[0] for r in first] == [10_000_000, 10_004_800, 10_009_600]
    assert first[0] == (10_000_000, *cdps, 0, 0, 0, mg)
    assert imu.read() == []
    imu.close()


@each_part
def test_range_rate_and_clock_are_set_before_the_buffer_runs(fake):
    imu = opened(fake)
    assert float(fake.file("in_anglvel_scale").read_text()) == pytest.approx(fake.part.gyro_scale, rel=0.005)
    assert fake.file("current_timestamp_clock").read_text().strip() == "monotonic"
    assert fake.file("buffer/enable").read_text() == "1"
    assert fake.file("scan_elements/in_timestamp_en").read_text() == "1"
    assert imu.rate_found_hz == (208 if fake.part is LSM6DSOX else 200)
    imu.close()
    imu.close()
    assert fake.file("buffer/enable").read_text() == "0"


@pytest.mark.parametrize("fake", [MPU6050], indirect=True)
def test_a_part_without_a_trigger_gets_its_own(fake):
    opened(fake).close()
    assert fake.file("trigger/current_trigger").read_text() == "mpu6050-dev0"


@each_part
@pytest.mark.parametrize("kind", ["anglvel", "accel"])
def test_a_range_that_does_not_read_back_is_refused(fake, kind):
    number = 1 if fake.part is LSM6DSOX and kind == "accel" else 0
    file = fake.file(f"in_{kind}_scale", number)
    file.unlink()
    file.symlink_to("/dev/null")  # takes what is written and keeps nothing
    with pytest.raises(SensorError, match=f"reads back in_{kind}_scale"):
        opened(fake)
    assert fake.file("buffer/enable").read_text().strip() == "0"


@each_part
@pytest.mark.parametrize("kind", ["anglvel", "accel"])
def test_a_range_that_changes_later_is_found(fake, kind):
    imu = opened(fake)
    number = 1 if fake.part is LSM6DSOX and kind == "accel" else 0
    fake.file(f"in_{kind}_scale", number).write_text("0.000598")
    with pytest.raises(SensorError, match="wrong range"):
        imu.check_range()
    imu.close()


def test_a_part_without_the_range_is_refused(fake):
    fake.file("in_anglvel_scale_available").write_text("0.000152716 0.000305432")
    with pytest.raises(SensorError, match="offers in_anglvel_scale"):
        opened(fake)


def test_a_rate_that_is_not_offered_is_refused(fake):
    with pytest.raises(SensorError, match="Lower rate_hz"):
        opened(fake, rate_hz=1000.0)


def test_another_clock_than_monotonic_is_refused(fake):
    file = fake.file("current_timestamp_clock")
    file.unlink()
    file.symlink_to("/dev/null")
    with pytest.raises(SensorError, match="needed is monotonic"):
        opened(fake)


def test_without_its_interrupt_line_the_part_has_no_buffer_and_i2c_is_named(tmp_path):
    bare = FakeIio(tmp_path, with_buffer=False)
    with pytest.raises(SensorError, match=r"has no buffer. Wire INT1 .*kind = .i2c"):
        opened(bare)
    bare.close()


def test_no_part_or_two_of_them_are_refused_with_what_is_there(tmp_path):
    (tmp_path / "none").mkdir()
    with pytest.raises(SensorError, match=r"shows no lsm6dsox_gyro \(it shows: none\)"):
        IioImu(LSM6DSOX, STRAIGHT, 200, root=tmp_path / "none")
    one = FakeIio(tmp_path / "mpu", MPU6050)
    one.file("name").parent.rename(one.root / "iio:device7")
    one._make(0, "mpu6050", ("anglvel", "accel"), "be", True)
    with pytest.raises(SensorError, match="There are 2 devices named mpu6050"):
        IioImu(MPU6050, STRAIGHT, 200, root=one.root, dev=one.dev)
    one.close()


def test_a_rate_without_a_force_near_it_is_no_reading(tmp_path):
    fake = FakeIio(tmp_path)
    imu = opened(fake)
    fake.write(1_000_000, (1, 2, 3), (0, 0, 2049))
    assert len(imu.read()) == 1
    gyro_only = struct.pack("<3hxxq", 5, 5, 5, 1_050_000_000)
    fd = next(fd for kinds, _, fd in fake._pipes if kinds == ("anglvel",))
    os.write(fd, gyro_only)
    assert imu.read() == [], "the force is 50 ms old"
    fake.write(1_060_000, (1, 2, 3), (0, 0, 2049))
    assert len(imu.read()) == 1
    imu.close()
    fake.close()


def test_forces_do_not_pile_up_while_the_gyroscope_is_silent(fake):
    imu = opened(fake)
    fd = next(fd for kinds, _, fd in fake._pipes if kinds == ("accel",))
    for i in range(100):
        os.write(fd, struct.pack("<3hxxq", 0, 0, 2049, i * 5_000_000))
    assert imu.read() == []
    assert len(imu._acc) <= 16
    imu.close()


def test_a_part_that_is_pulled_out_says_nothing_and_does_not_raise(fake):
    imu = opened(fake)
    os.close(imu._devices[0][0]._fd)
    assert imu.read() == []
    assert imu.is_gone
    imu._devices[0][0]._fd = -1
    imu.close()


# Records ------------------------------------------------------------------------------------------------


def test_elements_are_aligned_to_their_own_size_and_sorted_by_index():
    layout = Layout(
        [
            element_of("timestamp", "3", "le:s64/64>>0"),
            element_of("b", "1", "be:u12/16>>4"),
            element_of("a", "0", "le:s16/16>>0"),
            element_of("c", "2", "le:s24/32>>8"),
        ]
    )
    data = (
        struct.pack("<h", -5)
        + struct.pack(">H", 0xABC0)
        + struct.pack("<i", -(7 << 8))
        + struct.pack("<q", 99)
    )
    assert layout.size == 16
    assert list(layout.values(data + b"half")) == [{"a": -5, "b": 0xABC, "c": -7, "timestamp": 99}]


@pytest.mark.parametrize("text", ["le:s16/16X2>>0", "le:s16/24>>0", "s16", ""])
def test_a_type_that_we_do_not_read_is_refused(text):
    with pytest.raises(SensorError, match="The kernel stores"):
        element_of("accel_x", "0", text)


# Axes and counts ----------------------------------------------------------------------------------------


def test_axes_turn_a_reading_into_the_axes_of_the_body():
    axes = axes_of(["-y", "+x", "+z"])
    assert axes.turned(1, 2, 3) == (-2, 1, 3)


def test_every_rotation_is_taken_and_every_mirror_image_refused():
    names = [s + n for n in "xyz" for s in "+-"]
    taken = 0
    for a in names:
        for b in names:
            for c in names:
                if len({a[1], b[1], c[1]}) < 3:
                    with pytest.raises(SensorError, match="once"):
                        axes_of([a, b, c])
                    continue
                rows = [[(w[0] == "+") - (w[0] == "-") if w[1] == n else 0 for n in "xyz"] for w in (a, b, c)]
                (p, q, r), (s, t, u), (v, w, x) = rows
                turn = p * (t * x - u * w) - q * (s * x - u * v) + r * (s * w - t * v)
                if turn == 1:
                    axes_of([a, b, c])
                    taken += 1
                else:
                    with pytest.raises(SensorError, match="mirror image"):
                        axes_of([a, b, c])
    assert taken == 24


@pytest.mark.parametrize("bad", [["x", "y", "z"], ["+x", "+y"], ["+x", "+y", "+w"], []])
def test_axes_that_name_nothing_are_refused(bad):
    with pytest.raises(SensorError, match="allowed are three of"):
        axes_of(bad)


def test_counts_are_rounded_to_the_nearest_and_the_same_for_both_signs():
    for num, den in ((250, 41), (61, 125), (7, 1)):
        for count in (-32768, -1, 0, 1, 5, 12345, 32767):
            exact = count * num / den
            assert abs(scaled(count, num, den) - exact) <= 0.5
            assert scaled(-count, num, den) == -scaled(count, num, den)


@BOTH
def test_a_count_means_the_same_by_our_table_and_by_the_kernels(part):
    assert part.gyro_num / part.gyro_den == pytest.approx(math.degrees(part.gyro_scale) * 100, rel=0.002)
    assert part.acc_num / part.acc_den == pytest.approx(part.acc_scale / 9.80665 * 1000, rel=0.002)
    assert 1990 <= 32768 * part.gyro_num / part.gyro_den / 100 < 2300
    assert 15_900 <= 32768 * part.acc_num / part.acc_den <= 16_400


# I2C ------------------------------------------------------------------------------------------------------


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
def test_over_i2c_a_reading_is_dated_half_way_and_comes_once(part):
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
def test_over_i2c_every_setting_is_read_back(part):
    for one in part.set_up:
        chip = Chip(part)
        chip.stuck = {one.address: ~one.value & 0xFF}
        with pytest.raises(SensorError, match=f"Register 0x{one.address:02x}"):
            on_i2c(chip)


@BOTH
def test_over_i2c_a_part_that_lost_its_settings_is_not_believed_any_more(part):
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
def test_over_i2c_a_part_that_comes_back_with_its_settings_speaks_again(part):
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
def test_over_i2c_a_part_that_lost_its_settings_is_set_up_again_while_nobody_is_armed(part):
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
def test_over_i2c_no_call_that_sets_up_again_waits_or_talks_for_long(part):
    chip, clock, imu = lost(part)
    most = 0
    for _ in range(600):
        clock.us += 5_000
        before = chip.transfers
        imu.mend()
        most = max(most, chip.transfers - before)
    assert 0 < most <= 2 * len(part.set_up)


@BOTH
def test_over_i2c_a_part_that_cannot_be_set_up_again_stays_silent_and_is_tried_every_2_s(part):
    chip, clock, imu = lost(part)
    chip.stuck = {part.set_up[0].address: ~part.set_up[0].value & 0xFF}
    before = chip.transfers
    assert readings_for(6_100_000, chip, clock, imu) == [], "its ranges may read back right, and are not sure"
    tries = (chip.transfers - before) / (2 + len(part.set_up) + 1)
    assert 3 <= tries <= 4
    chip.stuck = {}
    assert readings_for(3_000_000, chip, clock, imu)


@BOTH
def test_over_i2c_another_part_is_not_written_to(part):
    chip, _, imu = lost(part)
    chip.registers[part.who_am_i[0]] = 0x55
    before = list(chip.registers)
    imu.mend()
    assert chip.registers == before


def test_over_i2c_a_part_that_is_away_for_a_while_is_set_up_when_it_is_back():
    chip, clock, imu = lost(LSM6DSOX)
    chip.is_there = False
    assert readings_for(5_000_000, chip, clock, imu) == []
    chip.is_there = True
    assert readings_for(2_500_000, chip, clock, imu)


def test_over_i2c_the_wrong_part_and_no_part_are_told_apart():
    with pytest.raises(SensorError, match="calls itself 0x68; a lsm6dsox says 0x6c"):
        on_i2c(Chip(LSM6DSOX, who=0x68))
    chip = Chip(MPU6050)
    chip.is_there = False
    with pytest.raises(SensorError, match="No mpu6050 answers at address 0x68"):
        on_i2c(chip)


def test_the_registers_of_the_ranges_are_those_of_the_data_sheets():
    values = {name: {r.address: r.value for r in part.set_up} for name, part in PARTS.items()}
    assert values["lsm6dsox"][0x11] & 0x0F == 0x0C, "FS_G 2000 deg/s, FS_125 off"
    assert values["lsm6dsox"][0x10] & 0x0C == 0x04, "FS_XL 16 g"
    assert values["lsm6dsox"][0x17] & 0x02 == 0, "XL_FS_MODE 0: else the same bits mean 2 g"
    assert values["mpu6050"][0x1B] == 3 << 3
    assert values["mpu6050"][0x1C] == 3 << 3
