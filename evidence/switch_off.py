"""Switch each requirement off in turn, in a child process, and see that one of its own tests fails.

    .venv/bin/python -m evidence.switch_off [R05 ...]

The ways to switch off stand beside the requirement in `safety/requirements.toml` (`off`). A change that only
breaks the import counts as a failure of this check: the tests must run and say no.
"""

import ast
import os
import sys
import time

from evidence import child
from evidence.requirements import Off, load

TESTS_FAILED = 1  # pytest's exit code; 2 and above: the tests did not run
JOBS = 2


def main(arguments: list[str] | None = None) -> int:
    """Run every way (or those of the named requirements); print each; 1 if one went unnoticed."""
    wanted = sys.argv[1:] if arguments is None else arguments
    rows = [
        (r, off)
        for r in load().requirements
        if r.is_shown and (not wanted or r.id in wanted)
        for off in r.off
    ]
    began = time.monotonic()
    waiting, running, unnoticed = list(reversed(rows)), {}, 0
    while waiting or running:
        while waiting and len(running) < JOBS:
            requirement, off = waiting.pop()
            running[child.start(off.file, _change(off), requirement.tests)] = requirement, off
        pid, status = os.wait()
        requirement, off = running.pop(pid)
        code = os.waitstatus_to_exitcode(status)
        unnoticed += code != TESTS_FAILED
        print(
            f"{requirement.id} {_words(code)}: {off.file}: {_short(off.old)} -> {_short(off.new)}", flush=True
        )
    print(f"{len(rows)} ways, {unnoticed} unnoticed; {time.monotonic() - began:.0f} s")
    return int(bool(unnoticed))


def _change(off: Off) -> child.Change:
    def change(text: str) -> ast.Module:
        if text.count(off.old) != 1:
            raise ValueError(f"`{off.old}` does not stand once in {off.file}")
        return ast.parse(text.replace(off.old, off.new))

    return change


def _words(code: int) -> str:
    if code == TESTS_FAILED:
        return "noticed"
    return "UNNOTICED" if code == 0 else f"DID NOT RUN (exit code {code})"


def _short(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    raise SystemExit(main())
