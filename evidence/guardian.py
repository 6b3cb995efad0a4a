"""Keep what `./swingphase bench guardian --all --json FILE` has found, for the safety case.

.venv/bin/python -m evidence.guardian FILE
"""

import json
import sys
from pathlib import Path

from benchmarks.guardian_trials import KINDS
from evidence.results import write_figures


def figures(told: dict) -> dict[str, object]:
    """Return what the safety case shows of the trials in such a file."""
    trials = told["trials"]
    found: dict[str, object] = {"trials": len(trials), "broken": len(told["broken"])}
    for kind in KINDS:
        own = [t for t in trials if t["kind"] == kind.name]
        if own:
            after = (
                ""
                if kind.is_stop
                else f"{max(t['n_after'] for t in own)} pulse of or after the last request, "
            )
            late_ms = max(t["decided_us"] for t in own) / 1000
            found[kind.name] = f"{len(own)} trials: {after}decided {late_ms:.1f} ms after it at most"
    return found


def main(arguments: list[str]) -> int:
    """Write docs/evidence/guardian.json."""
    told = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    write_figures("guardian", f"./swingphase bench guardian --all --json {arguments[0]}", figures(told))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
