"""Clock readings wrap at 2**30 us; ages never look fresh again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.clock import Age, after_us, elapsed_us

WRAP = 2**30
readings = st.integers(0, WRAP - 1)
durations = st.integers(-(2**29), 2**29 - 1)


@given(readings, durations)
def test_elapsed_undoes_after(t_us, d_us):
    later = after_us(t_us, d_us)
    assert 0 <= later < WRAP
    assert elapsed_us(later, t_us) == d_us


@pytest.mark.parametrize(
    ("later", "earlier", "expected"),
    [
        (0, WRAP - 1, 1),
        (5, 5, 0),
        (WRAP - 1, 0, -1),
        (2**29 - 1, 0, 2**29 - 1),
        (2**29, 0, -(2**29)),
    ],
)
def test_elapsed_at_its_edges(later, earlier, expected):
    assert elapsed_us(later, earlier) == expected


def test_an_age_begins_expired():
    assert Age().us == 2**29


@given(st.lists(st.integers(-5, 2**29), max_size=8))
def test_an_age_only_grows_and_stops_at_its_maximum(steps):
    age = Age()
    age.restart()
    expected = 0
    for step in steps:
        age.advance(step)
        expected = 2**29 if step < 0 else min(2**29, expected + step)
        assert age.us == expected


def test_an_age_is_still_old_after_a_whole_turn_of_the_clock_and_50_ms():
    age = Age()
    age.restart()
    for _ in range(1074):
        age.advance(1_000_000)
    age.advance(50_000)
    assert age.us == 2**29


def test_expire_and_restart():
    age = Age()
    age.restart()
    assert age.us == 0
    age.expire()
    assert age.us == 2**29
