"""Every wrong answer of the emulated P24 is a fault of its own, and no answer makes a pulse."""

from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw_sim.emulators.sciencemode_wire import encode_frame
from stimulator.drivers import faults
from stimulator.drivers import sciencemode4_states as states
from tests.sciencemode4_bench import ALL_STATES, Bench, answer, go_to


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


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("wrong_packet_number", True, faults.FAULT_UNMATCHED_ANSWER),
        ("corrupt_checksum", True, faults.FAULT_ANSWER_BROKEN),
        ("silent", True, faults.FAULT_PULSE_NOT_ANSWERED),
        ("busy", True, faults.FAULT_BUSY),
    ],
)
def test_each_trouble_with_a_pulse_answer_has_its_own_cause(ready, field, value, fault):
    setattr(ready.device.faults, field, value)
    assert ready.pulse()
    ready.cycle(25)
    assert ready.driver.state == states.FAULT
    assert ready.driver.fault == fault
    assert (ready.driver.pulses_acked, ready.driver.pulses_failed) == (0, 1)


def test_damage_before_the_pulse_is_not_blamed_for_its_missing_answer(ready):
    ready.driver.receive(bytearray(b"\xf0\x0f"), 2)
    assert ready.driver.reader.errors == 1
    ready.device.faults.silent = True
    assert ready.pulse()
    ready.cycle(25)
    assert ready.driver.fault == faults.FAULT_PULSE_NOT_ANSWERED


def test_damage_before_a_command_is_not_blamed_for_its_missing_answer(ready):
    ready.driver.receive(bytearray(b"\xf0\x0f"), 2)
    ready.device.faults.silent = True
    ready.driver.stop()
    ready.cycle(50)
    assert ready.driver.fault == faults.FAULT_STOP_NOT_CONFIRMED


def test_frame_without_data_has_no_result(ready):
    answer(ready, 60, 99, b"")
    assert (ready.driver.last_command, ready.driver.last_result) == (99, -1)


def test_open_electrode_is_a_fault_that_names_its_channel(ready):
    ready.device.set_open_channels(1)
    assert ready.pulse(0)
    ready.cycle(4)
    assert ready.driver.can_pulse()
    assert ready.pulse(1)
    ready.cycle(4)
    assert (ready.driver.fault, ready.driver.error_channel) == (faults.FAULT_ELECTRODE, 1)
    assert (ready.driver.pulses_acked, ready.driver.pulses_failed) == (1, 1)
    assert not ready.device.is_low_level_on, "the one ll_stop after the fault has switched it off"


def test_power_cycle_is_seen_at_the_next_pulse_at_the_latest(ready):
    ready.device.power_cycle(ready.now_us, boot_us=0)
    assert ready.pulse()
    ready.cycle(4)
    assert ready.driver.fault == faults.FAULT_NOT_INITIALISED
    assert ready.device.pulses == []


def test_power_cycle_while_a_pulse_is_under_way_is_a_fault(ready):
    assert ready.pulse()
    ready.device.power_cycle(ready.now_us)
    ready.cycle(25)
    assert ready.driver.fault == faults.FAULT_PULSE_NOT_ANSWERED


def test_noise_before_each_answer_is_counted_and_does_no_harm(bench):
    bench.device.faults.noise = b"\x00\xff\x55\x81\x0f"
    bench.connect()
    bench.pulses(10)
    assert bench.driver.pulses_acked == 10
    assert bench.driver.reader.noise_n == 5 * 14


RESULTS = {
    1: faults.FAULT_TRANSFER,
    2: faults.FAULT_PARAMETER,
    3: faults.FAULT_DEVICE_ERROR,
    7: faults.FAULT_NOT_INITIALISED,
    8: faults.FAULT_HIGH_VOLTAGE,
    10: faults.FAULT_ELECTRODE,
    11: faults.FAULT_DEVICE_ERROR,
    21: faults.FAULT_BUSY,
    27: faults.FAULT_DEVICE_ERROR,
    28: faults.FAULT_LOW_CURRENT,
    29: faults.FAULT_UNKNOWN_RESULT,
    255: faults.FAULT_UNKNOWN_RESULT,
}


@pytest.mark.parametrize(("result", "fault"), RESULTS.items())
def test_every_result_but_zero_latches_its_cause(ready, result, fault):
    assert ready.pulse(1)
    answer(ready, 4, 3, bytes((result, 1, 0)))
    assert (ready.driver.state, ready.driver.fault) == (states.FAULT, fault)
    assert (ready.driver.last_result, ready.driver.last_command) == (result, 3)
    assert ready.driver.error_channel == 1


