"""The trapezoid over one step, and everything that can end it."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stimulator.envelope import DELAY, EXTENSION, FALL, OFF, ON, TIMED_OUT, Envelope
from stimulator.prescription import default_prescription

FULL = 10_000


def envelope(**times):
    return Envelope(default_prescription()._replace(**times))


def run(env, swing, ms, sure=True, dt_us=5_000, stride_us=1_200_000):
    """Step for `ms` milliseconds; return the levels."""
    return [env.step(dt_us, swing, sure, stride_us) for _ in range(ms * 1000 // dt_us)]


def test_it_rises_in_rise_ms_and_holds_until_contact():
    env = envelope(rise_ms=200)
    levels = run(env, 1, 195)
    assert all(b - a == 250 for a, b in itertools.pairwise(levels))
    assert levels[-1] < FULL
    assert run(env, 1, 300)[-1] == FULL
    assert env.state == ON


def test_after_contact_it_holds_for_the_extension_then_falls():
    env = envelope(rise_ms=50, extension_ms=100, fall_ms=150)
    run(env, 1, 400)
    assert set(run(env, 0, 100)) == {FULL}
    assert env.state == EXTENSION
    levels = run(env, 0, 160)
    assert levels == sorted(levels, reverse=True)
    assert levels[0] < FULL
    assert levels[-1] == 0
    assert env.state in (FALL, OFF)
    run(env, 0, 5)
    assert env.state == OFF


def test_delay_waits_before_the_rise():
    env = envelope(delay_ms=50, rise_ms=50)
    assert set(run(env, 1, 50)) == {0}
    assert env.state == DELAY
    assert run(env, 1, 10)[-1] > 0


def test_a_swing_shorter_than_the_delay_gives_nothing():
    env = envelope(delay_ms=100)
    run(env, 1, 50)
    assert set(run(env, 0, 300)) == {0}


def test_without_extension_contact_starts_the_fall():
    env = envelope(rise_ms=50, extension_ms=0)
    run(env, 1, 100)
    assert run(env, 0, 5)[0] < FULL


def test_without_fall_time_it_ends_at_once():
    env = envelope(rise_ms=50, extension_ms=0, fall_ms=0)
    run(env, 1, 100)
    assert run(env, 0, 5) == [0]


def test_the_time_out_ends_it_and_asks_for_200_ms_of_contact():
    env = envelope(timeout_ms=1000, fall_ms=100)
    run(env, 1, 1005)
    assert env.state == TIMED_OUT
    run(env, 1, 3000)
    assert env.level == 0
    run(env, 0, 195)
    run(env, 1, 50)
    assert env.level == 0, "contact of less than 200 ms must not allow a new start"
    run(env, 0, 205)
    assert run(env, 1, 20)[-1] > 0


def test_doubt_lets_it_fall_and_the_same_swing_gets_no_second_start():
    env = envelope(rise_ms=50, fall_ms=50)
    run(env, 1, 100)
    run(env, 1, 100, sure=False)
    assert env.level == 0
    assert set(run(env, 1, 200)) == {0}
    run(env, 0, 50)
    assert run(env, 1, 50)[-1] > 0


def test_a_swing_that_becomes_sure_late_still_gets_its_start():
    env = envelope()
    assert set(run(env, 1, 50, sure=False)) == {0}
    assert run(env, 1, 50)[-1] > 0


def test_doubt_before_the_swing_starts_nothing():
    assert set(run(envelope(), 1, 500, sure=False)) == {0}


def test_cut_is_zero_now_and_for_the_rest_of_the_swing():
    env = envelope(rise_ms=50)
    run(env, 1, 100)
    env.cut()
    assert env.level == 0
    assert set(run(env, 1, 500)) == {0}


def test_a_new_swing_during_the_extension_goes_on_without_a_dip():
    env = envelope(rise_ms=50, extension_ms=300)
    run(env, 1, 400)
    run(env, 0, 100)
    assert set(run(env, 1, 100)) == {FULL}
    assert env.state == ON


def test_a_new_swing_during_the_fall_rises_from_where_it_is():
    env = envelope(rise_ms=200, extension_ms=0, fall_ms=200)
    run(env, 1, 400)
    run(env, 0, 100)
    low = env.level
    assert 0 < low < FULL
    assert env.step(5_000, 1, True) > low


def test_new_times_wait_for_the_end_of_the_step():
    env = envelope()
    run(env, 1, 50)
    with pytest.raises(ValueError, match="between steps"):
        env.set(default_prescription())


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.booleans(), st.integers(0, 30_000)), max_size=300),
    st.sampled_from([50, 200, 1000]),
    st.sampled_from([0, 150, 1000]),
    st.sampled_from([1000, 4000]),
)
def test_level_stays_in_range_and_output_never_outlasts_the_time_out_and_fall(moves, rise, fall, timeout):
    env = envelope(rise_ms=rise, fall_ms=fall, timeout_ms=timeout)
    for swing, sure, dt_us in moves:
        before = env.level
        level = env.step(dt_us, swing, sure)
        assert 0 <= level <= FULL
        assert level - before <= dt_us * FULL // (rise * 1000), "it never rises faster than prescribed"


@pytest.mark.parametrize(
    ("stride_us", "on_ms", "extension_ms", "lasts_ms"),
    [
        (1_200_000, 500, 100, 250),  # room enough: 100 ms extension, 150 ms fall
        (750_000, 400, 500, 150),  # weighted: 70 % of 750 ms less 25 ms of rise leaves 150 ms
        (0, 400, 100, 250),  # the first step of a walk: its stride is taken as twice its swing
        (4_000_000, 300, 500, 250),  # a pause between two walks is no stride: 300 ms / 40 % at most
    ],
)
def test_extension_and_fall_fit_into_the_stride(stride_us, on_ms, extension_ms, lasts_ms):
    env = envelope(rise_ms=50, extension_ms=extension_ms, fall_ms=150)
    run(env, 1, on_ms, stride_us=stride_us)
    levels = run(env, 0, 1200, stride_us=stride_us)
    assert abs(5 * sum(v > 0 for v in levels) - lasts_ms) <= 15
