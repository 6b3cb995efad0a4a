"""Read `safety/requirements.toml`: hazards, requirements, the code that enforces and the tests that show them.

Read on the host only. `load` refuses a file of the wrong form; `problems` says what is missing in the house:
code or tests that do not exist, a requirement without a test, a hazard that nothing controls.
"""

import ast
import functools
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

ROOT = Path(__file__).resolve().parents[1]
FILE = "safety/requirements.toml"
IDS = tuple(f"R{n:02d}" for n in range(1, 26))


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Source(_Record):
    """Where a number comes from. `read` is False if the text itself was not at hand when it was cited."""

    kind: Literal["standard", "guidance", "paper", "device", "recordings", "project"]
    cite: str = Field(min_length=3)
    says: str = ""
    read: bool

    @property
    def mark(self) -> str:
        """Return the words that must stand beside a source that nobody of us has read."""
        if self.read:
            return ""
        return (
            "not verified against the standard"
            if self.kind == "standard"
            else "not verified against the source"
        )


class Off(_Record):
    """A way to switch the requirement off: the text `old` of `file` (it stands there once) becomes `new`."""

    file: str
    old: str
    new: str


class Requirement(_Record):
    """One checkable sentence, and how far it is true today."""

    id: str = Field(pattern=r"^R\d\d$")
    title: str
    text: str
    why: str
    status: Literal["enforced", "partly", "planned"]
    open: str = ""  # what is not enforced yet, and in which room it will be
    changed: str = ""  # which number differs from the first draft of the requirements, and why
    code: tuple[str, ...] = ()  # "safety.gate:Gate.judge"
    tests: tuple[str, ...] = ()  # "tests/test_safety_gate.py::test_power_on_grants_nothing"
    off: tuple[Off, ...] = ()  # each must make one of the tests fail
    sources: tuple[Source, ...] = Field(min_length=1)

    @property
    def is_shown(self) -> bool:
        """Return whether tests must show it: all but what is only planned."""
        return self.status != "planned"


class Hazard(_Record):
    """What can hurt, how it comes about, and what stands against it."""

    id: str = Field(pattern=r"^H\d\d$")
    hazard: str
    harm: str
    causes: tuple[str, ...] = Field(min_length=1)
    requirements: tuple[str, ...]
    other: tuple[str, ...] = ()  # controls that are no code: labelling, screening, a switch


class Anomaly(_Record):
    """Something we know to be wrong, missing or unproved."""

    id: str = Field(pattern=r"^A\d\d$")
    text: str
    effect: str
    until: str


class Warnings(_Record):
    """What a person must read before the first stimulation."""

    contraindicated: tuple[str, ...]
    not_over: tuple[str, ...]
    caution: tuple[str, ...]
    adverse: tuple[str, ...]
    sources: tuple[Source, ...]


class SafetyFile(_Record):
    """The whole file."""

    what_it_is: str
    what_it_is_not: str
    intended_use: str
    intended_user: str
    conditions: tuple[str, ...]
    essential_performance: tuple[str, ...]
    warnings: Warnings
    hazards: tuple[Hazard, ...] = Field(alias="hazard")
    requirements: tuple[Requirement, ...] = Field(alias="requirement")
    anomalies: tuple[Anomaly, ...] = Field(alias="anomaly")


def load(root: Path = ROOT) -> SafetyFile:
    """Read the file; ValueError with pydantic's list of places if its form is wrong."""
    return SafetyFile.model_validate(tomllib.loads((root / FILE).read_text(encoding="utf-8")))


