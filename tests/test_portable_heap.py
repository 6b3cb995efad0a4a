"""The heap of a whole board, measured where whole numbers and pointers have 32 bits as on the chips."""

from pathlib import Path

import pytest

from firmware_py.pi.board.deploy import HEAP_MIN_N
from stimulator.prescription import canonical_bytes, default_prescription
from tests.mpy.host import run_under_micropython

HERE = Path(__file__).resolve().parent
ROWS = 1_200  # 12 s of the stored walk
LOOP_MAX = 90_000  # objects and garbage, the code aside
CODE_MAX = 185_000  # docs/boards.md, "Memory": more than a Pico W has
MARGIN = 30_000  # for the radio's stack, what is read at the start, and what splits free memory


@pytest.fixture(scope="module")
def found():
    said = run_under_micropython(
        HERE / "mpy/board_heap.py",
        "/app/walk.bin",
        "/app/prescription.bin",
        files={
            "walk.bin": (HERE / "golden/walk_trace.bin").read_bytes()[: ROWS * 18],
            "prescription.bin": canonical_bytes(default_prescription()),
            "board_loop.py": HERE / "mpy/board_loop.py",
        },
        boards=True,
        compiled=True,
        again="again",
    )
    print(said)
    words = said.split()
    return {name: int(n) for name, n in zip(words[::2], words[1::2], strict=True)}


def test_the_walk_that_is_measured_has_pulses_and_collects_its_garbage(found):
    assert found["pulses"] > 300
    assert found["collections"] >= 1
    assert found["loaded"] > 100_000, "the board's files were there before the count began"


def test_the_loop_walks_in_ninety_kilobytes_beside_its_code(found):
    assert found["most"] - found["loaded"] <= LOOP_MAX


def test_no_board_is_filled_whose_heap_is_too_small_for_code_and_loop(found):
    assert found["loaded"] <= CODE_MAX
    assert found["most"] + MARGIN <= HEAP_MIN_N["rp2"]
    assert found["most"] + MARGIN <= HEAP_MIN_N["esp32"]
