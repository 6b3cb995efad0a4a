"""The curves move as the published walker does, are smooth, and keep the foot flat in stance."""

import math

import pytest

from hw_sim.gait_curves import TABLE_SIZE, GaitCurves
from hw_sim.hip import level_curves


def degrees_at(table, phase: float) -> float:
    return math.degrees(table[round(phase * TABLE_SIZE)])


@pytest.fixture(scope="module")
def curves() -> GaitCurves:
    return level_curves(0.62, 1.0)


# Knee flexion of the source's own 51 points; 14 % and 40 % lie between our key points.
@pytest.mark.parametrize(("phase", "knee_deg"), [(0.0, 3.8), (0.14, 16.9), (0.40, 2.4), (0.72, 58.4)])
def test_knee_flexes_as_in_the_source(curves, phase, knee_deg):
    knee = degrees_at(curves.thigh.value, phase) - degrees_at(curves.shank.value, phase)
    assert knee == pytest.approx(knee_deg, abs=0.5)


def test_shank_swings_forward_as_fast_as_in_the_source(curves):
    fastest = max(range(TABLE_SIZE), key=lambda i: curves.shank.slope[i])
    assert curves.shank.slope[fastest] == pytest.approx(6.63, rel=0.04)  # rad per stride
    assert fastest / TABLE_SIZE == pytest.approx(0.855, abs=0.01)


def test_foot_is_exactly_flat_in_mid_stance(curves):
    flat = range(math.ceil(0.11 * TABLE_SIZE), math.floor(0.22 * TABLE_SIZE))
    for table in (curves.foot.value, curves.foot.slope, curves.foot.bend):
        assert all(table[i] == 0.0 for i in flat)
    assert degrees_at(curves.foot.value, 0.50) < -12.0, "the heel has to rise after it"


@pytest.mark.parametrize("stance_share", [0.5, 0.62, 0.70, 0.78])
def test_warp_moves_toe_off_to_the_wanted_share(curves, stance_share):
    warped = level_curves(stance_share, 1.0)
    for name in ("thigh", "shank", "foot"):
        wanted = degrees_at(getattr(curves, name).value, 0.62)
        assert degrees_at(getattr(warped, name).value, stance_share) == pytest.approx(wanted, abs=0.3)
    # A warp that ran backwards would bend the knee twice: the shank still has one peak and one trough.
    slope = warped.shank.slope
    turns = sum(1 for i in range(TABLE_SIZE) if (slope[i] > 0.0) != (slope[i + 1] > 0.0))
    assert turns == 2


@pytest.mark.parametrize("stance_share", [0.55, 0.62, 0.75])
def test_slope_and_bend_are_the_derivatives_of_the_value(stance_share):
    warped = level_curves(stance_share, 0.9)
    step = 1.0 / TABLE_SIZE
    for curve in (warped.thigh, warped.shank, warped.foot):
        coarse = 0.03 * max(abs(bend) for bend in curve.bend)  # of differences over 0.1 % of a stride
        for i in range(1, TABLE_SIZE):
            slope = (curve.value[i + 1] - curve.value[i - 1]) / (2 * step)
            bend = (curve.slope[i + 1] - curve.slope[i - 1]) / (2 * step)
            assert curve.slope[i] == pytest.approx(slope, abs=0.02)
            assert curve.bend[i] == pytest.approx(bend, abs=coarse)


def test_curves_close_without_a_jump(curves):
    for curve in (curves.thigh, curves.shank, curves.foot):
        for table in (curve.value, curve.slope, curve.bend):
            assert table[0] == pytest.approx(table[TABLE_SIZE], abs=1e-6)


@pytest.mark.parametrize(("stance_share", "motion_share"), [(0.49, 1), (0.79, 1), (math.nan, 1), (0.6, 0.2)])
def test_impossible_walkers_are_refused_with_the_range(stance_share, motion_share):
    with pytest.raises(ValueError, match=r"(stance|motion)_share is .*; 0\.[53] to"):
        level_curves(stance_share, motion_share)
