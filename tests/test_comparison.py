"""Two prescriptions take turns within one walk: when, how gently, what the log calls each stride, and how it ends."""

from itertools import groupby, pairwise
from typing import Any

import pytest
from hypothesis import given, settings

from firmware_py import cycle
from safety import supervisor
from safety.changes import is_gentle
from stimulator.comparison import NOTHING, ON_THE_WAY, A, B, Comparison, comparison_problems, way
from stimulator.drivers.capability import P24
from stimulator.prescription import default_prescription, problems
from tests.drawn_prescriptions import prescriptions
from tests.walk_rig import Strider, of, prescribed

NAMES = {NOTHING: "-", A: "A", B: "B", ON_THE_WAY: "~"}
WEAK = prescribed({"current_ua": 12_000}, {}, rise_ms=100)
STRONG = prescribed({"current_ua": 24_000}, {}, rise_ms=300)


class Armed:
    state = supervisor.ARMED
    mode = supervisor.WALK


class Walk:
    """A walk with a comparison of `a` (committed) and `b`."""

    def __init__(self, a, b, strides=3, blocks=4):
        self.supervisor = Armed()
        self.walker = Strider(a)
        self.comparison = Comparison(a, b, strides, blocks, P24, self.supervisor)
        assert self.walker.scheduler is not None
        self.scheduler: Any = self.walker.scheduler
        self.scheduler.compare(self.comparison)
        self.seen = []  # (label, prescription, peak of channel 0) of each stride

    def strides(self, n):
        for _ in range(n):
            self.walker.heel_off(1_200).cycles(5)
            label, prescription = self.comparison.label, self.scheduler.prescription
            self.walker.cycles(595)
            assert self.scheduler.prescription is prescription, "a change in the middle of a step"
            self.walker.contact().cycles(600)
            peak = max((a.current_ua for a in of(self.walker.steps[-1], 0)), default=0)
            self.seen.append((label, prescription, peak))
        return self

    def labels(self):
        return "".join(NAMES[label] for label, _, _ in self.seen)


def test_a_stronger_b_is_reached_over_strides_and_left_at_once():
    walk = Walk(WEAK, STRONG).strides(20)
    # 12 mA, then 17 and 22 on the way to 24; back to A in one.
    assert walk.labels() == "AAA~~BBBAAA~~BBB----"
    assert [peak for _, _, peak in walk.seen[:9]] == [12_000] * 3 + [17_000, 22_000] + [24_000] * 3 + [12_000]
    assert walk.scheduler.prescription == WEAK
    assert walk.comparison.is_over
    assert walk.scheduler.comparison is None


def test_a_weaker_b_is_reached_at_once_and_a_comes_back_over_strides_in_the_end_too():
    walk = Walk(STRONG, WEAK, strides=2, blocks=2).strides(9)
    assert walk.labels() == "AABB~~---"
    assert [peak for _, _, peak in walk.seen] == [24_000] * 2 + [12_000] * 2 + [17_000, 22_000] + [24_000] * 3


def test_an_odd_number_of_blocks_ends_in_a_without_another_change():
    walk = Walk(WEAK, STRONG, strides=2, blocks=3).strides(9)
    assert walk.labels() == "AA~~BBAA-"


def test_nothing_rises_by_more_than_one_change_may_from_stride_to_stride():
    slow = prescribed({"current_ua": 20_000, "width_us": 200, "rate_hz": 20}, {"current_ua": 0})
    quick = prescribed({"current_ua": 35_000, "width_us": 400, "rate_hz": 45}, {"current_ua": 15_000})
    walk = Walk(slow, quick, strides=1, blocks=2).strides(30)
    assert "B" in walk.labels()
    for (_, old, _), (_, new, _) in pairwise(walk.seen):
        assert all(is_gentle(a, b) for a, b in zip(old.channels, new.channels, strict=True))
    assert walk.labels()[-1] == "-"


@settings(max_examples=150, deadline=None)
@given(prescriptions, prescriptions)
def test_every_way_is_gentle_valid_and_arrives(a, b):
    if len(a.channels) != len(b.channels):
        b = b._replace(channels=(b.channels * 4)[: len(a.channels)])
    b = b._replace(
        channels=tuple(
            c._replace(waveform=d.waveform) if d.current_ua % 2_000 == c.current_ua % 2_000 == 0 else c
            for c, d in zip(b.channels, a.channels, strict=True)
        )
    )
    if problems(b, P24) or a == b or comparison_problems(a, b, 5, 4):
        return
    for old, new in ((a, b), (b, a)):
        path = way(old, new, P24)
        assert path[-1] == new
        assert len(path) <= 40
        for before, after in pairwise((old, *path)):
            assert problems(after, P24) == []
            assert all(is_gentle(x, y) for x, y in zip(before.channels, after.channels, strict=True))


def test_an_end_by_a_person_goes_back_to_a_after_the_stride_that_runs():
    walk = Walk(STRONG, WEAK, strides=5).strides(7)
    assert walk.labels() == "AAAAABB"
    walk.comparison.end()
    walk.comparison.end()
    walk.strides(4)
    assert walk.labels()[7:] == "~~--"
    assert walk.scheduler.prescription == STRONG


def test_an_end_on_the_way_to_b_turns_round():
    walk = Walk(WEAK, STRONG, strides=2).strides(3)
    assert walk.labels() == "AA~"
    walk.comparison.end()
    walk.strides(2)
    assert walk.labels() == "AA~--"
    assert walk.seen[-1][2] == 12_000


