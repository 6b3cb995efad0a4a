"""The safety case as one HTML page: no script, no picture from elsewhere, readable on screen and on paper."""

import html
import re
from collections.abc import Iterable, Sequence

from evidence.requirements import Hazard, Requirement, SafetyFile, Source

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, "Liberation Sans", sans-serif; color: #1b1b1b; background: #fff; margin: 2.5rem auto;
       max-width: 66rem; padding: 0 1.2rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.35rem; margin: 2.8rem 0 .6rem; padding-top: .6rem; border-top: 2px solid #1b1b1b; }
h3 { font-size: 1.05rem; margin: 0; }
p, ul { margin: .5rem 0; } ul { padding-left: 1.3rem; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .7rem .35rem 0; border-bottom: 1px solid #d5d5d5; }
th { font-weight: 600; border-bottom: 1px solid #1b1b1b; }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code { font: .85em/1.4 ui-monospace, "Liberation Mono", monospace; overflow-wrap: anywhere; }
nav { columns: 2; margin: 1rem 0; } nav a { display: block; }
a { color: #0b4f8a; }
.lead { font-size: 1.1rem; max-width: 48rem; }
.box { border-left: .4rem solid #555; background: #f4f4f4; padding: .7rem 1rem; margin: 1rem 0; }
.bad { border-color: #b3261e; background: #fbeeed; } .good { border-color: #1c6b3a; background: #eef6f0; }
.card { border: 1px solid #c8c8c8; border-radius: .3rem; padding: .8rem 1rem; margin: .9rem 0; }
.card p { margin: .35rem 0; }
.tag { float: right; margin-left: 1rem; font-size: .82rem; font-weight: 600; padding: .05rem .55rem;
       border: 1px solid; border-radius: 1rem; white-space: nowrap; }
.ok { color: #1c6b3a; } .part { color: #7a4a00; } .no { color: #b3261e; }
.mark { color: #7a4a00; font-style: italic; } .small { color: #555; font-size: .88rem; }
.id { font-weight: 600; white-space: nowrap; }
@media print { body { margin: 0; max-width: none; font-size: 10.5pt; } nav { display: none; }
  a { color: inherit; text-decoration: none; }
  h2 { break-after: avoid; } .card, tr, .box { break-inside: avoid; } }
"""

STATUS = {"enforced": ("enforced", "ok"), "partly": ("partly enforced", "part"), "planned": ("planned", "no")}


def text(value: object) -> str:
    """Return `value` escaped for HTML, with the signs of units that files write in plain letters."""
    signs = re.sub(r"(?<=\d )u(?=[ACs]\b)", "\N{MICRO SIGN}", str(value))
    signs = re.sub(
        r"\bcm2\b", "cm\N{SUPERSCRIPT TWO}", re.sub(r"(?<=\d )(k?)ohm\b", "\\1\N{OHM SIGN}", signs)
    )
    return html.escape(signs, quote=True)


def items(lines: Iterable[str]) -> str:
    """Return a list; the lines are plain text."""
    return "<ul>" + "".join(f"<li>{text(line)}</li>" for line in lines) + "</ul>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the cells are HTML already."""
    top = "".join(f"<th>{text(one)}</th>" for one in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>\n{body}</tbody></table>"


def section(name: str, title: str, *parts: str) -> str:
    """Return one chapter with its anchor."""
    return f'<h2 id="{name}">{text(title)}</h2>\n' + "\n".join(parts)


def source_line(source: Source) -> str:
    """Return one source, with its mark if nobody of us has read it."""
    says = f": {text(source.says)}" if source.says else ""
    mark = f' <span class="mark">({source.mark})</span>' if source.mark else ""
    return f"{text(source.cite)}{says}{mark}"


def sources(found: Iterable[Source]) -> str:
    """Return the list of sources."""
    return '<ul class="small">' + "".join(f"<li>{source_line(one)}</li>" for one in found) + "</ul>"


def hazard_row(hazard: Hazard) -> tuple[str, ...]:
    """Return the cells: hazard, causes, what stands against it."""
    links = ", ".join(f'<a href="#{one}">{one}</a>' for one in hazard.requirements)
    other = "".join(f"<br>{text(one)}" for one in hazard.other)
    return (
        f'<span class="id">{hazard.id}</span>',
        f"<b>{text(hazard.hazard)}</b><br>{text(hazard.harm)}",
        "<br>".join(text(one) for one in hazard.causes),
        f"{links}{other}",
    )


def requirement_card(
    one: Requirement, places: dict[str, str], results: dict[str, tuple[str, str]], hazards: Sequence[str]
) -> str:
    """Return the card of one requirement.

    places    code name -> "file:line"
    results   test name -> (words, class of their colour)
    """
    words, colour = STATUS[one.status]
    parts = [
        f'<div class="card" id="{one.id}"><span class="tag {colour}">{words}</span>',
        f"<h3>{one.id}: {text(one.title)}</h3><p>{text(one.text)}</p>",
        f'<p class="small"><b>Why.</b> {text(one.why)} <b>Against:</b> {text(", ".join(hazards))}.</p>',
    ]
    if one.open:
        parts.append(f'<p class="small"><b class="part">Still open.</b> {text(one.open)}</p>')
    if one.changed:
        parts.append(f'<p class="small"><b>Changed number.</b> {text(one.changed)}</p>')
    if one.code:
        cells = "<br>".join(f"<code>{text(places[c])}</code> {text(c.partition(':')[2])}" for c in one.code)
        parts.append(f'<p class="small"><b>Code</b><br>{cells}</p>')
    if one.tests:
        rows = [(f"<code>{text(t)}</code>", _result(results[t])) for t in one.tests]
        parts.append(table(("Test", "Last result"), rows))
    if one.off:
        ways = "one way" if len(one.off) == 1 else f"{len(one.off)} ways"
        parts.append(
            f'<p class="small"><b>Switched off</b> in {ways}, each in turn: one of these tests must fail '
            "(<code>tests/test_evidence_switch_off.py</code>).</p>"
        )
    parts.append(f'<p class="small"><b>Source</b></p>{sources(one.sources)}</div>')
    return "\n".join(parts)


def _result(result: tuple[str, str]) -> str:
    return f'<span class="{result[1]}">{text(result[0])}</span>'


def opening(file: SafetyFile, version: str, verdict: str) -> str:
    """Return the head of the page: what it is and is not, for whom, under which conditions."""
    return "\n".join(
        [
            "<h1>Swingphase: the safety case</h1>",
            f'<p class="small">Version {text(version)}</p>',
            f'<p class="lead">{text(file.what_it_is)}</p>',
            f'<div class="box bad"><b>What it is not.</b> {text(file.what_it_is_not)}</div>',
            verdict,
        ]
    )


def whole(title: str, body: str) -> str:
    """Return the page."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(title)}</title><style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )
