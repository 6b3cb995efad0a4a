"""Plausibility under clocks that jump, random and constant samples, and MicroPython with the heap locked."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety import faults
from safety.plausibility import Plausibility
from safety.sample import HEEL_UP, Sample
from tests.mpy import supervise
from tests.mpy.host import run_under_micropython
from tests.plausible_foot import BOTH, FORWARD, IMU, MASK, SWITCH, T0_US, Bench

SEED = 1  # of the made walks in tests/mpy/supervise.py: shows every fault and state


@pytest.fixture(params=[IMU, SWITCH, BOTH], ids=["imu", "switch", "both"])
def any_bench(request) -> Bench:
    return Bench(request.param)


@pytest.mark.parametrize("dt_us", [-1, -(2**29), 2**29, 2**29 + 1])
def test_a_clock_that_jumps_makes_every_sensor_old_and_allows_nothing(any_bench, dt_us):
    b = any_bench
    b.step()
    b.swing, b.heel = 1, HEEL_UP
    b.wait(50, FORWARD)
    assert b.p.may_start
    b.told()
    b.p.advance(dt_us)
    b.drain()
    assert (faults.IMU_STALE in b.faults) == b.has_imu
    assert (faults.SWITCH_SILENT in b.faults) == b.has_switch
    assert not b.p.may_start


small = st.integers(-40_000, 40_000)
any_int = st.one_of(small, st.integers(-(2**30) + 1, 2**30 - 1))
calls = st.lists(
    st.one_of(
        st.tuples(st.just("advance"), st.one_of(st.integers(0, 60_000), any_int)),
        st.tuples(
            st.just("see"),
            st.tuples(
                any_int, small, any_int, small, small, any_int, small, st.integers(-2, 2), st.integers(0, 1)
            ),
        ),
        st.tuples(st.just("swing"), st.integers(-1, 2)),
        st.tuples(st.just("began"), st.none()),
        st.tuples(st.just("ended"), st.none()),
    ),
    max_size=80,
)
NAMES = (
    "t_us",
    "gyro_x_cdps",
    "gyro_y_cdps",
    "gyro_z_cdps",
    "acc_x_mg",
    "acc_y_mg",
    "acc_z_mg",
    "heel",
    "has_imu",
)


@given(st.booleans(), st.booleans(), calls)
def test_no_sequence_of_calls_raises_or_leaves_the_small_whole_numbers(has_imu, has_switch, sequence):
    p = Plausibility(has_imu, has_switch)
    s = Sample()
    swing = 0
    for name, x in sequence:
        if name == "advance":
            p.advance(x)
        elif name == "see":
            for field, value in zip(NAMES, x, strict=True):
                setattr(s, field, value & MASK if field == "t_us" else value)
            p.see(s)
        elif name == "swing":
            swing = x
            p.swing(x)
        elif name == "began":
            p.burst_began()
        else:
            p.burst_ended()
        assert p.may_start <= (swing == 1), "a burst begins in a swing only"
        told = p.take_fault()
        assert 0 <= told <= 9
        assert told not in (6, 7, 8) or has_imu
        assert told not in (1, 2, 3, 4, 5) or has_switch
        for value in p.__dict__.values():
            if isinstance(value, int):
                assert -(2**30) <= value < 2**30
        assert all(0 <= age.us <= 2**29 for age in p._ages)
        assert all(-(2**29) < value < 2**29 for value in p._last)


@given(
    st.booleans(),
    small,
    small,
    small,
    st.integers(-1, 1),
    st.lists(st.integers(0, 1), min_size=60, max_size=60),
)
def test_a_constant_input_never_starts_a_burst(has_switch, x, y, z, heel, swings):
    if y >= FORWARD or max(abs(x), abs(z)) >= 12_600:
        y, x, z = -abs(y), x % 12_600, z % 12_600  # a rate that stays forward is not a rest: below
    p = Plausibility(True, has_switch)
    s = Sample()
    s.gyro_x_cdps, s.gyro_y_cdps, s.gyro_z_cdps, s.acc_z_mg, s.heel, s.has_imu = x, y, z, 1000, heel, 1
    for i, swing in enumerate(swings):
        s.t_us = (T0_US + i * 10_000) & MASK
        p.advance(10_000)
        p.see(s)
        p.swing(swing)
        assert not p.may_start


@given(st.integers(-1, 1), st.lists(st.integers(0, 1), max_size=60))
def test_a_switch_that_never_moves_never_starts_a_burst_unless_it_says_up(heel, swings):
    p = Plausibility(False, True)
    s = Sample()
    s.heel = heel
    for i, swing in enumerate(swings):
        s.t_us = (T0_US + i * 10_000) & MASK
        p.advance(10_000)
        p.see(s)
        p.swing(swing)
        assert not p.may_start or heel == HEEL_UP


def test_the_same_calls_give_the_same_answers_under_micropython_with_the_heap_locked():
    script = Path(supervise.__file__)
    assert run_under_micropython(script, str(SEED)).splitlines() == list(supervise.run(SEED))


def test_the_comparison_under_micropython_sees_faults_states_and_starts():
    lines = supervise.run(SEED)
    assert lines[0] == "faults " + " ".join(str(i) for i in range(1, 10))
    assert lines[1] == "states 0 1 2 3 4 5 6"
    assert int(lines[2].split()[1]) >= 40
    assert supervise.run(SEED + 1)[-1] != lines[-1]


def test_a_rate_that_stays_forward_is_found_frozen_within_300_ms():
    b = Bench(IMU)
    b.swing = 1
    b.wait(300, FORWARD, alive=False)
    assert faults.IMU_FROZEN in b.told()
    assert not b.p.may_start
