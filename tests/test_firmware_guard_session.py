"""A session: who has checked what before it, and that it ends after an hour until a person confirms the next."""

import pytest

from safety import faults, reasons, supervisor
from tests.safety_rig import Rig

HOUR_S = 3_600


def test_after_an_hour_the_session_ends_and_arming_begins_a_new_one():
    rig = Rig().armed()
    rig.guard._session._s, rig.guard._session._us = HOUR_S - 1, 900_000  # as if: an hour less 100 ms
    rig.run(90)
    assert rig.guard.gate.armed
    rig.run(20)
    assert not rig.guard.gate.armed
    assert rig.guard.supervisor.fault_id == faults.SESSION_OVER
    assert rig.guard.supervisor.sound == supervisor.SOUND_LOST
    assert not rig.guard.arm(), "the stimulator was switched off; it has to be found again first"
    rig.run(400)
    rig.cycle = 0
    assert rig.guard.arm()
    rig.run(20)
    assert rig.guard.gate.armed, "the new session has its own hour"


def unchecked() -> Rig:
    """A rig whose leg and channels nobody has checked, ready to arm; 14 mA and 300 us at full level."""
    rig = Rig(was_checked=False, plateau_nc=4_200).ready()
    rig.guard.acknowledge()
    return rig


def arm_test(rig: Rig) -> None:
    rig.guard.open()
    rig.run(400)
    rig.cycle = 0
    assert rig.guard.arm(supervisor.TEST)
    rig.run(5)


def burst(rig: Rig, channel: int, pulses: int, current_ua: int = 7_000) -> None:
    """Arm for one test burst on `channel`, ask for `pulses` pulses, and let it end."""
    arm_test(rig)
    for _ in range(pulses):
        rig.ask(channel, current_ua=current_ua).run(25)
    rig.run(100)
    rig.guard.disarm()


@pytest.mark.parametrize(
    ("pulses", "counts"),
    [((5, 5), True), ((4, 5), False), ((5, 4), False), ((10, 0), False), ((0, 0), False)],
)
def test_the_check_counts_only_after_a_test_burst_on_each_channel(pulses, counts):
    rig = unchecked()
    for channel, n in enumerate(pulses):
        if n:
            burst(rig, channel, n)
    rig.guard.channels_checked()
    assert rig.guard.supervisor.is_checked == counts


@pytest.mark.parametrize(("current_ua", "counts"), [(7_000, True), (6_500, False), (500, False)])
def test_pulses_below_half_of_what_is_prescribed_test_nothing(current_ua, counts):
    rig = unchecked()
    for channel in (0, 1):
        burst(rig, channel, 20, current_ua)
    rig.guard.channels_checked()
    assert rig.guard.supervisor.is_checked == counts


def test_pulses_of_several_bursts_do_not_add_up():
    rig = unchecked()
    for _ in range(4):
        burst(rig, 0, 4)
        burst(rig, 1, 5)
    rig.guard.channels_checked()
    assert not rig.guard.supervisor.is_checked


def test_one_arm_for_a_test_is_for_one_channel():
    rig = unchecked()
    arm_test(rig)
    for channel in (1, 0, 0, 1, 0, 1):
        rig.ask(channel).run(25)
    assert {channel for channel, *_ in rig.delivered} == {1}
    assert rig.guard.results[1].reason == reasons.HELD
    rig.run(100)
    rig.guard.disarm()
    burst(rig, 0, 3)
    assert {channel for channel, *_ in rig.delivered} == {0, 1}, "the next arm is for any channel again"


def test_a_channel_that_may_give_no_current_needs_no_test():
    rig = Rig(was_checked=False, unused=(1,)).ready()
    rig.guard.acknowledge()
    burst(rig, 0, 5)
    rig.guard.channels_checked()
    assert rig.guard.supervisor.is_checked


def test_an_arm_for_a_test_that_nobody_uses_ends_after_10_s_without_a_tone():
    rig = unchecked()
    arm_test(rig)
    rig.run(9_900)
    assert rig.gate.armed
    rig.run(100)
    assert not rig.gate.armed
    assert rig.guard.sound() == 0
    rig.ask().run(50)
    assert rig.delivered == []


def test_pulses_of_walking_are_no_test_burst():
    rig = Rig(plateau_nc=4_200).armed()
    for _ in range(9):
        rig.ask(0).ask(1).run(25)
    assert not rig.guard._tested.is_complete()


def test_another_profile_asks_for_acknowledgement_and_check_again():
    rig = Rig(plateau_nc=4_200).armed()
    rig.ask().run(5)
    n = len(rig.device.pulses)
    rig.guard.profile_changed()
    rig.ask().run(400)
    assert len(rig.device.pulses) == n
    assert rig.guard.supervisor.fault_id == faults.PROFILE_CHANGE
    rig.guard.open()
    rig.run(400)
    rig.guard.acknowledge()
    rig.cycle = 0
    assert not rig.guard.arm(), "nobody has checked leg and channels of this profile"
    for channel in (0, 1):
        burst(rig, channel, 5)
    rig.guard.channels_checked()
    rig.guard.open()
    rig.run(400)
    rig.cycle = 0
    assert rig.guard.arm()
