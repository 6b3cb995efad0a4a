"""Every wrong answer and trouble of the emulated RehaStim2 is a fault of its own, and no answer makes a pulse."""

from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw_sim.emulators.pty_link import PtyLink
from stimulator.drivers import faults
from stimulator.drivers import sciencemode2_states as states
from tests.sciencemode2_bench import ALL_STATES, CYCLE_US, PULSE, STOP, Bench, answer, go_to


@pytest.fixture
def make_bench():
    with ExitStack() as stack:
        yield lambda *args, **kwargs: stack.enter_context(Bench(*args, **kwargs))


@pytest.fixture
def bench(make_bench):
    return make_bench()


@pytest.fixture
def ready(bench):
    bench.connect()
    return bench


def named(state):
    return states.STATE_NAMES[state]


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("wrong_packet_number", True, faults.FAULT_UNMATCHED_ANSWER),
        ("corrupt_checksum", True, faults.FAULT_ANSWER_BROKEN),
        ("drop_answers", True, faults.FAULT_PULSE_NOT_ANSWERED),
        ("late_us", 125_000, faults.FAULT_PULSE_NOT_ANSWERED),
        ("split_us", 125_000, faults.FAULT_PULSE_NOT_ANSWERED),
        ("silent", True, faults.FAULT_PULSE_NOT_ANSWERED),
        ("busy", True, faults.FAULT_BUSY),
    ],
)
def test_each_trouble_with_a_pulse_answer_has_its_own_cause(ready, field, value, fault):
    setattr(ready.device.faults, field, value)
    assert ready.pulse()
    ready.cycle(60)
    assert (ready.driver.state, ready.driver.fault) == (states.FAULT, fault)
    assert (ready.driver.pulses_acked, ready.driver.pulses_failed) == (0, 1)
    assert not ready.pulse()


@pytest.mark.parametrize(
    ("field", "value"), [("noise", b"\x00\xff\x55\x81\x0f"), ("split_us", 3_000), ("motomed", True)]
)
def test_noise_split_answers_and_a_leg_trainers_chatter_do_no_harm(make_bench, field, value):
    bench = make_bench(ack_latency_us=(20_000, 80_000))
    setattr(bench.device.faults, field, value)
    bench.connect()
    bench.pulses(20)
    assert (bench.driver.pulses_acked, bench.driver.fault) == (20, faults.FAULT_NONE)


@pytest.mark.parametrize("command", [60, 89, 90])
def test_messages_of_a_leg_trainer_are_passed_over_and_its_other_numbers_are_not(ready, command):
    answer(ready, 200, command, b"\xfc")
    assert ready.driver.is_ready()
    answer(ready, 200, 58, b"\x00")
    assert ready.driver.fault == faults.FAULT_UNMATCHED_ANSWER


def test_pulse_without_an_answer_is_a_fault_after_120_ms_whatever_the_cycle(make_bench):
    for dt_us in (1_000, CYCLE_US, 33_000):
        bench = make_bench()
        bench.connect()
        bench.device.faults.silent = True
        assert bench.pulse()
        start_us = bench.now_us
        while bench.driver.is_ready():
            bench.cycle(dt_us=dt_us)
        assert 120_000 <= bench.now_us - start_us < 120_000 + dt_us


def test_clock_that_runs_backwards_makes_a_waiting_pulse_overdue(ready):
    assert ready.pulse()
    ready.driver.step(-1)
    assert ready.driver.fault == faults.FAULT_PULSE_NOT_ANSWERED


def test_damage_before_a_pulse_is_not_blamed_for_its_missing_answer(ready):
    ready.driver.receive(bytearray(b"\xf0\x0f"), 2)
    assert ready.driver.reader.errors == 1
    ready.device.faults.silent = True
    assert ready.pulse()
    ready.cycle(30)
    assert ready.driver.fault == faults.FAULT_PULSE_NOT_ANSWERED


def test_damaged_frame_on_the_way_to_the_device_is_reported_by_it(ready):
    ready.link.pump(ready.now_us, ready.port.written_total)
    assert ready.driver.encode_pulse(0, 20_000, 250, 0)
    ready.driver.pulse_written()
    broken = bytearray(ready.driver.tx)
    broken[2] ^= 1
    ready.device.feed(ready.now_us, bytes(broken))
    ready.cycle(30)
    assert ready.driver.fault == faults.FAULT_TRANSFER
    assert ready.device.pulses == []


RESULTS = {
    0xFF: faults.FAULT_TRANSFER,
    0xFE: faults.FAULT_PARAMETER,
    0xFD: faults.FAULT_NOT_INITIALISED,
    0xF8: faults.FAULT_BUSY,
    0xFC: faults.FAULT_UNKNOWN_RESULT,
    0x01: faults.FAULT_UNKNOWN_RESULT,
    0x80: faults.FAULT_UNKNOWN_RESULT,
}