def test_an_end_while_a_runs_changes_nothing_any_more():
    walk = Walk(WEAK, STRONG, strides=3).strides(1)
    walk.comparison.end()
    walk.strides(3)
    assert walk.labels() == "A---"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", supervisor.READY),
        ("state", supervisor.FAULT),
        ("state", supervisor.OFF),
        ("mode", 1),
        ("mode", 2),
    ],
)
def test_whoever_is_not_armed_for_walking_has_a_again(name, value):
    walk = Walk(STRONG, WEAK, strides=2).strides(3)
    assert walk.labels() == "AAB"
    setattr(walk.supervisor, name, value)
    walk.walker.cycles(5)
    assert walk.scheduler.prescription == STRONG
    assert walk.scheduler.comparison is None


def test_armed_stimulating_and_paused_are_no_end():
    walk = Walk(WEAK, STRONG)
    for state in (supervisor.ARMED, supervisor.STIMULATING, supervisor.PAUSED):
        walk.supervisor.state = state
        walk.strides(1)
    assert not walk.comparison.is_over


def test_a_pause_of_the_walk_counts_no_stride():
    walk = Walk(WEAK, STRONG, strides=2).strides(1)
    walk.walker.cycles(60_000)
    walk.walker.is_sure = False
    walk.walker.stride()
    walk.walker.is_sure = True
    assert walk.comparison.label == A
    walk.strides(2)
    assert walk.labels() == "AA~"


@pytest.mark.parametrize(
    "more", [{"current_ua": 12_500}, {"width_us": 310}, {"rate_hz": 41}, {"doublet_ms": 10}], ids=str
)
def test_while_two_are_compared_no_change_to_more_is_committed(more):
    walk = Walk(WEAK, STRONG)
    with pytest.raises(ValueError, match="End it first"):
        walk.scheduler.commit(prescribed({"current_ua": 12_000, **more}, {}, rise_ms=100))
    assert walk.strides(4).labels() == "AAA~"


def test_less_than_what_runs_ends_the_comparison_after_the_stride_under_way():
    walk = Walk(STRONG, WEAK, strides=2).strides(2)
    walk.walker.heel_off(1_200).cycles(300)
    assert walk.comparison.label == B
    less = prescribed({"current_ua": 11_000}, {}, rise_ms=100)
    walk.scheduler.commit(less)
    assert walk.scheduler.prescription == WEAK, "not in the middle of a step"
    assert walk.comparison.is_over
    walk.walker.contact().cycles(600)
    assert walk.strides(3).labels() == "AA---"
    assert [peak for _, _, peak in walk.seen[2:]] == [11_000] * 3


def test_what_comes_back_when_nobody_is_armed_is_no_steep_change():
    walk = Walk(STRONG, WEAK, strides=2).strides(3)
    assert walk.scheduler.steep_changes(STRONG) != []
    walk.supervisor.state = supervisor.READY
    walk.walker.cycles(5)
    assert walk.scheduler.prescription == STRONG
    assert walk.scheduler.steep_changes(STRONG) == []


def test_the_words_name_a_and_b():
    from stimulator.prescription import prescription_hash

    walk = Walk(WEAK, STRONG, strides=1)
    seen = {}
    for _ in range(5):
        walk.strides(1)
        seen[walk.seen[-1][0]] = walk.seen[-1][1]
    for label, prescription in ((A, WEAK), (B, STRONG)):
        walk.comparison.label = label
        assert "".join(f"{word:04x}" for word in walk.comparison.words) == prescription_hash(prescription)
        assert seen[label] == prescription
    walk.comparison.label = ON_THE_WAY
    assert walk.comparison.words == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("a", "b", "how", "words"),
    [
        (WEAK, STRONG, (0, 4), "strides is 0; allowed is a whole number from 1 to 20"),
        (WEAK, STRONG, (21, 4), "strides is 21"),
        (WEAK, STRONG, (True, 4), "strides is True"),
        (WEAK, STRONG, (5, 1), "blocks is 1; allowed is a whole number from 2 to 40"),
        (WEAK, STRONG, (5, 41), "blocks is 41"),
        (WEAK, WEAK, (5, 4), "A and B are the same"),
        (WEAK, prescribed({}), (5, 4), "B has 1 channels; with this A allowed are 2"),
        (WEAK, prescribed({"waveform": 2}, {}), (5, 4), "A is symmetric, B is alternating"),
    ],
)
def test_what_does_not_compare_is_refused_with_a_sentence(a, b, how, words):
    assert words in comparison_problems(a, b, *how)[0]
    with pytest.raises(ValueError, match=words.split(";")[0]):
        Comparison(a, b, how[0], how[1], P24, Armed())


def test_edges_that_are_allowed():
    for how in ((1, 2), (20, 40)):
        assert comparison_problems(WEAK, STRONG, *how) == []
    off = prescribed({"waveform": 2, "current_ua": 0}, {})
    assert comparison_problems(default_prescription(), off, 5, 4) == []


def test_a_way_over_something_that_may_not_be_used_is_none():
    with pytest.raises(ValueError, match="P24 allows 0 to 17000"):
        way(
            WEAK,
            STRONG,
            P24._replace(current_max_ua=17_000),
        )


def test_labels_come_in_whole_blocks_however_long_they_are():
    walk = Walk(WEAK, STRONG, strides=7, blocks=5).strides(60)
    runs = [(NAMES[k], len(list(g))) for k, g in groupby(label for label, _, _ in walk.seen)]
    assert runs == [("A", 7), ("~", 2), ("B", 7), ("A", 7), ("~", 2), ("B", 7), ("A", 7), ("-", 21)]


def test_the_control_cycle_calls_a_stride_without_a_comparison_the_same():
    assert cycle.NOTHING == NOTHING, "it does not load the comparison for that"
