"""A session ends after an hour; a person confirms the next one by arming."""

from safety import faults, supervisor
from tests.safety_rig import Rig

HOUR_S = 3_600


def test_after_an_hour_the_session_ends_and_arming_begins_a_new_one():
    rig = Rig().armed()
    rig.guard._session_s, rig.guard._session_us = HOUR_S - 1, 900_000  # as if: an hour less 100 ms
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