@pytest.mark.parametrize(("result", "fault"), RESULTS.items())
def test_every_result_but_zero_latches_its_cause(ready, result, fault):
    assert ready.pulse(1)
    answer(ready, 1, 37, bytes((result,)))
    assert (ready.driver.state, ready.driver.fault) == (states.FAULT, fault)
    assert (ready.driver.last_result, ready.driver.last_command) == (
        result - 256 if result > 127 else result,
        37,
    )
    assert (ready.driver.error_channel, ready.driver.pulses_failed) == (1, 1)


WRONG_ACKS = [
    # packet number (1 is right), command (37 is right), data, fault
    (2, 37, b"\x00", faults.FAULT_UNMATCHED_ANSWER),
    (0, 37, b"\x00", faults.FAULT_UNMATCHED_ANSWER),
    (1, 33, b"\x00", faults.FAULT_UNMATCHED_ANSWER),
    (1, 36, b"\x00", faults.FAULT_UNMATCHED_ANSWER),
    (1, 11, b"\x00\x00", faults.FAULT_UNMATCHED_ANSWER),
    (1, 37, b"", faults.FAULT_ANSWER_INCOMPLETE),
    (1, 37, b"\x00\x00", faults.FAULT_ANSWER_INCOMPLETE),
    (1, 37, b"\xff\x00", faults.FAULT_ANSWER_INCOMPLETE),
    (1, 3, b"\x24", faults.FAULT_DEVICE_ERROR),
    (1, 38, b"", faults.FAULT_UNMATCHED_ANSWER),
    (1, 38, b"\xff", faults.FAULT_QUICK_STOP),
    (1, 38, b"\xfe", faults.FAULT_ELECTRODE),
    (1, 38, b"\xfd", faults.FAULT_HIGH_VOLTAGE),
    (1, 38, b"\xfc", faults.FAULT_UNKNOWN_RESULT),
    (0, 1, b"\x01", faults.FAULT_RESTARTED),
]


@pytest.mark.parametrize(("packet_number", "command", "data", "fault"), WRONG_ACKS)
def test_answer_that_does_not_fit_the_pulse_is_a_fault_at_once(ready, packet_number, command, data, fault):
    assert ready.pulse(1)
    answer(ready, packet_number, command, data)
    assert (ready.driver.state, ready.driver.fault) == (states.FAULT, fault)
    assert (ready.driver.pulses_acked, ready.driver.pulses_failed) == (0, 1)


def test_the_right_answer_is_counted_once_and_its_echo_is_a_fault(ready):
    assert ready.pulse(1)
    answer(ready, 1, 37, b"\x00")
    assert (ready.driver.pulses_acked, ready.driver.can_pulse()) == (1, True)
    answer(ready, 1, 37, b"\x00")
    assert (ready.driver.pulses_acked, ready.driver.fault) == (1, faults.FAULT_UNMATCHED_ANSWER)


@given(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=4))
def test_no_frame_but_the_right_answer_makes_a_waiting_driver_ready_for_the_next_pulse(number, command, data):
    with Bench(ack_latency_us=(0, 0), command_delay_us=(0, 0)) as bench:
        bench.connect()
        assert bench.driver.encode_pulse(0, 20_000, 250, 0)
        bench.driver.pulse_written()
        answer(bench, number, command, data)
        assert bench.driver.can_pulse() == ((number, command, data) == (1, 37, b"\x00"))


@given(st.lists(st.binary(max_size=60), max_size=6))
def test_garbage_from_the_port_never_breaks_the_driver_nor_makes_a_pulse(chunks):
    with Bench() as bench:
        bench.driver.start()
        for chunk in chunks:
            bench.driver.receive(bytearray(chunk), len(chunk))
            bench.cycle()
        bench.cycle(20)
        assert bench.device.pulses == []


# What the device says on its own account ---------------------------------------------------------------------


def test_open_electrode_is_a_fault_that_names_its_channel(ready):
    ready.device.set_open_channels(1)
    ready.pulses(1)
    assert ready.pulse(1)
    ready.cycle(30)
    assert (ready.driver.fault, ready.driver.error_channel) == (faults.FAULT_ELECTRODE, 1)
    assert (ready.driver.pulses_acked, ready.driver.pulses_failed) == (1, 1)


def test_error_between_two_pulses_names_the_channel_of_the_last_one(ready):
    ready.pulses(2)
    ready.device.break_module(ready.now_us)
    ready.cycle(2)
    assert (ready.driver.fault, ready.driver.error_channel) == (faults.FAULT_HIGH_VOLTAGE, 1)


@pytest.mark.parametrize("is_under_way", [False, True])
def test_quick_stop_is_a_fault_at_once_and_no_pulse_follows(ready, is_under_way):
    if is_under_way:
        assert ready.pulse()
    ready.device.set_quick_stop(ready.now_us, pressed=True)
    ready.cycle(40)
    assert ready.driver.fault == faults.FAULT_QUICK_STOP
    assert ready.device.pulses == []


