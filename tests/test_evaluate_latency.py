"""Latency from event to decision: events of the simulated leg, decisions near them, one delay each."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import latency
from hw_sim.gait_simulated import simulated_recording
from hw_sim.gait_tables import groups_of, rows_of
from hw_sim.recording import Recording
from hw_sim.walker_settings import WalkerSettings
from safety.sample import HEEL_DOWN, HEEL_UP
from tests.test_evaluate_bench import result_rows


@pytest.fixture(scope="module")
def walk() -> Recording:
    return simulated_recording(WalkerSettings(severity="moderate", stop_s=12.0), seconds=16.0)


def test_each_event_has_the_delay_of_the_decision_nearest_to_it() -> None:
    decisions_s = np.array([1.04, 1.30, 2.95, 5.6])
    assert latency.delays_ms([1.0, 3.0, 5.0], decisions_s) == pytest.approx([40, -50])


def test_labels_of_a_simulated_walk_are_in_the_order_of_a_step_and_where_the_switch_says(
    walk: Recording,
) -> None:
    assert len(walk.steps) >= 7
    levels = np.array(walk.heel_levels)
    for heel_off, foot_flat, toe_off, contact in walk.steps:
        assert heel_off < toe_off < contact <= foot_flat
        assert levels[heel_off - 5] == HEEL_DOWN
        # A dropped foot lands so flat that the switch bounces up to 80 ms before contact.
        assert (levels[heel_off + 5 : contact - 8] == HEEL_UP).all()
        assert levels[foot_flat + 5] == HEEL_DOWN
    ends = [step[1] for step in walk.steps[:-1]]
    assert all(end < step[0] for end, step in zip(ends, walk.steps[1:], strict=True))


def test_a_bare_switch_is_as_late_as_its_debounce_and_one_sample(walk: Recording) -> None:
    silent = replace(walk, gyro_counts=np.full((walk.n_samples, 3), np.nan))
    on_s, _ = latency.edges_s(silent, use_switch=True)
    delays = latency.delays_ms([step[0] / walk.fs for step in walk.steps], on_s)
    assert len(delays) == len(walk.steps)
    assert all(20 <= delay <= 60 for delay in delays)


def test_a_row_shows_events_found_and_not_found_and_its_spread() -> None:
    row = latency.Latency(
        sensor="S", decision="on", source="made", events=5, delays_ms=(0.0, 10.0, 20.0, 40.0)
    )
    assert latency.table([row])[2] == "| S | on | made | 5 | 4 | 15 | 8 to 25 | 2 to 37 |"


def test_recorded_rows_are_only_there_where_people_marked_the_event() -> None:
    assert latency.recorded(result_rows()) == []
    (result,) = result_rows()
    marked = replace(result, recording=replace(result.recording, dataset="truong2019"))
    (row,) = latency.recorded([marked])
    assert (row.sensor, row.decision, row.events) == ("IMU on the foot", "on after heel-off", 2)
    assert len(row.delays_ms) == 2
    assert rows_of([marked], groups_of)[0].steps == 2


def test_a_step_of_the_detector_takes_a_time(walk: Recording, monkeypatch) -> None:
    monkeypatch.setattr(latency, "TIMED_PASSES", 1)
    assert latency.step_us(walk) > 0
