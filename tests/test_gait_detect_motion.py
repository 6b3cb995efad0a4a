"""Quantities that the rules look at: rests alike at every sampling rate, trembling counted, turns measured."""

import math

import pytest

from gait_detect.motion import Motion
from gait_detect.profile import FOOT
from safety.sample import Sample


def moved(rates, fs: float) -> Motion:
    """Return the motion after (x, y, z) rates in deg/s, one per sample."""
    motion = Motion(FOOT)
    for x, y, z in rates:
        s = Sample()
        s.has_imu, s.acc_z_mg = 1, 1000
        s.gyro_x_cdps, s.gyro_y_cdps, s.gyro_z_cdps = round(100 * x), round(100 * y), round(100 * z)
        motion.step(s, round(1e6 / fs))
    return motion


@pytest.mark.parametrize("fs", [50, 100, 200])
def test_a_dip_of_40_ms_is_quiet_for_no_longer_at_a_low_rate_than_at_a_high_one(fs: int) -> None:
    n = round(0.04 * fs)
    motion = moved([(0, 60, 0)] * fs + [(0, 3, 0)] * n, fs)
    assert 25_000 <= motion.quiet_us <= 40_000


@pytest.mark.parametrize(("hz", "waves_min"), [(3, 4), (5, 4), (8, 4), (2, 0), (1, 0)])
def test_waves_are_counted_if_they_are_faster_than_steps(hz: float, waves_min: int) -> None:
    rates = [(0, 60 * math.sin(2 * math.pi * hz * i / 100), 0) for i in range(200)]
    waves = moved(rates, 100).waves
    assert waves >= waves_min if waves_min else waves <= 1


def test_small_waves_and_one_way_movement_are_no_trembling() -> None:
    small = [(0, 15 * math.sin(2 * math.pi * 5 * i / 100), 0) for i in range(200)]
    one_way = [(0, 60 * abs(math.sin(2 * math.pi * 5 * i / 100)), 0) for i in range(200)]
    assert moved(small, 100).waves == 0
    assert moved(one_way, 100).waves <= 1


def test_waves_are_forgotten_a_fifth_of_a_second_after_the_last() -> None:
    shake = [(0, 60 * math.sin(2 * math.pi * 5 * i / 100), 0) for i in range(200)]
    assert moved([*shake, *[(0, 0, 0)] * 25], 100).waves == 0


@pytest.mark.parametrize(("x", "z"), [(0, 100), (0, -100), (100, 0), (-100, 50)])
def test_a_turn_about_the_other_axes_is_measured_since_foot_flat(x: float, z: float) -> None:
    assert moved([(x, 0, z)] * 30, 100).pivot_udeg() == pytest.approx(30_000_000, rel=0.01)


@pytest.mark.parametrize("sign", [-1, 1])
def test_every_angle_stops_at_400_deg_and_comes_back_from_there(sign: int) -> None:
    fast, back = sign * 1000, -sign * 1000
    for axis in range(3):
        out = [tuple(fast if i == axis else 0 for i in range(3))] * 60
        motion = moved(out, 100)
        assert (motion.pitch_udeg if axis == 1 else sign * motion.pivot_udeg()) == sign * 400_000_000
        motion = moved([*out, *[tuple(back if i == axis else 0 for i in range(3))] * 10], 100)
        assert (motion.pitch_udeg if axis == 1 else sign * motion.pivot_udeg()) == sign * 300_000_000
