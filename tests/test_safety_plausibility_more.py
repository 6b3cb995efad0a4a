"""Plausibility again, where wrong versions of it passed the other tests: the first moment, and each edge in us."""

import pytest

from safety import faults
from safety.plausibility import Plausibility, _is_sane
from safety.sample import HEEL_DOWN, HEEL_NONE, HEEL_UP, Sample
from tests.plausible_foot import BOTH, FORWARD, IMU, SWITCH, Bench
from tests.small_int import Small

AXES = ("gyro_x_cdps", "gyro_y_cdps", "gyro_z_cdps", "acc_x_mg", "acc_y_mg", "acc_z_mg")


def test_a_new_one_has_seen_nothing_and_found_nothing():
    p = Plausibility(True, True)
    assert (p.may_start, p._found, p.take_fault(), p._t_us, p._last) == (False, 0, 0, -1, [0] * 6)
    assert (p._heel, p._is_swing, p._stage, p._mute_swings) == (HEEL_NONE, False, 0, 0)
    flags = (p._is_burst, p._step_helped, p._up_helped, p._has_landed, p._is_awaited)
    assert (flags, p._steps_due) == ((False,) * 5, 0)
    assert (p._edges.total, p._wild.total, p._reversed.total, p._leap) == (0, 0, 0, [0] * 3)
    assert (p._forward_cdps, p._backward_cdps, len(p._ages)) == (0, 0, 12)
    assert (p._peak_cdps, p._peak_held, p._rail_cdps, p._rail_seen, p._dead_us) == (0, 0, 0, 0, 0)
    for window, span_us in ((p._edges, 1_000_000), (p._wild, 1_000_000), (p._reversed, 5_000_000)):
        assert len(window._buckets) == 41
        assert window._bucket_us * 40 == span_us
    fresh = {id(age) for age in (p._since_imu, p._since_sane, p._since_change, p._since_heard)}
    assert [age.us == 0 for age in p._ages] == [id(age) in fresh for age in p._ages]


@pytest.mark.parametrize(
    ("age_us", "newer_us", "counts"),
    [
        (0, 0, False),
        (0, 1, True),
        (50_000, 0, False),
        (50_001, 0, True),
        (50_000, -1, False),
        (20_000, 1, True),
    ],
)
def test_a_sample_counts_if_it_is_newer_or_after_a_silence(age_us, newer_us, counts):
    p = Plausibility(True, False)
    first, second = Sample(), Sample()
    first.t_us, second.t_us = 1_000, 1_000 + newer_us
    for one, gyro in ((first, 11), (second, 22)):
        one.has_imu, one.acc_z_mg, one.gyro_x_cdps = 1, 1_000, gyro
    p.see(first)
    p._since_sample.us = age_us
    p.see(second)
    assert p._last[0] == (22 if counts else 11)


def test_a_sample_and_the_beginning_of_a_burst_are_judged_at_once():
    b = Bench(IMU)
    b.wait(500)
    b.swing = 1
    b.p.swing(1)
    assert not b.p.may_start
    b.t_us += 1
    b.p.see(b.sample(FORWARD))
    assert b.p.may_start, "the sample alone, no time has passed"
    b.p._is_awaited, b.p._since_false.us = True, 0
    b.p.burst_began()
    assert not b.p.may_start, "the burst before was false, and so was one just before it"
    b.drain()
    assert b.told() == {faults.FALSE_BURSTS}


@pytest.mark.parametrize("helped", ["not at all", "from its beginning", "later"])
def test_only_a_step_without_any_help_counts_towards_release(helped):
    b = Bench(BOTH)
    b.wait(500)
    b.p._steps_due = 2
    if helped == "from its beginning":
        b.p._is_burst = True
    b.swing, b.heel = 1, HEEL_UP
    b.wait(200, -5_000)
    if helped == "later":
        b.p._step_helped = False
        b.p.burst_began()
    b.wait(200, 5_000)
    b.swing, b.heel = 0, HEEL_DOWN
    b.wait(100, -3_000)
    assert b.p._steps_due == (1 if helped == "not at all" else 2)


def test_without_a_hold_no_step_is_counted():
    b = Bench(BOTH)
    b.wait(500)
    for _ in range(3):
        b.step()
        assert b.p._steps_due == 0


def test_an_imu_of_six_different_values_is_found_frozen_too():
    b = Bench(BOTH)
    b.wait(200)
    b.swing = 1
    values = {name: 100 + 10 * i for i, name in enumerate(AXES)} | {"acc_z_mg": 1_000}
    b.wait(400, alive=False, **values)  # pyright: ignore[reportArgumentType]
    assert faults.IMU_FROZEN in b.told()


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("value", [2**28, -(2**28)])
def test_absurd_values_stay_in_small_whole_numbers(axis, value):
    b = Bench(IMU)
    b.wait(100)
    b.t_us += 10_000
    sample = b.sample()
    for name in AXES:
        setattr(sample, name, Small(getattr(sample, name)))
    setattr(sample, axis, Small(value))
    b.p.see(sample)
    assert b.p._last[AXES.index(axis)] != value, "what cannot be is not taken as a change"


