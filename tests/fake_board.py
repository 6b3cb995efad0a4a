"""A board under CPython: stand-ins of MicroPython's modules in the right places, and a chip to wire things to.

`with fake_board(tmp_path) as rig:` imports `firmware_py.boards` anew against them.
"""

import contextlib
import importlib
import importlib.util
import select  # noqa: F401 - so that it is there to be hidden
import sys
import time  # noqa: F401
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from safety import supervisor
from stimulator.prescription import canonical_bytes, default_prescription
from tests.mpy import board_loop

MPY = Path(__file__).resolve().parent / "mpy"
FAKES = MPY / "fakes"
NAMES = ("chip", "machine", "rp2")  # plain names, as on a board
HIDDEN = ("time", "select")  # standard modules that have another shape on a board
ADDED = ("ticks_us", "ticks_diff", "sleep_ms")
BOARDS = {"rp2": ("bridge", "rp2", "stage_alone"), "esp32": ("esp32",)}


class Heap:
    """Stands for the module `micropython`: knows whether the heap is locked, and what Ctrl-C does."""

    def __init__(self) -> None:
        self.depth = 0
        self.locks = 0
        self.ctrl_c = 3

    def heap_lock(self) -> None:
        self.depth += 1
        self.locks += 1

    def heap_unlock(self) -> None:
        self.depth -= 1

    def kbd_intr(self, character: int) -> None:
        self.ctrl_c = character


class Collector:
    """Stands for the module `gc`; `on_collect` is called in place of collecting."""

    def __init__(self) -> None:
        self.is_on = True
        self.on_collect: Callable[[], None] = lambda: None

    def collect(self) -> None:
        self.on_collect()

    def disable(self) -> None:
        self.is_on = False

    def enable(self) -> None:
        self.is_on = True


class Rig:
    """One fake board.

    chip, rp2   the stand-ins;  heap   Heap;  root   folder that stands for the board's flash
    board(name)   a module of `firmware_py.boards`
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.chip = _load("chip").CHIP
        self.heap = Heap()
        self.rp2: Any = None

    def board(self, name: str) -> Any:
        return importlib.import_module(f"firmware_py.boards.{name}")

    def walk(self, trace: bytes, *, board: str = "rp2", side: str = "right", prescription=None) -> "Walk":
        """Start the whole board with an IMU that plays `trace`."""
        wanted = default_prescription() if prescription is None else prescription
        board_loop.write_files(str(self.root), board, canonical_bytes(wanted), side)
        return Walk(self, trace, self.board(f"pins_{board}"))


class Walk:
    """A board that runs: `superloop`, its `loop` and `guard`, the IMU `part`, and what the console `said`."""

    def __init__(self, rig: Rig, trace: bytes, pins: Any) -> None:
        self.rig, self.pins, self.chip = rig, pins, rig.chip
        self.superloop, self.part, self.said = board_loop.make(str(rig.root), trace, pins, rig.board)
        self.loop, self.guard = self.superloop.loop, self.superloop.guard
        self.sup = self.guard.supervisor
        self.gc = Collector()  # CPython's own takes 30 ms in a test run
        rig.board("superloop").gc = self.gc

    def turn(self) -> None:
        board_loop.turn(self.superloop, self.chip)

    def until(self, done: Callable[[], Any], cycles_max: int = 4_000) -> None:
        """Run until `done()`, at most so many cycles."""
        end = self.superloop.cycles + cycles_max
        while not done():
            assert self.superloop.cycles < end, "it did not happen"
            self.turn()

    def cycles(self, n: int) -> None:
        end = self.superloop.cycles + n
        self.until(lambda: self.superloop.cycles >= end, n + 1)

    def type(self, line: str) -> str:
        """Type a line; return the first line of the answer."""
        before = len(self.said)
        self.chip.type(line + "\n")
        self.until(lambda: len(self.said) > before, 20)
        return self.said[before]

    def arm(self) -> None:
        """Acknowledge, let the check count as done before, and arm for walking."""
        self.until(lambda: self.sup.state == supervisor.READY and self.guard.driver.state == 0)
        self.superloop.person.acknowledge()
        self.guard._was_checked = True
        self.superloop.person.arm()
        self.until(lambda: self.sup.state == supervisor.ARMED)


def _load(name: str, folder: Path = FAKES) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _forget() -> None:
    for name in [n for n in sys.modules if n == "firmware_py.boards" or n.startswith("firmware_py.boards.")]:
        del sys.modules[name]
    for name in (*NAMES, "micropython", "board_parts"):
        sys.modules.pop(name, None)


@contextlib.contextmanager
def fake_board(root: Path, *, platform: str = "rp2") -> Iterator[Rig]:
    """Put the stand-ins in place; everything is as before afterwards."""
    _forget()
    rig = Rig(root)
    for name in NAMES[1:]:
        _load(name)
    rig.rp2 = sys.modules["rp2"]
    _load("board_parts", MPY)
    sys.modules["micropython"] = rig.heap  # pyright: ignore[reportArgumentType]
    rig.chip.reset()
    rig.rp2.reset()
    real = {name: sys.modules[name] for name in HIDDEN}
    try:
        clock = _load("time")
        _load("select")
        sys.modules["time"] = real["time"]
        for name in ADDED:
            setattr(real["time"], name, getattr(clock, name))
        for name in (
            "console",
            "start",
            "whole",
            *BOARDS[platform],
        ):  # while they find the stand-ins of standard modules
            rig.board(name)
        sys.modules.update(real)
        rig.board("whole").sys = types.SimpleNamespace(platform=platform)
        yield rig
    finally:
        sys.modules.update(real)
        for name in ADDED:
            if hasattr(real["time"], name):
                delattr(real["time"], name)
        _forget()
