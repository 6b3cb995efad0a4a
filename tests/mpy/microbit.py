"""MicroPython 1.9.2 on an emulated Cortex-M0: the micro:bit's firmware in QEMU, both Debian packages.

Its heap holds 9.5 KB and its grammar is older, so a portable file is stripped first: no annotations, docstrings or
sentences, constants written in as numbers, methods sent one by one. What is left decides as before; a test compares
it with the files as they stand. With `-icount shift=0` an instruction takes 1 ns of virtual time: the board's own
clock counts instructions, and gives the same number each time.
"""

import ast
import os
import select
import shutil
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

FIRMWARE = Path("/usr/share/firmware-microbit-micropython/firmware.hex")
QEMU = "qemu-system-arm"
PACKAGES = "qemu-system-arm and firmware-microbit-micropython"
CHUNK_N = 16  # its UART keeps 32 bytes
PROMPT, MORE = b">>> ", b"=== "
PASTE, DO = b"\x05", b"\x04"
ANSWER_S = 60.0
TRIES = 3


def need_microbit() -> None:
    """Skip the calling test if the emulated board is missing; in CI (environment CI) fail it."""
    if shutil.which(QEMU) and FIRMWARE.is_file():
        return
    reason = f"the emulated Cortex-M0 is missing: install the Debian packages {PACKAGES}"
    if os.environ.get("CI", "") not in ("", "0", "false"):
        pytest.fail(reason)
    pytest.skip(reason)


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> Any:
        return self._new if node is self._old else super().visit(node)


class _Strip(ast.NodeTransformer):
    """See the module. `constants`: dotted or plain name -> number; `windows`: how much shorter windows are."""

    def __init__(self, constants: Mapping[str, int], windows: int) -> None:
        self._constants = constants
        self._windows = windows

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | list[ast.stmt] | None:
        if node.value is None:
            return None
        return self.visit_Assign(ast.Assign([node.target], node.value))

    def visit_Assign(self, node: ast.Assign) -> ast.AST | list[ast.stmt]:
        """A comprehension is one more function on a stack of 1.8 KB: write it as a loop."""
        self.generic_visit(node)
        for one in ast.walk(node.value):
            if isinstance(one, ast.ListComp):
                (loop,) = one.generators
                fill = ast.Call(ast.Attribute(ast.Name("_l"), "append"), [one.elt], [])
                node.value = _Replace(one, ast.Name("_l")).visit(node.value)
                begin = ast.Assign([ast.Name("_l")], ast.List([]))
                return [begin, ast.For(loop.target, loop.iter, [ast.Expr(fill)], []), node]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        for arg in [*node.args.args, *node.args.kwonlyargs]:
            arg.annotation = None
        node.body = _without_docstring(node.body)
        return self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return ast.Constant("")

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        is_sentence = isinstance(node.value, str) and " " in node.value
        return ast.Constant("") if is_sentence else node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        known = isinstance(node.ctx, ast.Load) and node.id in self._constants
        return ast.Constant(self._constants[node.id]) if known else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        name = ast.unparse(node)
        if isinstance(node.ctx, ast.Load) and name in self._constants:
            return ast.Constant(self._constants[name])
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        first = node.args[0] if node.args else None
        if (
            ast.unparse(node.func) == "Window"
            and isinstance(first, ast.Constant)
            and type(first.value) is int
        ):
            node.args[0] = ast.Constant(first.value // self._windows)
        return self.generic_visit(node)


def units_of(
    source: str, constants: Mapping[str, int], windows: int = 1, without: Collection[str] = ()
) -> Iterator[str]:
    """Yield the stripped pieces of a file, each small enough for the board to compile.

    constants   numbers to write in;  windows   how much shorter the ledger's windows are
    without     names of functions and methods that are not needed
    """
    for node in ast.parse(source).body:
        if getattr(node, "name", "") in without:
            continue
        if isinstance(node, ast.FunctionDef):
            yield ast.unparse(_stripped(node, constants, windows))
        elif isinstance(node, ast.ClassDef):
            node.body = [one for one in node.body if getattr(one, "name", "") not in without]
            yield from _class_units(node, constants, windows)
        elif isinstance(node, ast.ImportFrom) and node.module == "array":
            yield ast.unparse(node)


def in_order(units: list[str]) -> list[str]:
    """Return the pieces with classes first and then the longest: what takes most memory to compile finds it free."""
    return sorted(units, key=lambda unit: (not unit.startswith(("class ", "from ", "import ")), -len(unit)))


def _class_units(node: ast.ClassDef, constants: Mapping[str, int], windows: int) -> Iterator[str]:
    yield f"class {node.name}:\n pass"
    for method in node.body:
        if isinstance(method, ast.FunctionDef):
            name, method.name = method.name, "_f"
            yield ast.unparse(_stripped(method, constants, windows)) + f"\n{node.name}.{name} = _f"


def _stripped(node: ast.AST, constants: Mapping[str, int], windows: int) -> ast.AST:
    return ast.fix_missing_locations(_Strip(constants, windows).visit(node))


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0]
    is_doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return (body[1:] or [ast.Pass()]) if is_doc else body


