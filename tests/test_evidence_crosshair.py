"""CrossHair on the arithmetic of clock, limits, ledger and gate: each contract confirmed over all paths."""

import re
import subprocess
import sys

import pytest

from tests.house import REPO

CONTRACTS = "tests/crosshair_contracts.py"
TIMEOUT_S = 60  # per contract; the slowest takes about 10 s, a busy machine more

# What CrossHair can neither prove nor break in that time, and why nobody need lie awake.
NOT_CONFIRMED: dict[str, str] = {}


def check(file: str, *targets: str) -> dict[str, str]:
    """Return contract line ("function: post: ...") -> what CrossHair says of it."""
    command = [sys.executable, "-m", "crosshair", "check", "--analysis_kind=PEP316", "--report_all"]
    command += [f"--per_condition_timeout={TIMEOUT_S}", *(targets or (file,))]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)
    lines = (REPO / file).read_text(encoding="utf-8").splitlines()
    found: dict[str, str] = {}
    for number, said in re.findall(r":(\d+): \w+: (.*)", done.stdout):
        found[f"{function_at(lines, int(number))}: {lines[int(number) - 1].strip()}"] = said
    assert found, done.stdout + done.stderr
    return found


def function_at(lines: list[str], number: int) -> str:
    """Return the name of the function around a line."""
    return next(match[1] for line in reversed(lines[:number]) if (match := re.match(r"def (\w+)", line)))


def contracts() -> set[str]:
    lines = (REPO / CONTRACTS).read_text(encoding="utf-8").splitlines()
    return {
        f"{function_at(lines, n)}: {x.strip()}"
        for n, x in enumerate(lines, 1)
        if x.strip().startswith("post:")
    }


def test_every_contract_is_confirmed_over_all_paths_or_listed():
    said = check(CONTRACTS)
    assert set(said) == contracts()
    open_ones = {name: words for name, words in said.items() if words != "Confirmed over all paths."}
    assert not {n: w for n, w in open_ones.items() if w != "Not confirmed." or n not in NOT_CONFIRMED}, (
        open_ones
    )


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("post: -2**29 <= _ < 2**29", "post: -2**29 < _ < 2**29"),
        ("post: us <= _ <= 2**29", "post: us < _ <= 2**29"),
        ("post: _ <= 9_000_000", "post: _ < 9_000_000"),
        ("post: 0 < _ <= 400", "post: 0 < _ < 400"),
        ("post: _.granted_ua == 0 or since_us >= 16_600", "post: _.granted_ua == 0 or since_us > 16_600"),
    ],
)
def test_a_contract_that_is_wrong_by_one_is_broken_by_an_example(tmp_path, right, wrong):
    text = (REPO / CONTRACTS).read_text(encoding="utf-8")
    assert text.count(right) == 1
    function = function_at(text.splitlines(), 1 + text[: text.index(right)].count("\n"))
    file = tmp_path / "wrong_contracts.py"
    file.write_text(text.replace(right, wrong), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "crosshair",
        "check",
        "--analysis_kind=PEP316",
        f"wrong_contracts.{function}",
    ]
    command += [f"--per_condition_timeout={TIMEOUT_S}"]
    path = f"{tmp_path}:{REPO}"
    done = subprocess.run(
        command, cwd=REPO, env={"PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "false when calling" in done.stdout
