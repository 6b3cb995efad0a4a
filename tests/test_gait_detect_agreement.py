"""What heel switch and IMU say to each other: confidence of each and of both, and how often they disagree."""

import pytest

from gait_detect.agreement import AGAINST, AGREES, SILENT, Agreement
from gait_detect.detector import GaitDetector
from safety.sample import HEEL_DOWN, HEEL_NONE, HEEL_UP, Sample
from tests.gait_signals import MadeWalk, movement, samples, weight_shift

DOWN, UP = 1, 0
DT_US = 10_000
SURE_AT_FIRST = 40
LATE_US = 200_000


class Voices:
    """Holds (swing, is_down) for a while, as the detector would."""

    def __init__(self) -> None:
        self.agreement = Agreement()
        self._swing, self._swing_us = 0, 0

    def hold(self, swing: int, is_down: int, length_s: float, *, has_imu: int = 1, is_known: int = 1):
        for _ in range(round(length_s * 1e6 / DT_US)):
            self._swing_us = self._swing_us + DT_US if swing == self._swing else 0
            self._swing = swing
            self.agreement.step(swing, self._swing_us, has_imu, is_known, is_down)
        return self

    def steps(self, n: int, *, opens: bool):
        for _ in range(n):
            self.hold(0, DOWN, 0.6).hold(1, UP if opens else DOWN, 0.5)
        return self.hold(0, DOWN, 0.3)


def test_steps_that_both_tell_make_the_switch_surer_and_never_wholly_sure() -> None:
    a = Voices().steps(30, opens=True).agreement
    assert SURE_AT_FIRST < a.switch_sure < 100
    assert (a.disagreed, a.disagreed_pct) == (0, 0)


@pytest.mark.parametrize("n", [1, 5, 30])
def test_steps_with_a_closed_switch_are_counted_and_cost_its_credit(n: int) -> None:
    a = Voices().steps(n, opens=False).agreement
    assert a.disagreed == n
    assert 0 < a.switch_sure < SURE_AT_FIRST
    assert a.disagreed_pct == pytest.approx(100 * (1 - 0.75**n), abs=4)


def test_a_switch_that_opens_without_a_step_has_told_one_alone() -> None:
    a = Voices().hold(0, DOWN, 1.0).hold(0, UP, 0.5).hold(0, DOWN, 0.5).agreement
    assert a.disagreed == 1


@pytest.mark.parametrize("early_s", [0.05, 0.3])
def test_a_switch_that_opens_before_the_step_has_told_the_same(early_s: float) -> None:
    a = (
        Voices()
        .hold(0, DOWN, 1.0)
        .hold(0, UP, early_s)
        .hold(1, UP, 0.4)
        .hold(1, DOWN, 0.05)
        .hold(0, DOWN, 1.0)
    )
    assert a.agreement.disagreed == 0


def test_what_was_learned_of_the_switch_outlives_its_silence_and_a_gap() -> None:
    v = Voices().steps(5, opens=True)
    sure = v.agreement.switch_sure
    v.hold(0, DOWN, 0.2, is_known=0)
    assert (v.agreement.switch_sure, v.agreement.word) == (0, SILENT)
    assert v.hold(0, DOWN, 0.2).agreement.switch_sure == sure


def test_a_switch_alone_is_compared_with_nobody() -> None:
    v = Voices()
    for _ in range(5):
        v.hold(0, DOWN, 0.6, has_imu=0).hold(1, UP, 0.5, has_imu=0)
    assert (v.agreement.switch_sure, v.agreement.disagreed, v.agreement.word) == (SURE_AT_FIRST, 0, SILENT)


@pytest.mark.parametrize(
    ("swing", "is_down", "length_s", "word"),
    [
        (0, DOWN, 0.05, AGREES),
        (1, UP, 0.05, AGREES),
        (1, DOWN, LATE_US / 1e6, SILENT),  # the onset is predicted: the switch may still open
        (1, DOWN, LATE_US / 1e6 + 0.05, AGAINST),
        (0, UP, 0.7, AGAINST),
    ],
)
def test_the_word_of_the_switch(swing: int, is_down: int, length_s: float, word: int) -> None:
    v = Voices().hold(1 - swing, 1 - is_down, 0.3)
    assert v.hold(swing, is_down, length_s).agreement.word == word


@pytest.mark.parametrize("imu_sure", [82, 93, 99])
@pytest.mark.parametrize("n", [0, 3, 20])
def test_agreement_raises_the_common_confidence_and_contradiction_lowers_it(imu_sure: int, n: int) -> None:
    v = Voices().steps(n, opens=True)
    agreed = v.hold(1, UP, 0.4).agreement.fused(imu_sure)
    against = v.hold(0, DOWN, 0.5).hold(1, DOWN, 0.4).agreement.fused(imu_sure)
    assert 0 < against < imu_sure < agreed <= 100


def test_a_trusted_switch_weighs_more_against_a_doubtful_step_than_against_a_sure_one() -> None:
    a = Voices().steps(20, opens=True).hold(1, DOWN, 0.4).agreement
    assert a.fused(82) < 50 < a.fused(99)


def test_the_count_goes_round_and_stays_small() -> None:
    v = Voices()
    v.agreement.disagreed = 2**20 - 1
    assert v.steps(1, opens=False).agreement.disagreed == 0


# In the detector ------------------------------------------------------------------------------------------------------


def run(walk_samples) -> GaitDetector:
    detector = GaitDetector()
    for s in walk_samples:
        state = detector.step(s)
        for sure in (state.confidence, state.imu_confidence, state.switch_confidence, state.disagreed_pct):
            assert 0 <= sure <= 100
        assert not (state.swing and state.confidence == 0)
    return detector


def spoiled(change):
    for i, s in enumerate(samples(MadeWalk(strides=10), has_switch=True)):
        change(i / 100, s)
        yield s


def test_a_sound_switch_agrees_with_the_imu_in_every_step() -> None:
    state = run(samples(MadeWalk(strides=10), has_switch=True)).state
    assert (state.disagreed, state.disagreed_pct) == (0, 0)
    assert state.switch_confidence > 85


def unplugged(t_s: float, s: Sample) -> None:
    s.heel = HEEL_NONE


def closed(t_s: float, s: Sample) -> None:
    s.heel = HEEL_DOWN


@pytest.mark.parametrize(("fault", "steps"), [(closed, 10), (unplugged, 0)])
def test_disagreement_is_counted_per_step(fault, steps: int) -> None:
    assert run(spoiled(fault)).state.disagreed == steps


def test_weight_shifts_that_open_the_switch_are_disagreements_not_steps() -> None:
    def shifting():
        for i, s in enumerate(movement(weight_shift(5))):
            s.heel = HEEL_UP if i > 150 and (i - 200) % 180 < 60 else HEEL_DOWN
            yield s

    state = run(shifting()).state
    assert state.steps == 0
    assert state.disagreed >= 4
    assert state.switch_confidence < SURE_AT_FIRST


def test_without_an_imu_the_state_is_as_sure_as_the_switch() -> None:
    state = run(samples(MadeWalk(), has_imu=False, has_switch=True)).state
    assert (state.confidence, state.imu_confidence, state.switch_confidence) == (40, 0, 40)