WRONG_ACKS = [
    # packet number (4 is right), command (3 is right), data, fault
    (5, 3, b"\x00\x01\x00", faults.FAULT_UNMATCHED_ANSWER),
    (3, 3, b"\x00\x01\x00", faults.FAULT_UNMATCHED_ANSWER),
    (4, 1, b"\x00", faults.FAULT_UNMATCHED_ANSWER),
    (4, 2, b"\x00\x01\x00", faults.FAULT_UNMATCHED_ANSWER),
    (4, 1000, b"", faults.FAULT_UNMATCHED_ANSWER),
    (4, 3, b"\x00\x00\x00", faults.FAULT_WRONG_CHANNEL),
    (4, 3, b"\x00\x11\x00", faults.FAULT_WRONG_CHANNEL),
    (4, 3, b"\x00\x21\x00", faults.FAULT_WRONG_CHANNEL),
    (4, 3, b"\x00\x01\x01", faults.FAULT_ANSWER_INCOMPLETE),
    (4, 3, b"\x00\x01", faults.FAULT_ANSWER_INCOMPLETE),
    (4, 3, b"\x00\x01\x00\x00", faults.FAULT_ANSWER_INCOMPLETE),
    (4, 3, b"", faults.FAULT_ANSWER_INCOMPLETE),
    (4, 66, b"\x01", faults.FAULT_TRANSFER),
    (4, 67, b"\x0b", faults.FAULT_DEVICE_ERROR),
    (4, 66, b"\x00", faults.FAULT_UNMATCHED_ANSWER),
    (4, 66, b"", faults.FAULT_UNMATCHED_ANSWER),
    (4, 65, b"\x01", faults.FAULT_UNMATCHED_ANSWER),
    (4, 68, b"\x01", faults.FAULT_UNMATCHED_ANSWER),
]


@pytest.mark.parametrize(("packet_number", "command", "data", "fault"), WRONG_ACKS)
def test_answer_that_does_not_fit_the_pulse_is_a_fault_at_once(ready, packet_number, command, data, fault):
    assert ready.pulse(1)
    answer(ready, packet_number, command, data)
    assert (ready.driver.state, ready.driver.fault) == (states.FAULT, fault)
    assert (ready.driver.pulses_acked, ready.driver.pulses_failed) == (0, 1)


def test_the_right_answer_is_counted_once_and_its_echo_is_a_fault(ready):
    assert ready.pulse(1)
    answer(ready, 4, 3, b"\x00\x01\x00")
    assert (ready.driver.pulses_acked, ready.driver.last_ack_channel) == (1, 1)
    assert ready.driver.can_pulse()
    answer(ready, 4, 3, b"\x00\x01\x00")
    assert ready.driver.fault == faults.FAULT_UNMATCHED_ANSWER


def test_an_error_to_a_command_while_connecting_is_a_fault(bench):
    go_to(bench, states.INIT)
    answer(bench, 3, 1, b"\x08")
    assert bench.driver.fault == faults.FAULT_HIGH_VOLTAGE


@given(st.lists(st.binary(min_size=1, max_size=80), max_size=6), st.sampled_from(ALL_STATES))
def test_garbage_never_raises_never_makes_ready_and_never_makes_a_pulse(chunks, state):
    bench = Bench()
    go_to(bench, state)
    pulses, acked = len(bench.device.pulses), bench.driver.pulses_acked
    may_be_ready = bench.driver.is_ready()
    for chunk in chunks:
        bench.driver.receive(bytearray(chunk), len(chunk))
        n = bench.driver.step(0)
        if n:
            assert bench.check.read(bench.driver.tx, n)
            assert not bench.check.can_stimulate
        assert may_be_ready or not bench.driver.is_ready()
    assert (len(bench.device.pulses), bench.driver.pulses_acked) == (pulses, acked)
    bench.close()


frames = st.builds(
    encode_frame,
    st.integers(0, 63),
    st.sampled_from([0, 1, 2, 3, 4, 5, 31, 33, 35, 53, 63, 66, 67, 69, 1000]),
    st.binary(max_size=14),
)


@given(st.lists(frames, max_size=8), st.sampled_from(ALL_STATES))
def test_any_whole_frames_in_any_state_keep_the_rules(answers, state):
    bench = Bench()
    go_to(bench, state)
    in_fault_before = bench.driver.state == states.FAULT
    for frame in answers:
        was_fault = bench.driver.fault
        bench.driver.receive(bytearray(frame), len(frame))
        assert not was_fault or bench.driver.fault == was_fault
        assert (bench.driver.fault != faults.FAULT_NONE) is (bench.driver.state == states.FAULT)
        assert not bench.driver.can_pulse() or bench.driver.is_ready()
    assert not in_fault_before or bench.driver.state == states.FAULT
    bench.close()
