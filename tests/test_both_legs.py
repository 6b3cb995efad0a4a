"""Two legs on one emulated P24: each helped in its own steps, one stop for both, and whose fault holds whom."""

from typing import Any

import pytest

import hw_sim.both_legs
from firmware_py import blackbox
from firmware_py.both_legs import both_problems, is_of_one_leg
from firmware_py.compose import compose_both_legs
from hw_sim import faulty_sensors
from hw_sim.both_legs import BothWorld, main_lines, usual_prescription
from hw_sim.walker import WalkerSettings
from safety import faults, reasons, supervisor
from stimulator import cues, exercise
from stimulator.drivers.capability import P24
from stimulator.exercise_plan import default_plan
from stimulator.prescription import PrescriptionError, default_prescription
from stimulator.wearer import PAUSE

LEFT, RIGHT = 0, 1
USUAL = usual_prescription()
PLAN = default_plan()._replace(countdown_s=3)


def walking(seconds=6.0, **how):
    """Both legs armed and under way, no stride like the other's."""
    world = BothWorld((USUAL, USUAL), stride_s=1.0, **how)
    world.connect()
    assert world.arm()
    world.advance(round(seconds * 1e6) - world.now_us)
    return world


def states(world):
    return [loop.guard.supervisor.state for loop in world.both.legs]


def is_armed(world, leg):
    return supervisor.ARMED <= states(world)[leg] <= supervisor.PAUSED


def last_us(world, leg):
    return max((at for at, *_ in world.pulses(leg)), default=-1)


@pytest.fixture(scope="module")
def walked():
    return walking(14.0, varies=False)


def test_each_leg_is_helped_in_its_own_steps_and_never_refused_once_it_walks(walked):
    for leg in (LEFT, RIGHT):
        strides = walked.legs[leg].strides
        assert len(strides) >= 9
        assert all(min(s.pulses[:2]) >= 5 for s in strides[2:])
        assert not any(s.dragged for s in strides[2:])
        refused = [
            v[5]
            for kind, _, v in blackbox.rows(bytes(walked.rows[leg]))
            if kind == blackbox.RESULT and v[3] == 0
        ]
        assert set(refused) <= {reasons.NOT_PLAUSIBLE, reasons.DISARMED}


def test_the_legs_take_turns(walked):
    swings = [[(s.swing_start_us, s.swing_end_us) for s in leg.strides[2:]] for leg in walked.legs]
    for leg in (LEFT, RIGHT):
        other = [
            at
            for at, *_ in walked.pulses(leg)
            if any(a + 200_000 < at < b - 100_000 for a, b in swings[1 - leg])
        ]
        mine = [at for at, *_ in walked.pulses(leg) if any(a < at < b for a, b in swings[leg])]
        assert len(mine) > 100
        assert len(other) < len(mine) / 5, "only around the double support do both have pulses"


def test_each_step_clicks_once_and_no_alarm_sounds(walked):
    helped = sum(len(leg.strides) for leg in walked.legs)
    clicks = walked.signals.numbers("beep").count(cues.CLICK)
    assert helped - 4 <= clicks <= helped + 2
    assert walked.signals.numbers("tone") == []
    assert walked.both.sound() == supervisor.SOUND_NONE


def test_one_stop_leaves_no_pulse_on_either_leg_after_20_ms():
    world = walking()
    world.both.stop()
    stopped_us = world.now_us
    world.advance(2_000_000)
    assert max(last_us(world, LEFT), last_us(world, RIGHT)) <= stopped_us + 20_000
    assert states(world) == [supervisor.READY] * 2
    assert world.both.sound() == supervisor.SOUND_LOST
    assert not world.device.is_low_level_on


@pytest.mark.parametrize("leg", [LEFT, RIGHT])
def test_a_leg_whose_sensors_fail_is_held_and_the_other_goes_on(leg):
    world = walking()
    world.sensors[leg].begin(faulty_sensors.BOTH_GONE)
    began_us = world.now_us
    world.advance(4_000_000)
    assert last_us(world, leg) < began_us + 1_500_000
    assert last_us(world, 1 - leg) > world.now_us - 1_200_000
    assert is_armed(world, 1 - leg)
    assert world.both.sound() == supervisor.SOUND_HELD, "and it is heard"


