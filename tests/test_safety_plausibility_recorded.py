"""Plausibility on recorded people: no false trip, and a frozen IMU found in time. The recordings stay outside."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gait_detect.detector import GaitDetector
from hw_sim.recordings import Recording, load_recordings
from safety import faults
from safety.plausibility import Plausibility
from safety.sample import HEEL_NONE, Sample

NAMES = ("gyro_x_cdps", "gyro_y_cdps", "gyro_z_cdps", "acc_x_mg", "acc_y_mg", "acc_z_mg")
NAME_OF = {f.id: f.name for f in faults.FAULTS}
REST_DPS = 0.3 * 180 / np.pi  # a foot that turns faster cannot give the same six numbers 25 times


def played(r: Recording, *, freeze_at: int | None = None) -> Iterator[tuple[int, int, int]]:
    """Yield (sample number, fault, swing) as the guard would see the recording with its IMU only.

    A burst runs from the first allowed sample of a swing to 150 ms after it. From sample `freeze_at` on
    the IMU repeats itself, also for the detector.
    """
    p, detector, last = Plausibility(True, False, r.place == "shank"), GaitDetector(place=r.place), Sample()
    dt_us = round(1e6 / r.fs)
    is_burst, rest_us = False, 0
    for i, s in enumerate(r.samples()):
        s.heel = HEEL_NONE
        if freeze_at is not None and i >= freeze_at:
            for name in NAMES:
                setattr(s, name, getattr(last, name))
        elif freeze_at == i + 1:
            for name in NAMES:
                setattr(last, name, getattr(s, name))
        p.advance(dt_us)
        p.see(s)
        swing = detector.step(s).swing
        p.swing(swing)
        rest_us = 0 if swing else rest_us + dt_us
        if swing and not is_burst and p.may_start:
            p.burst_began()
            is_burst = True
        elif is_burst and rest_us >= 150_000:
            p.burst_ended()
            is_burst = False
        fault_id = p.take_fault()
        yield i, fault_id, swing
        while p.take_fault():
            pass


def trips(recordings: list[Recording]) -> tuple[Counter[str], list[str]]:
    """Return how many recordings show each fault, and those IMU_FROZEN trips in which the foot was at rest."""
    found: Counter[str] = Counter()
    false: list[str] = []
    for r in recordings:
        seen: dict[int, int] = {}
        for i, fault_id, _ in played(r):
            if fault_id:
                seen.setdefault(fault_id, i)
        found.update(NAME_OF[f] for f in seen)
        if faults.IMU_FROZEN in seen:
            i = seen[faults.IMU_FROZEN]
            held_dps = np.degrees(np.linalg.norm(r.gyro_rad_s[i]))
            if held_dps < REST_DPS:
                false.append(f"{r.describe()}: {held_dps:.1f} deg/s at sample {i}")
    return found, false


def check_trips(recordings: list[Recording]) -> None:
    found, false = trips(recordings)
    assert not false, "frozen although the foot was at rest: " + "; ".join(false)
    assert found.keys() <= {"IMU frozen", "false bursts"}, found
    assert found["false bursts"] <= 1 + len(recordings) // 500, found


def freezes_found_ms(recordings: list[Recording], per_recording: int, seed: int) -> list[float]:
    """Freeze the IMU at random samples in swing; return how long it took to find each freeze, ms."""
    rng = np.random.default_rng(seed)
    times = []
    for r in recordings:
        on = np.array([swing for _, _, swing in played(r)], bool)
        # After the first sample of a swing: a freeze before it stops the swing itself, and nothing begins.
        inside = np.flatnonzero(on[1:] & on[:-1]) + 1
        inside = inside[inside < r.n_samples - int(0.3 * r.fs)]
        inside = inside[inside > r.fs]
        for at in rng.choice(inside, min(per_recording, len(inside)), replace=False):
            frozen = (i for i, f, _ in played(r, freeze_at=int(at)) if i >= at and f == faults.IMU_FROZEN)
            times.append(1000 * (next(frozen, np.inf) - at + 1) / r.fs)
    return times


def test_thinned_recordings_give_no_false_trip_and_a_freeze_in_swing_is_found_within_300_ms(gait_dir: Path):
    recordings = load_recordings(gait_dir)
    check_trips(recordings[::25])
    times = freezes_found_ms([r for r in recordings[4::90] if len(r.steps) >= 3], 2, 1)
    assert len(times) >= 5
    assert max(times) <= 300


@pytest.mark.slow
def test_all_recordings_give_no_false_trip(gait_dir: Path):
    check_trips(load_recordings(gait_dir))


@pytest.mark.slow
def test_a_freeze_in_swing_is_found_within_300_ms_in_all_recordings(gait_dir: Path):
    times = freezes_found_ms([r for r in load_recordings(gait_dir) if len(r.steps) >= 3], 1, 2)
    assert len(times) >= 5
    assert max(times) <= 300
