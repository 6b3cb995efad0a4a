"""Wild readings and a shank sensor back to front: what only several readings or several swings show."""

import pytest

from safety import faults
from safety.plausibility import Plausibility
from tests.plausible_foot import BOTH, FORWARD, IMU, SWITCH, Bench

AXES = ("gyro_x_cdps", "gyro_y_cdps", "gyro_z_cdps")


def spikes(b: Bench, n: int, apart_ms: int, axis: str, leap_cdps: int = 70_001) -> set[int]:
    """One wild reading every `apart_ms`, n times; return what was told."""
    b.wait(500)
    b.told()
    for _ in range(n):
        b.wait(10, **{axis: leap_cdps})  # pyright: ignore[reportArgumentType]
        b.wait(apart_ms - 10)
    return b.told()


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("sign", [1, -1])
def test_three_leaps_there_and_back_within_a_second_are_a_fault_and_two_are_a_hard_landing(axis, sign):
    assert spikes(Bench(IMU), 2, 100, axis, sign * 70_002) == set()
    assert spikes(Bench(IMU), 3, 100, axis, sign * 70_002) == {faults.IMU_RANGE}


@pytest.mark.parametrize(("apart_ms", "told"), [(490, {faults.IMU_RANGE}), (520, set())])
def test_wild_readings_count_for_a_second(apart_ms, told):
    assert spikes(Bench(IMU), 3, apart_ms, "gyro_y_cdps") == told


@pytest.mark.parametrize(("leap_cdps", "told"), [(70_001, {faults.IMU_RANGE}), (70_000, set())])
def test_a_leap_is_more_than_700_deg_per_s(leap_cdps, told):
    assert spikes(Bench(IMU), 5, 100, "gyro_y_cdps", leap_cdps) == told


def test_a_rate_that_leaps_and_stays_is_not_wild():
    b = Bench(IMU)
    b.wait(100)
    for _ in range(4):
        b.wait(60, gyro_y_cdps=80_000)
        b.wait(60)
    assert b.told() == set()


def test_leaps_of_the_accelerometer_do_not_count():
    b = Bench(IMU)
    for _ in range(6):
        b.wait(10, acc_z_mg=-15_000)
        b.wait(40)
    assert b.told() == set()


def test_readings_that_leap_from_side_to_side_are_each_wild():
    b = Bench(IMU)
    b.wait(100)
    for i in range(5):
        b.wait(10, gyro_y_cdps=(-1) ** i * 50_000)
    assert b.told() == {faults.IMU_RANGE}


def swings(n: int, forward_cdps: int, backward_cdps: int, *, is_shank: bool = True, apart_ms: int = 1_000):
    """Swings as the detector claims them, each turning so fast forward and backward; return what was told."""
    b = Bench(IMU)
    b.p = Plausibility(True, False, is_shank)
    b.wait(100)
    for _ in range(n):
        b.swing = 1
        b.wait(50)
        b.wait(100, forward_cdps)
        b.wait(100, -backward_cdps)
        b.swing = 0
        b.wait(apart_ms - 250)
    return b.told() - {faults.FALSE_BURSTS}


@pytest.mark.parametrize(
    ("n", "forward_cdps", "backward_cdps", "told"),
    [
        (2, 12_000, 30_000, set()),
        (3, 12_000, 30_000, {faults.IMU_REVERSED}),
        (3, 12_000, 12_001, {faults.IMU_REVERSED}),
        (8, 12_000, 12_000, set()),
        (8, 30_000, 14_000, set()),
    ],
)
def test_three_shank_swings_that_turn_faster_backward_than_forward_are_a_sensor_back_to_front(
    n, forward_cdps, backward_cdps, told
):
    assert swings(n, forward_cdps, backward_cdps) == told


def test_they_count_for_5_s():
    assert swings(3, 0, 30_000, apart_ms=2_400) == {faults.IMU_REVERSED}
    assert swings(9, 0, 30_000, apart_ms=2_600) == set()


def test_each_swing_is_judged_by_itself_and_stance_not_at_all():
    b = Bench(IMU)
    b.p = Plausibility(True, False, True)
    for _ in range(6):
        b.wait(200, -60_000)  # a kick back in stance
        b.swing = 1
        b.wait(200, 20_000)
        b.swing = 0
        b.wait(400)
    assert faults.IMU_REVERSED not in b.told()


def test_a_foot_may_push_off_faster_than_it_swings():
    assert swings(8, 12_000, 60_000, is_shank=False) == set()


@pytest.mark.parametrize("sensors", [BOTH, SWITCH])
def test_a_silent_switch_is_silent_and_nothing_else(sensors):
    b = Bench(sensors)
    b.wait(200)
    for _ in range(8):
        b.swing = 1
        b.wait(300, 20_000, heel=-1)
        b.swing = 0
        b.wait(700, -20_000, heel=-1)
    assert b.told() - {faults.FALSE_BURSTS} == {faults.SWITCH_SILENT}


