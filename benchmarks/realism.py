"""`./swingphase bench realism`: simulated feet beside recorded ones, and what gives the simulation away.

People are drawn from seeds (`hw_sim/population.py`): they stand, walk ten metres, turn, walk back. Recorded are the
people of Truong 2019 and Voisard 2023 who did the same. Ten numbers per stride; a logistic fit, cross-validated over
people, tries to tell the two apart.
"""

import argparse
import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import telling_apart as fit
from benchmarks.stride_features import FEATURES, features_of
from firmware_py.pi.console import progress_bar
from hw_sim.leg import Leg
from hw_sim.population import Person, drawn_person
from hw_sim.recording import CDPS_PER_RAD_S, MG_PER_MPS2
from hw_sim.recordings import Recording, load_recordings
from hw_sim.sensors import SimSensors
from safety.sample import Sample

DATASETS = ("truong2019", "voisard2023")
RATES_AND_TIMES = ("stride time", "push-off", "swing peak", "landing")
PEOPLE = 75  # as many as are recorded
AUC_MAX = 0.85
MEDIAN_WITHIN = 0.20
SHUFFLES = 3
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Strides of many people. values (strides, 10); person (strides,) from 0; healthy  per person."""

    values: Floats
    person: NDArray[np.int64]
    healthy: NDArray[np.bool_]

    def medians(self, which: NDArray[np.bool_] | None = None) -> Floats:
        """Return (people, 10): the median stride of each person (of `which` persons)."""
        people = np.arange(len(self.healthy)) if which is None else np.flatnonzero(which)
        return np.array([np.median(self.values[self.person == p], axis=0) for p in people])

    def spreads(self) -> Floats:
        """Return (10,): how much the strides of one person differ, as a share: SD after quartiles, median person."""
        logs, found = np.log(self.values), []
        for p in range(len(self.healthy)):
            low, high = np.percentile(logs[self.person == p], (25, 75), axis=0)
            found.append((high - low) / 1.35)
        return np.median(np.array(found), axis=0)


def crowd_of(people: Sequence[tuple[Floats, bool]]) -> Crowd:
    """Return the crowd of (features, is healthy) per person; who shows no stride is left out."""
    kept = [(values, healthy) for values, healthy in people if len(values)]
    return Crowd(
        values=np.concatenate([values for values, _ in kept]),
        person=np.concatenate([np.full(len(values), i) for i, (values, _) in enumerate(kept)]),
        healthy=np.array([healthy for _, healthy in kept]),
    )


def walked(person: Person) -> tuple[Floats, Floats]:
    """Return gyro, rad/s, and acc, m/s2, (n, 3) each, of a person's walking test at 100 Hz."""
    leg = Leg(person.settings, keeps_trace=False)
    sensors = SimSensors(leg, imu=person.imu, has_heel=False, t_us_start=0)
    sample, rows = Sample(), []
    while leg.now_us < person.seconds * 1e6:
        leg.advance(1_000_000)
        while sensors.read(sample):
            s = sample
            rows.append((s.gyro_x_cdps, s.gyro_y_cdps, s.gyro_z_cdps, s.acc_x_mg, s.acc_y_mg, s.acc_z_mg))
    values = np.array(rows, np.float64)
    return values[:, :3] / CDPS_PER_RAD_S, values[:, 3:] / MG_PER_MPS2


def simulated_person(seed: int) -> tuple[Floats, bool]:
    """Return features and whether the person with this seed is healthy."""
    person = drawn_person(seed)
    return features_of(*walked(person), 100.0), person.settings.severity == "healthy"


