"""One source on a PC and on a board: the whole loop decides and sends the same bytes on both.

Under MicroPython (32-bit, whole numbers of 31 bits) every cycle runs with the heap locked, so any
allocation ends the run with a MemoryError.
"""

import io
from pathlib import Path

import pytest

from hw_sim.scenario_file import library_names
from safety.clock import after_us
from safety.sample import Sample
from tests.loop_traces import encoded, recorded_traces, scenario_trace, seconds_of, stream_of
from tests.mpy import whole_loop
from tests.mpy.host import run_under_micropython

HERE = Path(__file__).resolve().parent
STORED = HERE / "golden" / "walk_trace.bin"
SCRIPT = HERE / "mpy" / "whole_loop.py"
# As different as four situations of the library can be: an IMU that breaks, a worn switch, no switch, other walking.
DIFFERENT = ("imu-cable-breaks", "switch-worn-out", "shank-only", "gravel")


def both(trace: bytes, *, has_switch: bool, compiled: bool = False) -> tuple[str, str]:
    here = "\n".join(whole_loop.run(trace, "foot", has_switch))
    switch = "switch" if has_switch else "none"
    board = run_under_micropython(
        SCRIPT, "/app/trace.bin", "foot", switch, files={"trace.bin": trace}, compiled=compiled
    )
    return here, board.strip()


def counts(line: str) -> dict[str, str]:
    words = line.split()
    return dict(zip(words[::2], words[1::2], strict=True))


@pytest.mark.parametrize(
    "compiled",
    [pytest.param(False, id="from source"), pytest.param(True, marks=pytest.mark.slow, id="from mpy")],
)
def test_the_stored_walk_gives_one_checksum_on_cpython_and_micropython(compiled):
    here, board = both(STORED.read_bytes(), has_switch=True, compiled=compiled)
    assert here == board
    seen = counts(here.splitlines()[0])
    assert int(seen["steps"]) >= 30, "a walk without steps proves nothing"
    assert int(seen["pulses"]) >= 1000
    assert seen["lost"] == "0"


@pytest.mark.parametrize("how", ["all", "both"])
def test_every_setting_the_keys_a_comparison_and_both_legs_are_the_same_on_a_board(how):
    trace = STORED.read_bytes()
    here = "\n".join({"all": whole_loop.run_all, "both": whole_loop.run_both}[how](trace, "foot"))
    board = run_under_micropython(SCRIPT, "/app/trace.bin", "foot", how, files={"trace.bin": trace})
    assert board.strip() == here
    seen = counts(here.splitlines()[0]) if how == "all" else {}
    assert int(seen.get("pulses", 1000)) >= 1000
    if how == "all":
        assert here.splitlines()[2].startswith("level 75 ")
        assert here.endswith(" labels [0, 1, 3, 2, 1, 0]")
    else:
        words = here.split()
        assert int(words[1]) >= 15
        assert int(words[2]) >= 15
        assert int(words[4]) >= 500


def both_of(walks: list[tuple[str, bool, bytes]], timeout_s: float = 300) -> tuple[list[str], list[str]]:
    stream = stream_of(walks)
    board = run_under_micropython(
        SCRIPT, "/app/walks.bin", files={"walks.bin": stream}, compiled=True, timeout_s=timeout_s
    )
    return list(whole_loop.run_stream(io.BytesIO(stream))), board.strip().splitlines()


def pulses_of(lines: list[str]) -> int:
    return sum(int(counts(line.partition(" ")[2])["pulses"]) for line in lines if " ticks " in line)


def test_recorded_people_give_one_checksum_on_cpython_and_on_the_mpy_that_ships():
    here, board = both_of(recorded_traces(30))
    assert here == board
    assert pulses_of(here) >= 200


def test_situations_of_daily_life_give_one_checksum_on_cpython_and_on_the_mpy_that_ships():
    walks = [scenario_trace(name, 13) for name in DIFFERENT]
    assert any(mark & whole_loop.NO_IMU for mark in walks[0][2][17 :: whole_loop.ROW_BYTES])
    here, board = both_of(walks)
    assert here == board
    assert pulses_of(here) >= 100 * len(DIFFERENT)


@pytest.mark.slow
def test_an_hour_of_walks_gives_one_checksum_on_cpython_and_on_the_mpy_that_ships():
    walks = [scenario_trace(name, 2_000) for name in library_names()]
    walks += recorded_traces(3_600 - sum(seconds_of(rows) for _, _, rows in walks))
    assert sum(seconds_of(rows) for _, _, rows in walks) >= 3_600
    here, board = both_of(walks, timeout_s=3_600)
    assert here == board, "the first line that differs names the walk"
    print(here[-1])


def test_a_gap_without_samples_is_the_same_time_as_one_long_wait():
    sample = Sample()
    rows = encoded(sample, 10_000) + encoded(sample, 150_000)
    assert len(rows) == 4 * whole_loop.ROW_BYTES
    sensors = whole_loop.TraceSensors(rows)
    sensors.now_us = after_us(whole_loop.T_START_US, 10_000)
    assert sensors.read(sample)
    sensors.now_us = after_us(whole_loop.T_START_US, 159_999)
    assert not sensors.read(sample)
    sensors.now_us = after_us(whole_loop.T_START_US, 160_000)
    assert sensors.read(sample)
    assert sample.t_us == sensors.now_us


def test_the_checksum_sees_one_changed_sample():
    trace = bytearray(STORED.read_bytes())
    before = whole_loop.run(bytes(trace), "foot")
    trace[whole_loop.ROW_BYTES * 1000 + 2] ^= 1
    assert whole_loop.run(bytes(trace), "foot")[1] != before[1]


def test_an_allocation_inside_the_cycle_is_found(tmp_path):
    script = tmp_path / "allocates.py"
    script.write_text(
        "import micropython\nmicropython.heap_lock()\ntry:\n    x = [0] * 8\n    said = 'missed'\n"
        "except MemoryError:\n    said = 'found'\nmicropython.heap_unlock()\nprint(said)\n"
    )
    assert run_under_micropython(script).strip() == "found"
