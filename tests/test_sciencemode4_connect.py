"""The driver connects to the emulated P24: what it asks, in which order, and what it does with silence."""

from contextlib import ExitStack

import pytest

from hw_sim.emulators.pty_link import PtyLink
from hw_sim.emulators.sciencemode_wire import encode_frame
from stimulator.drivers import faults
from stimulator.drivers import sciencemode4_states as states
from tests.sciencemode4_bench import (
    CYCLE_US,
    DEVICE_ID,
    LL_INIT,
    LL_STOP,
    ML_STOP,
    PULSE,
    STATUS,
    VERSION,
    Bench,
    go_to,
    low_level_left_on,
    mid_level_left_on,
)

ASKING = {
    states.ASK_STATUS: STATUS,
    states.ASK_ID: DEVICE_ID,
    states.ASK_VERSION: VERSION,
}
SWITCHING = {
    states.INIT: LL_INIT,
    states.STOP_LOW: LL_STOP,
    states.STOP_MID: ML_STOP,
    states.STOPPING: LL_STOP,
}


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


@pytest.mark.parametrize("link_kind", [PtyLink, None], ids=["pty and pyserial", "memory"])
def test_connect_asks_checks_and_switches_on_in_order(make_bench, link_kind):
    bench = make_bench(link_kind) if link_kind else make_bench()
    bench.connect()
    assert bench.commands() == [STATUS, DEVICE_ID, VERSION, LL_INIT]
    assert bench.states == [
        states.OFF,
        states.ASK_STATUS,
        states.ASK_ID,
        states.ASK_VERSION,
        states.INIT,
        states.READY,
    ]
    assert bench.device.is_low_level_on
    assert bytes(bench.driver.device_id) == b"EMULATED24"
    assert bench.driver.protocol_major == 4
    assert bench.driver.fault == faults.FAULT_NONE
    assert bench.device.pulses == []


def test_low_level_left_on_by_another_session_is_stopped_first(bench):
    low_level_left_on(bench)
    bench.connect()
    assert bench.commands() == [STATUS, LL_STOP, DEVICE_ID, VERSION, LL_INIT]


def test_mid_level_left_running_by_another_session_is_stopped_first(bench):
    mid_level_left_on(bench)
    bench.connect()
    assert bench.commands() == [STATUS, ML_STOP, DEVICE_ID, VERSION, LL_INIT]
    given_before = len(bench.device.pulses)
    bench.cycle(200)
    assert len(bench.device.pulses) == given_before


def test_mid_level_left_initialised_is_stopped_first(bench):
    bench.device.feed(0, encode_frame(1, 30, b"\x00"))
    bench.device.step(100_000)
    bench.now_us = 100_000
    bench.connect()
    assert bench.commands()[:2] == [STATUS, ML_STOP]


def test_start_does_nothing_but_from_off(ready):
    frames = len(ready.frames)
    assert not ready.driver.start()
    ready.cycle(10)
    assert ready.driver.is_ready()
    assert len(ready.frames) == frames


def test_device_of_another_protocol_is_refused_before_it_is_switched_on(bench):
    bench.device.faults.protocol = bytes((3, 2, 4))
    bench.driver.start()
    bench.cycle_until(states.FAULT)
    assert (bench.driver.fault, bench.driver.protocol_major) == (faults.FAULT_WRONG_PROTOCOL, 3)
    assert LL_INIT not in bench.commands()


def test_answers_left_over_from_an_earlier_session_do_not_disturb_a_new_start(bench):
    bench.driver.start()
    bench.cycle()
    stale = encode_frame(50, 3, b"\x00\x01\x00") + encode_frame(0, 66, b"\x01") + b"\x0f\x81\xf0"
    bench.driver.receive(bytearray(stale), len(stale))
    bench.cycle_until(states.READY)


@pytest.mark.parametrize("status", [4, 255])
def test_status_that_is_not_in_the_list_is_a_fault(bench, status):
    bench.driver.start()
    bench.driver.step(0)
    answer = bytearray(encode_frame(0, 63, bytes((0, status, 1))))
    bench.driver.receive(answer, len(answer))
    assert bench.driver.fault == faults.FAULT_UNKNOWN_STATUS


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x00\x00", b"\x00\x00\x01\x00"])
def test_answer_of_the_wrong_length_is_a_fault(bench, data):
    bench.driver.start()
    bench.driver.step(0)
    answer = bytearray(encode_frame(0, 63, data))
    bench.driver.receive(answer, len(answer))
    assert bench.driver.fault == faults.FAULT_ANSWER_INCOMPLETE


