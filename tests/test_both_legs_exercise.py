"""Both legs: an exercise is of one leg, and the one set of keys pauses whichever runs."""

import pytest

import hw_sim.both_legs
from hw_sim.both_legs import BothWorld
from hw_sim.walker import WalkerSettings
from stimulator import exercise
from stimulator.exercise_plan import default_plan
from stimulator.wearer import PAUSE
from tests.both_legs_rig import LEFT, RIGHT, USUAL, last_us, until

PLAN = default_plan()._replace(countdown_s=3)


@pytest.fixture
def resting(monkeypatch):
    """Both feet at rest for as long as the test lasts."""

    def stays(**how):
        return WalkerSettings(**{**how, "stand_s": 1_000.0})

    monkeypatch.setattr(hw_sim.both_legs, "WalkerSettings", stays)
    world = BothWorld((USUAL, USUAL))
    world.connect()
    world.both.acknowledge()
    return world


def exercising(world, leg):
    """The plans of both legs are loaded; that of `leg` has its first burst."""
    until(world, lambda: world.both.arm_exercise(leg))
    mine = world.both.legs[leg].exercise
    mine.start()
    until(world, lambda: mine.phase == exercise.BURST, 20_000_000)
    world.advance(500_000)
    assert last_us(world, leg) > world.now_us - 100_000
    return mine


def press_pause(world):
    world.wearer.key_down(PAUSE)
    world.wearer.key_up(PAUSE)
    pressed_us = world.now_us
    world.advance(3_000_000)
    return pressed_us


def test_the_pause_key_lets_the_burst_fall_whichever_plan_was_loaded_last(resting):
    for leg in (LEFT, RIGHT):
        resting.both.legs[leg].prepare_exercise(PLAN)
    mine = exercising(resting, LEFT)
    fall_us = mine.plan.fall_ms * 1000
    assert last_us(resting, LEFT) <= press_pause(resting) + fall_us + 20_000
    assert mine.phase == exercise.ON_HOLD
    resting.wearer.pause(False)
    until(resting, lambda: mine.phase == exercise.BURST, 20_000_000)


def test_a_plan_of_one_leg_that_is_taken_out_leaves_the_pause_key_to_the_others(resting):
    left, right = resting.both.legs
    left.prepare_exercise(PLAN)
    right.prepare_exercise(PLAN)
    weaker = USUAL._replace(channels=(USUAL.channels[0]._replace(current_ua=0), USUAL.channels[1]))
    resting.both.commit(RIGHT, weaker)
    assert right.exercise is None
    mine = exercising(resting, LEFT)
    assert last_us(resting, LEFT) <= press_pause(resting) + mine.plan.fall_ms * 1000 + 20_000
    assert mine.phase == exercise.ON_HOLD