def recorded_crowd(recordings: Sequence[Recording]) -> Crowd:
    """Return the people of DATASETS, both feet and all trials of each together."""
    found: dict[tuple[str, str], tuple[list[Floats], bool]] = {}
    for r in recordings:
        if r.place == "foot" and r.dataset in DATASETS:
            strides, _ = found.setdefault((r.dataset, r.subject), ([], r.group == "healthy"))
            strides.append(features_of(r.gyro_rad_s, r.acc_mps2, r.fs))
    return crowd_of([(np.concatenate(strides), healthy) for strides, healthy in found.values()])


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How alike two crowds are.

    aucs, bent_aucs   of the fit and of one with all products, one per shuffle of the people
    alone             per feature, AUC of this feature by itself
    coefficients      per feature, of the fit to all: above 0 = the simulated have more of it
    medians           per feature: recorded, simulated;  healthy_medians  the same of the healthy only
    spreads           per feature: recorded, simulated, within a person, as a share
    """

    aucs: tuple[float, ...]
    bent_aucs: tuple[float, ...]
    alone: tuple[float, ...]
    coefficients: tuple[float, ...]
    medians: tuple[tuple[float, float], ...]
    healthy_medians: tuple[tuple[float, float], ...]
    spreads: tuple[tuple[float, float], ...]
    people: tuple[int, int]
    strides: tuple[int, int]

    @property
    def auc(self) -> float:
        """The mean of `aucs`."""
        return sum(self.aucs) / len(self.aucs)

    def off_by(self, name: str, *, healthy: bool = False) -> float:
        """Return by what share the simulated median differs from the recorded one."""
        index = [f.name for f in FEATURES].index(name)
        recorded, simulated = (self.healthy_medians if healthy else self.medians)[index]
        return simulated / recorded - 1.0


def compare(recorded: Crowd, simulated: Crowd, *, shuffles: int = 1, is_bent: bool = False) -> Verdict:
    """Return how well the simulated strides can be told from the recorded ones, and by what.

    shuffles   of the people into folds;  is_bent  also try the slow fit with all products
    """
    x = fit.standardised(np.concatenate([recorded.values, simulated.values]))
    is_simulated = np.arange(len(x)) >= len(recorded.values)
    person = np.concatenate([recorded.person, simulated.person + len(recorded.healthy)])
    weight = fit.person_weights(is_simulated, person)
    bent = fit.with_products(x) if is_bent else x
    alone = [fit.auc(x[:, j], is_simulated, weight) for j in range(x.shape[1])]

    def pairs(first: Floats, second: Floats) -> tuple[tuple[float, float], ...]:
        return tuple(
            (float(a), float(b))
            for a, b in zip(np.median(first, axis=0), np.median(second, axis=0), strict=True)
        )

    return Verdict(
        aucs=tuple(fit.cross_validated_auc(x, is_simulated, person, seed=k) for k in range(shuffles)),
        bent_aucs=tuple(
            fit.cross_validated_auc(bent, is_simulated, person, seed=k) for k in range(shuffles * is_bent)
        ),
        alone=tuple(max(a, 1.0 - a) for a in alone),
        coefficients=tuple(float(b) for b in fit.logistic_fit(x, is_simulated, weight)[1:]),
        medians=pairs(recorded.medians(), simulated.medians()),
        healthy_medians=pairs(recorded.medians(recorded.healthy), simulated.medians(simulated.healthy)),
        spreads=tuple(
            (float(a), float(b)) for a, b in zip(recorded.spreads(), simulated.spreads(), strict=True)
        ),
        people=(len(recorded.healthy), len(simulated.healthy)),
        strides=(len(recorded.values), len(simulated.values)),
    )


def lines_of(v: Verdict) -> list[str]:
    """Return the table and the sentences."""
    lines = [
        f"{v.people[0]} recorded people with {v.strides[0]} strides, {v.people[1]} simulated with {v.strides[1]}.",
        "",
        "| stride feature | recorded | simulated | healthy only | within a person | AUC alone | weight in the fit |",
        "|---|---|---|---|---|---|---|",
    ]
    for j, f in enumerate(FEATURES):
        (a, b), (c, d), (e, g) = v.medians[j], v.healthy_medians[j], v.spreads[j]
        lines.append(
            f"| {f.name}{', ' + f.unit if f.unit else ''} | {a:.3g} | {b:.3g} ({b / a - 1:+.0%}) | "
            f"{c:.3g}, {d:.3g} ({d / c - 1:+.0%}) | {e:.0%}, {g:.0%} | {v.alone[j]:.2f} | {v.coefficients[j]:+.2f} |"
        )
    lines += [
        "",
        f"AUC of the logistic fit, cross-validated over people: {v.auc:.3f} "
        f"({min(v.aucs):.3f} to {max(v.aucs):.3f} over {len(v.aucs)} shuffles); wanted at most {AUC_MAX}.",
    ]
    if v.bent_aucs:
        lines.append(
            f"AUC of a fit with all products of features: {sum(v.bent_aucs) / len(v.bent_aucs):.3f}."
        )
    return lines


def main(arguments: list[str]) -> int:
    """Print the comparison; 1 if a target is missed."""
    parser = argparse.ArgumentParser(prog="./swingphase bench realism", description=__doc__)
    parser.add_argument("--people", type=int, default=PEOPLE, help=f"simulated people (default {PEOPLE})")
    parser.add_argument("--first", type=int, default=0, help="seed of the first of them (default 0)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--json", metavar="FILE", help="also write all figures")
    chosen = parser.parse_args(arguments)
    recorded = recorded_crowd(load_recordings())
    progress = progress_bar("walking")
    people, seeds = [], range(chosen.first, chosen.first + chosen.people)
    with ProcessPoolExecutor(max(1, chosen.jobs)) as pool:
        for done, person in enumerate(pool.map(simulated_person, seeds), 1):
            people.append(person)
            progress(done / chosen.people)
    verdict = compare(recorded, crowd_of(people), shuffles=SHUFFLES, is_bent=True)
    print("\n".join(lines_of(verdict)))
    if chosen.json:
        figures = {name: getattr(verdict, name) for name in Verdict.__slots__}
        Path(chosen.json).write_text(json.dumps(figures, indent=1), encoding="utf-8")
    missed = [name for name in RATES_AND_TIMES if abs(verdict.off_by(name)) > MEDIAN_WITHIN]
    for name in missed:
        print(f"The median {name} is off by {verdict.off_by(name):+.0%}; wanted within {MEDIAN_WITHIN:.0%}.")
    return int(bool(missed) or verdict.auc > AUC_MAX)
