"""The benchmark's results as text: tables, histograms of timing errors, and the recordings to look at first."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hw_sim.gait_runs import Result
from hw_sim.gait_tables import Row

HEAD = (
    f"{'data set/place/group':46} {'steps':>6} {'min':>4} | sens% [95% people]  clear%  cov%  F1core F1win | "
    "false/min  idle  dbl/100 late% stance% | onset-HO ms     onset-TO ms       end-IC ms | below 90%  worst"
)
DELIVERED = "  of this, as current at the electrodes"
BIN_MS, BINS_FROM_MS, BINS_TO_MS = 20, -200, 200
BAR = 40
WORST = 10


def table(rows: Sequence[Row], delivered: Sequence[Row] = ()) -> list[str]:
    """Return a heading and one line per row; under it, if there is one, what of the same key was delivered."""
    below = {row.key: row for row in delivered}
    lines = [HEAD]
    for row in rows:
        lines.append(line(row))
        if row.key in below:
            lines.append(line(replace(below[row.key], key=DELIVERED)))
    return lines


def line(r: Row) -> str:
    """Return one row as text."""
    interval = f"[{_num(r.sens_low_pct, '.1f', 5)},{_num(r.sens_high_pct, '.1f', 5)}]"
    return (
        f"{r.key:46} {r.steps:6} {r.minutes:4.0f} | {_num(r.sens_pct, '.1f', 5)} {interval}  "
        f"{_num(r.clear_pct, '.1f', 5)} {_num(r.covered_pct, '.1f', 5)}  {_num(r.f1_core, '.3f', 5)}  "
        f"{_num(r.f1_window, '.3f', 5)} | {_num(r.false_per_min, '.2f', 8)} {_num(r.idle_per_min, '.2f', 6)}  "
        f"{_num(r.doubles_pct, '.2f', 5)}  {_num(r.late_pct, '.1f', 5)}  {_num(r.stance_pct, '.1f', 5)} | "
        f"{_spread(r.onset_heel_off_ms)} {_spread(r.onset_toe_off_ms)} {_spread(r.end_contact_ms)} | "
        f"{r.people_below:3}/{r.people:<3}  {_num(r.worst_pct, '.0f', 5)}"
    )


def foot_table(rows: Sequence[Row]) -> list[str]:
    """Return one short line per foot, the lowest first."""
    ordered = sorted(rows, key=lambda r: (math.inf if math.isnan(r.sens_pct) else r.sens_pct, r.key))
    return [
        f"{'foot':52} {'steps':>6}  sens% clear% stance%  dbl  late  false",
        *(
            f"{r.key:52} {r.steps:6}  {_num(r.sens_pct, '.1f', 5)}  {_num(r.clear_pct, '.1f', 5)}  "
            f"{_num(r.stance_pct, '.1f', 5)} {_count(r.doubles_pct * r.steps / 100)} "
            f"{_count(r.late_pct * r.steps / 100)}  {_count(r.false_per_min * r.minutes)}"
            for r in ordered
        ),
    ]


def histogram(title: str, errors_s: Sequence[float]) -> list[str]:
    """Return a histogram in bins of 20 ms; the first and last bin hold what lies beyond."""
    values = 1000 * np.array([v for v in errors_s if not math.isnan(v)])
    if not len(values):
        return [f"{title}: no errors to show."]
    edges = np.arange(BINS_FROM_MS, BINS_TO_MS + BIN_MS, BIN_MS)
    inside = np.clip(values, BINS_FROM_MS - BIN_MS / 2, BINS_TO_MS + BIN_MS / 2)
    counts, _ = np.histogram(inside, np.r_[BINS_FROM_MS - BIN_MS, edges, BINS_TO_MS + BIN_MS])
    names = ["below", *(f"{a:+d}" for a in edges[:-1]), "above"]
    lines = [f"{title}, ms (+ is late), {len(values)} steps, bins of {BIN_MS} ms from"]
    for name, count in zip(names, counts, strict=True):
        lines.append(f"{name:>7} {count:6}  {'#' * round(BAR * count / counts.max())}")
    return lines


def histograms(results: Sequence[Result]) -> list[str]:
    """Return the three histograms of each place of the sensor."""
    lines: list[str] = []
    for place in sorted({r.recording.place for r in results}):
        scores = [r.score for r in results if r.recording.place == place]
        for title, name in (
            ("begins after heel-off", "onset_heel_off_s"),
            ("begins after toe-off", "onset_toe_off_s"),
            ("ends after contact", "end_contact_s"),
        ):
            errors_s = [v for s in scores for v in getattr(s, name)]
            lines += ["", *histogram(f"{place}: {title}", errors_s)]
    return lines


def worst(results: Sequence[Result]) -> list[Result]:
    """Return the ten recordings with the most missed, double and false steps, the worst first."""

    def faults(result: Result) -> int:
        s = result.score
        return s.steps - s.found + s.doubles + s.false

    ordered = sorted(results, key=lambda r: (-faults(r), str(r.file), r.recording.number))
    return [result for result in ordered if faults(result)][:WORST]


def worst_list(results: Sequence[Result], out: str) -> list[str]:
    """Return what went wrong in the worst recordings and how to look at each; pictures go to `out`."""
    lines = []
    for result in worst(results):
        s = result.score
        lines += [
            result.about,
            f"  missed at {_times(s.missed_s)}; false at {_times(s.false_s)}; {s.doubles} doubles",
            f"  ./swingphase replay {result.file} --recording {result.recording.number} --out {out}",
        ]
    return lines or ["No recording has a missed, double or false step."]


def _times(times_s: Sequence[float]) -> str:
    return ", ".join(f"{t:.1f} s" for t in times_s) or "no time"


def _num(value: float, form: str, width: int) -> str:
    return f"{'-' if math.isnan(value) else format(value, form):>{width}}"


def _count(value: float) -> str:
    return f"{'-' if math.isnan(value) else str(round(value)):>4}"


def _spread(quartiles: tuple[float, float, float]) -> str:
    low, middle, high = quartiles
    return " " * 16 if math.isnan(middle) else f"{middle:4.0f} [{low:4.0f},{high:4.0f}]"
