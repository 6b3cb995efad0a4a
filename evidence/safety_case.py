"""`./swingphase safety-case`: one readable page from the requirements and the last evidence.

Exit code 1 if the page shows something that does not hold: a named test or function that does not exist, a
result that is missing or not "passed", or evidence that belongs to another state of `safety/`.
"""

import argparse
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from evidence import page
from evidence.fingerprint import commit_of, fingerprint
from evidence.requirements import ROOT, SafetyFile, load, place_of_code, problems
from evidence.results import FILE as TESTS
from firmware_py.pi import words
from safety.faults import CLASS_NAMES, FAULTS, LATCH_NAMES

OUT = "out/safety-case.html"
BAD = ("failed", "open", "broken")  # figures that must be 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One file of docs/evidence: where it comes from, and what it says."""

    name: str
    commit: str
    date: str
    command: str
    safety: str
    figures: dict[str, object]
    tests: dict[str, dict[str, object]]

    def is_current(self, root: Path) -> bool:
        """Return whether the safety layer is still the one that this evidence was made with."""
        return self.safety == fingerprint(root)


def read_evidence(root: Path) -> list[Evidence]:
    """Return every file of docs/evidence, by name."""
    found: list[Evidence] = []
    for path in sorted((root / TESTS.parent).glob("*.json")):
        raw = json.loads(path.read_text(encoding="utf-8"))
        figures = raw.get("figures", {})
        found.append(
            Evidence(
                name=path.name,
                commit=raw.get("commit", "unknown"),
                date=raw.get("date", "unknown"),
                command=raw.get("command", "unknown"),
                safety=raw.get("safety", ""),
                figures=figures if isinstance(figures, dict) else {"figures": figures},
                tests=raw.get("tests", {}),
            )
        )
    return found


def failings(file: SafetyFile, evidence: list[Evidence], root: Path) -> list[str]:
    """Return one sentence for each thing that does not hold; none if the page may be shown as it is."""
    found = problems(file, root)
    tests = next((one for one in evidence if one.name == TESTS.name), None)
    if tests is None:
        found.append(f"{TESTS} is missing. Run ./swingphase test --all, which writes it.")
    for one in evidence:
        if not one.is_current(root):
            found.append(
                f"{one.name} is stale: safety/ has changed since {one.commit}. Run `{one.command}` again."
            )
        found += [f"{one.name}: {one.figures[bad]} {bad}" for bad in BAD if one.figures.get(bad)]
    for requirement in file.requirements:
        for test in requirement.tests if requirement.is_shown and tests else ():
            words, colour = result_of(test, tests, root)
            if colour != "ok" and not words.endswith("(stale)"):
                found.append(f"{requirement.id}: {test}: {words}")
    return found


def result_of(test: str, tests: Evidence | None, root: Path) -> tuple[str, str]:
    """Return the last result of a test as words and colour; stale and missing are never green."""
    if tests is None:
        return "no evidence", "no"
    said = tests.tests.get(test)
    if said is None:
        return f"not in the evidence of {tests.commit}", "no"
    words = f"{said['result']} ({said['rows']} row{'s' if said['rows'] != 1 else ''}, {tests.date})"
    if not tests.is_current(root):
        return f"{words} (stale)", "part"
    return words, "ok" if said["result"] == "passed" else "no"


