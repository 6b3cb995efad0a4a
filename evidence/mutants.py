"""Make each small wrong version of the safety layer and the codecs, and see that a test notices.

    .venv/bin/python -m evidence.mutants              a fixed sample, about a minute
    .venv/bin/python -m evidence.mutants --all        every one
    .venv/bin/python -m evidence.mutants --only safety/gate.py --all

A version that no test notices is a survivor. It is killed by a new test, or argued by name in
`safety/mutants.toml`; anything else fails, and so does an argument for a version that no longer exists or that
a test notices after all.
"""

import argparse
import ast
import hashlib
import json
import os
import sys
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evidence import child
from evidence.mutate import sites
from evidence.requirements import ROOT

ARGUED = "safety/mutants.toml"
CODECS = (
    "stimulator/drivers/sciencemode1_codec.py",
    *(f"stimulator/drivers/sciencemode{n}_{part}.py" for n in (2, 4) for part in ("frame", "codec", "check")),
    *(f"stimulator/drivers/output_stage_{part}.py" for part in ("codec", "check")),
)
SAMPLE_N = 200  # about a minute on two cores

# Long tests, or tests that find a line by luck: what they alone notice counts as not noticed.
LONG = ("machine", "micropython", "recorded", "random", "reached")

Key = tuple[str, str, str, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One wrong version, named so that the name survives changes elsewhere in the file."""

    file: str
    index: int  # in the order of evidence.mutate.sites
    line: int
    function: str
    operator: str
    text: str  # the original line, without indentation
    nth: int  # among equal names, from 1

    @property
    def key(self) -> Key:
        return self.file, self.function, self.operator, self.text, self.nth

    def __str__(self) -> str:
        nth = f" (number {self.nth})" if self.nth > 1 else ""
        return f"{self.file}:{self.line}: {self.function or 'module'}: {self.operator}{nth} in `{self.text}`"


def files() -> list[str]:
    """Return the files that are changed: the whole safety layer and the codecs."""
    safety = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "safety").glob("*.py"))
    return [name for name in safety if not name.endswith("__init__.py")] + list(CODECS)


def tests_of(file: str) -> tuple[str, ...]:
    """Return the test files that look at `file`: those named after it, and the safety layer's common ones."""
    room, _, name = file.removesuffix(".py").rpartition("/")
    stem = name if room.startswith("stimulator") else f"{room}_{name}"
    own = sorted((ROOT / "tests").glob(f"test_{stem}*.py"))
    if room == "safety":
        own.append(ROOT / "tests/test_safety_numbers.py")
    if name in WIDE:
        own += [path for more in WIDE.get(name, ()) for path in sorted((ROOT / "tests").glob(more))]
    found = tuple(
        dict.fromkeys(
            path.relative_to(ROOT).as_posix() for path in own if not any(word in path.name for word in LONG)
        )
    )
    if not found:
        raise SystemExit(f"no tests/test_{stem}*.py looks at {file}. Write one.")
    return found


# Modules that others show: a number of limits is seen through the gate.
WIDE: dict[str, tuple[str, ...]] = {
    "faults": ("test_safety_supervisor*.py",),
    "clock": ("test_safety_gate_more.py",),
    "limits": ("test_safety_gate*.py", "test_safety_ledger*.py"),
    "ledger": ("test_safety_gate*.py",),
    "gate": ("test_safety_ledger*.py",),
    "pulse": ("test_safety_gate*.py",),
    "reasons": ("test_safety_gate*.py",),
    "sample": ("test_safety_plausibility.py",),
}


def mutants_of(file: str) -> list[Mutant]:
    """Return every wrong version of `file`."""
    text = child.source(file)
    lines = text.splitlines()
    found: list[Mutant] = []
    seen: dict[tuple[str, str, str], int] = {}
    for index, site in enumerate(sites(ast.parse(text))):
        line = lines[site.line - 1].split("  #")[0].strip()
        name = (site.function, site.operator, line)
        seen[name] = seen.get(name, 0) + 1
        found.append(
            Mutant(
                file=file,
                index=index,
                line=site.line,
                function=site.function,
                operator=site.operator,
                text=line,
                nth=seen[name],
            )
        )
    return found


def sample(mutants: Sequence[Mutant], n: int, seed: int) -> list[Mutant]:
    """Return `n` of them, chosen by their names: a change elsewhere does not change the choice."""
    ordered = sorted(mutants, key=lambda m: hashlib.sha256(repr((seed, m.key)).encode()).digest())
    return ordered[:n]


def argued() -> dict[Key, str]:
    """Return name -> reason of every survivor that is argued."""
    path = ROOT / ARGUED
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("argued", []) if path.exists() else []
    return {
        (e["file"], e["function"], e["operator"], e["line"], e.get("nth", 1)): e["reason"] for e in entries
    }


def cpu_of(file: str) -> float | None:
    """Run the tests of an unchanged file; return their processor time in seconds, None if they fail."""
    _, status, used = os.wait4(child.start(file, None, tests_of(file)), 0)
    return used.ru_utime + used.ru_stime if child.passed(status) else None


def survivors_of(
    mutants: Sequence[Mutant], cpu_s: dict[str, float], jobs: int, say=lambda done, of: None
) -> list[Mutant]:
    """Run them all, `jobs` at a time; return those that no test noticed.

    cpu_s   processor time of the unchanged file's tests; a change that needs five times as much has been
            noticed, because it made a loop endless
    """
    waiting = list(reversed(mutants))
    running: dict[int, Mutant] = {}
    survived: list[Mutant] = []
    while waiting or running:
        while waiting and len(running) < jobs:
            one = waiting.pop()
            limit_s = 3 + 5 * cpu_s[one.file]
            running[child.start(one.file, _change(one.index), tests_of(one.file), limit_s)] = one
        pid, status = os.wait()
        one = running.pop(pid)
        if child.passed(status):
            survived.append(one)
        say(len(mutants) - len(waiting) - len(running), len(mutants))
    return sorted(survived, key=lambda m: (m.file, m.line, m.operator, m.nth))


def _change(index: int) -> child.Change:
    def change(text: str) -> ast.Module:
        tree = ast.parse(text)
        sites(tree)[index].apply()
        return tree

    return change


def main(arguments: list[str] | None = None) -> int:
    """Run the mutants; print the survivors; 1 if one is not argued, or an argument does not hold."""
    parser = argparse.ArgumentParser(
        prog="python -m evidence.mutants", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--all", action="store_true", help="every one, not a sample")
    parser.add_argument("--only", action="append", metavar="FILE", help="only wrong versions of this file")
    parser.add_argument("-n", type=int, default=SAMPLE_N, help=f"size of the sample (default {SAMPLE_N})")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another sample (default 1)")
    parser.add_argument("--jobs", type=int, default=2, help="children at a time (default 2)")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    chosen = parser.parse_args(arguments)

    began = time.monotonic()
    every = [mutant for file in chosen.only or files() for mutant in mutants_of(file)]
    reasons = argued()
    known = {m.key for m in every}
    stale = [key for key in reasons if key not in known and (not chosen.only or key[0] in chosen.only)]
    picked = (
        every if chosen.all else sample([m for m in every if m.key not in reasons], chosen.n, chosen.seed)
    )
    cpu_s: dict[str, float] = {}
    for file in sorted({m.file for m in picked}):
        spent_cpu_s = cpu_of(file)
        if spent_cpu_s is None:
            print(f"{file}: its tests fail without any change; mend them first: {' '.join(tests_of(file))}")
            return 1
        cpu_s[file] = spent_cpu_s
    survived = survivors_of(picked, cpu_s, chosen.jobs, _progress)
    open_ones = [m for m in survived if m.key not in reasons]
    not_needed = [m for m in picked if m.key in reasons and m not in survived]
    for one in open_ones:
        print(f"SURVIVED {one}")
    for one in not_needed:
        print(f"ARGUED BUT KILLED {one}; remove it from {ARGUED}")
    for key in stale:
        print(f"ARGUED BUT GONE {key}; remove it from {ARGUED}")
    spent_s = time.monotonic() - began
    killed = len(picked) - len(survived)
    print(
        f"{len(picked)} of {len(every)} wrong versions: {killed} noticed, "
        f"{len(survived) - len(open_ones)} argued, {len(open_ones)} open; {spent_s:.0f} s"
    )
    if chosen.json:
        from evidence.results import record_of

        figures = {
            "wrong versions": len(every),
            "tried": len(picked),
            "noticed": killed,
            "argued": len(survived) - len(open_ones),
            "open": len(open_ones),
        }
        command = "python -m evidence.mutants " + " ".join(
            arguments if arguments is not None else sys.argv[1:]
        )
        Path(chosen.json).write_text(json.dumps(record_of(command) | {"figures": figures}, indent=1) + "\n")
    return int(bool(open_ones or not_needed or stale))


def _progress(done: int, of: int) -> None:
    if sys.stderr.isatty() or done % 100 == 0:
        print(f"{done} of {of}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
