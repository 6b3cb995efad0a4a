"""The pictures of exercises: what is drawn did run through the guard, whole, to its end, and was delivered."""

import functools
import itertools

import pytest

from hw_sim import exercise_pictures
from stimulator import exercise


@functools.cache
def ran(name):
    title, run = exercise_pictures.RUNS[name]()
    return title, run.run()


@pytest.mark.parametrize(
    ("name", "done", "missed"), [("by-time", 4, 0), ("in-turn", 4, 0), ("by-attempt", 3, 2), ("level", 5, 0)]
)
def test_each_run_is_delivered_whole_and_can_be_drawn(name, done, missed):
    title, run = ran(name)
    e = run.exercise
    assert (e.ended_by, e.done_total, e.missed_total, run.refused()) == (exercise.DONE, done, missed, [])
    assert max(ma for _, ma in run.pulses(0)) == 25.0
    assert max(angle for _, angle in run.trace.toe_up_deg) > 10, "the foot lifts"
    text = exercise_pictures.picture(title, run)
    assert text.startswith("<svg")
    assert title in text


def test_in_turn_the_channels_never_pulse_in_the_same_burst():
    run = ran("in-turn")[1]
    pulses = sorted((s, channel) for channel in (0, 1) for s, _ in run.pulses(channel))
    changes = [b - a for (a, i), (b, j) in itertools.pairwise(pulses) if i != j]
    assert len(changes) == 7
    assert min(changes) >= 4.0


def test_the_wearers_level_falls_within_a_burst_and_rises_only_between_two():
    run = ran("level")[1]
    shares = [share for _, share in run.trace.shares]
    assert min(shares) == 70
    rises_us = [t for (t, b), (_, a) in zip(run.trace.shares[1:], run.trace.shares, strict=False) if b > a]
    starts_us = [t for t, phase in run.trace.phases if phase == exercise.BURST]
    assert len(rises_us) == 2
    assert set(rises_us) <= set(starts_us)
    assert max(ma for _, ma in run.pulses(0)[-100:]) == 25.0
