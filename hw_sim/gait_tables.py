"""Rates out of counts: one row per group of people, one per foot, with 95 % intervals over people."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from hw_sim.gait_runs import Result
from hw_sim.gait_scores import Score

SLOW, WEAK = "ALL slow (stride > 1.5 s)", "ALL weak push-off (< 3 rad/s)"
STEPS_MIN = 5  # a person or foot with fewer steps has no rate of its own
IDLE_MIN_S = 30.0  # a rate per minute of less than this says nothing
RESAMPLES, SEED = 1000, 1
FLOOR_PCT = 90.0  # feet below are counted by name


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table; nan where there is nothing to count.

    *_pct shares in percent, *_per_min per minute of recording (idle: of standing), doubles_pct per 100 steps
    sens_low_pct, sens_high_pct   95 % interval when people are drawn again, whole, with replacement
    onset_*_ms, end_*_ms          25th, 50th, 75th percentile, + is late
    people_below                  people under 90 %, of `people` with at least five steps
    """

    key: str
    recordings: int
    people: int
    steps: int
    minutes: float
    sens_pct: float
    sens_low_pct: float
    sens_high_pct: float
    clear_pct: float
    covered_pct: float
    f1_core: float
    f1_window: float
    false_per_min: float
    idle_per_min: float
    doubles_pct: float
    late_pct: float
    stance_pct: float
    onset_heel_off_ms: tuple[float, float, float]
    onset_toe_off_ms: tuple[float, float, float]
    end_contact_ms: tuple[float, float, float]
    people_below: int
    worst_pct: float


def groups_of(result: Result) -> list[str]:
    """Return the rows that a recording counts in: its group, and slow or weak push-off where marked."""
    r = result.recording
    names = [r.group] + [SLOW] * r.is_slow + [WEAK] * r.is_weak_pushoff
    return [f"{r.dataset}/{r.place}/{name}" for name in names]


def feet_of(result: Result) -> list[str]:
    """Return the one row of this foot."""
    r = result.recording
    marks = " slow" * r.is_slow + " weak" * r.is_weak_pushoff
    return [f"{r.dataset}/{r.place}/{r.group} {r.subject}{r.side}{marks}"]


def rows_of(results: Sequence[Result], keys: Callable[[Result], list[str]]) -> list[Row]:
    """Return one row per key, in their order."""
    found: dict[str, list[Result]] = {}
    for result in results:
        for key in keys(result):
            found.setdefault(key, []).append(result)
    return [row_of(key, found[key]) for key in sorted(found)]


def row_of(key: str, results: Sequence[Result]) -> Row:
    """Return the row over all `results`."""
    scores = [result.score for result in results]
    people = _by_person(results)
    per_person = [100 * found / steps for found, steps in people if steps >= STEPS_MIN]
    low_pct, high_pct = _interval(people)
    length_s, idle_s = _sum(scores, "length_s"), _sum(scores, "idle_s")
    steps = _sum(scores, "steps")
    return Row(
        key=key,
        recordings=len(scores),
        people=len(per_person),
        steps=int(steps),
        minutes=length_s / 60,
        sens_pct=_share(100 * _sum(scores, "found"), steps),
        sens_low_pct=low_pct,
        sens_high_pct=high_pct,
        clear_pct=_share(100 * _sum(scores, "clear_found"), _sum(scores, "clear")),
        covered_pct=_share(100 * _sum(scores, "covered"), steps),
        f1_core=_f1(*(_sum(scores, f"core_{name}") for name in ("right", "wrong", "missed"))),
        f1_window=_f1(*(_sum(scores, f"window_{name}") for name in ("right", "wrong", "missed"))),
        false_per_min=_share(60 * _sum(scores, "false"), length_s),
        idle_per_min=60 * _sum(scores, "false_idle") / idle_s if idle_s > IDLE_MIN_S else float("nan"),
        doubles_pct=_share(100 * _sum(scores, "doubles"), steps),
        late_pct=_share(100 * _sum(scores, "late"), steps),
        stance_pct=_share(100 * _sum(scores, "stance_on"), _sum(scores, "stance")),
        onset_heel_off_ms=_quartiles_ms(s.onset_heel_off_s for s in scores),
        onset_toe_off_ms=_quartiles_ms(s.onset_toe_off_s for s in scores),
        end_contact_ms=_quartiles_ms(s.end_contact_s for s in scores),
        people_below=sum(pct < FLOOR_PCT for pct in per_person),
        worst_pct=min(per_person, default=float("nan")),
    )


def as_plain(row: Row) -> dict[str, object]:
    """Return the row as JSON can hold it: None in place of nan."""
    return {name: _plain(value) for name, value in asdict(row).items()}


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and np.isnan(value) else value


def _sum(scores: Sequence[Score], name: str) -> float:
    return sum(getattr(s, name) for s in scores)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def _f1(right: float, wrong: float, missed: float) -> float:
    return _share(2 * right, 2 * right + wrong + missed)


def _by_person(results: Sequence[Result]) -> list[tuple[int, int]]:
    """Return (found, steps) of each person."""
    sums: dict[str, list[int]] = {}
    for result in results:
        person = sums.setdefault(f"{result.recording.dataset}/{result.recording.subject}", [0, 0])
        person[0] += result.score.found
        person[1] += result.score.steps
    return [(found, steps) for found, steps in sums.values()]


def _interval(people: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """Return the 95 % interval of the sensitivity in percent, people drawn with replacement; nan for one person."""
    if len(people) < 2 or not sum(steps for _, steps in people):
        return float("nan"), float("nan")
    counts = np.array(people, np.float64)
    drawn = np.random.default_rng(SEED).integers(0, len(people), (RESAMPLES, len(people)))
    found, steps = counts[drawn].sum(axis=1).T
    low, high = np.percentile(100 * found / np.maximum(steps, 1), [2.5, 97.5])
    return float(low), float(high)


def _quartiles_ms(errors_s: Iterable[tuple[float, ...]]) -> tuple[float, float, float]:
    values = np.array([v for per_recording in errors_s for v in per_recording])
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan"), float("nan")
    low, middle, high = np.percentile(1000 * values, [25, 50, 75])
    return float(low), float(middle), float(high)