# Silence ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "command"), ASKING.items())
def test_question_without_an_answer_is_asked_twice_and_then_a_fault(bench, state, command):
    bench.device.faults.drop_answers = True
    bench.device.faults.only_command = command
    go_to(bench, state)
    before_us = bench.now_us
    bench.cycle_until(states.FAULT)
    assert bench.driver.fault == faults.FAULT_NO_ANSWER
    assert bench.commands().count(command) == 2
    frames = [frame for _, frame in bench.frames]
    assert len(set(frames)) == len(frames), "the second try has a packet number of its own"
    assert bench.now_us - before_us <= 205_000


@pytest.mark.parametrize(("state", "command"), SWITCHING.items())
def test_switching_command_without_an_answer_is_never_repeated(bench, state, command):
    go_to(bench, state)
    bench.cycle()
    bench.device.faults.drop_answers = True
    bench.device.power_cycle(bench.now_us)
    n = bench.commands().count(command)
    assert n == 1
    bench.cycle_until(states.FAULT)
    expected = faults.FAULT_STOP_NOT_CONFIRMED if state == states.STOPPING else faults.FAULT_NO_ANSWER
    assert bench.driver.fault == expected
    # after the fault comes its own single ll_stop, with another packet number
    assert bench.commands().count(command) == (2 if command == LL_STOP else 1)
    assert bench.commands()[-1] == LL_STOP


def test_one_lost_answer_to_a_question_is_forgiven(bench):
    bench.device.faults.drop_answers = True
    bench.driver.start()
    bench.cycle(3)
    bench.device.faults.drop_answers = False
    bench.cycle_until(states.READY)
    assert bench.commands() == [STATUS, STATUS, DEVICE_ID, VERSION, LL_INIT]


def test_dropped_pulse_answer_is_a_fault_within_100_ms_and_no_pulse_follows(ready):
    ready.device.faults.drop_answers = True
    ready.device.faults.only_command = PULSE
    sent_us = ready.now_us
    assert ready.pulse()
    assert not ready.driver.can_pulse()
    ready.cycle(19)
    assert ready.driver.is_ready()
    assert not ready.pulse()
    ready.cycle()
    assert ready.driver.fault == faults.FAULT_PULSE_NOT_ANSWERED
    assert ready.now_us - sent_us == 100_000
    assert not ready.pulse()
    ready.cycle(200)
    assert len(ready.device.pulses) == 1
    assert (ready.driver.pulses_acked, ready.driver.pulses_failed) == (0, 1)


@pytest.mark.parametrize(("late_us", "is_fault"), [(90_000, False), (120_000, True)])
def test_late_pulse_answer_counts_until_100_ms(make_bench, late_us, is_fault):
    ready = make_bench(ack_latency_us=(1_000, 5_000))
    ready.connect()
    ready.device.faults.late_us = late_us
    ready.device.faults.only_command = PULSE
    assert ready.pulse()
    ready.cycle(60)
    assert (ready.driver.fault == faults.FAULT_PULSE_NOT_ANSWERED) is is_fault
    assert ready.driver.is_ready() is not is_fault
    assert ready.driver.pulses_acked == (0 if is_fault else 1)


def test_clock_that_runs_backwards_makes_a_waiting_pulse_overdue(ready):
    assert ready.pulse()
    ready.driver.step(-1)
    assert ready.driver.fault == faults.FAULT_PULSE_NOT_ANSWERED


def test_clock_that_runs_backwards_with_nothing_waiting_changes_nothing(ready):
    assert ready.driver.step(-1) == 0
    assert ready.driver.can_pulse()


def test_cycle_length_does_not_matter_for_a_deadline(make_bench):
    for dt_us in (1_000, CYCLE_US, 33_000):
        bench = make_bench()
        bench.connect()
        bench.device.faults.silent = True
        assert bench.pulse()
        start_us = bench.now_us
        while bench.driver.is_ready():
            bench.cycle(dt_us=dt_us)
        assert 100_000 <= bench.now_us - start_us < 100_000 + dt_us
