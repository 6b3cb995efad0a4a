"""Exercises and the wearer's level are the same on a PC and on a board, with the heap locked in every cycle."""

from pathlib import Path

import pytest

from tests.mpy import exercise_loop
from tests.mpy.host import run_under_micropython

SCRIPT = Path(__file__).resolve().parent / "mpy" / "exercise_loop.py"


@pytest.mark.parametrize(
    ("trigger", "order", "waveform", "compiled"),
    [(0, 0, 0, False), (0, 1, 2, True), (1, 0, 1, True), (2, 0, 0, False)],
)
def test_an_exercise_makes_the_same_decisions_on_cpython_and_micropython(trigger, order, waveform, compiled):
    here = exercise_loop.run(trigger, order, waveform)
    board = run_under_micropython(SCRIPT, str(trigger), str(order), str(waveform), compiled=compiled)
    assert board.strip().splitlines() == here
    last = here[-2].split()
    assert int(last[last.index("granted") + 1]) > 100, "it did run"
    assert last[last.index("granted") + 1] == last[last.index("asked") + 1]


def test_the_sum_sees_one_changed_current():
    before = exercise_loop.run(0, 0)
    longer = exercise_loop.PRESSES
    exercise_loop.PRESSES = longer[:1] + longer[2:]
    try:
        assert exercise_loop.run(0, 0)[-2].split(" sum ")[1] != before[-2].split(" sum ")[1]
    finally:
        exercise_loop.PRESSES = longer
