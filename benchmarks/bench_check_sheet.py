"""The protocol sheet of a bench check: one HTML file without anything from outside, and the same as JSON."""

import html
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.bench_check_steps import Step

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; margin: 2rem auto; max-width: 1000px;
       padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; } th, td { padding: .3rem .6rem; border-bottom: 1px solid #ccc;
       text-align: left; vertical-align: top; }
.failed { background: #fdf3ec; font-weight: 600; padding: .3rem .6rem; } .sign { margin-top: 3rem; }
@media print { tr { break-inside: avoid; } }
"""


def write_sheet(folder: Path, about: dict, steps: Sequence[Step], answers: dict) -> tuple[Path, Path]:
    """Write `bench-check.html` and `bench-check.json` into `folder`; return their paths."""
    told = {**about, "answers": answers, "steps": [asdict(step) for step in steps]}
    page, data = folder / "bench-check.html", folder / "bench-check.json"
    data.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    page.write_text(sheet_html(about, steps, answers), encoding="utf-8")
    return page, data


def sheet_html(about: dict, steps: Sequence[Step], answers: dict) -> str:
    """Return the whole page."""
    made = "".join(_row(name.replace("_", " "), str(value)) for name, value in about.items())
    timing = "".join(
        _row(name.replace("_", " "), "-" if value is None else f"{value:g}")
        for name, value in answers.items()
    )
    rows = "".join(
        f'<tr class="{html.escape(s.verdict)}">'
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in (s.name, s.expected, s.found, s.verdict))
        + "</tr>"
        for s in steps
    )
    n_failed = sum(s.verdict == "failed" for s in steps)
    summary = "Every step passed." if not n_failed else f"{n_failed} of {len(steps)} steps failed."
    rehearsal = "<p class=failed>A rehearsal with an emulated stimulator: no device was checked.</p>"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Bench check: {html.escape(str(about.get("device", "")))}</title><style>{STYLE}</style></head><body>
<h1>Bench check of a stimulator on a resistor</h1>
{rehearsal if about.get("emulated") else ""}
<p><strong>{summary}</strong> It says nothing about a person: this is one device, on one resistor, on one day.</p>
<table>{made}</table>
<h2>Answer times, ms</h2>
<table>{timing}</table>
<h2>Steps</h2>
<table><tr><th>step</th><th>expected</th><th>found</th><th>verdict</th></tr>{rows}</table>
<p class="sign">Checked by: ______________________ &nbsp; Signature: ______________________</p>
</body></html>
"""


def _row(name: str, value: str) -> str:
    return f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>"
