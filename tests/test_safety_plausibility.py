"""Plausibility of the sensors: each fault at its edge. Numbers are restated here."""

import pytest

from safety import faults
from safety.sample import HEEL_DOWN, HEEL_NONE, HEEL_UP
from tests.plausible_foot import BOTH, IMU, MASK, SWITCH, Bench

FORWARD = 2_900


@pytest.fixture(params=[IMU, SWITCH, BOTH], ids=["imu", "switch", "both"])
def any_bench(request) -> Bench:
    return Bench(request.param)


# Sensors --------------------------------------------------------------------------------------------


def test_a_walk_over_the_wrap_of_the_clock_shows_no_fault_and_may_start(any_bench):
    any_bench.wait(500)
    for _ in range(5):
        any_bench.step(burst=True)
    assert any_bench.told() == set()
    any_bench.swing, any_bench.heel = 1, HEEL_UP
    any_bench.wait(10, -5_000)
    assert any_bench.p.may_start


@pytest.mark.parametrize(("ms", "stale"), [(50, False), (51, True)])
@pytest.mark.parametrize("first", [True, False], ids=["since power-on", "since a sample"])
def test_an_imu_is_stale_after_more_than_50_ms(ms, stale, first):
    b = Bench(IMU)
    if not first:
        b.wait(100)
    b.wait(ms, dt_ms=1, see=False)
    assert b.told() == ({faults.IMU_STALE} if stale else set())


def test_samples_without_imu_values_let_the_imu_go_stale():
    b = Bench(BOTH)
    b.wait_with(60, "has_imu", 0)
    assert b.told() == {faults.IMU_STALE}


def test_a_fault_is_told_again_and_again_while_it_lasts_and_no_longer():
    b = Bench(IMU)
    b.wait(100, see=False)
    assert b.told() == {faults.IMU_STALE}
    b.wait(10, see=False)
    assert b.told() == {faults.IMU_STALE}
    b.wait(10)
    b.told()
    b.wait(10)
    assert b.told() == set()


@pytest.mark.parametrize("back_us", [0, 1, 10_000, 2**29])
def test_a_sample_that_is_not_newer_than_the_last_counts_for_nothing(back_us):
    b = Bench(IMU)
    b.wait(100)
    old = b.sample()
    old.t_us = (b.t_us - back_us) & MASK
    for _ in range(6):
        b.p.advance(10_000)
        b.p.see(old)
        b.drain()
    assert b.told() == {faults.IMU_STALE}


def test_after_a_silence_a_sample_of_any_time_counts_again():
    b = Bench(IMU)
    b.wait(100)
    b.t_us = (b.t_us - 5_000_000) & MASK  # the controller's clock was set anew
    b.wait(200)
    b.told()
    b.wait(100)
    assert b.told() == set()


@pytest.mark.parametrize(
    ("sensors", "ms", "told"), [(BOTH, 100, 0), (BOTH, 101, 4), (SWITCH, 101, 4), (IMU, 999, 0)]
)
def test_a_switch_is_silent_after_more_than_100_ms_if_one_is_fitted(sensors, ms, told):
    b = Bench(sensors)
    b.wait(100)
    b.wait(ms, dt_ms=1, heel=HEEL_NONE)
    assert b.told() == ({told} if told else set())


@pytest.mark.parametrize(
    ("values", "is_bad"),
    [
        ({"acc_z_mg": 203}, False),
        ({"acc_z_mg": 199}, True),
        ({"acc_z_mg": 0}, True),
        ({"acc_z_mg": 16_000}, False),
        ({"acc_x_mg": -12_000, "acc_y_mg": 12_000}, True),
        ({"gyro_x_cdps": 190_000}, False),
    ],
)
def test_readings_out_of_range_for_more_than_75_ms_are_a_fault(values, is_bad):
    b = Bench(IMU)
    b.wait(100)
    b.wait(75, dt_ms=5, **values)
    assert b.told() == set()
    b.wait(5, dt_ms=5, **values)
    assert b.told() == ({faults.IMU_RANGE} if is_bad else set())


@pytest.mark.parametrize(
    "values",
    [
        {"acc_z_mg": 16_004},
        {"acc_x_mg": 2**29},
        {"acc_y_mg": -32_001},
        {"gyro_x_cdps": 190_001},
        {"gyro_z_cdps": -190_001},
    ],
)
@pytest.mark.parametrize("between_ms", [0, 10, 300])
def test_the_third_reading_in_a_second_that_is_too_large_is_a_fault(values, between_ms):
    b = Bench(IMU)
    b.wait(100)
    for n in range(3):
        assert b.told() == set(), n
        b.wait(10, **values)
        b.wait(between_ms)
    assert b.told() == {faults.IMU_RANGE}


