"""Cadence, stance share and pitch, from the states of a made walk with known times."""

import pytest

from gait_detect.detector import GaitDetector
from gait_detect.figures import StepFigures, symmetry_pct
from tests.gait_signals import MadeWalk, samples


def figures_of(walk: MadeWalk) -> StepFigures:
    detector, figures = GaitDetector(), StepFigures()
    for s in samples(walk):
        figures.step(detector.step(s), 10_000)
    return figures


def test_a_made_walk_has_its_own_times() -> None:
    walk = MadeWalk(strides=8)
    f = figures_of(walk)
    assert f.strides == 7
    assert f.stride_us == pytest.approx(1e6 * walk.stride_s, abs=40_000)
    assert f.cadence_spm == pytest.approx(120 / walk.stride_s, abs=4)
    assert f.stance_pct == pytest.approx(100 * (walk.flat_s + walk.land_s) / walk.stride_s, abs=12)


def test_the_toe_points_down_at_toe_off_and_up_again_at_contact() -> None:
    f = figures_of(MadeWalk(strides=8))
    assert -4500 < f.toe_off_pitch_cdeg < -2000  # 35 deg of heel rise
    assert f.contact_pitch_cdeg > f.toe_off_pitch_cdeg + 2500


def test_a_pause_is_no_stride() -> None:
    figures, detector = StepFigures(), GaitDetector()
    for part in range(2):
        walk = MadeWalk(strides=3, stand_s=4.0)
        for s in samples(walk, start_us=part * round(1e6 * walk.length_s)):
            figures.step(detector.step(s), 10_000)
    assert figures.strides == 4


@pytest.mark.parametrize(
    ("left", "right", "pct"), [(0, 0, 0), (700, 700, 0), (0, 5, 200), (300, 500, 50), (500, 300, 50)]
)
def test_symmetry_is_the_difference_over_the_mean(left: int, right: int, pct: int) -> None:
    assert symmetry_pct(left, right) == pct