def pins(root: Path) -> list[tuple[str, str, str]]:
    """Return (package, version, set) of every pinned dependency; the run set is part of the test set."""
    found: dict[tuple[str, str], str] = {}
    for name in ("test", "run"):
        for line in (root / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines():
            if match := re.match(r"([A-Za-z0-9][\w.\-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", line):
                found[match[1], match[2]] = "to run" if name == "run" else "to test"
    return sorted((package, version, use) for (package, version), use in found.items())


def make_page(file: SafetyFile, evidence: list[Evidence], root: Path) -> str:
    """Return the page's HTML."""
    found = failings(file, evidence, root)
    tests = next((one for one in evidence if one.name == TESTS.name), None)
    now = commit_of(root)
    chapters = [
        ("use", "Intended use", _use(file)),
        ("warnings", "Contraindications and warnings", _warnings(file)),
        ("hazards", "Hazards and what stands against them", _hazards(file)),
        ("requirements", "Requirements", _requirements(file, tests, root)),
        ("faults", "Faults: how they are answered", _faults()),
        ("evidence", "Evidence", _evidence(evidence, now, root)),
        ("anomalies", "Known anomalies, and what is unproved", _anomalies(file)),
        ("numbers", "Numbers changed since the first draft", _changed(file)),
        ("packages", "Dependencies", _packages(root)),
    ]
    links = "".join(f'<a href="#{name}">{page.text(title)}</a>' for name, title, _ in chapters)
    body = [page.opening(file, now, _verdict(file, found)), f"<nav>{links}</nav>"]
    body += [page.section(*chapter) for chapter in chapters]
    return page.whole("Swingphase: the safety case", "\n".join(body))


def _verdict(file: SafetyFile, found: list[str]) -> str:
    counts = {s: sum(one.status == s for one in file.requirements) for s in page.STATUS}
    summary = (
        f"{len(file.requirements)} requirements: {counts['enforced']} enforced, {counts['partly']} partly, "
        f"{counts['planned']} planned."
    )
    if not found:
        every = "Every test that a requirement names has passed with this state of the safety layer."
        return f'<div class="box good"><b>{summary}</b> {every}</div>'
    return f'<div class="box bad"><b>{summary} This page does not hold:</b>{page.items(found)}</div>'


def _use(file: SafetyFile) -> str:
    return (
        f"<p>{page.text(file.intended_use)}</p><p><b>Who uses it.</b> {page.text(file.intended_user)}</p>"
        f"<p><b>Only with</b></p>{page.items(file.conditions)}"
        f"<p><b>What must always hold (essential performance)</b></p>{page.items(file.essential_performance)}"
    )


def _warnings(file: SafetyFile) -> str:
    w = file.warnings
    return (
        f"<p><b>Never for a person with</b></p>{page.items(w.contraindicated)}"
        f"<p><b>Never over</b></p>{page.items(w.not_over)}<p><b>With caution</b></p>{page.items(w.caution)}"
        f"<p><b>Adverse reactions</b></p>{page.items(w.adverse)}"
        f'<p class="small"><b>Source</b></p>{page.sources(w.sources)}'
    )


def _hazards(file: SafetyFile) -> str:
    return page.table(
        ("", "Hazard and harm", "Causes", "Controls"), [page.hazard_row(one) for one in file.hazards]
    )


def _requirements(file: SafetyFile, tests: Evidence | None, root: Path) -> str:
    rows = [
        (
            f'<a href="#{one.id}">{one.id}</a>',
            page.text(one.title),
            page.text(one.text),
            '<span class="{1}">{0}</span>'.format(*page.STATUS[one.status]),
        )
        for one in file.requirements
    ]
    cards = []
    for one in file.requirements:
        places = {name: "{}:{}".format(*(place_of_code(name, root) or ("missing", 0))) for name in one.code}
        results = {name: result_of(name, tests, root) for name in one.tests}
        hazards = [
            f"{h.id} {h.hazard[0].lower()}{h.hazard[1:]}" for h in file.hazards if one.id in h.requirements
        ]
        cards.append(page.requirement_card(one, places, results, hazards))
    return page.table(("", "", "In one sentence", "Status"), rows) + "\n".join(cards)


def _faults() -> str:
    intro = (
        "<p>CUT: no current from this very step on. END_STEP: the running swing may finish, then off, because cutting "
        "in mid-swing is itself a trip. HOLD: the running burst may finish, no new one begins. Loss of stimulation "
        "sounds within 200 ms.</p>"
    )
    rows = [
        (
            f"<b>{page.text(f.name)}</b><br><span class='small'>{CLASS_NAMES[f.stop]}, {LATCH_NAMES[f.latch]}</span>",
            f"{f.react_ms} ms",
            page.text(words.of_fault(f.id).wearer),
            page.text(words.of_fault(f.id).engineer),
        )
        for f in FAULTS
        if f.id
    ]
    return intro + page.table(("Fault", "Within", "To the wearer", "To the engineer"), rows)


def _evidence(evidence: list[Evidence], now: str, root: Path) -> str:
    if not evidence:
        return f"<p>There is none. <code>./swingphase test --all</code> writes {page.text(TESTS.parent)}.</p>"
    rows = []
    for one in evidence:
        if not one.is_current(root):
            state = '<span class="no">stale: safety/ has changed since</span>'
        elif one.commit != now:
            state = '<span class="part">of another commit; safety/ unchanged since</span>'
        else:
            state = '<span class="ok">of this commit</span>'
        figures = dict(one.figures)
        if one.tests:
            figures |= _counts(one)
        said = "<br>".join(f"{page.text(key)}: {page.text(value)}" for key, value in figures.items())
        rows.append(
            (
                f"<b>{page.text(one.name)}</b><br><code>{page.text(one.command)}</code>",
                f"<code>{page.text(one.commit)}</code><br>{page.text(one.date)}<br>{state}",
                said,
            )
        )
    return page.table(("Evidence and its command", "Commit, date, state", "What it says"), rows)


def _counts(one: Evidence) -> dict[str, object]:
    results = [entry["result"] for entry in one.tests.values()]
    counts: dict[str, object] = {
        "tests": len(results),
        "rows": sum(int(str(e["rows"])) for e in one.tests.values()),
    }
    return counts | {word: results.count(word) for word in ("passed", "skipped", "failed")}


def _anomalies(file: SafetyFile) -> str:
    rows = [
        (f'<span class="id">{a.id}</span>', page.text(a.text), page.text(a.effect), page.text(a.until))
        for a in file.anomalies
    ]
    return page.table(("", "What", "Effect", "Until"), rows)


def _changed(file: SafetyFile) -> str:
    rows = [(f'<a href="#{r.id}">{r.id}</a>', page.text(r.changed)) for r in file.requirements if r.changed]
    return page.table(("", "What and why"), rows)


def _packages(root: Path) -> str:
    intro = (
        "<p>Pinned by hash in <code>requirements/</code>. The safety layer itself imports only Python's "
        "<code>array</code> and <code>collections</code>.</p>"
    )
    return intro + page.table(
        ("Package", "Version", "Needed"), [[page.text(c) for c in row] for row in pins(root)]
    )


def main(arguments: list[str] | None = None) -> int:
    """Write the page and say where it is; 1 if something on it does not hold."""
    parser = argparse.ArgumentParser(
        prog="./swingphase safety-case", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--out", default=OUT, help=f"the page's file (default {OUT})")
    chosen = parser.parse_args(arguments)
    file, evidence = load(ROOT), read_evidence(ROOT)
    path = Path(chosen.out)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(make_page(file, evidence, ROOT), encoding="utf-8")
    found = failings(file, evidence, ROOT)
    for sentence in found:
        print(sentence, file=sys.stderr)
    print(f"Safety case: {path}")
    return int(bool(found))


if __name__ == "__main__":
    raise SystemExit(main())
