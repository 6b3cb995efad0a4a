"""One source on a PC and on a board: the whole loop decides and sends the same bytes on both.

Under MicroPython (32-bit, whole numbers of 31 bits) every cycle runs with the heap locked, so any
allocation ends the run with a MemoryError.
"""

import struct
from pathlib import Path

import pytest

from hw_sim.leg import Leg
from hw_sim.sensors import SimSensors
from hw_sim.walker import WalkerSettings
from safety.sample import Sample
from tests.mpy import whole_loop
from tests.mpy.host import run_under_micropython

HERE = Path(__file__).resolve().parent
STORED = HERE / "golden" / "walk_trace.bin"
SCRIPT = HERE / "mpy" / "whole_loop.py"


def encoded(sample: Sample, dt_us: int) -> bytes:
    row = struct.pack("<H", dt_us)
    for rate in (sample.gyro_x_cdps, sample.gyro_y_cdps, sample.gyro_z_cdps):
        row += struct.pack("<i", rate)[:3]
    row += struct.pack("<3hB", sample.acc_x_mg, sample.acc_y_mg, sample.acc_z_mg, sample.heel + 1)
    assert len(row) == whole_loop.ROW_BYTES
    return row


def simulated_trace(seconds: int) -> bytes:
    """Sample a simulated severe foot drop, standing, walking and stopping, as `walk_trace.bin` stores it."""
    leg = Leg(WalkerSettings(severity="severe", seed=3, stop_s=seconds - 4.0))
    sensors = SimSensors(leg, place="foot", t_us_start=0)
    sample, rows, last_us = Sample(), [], 0
    for _ in range(seconds * 1000):
        leg.advance(1000)
        while sensors.read(sample):
            rows.append(encoded(sample, sample.t_us - last_us))
            last_us = sample.t_us
    return b"".join(rows)


def recorded_trace(number: int) -> bytes:
    from hw_sim.recordings import gait_dir, pick

    path = gait_dir() / "truong2019.npz"
    if not path.exists():
        pytest.skip(f"recordings are not here: {path} (see SWINGPHASE_GAIT_DIR)")
    recording = pick(path, number)
    sample, rows, last_us = Sample(), [], 0
    for i in range(recording.n_samples):
        recording.fill(i, sample)
        rows.append(encoded(sample, sample.t_us - last_us))
        last_us = sample.t_us
    return b"".join(rows)


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


@pytest.mark.parametrize("compiled", [False, True], ids=["from source", "from mpy"])
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


def test_a_recorded_walk_gives_one_checksum_on_cpython_and_micropython():
    here, board = both(recorded_trace(0), has_switch=False)
    assert here == board
    assert int(counts(here.splitlines()[0])["pulses"]) >= 200


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
