"""Which Python files the house has, and which of them are portable (DESIGN §2). Used by the house tests."""

import ast
import os
import subprocess
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
NOT_OURS = {"node_modules", "__pycache__", "demo", "out"}  # nor folders that begin with a dot, except .ci

# Whole rooms, and folders of which only the files directly inside are portable.
PORTABLE_TREES = ("safety", "gait_detect", "stimulator", "firmware_py/link")
PORTABLE_FLAT = ("firmware_py",)


def our_files(root: Path = REPO) -> list[Path]:
    """Return every file of the project: what git tracks or would track; without git, all but made folders."""
    git = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(git, capture_output=True, text=True, check=False)
        names = done.stdout.split("\0")[:-1] if done.returncode == 0 else []
    except FileNotFoundError:
        names = []
    if names:
        paths = [root / name for name in names]
    else:
        paths = []
        for folder, below, files in os.walk(root):
            below[:] = [n for n in below if n == ".ci" or not (n in NOT_OURS or n.startswith("."))]
            paths += [Path(folder, name) for name in files]
    return sorted(path for path in paths if path.is_file())


def python_files(root: Path = REPO) -> list[Path]:
    """Return every Python file of the project."""
    return [path for path in our_files(root) if path.suffix == ".py"]


def portable_files(root: Path = REPO) -> list[Path]:
    """Return the files that must run on MicroPython as they stand."""
    found = [path for tree in PORTABLE_TREES for path in (root / tree).rglob("*.py")]
    found += [path for folder in PORTABLE_FLAT for path in (root / folder).glob("*.py")]
    return sorted(found)


def board_files(root: Path = REPO) -> list[Path]:
    """Return the files that run on a microcontroller only."""
    return sorted((root / "firmware_py/boards").glob("*.py"))


def module_name(path: Path, root: Path = REPO) -> str:
    """Return the dotted name by which `path` is imported: safety/gate.py is safety.gate."""
    parts = list(path.relative_to(root).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)


def tree_of(path: Path) -> ast.Module:
    """Return the parsed file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports_of(path: Path, root: Path = REPO) -> list[tuple[int, str]]:
    """Return (line, dotted name) for each import in `path`, wherever it stands, relative ones resolved.

    `from a import b` gives a.b: b may be a module. `importlib` and `__import__` hide their target and give
    the name "importlib" or "__import__" itself.
    """
    package = module_name(path, root).split(".")
    if path.name != "__init__.py":
        package.pop()
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = base + (node.module.split(".") if node.module else [])
            found += [(node.lineno, ".".join([*stem, alias.name]).removesuffix(".*")) for alias in node.names]
        elif isinstance(node, ast.Name) and node.id == "__import__":
            found.append((node.lineno, "__import__"))
    return sorted(found)


def is_under(name: str, module: str) -> bool:
    """Say whether the dotted `name` is `module` or something inside it."""
    return name == module or name.startswith(module + ".")


def plant(root: Path, files: dict[str, str]) -> Path:
    """Write `files` (path inside the tree -> text) below `root`, for tests that plant a violation."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root
