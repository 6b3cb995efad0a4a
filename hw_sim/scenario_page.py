"""One scenario as a page with pictures inside that opens anywhere, offline."""

import html

from firmware_py.pi import words
from hw_sim.page import page
from hw_sim.scenario_pictures import steps_figure, walk_figure
from hw_sim.scenario_report import found_rows, summary_lines
from hw_sim.scenario_run import ScenarioRun
from safety import faults


def scenario_html(run: ScenarioRun, version: str, command: str) -> str:
    """Return the whole page; `command` is the one that walks it again."""
    s = run.scenario
    verdict = (
        "<p>All that was expected came true.</p>"
        if run.is_good
        else "".join(
            f"<p class=warn>{b.at_s:.3f} s, {html.escape(b.key)}: {html.escape(b.sentence)}</p>"
            for b in run.broken
        )
    )
    happened = "".join(
        f"<tr><td class=n>{e.at_s:g} s</td><td>{html.escape(e.what)}</td></tr>" for e in s.event
    )
    faults_found = "".join(
        f"<li>{at_s:.2f} s: {html.escape(name)}. {html.escape(words.of_fault(_id(name)).wearer)}</li>"
        for at_s, name in found_rows(run)
    )
    lines = "".join(f"<li>{html.escape(line)}</li>" for line in summary_lines(run))
    body = f"""<h1>{html.escape(s.title)}</h1><p>{html.escape(s.why)}</p>
<h2>Verdict</h2>{verdict}
<h2>The walk</h2>{walk_figure(run)}
<h2>Every step</h2>{steps_figure(run)}
<h2>Figures</h2><ul>{lines}</ul>
{f"<h2>What happened</h2><table>{happened}</table>" if happened else ""}
{f"<h2>What the device said</h2><ul>{faults_found}</ul>" if faults_found else ""}
<p class=small>{html.escape(command)}; version {html.escape(version)}.</p>"""
    return page(f"Swingphase: {s.title}", body)


def _id(name: str) -> int:
    return next(f.id for f in faults.FAULTS if f.name == name)
