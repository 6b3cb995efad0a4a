"""The page of `benchmarks.gait_tradeoffs`: curves, what decides false swings and F1win. Rates, counts, names only."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.gait import is_aside
from benchmarks.gait_targets import FREEZING, NEUROLOGICAL, TARGETS, WEAK
from hw_sim.gait_runs import Result
from hw_sim.gait_tables import Row, feet_of, groups_of, row_of, rows_of

Key = tuple[str, int]
TODAY: Key = ("today", 0)
FEET_SHOWN = 10

INTRO = """# Trade-offs: what the constants of the detector buy and cost

Made by `./swingphase bench tradeoffs` on {date}, commit {commit}.
Do not edit; run it again. Words and definitions are those of `docs/benchmark.md`, sensor on the foot. Nobody's
recording enters the page, only tables and counts.

"""
CURVES = """## One constant at a time

Neurological feet, then weak ones (*foot*: the lowest), then freezing. *aside*: neurological people whose number is
divisible by 3, on whom no constant was chosen. *misses*: targets of `docs/benchmark.md` for feet that this value does
not reach, of {total}. Bold is the value of today."""
HEAD = (
    "sens | clear | false/min | F1win | stance | dbl | late | onset-HO | weak sens | foot | freezing sens | "
    "false/min | aside sens | false/min | F1win | misses"
)
FALSE = """## What decides the false swings

A false swing touches no labelled step and no range that is marked as unlabelled. {counts}
Recordings with a false swing, and the fewest that any value above leaves (which; nothing else may be worth it):
"""
F1WIN = """## What decides F1win

F1win compares samples with heel-off to contact. Of the neurological feet, in seconds, and F1win if this part alone
were perfect. Parts are measured from the marks, also in ranges that F1win leaves out: their sum can be more than what
was lost. What false swings cost is in none of them.
"""


def curve_lines(
    results: Mapping[Key, Sequence[Result]], constants: Mapping[str, tuple[int, str]]
) -> list[str]:
    """Return a table per constant; `constants` holds today's value of each, and what it is about."""
    aims = [t for t in TARGETS if t.key in {row.key for row in rows_of(results[TODAY], groups_of)}]
    lines = [CURVES.format(total=len(aims))]
    for field, (today, about) in constants.items():
        tried = sorted(
            [(value, key) for key in results if key[0] == field for value in key[1:]] + [(today, TODAY)]
        )
        lines += ["", f"`{field}`: {about}", "", f"| value | {HEAD} |", "|---|" + "---|" * 16]
        lines += [f"| {f'**{v}**' if key == TODAY else v} | {_cells(results[key])} |" for v, key in tried]
    return lines


def misses(results: Sequence[Result]) -> int:
    """Return how many targets these results do not reach."""
    by_key = {row.key: row for row in rows_of(results, groups_of)}
    count = 0
    for t in TARGETS:
        if t.key in by_key:
            value = getattr(by_key[t.key], t.field)
            value = value[1] if isinstance(value, tuple) else value
            count += not t.low <= value <= t.high
    return count


def _cells(results: Sequence[Result]) -> str:
    rows = {row.key: row for row in rows_of(results, groups_of)}
    aside = {row.key: row for row in rows_of([r for r in results if is_aside(r)], groups_of)}
    feet = [row.sens_pct for row in rows_of(results, feet_of) if row.key.endswith(" weak") and row.steps]
    n = rows.get(NEUROLOGICAL)
    cells = [_shown(n, f) for f in ("sens_pct:.2f", "clear_pct:.2f", "false_per_min:.3f", "f1_window:.4f")]
    cells += [_shown(n, f) for f in ("stance_pct:.2f", "doubles_pct:.2f", "late_pct:.2f")]
    cells += ["-" if n is None else f"{n.onset_heel_off_ms[1]:.0f}", _shown(rows.get(WEAK), "sens_pct:.2f")]
    cells += [f"{min(feet):.1f}" if feet else "-"]
    cells += [_shown(rows.get(FREEZING), f) for f in ("sens_pct:.2f", "false_per_min:.2f")]
    cells += [
        _shown(aside.get(NEUROLOGICAL), f) for f in ("sens_pct:.2f", "false_per_min:.3f", "f1_window:.4f")
    ]
    return " | ".join([*cells, f"{misses(results)}"])


def _shown(row: Row | None, what: str) -> str:
    field, _, how = what.partition(":")
    return "-" if row is None or math.isnan(getattr(row, field)) else format(getattr(row, field), how)


def deciding_lines(results: Mapping[Key, Sequence[Result]]) -> list[str]:
    """Return which feet make the false swings and the lost part of F1win."""
    return [*_false_lines(results), *_f1_lines([r for r in results[TODAY] if NEUROLOGICAL in groups_of(r)])]


