"""In fault nothing happens until a person clears it; stop and unplug end with the output off, in every state."""

from contextlib import ExitStack

import pytest

from hw_sim.emulators.pty_link import PtyLink
from stimulator.drivers import faults
from stimulator.drivers import sciencemode4_faults as words
from stimulator.drivers import sciencemode4_states as states
from stimulator.drivers.one_pulse import EVENT_CLEAR, EVENT_FAIL, EVENT_START
from tests.sciencemode4_bench import (
    ALL_STATES,
    DEVICE_ID,
    LL_INIT,
    LL_STOP,
    PULSE,
    STATUS,
    VERSION,
    Bench,
    answer,
    go_to,
)


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


def test_in_fault_exactly_one_stop_is_produced_and_nothing_resumes(ready):
    ready.device.set_open_channels(0)
    assert ready.pulse()
    ready.cycle(4)
    assert ready.driver.state == states.FAULT
    ready.device.set_open_channels()
    n = len(ready.frames)
    ready.cycle(300)
    assert len(ready.frames) == n
    assert ready.commands()[-1] == LL_STOP
    assert ready.commands().count(LL_STOP) == 1
    assert not ready.driver.start(), "start without clear_fault"
    ready.driver.stop()
    ready.cycle(300)
    assert (ready.driver.state, ready.driver.fault) == (states.FAULT, faults.FAULT_ELECTRODE)
    assert len(ready.frames) == n


def test_clear_alone_does_not_start_and_start_alone_does_not_clear(ready):
    ready.device.set_open_channels(0)
    assert ready.pulse()
    ready.cycle(30)
    ready.device.set_open_channels()
    ready.driver.clear_fault()
    n = len(ready.frames)
    ready.cycle(300)
    assert (ready.driver.state, ready.driver.fault) == (states.OFF, faults.FAULT_NONE)
    assert len(ready.frames) == n
    ready.connect()
    ready.pulses(3)
    assert ready.driver.pulses_acked == 3


def test_first_cause_is_kept(ready):
    ready.device.set_open_channels(0)
    assert ready.pulse()
    ready.cycle(4)
    ready.driver.port_gone()
    ready.driver.pulse_written()
    assert ready.driver.fault == faults.FAULT_ELECTRODE


def test_clear_without_a_fault_changes_nothing(ready):
    ready.driver.clear_fault()
    assert ready.driver.is_ready()


@pytest.mark.parametrize("link_kind", [PtyLink, None], ids=["pty and pyserial", "memory"])
@pytest.mark.parametrize("state", ALL_STATES, ids=lambda s: states.STATE_NAMES[s])
def test_unplug_in_every_state_ends_in_a_fault_and_no_byte_or_pulse_follows(make_bench, link_kind, state):
    bench = make_bench(link_kind) if link_kind else make_bench()
    go_to(bench, state)
    bench.cycle()
    was_in_fault = bench.driver.fault
    n_before = bench.port.written_total
    bench.link.unplug()
    pulses_before = len(bench.device.pulses)
    bench.cycle(50)
    assert bench.driver.state == states.FAULT
    assert bench.driver.fault == (was_in_fault or faults.FAULT_PORT_GONE)
    assert bench.port.written_total == n_before
    assert not bench.pulse()
    bench.cycle(50)
    assert len(bench.device.pulses) == pulses_before


def test_unplug_just_before_a_pulse_is_written_is_a_fault(ready):
    ready.link.unplug()
    assert ready.pulse()
    assert ready.driver.fault == faults.FAULT_PORT_GONE
    assert (ready.driver.pulses_acked, ready.driver.pulses_failed) == (0, 1)
    ready.cycle(50)
    assert ready.device.pulses == []


def test_after_port_gone_a_new_port_needs_clear_and_start(make_bench):
    bench = make_bench(PtyLink)
    bench.connect()
    bench.driver.port_gone()
    bench.port.close()
    bench.port = bench.link.open_port()
    bench.cycle(50)
    assert bench.port.written_total == 0
    bench.driver.clear_fault()
    bench.connect()
    assert bench.commands()[4:6] == [STATUS, LL_STOP]
    bench.pulses(2)
    assert bench.driver.pulses_acked == 2


# Stop ------------------------------------------------------------------------------------------------------


def test_stop_from_ready_writes_ll_stop_in_the_next_step_and_ends_off(ready):
    ready.driver.stop()
    assert not ready.driver.can_pulse()
    ready.cycle()
    assert ready.commands()[-1] == LL_STOP
    ready.cycle_until(states.OFF)
    assert not ready.device.is_low_level_on
    ready.driver.stop()
    ready.cycle(10)
    assert ready.driver.state == states.OFF


def test_stop_overtakes_the_answer_of_a_pulse_without_a_fault(ready):
    assert ready.pulse()
    ready.driver.stop()
    ready.driver.stop()
    ready.cycle_until(states.OFF)
    assert ready.driver.fault == faults.FAULT_NONE
    assert ready.driver.pulses_acked + ready.driver.pulses_failed == 1
    assert ready.commands().count(LL_STOP) == 1


