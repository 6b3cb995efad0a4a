"""`./swingphase test`: lint, types, then the tests; every part runs, and one failure fails the whole."""

import argparse
import os
import subprocess
import sys

from firmware_py.pi.console import ROOT


def main(arguments: list[str]) -> int:
    """Run every part; 0 if all are green. What is no option of this job goes to pytest."""
    parser = argparse.ArgumentParser(prog="./swingphase test", description=__doc__)
    parser.add_argument("--all", action="store_true", help="the full counts and the slow tiers too")
    parser.add_argument("tests", nargs="*", help="only these test files or names")
    chosen, rest = parser.parse_known_args(arguments)
    python = [sys.executable, "-m"]
    everything = ["--all"] if chosen.all else []
    parts = [
        [*python, "ruff", "check", "."],
        [*python, "ruff", "format", "--check", "."],
        [*python, "pyright"],
        [*python, "pytest", "-n", "2", *everything],
    ]
    few = [*chosen.tests, *rest]
    if few:  # somebody looks at a few tests: no need to check the whole house
        parts = [[*python, "pytest", *everything, *few]]
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    failed = 0
    for part in parts:
        failed |= subprocess.run(part, cwd=ROOT, env=environment, check=False).returncode != 0
    return int(failed)