def run_on_microbit(units: list[str]) -> str:
    """Return what the pieces print, one after the other, on a board that has just started."""
    need_microbit()
    for tries_left in reversed(range(TRIES)):
        try:
            return _run_once(units)
        except TimeoutError:  # a byte was lost on a busy machine
            if not tries_left:
                raise
    raise AssertionError


def _run_once(units: list[str]) -> str:
    command = [
        QEMU,
        "-M",
        "microbit",
        "-nographic",
        "-monitor",
        "none",
        "-serial",
        "stdio",
        "-icount",
        "shift=0",
    ]
    process = subprocess.Popen(
        [*command, "-device", f"loader,file={FIRMWARE}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        board = _Console(process)
        board.wait_for(PROMPT)
        board.run("import gc")
        return "".join(board.run("gc.collect()") + board.run(unit) for unit in units)
    finally:
        process.kill()
        process.communicate()


class _Console:
    """The board's console. Pieces go in by its paste mode, which repeats what it hears: no byte is lost unseen."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out = process.stdin.fileno(), process.stdout.fileno()
        self._heard = b""

    def wait_for(self, wanted: bytes) -> bytes:
        """Return what comes before `wanted`; TimeoutError if that does not come."""
        end_s = time.monotonic() + ANSWER_S
        while wanted not in self._heard:
            left_s = end_s - time.monotonic()
            if left_s <= 0 or not select.select([self._out], [], [], left_s)[0]:
                raise TimeoutError(f"the board said {self._heard[-200:]!r} and no {wanted!r}")
            data = os.read(self._out, 4096)
            if not data:
                raise TimeoutError("the emulator has ended")
            self._heard += data
        said, _, self._heard = self._heard.partition(wanted)
        return said

    def run(self, unit: str) -> str:
        """Run one piece; AssertionError with the board's own words if it fails there."""
        self._say(PASTE, MORE)
        for line in unit.strip().encode().split(b"\n"):
            for at in range(0, len(line), CHUNK_N):
                self._say(line[at : at + CHUNK_N], line[at : at + CHUNK_N])
            self._say(b"\r", b"\r\n" + MORE)
        os.write(self._in, DO)
        said = self.wait_for(PROMPT).decode().replace("\r\n", "\n").removeprefix("\n")
        if "Traceback" in said or "Error" in said:
            raise AssertionError(f"{said}\nin:\n{unit}")
        return said

    def _say(self, data: bytes, answer: bytes) -> None:
        os.write(self._in, data)
        before = self.wait_for(answer)
        if before.strip() and data != PASTE:
            raise TimeoutError(f"the board heard {before!r}")
