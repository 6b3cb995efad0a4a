"""The summary of a campaign: which faults, which walkers, what was refused, and the worst ten with their command."""

import html
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from hw_sim.campaign import EVERYTHING, CampaignSettings
from hw_sim.page import page

Rows = Sequence[dict]
WORST = 10


def harm_of(row: dict) -> tuple:
    """Return what trials are sorted by, the worst highest: broken promises, stance, silence, help, clearance."""
    least = row["clearance_mm_least"]
    return (
        len(row["broken"]),
        round(row["stance_pulses_s"], 3),
        row["silent_after"],
        row["missed"],
        row["dragged"],
        row["missed_after"],
        0.0 if least is None else -least,
    )


def worst(rows: Rows) -> list[dict]:
    """Return the WORST worst trials, the worst first."""
    return sorted(rows, key=lambda row: (harm_of(row), -row["trial"]), reverse=True)[:WORST]


def replay_command(settings: CampaignSettings, trial: int) -> str:
    """Return the command that walks one trial again exactly."""
    return f"./swingphase campaign --trial {trial} {options_of(settings)} --report trial-{trial}.html"


def options_of(settings: CampaignSettings) -> str:
    """Return the options that name this campaign."""
    faults = "all" if settings.faults == EVERYTHING else f'"{", ".join(settings.faults)}"'
    return f"--seed {settings.seed} --walk-s {settings.walk_s:g} --faults {faults}"


def summary_lines(rows: Rows) -> list[str]:
    """Return what a person wants to read at the end."""
    steps, missed = sum(r["steps"] for r in rows), sum(r["missed"] for r in rows)
    with_fault = [r for r in rows if r["fault_at_s"] is not None]
    found = [r for r in with_fault if r["found"]]
    broken = [r for r in rows if r["broken"]]
    early = [r for r in rows if r["found_early"]]
    stance = [r for r in rows if r["stance_pulses_s"] > 0]
    least = [r["clearance_mm_mean"] for r in rows if r["clearance_mm_mean"] is not None]
    return [
        f"{len(rows)} walks, {steps} steps before anything broke: {missed} without help, "
        f"{sum(r['dragged'] for r in rows)} that dragged, mean clearance {_mean(least)} mm",
        f"{len(with_fault)} walks with a fault: something was found in {len(found)}; "
        f"{sum(r['silent_after'] for r in rows)} steps after it got neither help nor a sound",
        f"Pulses in true flat stance: {len(stance)} walks, {sum(r['stance_pulses_s'] for r in rows):.1f} s in all",
        f"False alarms before any fault: {len(early)} walks",
        f"Promises about every single pulse broken: {len(broken)} walks",
    ]


def summary_html(settings: CampaignSettings, rows: Rows, version: str) -> str:
    """Return the whole page."""
    lines = "".join(f"<li>{html.escape(line)}</li>" for line in summary_lines(rows))
    refused = Counter[str]()
    for row in rows:
        refused.update(row["refused"])
    refused_rows = [(reason, f"{n}") for reason, n in refused.most_common()]
    worst_rows = [
        (
            f"{r['trial']}",
            f"{r['fault']}" + (f" at {r['fault_at_s']:.2f} s" if r["fault_at_s"] is not None else ""),
            f"{r['severity']}, {r['stride_s']:g} s, {r['place']}{', switch' if r['has_switch'] else ''}",
            f"{r['stance_pulses_s']:.2f} s in stance, {r['silent_after']} silent, {r['missed']} missed, "
            f"{r['dragged']} dragged before, {r['missed_after']} missed after"
            + (f"; {r['broken'][0]}" if r["broken"] else ""),
            f"<code>{html.escape(replay_command(settings, r['trial']))}</code>",
        )
        for r in worst(rows)
    ]
    body = f"""<h1>Campaign of {len(rows)} virtual walks</h1><ul>{lines}</ul>
<h2>Which faults</h2>{_table(FAULT_HEAD, _by(rows, lambda r: r["fault"], _fault_cells))}
<h2>Which walkers</h2>
<p class=small>Before anything broke. Stride in steps of 0.2 s.</p>
{_table(WALKER_HEAD, _by(rows, lambda r: r["severity"], _walker_cells))}
{_table(WALKER_HEAD, _by(rows, lambda r: f"stride from {int(r['stride_s'] * 5 + 1e-9) / 5:.1f} s", _walker_cells))}
{_table(WALKER_HEAD, _by(rows, _worn, _walker_cells))}
<h2>Refused pulses</h2>{_table(("reason", "pulses"), refused_rows)}
<h2>The worst {WORST}</h2>{_table(("trial", "fault", "walker", "what came of it", "walk it again"), worst_rows, raw=4)}
<p class=small>./swingphase campaign --walks {settings.walks} {html.escape(options_of(settings))};
version {html.escape(version)}. Drawn walks are no sample of patients: shares here compare faults and versions, they
say nothing of how often something happens.</p>"""
    return page(f"Swingphase campaign {settings.seed}", body)


FAULT_HEAD = (
    *("fault", "walks", "found", "median ms", "worst ms", "found as", "missed after", "silent"),
    "s in stance",
)
WALKER_HEAD = (
    *("walker", "walks", "steps", "missed", "dragged", "clearance mm", "least mm", "pitch deg", "roll deg"),
    "uC tibialis",
)


def _fault_cells(rows: Rows) -> tuple[str, ...]:
    found = sorted(r["found_ms"] for r in rows if r["found_ms"] is not None)
    names = Counter(r["found"] for r in rows if r["found"])
    return (
        f"{len(rows)}",
        f"{len(found)}",
        f"{found[len(found) // 2]:.0f}" if found else "-",
        f"{found[-1]:.0f}" if found else "-",
        ", ".join(f"{name} ({n})" for name, n in names.most_common(3)) or "-",
        f"{sum(r['missed_after'] for r in rows)} of {sum(r['steps_after'] for r in rows)}",
        f"{sum(r['silent_after'] for r in rows)}",
        f"{sum(r['stance_pulses_s'] for r in rows):.2f}",
    )


def _walker_cells(rows: Rows) -> tuple[str, ...]:
    def mean(name: str) -> str:
        return _mean([r[name] for r in rows if r[name] is not None])

    least = [r["clearance_mm_least"] for r in rows if r["clearance_mm_least"] is not None]
    return (
        f"{len(rows)}",
        f"{sum(r['steps'] for r in rows)}",
        f"{sum(r['missed'] for r in rows)}",
        f"{sum(r['dragged'] for r in rows)}",
        mean("clearance_mm_mean"),
        f"{min(least):.1f}" if least else "-",
        mean("pitch_deg_mean"),
        mean("roll_deg_mean"),
        mean("charge_uc_tibialis"),
    )


def _worn(row: dict) -> str:
    return f"IMU on {row['place']}, {'with' if row['has_switch'] else 'no'} switch"


def _by(
    rows: Rows, key: Callable[[dict], str], cells: Callable[[Rows], tuple[str, ...]]
) -> list[tuple[str, ...]]:
    groups: dict[str, list[dict]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return [(name, *cells(groups[name])) for name in sorted(groups)]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], raw: int = -1) -> str:
    """Return an HTML table; column `raw` is HTML already."""
    top = "".join(f"<th>{html.escape(h)}</th>" for h in head)
    lines = "".join(
        "<tr>" + "".join(f"<td>{c if i == raw else html.escape(c)}</td>" for i, c in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{top}</tr>{lines}</table>"


def _mean(values: Sequence[float]) -> str:
    return f"{sum(values) / len(values):.1f}" if values else "-"
