"""Rules of the repository that a reader relies on: pinned packages, no addresses, short files, reasons for skips."""

import ast
import json
import os
import re
import tomllib
from pathlib import Path

import pytest

from tests.house import REPO, our_files, plant, python_files, tree_of

LOCK = REPO / "tests/mpy/package-lock.json"
LINES_MAX = 400  # STYLE §1: past this, look for the second idea
LONGER: dict[str, str] = {}  # file -> why it may be longer (a command table)

ADDRESS = re.compile(r"\b(?:https?|file|git\+\w+)://", re.IGNORECASE)
HOME_PATH = re.compile(r"(?<![\w.])/(?:home|Users|root)/\w+/")


def pins(name: str) -> dict[str, set[str]]:
    """Return "package==version ; marker" -> its hashes, for requirements/`name`."""
    found: dict[str, set[str]] = {}
    pin = ""
    for line in (REPO / "requirements" / name).read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([a-zA-Z0-9][^\\#]*?)\s*\\?$", line):
            pin = match[1]
            found[pin] = set()
        elif match := re.match(r"\s+--hash=(sha256:[0-9a-f]{64})\b", line):
            found[pin].add(match[1])
    return found


def wishes(name: str) -> list[str]:
    """Return the lines of requirements/`name` that ask for a package."""
    lines = (REPO / "requirements" / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def lines_that(root: Path, is_bad) -> list[str]:
    """Return "file:line: text" of each line of a text file for which is_bad(file name, line) is true."""
    found: list[str] = []
    for path in our_files(root):
        name = path.relative_to(root).as_posix()
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        found += [f"{name}:{n}: {line.strip()}" for n, line in enumerate(lines, 1) if is_bad(name, line)]
    return found


def addresses(root: Path) -> list[str]:
    """Return the lines of requirement, lock and npm files that name a download address or a local file."""

    def is_bad(name: str, line: str) -> bool:
        last = name.rpartition("/")[2]
        pinned = "requirements" in name or last.endswith(".lock") or last in (".npmrc", "package-lock.json")
        return pinned and (ADDRESS.search(line) is not None or '"resolved"' in line) and last[-3:] != ".py"

    return lines_that(root, is_bad)


def machine_paths(root: Path) -> list[str]:
    """Return the lines that hold a path of one machine: a home folder, or this checkout's own folder."""
    return lines_that(root, lambda _, line: HOME_PATH.search(line) is not None or str(root) in line)


def skips_without_reason(root: Path) -> list[str]:
    """Return the places where a test is skipped, or expected to fail, and does not say why."""
    found: list[str] = []
    for path in python_files(root):
        nodes = list(ast.walk(tree_of(path)))
        calls = [node for node in nodes if isinstance(node, ast.Call)]
        called = {id(node.func) for node in calls}
        bare = [n for n in nodes if isinstance(n, ast.Attribute) and id(n) not in called]
        places = [n.lineno for n in bare if ast.unparse(n) in ("pytest.mark.skip", "pytest.mark.xfail")]
        for call in calls:
            name = ast.unparse(call.func)
            given = any(keyword.arg in ("reason", "msg") for keyword in call.keywords)
            if name in ("pytest.skip", "pytest.xfail", "pytest.mark.skip"):
                given = given or bool(call.args)
            elif name not in ("pytest.mark.skipif", "pytest.mark.xfail", "pytest.importorskip"):
                continue
            if not given:
                places.append(call.lineno)
        found += [f"{path.relative_to(root)}:{line}: says no reason" for line in sorted(places)]
    return found


@pytest.mark.parametrize("rule", [addresses, machine_paths, skips_without_reason])
def test_the_repository_keeps_the_rule(rule):
    found = rule(REPO)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("rule", "file", "text"),
    [
        (addresses, "requirements/run.txt", "--index-url " + "https:" + "//example.org/simple"),
        (addresses, "requirements/run.txt", "numpy @ " + "file:" + "///wheels/numpy.whl"),
        (addresses, "tests/mpy/package-lock.json", '{"resolved": "x"}'),
        (machine_paths, "docs/how.md", "open " + "/home" + "/sam/notes.txt"),
        (skips_without_reason, "tests/test_a.py", "pytest.skip()"),
        (skips_without_reason, "tests/test_a.py", "@pytest.mark.skip\ndef test_a(): pass"),
        (skips_without_reason, "tests/test_a.py", "@pytest.mark.skipif(True)\ndef test_a(): pass"),
        (skips_without_reason, "tests/test_a.py", "@pytest.mark.xfail\ndef test_a(): pass"),
    ],
)
def test_a_planted_breach_is_found(tmp_path, rule, file, text):
    found = rule(plant(tmp_path, {file: text + "\n"}))
    assert [said.split(":")[:2] for said in found] == [[file, "1"]]


def test_no_python_file_is_longer_than_400_lines():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}
    long = {str(p.relative_to(REPO)): n for p, n in lengths.items() if n > LINES_MAX}
    assert {name: n for name, n in long.items() if name not in LONGER} == {}


@pytest.mark.parametrize("name", ["run.txt", "campaign.txt", "test.txt"])
def test_every_requirement_is_pinned_by_hash(name):
    found = pins(name)
    assert found, f"requirements/{name} holds no pin"
    assert [pin for pin, hashes in found.items() if "==" not in pin or not hashes] == []


@pytest.mark.parametrize(("small", "large"), [("run.txt", "campaign.txt"), ("campaign.txt", "test.txt")])
def test_the_larger_set_holds_the_smaller_one_pin_by_pin(small, large):
    # ./swingphase relies on it: whoever has the larger set needs no smaller one.
    wanted, held = pins(small), pins(large)
    assert {pin: hashes for pin, hashes in wanted.items() if held.get(pin) != hashes} == {}


def test_no_first_demo_waits_for_what_only_campaigns_need():
    assert not {"pyarrow", "distributed", "dask"} & {pin.split("==")[0] for pin in pins("run.txt")}


@pytest.mark.parametrize("name", ["run", "campaign", "test"])
def test_everything_asked_for_is_pinned(name):
    pinned = {re.split(r"==", pin)[0] for pin in pins(f"{name}.txt")}
    asked = {re.split(r"[<>=~!\[ ;]", wish)[0] for wish in wishes(f"{name}.in")}
    assert asked - pinned == set()


def test_pyproject_names_the_same_packages_as_the_requirement_files():
    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["dependencies"] == wishes("run.in")
    assert project["optional-dependencies"]["campaign"] == wishes("campaign.in")
    assert project["optional-dependencies"]["test"] == wishes("test.in")


def test_pyproject_names_the_project_its_licence_and_its_python():
    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert [project[key] for key in ("name", "license", "requires-python")] == [
        "swingphase",
        "Apache-2.0",
        ">=3.11",
    ]
    assert re.fullmatch(r"\d+\.\d+\.\d+", project["version"])
    licence = (REPO / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License\n                           Version 2.0" in licence
    assert "END OF TERMS AND CONDITIONS" in licence


def test_micropython_is_pinned_by_hash_to_1_27_0():
    packages = json.loads(LOCK.read_text(encoding="utf-8"))["packages"]
    fetched = {name: entry for name, entry in packages.items() if name}
    assert [entry["version"] for entry in fetched.values()] == ["1.27.0"]
    assert all(entry["integrity"].startswith("sha512-") for entry in fetched.values())


@pytest.mark.parametrize("name", ["swingphase", ".ci/run"])
def test_the_scripts_can_be_started(name):
    assert os.access(REPO / name, os.X_OK), f"{name} is not executable: chmod +x {name}"
