"""Plausibility of steps (R17): may a burst begin, and was the last one false? Numbers are restated here."""

import pytest

from safety import faults
from safety.sample import HEEL_DOWN, HEEL_NONE, HEEL_UP
from tests.plausible_foot import BACK, BOTH, FORWARD, IMU, SWITCH, Bench


@pytest.fixture(params=[IMU, SWITCH, BOTH], ids=["imu", "switch", "both"])
def any_bench(request) -> Bench:
    return Bench(request.param)


# R17: may a burst begin? ----------------------------------------------------------------------------


def test_power_on_may_not_start(any_bench):
    assert not any_bench.p.may_start
    any_bench.wait(5_000)
    assert not any_bench.p.may_start


@pytest.mark.parametrize(
    ("sensors", "swing", "heel", "rate", "may"),
    [
        (IMU, 1, HEEL_NONE, FORWARD, True),
        (IMU, 1, HEEL_NONE, FORWARD - 1, False),
        (IMU, 1, HEEL_NONE, -20_000, False),  # a push-off alone, say onto tiptoe
        (IMU, 0, HEEL_NONE, FORWARD, False),
        (BOTH, 1, HEEL_UP, FORWARD, True),
        (BOTH, 1, HEEL_DOWN, FORWARD, False),
        (BOTH, 1, HEEL_UP, FORWARD - 1, False),
        (BOTH, 0, HEEL_UP, FORWARD, False),
        (SWITCH, 1, HEEL_UP, 0, True),
        (SWITCH, 1, HEEL_DOWN, 0, False),
        (SWITCH, 0, HEEL_UP, 0, False),
    ],
)
def test_the_first_swing_after_standing_needs_heel_off_and_forward_to_agree(sensors, swing, heel, rate, may):
    b = Bench(sensors)
    b.wait(6_000)
    b.swing, b.heel = swing, heel
    b.wait(10, 0)  # heel-off
    b.wait(20, rate)
    assert b.p.may_start == may


@pytest.mark.parametrize("axis", ["gyro_x_cdps", "gyro_z_cdps"])
@pytest.mark.parametrize(("rate", "may"), [(12_600, True), (-12_600, True), (12_599, False)])
def test_a_first_step_in_a_turn_may_swing_about_another_axis(axis, rate, may):
    b = Bench(IMU)
    b.wait(1_000)
    b.swing = 1
    b.wait(10)
    b.wait_with(10, axis, rate)
    assert b.p.may_start == may


@pytest.mark.parametrize(("stand_ms", "may"), [(3_000, True), (6_000, False)])
def test_while_walking_a_burst_may_begin_at_heel_off_and_after_5_s_the_person_stands(
    any_bench, stand_ms, may
):
    b = any_bench
    b.wait(500)
    b.step()
    b.wait(stand_ms)
    assert not b.p.may_start
    b.swing = 1
    b.wait(10, -3_000)
    assert b.p.may_start == may


@pytest.mark.parametrize(("rest_ms", "landed"), [(90, False), (100, True)])
def test_a_foot_that_rests_for_100_ms_after_its_swing_has_landed(rest_ms, landed):
    b = Bench(IMU)
    b.swing = 1
    b.wait(20)
    b.wait(300, FORWARD)
    b.swing = 0
    b.wait(rest_ms, 1_719)
    b.swing = 1
    b.wait(10, 1_720)
    assert b.p.may_start == landed


@pytest.mark.parametrize(("rate", "landed"), [(BACK, True), (BACK + 1, False)])
def test_a_foot_that_turns_toe_down_after_its_swing_has_landed(rate, landed):
    b = Bench(IMU)
    b.swing = 1
    b.wait(20)
    b.wait(300, FORWARD)
    b.swing = 0
    b.wait(20, rate)
    b.swing = 1
    b.wait(10, 1_720)
    assert b.p.may_start == landed


def test_no_burst_may_begin_while_a_sensor_is_lost():
    b = Bench(IMU)
    b.step()
    b.swing = 1
    b.wait(10, FORWARD)
    assert b.p.may_start
    b.wait(60, see=False)
    assert not b.p.may_start


@pytest.mark.parametrize(("up_ms", "may"), [(140, False), (160, True)])
def test_by_the_switch_alone_a_heel_must_be_up_for_150_ms_to_be_a_step(up_ms, may):
    b = Bench(SWITCH)
    b.wait(500)
    b.swing, b.heel = 1, HEEL_UP
    b.wait(up_ms)
    b.swing, b.heel = 0, HEEL_DOWN
    b.wait(200)
    b.swing = 1
    b.wait(10)
    assert b.p.may_start == may


# False bursts ---------------------------------------------------------------------------------------


def false_burst(b: Bench) -> None:
    """The heel rises, a burst runs, and the foot neither swings nor lands."""
    b.swing = 1
    b.wait(50, -3_000)
    b.p.burst_began()
    b.wait(200, -2_000)
    b.swing = 0
    b.p.burst_ended()


def test_two_false_bursts_in_5_s_hold_until_two_plausible_steps_without_stimulation():
    b = Bench(IMU)
    for _ in range(2):
        b.step()
    false_burst(b)
    b.wait(1_000)
    assert b.told() == set()
    b.wait(500)
    false_burst(b)
    b.wait(1_000)
    assert b.told() == set()
    b.wait(20)
    assert b.told() == {faults.FALSE_BURSTS}
    b.step()
    assert not b.p.may_start
    b.swing = 1
    b.wait(10)
    assert not b.p.may_start
    b.told()
    b.step(burst=True)  # one that was stimulated all the same does not count
    assert b.told() == {faults.FALSE_BURSTS}
    b.swing = 0
    b.wait(10)
    b.step()
    b.told()
    b.swing = 1
    b.wait(10, -3_000)
    assert b.told() == set()
    assert b.p.may_start


@pytest.mark.parametrize(("apart_ms", "is_held"), [(4_700, True), (4_900, False)])
def test_false_bursts_further_apart_than_5_s_hold_nothing(apart_ms, is_held):
    b = Bench(IMU)
    false_burst(b)
    b.wait(apart_ms)
    false_burst(b)
    b.wait(1_100)
    assert b.told() == ({faults.FALSE_BURSTS} if is_held else set())


def test_a_new_burst_closes_the_account_of_the_one_before():
    b = Bench(IMU)
    b.step()
    false_burst(b)
    false_burst(b)
    b.wait(10)
    assert b.told() == set()
    b.swing = 1
    b.p.burst_began()
    b.wait(10, -3_000)
    assert b.told() == {faults.FALSE_BURSTS}


@pytest.mark.parametrize("sensors", [IMU, SWITCH, BOTH])
def test_a_contact_that_comes_after_the_burst_still_counts(sensors):
    b = Bench(sensors)
    for _ in range(3):
        b.swing, b.heel = 1, HEEL_UP
        b.wait(100, -3_000)
        b.p.burst_began()
        b.wait(200, 5_000)
        b.p.burst_ended()  # timed out in mid-swing
        b.wait(800, 5_000)
        b.swing, b.heel = 0, HEEL_DOWN
        b.wait(500, -3_000)
    assert b.told() == set()


def test_an_end_without_a_beginning_is_no_false_burst():
    b = Bench(IMU)
    for _ in range(3):
        b.p.burst_ended()
        b.wait(1_500)
    assert b.told() == set()
