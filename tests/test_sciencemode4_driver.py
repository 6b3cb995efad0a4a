"""Pulses through the driver: each asked for, built once, answered, counted."""

from contextlib import ExitStack

import pytest

from hw_sim.emulators.pty_link import PtyLink
from stimulator.drivers import faults
from stimulator.drivers import sciencemode4_states as states
from stimulator.drivers.sciencemode4 import ScienceMode4
from tests.sciencemode4_bench import ALL_STATES, Bench, go_to


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


def test_200_pulses_are_delivered_as_asked_each_with_a_frame_of_its_own(make_bench):
    bench = make_bench(PtyLink)
    bench.connect()
    bench.pulses(200)
    assert (bench.driver.pulses_acked, bench.driver.pulses_failed) == (200, 0)
    delivered = [
        (p.channel, p.current_ma, p.width_us, p.gap_us, p.net_charge_nc) for p in bench.device.pulses
    ]
    assert delivered == [(i % 2, 20.0, 250, 100, 0.0) for i in range(200)]
    for a, b in zip(bench.pulse_frames, bench.pulse_frames[1:], strict=False):
        assert a != b


def packet_number_of(bench, frame):
    assert bench.check.read(bytearray(frame), len(frame))
    return bench.check.packet_number


def test_packet_number_advances_with_every_frame_and_wraps_after_63(ready):
    ready.pulses(150, every_cycles=3)
    numbers = [packet_number_of(ready, frame) for _, frame in ready.frames]
    assert numbers == [i % 64 for i in range(len(numbers))]


def test_pulse_that_was_encoded_but_not_written_is_forgotten(ready):
    assert ready.driver.encode_pulse(0, 20_000, 250, 100)
    first = bytes(ready.driver.tx[:30])
    assert ready.driver.can_pulse()
    assert ready.driver.encode_pulse(0, 20_000, 250, 100)
    assert bytes(ready.driver.tx[:30]) != first
    assert not ready.driver.encode_pulse(0, 20_001, 250, 100)
    ready.driver.pulse_written()
    assert ready.driver.fault == faults.FAULT_MISUSE


@pytest.mark.parametrize("state", ALL_STATES, ids=lambda s: states.STATE_NAMES[s])
def test_pulse_written_out_of_turn_is_a_fault_in_every_state(bench, state):
    go_to(bench, state)
    bench.driver.pulse_written()
    assert bench.driver.state == states.FAULT
    assert bench.driver.fault in (faults.FAULT_MISUSE, faults.FAULT_ELECTRODE)
    bench.cycle(50)
    assert not any(p.current_ma == 20 and p.channel == 1 for p in bench.device.pulses)


@pytest.mark.parametrize(
    "state", [s for s in ALL_STATES if s != states.READY], ids=lambda s: states.STATE_NAMES[s]
)
def test_no_pulse_can_be_encoded_but_in_ready(bench, state):
    go_to(bench, state)
    assert not bench.driver.can_pulse()
    assert bench.driver.encode_pulse(0, 20_000, 250, 100) == 0


def test_one_encoded_pulse_can_be_written_only_once(ready):
    assert ready.pulse()
    ready.cycle(4)
    assert ready.driver.can_pulse()
    ready.driver.pulse_written()
    assert ready.driver.fault == faults.FAULT_MISUSE


def test_pulse_encoded_before_a_stop_cannot_be_written_in_the_next_session(ready):
    assert ready.driver.encode_pulse(0, 20_000, 250, 100)
    ready.driver.stop()
    ready.cycle_until(states.OFF)
    ready.connect()
    ready.driver.pulse_written()
    assert ready.driver.fault == faults.FAULT_MISUSE


def test_time_until_the_answer_is_told(make_bench):
    ready = make_bench(ack_latency_us=(1_000, 5_000))
    ready.connect()
    ready.device.faults.late_us = 50_000
    assert ready.pulse(1)
    ready.cycle(20)
    assert (ready.driver.last_ack_channel, ready.driver.last_ack_age_us) == (1, 50_000)


def test_before_the_first_frame_nothing_is_known():
    driver = ScienceMode4()
    assert (driver.state, driver.fault, driver.is_ready(), driver.can_pulse()) == (0, 0, False, False)
    assert (driver.last_ack_channel, driver.error_channel, driver.last_result, driver.last_command) == (
        -1,
    ) * 4
    assert (driver.last_ack_age_us, driver.protocol_major) == (0, 0)
    assert (driver.pulses_acked, driver.pulses_failed) == (0, 0)
    assert driver.step(10_000) == 0


def test_stop_between_encoding_and_writing_forbids_the_pulse(ready):
    assert ready.driver.encode_pulse(0, 20_000, 250, 100)
    ready.driver.stop()
    ready.driver.pulse_written()
    assert ready.driver.fault == faults.FAULT_MISUSE


@pytest.mark.parametrize(
    ("asked_ua", "got_ua"),
    [
        *((-1, 0), (0, 0), (499, 0), (500, 500), (999, 500), (20_000, 20_000), (20_499, 20_000)),
        *((129_999, 129_500), (130_000, 130_000), (130_001, 130_000), (10**9, 130_000)),
    ],
)
def test_current_is_quantised_downward_to_what_the_device_can_do(asked_ua, got_ua):
    assert ScienceMode4().quantise_current_ua(asked_ua) == got_ua


def test_counters_of_pulses_stop_at_their_maximum(ready):
    ready.driver.pulses_acked = ready.driver.pulses_failed = 2**20 - 1
    ready.pulses(1)
    ready.device.set_open_channels(0, 1)
    assert ready.pulse()
    ready.cycle(10)
    assert (ready.driver.pulses_acked, ready.driver.pulses_failed) == (2**20 - 1, 2**20 - 1)
