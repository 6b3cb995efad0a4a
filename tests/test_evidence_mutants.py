"""The small wrong versions: the mutator makes them, and the tests of the safety layer notice them."""

import ast
import subprocess
import sys

import pytest

from evidence import mutants
from evidence.mutate import sites
from tests.house import REPO


def made(text: str) -> list[tuple[str, str]]:
    """Return (operator, changed source) of every wrong version of `text`."""
    found = []
    for i in range(len(sites(ast.parse(text)))):
        tree = ast.parse(text)
        site = sites(tree)[i]
        site.apply()
        found.append((site.operator, ast.unparse(ast.fix_missing_locations(tree))))
    return found


RETURNS = ("return True", "return False")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = a < b", {"x = a <= b", "x = a >= b"}),
        ("x = a <= b < c", {"x = a < b < c", "x = a > b < c", "x = a <= b <= c", "x = a <= b >= c"}),
        ("x = a == b", {"x = a != b"}),
        ("x = a is not b", {"x = a is b"}),
        ("x = a in b", {"x = a not in b"}),
        ("x = 5", {"x = 6", "x = 4"}),
        ("x = True", {"x = False"}),
        ("x = a + b", {"x = a - b"}),
        ("x = a - b", {"x = a + b"}),
        ("x = a * b", {"x = a // b"}),
        ("x = a // b", {"x = a * b"}),
        ("x = a % b", {"x = a * b"}),
        ("x = a << b", {"x = a >> b"}),
        ("x = a & b", {"x = a | b"}),
        ("x = a ^ b", {"x = a | b"}),
        ("x = a and b", {"x = a or b"}),
        ("x = not a", {"x = a"}),
        ("x = -a", {"x = a"}),
        ("x = min(a, b)", {"x = max(a, b)"}),
        ("x = f(k=-a)", {"x = f(k=a)"}),
        ("x = [-a for a in b]", {"x = [a for a in b]"}),
        ("x = a if b else c", {"x = a if True else c", "x = a if False else c"}),
        ("x += a", {"x -= a"}),
        ('"""Text 5."""', set()),
        ("class A:\n    __slots__ = ('a',)", set()),
        ("def f():\n    a()", {"def f():\n    pass"}),
        ("def f():\n    raise a", {"def f():\n    pass"}),
        ("def f() -> bool:\n    return a", {f"def f() -> bool:\n    {s}" for s in ("pass", *RETURNS)}),
        ("def f() -> int:\n    return a", {f"def f() -> int:\n    {s}" for s in ("pass", "return 0", "return 1")}),
        ("def f(a=a - b): return", {"def f(a=a + b):\n    return", "def f(a=a - b):\n    pass"}),
        ("if a:\n    b", {"if True:\n    b", "if False:\n    b"}),
        ("while a:\n    b", {"while False:\n    b"}),
        ("try:\n    -a\nexcept E:\n    -b\n", {"try:\n    a\nexcept E:\n    -b", "try:\n    -a\nexcept E:\n    b"}),
        ("x: int = 1", {"x: int = 2", "x: int = 0"}),
    ],
)  # fmt: skip
def test_each_kind_of_wrong_version_is_made(text, expected):
    assert {changed for _, changed in made(text)} == expected


def test_names_of_wrong_versions_are_unique_and_every_one_differs_from_the_original():
    for file in mutants.files():
        found = mutants.mutants_of(file)
        assert found, f"{file} has no wrong version"
        assert len({m.key for m in found}) == len(found)


def test_the_sample_is_the_same_each_time_and_does_not_depend_on_the_order():
    every = mutants.mutants_of("safety/gate.py")
    assert mutants.sample(every, 9, 1) == mutants.sample(every[::-1], 9, 1)
    assert mutants.sample(every, 9, 1) != mutants.sample(every, 9, 2)


def test_every_argument_for_a_survivor_names_a_version_that_exists_and_gives_a_reason():
    known = {m.key for file in mutants.files() for m in mutants.mutants_of(file)}
    for key, reason in mutants.argued().items():
        assert key in known, f"{key} is argued in {mutants.ARGUED} but does not exist"
        assert len(reason) > 20, f"{key} needs a reason, not {reason!r}"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the mutants in a process that has imported nothing of ours yet."""
    command = [sys.executable, "-m", "evidence.mutants", *arguments]
    return subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)


def test_a_fixed_sample_of_wrong_versions_is_noticed_by_the_tests():
    done = run()
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_every_wrong_version_is_noticed_or_argued_by_name():
    done = run("--all", "--json", "docs/evidence/mutants.json")
    assert done.returncode == 0, done.stdout + done.stderr
