"""Commands to the guardian: none hides a stop, none undoes one, and what is armed is told."""

import pytest

from firmware_py import messages
from safety import reasons
from tests.guardian_frames import command
from tests.test_guardian_core import STEP_US, Rig

PARTIAL_HEAD = bytes((0xC5, 0x3A, 0x03, 0x90, 0x01))  # announces 400 bytes that never come


@pytest.mark.parametrize("before", [PARTIAL_HEAD, PARTIAL_HEAD[:1], b"", b"\xff" * 700])
def test_half_a_frame_of_one_operator_swallows_no_stop_of_another(before):
    rig = Rig().pulsing()
    rig.step(operator=(before, command(messages.STOP, rig.now_us + STEP_US)))
    assert not rig.is_armed
    rig = Rig().pulsing()
    rig.step(operator=(before,))
    rig.step(operator=(command(messages.STOP, rig.now_us + STEP_US),))
    assert not rig.is_armed


def test_half_a_frame_counts_as_refused():
    rig = Rig().run(10)
    rig.step(operator=(PARTIAL_HEAD,))
    assert rig.core.refused == 1


@pytest.mark.parametrize(("before_us", "armed"), [(10_000, False), (1, False), (-1, True)])
@pytest.mark.parametrize("how", ["operator", "controller", "button"])
def test_an_arm_that_was_given_before_a_stop_does_not_undo_it(before_us, armed, how):
    rig = Rig().pulsing()
    stopped_us = rig.now_us + STEP_US
    if how == "button":
        rig.step(stop=True)
    else:
        rig.step(**{how: command(messages.STOP, stopped_us)})
    for _ in range(2):  # the first one would only wake the stimulator
        rig.step(operator=command(messages.ARM, stopped_us - before_us))
        rig.run(150)
    assert rig.is_armed == armed


def test_disarm_and_a_changed_profile_are_commands_of_the_operator():
    rig = Rig().pulsing()
    rig.tell(messages.DISARM)
    assert not rig.is_armed
    assert rig.status.sound == 2
    rig.arm()  # it wakes the stimulator
    rig.run(400).arm()
    assert rig.is_armed
    assert rig.status.armed == 1
    rig.tell(messages.PROFILE_CHANGED)
    for _ in range(2):
        rig.tell(messages.ACKNOWLEDGE)
        rig.tell(messages.ARM)
        assert not rig.is_armed, "the channels of the new profile are not checked"
        rig.run(400)


def test_the_status_says_that_it_is_armed_for_a_test():
    rig = Rig().run(400)
    rig.tell(messages.ACKNOWLEDGE)
    rig.tell(messages.ARM_TEST)
    assert rig.status.armed == 2


def test_whoever_asks_how_the_guardian_stands_changes_nothing_and_stops_are_counted():
    rig = Rig().pulsing()
    rig.step(operator=command(messages.TELL, rig.now_us))
    assert rig.is_armed
    assert (rig.core.refused, rig.status.stops) == (0, 0)
    assert rig.more_pulses(500) > 10
    for n in (1, 2):
        rig.step(operator=command(messages.STOP, rig.now_us))
        assert rig.status.stops == n, "whoever had asked to arm before must see it"
    assert not rig.is_armed


def test_stop_disarm_and_a_changed_profile_are_told_as_ends_of_every_wish():
    rig = Rig().pulsing()
    for n, kind in enumerate((messages.DISARM, messages.PROFILE_CHANGED, messages.STOP), 1):
        rig.step(operator=command(kind, rig.now_us + STEP_US))
        assert rig.status.ends == n
    assert rig.status.stops == 1


ENDS = {
    "operator": {"operator": messages.STOP},
    "controller": {"controller": messages.STOP},
    "disarm": {"operator": messages.DISARM},
    "profile": {"operator": messages.PROFILE_CHANGED},
    "button": {},
}


@pytest.mark.parametrize("how", ENDS)
def test_a_wish_to_be_armed_that_is_repeated_ends_with_a_stop_in_between(how):
    rig = Rig().pulsing()
    asked_us = rig.now_us
    rig.run(20)
    if how == "button":
        rig.step(stop=True)
    for who, kind in ENDS[how].items():
        rig.step(**{who: command(kind, rig.now_us + STEP_US)})
    for _ in range(10):  # fresh frames of an old wish
        rig.run(200)
        for kind in (messages.ACKNOWLEDGE, messages.ARM):
            rig.step(operator=command(kind, rig.now_us + STEP_US, asked_us))
        assert not rig.is_armed


def test_one_wish_arms_once():
    rig = Rig().pulsing()
    rig.tell(messages.DISARM)
    asked_us = rig.now_us + STEP_US
    for _ in range(4):
        rig.run(200)
        rig.step(operator=command(messages.ARM, rig.now_us + STEP_US, asked_us))
    assert rig.is_armed, "it is asked for again while the stimulator wakes up"
    rig.guard.gate.disarm(reasons.NO_CYCLE)
    for _ in range(4):
        rig.run(200)
        rig.step(operator=command(messages.ARM, rig.now_us + STEP_US, asked_us))
        assert not rig.is_armed, "nobody has asked since"
    rig.run(400).arm()
    rig.run(400).arm()
    assert rig.is_armed


@pytest.mark.parametrize(("age_ms", "armed"), [(3_999, True), (4_002, False), (-2, False)])
def test_a_wish_is_as_old_as_a_stimulator_takes_to_wake_up_at_most(age_ms, armed):
    rig = Rig().run(4_100)
    rig.tell(messages.ACKNOWLEDGE)
    now_us = rig.now_us + STEP_US
    rig.step(operator=command(messages.ARM, now_us, now_us - age_ms * 1000))
    assert rig.is_armed == armed


def test_a_test_arm_lets_no_pulse_of_the_walk_through():
    rig = Rig().run(600)
    assert rig.now_us >= rig.swings_from_us, "the walk asks for pulses"
    rig.tell(messages.ACKNOWLEDGE)
    rig.tell(messages.ARM_TEST)
    assert rig.is_armed
    assert rig.more_pulses(500) == 0