def test_pulse_whose_answer_never_comes_counts_as_failed_when_stopped(ready):
    ready.device.faults.drop_answers = True
    ready.device.faults.only_command = PULSE
    assert ready.pulse()
    ready.driver.stop()
    ready.cycle_until(states.OFF)
    assert (ready.driver.pulses_acked, ready.driver.pulses_failed) == (0, 1)


def test_stop_of_a_device_that_has_restarted_meanwhile_ends_off(ready):
    ready.device.power_cycle(ready.now_us, boot_us=0)
    ready.driver.stop()
    ready.cycle_until(states.OFF)
    assert ready.driver.fault == faults.FAULT_NONE


@pytest.mark.parametrize(("result", "fault"), [(8, faults.FAULT_HIGH_VOLTAGE), (2, faults.FAULT_PARAMETER)])
def test_stop_that_the_device_refuses_is_a_fault(ready, result, fault):
    ready.driver.stop()
    ready.driver.step(0)
    answer(ready, 4, 5, bytes((result,)))
    assert ready.driver.fault == fault


def test_init_that_finds_another_level_active_is_a_fault(bench):
    go_to(bench, states.INIT)
    bench.driver.step(0)
    answer(bench, 3, 1, b"\x07")
    assert bench.driver.fault == faults.FAULT_NOT_INITIALISED


def test_after_an_unanswered_pulse_a_cleared_and_started_driver_gives_pulses_again(ready):
    ready.device.faults.drop_answers = True
    ready.device.faults.only_command = PULSE
    assert ready.pulse()
    ready.cycle(30)
    ready.device.faults.drop_answers = False
    ready.driver.clear_fault()
    ready.connect()
    assert ready.driver.can_pulse()
    ready.pulses(5)
    assert (ready.driver.pulses_acked, ready.driver.pulses_failed) == (5, 1)


def test_start_forgets_what_the_fault_before_was_about_and_half_a_frame(ready):
    ready.device.set_open_channels(0)
    assert ready.pulse()
    ready.cycle(30)
    assert (ready.driver.error_channel, ready.driver.protocol_major) == (0, 4)
    ready.device.set_open_channels()
    ready.driver.clear_fault()
    ready.driver.receive(bytearray(b"\xf0\x81"), 2)  # the escape would swallow the start of the first answer
    n = len(ready.frames)
    assert ready.driver.start()
    assert (ready.driver.error_channel, ready.driver.protocol_major) == (-1, 0)
    ready.cycle_until(states.READY)
    assert ready.commands()[n:] == [STATUS, DEVICE_ID, VERSION, LL_INIT]


def test_unfitting_frames_while_stopping_change_nothing(ready):
    ready.driver.stop()
    ready.driver.step(0)
    answer(ready, 60, 3, b"\x0a\x01\x00")
    answer(ready, 60, 66, b"\x01")
    assert ready.driver.state == states.STOPPING


AFTER_STOP = {
    states.OFF: states.OFF,
    states.ASK_STATUS: states.OFF,
    states.STOP_LOW: states.OFF,
    states.STOP_MID: states.OFF,
    states.ASK_ID: states.OFF,
    states.ASK_VERSION: states.OFF,
    states.INIT: states.OFF,
    states.READY: states.OFF,
    states.STOPPING: states.OFF,
    states.FAULT: states.FAULT,
}


@pytest.mark.parametrize(("state", "end"), AFTER_STOP.items(), ids=lambda s: states.STATE_NAMES[s])
def test_stop_in_every_state_ends_with_the_output_off(bench, state, end):
    go_to(bench, state)
    bench.driver.stop()
    bench.cycle(100)
    assert bench.driver.state == end
    assert not bench.device.is_low_level_on or state in (states.OFF, states.ASK_STATUS)
    n = len(bench.frames)
    assert not bench.pulse()
    bench.cycle(100)
    assert len(bench.frames) == n


def test_every_fault_and_state_has_its_words():
    assert len(words.FAULTS) == 21
    assert len(states.STATE_NAMES) == len(states.NEXT) == len(states.COMMANDS) == 10
    for sentence in words.FAULTS:
        assert sentence[0].isalnum()
        assert sentence.endswith(".")
    assert len(set(words.FAULTS)) == 21


def test_table_leads_to_ready_only_from_init_and_out_of_fault_only_by_clear():
    to_ready = [(s, e) for s in ALL_STATES for e in range(8) if states.NEXT[s][e] == states.READY]
    assert to_ready == [
        (states.INIT, states.EVENT_DONE),
        (states.READY, EVENT_START),
        (states.READY, EVENT_CLEAR),
    ]
    out = [
        (e, states.NEXT[states.FAULT][e]) for e in range(8) if states.NEXT[states.FAULT][e] != states.FAULT
    ]
    assert out == [(EVENT_CLEAR, states.OFF)]
    for row in states.NEXT:
        assert len(row) == 8
        assert row[EVENT_FAIL] == states.FAULT


def test_event_that_a_state_does_not_allow_leads_to_fault_with_a_cause(ready):
    ready.driver._go(states.EVENT_DONE)
    assert (ready.driver.state, ready.driver.fault) == (states.FAULT, faults.FAULT_MISUSE)
