"""What the detector is meant to reach on the public recordings, and whether it does: one table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hw_sim.gait_tables import Row

NEUROLOGICAL = "truong2019/foot/neurological"
WEAK = "truong2019/foot/ALL weak push-off (< 3 rad/s)"
FREEZING = "stanford_fog/foot/parkinson_fog"
GAP_MAX_PCT, HARDSHIP_MAX_PCT = 1.0, 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One figure of one row (name of a field of Row, or of its median) between two bounds, both allowed."""

    key: str
    what: str
    field: str
    low: float = float("-inf")
    high: float = float("inf")


TARGETS = (
    Target(key=NEUROLOGICAL, what="sensitivity %", field="sens_pct", low=98.5),
    Target(key=NEUROLOGICAL, what="clear %", field="clear_pct", low=99.5),
    Target(key=NEUROLOGICAL, what="stance %", field="stance_pct", high=1.0),
    Target(key=NEUROLOGICAL, what="doubles/100 steps", field="doubles_pct", high=0.2),
    Target(key=NEUROLOGICAL, what="false/min", field="false_per_min", high=0.08),
    Target(key=NEUROLOGICAL, what="late %", field="late_pct", high=0.5),
    Target(key=NEUROLOGICAL, what="F1win", field="f1_window", low=0.91),
    Target(key=NEUROLOGICAL, what="median onset-HO, ms", field="onset_heel_off_ms", low=-30, high=50),
    Target(key=WEAK, what="sensitivity %", field="sens_pct", low=97.0),
    Target(key="truong2019/foot/ALL slow (stride > 1.5 s)", what="sensitivity %", field="sens_pct", low=97.5),
    Target(key="truong2019/foot/healthy", what="sensitivity %", field="sens_pct", low=99.5),
    Target(key="truong2019/foot/orthopedic", what="sensitivity %", field="sens_pct", low=98.5),
    Target(
        key="voisard2023/foot/healthy", what="median end-IC, ms", field="end_contact_ms", low=-30, high=30
    ),
    Target(key=FREEZING, what="sensitivity %", field="sens_pct", low=97.0),
    Target(key=FREEZING, what="stance %", field="stance_pct", high=8.0),
    Target(key=FREEZING, what="false/min", field="false_per_min", high=0.5),
    Target(key="stanford_fog/shank/parkinson_fog", what="sensitivity %", field="sens_pct", low=93.0),
)
WEAK_FOOT_MIN_PCT = 92.0


def target_table(
    rows: Sequence[Row], feet: Sequence[Row], hardships: Mapping[str, Sequence[Row]], delivered: Sequence[Row]
) -> list[str]:
    """Return one line per target: figure, bounds, met or not; targets without recordings are left out."""
    by_key = {row.key: row for row in rows}
    lines = ["| target | of | reached | wanted | met |", "|---|---|---|---|---|"]
    for t in TARGETS:
        if t.key in by_key:
            value = getattr(by_key[t.key], t.field)
            value = value[1] if isinstance(value, tuple) else value
            lines.append(_line(t.what, t.key, value, t.low, t.high))
    weak = [row for row in feet if row.key.endswith(" weak") and row.steps]
    if weak:
        lowest = min(weak, key=lambda row: row.sens_pct)
        lines.append(
            _line("lowest weak foot, %", lowest.key, lowest.sens_pct, WEAK_FOOT_MIN_PCT, float("inf"))
        )
    for name, hard in hardships.items():
        for row in hard:
            if row.key in (NEUROLOGICAL, WEAK):
                cost = by_key[row.key].sens_pct - row.sens_pct
                lines.append(_line(f"points lost by {name}", row.key, cost, float("-inf"), HARDSHIP_MAX_PCT))
    for row in delivered:
        gap = by_key[row.key].sens_pct - row.sens_pct
        lines.append(_line("points from detected to delivered", row.key, gap, float("-inf"), GAP_MAX_PCT))
    return lines if len(lines) > 2 else []


def _line(what: str, key: str, value: float, low: float, high: float) -> str:
    bounds = [
        f"{sign} {bound:g}" for sign, bound in (("at least", low), ("at most", high)) if abs(bound) < 1e9
    ]
    met = "yes" if low <= value <= high else "**no**"
    return f"| {what} | {key} | {value:.{2 if abs(value) >= 1 else 3}f} | {' and '.join(bounds)} | {met} |"
