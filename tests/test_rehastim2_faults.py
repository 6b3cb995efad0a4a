"""The emulated RehaStim2 with something wrong, at any pace of time, and served at a port."""

import signal
import subprocess
import sys
from itertools import pairwise

import pytest
import serial
from hypothesis import given
from hypothesis import strategies as st

from hw_sim.emulators.rehastim2 import RehaStim2
from hw_sim.emulators.rehastim2_wire import FrameSplitter
from tests.house import REPO
from tests.rehastim2_talk import (
    ERROR,
    INIT,
    LIST,
    LIST_INIT,
    LIST_START,
    MODE,
    OK,
    PULSE,
    WRONG_MODE,
    Talk,
    listed,
    pulse,
)

# Errors ------------------------------------------------------------------------------------------------------


def test_open_lead_is_an_electrode_error_from_15_ma_on_and_ends_the_list():
    talk = Talk()
    talk.device.set_open_channels(1)
    talk.ask(LIST_INIT, LIST)
    talk.ask(LIST_START, listed((0, 250, 20), (0, 250, 14)))
    talk.wait(100_000)
    assert talk.said(ERROR) == []
    talk.say(1, LIST_START, listed((0, 250, 20), (0, 250, 16)))
    talk.wait(100_000)
    assert talk.said(ERROR) == [b"\xfe"]
    assert talk.device.mode == 0
    assert talk.ask(LIST_START, listed((0, 250, 20), (0, 250, 16))) == WRONG_MODE


def test_quick_stop_ends_the_list_and_forbids_every_pulse_until_it_is_released():
    talk = Talk()
    talk.ask(LIST_INIT, LIST)
    talk.ask(LIST_START, listed((0, 250, 20), (0, 250, 20)))
    talk.device.set_quick_stop(talk.now_us, pressed=True)
    n = len(talk.device.pulses)
    talk.wait(100_000)
    assert talk.said(ERROR) == [b"\xff"]
    talk.say(1, PULSE, pulse())
    talk.wait(100_000)
    assert talk.said(ERROR) == [b"\xff"] * 2
    assert len(talk.device.pulses) == n
    talk.device.set_quick_stop(talk.now_us, pressed=False)
    assert talk.ask(PULSE, pulse()) == OK


def test_broken_module_says_so():
    talk = Talk()
    talk.device.break_module(0)
    talk.wait(10_000)
    assert talk.said(ERROR) == [b"\xfd"]


def test_faults_of_the_line_reach_the_line():
    talk = Talk()
    faults = talk.device.faults
    faults.noise, faults.corrupt_checksum, faults.only_command = b"\x01\x02", True, MODE
    talk.say(1, MODE)
    wire = talk.device.step(talk.now_us)
    assert wire[:2] == b"\x01\x02"
    (frame,) = FrameSplitter().feed(wire)
    assert not frame.is_sound
    faults.corrupt_checksum, faults.wrong_packet_number = False, True
    talk.say(255, MODE)
    (frame,) = FrameSplitter().feed(talk.device.step(talk.now_us))
    assert (frame.packet_number, frame.is_sound) == (0, True)
    assert talk.ask(PULSE, pulse(), packet_number=9) == OK, "the others are left alone"
    faults.drop_answers = True
    talk.say(1, MODE)
    assert talk.device.step(talk.now_us) == b""


def test_split_answer_comes_in_two_parts():
    talk = Talk()
    talk.device.faults.split_us = 3_000
    talk.say(1, MODE)
    first = talk.device.step(0)
    assert talk.device.step(2_999) == b""
    (frame,) = FrameSplitter().feed(first + talk.device.step(3_000))
    assert frame.is_sound


def test_silent_device_hears_and_says_nothing():
    talk = Talk()
    talk.device.faults.silent = True
    talk.say(1, PULSE, pulse())
    talk.wait(5_000_000)
    assert (len(talk.heard), talk.device.pulses) == (1, [])


def test_leg_trainer_chatters_every_20_ms():
    talk = Talk()
    talk.device.faults.motomed = True
    talk.wait(1_000_000)
    times = [t for t, _, c, _ in talk.heard if c == 60]
    assert {b - a for a, b in pairwise(times)} == {20_000}


@pytest.mark.parametrize("value", [(-1, 5), (6, 5)])
def test_latencies_that_make_no_sense_are_refused(value):
    with pytest.raises(ValueError, match="ack_latency_us"):
        RehaStim2(ack_latency_us=value)
    with pytest.raises(ValueError, match="command_delay_us"):
        RehaStim2(command_delay_us=value)


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_garbage_never_breaks_the_device_nor_makes_a_pulse(chunks):
    talk = Talk()
    for chunk in chunks:
        talk.device.feed(talk.now_us, chunk)
        talk.wait(1_000)
    assert talk.device.pulses == []


@given(st.lists(st.tuples(st.integers(0, 300_000), st.sampled_from([4, 10, 30, 32, 34, 36])), max_size=20))
def test_stepping_from_event_to_event_and_in_one_leap_give_the_same_pulses_and_answers(plan):
    data = {30: LIST, 32: listed((0, 250, 20), (1, 300, 30)), 36: pulse()}
    fine = Talk(seed=3, ack_latency_us=(20_000, 100_000), command_delay_us=(10_000, 24_000))
    coarse = Talk(seed=3, ack_latency_us=(20_000, 100_000), command_delay_us=(10_000, 24_000))
    for i, (dt_us, command) in enumerate(plan):
        for talk in (fine, coarse):
            talk.say(i, command, data.get(command, b""))
        fine.wait(dt_us)
        coarse.now_us += dt_us
    fine.wait(1_000_000)
    coarse.now_us += 1_000_000
    said = FrameSplitter().feed(coarse.device.step(coarse.now_us))
    assert fine.device.pulses == coarse.device.pulses
    assert [h[1:] for h in fine.heard[1:]] == [(f.packet_number, f.command, f.data) for f in said]


def test_device_that_waits_for_its_host_is_due_at_its_next_init():
    device = RehaStim2()
    assert device.due_us(0) == 0
    device.step(0)
    assert device.due_us(5) == 500_000


def test_front_door_serves_one_that_says_init_and_ends_on_ctrl_c():
    with subprocess.Popen(
        [sys.executable, str(REPO / "swingphase.py"), "emulate", "rehastim2"],
        cwd=REPO,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        path = process.stdout.readline().split(" answers at ")[1].split(" ")[0]
        with serial.Serial(path, timeout=10) as port:
            said = port.read(9)
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(timeout=20) == 0
    assert FrameSplitter().feed(said)[0].command == INIT
    assert "0 pulses were delivered" in rest
