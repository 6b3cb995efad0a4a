"""Every line and every branch of the safety layer and of the codecs is run by their own tests."""

import json
import os
import subprocess
import sys

from evidence.mutants import LONG, files
from tests.house import REPO

TESTS = (
    "tests/test_safety_*.py",
    "tests/test_sciencemode1_codec*.py",
    *(f"tests/test_output_stage_{part}*.py" for part in ("codec", "check")),
    *(f"tests/test_sciencemode{n}_{part}*.py" for n in (2, 4) for part in ("frame", "codec", "check")),
)


def test_safety_and_codecs_are_covered_by_line_and_branch(tmp_path):
    tests = [str(p) for pattern in TESTS for p in sorted(REPO.glob(pattern))]
    tests = [p for p in tests if not any(word in p for word in (*LONG, "reasons"))]
    data, report = tmp_path / "coverage", tmp_path / "coverage.json"
    config = tmp_path / "coveragerc"
    config.write_text("[run]\nbranch = True\n", encoding="utf-8")
    environment = os.environ | {"COVERAGE_FILE": str(data), "CI": "true"}
    run = [sys.executable, "-m", "coverage", "run", f"--rcfile={config}", f"--include={','.join(files())}"]
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    done = subprocess.run(
        [*run, "-m", "pytest", *options, *tests],
        cwd=REPO,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    make = [sys.executable, "-m", "coverage", "json", f"--rcfile={config}", "-q", "-o", str(report)]
    subprocess.run(make, cwd=REPO, env=environment, check=True)
    measured = json.loads(report.read_text(encoding="utf-8"))["files"]
    assert sorted(measured) == sorted(files())
    gaps = {
        name: (one["missing_lines"], one["missing_branches"])
        for name, one in measured.items()
        if one["missing_lines"] or one["missing_branches"]
    }
    assert not gaps, f"not covered (lines, branches): {gaps}"
