"""Results of a test run as a file, and what they leave unshown. Needs no pytest: the safety page reads them too."""

import datetime
import json
import sys
from pathlib import Path

from evidence.fingerprint import commit_of, fingerprint
from evidence.requirements import ROOT, load

FILE = Path("docs/evidence/tests.json")


def record_of(command: str, root: Path = ROOT) -> dict[str, object]:
    """Return where a result comes from; every file in docs/evidence begins with this."""
    return {
        "commit": commit_of(root),
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": command,
        "python": sys.version.split()[0],
        "safety": fingerprint(root),
    }


def file_text(origin: dict[str, object], results: dict[str, dict[str, int | str]]) -> str:
    """Return the file's text: JSON with one line per test, so that a change is seen line by line."""
    lines = [f"  {json.dumps(name)}: {json.dumps(results[name])}" for name in sorted(results)]
    head = json.dumps(origin, indent=1, ensure_ascii=False).removesuffix("\n}")
    return head + ',\n "tests": {\n' + ",\n".join(lines) + "\n }\n}\n"


def write_figures(name: str, command: str, figures: dict[str, object], root: Path = ROOT) -> None:
    """Write the figures of a full count, which CI does not run, beside the results of the tests."""
    path = (root / FILE).with_name(f"{name}.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    origin = record_of(command, root) | {"figures": figures}
    path.write_text(json.dumps(origin, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def not_shown(results: dict[str, dict[str, int | str]], root: Path = ROOT) -> list[str]:
    """Return one sentence for each test named by a requirement that did not pass."""
    found: list[str] = []
    for one in load(root).requirements:
        for test in one.tests if one.is_shown else ():
            result = results[test]["result"] if test in results else "not run"
            if result != "passed":
                found.append(f"{one.id} is not shown: {test} was {result}")
    return found
