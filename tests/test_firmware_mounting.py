"""Walking is not armed with a sensor that cannot be right: told in words, accepted only by name, kept in the log."""

import pytest

from firmware_py import blackbox
from gait_detect import mounting as m
from gait_detect import mounting_problems as why
from hw_sim import faulty_sensors as fs
from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.emulators.p24 import P24
from hw_sim.faulty_sensors import FaultySensors
from hw_sim.leg import Leg
from hw_sim.sensors import SimSensors
from hw_sim.walker_settings import WalkerSettings
from hw_sim.world import T_START_US, StimulatorNotReady, World
from stimulator.prescription import default_prescription

STANDS_US = 1_500_000
WALKED_US = 8_000_000


def world_of(fault: str | None = None, amount: float = 0.0, *, place: str = "foot", **worn) -> World:
    """Return a person who stands for 2 s and then walks; the stimulator is connected, nothing is armed."""
    leg = Leg(WalkerSettings(seed=4, stand_s=2.0, stop_s=60.0), keeps_trace=False)
    sensors = FaultySensors(SimSensors(leg, place=place, t_us_start=T_START_US))
    if fault:
        sensors.begin(fault, amount)
    link = MemoryLink(P24())
    port = link.open_port()
    world = World(
        sensors=sensors,
        port=port,
        link=link,
        prescription=default_prescription(),
        place=place,
        has_switch=True,
        leg=leg,
        **worn,
    )
    world.connect()
    world.loop.guard.acknowledge()
    return world


def notes_of(world: World) -> list[tuple[int, ...]]:
    """Return the rows of the black box about the mounting."""
    world.rows += world.ring.drain()
    return [row for kind, _, row in blackbox.rows(bytes(world.rows)) if kind == blackbox.MOUNTING]


def test_with_nothing_wrong_walking_is_armed_without_a_word():
    world = world_of()
    world.advance(WALKED_US)
    assert world.loop.mounting.stage == m.KNOWN
    assert world.loop.mounting_sentence() == ""
    assert world.loop.arm_walk()
    assert notes_of(world) == []


@pytest.mark.parametrize("fault", [fs.TURNED, fs.UPSIDE_DOWN])
def test_a_sensor_turned_round_is_refused_from_standing_alone(fault: str):
    world = world_of(fault)
    world.advance(STANDS_US)
    assert not world.loop.arm_walk()
    assert not world.loop.guard.gate.armed
    assert world.loop.mounting_sentence() == why.PROBLEMS[why.REVERSED]
    assert [row[:2] for row in notes_of(world)] == [(why.REVERSED, 0)]


@pytest.mark.parametrize(
    ("fault", "amount", "problem"), [(fs.CLIPPED, 125, why.RANGE), (fs.FACTOR, 57.3, why.TOO_LARGE)]
)
def test_what_the_first_steps_show_is_refused(fault: str, amount: float, problem: int):
    world = world_of(fault, amount)
    world.advance(WALKED_US)
    assert not world.loop.arm_walk()
    assert world.loop.mounting_sentence() == why.PROBLEMS[problem]


def test_a_shank_sensor_upside_down_is_refused_from_standing():
    world = world_of(fs.UPSIDE_DOWN, place="shank")
    world.advance(STANDS_US)
    assert not world.loop.arm_walk()
    assert world.loop.mounting.problem == why.REVERSED


def test_a_person_may_override_by_name_for_this_once_and_the_log_keeps_it():
    world = world_of(fs.TURNED)
    world.advance(STANDS_US)
    assert world.loop.arm_walk(accept_mounting=True)
    assert world.loop.guard.gate.armed
    assert [row[:2] for row in notes_of(world)] == [(why.REVERSED, 1)]
    world.loop.guard.disarm()
    assert not world.loop.arm_walk()
    assert [row[:2] for row in notes_of(world)] == [(why.REVERSED, 1), (why.REVERSED, 0)]


def test_with_an_override_the_turned_sensor_still_finds_the_first_step():
    world = world_of(fs.TURNED)
    world.advance(STANDS_US)
    before = world.loop.cycle.detector.state.steps
    world.advance(8_000_000)
    assert 4 <= world.loop.cycle.detector.state.steps - before <= 8


def test_put_on_anew_it_is_looked_at_anew():
    world = world_of(fs.TURNED)
    world.advance(STANDS_US)
    assert not world.loop.arm_walk()
    world.loop.restart_mounting()
    assert world.loop.mounting_sentence() == ""


def test_the_world_says_the_sentence_too():
    world = world_of(fs.TURNED)
    world.advance(STANDS_US)
    with pytest.raises(StimulatorNotReady, match="back to front or upside down"):
        world.arm()


def test_the_check_before_walking_is_not_refused():
    """A test burst is how a person finds out what is wrong."""
    world = world_of(fs.TURNED)
    world.advance(STANDS_US)
    for _ in range(400):
        if world.loop.arm_test():
            break
        world.advance(5_000)
    assert world.loop.guard.gate.armed
