"""The pictures of docs/stimulation.md: what is drawn did run, whole, to its end, and was delivered."""

import itertools
import re
from pathlib import Path

import pytest

from hw_sim import exercise_pictures
from stimulator import exercise

PAGE = Path(__file__).resolve().parents[1] / "docs" / "stimulation.md"


@pytest.fixture(scope="module")
def runs():
    return exercise_pictures.runs()


@pytest.mark.parametrize(
    ("name", "done", "missed"), [("by-time", 4, 0), ("in-turn", 4, 0), ("by-attempt", 3, 2), ("level", 5, 0)]
)
def test_each_run_is_delivered_whole_and_can_be_drawn(runs, name, done, missed):
    title, run = runs[name]
    e = run.exercise
    assert (e.ended_by, e.done_total, e.missed_total, run.trace.refused) == (exercise.DONE, done, missed, [])
    assert max(p.current_ma for p in run.device.pulses) == 25.0
    assert max(angle for _, angle in run.trace.toe_up_deg) > 10, "the foot lifts"
    text = exercise_pictures.picture(title, run)
    assert text.startswith("<svg")
    assert title in text


def test_in_turn_the_channels_never_pulse_in_the_same_burst(runs):
    pulses = sorted((p.start_us, p.channel) for p in runs["in-turn"][1].device.pulses)
    changes = [b - a for (a, i), (b, j) in itertools.pairwise(pulses) if i != j]
    assert len(changes) == 7
    assert min(changes) >= 4_000_000


def test_the_wearers_level_falls_within_a_burst_and_rises_only_between_two(runs):
    run = runs["level"][1]
    shares = [share for _, share in run.trace.shares]
    peaks = [p.current_ma for p in run.device.pulses if p.channel == 0]
    assert min(shares) == 70
    rises_us = [
        t
        for (t, share), (_, before) in zip(run.trace.shares[1:], run.trace.shares, strict=False)
        if share > before
    ]
    starts_us = [t for t, phase in run.trace.phases if phase == exercise.BURST]
    assert len(rises_us) == 2
    assert set(rises_us) <= set(starts_us)
    assert max(peaks[-100:]) == 25.0


def test_the_page_shows_every_picture_that_the_command_draws(runs):
    named = re.findall(r"\(pictures/exercise-([\w-]+)\.svg\)", PAGE.read_text(encoding="utf-8"))
    assert sorted(named) == sorted(runs)
    for name in named:
        assert (PAGE.parent / "pictures" / f"exercise-{name}.svg").is_file()
