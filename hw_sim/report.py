"""The demo's report: one HTML file with its pictures inside, no script, opens anywhere offline."""

import html
from collections.abc import Sequence

import numpy as np

from hw_sim import demo_pictures
from hw_sim.demo import DemoRun
from hw_sim.metrics import drag_share
from hw_sim.moving_leg import moving_leg
from hw_sim.pictures import svg_text
from hw_sim.strides import StrideRecord
from hw_sim.tally import charge_per_step_uc, refused_sentences
from stimulator.prescription import Prescription, channel_name, prescription_hash

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; margin: 2rem auto; max-width: 1080px;
       padding: 0 1rem; }
h1 { margin-bottom: .2rem; } h2 { margin-top: 2rem; } svg { width: 100%; height: auto; }
table { border-collapse: collapse; } th, td { padding: .3rem .9rem; border-bottom: 1px solid #ccc; text-align: left; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
.warn { border-left: .4rem solid #D55E00; background: #fdf3ec; padding: .6rem 1rem; }
.small { color: #555; font-size: .85rem; }
@media print { h2 { break-after: avoid; } svg { break-inside: avoid; } }
"""

Row = tuple[str, str, str]


def comparison(run: DemoRun) -> list[Row]:
    """Return (what, without, with) rows of the two parts of the walk."""
    off, on = run.strides_off, run.strides_on
    return [
        ("Steps", str(len(off)), str(len(on))),
        ("Steps in which the toe drags", f"{drag_share(off):.0%}", f"{drag_share(on):.0%}"),
        _mean_row("Smallest toe clearance in mid-swing", "mm", off, on, "min_clearance_mm"),
        _mean_row(
            "Pitch of the foot at contact (heel first: above 0)", "deg", off, on, "pitch_at_contact_deg"
        ),
        _mean_row("Roll of the foot at contact (inversion above 0)", "deg", off, on, "roll_at_contact_deg"),
    ]


def summary_lines(run: DemoRun, prescription: Prescription) -> list[str]:
    """Return what a person wants to read at the end of the run, line by line."""
    lines = [f"{what}: {off} without stimulation, {on} with it" for what, off, on in comparison(run)]
    lines.append(f"Pulses: {pulses_line(run)}")
    lines += [f"  {line}" for line in refused_sentences(run.tally.refused)]
    lines.append(charge_line(run, prescription))
    return lines


def pulses_line(run: DemoRun) -> str:
    t = run.tally
    return (
        f"{t.requested} asked for, {t.granted} granted ({t.lowered} of them lowered), "
        f"{sum(t.refused.values())} refused, {len(run.pulses)} delivered by the emulated stimulator"
    )


def charge_line(run: DemoRun, prescription: Prescription) -> str:
    on = [s for s in run.tally.swings if s.start_us >= run.on_from_us]
    parts = [
        f"{channel_name(c).replace('_', ' ')} {charge_per_step_uc(run.pulses, on, c):.0f} uC"
        for c in range(len(prescription.channels))
    ]
    return "Charge per stimulated step (one phase, all pulses): " + ", ".join(parts)


def demo_html(run: DemoRun, prescription: Prescription, about: Sequence[tuple[str, str]]) -> str:
    """Return the whole page. `about` are (name, value) rows that say what made it."""
    rows = "".join(
        f"<tr><td>{html.escape(a)}</td><td class=n>{html.escape(b)}</td><td class=n>{html.escape(c)}</td></tr>"
        for a, b, c in comparison(run)
    )
    refused = "".join(f"<li>{html.escape(line)}</li>" for line in refused_sentences(run.tally.refused))
    made = "".join(
        f"<tr><td>{html.escape(a)}</td><td>{html.escape(b)}</td></tr>"
        for a, b in [*about, ("prescription", prescription_hash(prescription))]
    )
    off_s = run.on_from_us / 1e6
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Swingphase demo</title><style>{_STYLE}</style></head><body>
<h1>A virtual walk with a dropped foot</h1>
<p>{run.length_us / 1e6:.0f} seconds of simulated walking; severity of the foot drop: {run.leg.settings.severity}.
For the first {off_s:.0f} seconds nothing is stimulated; then the device is armed and stimulates every swing.</p>
<p class="warn">This is a simulation of a leg, not a measurement of a person. Swingphase is research software,
not a medical device.</p>
<h2>What changed</h2>
<table><tr><th></th><th>without stimulation</th><th>with stimulation</th></tr>{rows}</table>
<h2>Every step</h2>{svg_text(demo_pictures.clearance_figure(run))}
<h2>The leg in one step</h2>{moving_leg(run)}{svg_text(demo_pictures.filmstrip_figure(run))}
<h2>Two strides in detail</h2>{svg_text(demo_pictures.detail_figure(run, prescription))}
<h2>Pulses</h2>
<p>{html.escape(pulses_line(run))}.</p><ul>{refused}</ul>
<p>{html.escape(charge_line(run, prescription))}. Pulses asked for before arming are refused, as they must be.</p>
<h2>What made this page</h2><table class="small">{made}</table>
</body></html>
"""


def _mean_row(what: str, unit: str, off: list[StrideRecord], on: list[StrideRecord], name: str) -> Row:
    return what, _mean(off, name, unit), _mean(on, name, unit)


def _mean(strides: list[StrideRecord], name: str, unit: str) -> str:
    return f"{np.mean([getattr(s, name) for s in strides]):.1f} {unit}" if strides else "-"
