"""The heel switch may be under the other foot: the detector is told so, the guard is told of no switch."""

from collections import deque

import pytest

from firmware_py import blackbox
from firmware_py.hal import Sensors
from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.emulators.p24 import P24
from hw_sim.leg import Leg
from hw_sim.sensors import SimSensors
from hw_sim.walker_settings import WalkerSettings
from hw_sim.world import T_START_US, World
from safety import faults
from safety.sample import HEEL_DOWN, HEEL_NONE
from stimulator.prescription import default_prescription

STRIDE_S = 1.2
RATE_HZ = 100
UNPLUGGED_S = 7


class OtherFoot(Sensors):
    """The heel that is heard is the other one's: this foot's, half a stride later. It may be unplugged after 7 s."""

    def __init__(self, inner: Sensors, *, is_unplugged: bool) -> None:
        self._inner, self._is_unplugged, self._n = inner, is_unplugged, 0
        self._heels = deque([HEEL_DOWN] * round(STRIDE_S / 2 * RATE_HZ))

    def read(self, sample) -> bool:
        if not self._inner.read(sample):
            return False
        self._heels.append(sample.heel)
        sample.heel = self._heels.popleft()
        self._n += 1
        if self._is_unplugged and self._n > UNPLUGGED_S * RATE_HZ:
            sample.heel = HEEL_NONE
        return True


def walked(*, switch_foot: str, has_switch: bool = True, is_unplugged: bool = False) -> World:
    """Arm, and let the person walk for 12 s."""
    leg = Leg(
        WalkerSettings(
            severity="moderate", seed=4, stand_s=2.0, stop_s=60.0, stride_s=STRIDE_S, varies=False
        ),
        keeps_trace=False,
    )
    link = MemoryLink(P24())
    port = link.open_port()
    world = World(
        sensors=OtherFoot(SimSensors(leg, t_us_start=T_START_US, rate_hz=RATE_HZ), is_unplugged=is_unplugged),
        port=port,
        link=link,
        prescription=default_prescription(),
        place="foot",
        has_switch=has_switch,
        switch_foot=switch_foot,
        leg=leg,
    )
    world.connect()
    world.advance(1_000_000 - world.now_us)
    world.arm()
    world.advance(12_000_000)
    world.rows += world.ring.drain()
    return world


def faults_of(world: World) -> set[int]:
    """Return what has latched off or held the supervisor."""
    seen = [row for kind, _, row in blackbox.rows(bytes(world.rows)) if kind == blackbox.ARMED]
    return {fault for row in seen for fault in row[3:5]} - {faults.NO_FAULT}


def test_the_other_foot_s_switch_makes_surer_and_what_is_said_is_noted_at_each_end_of_a_swing():
    world = walked(switch_foot="other")
    assert faults_of(world) == set()
    state = world.loop.cycle.detector.state
    assert state.steps >= 8
    assert state.switch_confidence > 80
    rows = [row for kind, _, row in blackbox.rows(bytes(world.rows)) if kind == blackbox.VOICES]
    assert [row[0] for row in rows] == [1 - i % 2 for i in range(len(rows))]
    assert sum(row[0] for row in rows) == state.steps
    assert all(0 < row[1] <= 100 for row in rows)


@pytest.mark.parametrize(("switch_foot", "found"), [("own", {faults.SWITCH_SILENT}), ("other", set())])
def test_the_guard_s_rules_of_a_switch_hold_for_the_own_heel_only(switch_foot: str, found: set[int]):
    """Without them an unplugged switch of the other foot is not told; the IMU goes on alone."""
    world = walked(switch_foot=switch_foot, is_unplugged=True)
    assert faults_of(world) == found
    state = world.loop.cycle.detector.state
    assert (state.steps >= 8, state.switch_confidence) == (True, 0)


def test_without_a_switch_fitted_its_pin_is_not_looked_at():
    world = walked(switch_foot="own", has_switch=False)
    assert faults_of(world) == set()
    assert world.loop.cycle.detector.state.switch_confidence == 0


def test_an_unknown_foot_is_refused_with_a_sentence():
    with pytest.raises(ValueError, match=r"switch_foot is 'left'; it may be 'own' or 'other'"):
        walked(switch_foot="left")
