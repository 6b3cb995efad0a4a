"""Recorded walks through the whole loop, and that it is the same detector that the benchmark scores."""

import numpy as np
import pytest

from firmware_py.pi.log_file import read_log
from hw_sim.recordings import gait_dir, make_detector, pick, recordings_in
from hw_sim.replay import LEAD_US, replay
from hw_sim.tally import pulses_per_swing
from stimulator.prescription import default_prescription


def recording(dataset="truong2019", number=0):
    path = gait_dir() / f"{dataset}.npz"
    if not path.exists():
        pytest.skip(f"recordings are not here: {path} (see SWINGPHASE_GAIT_DIR)")
    return pick(path, number)


def benchmark_swings(rec):
    """Swings as ../shared/gait/evaluate.py would see them, [start, end) in us of the recording."""
    detector = make_detector(rec.fs, place=rec.place)
    heel = rec.heel_down.tolist() if rec.heel_down is not None else [None] * rec.n_samples
    gyro, acc = rec.gyro_rad_s.tolist(), rec.acc_mps2.tolist()
    edges, was = [], False
    for i in range(rec.n_samples):
        on = detector.update(i / rec.fs, gyro[i], acc[i], heel[i])
        if on != was:
            edges.append(round(i / rec.fs * 1e6))
        was = on
    return edges


@pytest.mark.parametrize(
    ("dataset", "number"),
    [("truong2019", 0), ("truong2019", 7), ("voisard2023", 3), ("stanford_fog", 1), ("gaitmap_example", 0)],
)
def test_the_loop_triggers_exactly_when_the_benchmarks_detector_does(dataset, number):
    rec = recording(dataset, number)
    result = replay(rec, default_prescription())
    edges = [t for s in result.tally.swings for t in (s.start_us - LEAD_US, s.end_us - LEAD_US)]
    expected = benchmark_swings(rec)
    if len(expected) % 2:  # the recording ends in a swing
        expected.append(edges[-1])
    assert edges == expected


def test_a_patients_steps_reach_the_stimulator_as_pulses(tmp_path):
    result = replay(recording(), default_prescription(), log_path=tmp_path / "log.swp")
    assert result.steps_found >= 10
    assert result.reached == result.steps_found
    assert len(result.pulses) == result.tally.granted > 100
    assert read_log(tmp_path / "log.swp").rows == bytes(result.rows)
    assert all(p.current_ma <= 25.0 and p.width_us == 300 and p.net_charge_nc == 0 for p in result.pulses)


def test_a_swing_without_pulses_does_not_count_as_reached():
    from hw_sim.tally import Swing

    swings = [Swing(start_us=0, end_us=100), Swing(start_us=1000, end_us=1100)]
    assert pulses_per_swing(swings, np.array([10, 50, 120]), 50).tolist() == [3, 0]


def test_a_folder_gives_all_its_recordings():
    if not gait_dir().exists():
        pytest.skip(f"recordings are not here: {gait_dir()} (see SWINGPHASE_GAIT_DIR)")
    assert len(recordings_in(gait_dir())) > 600
