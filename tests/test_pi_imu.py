"""The IMU on a Pi: through the kernel's folders; range, axes and times, and what is refused."""

import math
import os
import struct

import pytest

from firmware_py.pi.sensors.axes import IDENTITY, axes_of
from firmware_py.pi.sensors.errors import SensorError
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


def test_the_registers_of_the_ranges_are_those_of_the_data_sheets():
    values = {name: {r.address: r.value for r in part.set_up} for name, part in PARTS.items()}
    assert values["lsm6dsox"][0x11] & 0x0F == 0x0C, "FS_G 2000 deg/s, FS_125 off"
    assert values["lsm6dsox"][0x10] & 0x0C == 0x04, "FS_XL 16 g"
    assert values["lsm6dsox"][0x17] & 0x02 == 0, "XL_FS_MODE 0: else the same bits mean 2 g"
    assert values["mpu6050"][0x1B] == 3 << 3
    assert values["mpu6050"][0x1C] == 3 << 3