def test_a_fast_swing_does_not_excuse_the_next_ones():
    b = Bench(IMU)
    b.p = Plausibility(True, False, True)
    for forward_cdps in (60_000, 10_000, 10_000, 10_000):
        b.swing = 1
        b.wait(100, forward_cdps)
        b.wait(100, -30_000)
        b.swing = 0
        b.wait(600)
    assert faults.IMU_REVERSED in b.told()


@pytest.mark.parametrize(
    ("see", "backward_cdps", "told"), [(True, 0, False), (False, 0, False), (True, 1, True)]
)
def test_the_least_turn_backward_decides_and_none_says_nothing(see, backward_cdps, told):
    b = Bench(IMU)
    b.p = Plausibility(True, False, True)
    for _ in range(4):
        b.wait(300)
        b.swing = 1
        b.wait(30, -backward_cdps, see=see)
        b.swing = 0
        b.p.swing(0)  # before the next sample
    b.wait(10)
    assert (faults.IMU_REVERSED in b.told()) == told


@pytest.mark.parametrize(("motion_us", "is_frozen"), [(249_999, True), (250_000, False), (250_001, False)])
def test_frozen_needs_a_motion_later_than_the_last_change_to_the_microsecond(motion_us, is_frozen):
    b = Bench(IMU)
    b.wait(100)
    b.p._since_change.us, b.p._since_motion.us = 250_000, motion_us
    b.p._look()
    b.drain()
    assert (faults.IMU_FROZEN in b.told()) == is_frozen


def test_a_reading_counts_once_however_many_of_its_axes_leap():
    b = Bench(IMU)
    b.wait(100)
    for _ in range(2):
        b.wait(10, **dict.fromkeys(AXES, 90_000))
        b.wait(50)
    assert b.told() == set()
    b.wait(10, **dict.fromkeys(AXES, 90_000))
    b.wait(50)
    assert b.told() == {faults.IMU_RANGE}


@pytest.mark.parametrize(
    ("dt_ms", "leap_cdps", "told"),
    [
        (5, 70_001, True),
        (10, 70_001, True),
        (20, 140_000, False),
        (20, 140_001, True),
        (5, 70_000, False),
        (10, 70_000, False),
        (15, 105_000, False),
        (15, 105_001, True),
    ],
)
def test_with_fewer_readings_a_foot_may_turn_further_from_one_to_the_next(dt_ms, leap_cdps, told):
    b = Bench(IMU)
    b.wait(100, dt_ms=dt_ms)
    for _ in range(4):
        b.wait(dt_ms, leap_cdps, dt_ms=dt_ms)
        b.wait(5 * dt_ms, dt_ms=dt_ms)
    assert (faults.IMU_RANGE in b.told()) == told


@pytest.mark.parametrize(
    "values",
    [
        {"gyro_x_cdps": 190_000, "acc_z_mg": 0},
        {"acc_x_mg": 16_000, "acc_y_mg": 12_000},
        {"acc_x_mg": -16_000, "acc_y_mg": -12_000, "gyro_z_cdps": -190_000},
    ],
)
def test_a_reading_that_is_senseless_but_no_value_of_it_too_large_is_not_wild(values):
    b = Bench(IMU)
    b.wait(100)
    for _ in range(5):
        b.wait(10, **values)
        b.wait(40)
    assert b.told() == set()


@pytest.mark.parametrize(
    ("dt_us", "leap_cdps"),
    [(-1, 70_000), (0, 70_000), (9_999, 70_000), (14_999, 98_000), (15_000, 105_000), (49_999, 343_000),
     (50_000, 350_000), (999_999, 350_000)],
)  # fmt: skip
def test_what_is_a_leap_follows_from_whole_milliseconds_since_the_last_reading(dt_us, leap_cdps):
    b = Bench(IMU)
    b.wait(100)
    b.p._since_sample.expire()  # so that a sample of any time counts
    b.t_us += dt_us
    b.p.see(b.sample())
    assert b.p._leap_cdps == leap_cdps


# A range that is too small -----------------------------------------------------------------------------


