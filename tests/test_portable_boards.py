"""A whole board on a stand-in chip (IMU, output stage, superloop) does the same on a PC and under MicroPython.

Under MicroPython the heap really is locked in each tick: what the board's own files allocate there ends the run.
"""

from pathlib import Path

import pytest

from stimulator.prescription import canonical_bytes, default_prescription
from tests.fake_board import fake_board
from tests.mpy import board_loop
from tests.mpy.host import run_under_micropython

HERE = Path(__file__).resolve().parent
SCRIPT = HERE / "mpy" / "board_loop.py"
ROWS = 1_200  # 12 s of the stored walk: it stands, walks, and passes the clock's wrap
TRACE = (HERE / "golden" / "walk_trace.bin").read_bytes()[: ROWS * 18]


def here(root: Path, trace: bytes = TRACE) -> list[str]:
    with fake_board(root) as rig:
        root.mkdir(exist_ok=True)
        board_loop.write_files(str(root), "rp2", canonical_bytes(default_prescription()))
        return list(board_loop.run(str(root), trace, rig.board("pins_rp2"), rig.board, rig.chip))


@pytest.mark.parametrize(
    "compiled",
    [pytest.param(False, marks=pytest.mark.slow, id="from source"), pytest.param(True, id="from mpy")],
)
def test_a_board_does_the_same_on_cpython_and_micropython(tmp_path, compiled):
    expected = here(tmp_path)
    said = run_under_micropython(
        SCRIPT, "/app/walk.bin", files={"walk.bin": TRACE}, boards=True, compiled=compiled
    )
    assert said.strip().splitlines() == expected
    words = expected[0].split()
    counts = dict(zip(words[::2], words[1::2], strict=True))
    assert int(counts["pulses"]) > 300, "a walk without pulses proves nothing"
    assert counts["pulses"] == counts["acked"]
    assert counts["overruns"] == "0"
    assert expected[2].startswith("stops 1 said ['swingphase ")
    assert expected[2].endswith("'ok', 'no: the line after it came too soon. Type it again.']")


def test_the_checksum_sees_one_changed_rate_near_the_end(tmp_path):
    changed = bytearray(TRACE)
    changed[18 * (ROWS - 10) + 6] ^= 1
    assert here(tmp_path / "a", bytes(changed))[-1] != here(tmp_path / "b")[-1]
