"""The detector on recorded people: steps found, by group. The recordings stay outside the project.

Scored as in the README of the recordings: a step is found if the swing covers at least half of toe-off to
contact and began for this step, no sooner than 0.5 s before its heel-off and not before the last step ended.
The floors stand a little below what was measured when they were set, so that a regression shows.
"""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from gait_detect.detector import GaitDetector
from hw_sim.recordings import Recording, load_recordings

# Group -> lowest share of steps found, %.
SENS_FLOORS = {
    "truong2019/foot/neurological": 98.3,
    "truong2019/foot/healthy": 99.6,
    "truong2019/foot/orthopedic": 98.4,
    "truong2019/foot/weak push-off": 97.3,
    "truong2019/foot/slow": 98.0,
    "voisard2023/foot/healthy": 98.2,
    "stanford_fog/foot/parkinson_fog": 97.5,
    "stanford_fog/shank/parkinson_fog": 95.5,
    "gaitmap_example/foot/healthy": 96.5,
}
FOUND_WITHIN = 0.10  # of the labelled steps, outside the ranges without labels
EARLY_S, LATE_S = 0.5, 0.1


def swings_of(recording: Recording) -> list[tuple[float, float]]:
    detector = GaitDetector(place=recording.place)
    on = np.fromiter((detector.step(s).swing for s in recording.samples()), np.int8, recording.n_samples)
    edges = np.flatnonzero(np.diff(on, prepend=0, append=0)) / recording.fs
    return list(zip(edges[::2], edges[1::2], strict=True))


def steps_s(recording: Recording) -> list[tuple[float, float, float, float]]:
    """Return (earliest begin, toe-off, contact, end) of each labelled step, s."""
    rows, last_end_s = [], -9.0
    for row in recording.steps:
        ho, ff, to, ic = (v / recording.fs if v >= 0 else np.nan for v in row)
        if np.isnan(to):
            to = ho + 0.22 * (ff - ho)
        if np.isnan(ic) or ic <= to:
            ic = ho + 0.78 * (ff - ho)
        ho = to - 0.2 if np.isnan(ho) else ho
        ff = ic + 0.15 if np.isnan(ff) else ff
        rows.append((max(ho - EARLY_S, last_end_s), to, ic, ff))
        last_end_s = min(ff, ho + 3)
    return rows


def is_found(step: tuple[float, float, float, float], swings: list[tuple[float, float]]) -> bool:
    earliest, to, ic, _ = step
    shares = [(max(0.0, min(end, ic) - max(begin, to)), begin) for begin, end in swings]
    covered = sum(share for share, _ in shares)
    return covered >= 0.5 * (ic - to) and max(shares)[1] >= earliest - 0.05


@pytest.fixture(scope="module")
def counts(gait_dir: Path) -> dict[str, Counter[str]]:
    """Group -> labelled and found steps, and swings outside the ranges without labels."""
    groups: dict[str, Counter[str]] = {}
    for r in load_recordings(gait_dir):
        swings, steps = swings_of(r), steps_s(r)
        ignored = [(a / r.fs, b / r.fs) for a, b in r.ignore]
        row = Counter(
            labelled=len(steps),
            found=sum(is_found(step, swings) for step in steps),
            swings=sum(
                any(begin < end + LATE_S and stop > early for early, _, _, end in steps)
                or not any(stop > a and begin < b for a, b in ignored)
                for begin, stop in swings
            ),
        )
        place = f"{r.dataset}/{r.place}"
        names = [r.group] + ["weak push-off"] * r.is_weak_pushoff + ["slow"] * r.is_slow
        for name in names:
            groups.setdefault(f"{place}/{name}", Counter()).update(row)
    return groups


@pytest.mark.parametrize("group", SENS_FLOORS)
def test_the_share_of_steps_found_stays_above_its_floor(counts, group: str) -> None:
    if group not in counts:
        pytest.skip(f"no recordings of {group} in the folder")
    found_pct = 100 * counts[group]["found"] / counts[group]["labelled"]
    assert found_pct >= SENS_FLOORS[group], f"{group}: {found_pct:.1f} % of steps found"


def test_swings_are_within_10_percent_of_labelled_steps_in_each_group(counts) -> None:
    for group, row in counts.items():
        assert abs(row["swings"] / row["labelled"] - 1) <= FOUND_WITHIN, f"{group}: {dict(row)}"
