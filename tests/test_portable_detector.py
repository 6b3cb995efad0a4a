"""The detector decides the same on a PC and on a board: every field of its state at every sample of real walks.

Under MicroPython the decisions are taken with the heap locked, so that any allocation ends the run.
"""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np

from gait_detect.state import GaitState
from hw_sim.gait_simulated import simulated_recording
from hw_sim.recording import Recording
from hw_sim.recordings import load_recordings
from hw_sim.walker_settings import WalkerSettings
from safety.sample import HEEL_NONE
from tests.detector_traces import encoded_walk
from tests.mpy import decisions
from tests.mpy.host import run_under_micropython

SCRIPT = Path(__file__).resolve().parent / "mpy" / "decisions.py"
FIELDS = sorted(GaitState.__slots__)
HOUR_S = 3600.0


def on_both(walks: bytes, *, timeout_s: float = 120) -> tuple[list[str], list[str]]:
    here = decisions.run(io.BytesIO(walks), FIELDS)
    board = run_under_micropython(
        SCRIPT, "/app/walks.bin", ",".join(FIELDS), files={"walks.bin": walks}, timeout_s=timeout_s
    )
    return here, board.split("\n")[:-1]


def spread_over(recordings: list[Recording], seconds: float) -> list[Recording]:
    """Return recordings of at least `seconds` together, evenly over all people, sets and places."""
    lengths_s = np.array([r.n_samples / r.fs for r in recordings])
    every = max(1, int(lengths_s.sum() / seconds))
    chosen = [*recordings[::every], *(r for r in recordings if r.place == "shank")]
    assert sum(r.n_samples / r.fs for r in chosen) >= seconds, "the folder holds too few recordings"
    return chosen


def checked(walks: list[bytes], *, timeout_s: float = 120) -> list[str]:
    here, board = on_both(b"".join(walks), timeout_s=timeout_s)
    assert len(here) == len(walks) + 1
    first = next((n for n, (a, b) in enumerate(zip(here, board, strict=True)) if a != b), None)
    assert first is None, f"walk {first} differs: {here[first or 0]} here, {board[first or 0]} on MicroPython"
    return here


def test_an_hour_of_recorded_people_is_decided_alike_on_cpython_and_micropython(gait_dir: Path) -> None:
    chosen = spread_over(load_recordings(gait_dir), HOUR_S)
    said = checked([encoded_walk(r) for r in chosen], timeout_s=600)
    assert int(said[-1].split()[3]) > 1800, "walks without steps prove nothing"


def simulated() -> list[bytes]:
    """Foot and shank, with and without switch; a switch alone; an IMU that goes silent; an unplugged switch."""
    walks = []
    for place, severity, seed in (("foot", "severe", 1), ("shank", "flaccid", 2)):
        settings = WalkerSettings(severity=severity, seed=seed, stop_s=18.0)
        r = simulated_recording(settings, seconds=22.0, place=place)
        lost = r.gyro_counts.astype(np.float64)
        lost[700:900] = np.nan
        levels = np.array(r.heel_levels)
        levels[1200:] = HEEL_NONE
        walks += [
            encoded_walk(r),
            encoded_walk(r, use_switch=False),
            encoded_walk(replace(r, gyro_counts=np.full_like(lost, np.nan))),
            encoded_walk(replace(r, gyro_counts=lost, heel_levels=levels)),
        ]
    return walks


def test_simulated_walks_with_heel_switch_are_decided_alike_on_cpython_and_micropython() -> None:
    said = checked(simulated())
    steps = [int(line.split()[3]) for line in said[:-1]]
    each = [b - a for a, b in zip([0, *steps], steps, strict=False)]
    assert all(n >= 5 for n in each), f"steps of each walk: {each}"


def test_the_checksum_sees_one_changed_decision() -> None:
    walks = bytearray(simulated()[0])
    before = decisions.run(io.BytesIO(walks), FIELDS)
    walks[decisions.HEAD_BYTES + 1000 * decisions.ROW_BYTES + 5] ^= 0x40
    assert decisions.run(io.BytesIO(walks), FIELDS)[-1] != before[-1]


def test_samples_survive_being_stored() -> None:
    from safety.sample import Sample

    r = simulated_recording(WalkerSettings(seed=4), seconds=4.0)
    walks, sample, t_us = encoded_walk(r), Sample(), 0
    for i, expected in enumerate(r.samples()):
        t_us = decisions.fill(sample, t_us, walks, decisions.HEAD_BYTES + i * decisions.ROW_BYTES)
        for name in Sample.__slots__:
            assert getattr(sample, name) == getattr(expected, name), (i, name)
