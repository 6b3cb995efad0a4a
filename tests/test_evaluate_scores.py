"""The benchmark's definitions: on made labels by hand, and count for count as the recordings' own script."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hw_sim.gait_runs import Job, decide, halved, jobs_of, rotation_about
from hw_sim.gait_scores import score, windows_of
from hw_sim.recordings import Recording, make_detector

FS = 100.0
# Two steps, [HO, FF, TO, IC]: one labelled whole, one of which only heel-off and foot-flat are known.
STEPS = ((200, 280, 220, 260), (320, 400, -1, -1))
SAME = {  # ours -> name in the script of the recordings
    "steps": "n",
    "found": "hit",
    "clear": "nC",
    "clear_found": "hitC",
    "covered": "cov",
    "length_s": "T",
    "idle_s": "idleT",
    "false": "fp",
    "false_idle": "fpi",
    "doubles": "dbl",
    "core_right": "tp",
    "core_wrong": "fpS",
    "core_missed": "fnS",
    "late": "late",
    "window_right": "tpW",
    "window_wrong": "fpW",
    "window_missed": "fnW",
    "stance_on": "st",
    "stance": "stN",
    "onset_toe_off_s": "on_to",
    "onset_heel_off_s": "on_ho",
    "end_contact_s": "off_ic",
}


def made(steps=STEPS, ignore=((0, 80), (680, 700)), n: int = 700) -> Recording:
    return Recording(
        number=0,
        dataset="made",
        subject="1",
        trial="a",
        side="L",
        place="foot",
        group="healthy",
        fs=FS,
        is_slow=False,
        is_weak_pushoff=False,
        gyro_scale=0.001,
        acc_scale=0.01,
        heel_counts=None,
        gyro_counts=np.zeros((n, 3), np.int16),
        acc_counts=np.zeros((n, 3), np.int16),
        steps=steps,
        ignore=ignore,
        meta={},
    )


def on_in(*stretches: tuple[int, int], n: int = 700) -> np.ndarray:
    on = np.zeros(n, bool)
    for a, b in stretches:
        on[a:b] = True
    return on


def test_missing_labels_are_filled_in_from_those_that_are_there() -> None:
    w = windows_of(made())
    assert w.toe_off_s == pytest.approx([2.20, 3.376])
    assert w.contact_s == pytest.approx([2.60, 3.824])
    assert w.begin_s == pytest.approx([1.50, 2.80])
    assert w.end_s == pytest.approx([2.90, 4.10])
    assert w.is_clear.tolist() == [True, False]


def test_stimulation_from_toe_off_to_contact_is_a_perfect_score() -> None:
    s = score(made(), on_in((220, 260), (338, 382)))
    assert (s.steps, s.found, s.clear, s.clear_found) == (2, 2, 1, 1)
    assert (s.false, s.doubles, s.late, s.stance_on) == (0, 0, 0, 0)
    assert s.onset_toe_off_s == pytest.approx([0, 0.004])
    assert s.end_contact_s == pytest.approx([0, -0.004])


@pytest.mark.parametrize(
    ("stretches", "found"),
    [
        ([(220, 239)], 0),  # 19 of 40 samples: not half
        ([(220, 241)], 1),
        ([(146, 260)], 1),  # 0.54 s before heel-off is still fresh
        ([(144, 260)], 0),  # 0.56 s is not: it was left on from before
        ([(100, 500)], 0),
    ],
)
def test_a_step_counts_if_half_is_covered_by_what_began_for_it(stretches, found: int) -> None:
    assert score(made(STEPS[:1]), on_in(*stretches)).found == found


def test_a_trigger_far_from_any_step_is_false_unless_its_range_is_ignored() -> None:
    s = score(made(), on_in((10, 30), (60, 85), (100, 120), (600, 620), (690, 700)))
    assert s.false == 2
    assert s.false_s == pytest.approx([1.0, 6.0])
    assert s.false_idle == 1  # walking lasts from 0.75 s to 4.85 s
    assert s.length_s == 7.0
    assert s.idle_s == pytest.approx(7.0 - 4.1)


def test_a_second_beginning_inside_one_window_is_a_double() -> None:
    assert score(made(STEPS[:1]), on_in((220, 230), (235, 260))).doubles == 1


def test_an_onset_more_than_100_ms_after_toe_off_is_late() -> None:
    assert score(made(STEPS[:1]), on_in((230, 260))).late == 0
    assert score(made(STEPS[:1]), on_in((232, 260))).late == 1


def test_a_recording_without_steps_has_only_false_triggers() -> None:
    s = score(made(()), on_in((100, 150)))
    assert (s.steps, s.false, s.false_idle, s.stance) == (0, 1, 1, 0)


def test_half_the_samples_keep_the_labels_at_the_same_time() -> None:
    half = halved(made())
    assert (half.fs, half.n_samples) == (50.0, 350)
    assert half.steps == ((100, 140, 110, 130), (160, 200, -1, -1))
    assert windows_of(half).toe_off_s == pytest.approx(windows_of(made()).toe_off_s)


def test_half_the_samples_keep_every_second_reading_of_a_switch() -> None:
    levels = (np.arange(700) % 2).astype(np.int8)
    half = halved(replace(made(), heel_levels=levels))
    assert half.heel_readings == [False] * 350


def test_a_rotation_turns_by_its_angle_and_keeps_lengths() -> None:
    turned = rotation_about(np.array([0.0, 0.0, 3.0]), 90) @ np.array([1.0, 0.0, 0.0])
    assert turned == pytest.approx([0, 1, 0])
    r = rotation_about(np.array([1.0, -2.0, 0.5]), 20)
    assert r @ r.T == pytest.approx(np.eye(3))


def their_script(folder: Path):
    file = folder / "evaluate.py"
    if not file.exists():
        pytest.skip(f"{file} is not there: nothing to compare with")
    spec = importlib.util.spec_from_file_location("evaluate_of_the_recordings", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def sample_of_jobs(gait_dir: Path) -> list[Job]:
    """Every 29th recording: each data set and group, feet and shanks."""
    return jobs_of(gait_dir, misalign_deg=20)[::29]


@pytest.mark.parametrize("turned", [False, True])
def test_counts_are_those_of_the_recordings_own_script(sample_of_jobs, gait_dir, turned: bool) -> None:
    theirs = their_script(gait_dir)
    assert len({job.recording.dataset for job in sample_of_jobs}) >= 3
    found = 0
    for job in sample_of_jobs:
        r = job.recording
        rotation = job.rotation if turned else None
        ours_on = decide(Job(file=job.file, recording=r, rotation=rotation), make_detector)
        their_on = theirs.run(make_detector, r.meta, r.gyro_rad_s, r.acc_mps2, r.heel_counts, rotation)
        assert (ours_on == their_on).all(), r.describe()
        ours, their = score(r, ours_on), theirs.score(r.meta, their_on)
        for name, name_there in SAME.items():
            said = f"{name} of {r.describe()}"
            np.testing.assert_allclose(getattr(ours, name), their[name_there], rtol=1e-12, err_msg=said)
        found += ours.found
    assert found > 100
