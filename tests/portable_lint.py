"""What the portable files may not hold (DESIGN §2, STYLE §3): the rules that mpy-cross itself cannot see.

MicroPython accepts most of these lines and then does something else, or lacks the module on a board although
the wasm build has it. Each rule was seen on MicroPython 1.27 to 1.29.
"""

import ast
from pathlib import Path

from firmware_py.pi.board.allowed import BOARD_MODULES, MODULES
from tests.house import PORTABLE_FLAT, PORTABLE_TREES, imports_of, is_under, tree_of

OWN = (*PORTABLE_TREES, *PORTABLE_FLAT)
NOT_PORTABLE = ("firmware_py.boards", "firmware_py.pi")
BOARDS = "firmware_py/boards"  # keeps to the same subset, with the boards' own modules
# Rooms whose steps give the same answer for the same inputs: no clock, no output, nothing global that changes.
PURE_ROOMS = ("safety", "gait_detect", "stimulator")

INT_MAX = 2**30 - 1  # larger whole numbers are heap objects on the boards

# Attribute -> why it may not be used.
ATTRIBUTES = {
    "bit_length": "does not exist on MicroPython",
    "removeprefix": "does not exist on MicroPython",
    "removesuffix": "does not exist on MicroPython",
    "frombytes": "does not exist on MicroPython",
    "cast": "memoryview.cast does not exist on MicroPython",
    "Struct": "struct.Struct does not exist on MicroPython",
    "monotonic": "does not exist on MicroPython",
    "perf_counter": "does not exist on MicroPython",
}
NAMES = {
    "float": "makes a float: whole numbers only",
    "complex": "makes a float: whole numbers only",
}
PURE_NAMES = {"print": "prints", "open": "opens a file", "input": "reads a terminal"}
# Call -> keyword that it lacks.
KEYWORDS = {"to_bytes": "signed", "from_bytes": "signed", "zip": "strict", "dumps": "sort_keys"}


def complaints(path: Path, root: Path) -> list[str]:
    """Return "file:line: sentence" for each thing in a portable file that MicroPython would trip over."""
    pure = path.relative_to(root).parts[0] in PURE_ROOMS
    is_board = path.is_relative_to(root / BOARDS)
    found = [(line, said) for line, name in imports_of(path, root) if (said := _import(name, pure, is_board))]
    tree = tree_of(path)
    modules = {a.asname or a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    modules |= {a.asname or a.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) for a in n.names}
    for node in ast.walk(tree):
        for said in (_syntax(node), _number(node, is_board), _use(node, pure, modules)):
            if said:
                found.append((getattr(node, "lineno", 0), said))
    return [f"{path.relative_to(root)}:{line}: {said}" for line, said in sorted(found)]


def _import(name: str, pure: bool, is_board: bool) -> str | None:
    top, _, last = name.rpartition(".")
    modules = BOARD_MODULES if is_board else MODULES
    if is_board and is_under(name, BOARDS.replace("/", ".")):
        return None
    if any(is_under(name, room) for room in NOT_PORTABLE):
        return f"imports {name}, which is not portable"
    if top and last.startswith("_") and not last.startswith("__"):
        return f"imports {last}: MicroPython removes _NAME = const(...) from its module; name it without _"
    if any(is_under(name, tree.replace("/", ".")) for tree in OWN):
        return None
    if name.split(".")[0] not in modules:
        return f"imports {name}; a board has {', '.join(modules)}"
    if pure and name.split(".")[0] == "time":
        return "imports time; time is passed into a step, never read in it"
    return None


def _syntax(node: ast.AST) -> str | None:
    if isinstance(node, ast.Match):
        return "match does not parse on MicroPython"
    if isinstance(node, ast.Assert):
        return "assert is removed by -O; raise instead"
    if isinstance(node, ast.ClassDef) and node.keywords:
        return "a metaclass or other class keyword does not exist on MicroPython"
    if _is_in_tuple_of_names(node):
        return "`in` a tuple of names makes the tuple anew each time, an allocation; compare one by one"
    if isinstance(node, ast.FunctionDef):
        if node.args.posonlyargs:
            return "positional-only arguments do not parse on MicroPython"
        if node.name == "__init_subclass__":
            return "__init_subclass__ is not called on MicroPython"
        if any(ast.unparse(mark).startswith("micropython.") for mark in node.decorator_list):
            return "micropython.native and viper are syntax errors on some ports; mpy-cross emits native at build time"
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        if any(keyword.arg == KEYWORDS.get(name, "") for keyword in node.keywords):
            return f"{KEYWORDS[name]}= of {name} does not exist on MicroPython"
    return None


def _is_in_tuple_of_names(node: ast.AST) -> bool:
    if not isinstance(node, ast.Compare) or not any(isinstance(op, ast.In | ast.NotIn) for op in node.ops):
        return False
    return any(isinstance(c, ast.Tuple | ast.List | ast.Set) and _has_names(c) for c in node.comparators)


def _has_names(node: ast.AST) -> bool:
    return any(isinstance(n, ast.Name) for n in ast.walk(node))


def _number(node: ast.AST, is_board: bool) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
        return f"{node.value} is a float: whole numbers only"
    # On a board an address may be that large: a constant is made once, when the file is loaded.
    if isinstance(node, ast.Constant) and type(node.value) is int and node.value > INT_MAX and not is_board:
        return f"{node.value} is above 2**30 - 1, a heap object on a board"
    if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
        return "/ makes a float; use //"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.LShift | ast.Pow):
        left, right = (getattr(side, "value", None) for side in (node.left, node.right))
        if isinstance(left, int) and isinstance(right, int) and 0 <= right < 100:
            value = left << right if isinstance(node.op, ast.LShift) else left**right
            if value > INT_MAX:
                return f"{ast.unparse(node)} is above 2**30 - 1, a heap object on a board"
    return None


def _use(node: ast.AST, pure: bool, modules: set[str]) -> str | None:
    if isinstance(node, ast.Attribute):
        if node.attr in ATTRIBUTES:
            return f".{node.attr} {ATTRIBUTES[node.attr]}"
        private = node.attr.startswith("_") and not node.attr.startswith("__")
        if private and isinstance(node.value, ast.Name) and node.value.id in modules:
            return f"{node.value.id}.{node.attr}: a module's _NAME may be gone on MicroPython"
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        if node.id in NAMES:
            return f"{node.id} {NAMES[node.id]}"
        if pure and node.id in PURE_NAMES:
            return f"{node.id} {PURE_NAMES[node.id]}: not in {', '.join(PURE_ROOMS)}"
    if pure and isinstance(node, ast.Global):
        return "a global that changes makes the same inputs give other answers"
    return None