@pytest.mark.parametrize("leg", [LEFT, RIGHT])
def test_a_lead_that_comes_off_one_leg_stops_both(leg):
    world = walking()
    world.device.set_open_channels(leg * 4)
    world.advance(3_000_000)
    assert states(world) == [supervisor.FAULT] * 2
    assert [loop.guard.supervisor.fault_id for loop in world.both.legs] == [faults.LEAD_OPEN] * 2
    last = [last_us(world, LEFT), last_us(world, RIGHT)]
    world.device.set_open_channels()
    world.advance(2_000_000)
    assert [last_us(world, LEFT), last_us(world, RIGHT)] == last, "and it does not come back by itself"


def test_a_person_who_clears_and_arms_walks_on_with_both():
    world = walking(4.0)
    world.device.set_open_channels(0)
    world.advance(2_000_000)
    assert states(world) == [supervisor.FAULT] * 2
    world.device.set_open_channels()
    world.both.clear()
    world.advance(1_000_000)
    assert world.arm()
    world.advance(4_000_000)
    assert min(last_us(world, LEFT), last_us(world, RIGHT)) > world.now_us - 1_500_000


@pytest.mark.parametrize("leg", [LEFT, RIGHT])
@pytest.mark.parametrize("what", ["disarm", "stop", "stall", "order", "battery"])
def test_whatever_else_ends_one_leg_ends_both(leg, what):
    world = walking(1.2)
    loop: Any = world.both.legs[leg]
    if what == "disarm":
        loop.guard.disarm()
    elif what == "stop":
        loop.guard.stop()
    elif what == "order":
        loop.guard.cycle_finished(77)
    elif what == "battery":
        loop.guard.take_battery(0)
    else:
        loop.cycle.step = lambda t_us: None  # its half of the controller hangs
    world.advance(120_000)
    ended_us = world.now_us
    assert not is_armed(world, LEFT)
    assert not is_armed(world, RIGHT)
    world.advance(1_500_000)
    assert max(last_us(world, LEFT), last_us(world, RIGHT)) <= ended_us


@pytest.mark.parametrize("what", ["disarm", "stop", "order"])
def test_whatever_else_ends_a_leg_in_its_last_burst_ends_both(what):
    world = walking(3.0)
    loop: Any = world.both.legs[LEFT]
    until(world, lambda: states(world)[LEFT] == supervisor.STIMULATING)
    loop.guard.supervisor.fault(faults.SWITCH_STUCK_CLOSED)  # this leg's own, after this burst
    if what == "disarm":
        loop.guard.disarm()
    elif what == "stop":
        loop.guard.stop()
    else:
        loop.guard.cycle_finished(77)
    world.advance(20_000)
    ended_us = world.now_us
    assert not is_armed(world, LEFT)
    assert not is_armed(world, RIGHT)
    assert world.both.sound() == supervisor.SOUND_LOST
    world.advance(1_500_000)
    assert max(last_us(world, LEFT), last_us(world, RIGHT)) <= ended_us


def test_the_end_of_one_leg_reaches_the_other_in_the_same_step():
    for leg in (LEFT, RIGHT):
        world = walking(1.0)
        world.both.legs[leg].guard.stop()
        world.both.step((world.both.legs[0].guard._t_us + 1) & (2**30 - 1))
        assert not world.both.legs[1 - leg].guard.gate.armed
        assert world.both.legs[1 - leg].guard.supervisor.fault_id == faults.EMERGENCY_STOP


def test_legs_that_were_not_checked_are_not_armed_not_even_one():
    world = BothWorld((USUAL, USUAL), was_checked=False)
    world.connect()
    assert not world.arm()
    assert not is_armed(world, LEFT)
    assert not is_armed(world, RIGHT)
    world.both.legs[LEFT].guard._was_checked = True  # one leg was
    world.both.legs[RIGHT].guard._was_checked = False
    assert not world.arm()
    assert not is_armed(world, LEFT)
    assert not is_armed(world, RIGHT)