def _false_lines(results: Mapping[Key, Sequence[Result]]) -> list[str]:
    counts, keys = [], (NEUROLOGICAL, FREEZING)
    for t in TARGETS:
        of_group = [r.score for r in results[TODAY] if t.field == "false_per_min" and t.key in groups_of(r)]
        if of_group:
            minutes = sum(s.length_s for s in of_group) / 60
            counts.append(
                f"{t.key}: {sum(s.false for s in of_group)} in {minutes:.1f} min; the target allows "
                f"{math.floor(t.high * minutes)}."
            )
    counted = {
        key: {_named(r): r.score.false for r in tried if set(groups_of(r)) & set(keys)}
        for key, tried in results.items()
    }
    lines = [
        "",
        FALSE.format(counts=" ".join(counts)),
        "| recording | today | fewest | with |",
        "|---|---|---|---|",
    ]
    for name, count in sorted(counted[TODAY].items(), key=lambda item: (-item[1], item[0])):
        if count:
            fewest = min(each[name] for each in counted.values())
            by = ", ".join(f"{k[0]} {k[1]}" for k, each in counted.items() if each[name] == fewest < count)
            lines.append(f"| {name} | {count} | {fewest} | {by or '-'} |")
    return lines


def _named(result: Result) -> str:
    r = result.recording
    return f"{r.dataset}, person {r.subject}, recording {r.trial}, {'left' if r.side == 'L' else 'right'}"


def _f1_lines(results: Sequence[Result]) -> list[str]:
    if not results:
        return []
    late = {name: _onset_s(results, name) for name in {n for r in results for n in feet_of(r)}}
    end = {name: _end_s(results, name) for name in late}
    right, wrong, missed = (_seconds(results, f"window_{name}") for name in ("right", "wrong", "missed"))
    parts: dict[str, tuple[float, bool]] = {  # seconds, and whether they are missed
        "onset after the marked heel-off": (sum(e[e > 0].sum() for e in late.values()), True),
        "onset before it": (-sum(e[e < 0].sum() for e in late.values()), False),
        "end before contact": (-sum(e[e < 0].sum() for e in end.values()), True),
        "end after it": (sum(e[e > 0].sum() for e in end.values()), False),
    }
    parts["steps that were missed, and gaps"] = (missed - sum(s for s, m in parts.values() if m), True)
    lines = ["", F1WIN, "| part | s | F1win without |", "|---|---|---|"]
    lines.append(f"| (today: right {right:.0f} s) | {wrong + missed:.0f} | {_f1(right, wrong, missed):.4f} |")
    for name, (lost_s, is_missed) in parts.items():
        without = (right + lost_s, wrong, missed - lost_s) if is_missed else (right, wrong - lost_s, missed)
        lines.append(f"| {name} | {lost_s:.0f} | {_f1(*without):.4f} |")
    # Marks of heel-off differ between people; what is left if each foot's own median onset were right:
    even_s = {name: e - np.median(e) if len(e) else e for name, e in late.items()}
    late_s, early_s = (
        sum(e[e > 0].sum() for e in even_s.values()),
        -sum(e[e < 0].sum() for e in even_s.values()),
    )
    saved_s = parts["onset after the marked heel-off"][0] - late_s
    spared_s = parts["onset before it"][0] - early_s
    lines.append(
        f"| if each foot's median onset were at its own marks | {late_s + early_s:.0f} | "
        f"{_f1(right + saved_s, wrong - spared_s, missed - saved_s):.4f} |"
    )
    lines += ["", *_costly_feet(results, late)]
    return lines


def _costly_feet(results: Sequence[Result], late: Mapping[str, np.ndarray]) -> list[str]:
    rows = {row.key: row for row in rows_of(results, feet_of)}
    lost_s = {
        name: _seconds([r for r in results if name in feet_of(r)], "window_wrong")
        + _seconds([r for r in results if name in feet_of(r)], "window_missed")
        for name in rows
    }
    worst = sorted(rows, key=lambda name: (-lost_s[name], name))[:FEET_SHOWN]
    lines = [
        f"The {len(worst)} feet that lose most:",
        "",
        "| foot | steps | lost, s | F1win | onset-HO, median ms | F1win of all others |",
    ]
    lines.append("|---|---|---|---|---|---|")
    for name in worst:
        others = row_of("others", [r for r in results if name not in feet_of(r)])
        onset = f"{1000 * np.median(late[name]):.0f}" if len(late[name]) else "-"
        lines.append(
            f"| {name} | {rows[name].steps} | {lost_s[name]:.0f} | {rows[name].f1_window:.3f} | {onset} | "
            f"{others.f1_window:.4f} |"
        )
    return lines


def _onset_s(results: Sequence[Result], name: str) -> np.ndarray:
    errors = np.array([e for r in results if name in feet_of(r) for e in r.score.onset_heel_off_s], float)
    return errors[~np.isnan(errors)]


def _end_s(results: Sequence[Result], name: str) -> np.ndarray:
    return np.array([e for r in results if name in feet_of(r) for e in r.score.end_contact_s], float)


def _seconds(results: Sequence[Result], field: str) -> float:
    return sum(getattr(r.score, field) / r.recording.fs for r in results)


def _f1(right: float, wrong: float, missed: float) -> float:
    return 2 * right / (2 * right + wrong + missed)
