"""Who may import whom: the table of DESIGN §2, read from every import of every Python file."""

import ast
from pathlib import Path

import pytest

from tests.house import REPO, imports_of, is_under, module_name, plant, python_files, tree_of

# Room -> what it may import of ours, besides itself. The longest name that fits a module is its room.
CORE = ("safety", "gait_detect", "stimulator", "firmware_py")
TABLE: dict[str, tuple[str, ...]] = {
    "safety": (),
    "gait_detect": ("safety.clock", "safety.sample"),  # clocks, and the record the samples come in
    "stimulator": ("safety",),
    "firmware_py": CORE,
    "firmware_py.boards": CORE,
    "firmware_py.pi": CORE,
    "hw_sim": (*CORE, "firmware_py.pi"),
    "therapist": (*CORE, "firmware_py.pi"),
    "benchmarks": (*CORE, "firmware_py.pi", "hw_sim", "therapist"),
    "evidence": (*CORE, "firmware_py.pi", "hw_sim", "therapist", "benchmarks"),
}
FREE = ("tests", "swingphase")  # may import anything
OURS = (*TABLE, *FREE)

# Heavy packages belong to the rooms that only a PC runs.
NUMERIC = ("numpy", "scipy", "matplotlib")
NUMERIC_ROOMS = ("hw_sim", "therapist", "benchmarks", "evidence", *FREE)

# The process that can still say no when everything else is wrong reads little. Names with "port" are its ports.
GUARDIAN = "firmware_py.pi.guardian"
GUARDIAN_MAY = (
    *("safety", "stimulator.drivers", GUARDIAN),
    *("firmware_py.guard", "firmware_py.guard_records", "firmware_py.guard_session"),
    *("firmware_py.guard_slot", "firmware_py.guard_step"),
    *(
        "firmware_py.cycle_pace",
        "firmware_py.fault_causes",
        "firmware_py.read_back",
        "firmware_py.seated_swings",
        "firmware_py.tested_channels",
        "firmware_py.unhelped_steps",
    ),
    *("firmware_py.hal", "firmware_py.acts", "firmware_py.blackbox", "firmware_py.recorded_port"),
    *("firmware_py.messages", "firmware_py.frames"),  # what it hears and says, as bytes
)


def room_of(name: str) -> str | None:
    """Return the room that a dotted name lies in; None if it is not ours."""
    rooms = [room for room in OURS if is_under(name, room)]
    return max(rooms, key=len) if rooms else None


def may_import(room: str, name: str) -> bool:
    """Say whether a file in `room` may import our module `name`."""
    target = room_of(name)
    if target == room:
        return True
    # A permission for a room does not reach into a room inside it: firmware_py is not firmware_py.pi.
    return any(is_under(name, allowed) and target == room_of(allowed) for allowed in TABLE[room])


def broken_imports(root: Path) -> list[str]:
    """Return "file:line: sentence" for each import that the table does not allow."""
    found: list[str] = []
    for path in python_files(root):
        name = module_name(path, root)
        room = room_of(name)
        where = path.relative_to(root)
        if room is None:
            found.append(f"{where}:1: is in no room of DESIGN §2")
            continue
        for line, target in imports_of(path, root):
            if is_under(target, "importlib") or target == "__import__":
                if room not in FREE:
                    found.append(f"{where}:{line}: {target} hides an import from this test")
            elif room_of(target) is None:
                if target.split(".")[0] in NUMERIC and room not in NUMERIC_ROOMS:
                    found.append(
                        f"{where}:{line}: {room} imports {target}; only {', '.join(NUMERIC_ROOMS)} may"
                    )
            elif room not in FREE and not may_import(room, target):
                allowed = ", ".join(TABLE[room]) or "nothing of ours"
                found.append(f"{where}:{line}: {room} imports {target}; it may import {allowed}")
    return found


def guardian_reach(root: Path) -> list[str]:
    """Return "file:line: sentence" for each import by which the guardian process reaches too far.

    Followed from file to file: a port that imports the scheduler brings it into the guardian's process.
    """
    files = {module_name(path, root): path for path in python_files(root)}
    found: list[str] = []
    waiting = [GUARDIAN] if GUARDIAN in files else []
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in files:
            continue
        seen.add(name)
        for line, target in imports_of(files[name], root):
            if room_of(target) is None:
                continue
            module = target if target in files else target.rpartition(".")[0]
            is_port = is_under(module, "firmware_py.pi") and "port" in module.rpartition(".")[2]
            if not is_port and not any(is_under(module, allowed) for allowed in GUARDIAN_MAY):
                found.append(f"{files[name].relative_to(root)}:{line}: brings {module} into the guardian")
                continue
            parts = module.split(".")
            # Importing a.b.c runs the __init__ of a and of a.b too.
            waiting += [".".join(parts[:n]) for n in range(1, len(parts) + 1)]
    return found