def test_quick_stop_that_was_pressed_before_the_start_is_told_at_the_first_pulse(bench):
    bench.device.set_quick_stop(0, pressed=True)
    bench.connect()
    assert bench.pulse()
    bench.cycle(30)
    assert bench.driver.fault == faults.FAULT_QUICK_STOP
    assert bench.device.pulses == []


def test_stimulation_error_while_connecting_is_a_fault(bench):
    go_to(bench, states.ASK_MODE)
    answer(bench, 1, 38, b"\xff")
    assert bench.driver.fault == faults.FAULT_QUICK_STOP


@pytest.mark.parametrize("is_under_way", [False, True])
def test_power_cycle_in_ready_is_a_fault_and_the_pulse_is_not_sent_again(ready, is_under_way):
    if is_under_way:
        assert ready.pulse()
    ready.device.power_cycle(ready.now_us, boot_us=50_000)
    ready.cycle(100)
    assert ready.driver.fault == faults.FAULT_RESTARTED
    ready.cycle(1000)
    assert ready.device.pulses == []
    assert not ready.device.is_connected, "nobody answers its Init without a person"


def test_computer_that_slept_past_the_devices_time_out_finds_a_fault_not_a_session(ready):
    ready.now_us += 1_300_000
    ready.link.pump(ready.now_us, ready.port.written_total)
    ready.cycle(3)
    assert ready.driver.fault == faults.FAULT_RESTARTED
    assert ready.device.pulses == []


# Fault, unplug, clear ----------------------------------------------------------------------------------------


def test_fault_says_one_stop_then_nothing_and_never_resumes_by_itself(ready):
    ready.device.faults.busy = True
    assert ready.pulse()
    ready.cycle(30)
    ready.device.faults.busy = False
    n = len(ready.frames)
    assert ready.commands()[-1] == STOP
    assert ready.commands().count(PULSE) == 1
    ready.cycle(2000)
    assert len(ready.frames) == n
    assert not ready.pulse()
    assert not ready.driver.start()


def test_after_clear_and_start_pulses_are_possible_again(ready):
    ready.device.faults.drop_answers = True
    assert ready.pulse()
    ready.cycle(40)
    ready.device.faults.drop_answers = False
    ready.driver.clear_fault()
    assert (ready.driver.state, ready.driver.fault) == (states.OFF, faults.FAULT_NONE)
    given_before = len(ready.device.pulses)
    ready.connect()
    assert len(ready.device.pulses) == given_before
    ready.pulses(3)
    assert (ready.driver.pulses_acked, ready.driver.pulses_failed) == (3, 1)


def test_clear_without_a_fault_changes_nothing(ready):
    ready.driver.clear_fault()
    assert ready.driver.is_ready()


def test_first_cause_is_kept(ready):
    ready.device.faults.busy = True
    assert ready.pulse()
    ready.cycle(30)
    ready.driver.port_gone()
    ready.driver.pulse_written()
    assert ready.driver.fault == faults.FAULT_BUSY


@pytest.mark.parametrize("link_kind", [PtyLink, None], ids=["pty and pyserial", "memory"])
@pytest.mark.parametrize("state", ALL_STATES, ids=named)
def test_unplug_in_every_state_ends_in_a_fault_and_no_byte_or_pulse_follows(make_bench, link_kind, state):
    bench = make_bench(link_kind) if link_kind else make_bench()
    go_to(bench, state)
    bench.cycle()
    was_in_fault = bench.driver.fault
    n_before, pulses_before = bench.port.written_total, len(bench.device.pulses)
    bench.link.unplug()
    bench.cycle(50)
    assert bench.driver.state == states.FAULT
    assert bench.driver.fault == (was_in_fault or faults.FAULT_PORT_GONE)
    assert not bench.pulse()
    bench.cycle(50)
    assert bench.port.written_total == n_before
    assert len(bench.device.pulses) == pulses_before


def test_unplug_just_before_a_pulse_is_written_is_a_fault(ready):
    ready.link.unplug()
    assert ready.pulse()
    assert ready.driver.fault == faults.FAULT_PORT_GONE
    assert (ready.driver.pulses_acked, ready.driver.pulses_failed) == (0, 1)
    ready.cycle(50)
    assert ready.device.pulses == []


def test_start_forgets_what_the_fault_before_was_about_and_half_a_frame(ready):
    ready.device.set_open_channels(0)
    assert ready.pulse()
    ready.cycle(30)
    assert (ready.driver.error_channel, ready.driver.protocol_major) == (0, 1)
    ready.driver.clear_fault()
    ready.driver.receive(bytearray(b"\xf0\x81"), 2)  # the escape would swallow the start of the Init
    assert ready.driver.start()
    assert (ready.driver.error_channel, ready.driver.protocol_major) == (-1, 0)
    ready.cycle_until(states.READY)


def test_frame_without_data_has_no_result_and_off_and_fault_only_note_it(bench):
    answer(bench, 60, 99, b"")
    assert (bench.driver.last_command, bench.driver.last_result, bench.driver.state) == (99, -1, states.OFF)
