"""Commands to the guardian: none hides a stop, none undoes one, and what is armed is told."""

import pytest

from firmware_py import messages
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