def test_every_import_keeps_to_the_table():
    broken = broken_imports(REPO)
    assert not broken, "\n".join(broken)


def test_guardian_reaches_only_the_gate_the_drivers_and_its_ports():
    broken = guardian_reach(REPO)
    assert not broken, "\n".join(broken)


def test_the_front_door_imports_rooms_lazily():
    door = REPO / "swingphase.py"
    top = [node for node in tree_of(door).body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = [a.name for n in top if isinstance(n, ast.Import) for a in n.names]
    names += [n.module or "" for n in top if isinstance(n, ast.ImportFrom)]
    eager = [name for name in names if room_of(name) or name.split(".")[0] in NUMERIC]
    assert not eager, f"swingphase.py imports {eager} at its top; import them inside the sub-command"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("safety/gate.py", "import stimulator.envelope"),
        ("safety/gate.py", "from gait_detect import state"),
        ("gait_detect/phases.py", "from safety.gate import Gate"),
        ("gait_detect/phases.py", "import safety"),
        ("stimulator/walk.py", "def f():\n    from gait_detect.state import GaitState"),
        ("stimulator/drivers/p24.py", "from ...firmware_py import hal"),
        ("firmware_py/cycle.py", "from firmware_py import pi"),
        ("firmware_py/cycle.py", "from .boards.rp2 import Board"),
        ("firmware_py/pi/runner.py", "from firmware_py.boards import rp2"),
        ("firmware_py/pi/runner.py", "import hw_sim.world"),
        ("firmware_py/pi/runner.py", "import numpy as np"),
        ("hw_sim/world.py", "from therapist import client"),
        ("hw_sim/world.py", "from firmware_py.boards.main import run"),
        ("hw_sim/world.py", "from tests.house import REPO"),
        ("therapist/client.py", "import hw_sim"),
        ("safety/gate.py", "x = __import__('stimulator')"),
        ("safety/gate.py", "import importlib"),
        ("tools/helper.py", "x = 1"),
    ],
)
def test_a_planted_violation_is_named_with_file_and_line(tmp_path, file, text):
    plant(tmp_path, {file: '"""Docstring."""\n' + text + "\n"})
    line = 1 if file.startswith("tools") else 1 + len(text.splitlines())
    (sentence,) = broken_imports(tmp_path)
    assert sentence.startswith(f"{file}:{line}: ")


def test_imports_the_table_allows_pass(tmp_path):
    plant(
        tmp_path,
        {
            "gait_detect/phases.py": "from safety.clock import elapsed_us\nfrom . import state\nimport array\n",
            "stimulator/drivers/p24.py": "from .. import envelope\nfrom safety.pulse import PulseRequest\n",
            "firmware_py/link/session.py": "from firmware_py.settings import x\nimport stimulator.walk\n",
            "hw_sim/world.py": "import numpy\nfrom firmware_py.pi.serial_port import SerialPort\n",
            "swingphase.py": "def demo():\n    import therapist, hw_sim\n",
        },
    )
    assert broken_imports(tmp_path) == []


def test_the_guardian_is_followed_through_its_ports(tmp_path):
    files = {
        "firmware_py/pi/guardian.py": "from safety.gate import Gate\nfrom . import stim_port\n",
        "firmware_py/pi/stim_port.py": "import serial\nfrom firmware_py.hal import Port\n",
        "safety/gate.py": "x = 1\n",
        "firmware_py/hal.py": "x = 1\n",
        "firmware_py/cycle.py": "x = 1\n",
        "stimulator/walk.py": "x = 1\n",
    }
    assert guardian_reach(plant(tmp_path, files)) == []
    files["firmware_py/pi/stim_port.py"] += "from stimulator.walk import Walk\n"
    assert guardian_reach(plant(tmp_path, files)) == [
        "firmware_py/pi/stim_port.py:3: brings stimulator.walk into the guardian"
    ]
    files["firmware_py/pi/stim_port.py"] = "x = 1\n"
    files["firmware_py/pi/__init__.py"] = "from firmware_py import cycle\n"
    assert guardian_reach(plant(tmp_path, files)) == [
        "firmware_py/pi/__init__.py:1: brings firmware_py.cycle into the guardian"
    ]