def problems(file: SafetyFile, root: Path = ROOT) -> list[str]:
    """Return one sentence for each thing that does not hold together; none if all is well."""
    ids = [one.id for one in file.requirements]
    found = [f"{one} is missing; the file holds R01 to R25" for one in IDS if one not in ids]
    found += [f"{one} stands twice" for one in sorted({i for i in ids if ids.count(i) > 1})]
    controlled = {one for hazard in file.hazards for one in hazard.requirements}
    found += [
        f"{one} controls no hazard; name it in a hazard or remove it" for one in ids if one not in controlled
    ]
    found += [f"hazard names {one}, which does not exist" for one in sorted(controlled - set(ids))]
    found += [
        f"{h.id} has no control; name a requirement or another control"
        for h in file.hazards
        if not (h.requirements or h.other)
    ]
    for one in file.requirements:
        if one.is_shown and not one.code:
            found.append(f"{one.id} is {one.status} but names no code; name it or call it planned")
        if one.is_shown and not one.tests:
            found.append(f"{one.id} is {one.status} but names no test; write one or call it planned")
        if one.is_shown and not one.off:
            found.append(
                f"{one.id} is {one.status} but says no way to switch it off; its tests may see nothing"
            )
        for off in one.off:
            path = root / off.file
            times = path.read_text(encoding="utf-8").count(off.old) if path.is_file() else 0
            if times != 1:
                found.append(
                    f"{one.id}: `{off.old}` stands {times} times in {off.file}; it must stand there once"
                )
        if (one.status == "enforced") == bool(one.open):
            found.append(
                f"{one.id} is {one.status}; `open` says what is still missing, exactly if something is"
            )
        found += [
            f"{one.id} names the code {c}, which does not exist"
            for c in one.code
            if place_of_code(c, root) is None
        ]
        found += [
            f"{one.id} names the test {t}, which does not exist"
            for t in one.tests
            if place_of_test(t, root) is None
        ]
    return found


def place_of_code(name: str, root: Path = ROOT) -> tuple[str, int] | None:
    """Return (file, line) of "package.module:Class.method", ":function" or ":CONSTANT"; None if it is not there.

    A method that a class has from its base is there too, in the base's file.
    """
    module, _, inside = name.partition(":")
    path = module.replace(".", "/") + ".py"
    parts = inside.split(".")
    return _place(path, parts, root) or (_inherited(path, parts, root) if len(parts) == 2 else None)


def _inherited(path: str, parts: list[str], root: Path) -> tuple[str, int] | None:
    """Look for Class.method in the class's bases, which are of the same file or imported by name."""
    body = _body(root / path) or []
    own = next((n for n in body if isinstance(n, ast.ClassDef) and n.name == parts[0]), None)
    modules = {
        alias.name: n.module for n in body if isinstance(n, ast.ImportFrom) and n.module for alias in n.names
    }
    for base in own.bases if own is not None else ():
        if isinstance(base, ast.Name):
            module = modules.get(base.id, path.removesuffix(".py").replace("/", "."))
            found = place_of_code(f"{module}:{base.id}.{parts[1]}", root)
            if found is not None:
                return found
    return None


def place_of_test(name: str, root: Path = ROOT) -> tuple[str, int] | None:
    """Return (file, line) of "tests/test_x.py::test_name" (or ::Class::test_name); None if it is not there."""
    path, _, inside = name.partition("::")
    return _place(path, inside.split("::"), root)


def _place(path: str, parts: list[str], root: Path) -> tuple[str, int] | None:
    body: list[ast.stmt] | None = _body(root / path)
    line = 0
    for part in parts:
        if body is None:
            return None
        node = next((n for n in body if part in _names(n)), None)
        if node is None:
            return None
        line = node.lineno
        body = node.body if isinstance(node, ast.ClassDef) else None
    return path, line


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        targets = [n for t in node.targets for n in (t.elts if isinstance(t, ast.Tuple) else [t])]
        return [n.id for n in targets if isinstance(n, ast.Name)]
    # hypothesis state machines are run through `TestX = Machine.TestCase`, an assignment as well
    return [node.target.id] if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) else []


@functools.cache
def _body(path: Path) -> list[ast.stmt] | None:
    return ast.parse(path.read_text(encoding="utf-8")).body if path.is_file() else None
