"""The tables of docs/benchmark.md as Markdown lines. Nothing of a recording enters them but rates and counts."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from hw_sim.gait_report import BIN_MS, BINS_FROM_MS, BINS_TO_MS
from hw_sim.gait_runs import Result
from hw_sim.gait_tables import Row

COLUMNS = (
    "steps | sens % | clear % | F1win | false/min | dbl | late % | stance % | onset-HO | onset-TO | end-IC | "
    "worst person"
)
BOTH = "steps | sens % | gap | clear % | late % | stance % | false/min | dbl | onset-TO | end-IC"
ERRORS = (("onset-HO", "onset_heel_off_s"), ("onset-TO", "onset_toe_off_s"), ("end-IC", "end_contact_s"))


def table(name: str, rows: Sequence[Row]) -> list[str]:
    """Return the lines of one table, one row per group."""
    lines = [f"| {name} | {COLUMNS} |", "|---|" + "---|" * 12]
    return lines + [f"| {r.key} | {cells(r)} |" for r in rows]


def beside(rows_of_each: Mapping[str, Sequence[Row]]) -> list[str]:
    """Return one table of all: for each group one row per detector, in the order of `rows_of_each`."""
    lines = [f"| group | detector | {COLUMNS} |", "|---|---|" + "---|" * 12]
    for key in sorted({row.key for rows in rows_of_each.values() for row in rows}):
        for name, rows in rows_of_each.items():
            lines += [f"| {key} | {name} | {cells(row)} |" for row in rows if row.key == key]
    return lines


def cells(r: Row) -> str:
    """Return one row's figures."""
    return " | ".join(
        (
            f"{r.steps}",
            f"{r.sens_pct:.1f}" + ("" if r.people < 2 else f" [{r.sens_low_pct:.1f}, {r.sens_high_pct:.1f}]"),
            f"{r.clear_pct:.1f}",
            f"{r.f1_window:.3f}",
            f"{r.false_per_min:.2f}",
            f"{r.doubles_pct:.2f}",
            f"{r.late_pct:.2f}",
            f"{r.stance_pct:.2f}",
            *map(spread, (r.onset_heel_off_ms, r.onset_toe_off_ms, r.end_contact_ms)),
            f"{r.worst_pct:.0f}",
        )
    ).replace("nan", "-")


def spread(quartiles: tuple[float, float, float]) -> str:
    """Return median [quartiles]."""
    low, middle, high = quartiles
    return "-" if math.isnan(middle) else f"{middle:.0f} [{low:.0f}, {high:.0f}]"


def side_by_side(detected: Sequence[Row], delivered: Sequence[Row]) -> list[str]:
    """Return detector and delivered pulses in one row per group, and the gap in points."""
    below = {row.key: row for row in delivered}
    lines = [
        f"| detected / delivered | {BOTH} |",
        "|---|" + "---|" * 10,
    ]
    for a in detected:
        b = below[a.key]
        pairs = [
            f"{getattr(a, name):.{digits}f} / {getattr(b, name):.{digits}f}"
            for name, digits in (
                *(
                    ("clear_pct", 1),
                    ("late_pct", 1),
                    ("stance_pct", 1),
                    ("false_per_min", 2),
                    ("doubles_pct", 2),
                ),
            )
        ]
        medians = [
            f"{x[1]:.0f} / {y[1]:.0f}"
            for x, y in ((a.onset_toe_off_ms, b.onset_toe_off_ms), (a.end_contact_ms, b.end_contact_ms))
        ]
        lines.append(
            f"| {a.key} | {a.steps} | {a.sens_pct:.1f} / {b.sens_pct:.1f} | {a.sens_pct - b.sens_pct:.2f} | "
            + " | ".join([*pairs, *medians]).replace("nan", "-")
            + " |"
        )
    return lines


def foot_table(rows: Sequence[Row]) -> list[str]:
    """Return one row per foot, the lowest first; doubles, late and false as counts."""
    ordered = sorted(rows, key=lambda r: (math.inf if math.isnan(r.sens_pct) else r.sens_pct, r.key))
    lines = ["| foot | steps | sens % | clear % | stance % | doubles | late | false |", "|---|" + "---|" * 7]
    for r in ordered:
        counts = (r.doubles_pct * r.steps / 100, r.late_pct * r.steps / 100, r.false_per_min * r.minutes)
        lines.append(
            f"| {r.key} | {r.steps} | {r.sens_pct:.1f} | {r.clear_pct:.1f} | {r.stance_pct:.1f} | ".replace(
                "nan", "-"
            )
            + " | ".join("-" if math.isnan(n) else f"{n:.0f}" for n in counts)
            + " |"
        )
    return lines


def histogram_table(results: Sequence[Result]) -> list[str]:
    """Return the errors of time in bins, one column per place and error; both ends hold what lies beyond."""
    columns, counts = [], []
    edges = np.arange(BINS_FROM_MS, BINS_TO_MS + BIN_MS, BIN_MS)
    for place in sorted({r.recording.place for r in results}):
        for title, name in ERRORS:
            errors_s = [v for r in results if r.recording.place == place for v in getattr(r.score, name)]
            errors_ms = 1000 * np.array([v for v in errors_s if not math.isnan(v)])
            inside = np.clip(errors_ms, BINS_FROM_MS - BIN_MS / 2, BINS_TO_MS + BIN_MS / 2)
            columns.append(f"{place}: {title}")
            counts.append(np.histogram(inside, np.r_[BINS_FROM_MS - BIN_MS, edges, BINS_TO_MS + BIN_MS])[0])
    names = [f"below {BINS_FROM_MS}", *(f"{a} to {a + BIN_MS}" for a in edges[:-1]), f"above {BINS_TO_MS}"]
    lines = [f"| ms | {' | '.join(columns)} |", "|---|" + "---|" * len(columns)]
    return lines + [
        f"| {name} | {' | '.join(str(count) for count in row)} |"
        for name, row in zip(names, np.array(counts).T, strict=True)
    ]
