"""Simulated feet look like recorded ones: ten numbers per stride, and a fit that tries to tell them apart."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import telling_apart as fit
from benchmarks.realism import (
    AUC_MAX,
    MEDIAN_WITHIN,
    RATES_AND_TIMES,
    compare,
    crowd_of,
    lines_of,
    recorded_crowd,
    simulated_person,
    walked,
)
from benchmarks.stride_features import FEATURES, features_of
from hw_sim.population import drawn_person
from hw_sim.recordings import gait_dir, load_recordings
from hw_sim.style import Style

PEOPLE = 30


@pytest.fixture(scope="module")
def simulated():
    return crowd_of([simulated_person(seed) for seed in range(PEOPLE)])


def column(name: str) -> int:
    return [f.name for f in FEATURES].index(name)


def made(stride_s: float, fs: float = 100.0) -> tuple[np.ndarray, np.ndarray]:
    """Return ten strides of a foot made of half sines: push-off -6, swing 5, landing -3 rad/s, then rest."""
    t = np.arange(round(10 * stride_s * fs)) / fs % stride_s
    gyro, acc = np.zeros((len(t), 3)), np.tile((0.0, 0.0, 9.80665), (len(t), 1))
    for start_s, length_s, peak in ((0.0, 0.4, 5.0), (0.4, 0.1, -3.0), (stride_s - 0.2, 0.2, -6.0)):
        inside = (t >= start_s) & (t < start_s + length_s)
        gyro[inside, 1] = peak * np.sin(np.pi * (t[inside] - start_s) / length_s)
    gyro[:, 0] = 0.3
    acc[(t >= 0.4) & (t < 0.42)] *= 3.0
    return gyro, acc


@pytest.mark.parametrize("stride_s", [1.0, 1.4])
@pytest.mark.parametrize("fs", [100.0, 200.0])
def test_features_of_a_made_foot_are_what_it_is_made_of(stride_s, fs):
    found = np.median(features_of(*made(stride_s, fs), fs), axis=0)
    for name, expected in (
        ("stride time", stride_s),
        ("push-off", 6.0),
        ("swing peak", 5.0),
        ("landing", 3.0),
    ):
        assert found[column(name)] == pytest.approx(expected, rel=0.05), name
    assert found[column("swing share")] == pytest.approx(0.4 / stride_s, abs=0.03)
    assert found[column("sideways")] == pytest.approx(0.3)
    assert found[column("turning")] == 0.0
    assert found[column("impact")] == pytest.approx(2 * 9.80665)
    assert found[column("rest")] == pytest.approx(0.3)


def test_a_signal_without_steps_has_no_strides():
    assert features_of(np.zeros((1000, 3)), np.zeros((1000, 3)), 100.0).shape == (0, len(FEATURES))


def test_the_fit_tells_apart_what_differs_and_not_what_is_alike():
    draw = np.random.default_rng(1)
    x = draw.standard_normal((600, 3))
    is_second, person = np.arange(600) >= 300, np.arange(600) // 10
    assert 0.35 < fit.cross_validated_auc(x, is_second, person) < 0.65
    x[is_second, 1] += 2.0
    assert fit.cross_validated_auc(x, is_second, person) > 0.88
    b = fit.logistic_fit(x, is_second, fit.person_weights(is_second, person))
    assert abs(b[2]) > 5 * max(abs(b[1]), abs(b[3]))


def test_the_area_under_the_curve_counts_persons_alike():
    score, is_second = np.array((1.0, 2.0, 3.0, 4.0)), np.array((False, False, True, True))
    assert fit.auc(score, is_second, np.ones(4)) == 1.0
    assert fit.auc(-score, is_second, np.ones(4)) == 0.0
    weight = fit.person_weights(np.array((False, False, False, True)), np.array((0, 0, 1, 2)))
    assert weight == pytest.approx((0.25, 0.25, 0.5, 1.0))


def test_a_person_walks_there_and_back_with_a_turn_in_between():
    gyro, acc = walked(drawn_person(3))
    assert len(gyro) == len(acc) > 2000
    assert len(features_of(gyro, acc, 100.0)) >= 8
    assert np.abs(gyro).max() < 25.0


def test_simulated_feet_are_hard_to_tell_from_recorded_ones(simulated):
    path = gait_dir() / "truong2019.npz"
    if not path.exists():
        pytest.skip(f"recordings are not here: {path} (see SWINGPHASE_GAIT_DIR)")
    verdict = compare(recorded_crowd(load_recordings()), simulated)
    said = "\n".join(lines_of(verdict))
    assert verdict.people[0] >= 70, said
    assert verdict.auc <= AUC_MAX, said
    for name in RATES_AND_TIMES:
        assert abs(verdict.off_by(name)) <= MEDIAN_WITHIN, said


def test_a_person_whose_foot_turns_about_one_axis_only_is_found_out(simulated):
    """What the simulator was before: without a style of their own, its people are told from these at once."""
    plain = []
    for seed in range(12):
        person = drawn_person(seed)
        stiff = replace(person, settings=replace(person.settings, style=Style()))
        plain.append((features_of(*walked(stiff), 100.0), True))
    verdict = compare(simulated, crowd_of(plain))
    assert verdict.auc > 0.9
