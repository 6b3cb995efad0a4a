"""Test bursts and their verdicts are the same on a PC and on a board, with the heap locked."""

from pathlib import Path

import pytest

from hw_sim.seated import AS_WIRED, SWAPPED, SeatedLeg
from hw_sim.sensors import SimSensors
from safety.sample import Sample
from tests.mpy import channel_check_loop
from tests.mpy.channel_check_loop import HELD_MS, LENGTH_MS, PRESS_MS
from tests.mpy.host import run_under_micropython
from tests.test_portable_loop import encoded

HERE = Path(__file__).resolve().parent / "mpy"
SCRIPT = HERE / "channel_check_loop.py"
CURRENTS_MA = (25.0, 20.0)


def trace_of(side, wiring, place="foot"):
    """Sample a seated leg that is stimulated at the times at which the script presses the buttons."""
    leg = SeatedLeg(side=side, severity="mild", wiring=wiring)
    sensors = SimSensors(leg, place=place, t_us_start=0, has_heel=False)
    sample, rows, last_us = Sample(), [], 0
    for ms in range(LENGTH_MS):
        leg.advance(1000)
        for channel, press_ms in enumerate(PRESS_MS):
            held_ms = ms - press_ms
            if 0 < held_ms < HELD_MS and held_ms % 25 == 0:
                leg.deliver(leg.now_us, channel, CURRENTS_MA[channel] * min(1.0, held_ms / 1000), 300.0)
        while sensors.read(sample):
            rows.append(encoded(sample, sample.t_us - last_us))
            last_us = sample.t_us
    return b"".join(rows)


def both(trace, side, place="foot", beats_until_ms=LENGTH_MS, compiled=False):
    here = channel_check_loop.run(trace, side, place, beats_until_ms)
    board = run_under_micropython(
        SCRIPT,
        *("/app/trace.bin", side, place, str(beats_until_ms)),
        files={"trace.bin": trace, "whole_loop.py": HERE / "whole_loop.py"},
        compiled=compiled,
    )
    assert board.strip().splitlines() == here
    return here


def verdicts(lines):
    return [line.split(" granted ")[0] for line in lines[:2]]


@pytest.mark.parametrize("compiled", [False, True], ids=["from source", "from mpy"])
@pytest.mark.parametrize("side", ["right", "left"])
def test_a_check_that_passes_gives_one_checksum_on_cpython_and_micropython(side, compiled):
    lines = both(trace_of(side, AS_WIRED), side, compiled=compiled)
    assert verdicts(lines) == ["channel 0 right", "channel 1 right"]
    assert "pulses 154 lost 0" in lines[2]


def test_swapped_leads_are_found_on_micropython_too():
    lines = both(trace_of("right", SWAPPED), "right")
    assert verdicts(lines) == ["channel 0 swapped", "channel 1 swapped"]


def test_a_sensor_on_the_shank_leaves_it_to_a_person_on_micropython_too():
    lines = both(trace_of("right", AS_WIRED, "shank"), "right", "shank")
    assert verdicts(lines) == ["channel 0 not visible", "channel 1 not visible"]


def test_lost_beats_end_the_burst_on_micropython_too():
    lines = both(trace_of("right", AS_WIRED), "right", beats_until_ms=PRESS_MS[1] + 300)
    assert lines[1].endswith("ended_by 3")
    assert 15 <= int(lines[1].split(" granted ")[1].split()[0]) <= 28, "0.7 s at 40 Hz"


def test_the_checksum_sees_one_changed_sample():
    trace = bytearray(trace_of("right", AS_WIRED))
    before = channel_check_loop.run(bytes(trace), "right", "foot")
    trace[18 * 250 + 5] ^= 4
    assert channel_check_loop.run(bytes(trace), "right", "foot")[-1] != before[-1]
