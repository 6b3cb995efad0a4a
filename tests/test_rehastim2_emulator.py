"""The emulated RehaStim2 behaves like the device: it begins, times out, refuses, repeats its list."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from hw_sim.emulators.load import ResistorLoad
from hw_sim.emulators.rehastim2_wire import encode_frame
from tests.rehastim2_talk import (
    BUSY,
    INIT,
    INIT_ACK,
    LIST,
    LIST_INIT,
    LIST_START,
    LIST_STOP,
    MODE,
    OK,
    PARAMETER,
    PULSE,
    WRONG_MODE,
    Talk,
    listed,
    pulse,
)

GOLDEN = json.loads((Path(__file__).parent / "golden" / "golden_frames.json").read_text())


# The connection ---------------------------------------------------------------------------------------------


def test_init_comes_every_500_ms_with_a_counter_until_it_is_accepted():
    talk = Talk(connect=False).wait(2_000_000)
    assert [(t, n, c, d) for t, n, c, d in talk.heard] == [(i * 500_000, i, INIT, b"\x01") for i in range(5)]
    talk.say(4, INIT_ACK, b"\x00")
    talk.alive(2_000)
    assert len(talk.heard) == 5
    assert talk.device.is_connected


@pytest.mark.parametrize(("number", "data"), [(1, b"\x00"), (0, b"\xfb"), (0, b""), (0, b"\x00\x00")])
def test_init_is_only_accepted_by_its_own_number_and_a_zero(number, data):
    talk = Talk(connect=False).wait(0)
    talk.say(number, INIT_ACK, data)
    assert not talk.device.is_connected
    talk.wait(500_000)
    assert len(talk.said(INIT)) == 2


def test_nothing_is_obeyed_before_the_connection():
    talk = Talk(connect=False).wait(0)
    for command, data in ((PULSE, pulse()), (MODE, b""), (LIST_INIT, LIST)):
        talk.say(1, command, data)
    talk.wait(400_000)
    assert {c for _, _, c, _ in talk.heard} == {INIT}
    assert talk.device.pulses == []


@pytest.mark.parametrize(("silence_us", "is_connected"), [(1_199_999, True), (1_200_000, False)])
def test_connection_ends_after_1200_ms_without_a_sound_frame(silence_us, is_connected):
    talk = Talk()
    talk.wait(silence_us)
    assert talk.device.is_connected is is_connected
    assert len(talk.said(INIT)) == (1 if is_connected else 2)


def test_damaged_frames_do_not_keep_the_connection():
    talk = Talk()
    for _ in range(3):
        wire = bytearray(encode_frame(1, 4, b""))
        wire[2] ^= 1
        talk.device.feed(talk.now_us, bytes(wire))
        talk.wait(500_000)
    assert not talk.device.is_connected


def test_running_list_ends_with_the_connection_and_does_not_come_back():
    talk = Talk()
    assert talk.ask(LIST_INIT, LIST) == OK
    assert talk.ask(LIST_START, listed((0, 250, 20), (0, 300, 30))) == OK
    heard_us = talk.now_us - 30_000
    talk.wait(3_000_000)
    last_us = talk.device.pulses[-1].start_us
    assert heard_us + 1_150_000 < last_us < heard_us + 1_200_000
    talk.say(talk.heard[-1][1], INIT_ACK, b"\x00")
    n = len(talk.device.pulses)
    talk.alive(2_000)
    assert len(talk.device.pulses) == n
    assert talk.ask(LIST_START, listed((0, 250, 20), (0, 300, 30))) == WRONG_MODE


def test_power_cycle_is_deaf_and_mute_and_then_begins_anew():
    talk = Talk()
    talk.device.power_cycle(talk.now_us)
    talk.say(7, MODE)
    talk.wait(999_999)
    assert len(talk.heard) == 1
    talk.wait(1)
    assert [c for _, _, c, _ in talk.heard] == [INIT, INIT]


# Golden answers ----------------------------------------------------------------------------------------------


def golden(command):
    return [f for f in GOLDEN["ScienceMode2"]["frames"] if f["command"] == command]


def test_answers_are_the_golden_ones():
    talk = Talk(connect=False)
    assert talk.device.step(0).hex() == golden("Init")[0]["frame_hex"]
    talk.device.feed(0, bytes.fromhex(golden("InitAck")[0]["frame_hex"]))
    said = {}
    for name in ("GetStimulationMode", "InitChannelListMode", "StartChannelListMode", "StopChannelListMode"):
        frame = golden(name)[0]
        talk.device.feed(talk.now_us, bytes.fromhex(frame["frame_hex"]))
        said[name] = talk.device.step(talk.now_us).hex()
        expected = [f["frame_hex"] for f in golden(name + "Ack") if "result=0" in f["parameters"]]
        if name != "GetStimulationMode":
            assert said[name] == expected[0]
    assert said["GetStimulationMode"].endswith("0b00000f"), "mode 0: at the start"


def test_frame_with_a_wrong_checksum_gets_the_golden_transfer_error():
    (bad,) = [f for f in GOLDEN["corrupted"] if f["protocol"] == "ScienceMode2"]
    talk = Talk()
    talk.device.feed(0, bytes.fromhex(bad["frame_hex"]))
    assert talk.device.step(0).hex() == bad["expected_reply_hex"]


def test_unknown_command_is_echoed():
    talk = Talk()
    talk.say(3, 0x5F)
    talk.wait(10_000)
    assert talk.said(3) == [b"\x5f"]


# Single pulses -----------------------------------------------------------------------------------------------


def test_single_pulse_is_biphasic_balanced_and_answered_after_it():
    talk = Talk(ack_latency_us=(20_000, 100_000), command_delay_us=(10_000, 24_000))
    assert talk.ask(PULSE, pulse(3, 271, 30), wait_us=110_000) == OK
    (given_pulse,) = talk.device.pulses
    assert (given_pulse.channel, given_pulse.width_us, given_pulse.current_ma) == (3, 271, 30.0)
    assert given_pulse.net_charge_nc == 0
    assert 10_000 <= given_pulse.start_us <= 24_000
    assert given_pulse.start_us + given_pulse.duration_us <= talk.heard[-1][0] <= 100_000


@pytest.mark.parametrize(
    ("asked_ma", "given_ma"), [(2, 2), (3, 2), (25, 24), (126, 126), (127, 126), (130, 126)]
)
def test_current_is_what_the_device_can_do_whatever_was_asked(asked_ma, given_ma):
    talk = Talk()
    assert talk.ask(PULSE, pulse(current_ma=asked_ma)) == OK
    assert [p.current_ma for p in talk.device.pulses] == [given_ma]


@pytest.mark.parametrize("data", [pulse(width_us=0), pulse(current_ma=0)])
def test_pulse_of_no_width_or_no_current_is_none(data):
    talk = Talk()
    assert talk.ask(PULSE, data) == OK
    assert talk.device.pulses == []


@pytest.mark.parametrize(
    "data",
    [
        pulse(8),
        pulse(width_us=19),
        pulse(width_us=501),
        pulse(current_ma=131),
        pulse()[:3],
        pulse() + b"\x00",
        b"",
    ],
)
def test_parameters_out_of_range_are_refused(data):
    talk = Talk()
    assert talk.ask(PULSE, data) == PARAMETER
    assert talk.device.pulses == []


def test_second_pulse_before_the_answer_to_the_first_is_refused_as_busy():
    talk = Talk(ack_latency_us=(50_000, 50_000), command_delay_us=(10_000, 10_000))
    talk.say(1, PULSE, pulse())
    talk.wait(20_000)
    talk.say(2, PULSE, pulse(1))
    talk.wait(100_000)
    assert [(n, d) for _, n, c, d in talk.heard if c == PULSE + 1] == [(1, OK), (2, BUSY)]
    assert talk.ask(PULSE, pulse(1), wait_us=100_000) == OK
    assert [p.channel for p in talk.device.pulses] == [0, 1]


def test_stop_takes_back_a_pulse_that_has_not_run():
    talk = Talk(ack_latency_us=(20_000, 20_000), command_delay_us=(10_000, 10_000))
    talk.say(1, PULSE, pulse())
    talk.wait(5_000)
    talk.say(2, LIST_STOP)
    talk.wait(100_000)
    assert talk.device.pulses == []


def test_weak_load_shows_what_was_reached():
    talk = Talk(load=ResistorLoad(2_000, compliance_v=100))
    assert talk.ask(PULSE, pulse(current_ma=60)) == OK
    assert [(p.current_ma, p.reached_ma) for p in talk.device.pulses] == [(60, 50)]


# The list ----------------------------------------------------------------------------------------------------


def test_list_repeats_its_pulses_each_channel_in_its_slot_until_it_is_stopped():
    talk = Talk()
    assert talk.ask(MODE) == OK + b"\x00"
    assert talk.ask(LIST_INIT, LIST) == OK
    assert talk.ask(MODE) == OK + b"\x01"
    started_us = talk.now_us
    assert talk.ask(LIST_START, listed((0, 250, 20), (0, 300, 30))) == OK
    assert talk.ask(MODE) == OK + b"\x02"
    talk.alive(1_000)
    starts = [(p.start_us - started_us, p.channel) for p in talk.device.pulses[:4]]
    assert starts == [(0, 0), (1_500, 1), (25_000, 0), (26_500, 1)]
    assert {(p.channel, p.current_ma, p.width_us) for p in talk.device.pulses} == {(0, 20, 250), (1, 30, 300)}
    assert talk.ask(LIST_STOP) == OK
    n = len(talk.device.pulses)
    talk.alive(1_000)
    assert len(talk.device.pulses) == n
    assert talk.ask(MODE) == OK + b"\x00"


def test_update_takes_over_at_the_next_period_and_zero_current_is_silence():
    talk = Talk()
    talk.ask(LIST_INIT, LIST)
    talk.ask(LIST_START, listed((0, 250, 20), (0, 300, 30)))
    assert talk.ask(LIST_START, listed((0, 250, 24), (0, 300, 0))) == OK
    talk.device.pulses.clear()
    talk.alive(1_000)
    assert {(p.channel, p.current_ma) for p in talk.device.pulses} == {(0, 24)}
    assert {b.start_us - a.start_us for a, b in pairwise(talk.device.pulses)} == {25_000}


def test_list_without_a_period_runs_once_per_start_with_its_triplet():
    talk = Talk()
    assert talk.ask(LIST_INIT, bytes((0, 0b100, 0, 13, 0, 0, 0))) == OK
    for _ in range(2):
        assert talk.ask(LIST_START, listed((2, 250, 20)), wait_us=100_000) == OK
    starts = [p.start_us for p in talk.device.pulses]
    assert [b - a for a, b in pairwise(starts)] == [8_000, 8_000, 84_000, 8_000, 8_000]


def test_low_frequency_channel_pulses_in_every_third_period():
    talk = Talk()
    assert talk.ask(LIST_INIT, bytes((2, 0b11, 0b10, 13, 0, 48, 0))) == OK
    talk.ask(LIST_START, listed((0, 250, 20), (0, 250, 20)))
    talk.alive(500)
    starts = [p.start_us for p in talk.device.pulses if p.channel == 1]
    assert {b - a for a, b in pairwise(starts)} == {75_000}


def test_periods_below_8_ms_are_quietly_lengthened():
    talk = Talk()
    assert talk.ask(LIST_INIT, bytes((0, 1, 0, 1, 0, 2, 0))) == OK
    talk.ask(LIST_START, listed((1, 250, 20)))
    assert {b.start_us - a.start_us for a, b in pairwise(talk.device.pulses)} <= {0, 8_000, 600, 7_400}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        LIST[:6],
        LIST + b"\x00",
        b"\x08" + LIST[1:],
        bytes((0, 0, 0, 13, 0, 48, 0)),
        bytes((0, 1, 0, 13, 8, 1, 0)),
    ],
)
def test_list_that_cannot_be_prepared_is_refused(data):
    talk = Talk()
    assert talk.ask(LIST_INIT, data) == PARAMETER
    assert talk.device.mode == 0


@pytest.mark.parametrize(
    "data",
    [listed((0, 250, 20)), listed((3, 250, 20), (0, 250, 20)), listed((0, 501, 20), (0, 250, 20)), b""],
)
def test_start_with_the_wrong_count_or_values_is_refused(data):
    talk = Talk()
    talk.ask(LIST_INIT, LIST)
    assert talk.ask(LIST_START, data) == PARAMETER
    assert talk.device.pulses == []


def test_commands_of_another_mode_are_refused():
    talk = Talk()
    assert talk.ask(LIST_START, listed((0, 250, 20))) == WRONG_MODE
    talk.ask(LIST_INIT, LIST)
    assert talk.ask(LIST_INIT, LIST) == WRONG_MODE
    assert talk.ask(PULSE, pulse()) == WRONG_MODE