@pytest.mark.parametrize("motion", ["swing", "edge"])
@pytest.mark.parametrize(("ms", "is_frozen"), [(249, False), (250, True)])
def test_an_imu_is_frozen_after_250_ms_while_something_else_moves(motion, ms, is_frozen):
    b = Bench(BOTH if motion == "edge" else IMU)
    b.wait(500)
    b.swing = int(motion == "swing")
    b.wait(1, dt_ms=1, gyro_y_cdps=700)
    b.wait(ms - 100, gyro_y_cdps=700, alive=False, dt_ms=1)
    b.heel = HEEL_UP
    b.wait(100, gyro_y_cdps=700, alive=False, dt_ms=1)
    assert b.told() == ({faults.IMU_FROZEN} if is_frozen else set())


def test_an_imu_that_repeats_itself_while_a_burst_outlasts_the_swing_is_not_frozen():
    b = Bench(IMU)  # the foot stands in the extension; a recorded one repeated itself for 280 ms there
    b.step()
    b.p.burst_began()
    b.wait(1_000, alive=False)
    assert b.told() == set()


@pytest.mark.parametrize(("ms", "is_frozen"), [(1_990, False), (2_000, True), (540_000, True)])
def test_at_rest_an_imu_is_frozen_after_2_s(ms, is_frozen):
    b = Bench(BOTH)
    b.wait(500)
    b.wait(10)  # the last change
    b.wait(ms, alive=False, dt_ms=10)  # the longest is more than half the clock: every age saturates
    assert b.told() == ({faults.IMU_FROZEN} if is_frozen else set())


@pytest.mark.parametrize(
    "axis", ["gyro_x_cdps", "gyro_y_cdps", "gyro_z_cdps", "acc_x_mg", "acc_y_mg", "acc_z_mg"]
)
def test_one_axis_that_changes_is_enough_not_to_be_frozen(axis: str):
    b = Bench(IMU)
    b.swing = 1
    for i in range(60):
        b.wait_with(10, axis, 1000 + i % 2)
    assert b.told() == set()


# Heel switch ----------------------------------------------------------------------------------------


def chatter(b: Bench, edges: int, apart_ms: int) -> set[int]:
    b.wait(2_000)
    for i in range(edges):
        b.heel = HEEL_UP if i % 2 == 0 else HEEL_DOWN
        b.wait(apart_ms, dt_ms=5)
    return b.told()


@pytest.mark.parametrize(
    ("edges", "apart_ms", "bounces"),
    [
        (4, 200, False),
        (5, 200, True),
        (5, 250, True),
        (9, 260, False),  # a window of 1 s covers at most 1.025 s
        (40, 45, True),
        (5, 5, False),
        (100, 10, True),
    ],
)
def test_more_than_four_edges_in_a_second_are_a_bounce_and_those_within_50_ms_are_one(
    edges, apart_ms, bounces
):
    assert (faults.SWITCH_BOUNCE in chatter(Bench(SWITCH), edges, apart_ms)) == bounces


@pytest.mark.parametrize("up_ms", [0, 500, 1_500])
def test_a_heel_that_is_up_over_a_foot_at_rest_for_1_s_is_a_disagreement(up_ms):
    b = Bench(BOTH)
    b.wait(2_000, 1_719)
    b.heel = HEEL_UP
    b.wait(10 + up_ms, 1_720)  # it moves
    b.wait(990, 1_719)
    assert b.told() == set()
    b.wait(10, 1_719)
    assert b.told() == {faults.SWITCH_IMU_DISAGREE}
    b.wait(10, 1_720)
    b.told()  # what was still there until the sample came
    b.wait(10, 1_719)
    assert b.told() == set()


@pytest.mark.parametrize(("helped", "told"), [(True, {faults.SWITCH_STUCK_OPEN}), (False, set())])
@pytest.mark.parametrize("sensors", [SWITCH, BOTH])
def test_a_heel_that_stays_up_for_4_s_after_a_burst_is_stuck_open_until_it_closes(sensors, helped, told):
    b = Bench(sensors)
    b.wait(500)
    b.heel = HEEL_UP
    b.wait(500, 2_000)
    if helped:
        b.p.burst_began()
    b.wait(3_490, 2_000)
    assert b.told() == set()
    b.wait(20, 2_000)
    assert b.told() == told
    b.heel = HEEL_DOWN
    b.wait(10)
    b.told()  # what was still there until the sample came
    b.wait(10)
    assert b.told() == set()


def test_a_burst_that_runs_on_while_the_heel_rises_counts_for_that_rise():
    b = Bench(SWITCH)
    b.wait(500)
    b.p.burst_began()
    b.heel = HEEL_UP
    b.wait(4_020)
    assert b.told() == {faults.SWITCH_STUCK_OPEN}


@pytest.mark.parametrize(
    ("swings", "rest_ms", "told"),
    [(2, 5_000, set()), (3, 0, set()), (3, 4_000, {faults.SWITCH_STUCK_CLOSED})],
)
def test_a_switch_without_edges_for_5_s_and_3_swings_is_stuck_closed(swings, rest_ms, told):
    b = Bench(BOTH)
    b.step()
    for _ in range(swings):
        b.swing = 1
        b.wait(200, -5_000)
        b.wait(300, FORWARD)
        b.swing = 0
        b.wait(500, -2_000)
    b.wait(rest_ms)
    assert b.told() == told
