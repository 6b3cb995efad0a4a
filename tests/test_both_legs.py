"""Two legs on one emulated P24: each helped in its own steps, one stop for both, and whose fault holds whom."""

from typing import Any

import pytest

from firmware_py import blackbox
from firmware_py.both_legs import is_of_one_leg
from hw_sim import faulty_sensors
from hw_sim.both_legs import BothWorld, main_lines
from safety import faults, reasons, supervisor
from stimulator import cues
from tests.both_legs_rig import LEFT, RIGHT, USUAL, is_armed, last_us, states, until, walking


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
    opened_us = world.now_us
    world.advance(3_000_000)
    judged = [p for p in world.pulses(leg) if p[0] > opened_us and p[1] == 0 and p[2] >= 15.0]
    assert 1 <= len(judged) <= 2, "before the third pulse that the device judges"
    assert states(world) == [supervisor.FAULT] * 2
    assert [loop.guard.supervisor.fault_id for loop in world.both.legs] == [faults.LEAD_OPEN] * 2
    last = [last_us(world, LEFT), last_us(world, RIGHT)]
    world.device.set_open_channels()
    world.advance(2_000_000)
    assert [last_us(world, LEFT), last_us(world, RIGHT)] == last, "and it does not come back by itself"


def test_a_person_who_clears_and_arms_walks_on_with_both():
    world = walking(4.0)
    world.device.faults.busy = True
    world.advance(2_000_000)
    assert states(world) == [supervisor.FAULT] * 2
    world.device.faults.busy = False
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


def test_the_demo_says_what_became_of_each_leg():
    lines = main_lines(8.0)
    assert len(lines) == 3
    assert "left: toe drags in" in lines[1]
    assert "right: toe drags in" in lines[2]


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
