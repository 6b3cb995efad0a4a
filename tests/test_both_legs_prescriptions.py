"""Prescriptions of both legs: what one stimulator can give, and a change or comparison of one leg beside the other."""

import pytest

from firmware_py import blackbox
from firmware_py.both_legs import both_problems
from firmware_py.compose import compose_both_legs
from hw_sim.both_legs import BothWorld
from safety import reasons
from stimulator.drivers.capability import P24
from stimulator.prescription import PrescriptionError, default_prescription
from tests.both_legs_rig import LEFT, RIGHT, USUAL, until, walking


def test_the_rates_of_both_legs_add_up_and_are_the_same():
    usual = default_prescription()
    (sentence,) = both_problems(usual, usual, P24)
    assert "adds up to 160 pulses a second over both legs; P24 allows 0 to 80" in sentence
    assert both_problems(USUAL, USUAL, P24) == []
    quick = USUAL._replace(channels=tuple(c._replace(rate_hz=21) for c in USUAL.channels))
    (sentence,) = both_problems(quick, quick, P24)
    assert "adds up to 84 pulses" in sentence
    one_less = USUAL._replace(channels=(USUAL.channels[0]._replace(rate_hz=19), USUAL.channels[1]))
    (sentence,) = both_problems(USUAL, one_less, P24)
    assert "rate_hz is 19 to 20 in the channels of both legs" in sentence
    off = USUAL._replace(channels=(USUAL.channels[0]._replace(current_ua=0), USUAL.channels[1]))
    assert len(both_problems(usual, off, P24)) == 2
    single = off._replace(channels=(off.channels[0], off.channels[1]._replace(rate_hz=40)))
    assert both_problems(single, single, P24) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_next_to_no_pulse_waits_for_the_other_leg_longer_than_it_may(seed):
    world = walking(10.0, seed=seed)
    results = [
        v[5] for rows in world.rows for kind, _, v in blackbox.rows(bytes(rows)) if kind == blackbox.RESULT
    ]
    assert len(results) > 400
    assert results.count(reasons.TOO_LATE) <= 4, (
        "four slow answers in a row; it was one in 7 before they took turns"
    )


def test_each_legs_sentences_name_it_and_channels_are_shared_out():
    bad = USUAL._replace(rise_ms=10)
    found = both_problems(bad, USUAL._replace(fall_ms=-1), P24)
    assert found[0].startswith("left: rise_ms is 10")
    assert found[1].startswith("right: fall_ms is -1")
    two = P24._replace(channels=3)
    assert any("P24 allows 1 to 1 for each leg" in s for s in both_problems(USUAL, USUAL, two))
    with pytest.raises(PrescriptionError, match="left: rise_ms"):
        compose_both_legs(port=None, left={"prescription": bad}, right={"prescription": USUAL})


def test_a_change_of_one_leg_is_taken_over_if_both_fit_the_stimulator():
    world = BothWorld((USUAL, USUAL))
    weaker = USUAL._replace(channels=tuple(c._replace(current_ua=10_000) for c in USUAL.channels))
    world.both.commit(RIGHT, weaker)
    assert world.both.legs[RIGHT].walk.prescription == weaker
    assert world.both.legs[LEFT].walk.prescription == USUAL
    quicker = USUAL._replace(channels=tuple(c._replace(rate_hz=26) for c in USUAL.channels))
    with pytest.raises(PrescriptionError, match="over both legs"):
        world.both.commit(LEFT, quicker)
    assert world.both.legs[LEFT].walk.prescription == USUAL


def test_a_comparison_of_one_leg_is_taken_only_if_b_fits_beside_the_other_leg_too():
    both = walking(4.0).both
    quick = USUAL._replace(channels=tuple(c._replace(rate_hz=40, current_ua=10_000) for c in USUAL.channels))
    with pytest.raises(PrescriptionError, match="over both legs"):
        both.compare(LEFT, quick, 2, 4)
    assert both.legs[LEFT].in_play() == (USUAL,)
    one = USUAL._replace(channels=(USUAL.channels[0], USUAL.channels[1]._replace(current_ua=0)))
    both.compare(LEFT, one, 2, 4)
    assert both.legs[LEFT].in_play() == (USUAL, USUAL, one)


def test_a_change_of_one_leg_has_to_fit_beside_all_that_the_other_may_have_from_here_on():
    world = walking(4.0)
    both = world.both
    off = USUAL._replace(channels=tuple(c._replace(current_ua=0) for c in USUAL.channels))
    slow = USUAL._replace(channels=tuple(c._replace(rate_hz=15) for c in USUAL.channels))
    both.compare(LEFT, off, 1, 40)
    until(world, lambda: both.legs[LEFT].walk.prescription == off)
    assert both_problems(off, slow, P24) == []
    with pytest.raises(PrescriptionError, match="must be the same"):  # beside A, which comes back
        both.commit(RIGHT, slow)
    both.disarm()
    world.advance(50_000)
    until(world, lambda: both.legs[LEFT].in_play() == (USUAL,))
    until(world, lambda: both.legs[LEFT].walk.envelope.state != 0)
    both.commit(LEFT, off)
    assert both.legs[LEFT].in_play() == (USUAL, off), "the step under way, and what waits"
    with pytest.raises(PrescriptionError, match="must be the same"):
        both.commit(RIGHT, slow)
    until(world, lambda: both.legs[LEFT].in_play() == (off,))
    both.commit(RIGHT, slow)
