"""Armed for an exercise: bursts without steps, and what holds them back; a test and a walk stay what they are."""

import pytest

from firmware_py.seated_swings import SENSOR_FAULTS, counts
from safety import faults, reasons, supervisor
from tests.safety_rig import Rig

WALK, TEST, EXERCISE = 0, 1, 2
# Restated: a seated foot hangs still with its heel up, makes no steps and turns any way.
TELL_NOTHING_SEATED = {
    faults.SWITCH_STUCK_OPEN,
    faults.SWITCH_STUCK_CLOSED,
    faults.SWITCH_IMU_DISAGREE,
    faults.FALSE_BURSTS,
    faults.IMU_REVERSED,
}


def armed(mode, **how) -> Rig:
    rig = Rig(**how).ready()
    rig.cycle = 0
    rig.guard.acknowledge()
    assert rig.guard.arm(mode)
    return rig.run(5)


def burst(rig, ms=100):
    for _ in range(ms // 25):
        rig.ask().run(25)
    return rig.run(100)


def swings(rig, n):
    rig.guard.take_swing(0)  # the rig says 1 in each cycle
    for _ in range(n):
        rig.guard.take_swing(1)
        rig.guard.take_swing(0)
    return rig


def test_the_modes_are_numbered_in_the_order_of_their_events():
    assert (supervisor.WALK, supervisor.TEST, supervisor.EXERCISE) == (WALK, TEST, EXERCISE)
    assert supervisor.ARM_TEST - supervisor.ARM == TEST
    assert supervisor.ARM_EXERCISE - supervisor.ARM == EXERCISE


@pytest.mark.parametrize("mode", [-1, -2, 3, 4, 2**20])
def test_a_mode_that_does_not_exist_arms_and_checks_nothing(mode):
    rig = Rig(was_checked=False).ready()
    rig.guard.acknowledge()
    assert not rig.guard.arm(mode)
    assert (rig.guard.supervisor.state, rig.guard.supervisor.is_checked) == (supervisor.READY, False)
    assert not rig.gate.armed


def test_bursts_follow_each_other_without_a_step():
    rig = armed(EXERCISE)
    for _ in range(6):
        burst(rig).run(900)
    assert len(rig.delivered) == 24
    assert rig.guard.supervisor.state == supervisor.ARMED
    assert rig.guard.sound() == supervisor.SOUND_NONE


def test_without_a_check_of_leg_and_channels_nobody_exercises():
    rig = Rig(was_checked=False).ready()
    rig.guard.acknowledge()
    assert not rig.guard.arm(EXERCISE)
    rig.ask().run(50)
    assert rig.delivered == []


@pytest.mark.parametrize(("n", "delivered"), [(3, 4), (4, 0)])
def test_more_swings_than_bursts_explain_hold_the_next_one_back(n, delivered):
    rig = burst(armed(EXERCISE))
    before = len(rig.delivered)
    burst(swings(rig, n))
    assert len(rig.delivered) - before == delivered
    if not delivered:
        assert rig.last.reason == reasons.NOT_PLAUSIBLE


def test_each_burst_counts_its_swings_anew_and_a_walk_stays_seen_until_armed_again():
    rig = armed(EXERCISE)
    for _ in range(4):
        burst(swings(rig, 2)).run(900)
    assert len(rig.delivered) == 16
    swings(rig, 4)
    burst(rig)
    burst(rig.run(20_000))
    assert len(rig.delivered) == 16
    rig.guard.disarm()
    rig.run(400)
    rig.guard.open()
    rig.run(400)
    rig.cycle = 0
    assert rig.guard.arm(EXERCISE)
    burst(rig.run(5))
    assert len(rig.delivered) == 20


def test_a_steady_hand_on_the_swing_counts_once():
    rig = armed(EXERCISE)
    for _ in range(50):
        rig.guard.take_swing(1)
    burst(rig)
    assert len(rig.delivered) == 4


@pytest.mark.parametrize("mode", [WALK, TEST, EXERCISE])
def test_armed_for_one_mode_no_other_is_taken(mode):
    rig = armed(mode)
    for other in (WALK, TEST, EXERCISE):
        assert rig.guard.arm(other) is (other == mode)
        assert rig.guard.supervisor.mode == mode


@pytest.mark.parametrize("fault_id", range(faults.SWITCH_STUCK_OPEN, faults.IMU_REVERSED + 1))
def test_which_sensor_fault_counts_in_which_mode(fault_id):
    assert counts(WALK, fault_id)
    assert not counts(TEST, fault_id), "a person watches"
    assert counts(EXERCISE, fault_id) is (fault_id not in TELL_NOTHING_SEATED)


def test_the_faults_that_count_seated_are_told_once_each():
    assert len(set(SENSOR_FAULTS)) == len(SENSOR_FAULTS) == 5


def test_swings_without_help_between_bursts_are_no_loss_that_sounds():
    rig = armed(EXERCISE)
    for _ in range(2):
        rig.guard.take_swing(1)
        rig.ask(current_ua=0).run(20)
        rig.guard.take_swing(0)
    assert rig.guard.sound() == supervisor.SOUND_NONE


@pytest.mark.parametrize("armed_for", [WALK, TEST, EXERCISE])
@pytest.mark.parametrize("asks", [WALK, TEST, EXERCISE])
def test_only_whoever_it_is_armed_for_gets_pulses(armed_for, asks):
    rig = armed(armed_for)
    rig.guard.take_mode(asks)
    rig.ask().guard.step(rig.t_us)
    assert (rig.last.granted_ua > 0) == (asks == armed_for)
    if asks != armed_for:
        assert rig.last.reason == reasons.HELD


def test_pausing_a_test_ends_it():
    rig = armed(TEST)
    rig.guard.pause()
    assert (rig.guard.supervisor.state, rig.gate.armed) == (supervisor.READY, False)
    assert rig.guard.sound() == supervisor.SOUND_NONE, "a test that a person ends is no loss"
    rig.guard.resume()
    assert not burst(rig).delivered


def test_pausing_after_a_test_does_not_switch_the_stimulator_off():
    rig = armed(TEST)
    rig.guard.disarm()
    rig.run(400)
    assert not rig.guard.arm(WALK), "it wakes the stimulator"
    rig.guard.pause()
    rig.run(400)
    assert rig.guard.arm(WALK)