def clipped(b: Bench, n: int, at_cdps: int = 12_500, held_ms: int = 30) -> set[int]:
    """n seconds, each with one swing that stands still at the same largest value; return what was told."""
    for _ in range(n):
        b.wait(held_ms, at_cdps, steady=True)
        b.wait(100, at_cdps // 2)
        b.wait(1_000 - 100 - held_ms)
    return b.told()


@pytest.mark.parametrize("sign", [1, -1])
def test_a_rate_that_stops_at_the_same_value_in_three_seconds_is_out_of_range(sign):
    b = Bench(IMU)
    b.wait(1_000)
    assert clipped(b, 3, sign * 12_500) == set()
    b.wait(10)
    assert b.told() == {faults.IMU_RANGE}
    b.swing = 1
    b.wait(50, FORWARD)
    assert not b.p.may_start


@pytest.mark.parametrize(("held_ms", "at_cdps"), [(20, 12_500), (30, 5_999)])
def test_short_holds_and_slow_turns_are_no_end_of_the_range(held_ms, at_cdps):
    b = Bench(IMU)
    assert clipped(b, 10, at_cdps, held_ms) == set()


def test_holds_at_different_values_are_a_part_that_samples_and_holds():
    b = Bench(IMU)
    for i in range(12):
        assert clipped(b, 1, 12_500 - 500 * (i % 2) - i) == set()


@pytest.mark.parametrize(("at_cdps", "told"), [(6_000, {faults.IMU_RANGE}), (5_999, set())])
def test_the_end_of_a_range_is_looked_for_from_60_deg_per_s_on(at_cdps, told):
    b = Bench(IMU)
    assert clipped(b, 5, at_cdps) == told


def test_holds_at_smaller_and_smaller_values_are_no_end_of_the_range():
    b = Bench(IMU)
    for at_cdps in (12_500, 12_000, 11_500, 11_000, 10_500):
        assert clipped(b, 1, at_cdps) == set()


def test_three_readings_on_end_are_a_hold_also_after_one_that_was_none():
    b = Bench(IMU)
    for _ in range(5):
        b.wait(10, 12_500, steady=True)
        b.wait(10, 9_000, steady=True)
        b.wait(30, 12_500, steady=True)
        b.wait(950)
    assert b.told() == {faults.IMU_RANGE}


def test_a_larger_reading_shows_that_the_range_does_not_end_there_and_clears_it():
    b = Bench(IMU)
    assert clipped(b, 5) == {faults.IMU_RANGE}
    b.wait(10, 12_501)
    b.told()
    assert clipped(b, 2) == set()
    assert clipped(b, 2) == {faults.IMU_RANGE}


def test_seconds_without_a_hold_between_them_change_nothing():
    b = Bench(IMU)
    clipped(b, 2)
    b.wait(60_000, 500)
    assert clipped(b, 2) == {faults.IMU_RANGE}


def test_a_part_that_hangs_or_samples_and_holds_shows_no_end_of_its_range():
    b = Bench(IMU)
    b.wait(10, 12_500)
    b.wait(6_000, 12_500, steady=True, alive=False)
    assert b.told() == {faults.IMU_FROZEN}


def test_readings_that_hold_but_not_on_end_do_not_count():
    b = Bench(IMU)
    for _ in range(10):
        for _ in range(4):
            b.wait(20, 12_500, steady=True)
            b.wait(10, 12_000)
        b.wait(880)
    assert b.told() == set()


def turn(b: Bench, ms: int, axis: str = "gyro_x_cdps", cdps: int = -1_720, dt_ms: int = 10) -> set[int]:
    """Turn about another axis, with a sagittal rate that stands still."""
    for i in range(ms // dt_ms):
        rates = dict.fromkeys(("gyro_x_cdps", "gyro_z_cdps"), 0) | {axis: cdps - i % 2}
        b.wait(dt_ms, dt_ms=dt_ms, **rates)  # pyright: ignore[reportArgumentType]
    return b.told()


@pytest.mark.parametrize(("ms", "told"), [(240, set()), (250, {faults.IMU_FROZEN})])
@pytest.mark.parametrize("axis", ["gyro_x_cdps", "gyro_z_cdps"])
def test_a_sagittal_rate_that_stands_still_in_250_ms_of_turning_is_dead(axis, ms, told):
    b = Bench(IMU)
    b.wait(500)
    assert turn(b, ms, axis) == told


def test_a_rate_that_changes_once_begins_anew_and_heals():
    b = Bench(IMU)
    b.wait(500)
    turn(b, 240)
    b.wait(10, gyro_y_cdps=1)
    assert turn(b, 250) == set()
    assert turn(b, 20) == {faults.IMU_FROZEN}
    assert turn(b, 10) == {faults.IMU_FROZEN}, "as long as it lasts"
    b.wait(10, gyro_y_cdps=1)
    b.told()
    assert turn(b, 100) == set()


def test_a_sagittal_rate_may_rest_while_nothing_turns_and_that_does_not_begin_anew():
    b = Bench(IMU)
    b.wait(500)
    assert turn(b, 3_000, cdps=1_718) == set()
    assert turn(b, 130) == set()
    b.wait(1_000)
    assert b.told() == set()
    assert turn(b, 130) == {faults.IMU_FROZEN}


def test_a_part_that_samples_and_holds_in_a_turn_has_no_dead_axis():
    b = Bench(IMU)
    b.wait(500)
    for _ in range(3):
        b.wait(200, gyro_x_cdps=2_000, alive=False)
        b.wait(10, gyro_y_cdps=1, gyro_x_cdps=2_000, alive=False)
    assert b.told() == set()


def test_a_slow_sensor_is_found_in_the_same_time():
    b = Bench(IMU)
    b.wait(500)
    assert turn(b, 200, dt_ms=50) == set()
    assert turn(b, 50, dt_ms=50) == {faults.IMU_FROZEN}
