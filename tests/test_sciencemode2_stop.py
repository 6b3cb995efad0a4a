"""The RehaStim2 driver against the emulated device: watchdog and stop."""

from contextlib import ExitStack
from itertools import pairwise

import pytest

from stimulator.drivers import faults
from stimulator.drivers import sciencemode2_states as states
from tests.sciencemode2_bench import ALL_STATES, PULSE, STOP, WATCHDOG, Bench, answer, go_to


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


# Watchdog ---------------------------------------------------------------------------------------------------


def test_idle_driver_keeps_the_device_for_minutes_with_a_watchdog_every_400_ms(ready):
    n = len(ready.frames)
    ready.cycle(60 * 200)
    watchdogs = ready.frames[n:]
    assert {ready.command_of(frame) for _, frame in watchdogs} == {WATCHDOG}
    assert {b - a for (a, _), (b, _) in pairwise(watchdogs)} == {400_000}
    assert ready.device.is_connected
    ready.pulses(1)


def test_no_silence_of_ours_comes_near_the_devices_time_out_whatever_is_said_in_between(ready):
    """One peer leaves gaps of 1.6 s against the limit of 1.2 s."""
    for i in range(40):
        ready.cycle(17 * i % 130)
        ready.pulses(1)
    gaps = [b - a for (a, _), (b, _) in pairwise(ready.frames)]
    assert max(gaps) <= 400_000
    assert ready.driver.pulses_acked == 40


def test_watchdog_is_not_said_while_a_pulse_is_unanswered(ready):
    assert ready.pulse()
    assert ready.driver.step(399_999) > 0, "the pulse is overdue by now: this is the stop"
    assert ready.driver.fault == faults.FAULT_PULSE_NOT_ANSWERED


@pytest.mark.parametrize("state", [s for s in ALL_STATES if s != states.READY], ids=named)
def test_watchdog_is_only_said_when_ready(bench, state):
    go_to(bench, state)
    n = len(bench.frames)
    while bench.driver.state == state and len(bench.states) < 20 and bench.now_us < 10_000_000:
        bench.cycle()
    until = [frame for at_us, frame in bench.frames[n:] if at_us < bench.now_us]
    assert WATCHDOG not in [bench.command_of(frame) for frame in until]


def test_after_the_last_frame_a_stopped_driver_leaves_the_device_to_its_own_time_out(ready):
    ready.driver.stop()
    ready.cycle_until(states.OFF)
    ready.cycle(250)
    assert not ready.device.is_connected


# Stop -------------------------------------------------------------------------------------------------------


def test_stop_from_ready_writes_a_stop_in_the_next_step_and_ends_off(ready):
    ready.driver.stop()
    assert not ready.driver.can_pulse()
    ready.cycle()
    assert ready.commands()[-1] == STOP
    ready.cycle_until(states.OFF)
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
    assert ready.commands().count(STOP) == 1


def test_pulse_whose_answer_never_comes_counts_as_failed_when_stopped(ready):
    ready.device.faults.drop_answers = True
    ready.device.faults.only_command = PULSE
    assert ready.pulse()
    ready.driver.stop()
    ready.cycle_until(states.OFF)
    assert (ready.driver.pulses_acked, ready.driver.pulses_failed) == (0, 1)


def test_stop_of_a_device_that_has_restarted_meanwhile_ends_off(ready):
    ready.device.power_cycle(ready.now_us, boot_us=10_000)
    ready.driver.stop()
    ready.cycle_until(states.OFF)
    assert ready.driver.fault == faults.FAULT_NONE


@pytest.mark.parametrize(
    ("data", "end", "fault"),
    [
        (b"\x00", states.OFF, faults.FAULT_NONE),
        (b"\xfd", states.OFF, faults.FAULT_NONE),  # no list was on: as good as stopped
        (b"\xff", states.FAULT, faults.FAULT_TRANSFER),
        (b"\xf8", states.FAULT, faults.FAULT_BUSY),
        (b"", states.FAULT, faults.FAULT_ANSWER_INCOMPLETE),
        (b"\x00\x00", states.FAULT, faults.FAULT_ANSWER_INCOMPLETE),
        (b"\xfd\x00", states.FAULT, faults.FAULT_ANSWER_INCOMPLETE),
    ],
)
def test_what_the_device_says_to_a_stop_decides_where_it_ends(ready, data, end, fault):
    ready.driver.stop()
    n = ready.driver.step(0)
    assert ready.check.read(ready.driver.tx, n)
    answer(ready, ready.check.packet_number, 35, data)
    assert (ready.driver.state, ready.driver.fault) == (end, fault)


def test_stop_without_a_confirmation_is_a_fault_with_one_more_stop(ready):
    ready.device.faults.drop_answers = True
    ready.driver.stop()
    ready.cycle(60)
    assert ready.driver.fault == faults.FAULT_STOP_NOT_CONFIRMED
    assert ready.commands().count(STOP) == 2


def test_unfitting_frames_while_stopping_change_nothing(ready):
    ready.driver.stop()
    ready.driver.step(0)
    for command, data in ((37, b"\xff"), (38, b"\xfe"), (3, b"\x22"), (60, b"\x00")):
        answer(ready, 99, command, data)
    assert ready.driver.state == states.STOPPING


@pytest.mark.parametrize("state", ALL_STATES, ids=named)
def test_stop_in_every_state_ends_with_the_output_off(bench, state):
    go_to(bench, state)
    bench.driver.stop()
    bench.cycle(100)
    assert bench.driver.state == (states.FAULT if state == states.FAULT else states.OFF)
    n, given = len(bench.frames), len(bench.device.pulses)
    assert not bench.pulse()
    bench.cycle(400)
    assert (len(bench.frames), len(bench.device.pulses)) == (n, given)


def test_after_a_stop_a_new_start_connects_again(ready):
    ready.driver.stop()
    ready.cycle_until(states.OFF)
    ready.connect()
    ready.pulses(3)
    assert ready.driver.pulses_acked == 3
