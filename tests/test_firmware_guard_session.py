"""A session: who has checked what before it, and that it ends after an hour until a person confirms the next."""

import pytest

from safety import faults, supervisor
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
    """A rig whose leg and channels nobody has checked, ready to arm."""
    rig = Rig(was_checked=False).ready()
    rig.guard.acknowledge()
    return rig


def burst(rig: Rig, channel: int, pulses: int) -> None:
    """Arm for one test burst on `channel`, let `pulses` pulses through, then disarm."""
    rig.run(400)
    rig.cycle = 0
    assert rig.guard.arm(is_test=True)
    rig.run(5)
    for _ in range(pulses):
        rig.ask(channel).run(25)
    assert rig.guard.supervisor.is_test
    rig.guard.stop()
    rig.guard.open()
    rig.run(400)


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
    rig.cycle = 0
    assert rig.guard.arm() == counts


def test_pulses_of_walking_are_no_test_burst():
    rig = Rig().armed()
    for _ in range(9):
        rig.ask(0).ask(1).run(25)
    assert [slot.tested for slot in rig.guard._slots] == [0, 0]


def test_another_profile_asks_for_acknowledgement_and_check_again():
    rig = Rig().armed()
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
    rig.cycle = 0
    assert rig.guard.arm()
