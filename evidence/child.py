"""Run tests against a changed module, in a forked child, so that nothing of the change can stay.

The parent has pytest and hypothesis in memory and none of our modules; a child puts the changed module in its
place before anything imports it, runs the tests and tells by its exit code what they said.
"""

import ast
import functools
import os
import signal
import sys
import types
from collections.abc import Callable
from pathlib import Path

import hypothesis  # noqa: F401  (in memory before the fork, so that a child starts quickly)
import numpy as np  # noqa: F401
import pytest

from evidence.requirements import ROOT

CPU_MAX_S = 60.0  # of the child alone: a change that makes a loop endless must not stop the run
WALL_MAX_S = 600  # a child that waits for ever without using the processor

Change = Callable[[str], ast.Module]  # from the source as it stands to the changed module


def module_of(file: str) -> str:
    """Return the dotted name of "safety/gate.py"."""
    return file.removesuffix(".py").replace("/", ".")


@functools.cache
def source(file: str) -> str:
    """Return the text of `file`, the same throughout a run, whoever may be editing it."""
    return (ROOT / file).read_text(encoding="utf-8")


def start(file: str, change: Change | None, tests: tuple[str, ...], cpu_max_s: float = CPU_MAX_S) -> int:
    """Fork a child that runs `tests` (files or node names) on `file` with `change` applied; return its pid.

    Wait for it and ask `passed(status)`. The parent must not have imported the module.
    """
    if module_of(file) in sys.modules:
        raise RuntimeError(
            f"{module_of(file)} is imported already; the change would not be seen. Fork earlier."
        )
    source(file)
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        code = 3
        try:
            code = _run(file, change, tests, cpu_max_s)
        finally:
            os._exit(code)
    return pid


def passed(status: int) -> bool:
    """Return whether the child with this wait status said that every test passed."""
    return os.waitstatus_to_exitcode(status) == 0


def run(file: str, change: Change | None, tests: tuple[str, ...]) -> bool:
    """Run one child to its end; return whether every test passed."""
    return passed(os.waitpid(start(file, change, tests), 0)[1])


def _run(file: str, change: Change | None, tests: tuple[str, ...], cpu_max_s: float) -> int:
    signal.setitimer(signal.ITIMER_VIRTUAL, cpu_max_s)  # ends the child: nobody handles the signal
    signal.alarm(WALL_MAX_S)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.environ["CI"] = "true"  # hypothesis: the same examples each time
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # looking for plugins takes longer than the tests
    os.environ.pop("PYTEST_XDIST_WORKER", None)
    os.chdir(ROOT)
    if change is not None:
        _put_in_place(file, change)
    options = ["-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # hypothesis is in memory already
    return int(pytest.main([*options, *tests]))


def _put_in_place(file: str, change: Change) -> None:
    name = module_of(file)
    tree = change(source(file))
    module = types.ModuleType(name)
    module.__file__ = str(Path(ROOT, file))
    module.__package__ = name.rpartition(".")[0]
    sys.modules[name] = module
    exec(compile(ast.fix_missing_locations(tree), module.__file__, "exec"), module.__dict__)
