"""A change of the prescription reaches walking and tests alike, and never goes beyond what the guard was told."""

import pytest

from firmware_py.blackbox import NoLog
from firmware_py.compose import compose_walk
from firmware_py.hal import Sensors
from hw_sim.check_flow import seated
from hw_sim.seated import SeatedLeg
from hw_sim.walk_run import WalkRun
from hw_sim.walker import WalkerSettings
from stimulator import cues
from stimulator.exercise_plan import default_plan
from stimulator.prescription import PrescriptionError, default_prescription
from stimulator.wearer import PAUSE, Corridor


class NoSensors(Sensors):
    """Nothing to read."""

    def read(self, sample):
        return False


def changed(**values):
    """The default prescription with other values in every channel."""
    p = default_prescription()
    return p._replace(channels=tuple(c._replace(**values) for c in p.channels))


def test_a_lower_current_reaches_walk_and_test():
    loop = seated(SeatedLeg()).world.loop
    loop.commit(changed(current_ua=10_000))
    assert loop.walk.prescription.channels[0].current_ua == 10_000
    assert loop.burst.prescription.channels[1].current_ua == 10_000


@pytest.mark.parametrize(
    "values", [{"current_max_ua": 40_500}, {"charge_max_nc": 20_100}, {"doublet_ms": 12}]
)
def test_a_limit_beyond_what_the_guard_was_started_with_is_a_new_profile(values):
    loop = seated(SeatedLeg()).world.loop
    with pytest.raises(PrescriptionError, match=r"the guard was started with .* new profile"):
        loop.commit(changed(**values))
    assert loop.walk.prescription == default_prescription()
    assert loop.burst.prescription == default_prescription()


def test_a_lower_limit_may_be_taken_over():
    loop = seated(SeatedLeg()).world.loop
    loop.commit(changed(current_max_ua=30_000, charge_max_nc=10_000))
    assert loop.walk.prescription.channels[0].current_max_ua == 30_000


def test_a_channel_that_was_off_stays_off_until_a_new_profile():
    off = default_prescription()
    off = off._replace(channels=(off.channels[0], off.channels[1]._replace(current_ua=0)))
    loop = seated(SeatedLeg(), prescription=off).world.loop
    with pytest.raises(
        PrescriptionError, match="peroneal: current_max_ua is 40000; the guard was started with 0"
    ):
        loop.commit(off._replace(channels=(off.channels[0], off.channels[1]._replace(current_ua=2_000))))


def test_a_start_at_the_other_heel_needs_the_switch_there():
    other = default_prescription()._replace(start_at=1)
    with pytest.raises(PrescriptionError, match="start_at is 1"):
        seated(SeatedLeg(), prescription=other)
    for has_switch, foot, is_fine in ((True, "own", False), (False, "other", False), (True, "other", True)):
        how = {"has_switch": has_switch, "switch_foot": foot, "place": "foot"}
        parts = {"sensors": None, "port": None, "log": NoLog()}
        if is_fine:
            loop = compose_walk(prescription=other, **parts, **how)
            assert loop.walk.prescription == other
            continue
        with pytest.raises(PrescriptionError, match="without a switch under that heel"):
            compose_walk(prescription=other, **parts, **how)
        loop = compose_walk(prescription=default_prescription(), **parts, **how)
        with pytest.raises(PrescriptionError, match="start_at is 1"):
            loop.commit(other)


def test_arming_for_a_walk_begins_its_soft_start_anew():
    run = WalkRun(
        default_prescription()._replace(soft_start_steps=5),
        WalkerSettings(severity="mild", stride_s=1.0, varies=False),
    ).run(6.0)
    loop = run.world.loop
    envelope = loop.walk.envelope
    assert envelope.walk_steps >= 3
    loop.arm_walk()
    assert envelope.walk_steps >= 3, "armed already: nothing begins anew"
    loop.guard.disarm()
    run.world.advance(200_000)
    while not loop.arm_walk():
        run.world.advance(5_000)
    assert envelope.walk_steps == 0


def test_a_corridor_gives_the_loop_its_keys_and_ears():
    told = []

    class Ears:
        def tone(self, number):
            told.append(number)

        beep = vibrate = tone

    loop = compose_walk(
        sensors=NoSensors(),
        port=None,
        log=NoLog(),
        prescription=default_prescription(),
        place="foot",
        has_switch=False,
        corridor=Corridor(0, 100, 50),
        signals=Ears(),
    )
    assert loop.wearing is not None
    assert loop.wearing.wearer.share_percent == 50
    loop.wearing.wearer.key_down(PAUSE)
    loop.cycle.step(0)
    loop.cycle.step(5_000)
    assert told == [cues.PAUSED, cues.PAUSED]
    loop.prepare_exercise(default_plan())
    assert loop.exercise is not None


def test_without_ears_cues_do_not_pile_up():
    loop = compose_walk(
        sensors=NoSensors(),
        port=None,
        log=NoLog(),
        prescription=default_prescription(),
        place="foot",
        has_switch=False,
        corridor=Corridor(0, 100, 50),
    )
    assert loop.wearing is not None
    for _ in range(5):
        loop.wearing.cues.give(cues.CLICK)
    loop.cycle.step(0)
    assert loop.wearing.cues.take() == cues.NO_CUE


def test_a_change_that_is_too_steep_or_not_valid_changes_nothing():
    loop = seated(SeatedLeg()).world.loop
    for bad in (changed(current_ua=31_000), changed(current_ua=41_000), changed(rate_hz=200)):
        with pytest.raises(PrescriptionError):
            loop.commit(bad)
        assert loop.walk.prescription == loop.burst.prescription == default_prescription()


def test_while_a_test_burst_runs_nothing_is_taken_over():
    seat = seated(SeatedLeg())
    loop = seat.world.loop
    loop.guard.acknowledge()
    seat.world.advance(500_000)
    while not loop.arm_test():
        seat.world.advance(5_000)
    loop.burst.hold(0)
    seat.world.advance(300_000)
    with pytest.raises(ValueError, match="A test burst runs"):
        loop.commit(changed(current_ua=10_000))
    assert loop.walk.prescription == default_prescription()
