"""Measuring on a board: the bench runs the whole loop with pulses, brings its files, and takes them away again."""

import json
import types
from pathlib import Path
from typing import Any

import pytest

from firmware_py.pi.board import job
from firmware_py.pi.board.measure import Measured, report, verdict
from firmware_py.pi.console import UserError
from tests.fake_repl import FakeRepl, at_port, files_of
from tests.mpy.host import run_under_micropython

BENCH = Path(__file__).resolve().parent / "mpy/bench_board.py"
FOUND = {
    "machine": "a board",
    "heap_used": 80_000,
    "heap_free": 100_000,
    "radio": "off",
    "gc_us": [4_000, 4_100],
    "cycles": 2_000,
    "guard_steps": 9_000,
    "pulses": 300,
    "bins": [0, 1_990, 8, 0, 2] + [0] * 55,
    "bin_us": 250,
    "longest_us": 1_040,
    "mean_us": 300,
    "late_us": 90,
    "left_out": 0,
    "page_us": [2_000, 30_000],
}


@pytest.fixture
def board(tmp_path):
    board: Any = FakeRepl(tmp_path / "flash")
    (board.root / "build.txt").write_text("abc rp2 123\n")
    (board.root / "safety").mkdir()
    (board.root / "safety/gate.mpy").write_bytes(b"the board's own")
    board.asked = []

    def run(cycles, radio, feed):
        board.asked.append((cycles, radio, set(files_of(board))))
        print("....\n" + json.dumps(FOUND))

    board.modules = {"firmware_py.boards.bench": types.SimpleNamespace(run=run)}
    return board


def bench(board, monkeypatch, *words):
    with at_port(board, monkeypatch):
        return job.main(["bench", "--port", "/dev/ttyACM0", *words])


def test_the_bench_walks_the_whole_loop_with_pulses_under_micropython():
    said = run_under_micropython(BENCH, "850", boards=True, compiled=True).strip().splitlines()
    found, feeds = json.loads(said[-2]), int(said[-1])
    assert found["cycles"] == feeds == 850, "the watchdog is fed once a cycle"
    assert sum(found["bins"]) == 850
    assert found["pulses"] > 50, "without pulses it measures too little"
    assert found["guard_steps"] > 0
    assert len(found["gc_us"]) == 8
    assert report(Measured(build="b", found=found)).endswith(verdict(found))


def test_the_bench_brings_what_is_missing_and_leaves_the_board_as_it_was(
    board, monkeypatch, capsys, tmp_path
):
    before = files_of(board)
    file = tmp_path / "figures.json"
    assert bench(board, monkeypatch, "--seconds", "10", "--radio", "--json", str(file)) == 0
    [(cycles, radio, there)] = board.asked
    assert (cycles, radio) == (2_000, True)
    assert {"firmware_py/boards/bench.mpy", "firmware_py/boards/stage.mpy", "safety/gate.mpy"} <= there
    assert files_of(board) == before, "and safety/gate.mpy was not written over"
    assert board.resets == 1
    said = capsys.readouterr().out
    assert "a board, build: abc rp2 123, radio: off" in said
    assert "longest 1.04 ms of 5 ms" in said
    assert json.loads(file.read_text()) == {"build": "abc rp2 123", **FOUND}


def test_the_bench_brings_a_stage_to_a_board_that_has_none(board, monkeypatch):
    board.platform = "esp32"
    bench(board, monkeypatch)
    assert "firmware_py/boards/stage.mpy" in board.asked[0][2]


def test_an_armed_board_is_not_measured(board, monkeypatch):
    board.state = "swingphase armed=1 state=armed fault=0"
    with pytest.raises(UserError, match="Somebody is armed"):
        bench(board, monkeypatch)
    assert board.codes == []


def test_what_was_brought_is_taken_away_after_a_failure_too(board, monkeypatch):
    def fails(cycles, radio, feed):
        raise MemoryError("no room")

    board.modules["firmware_py.boards.bench"].run = fails
    before = files_of(board)
    with pytest.raises(UserError, match="MemoryError: no room"):
        bench(board, monkeypatch)
    assert files_of(board) == before


@pytest.mark.parametrize("seconds", ["9", "601"])
def test_a_time_that_is_too_short_or_long_is_refused(board, monkeypatch, seconds):
    with pytest.raises(UserError, match="allowed is 10 to 600"):
        bench(board, monkeypatch, "--seconds", seconds)


def test_another_kind_of_board_is_refused(board, monkeypatch):
    board.platform = "stm32"
    with pytest.raises(UserError, match="of the kind stm32"):
        bench(board, monkeypatch)


@pytest.mark.parametrize(
    ("longest_us", "left_out", "says"),
    [
        (1_600, 0, "two thirds to spare"),
        (1_700, 0, "less than two thirds"),
        (3_300, 0, "less than two thirds"),
        (3_400, 0, "Not good enough: the longest tick"),
        (1_600, 1, "Not good enough: 1 ticks were left out"),
    ],
)
def test_the_verdict_knows_how_much_of_a_cycle_is_left(longest_us, left_out, says):
    assert says in verdict(FOUND | {"longest_us": longest_us, "left_out": left_out})


def test_the_histogram_shows_a_single_slow_tick():
    rows = report(Measured(build="b", found=FOUND)).splitlines()
    assert rows[1].split() == ["0.00", "ms", "0"]
    assert rows[2].split() == ["0.25", "ms", "1,990", "#" * 40]
    assert rows[5].split() == ["1.00", "ms", "2", "#"]
    assert "collecting memory: 4.0 to 4.1 ms; a page to the flash: 2.0 to 30.0 ms" in rows
