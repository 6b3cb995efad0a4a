"""One change raises the stimulation by at most 5 mA and 1.5 uC, and a rate is no way around."""

from collections import namedtuple

import pytest

from gait_detect.state import GaitState
from safety import supervisor
from safety.changes import is_gentle
from stimulator.prescription import PrescriptionError, default_prescription
from stimulator.walk import WalkScheduler
from tests.walk_rig import CYCLE_US, Strider, of, prescribed

Setting = namedtuple("Setting", ("current_ua", "width_us", "rate_hz"))
OLD = Setting(20_000, 300, 40)


@pytest.mark.parametrize(
    ("new", "gentle"),
    [
        (OLD, True),
        (Setting(25_000, 300, 40), True),
        (Setting(25_001, 300, 40), False),
        (Setting(25_000, 301, 40), False),  # 7.525 uC, more than 6.0 + 1.5
        (Setting(20_000, 375, 40), True),
        (Setting(20_000, 376, 40), False),
        (Setting(20_000, 300, 50), True),  # 300 uC/s, as 7.5 uC at 40 Hz
        (Setting(20_000, 300, 51), False),
        (Setting(25_000, 300, 41), False),
        (Setting(0, 300, 60), True),
        (Setting(5_000, 450, 60), True),
        (Setting(0, 50, 15), True),
    ],
)
def test_a_change_at_each_edge(new, gentle):
    assert is_gentle(OLD, new) is gentle


def test_from_nothing_five_milliamperes_are_allowed():
    nothing = Setting(0, 300, 40)
    assert is_gentle(nothing, Setting(5_000, 300, 40))
    assert not is_gentle(nothing, Setting(5_500, 300, 40))


def test_the_walk_refuses_a_commit_that_is_too_steep():
    old = default_prescription()
    walk = WalkScheduler(old, 5_000)
    steep = old._replace(channels=(old.channels[0]._replace(current_ua=30_500), old.channels[1]))
    with pytest.raises(PrescriptionError, match="5 mA"):
        walk.commit(steep)
    assert walk.prescription == old
    walk.commit(old._replace(channels=(old.channels[0]._replace(current_ua=30_000), old.channels[1])))
    assert walk.prescription.channels[0].current_ua == 30_000


def test_two_commits_during_one_step_are_measured_from_what_runs():
    old = default_prescription()
    walk = WalkScheduler(old, 5_000)
    state = GaitState()
    state.swing, state.confidence = 1, 100
    for cycle in range(20):
        walk.step(cycle * 5_000, 5_000, state, True)
    up, higher = (
        old._replace(channels=(old.channels[0]._replace(current_ua=ua), old.channels[1]))
        for ua in (30_000, 35_000)
    )
    walk.commit(up)
    with pytest.raises(PrescriptionError):
        walk.commit(higher)
    assert walk.prescription == old, "the step under way keeps its prescription"


def with_ua(prescription, current_ua):
    return prescription._replace(channels=(prescription.channels[0]._replace(current_ua=current_ua),))


def test_commits_without_a_step_between_are_measured_from_the_last_step():
    ten = prescribed({"current_ua": 10_000, "current_max_ua": 60_000})
    walker = Strider(ten)
    walk = walker.scheduler
    assert walk is not None
    walk.commit(with_ua(ten, 15_000))  # nobody has walked yet: the fitting goes on from what is committed
    walk.commit(with_ua(ten, 20_000))
    walker.walk(2)
    walker.cycles(2_000)
    walk.commit(with_ua(ten, 25_000))
    for current_ua in (30_000, 25_500):
        assert "with a walk between" in walk.steep_changes(with_ua(ten, current_ua))[0]
        with pytest.raises(PrescriptionError):
            walk.commit(with_ua(ten, current_ua))
    assert max(a.current_ua for a in walker.stride()) == 25_000
    walk.commit(with_ua(ten, 22_000))
    assert walk.steep_changes(with_ua(ten, 27_500)), "nor from what was committed last"
    walk.commit(with_ua(ten, 27_000))
    walk.commit(with_ua(ten, 30_000))  # 5 mA more than the wearer has felt last
    assert walk.steep_changes(with_ua(ten, 30_500))
    assert max(a.current_ua for a in walker.stride()) == 30_000


def test_a_step_that_was_not_stimulated_is_no_step_between():
    ten = prescribed({"current_ua": 10_000, "current_max_ua": 60_000})
    guard = supervisor.Supervisor()
    walker = Strider(ten, scheduler=WalkScheduler(ten, CYCLE_US, 500, guard))
    walk = walker.scheduler
    assert walk is not None
    guard.state = supervisor.STIMULATING
    walker.walk(2)
    for state in (supervisor.READY, supervisor.ARMED, supervisor.PAUSED, supervisor.FAULT):
        guard.state = state
        walk.commit(with_ua(ten, 15_000))
        assert of(walker.stride(), 0), "it was asked for, and not given"
        assert walk.steep_changes(with_ua(ten, 16_000))
    guard.state = supervisor.STIMULATING
    walker.stride()
    assert walk.steep_changes(with_ua(ten, 16_000)) == []
