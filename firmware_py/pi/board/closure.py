"""Which files a board needs: followed from its start, import by import. What a bare firmware lacks is refused.

Imports inside functions are choices (which chip, which stimulator); only those named for the board are followed.
"""

import ast
from pathlib import Path

from firmware_py.pi.board.allowed import BOARD_MODULES, ROOMS
from firmware_py.pi.console import ROOT, UserError

START = "firmware_py.boards.start"
WHOLE = "firmware_py.boards.whole"
BOARDS = ("rp2", "esp32", "stage")
STAGE = ("stimulator.drivers.output_stage", "stimulator.drivers.output_stage_check")
CHOSEN = {
    "rp2": (WHOLE, "firmware_py.boards.rp2", *STAGE),
    "esp32": (WHOLE, "firmware_py.boards.esp32", *STAGE),
    "stage": ("firmware_py.boards.stage_alone",),
}
FORBIDDEN = ("firmware_py.pi",)


def needed_by(board: str, root: Path = ROOT, start: str = START) -> list[Path]:
    """Return the source files that `board` needs besides main.py, sorted; UserError names what cannot be there."""
    found: dict[str, Path] = {}
    waiting = [start, *CHOSEN[board]]
    while waiting:
        name = waiting.pop()
        path = _file_of(name, root)
        if name in found or path is None:
            continue
        found[name] = path
        for line, target in _imports(path):
            module = _module_of(target, root)
            if module is None:
                _check(target, path.relative_to(root), line)
            elif any(target == one or target.startswith(one + ".") for one in FORBIDDEN):
                raise UserError(
                    f"{path.relative_to(root)}:{line} imports {target}, which does not run on a board. Remove it there."
                )
            else:
                parts = module.split(".")  # importing a.b runs a, too
                waiting += [".".join(parts[: n + 1]) for n in range(len(parts))]
    return sorted(found.values())


def _check(target: str, where: Path, line: int) -> None:
    if target.split(".")[0] not in BOARD_MODULES:
        raise UserError(
            f"{where}:{line} imports {target}; a board has {', '.join(BOARD_MODULES)}. Do without it there."
        )


def _imports(path: Path) -> list[tuple[int, str]]:
    """Return (line, name) of the imports that run when the file is loaded."""
    found: list[tuple[int, str]] = []
    waiting: list[ast.stmt] = list(ast.parse(path.read_text(encoding="utf-8"), str(path)).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
        elif not isinstance(node, ast.FunctionDef | ast.ClassDef):
            waiting += [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
    return sorted(found)


def _module_of(target: str, root: Path) -> str | None:
    """Return the module of ours that `target` is, or is a name in; None if it is not ours."""
    if target.split(".")[0] not in ROOMS:
        return None
    for name in (target, target.rpartition(".")[0]):
        if name and _file_of(name, root) is not None:
            return name
    return None


def _file_of(name: str, root: Path) -> Path | None:
    path = root / name.replace(".", "/")
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None