@pytest.mark.parametrize("axis", ["acc_x_mg", "acc_y_mg", "acc_z_mg"])
@pytest.mark.parametrize(
    ("mg", "sane"), [(196, False), (200, True), (15_999, True), (16_000, True), (16_004, False)]
)
def test_each_axis_alone_may_feel_0_2_to_16_g(axis, mg, sane):
    for value in (mg, -mg):
        sample = Sample()
        setattr(sample, axis, value)
        assert _is_sane(sample) is sane


def test_the_first_level_of_the_switch_is_no_edge():
    b = Bench(SWITCH)
    before_us = b.p._since_motion.us
    b.p.see(b.sample())
    assert (b.p._heel, b.p._edges.total, b.p._since_motion.us) == (HEEL_DOWN, 0, before_us)


@pytest.mark.parametrize(("us", "is_edge"), [(49_999, False), (50_000, True)])
def test_an_edge_counts_50_ms_after_the_last_to_the_microsecond(us, is_edge):
    b = Bench(SWITCH)
    b.wait(200)
    b.p._since_edge.us = us
    b.heel = HEEL_UP
    b.t_us += 1
    b.p.see(b.sample())
    assert b.p._heel == (HEEL_UP if is_edge else HEEL_DOWN)


def test_a_heel_that_rises_without_help_is_not_stuck_although_the_step_before_was_helped():
    b = Bench(SWITCH)
    b.wait(500)
    b.step(burst=True)
    b.step()
    b.heel = HEEL_UP
    b.wait(4_500)
    assert b.told() == set()


def test_the_heel_going_up_is_no_landing():
    b = Bench(BOTH)
    b.wait(500)
    b.p._stage, b.p._is_swing = 2, True
    b.heel, b.swing = HEEL_UP, 1
    b.wait(10)
    assert b.p._stage == 2


@pytest.mark.parametrize(("us", "lands"), [(149_999, False), (150_000, True)])
def test_by_the_switch_alone_150_ms_make_a_step_to_the_microsecond(us, lands):
    b = Bench(SWITCH)
    b.wait(200)
    b.heel, b.swing = HEEL_UP, 1
    b.wait(100)
    b.p._since_edge.us = us
    b.heel = HEEL_DOWN
    b.t_us += 1
    b.p.see(b.sample())
    assert b.p._has_landed is lands


@pytest.mark.parametrize(("us", "is_second"), [(5_000_000, True), (5_000_001, False)])
def test_two_false_bursts_lie_within_5_s_to_the_microsecond(us, is_second):
    p = Plausibility(True, False)
    p._is_awaited, p._since_false.us = True, us
    p.burst_began()
    assert p._steps_due == (2 if is_second else 0)


@pytest.mark.parametrize(
    ("sane_us", "imu_us", "told"),
    [
        (75_000, 50_000, set()),
        (75_001, 50_000, {faults.IMU_RANGE}),
        (75_001, 75_000, {faults.IMU_RANGE, faults.IMU_STALE}),
        (75_001, 75_001, {faults.IMU_STALE}),
    ],
)
def test_out_of_range_needs_readings_and_stale_needs_none(sane_us, imu_us, told):
    b = Bench(IMU)
    b.wait(100)
    b.told()
    b.p._since_sane.us, b.p._since_imu.us = sane_us, imu_us
    b.p.swing(0)
    b.drain()
    assert b.told() == told


@pytest.mark.parametrize(("us", "is_stuck"), [(4_999_999, False), (5_000_000, True)])
def test_a_mute_switch_is_stuck_after_5_s_to_the_microsecond(us, is_stuck):
    b = Bench(BOTH)
    b.wait(100)
    b.p._mute_swings, b.p._since_edge.us = 3, us
    b.p.swing(0)
    b.drain()
    assert (faults.SWITCH_STUCK_CLOSED in b.told()) is is_stuck


@pytest.mark.parametrize(("us", "may"), [(5_000_000, True), (5_000_001, False)])
def test_a_person_walks_for_5_s_after_a_step_to_the_microsecond(us, may):
    b = Bench(IMU)
    b.wait(100)
    b.p._since_step.us = us
    b.p.swing(1)
    assert b.p.may_start is may


def test_a_sagittal_rate_that_changed_has_its_whole_time_again():
    b = Bench(IMU)
    b.wait(500)
    b.wait(10, gyro_y_cdps=1)
    assert b.p._dead_us == 0
