"""The emulated P24 with something wrong, and at any pace of time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw_sim.emulators.p24 import P24
from hw_sim.emulators.sciencemode_wire import FrameSplitter, encode_frame
from tests.p24_talk import Talk, pulse_data


@pytest.fixture
def low():
    talk = Talk()
    assert talk.ask(0, b"\x00") == b"\x00"
    return talk


def test_dropped_answer_does_not_drop_the_pulse(low):
    low.device.faults.drop_answers = True
    low.say(1, 2, pulse_data())
    n = len(low.heard)
    low.wait(100_000)
    assert (len(low.device.pulses), len(low.heard)) == (1, n)


def test_fault_for_one_command_leaves_the_others_alone(low):
    low.device.faults.drop_answers = True
    low.device.faults.only_command = 2
    assert low.ask(62) == bytes((0, 1, 6))


def test_late_answer_is_overtaken_by_others(low):
    low.device.faults.late_us = 50_000
    low.device.faults.only_command = 2
    low.say(1, 2, pulse_data())
    low.say(2, 62)
    low.wait(100_000)
    assert [n for _, n, _, _ in low.heard[-2:]] == [2, 1]


def test_wrong_packet_number_and_noise_and_checksum_reach_the_line(low):
    low.device.faults.wrong_packet_number = True
    low.say(63, 62)
    low.wait(0)
    assert low.heard[-1][1] == 0
    low.device.faults.wrong_packet_number = False
    low.device.faults.noise = b"\x01\x02"
    low.device.faults.corrupt_checksum = True
    low.say(1, 62)
    wire = low.device.step(low.now_us)
    assert wire[:2] == b"\x01\x02"
    (frame,) = FrameSplitter().feed(wire)
    assert not frame.is_sound


def test_busy_device_refuses_stimulation_with_result_21(low):
    low.device.faults.busy = True
    assert low.ask(2, pulse_data())[0] == 21
    low.ask(4)
    low.ask(30, b"\x00")
    assert low.ask(32, b"\x00") == b"\x15"


def test_failing_high_voltage_is_told_at_init_and_nothing_is_on():
    talk = Talk()
    talk.device.faults.high_voltage = True
    assert talk.ask(0, b"\x00") == b"\x08"
    assert talk.ask(30, b"\x00") == b"\x08"
    assert talk.ask(2, pulse_data())[0] == 7


def test_what_the_device_hears_damaged_is_a_general_error_and_no_pulse(low):
    low.device.faults.corrupt_heard = True
    low.say(1, 2, pulse_data())
    low.wait(100_000)
    assert low.heard[-1][2:] == (66, b"\x01")
    assert low.device.pulses == []


def test_answer_in_two_pieces_and_any_result_for_a_pulse(low):
    low.device.faults.split_us = 2_000
    low.device.faults.pulse_result = 16
    assert low.ask(2, pulse_data()) == b"\x10\x00\x00"
    assert len(low.device.pulses) == 1


def test_silent_device_hears_nothing(low):
    low.device.faults.silent = True
    low.say(1, 2, pulse_data())
    low.wait(100_000)
    assert low.device.pulses == []


@given(st.lists(st.tuples(st.integers(0, 20_000), st.sampled_from([2, 4, 0, 62, 30])), max_size=20))
def test_stepping_from_event_to_event_and_in_one_leap_give_the_same_pulses_and_answers(plan):
    fine, coarse = Talk(seed=3, ack_latency_us=(0, 5_000)), Talk(seed=3, ack_latency_us=(0, 5_000))
    said = bytearray()
    for talk in (fine, coarse):
        talk.ask(0, b"\x00")
    for i, (dt_us, command) in enumerate(plan):
        data = pulse_data(i % 8) if command == 2 else b"\x00" if command in (0, 30) else b""
        for talk in (fine, coarse):
            talk.say(i, command, data)
        fine.wait(dt_us)
        coarse.now_us += dt_us
    fine.wait(1_000_000)
    coarse.now_us += 1_000_000
    said += coarse.device.step(coarse.now_us)
    assert fine.device.pulses == coarse.device.pulses
    heard = [(f.packet_number, f.command, f.data) for f in FrameSplitter().feed(bytes(said))]
    assert [h[1:] for h in fine.heard[1:]] == heard


def test_device_with_nothing_to_do_is_never_due():
    device = P24()
    assert device.due_us(5) is None
    assert device.step(10**12) == b""
    device.feed(10**12, encode_frame(1, 62, b""))
    assert device.due_us(10**12) == 10**12
    assert device.due_us(10**12 + 5) == 10**12 + 5


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_garbage_never_breaks_the_device_nor_makes_a_pulse(chunks):
    talk = Talk()
    for chunk in chunks:
        talk.device.feed(talk.now_us, chunk)
        talk.wait(1_000)
    assert talk.device.pulses == []
