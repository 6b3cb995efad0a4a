"""The first lines of a board: outputs low before anything that can fail, and low again whatever happens."""

import ast
import builtins
import sys
import time
import types

import pytest

from firmware_py.boards import pins_esp32, pins_rp2
from tests.fake_board import fake_board
from tests.house import REPO, tree_of

MAIN = REPO / "firmware_py/boards/main.py"
CANNOT_FAIL = ("sys", "machine")  # part of the firmware


@pytest.fixture
def rig(tmp_path):
    with fake_board(tmp_path) as rig:
        yield rig


def run_main(rig, monkeypatch, *, platform="rp2", start=None, fails=None):
    """Run main.py as a board does; return what it did in order: ("low", pin), ("import", name), ("start", None)."""
    did = []
    rig.chip.levels[:] = [1] * len(rig.chip.levels)  # everything is on: a soft reset in mid-pulse
    rig.chip.on_level = lambda pin, level: did.append(("high" if level else "low", pin))
    monkeypatch.setattr(
        sys, "print_exception", lambda e: did.append(("said", type(e).__name__)), raising=False
    )
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    real = builtins.__import__

    def importing(name, globals=None, locals=None, fromlist=(), level=0):
        if globals and globals.get("__file__") == "main.py":
            did.append(("import", name))
            if name == "sys":
                return types.SimpleNamespace(platform=platform, print_exception=sys.print_exception)  # pyright: ignore[reportAttributeAccessIssue]
            if name == "firmware_py.boards":
                if fails is not None:
                    raise fails
                return types.SimpleNamespace(start=types.SimpleNamespace(main=start or (lambda: None)))
        return real(name, globals, locals, fromlist, level)

    monkeypatch.setattr(builtins, "__import__", importing)
    exec(compile(MAIN.read_text(), "main.py", "exec"), {"__name__": "__main__", "__file__": "main.py"})
    monkeypatch.undo()
    return did, slept


@pytest.mark.parametrize(("platform", "pins"), [("rp2", pins_rp2), ("esp32", pins_esp32)])
def test_every_output_is_low_before_anything_of_ours_is_imported(rig, monkeypatch, platform, pins):
    did, _ = run_main(rig, monkeypatch, platform=platform)
    first = next(i for i, (what, name) in enumerate(did) if what == "import" and name not in CANNOT_FAIL)
    low = [pin for what, pin in did[:first] if what == "low"]
    assert set(low) == set(pins.OUTPUTS)
    if platform == "rp2":
        assert low[0] == pins.ENABLE, "the enable line first"
    assert not any(what == "high" for what, _ in did)


def test_nothing_stands_before_the_outputs_but_modules_of_the_firmware_itself():
    body = tree_of(MAIN).body
    at = next(i for i, node in enumerate(body) if isinstance(node, ast.For))
    for node in body[:at]:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
            assert set(names) <= set(CANNOT_FAIL)
        else:
            assert isinstance(node, ast.Expr | ast.Assign), ast.unparse(node)
            assert not any(
                isinstance(n, ast.Call) for n in ast.walk(node) if not isinstance(node, ast.Assign)
            )


def test_the_pins_of_the_pulse_program_lie_side_by_side():
    assert pins_rp2.SIDE_B == pins_rp2.SIDE_A + 1
    assert pins_rp2.SELECT_1 == pins_rp2.SELECT_0 + 1
    for pins in (pins_rp2, pins_esp32):
        used = [v for k, v in vars(pins).items() if isinstance(v, int)]
        assert len(used) == len(set(used)), "one pin, one use"


def test_a_pulse_program_that_survived_a_soft_reset_is_stopped_and_removed(rig, monkeypatch):
    rig.rp2.ACTIVE[0] = rig.rp2.ACTIVE[1] = 1
    run_main(rig, monkeypatch)
    assert rig.rp2.ACTIVE[:2] == [0, 0]
    assert set(rig.rp2.REMOVED) == {0}, "block 1 belongs to the radio"


@pytest.mark.parametrize(
    "error",
    [ImportError("gone"), MemoryError(), OSError(5), ValueError("x"), KeyboardInterrupt(), SystemExit(1)],
)
@pytest.mark.parametrize("where", ["import", "loop"])
def test_whatever_ends_the_loop_leaves_the_outputs_low_and_is_heard(rig, monkeypatch, error, where):
    def start():
        for pin in pins_rp2.OUTPUTS:
            rig.chip.set_output(pin, 1)
        raise error

    did, slept = run_main(
        rig, monkeypatch, start=start if where == "loop" else None, fails=error if where == "import" else None
    )
    assert all(rig.chip.levels[pin] == 0 for pin in pins_rp2.OUTPUTS)
    assert ("said", type(error).__name__) in did
    said = did.index(("said", type(error).__name__))
    assert not any(what == "high" for what, _ in did[said:])
    assert slept == [10]
    assert rig.chip.frequency[pins_rp2.BUZZER] == 2400
    assert rig.chip.duty[pins_rp2.BUZZER] == 0, "and silent afterwards"
    if where == "loop":
        lows = [pin for what, pin in did[:said] if what == "low"]
        assert set(lows[-5:]) == set(pins_rp2.OUTPUTS), "low before anything is said"


def test_a_loop_that_was_left_on_purpose_leaves_the_outputs_low_without_alarm(rig, monkeypatch):
    did, slept = run_main(rig, monkeypatch, start=lambda: rig.chip.set_output(pins_rp2.ENABLE, 1))
    assert rig.chip.levels[pins_rp2.ENABLE] == 0
    assert slept == []
    assert not any(what == "said" for what, _ in did)
