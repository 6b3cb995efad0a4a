"""Gate, supervisor and plausibility say the same on a PC and on a board, whatever they are asked, in any order.

Under MicroPython every call is made with the heap locked: an allocation ends the run with a MemoryError.
"""

from pathlib import Path

import pytest

from safety import limits
from tests.mpy import safety_calls
from tests.mpy.host import ScriptFailed, run_under_micropython

SCRIPT = Path(__file__).resolve().parent / "mpy" / "safety_calls.py"
CALLS = 6_000


def counts(line: str) -> dict[str, str]:
    words = line.split()
    return dict(zip(words[:12:2], words[1:12:2], strict=True))


def bits(seeds, word: str) -> int:
    seen = 0
    for seed in seeds:
        seen |= int(counts(safety_calls.run(seed, CALLS)[0])[word], 16)
    return seen


@pytest.mark.parametrize("compiled", [False, True], ids=["from source", "from mpy"])
@pytest.mark.parametrize("seed", [1, 6, 9])
def test_any_order_of_calls_gives_one_checksum_on_cpython_and_micropython(seed, compiled):
    here = safety_calls.run(seed, CALLS)
    board = run_under_micropython(SCRIPT, str(seed), str(CALLS), compiled=compiled)
    assert board.strip().splitlines() == list(here)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 110))
def test_long_orders_of_calls_give_one_checksum_on_cpython_and_micropython(seed):
    here = safety_calls.run(seed, 50_000)
    assert run_under_micropython(SCRIPT, str(seed), "50000").strip().splitlines() == list(here)


def test_the_calls_reach_grants_faults_and_every_state():
    seeds = (1, 6, 9)
    for seed in seeds:
        seen = counts(safety_calls.run(seed, CALLS)[0])
        assert int(seen["calls"]) == CALLS
        assert int(seen["granted"]) >= 200
        assert int(seen["lowered"]) >= 50
        assert int(seen["armed"]) >= CALLS // 4
    assert bits(seeds, "states") == 0b1111111, "every state of the supervisor"
    assert bin(bits(seeds, "found")).count("1") >= 7, "most faults of plausibility"


def test_the_checksum_sees_another_seed_and_one_call_more():
    first = safety_calls.run(1, 1_000)[1]
    assert first != safety_calls.run(2, 1_000)[1]
    assert first != safety_calls.run(1, 1_100)[1]


def test_the_checksum_sees_a_limit_that_differs_by_one(monkeypatch):
    before = safety_calls.run(1, 2_000)
    monkeypatch.setattr(limits, "RISE_MAX_UA", 14_999)
    assert safety_calls.run(1, 2_000) != before


def test_an_allocation_in_a_call_is_found(tmp_path):
    # A gate that makes a list in its step: under MicroPython the locked heap must end the run.
    source = SCRIPT.read_text().replace(
        "        self.gate.advance(dt_us)\n", "        self.gate.advance([dt_us, 0][0])\n"
    )
    assert source != SCRIPT.read_text()
    script = tmp_path / "allocates.py"
    script.write_text(source)
    with pytest.raises(ScriptFailed, match="MemoryError"):
        run_under_micropython(script, "1", "500")