def until(world, is_so, at_most_us=6_000_000):
    end_us = world.now_us + at_most_us
    while not is_so():
        assert world.now_us < end_us
        world.advance(1_000)


def test_who_asks_again_to_arm_while_one_leg_swings_cuts_neither():
    world = walking(4.0)
    until(world, lambda: states(world) == [supervisor.STIMULATING, supervisor.ARMED])
    asked_us = world.now_us
    assert world.both.arm_walk()
    assert states(world) == [supervisor.STIMULATING, supervisor.ARMED]
    world.advance(2_000_000)
    for leg in (LEFT, RIGHT):
        pulsed_us = [at for at, *_ in world.pulses(leg) if at > asked_us]
        assert pulsed_us[0] < asked_us + 1_000_000
        assert len(pulsed_us) > 20
    world.both.pause()
    until(world, lambda: states(world) == [supervisor.PAUSED] * 2)
    assert world.both.arm_walk(), "armed, and a pause is no end of that"
    assert states(world) == [supervisor.PAUSED] * 2


def test_a_leg_that_walks_on_alone_is_not_cut_by_an_arm_that_fails_and_joined_by_one_that_does_not():
    world = walking(4.0)
    left, right = world.both.legs
    right.guard.supervisor.fault(faults.SWITCH_STUCK_CLOSED)
    until(world, lambda: states(world)[RIGHT] == supervisor.FAULT)
    until(world, lambda: states(world)[LEFT] == supervisor.STIMULATING)
    assert not world.both.arm_walk()
    assert states(world)[LEFT] == supervisor.STIMULATING
    right.guard.clear()
    until(world, lambda: states(world)[RIGHT] == supervisor.READY)
    until(world, lambda: states(world)[LEFT] == supervisor.STIMULATING)
    assert world.both.arm_walk()
    assert states(world) == [supervisor.STIMULATING, supervisor.ARMED]
    assert left.guard.gate.armed
    assert right.guard.gate.armed


def test_one_leg_is_armed_for_a_test_only_while_the_other_is_not_armed():
    world = BothWorld((USUAL, USUAL))
    world.connect()
    both = world.both
    both.acknowledge()
    for leg in (LEFT, RIGHT):
        while not both.arm_test(leg):
            world.advance(5_000)
        assert not both.arm_test(1 - leg)
        assert not both.arm_exercise(1 - leg)
        assert not both.arm_walk()
        assert not is_armed(world, 1 - leg)
        both.disarm()
        world.advance(200_000)
        both.open()
        world.advance(500_000)


def test_a_test_burst_of_the_right_leg_comes_out_of_its_own_outputs():
    world = BothWorld((USUAL, USUAL))
    world.connect()
    world.both.acknowledge()
    while not world.both.arm_test(RIGHT):
        world.advance(5_000)
    world.both.legs[RIGHT].burst.hold(1)
    world.advance(400_000)
    assert {p.channel for p in world.device.pulses} == {5}
    assert world.signals.numbers("tone") == [cues.TONE_TEST]


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


def test_the_demo_says_what_became_of_each_leg():
    lines = main_lines(8.0)
    assert len(lines) == 3
    assert "left: toe drags in" in lines[1]
    assert "right: toe drags in" in lines[2]


# Prescriptions


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


def test_only_what_the_sensors_show_is_of_one_leg():
    named = {f.id for f in faults.FAULTS if is_of_one_leg(f.id)}
    assert named == {
        faults.SWITCH_STUCK_OPEN,
        faults.SWITCH_STUCK_CLOSED,
        faults.SWITCH_BOUNCE,
        faults.SWITCH_SILENT,
        faults.SWITCH_IMU_DISAGREE,
        faults.IMU_FROZEN,
        faults.IMU_STALE,
        faults.IMU_RANGE,
        faults.FALSE_BURSTS,
        faults.IMU_REVERSED,
    }
