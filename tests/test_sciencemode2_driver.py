"""The RehaStim2 driver against the emulated device: connecting and pulses."""

from contextlib import ExitStack

import pytest

from hw_sim.emulators.pty_link import PtyLink
from stimulator.drivers import faults
from stimulator.drivers import sciencemode2_states as states
from stimulator.drivers.sciencemode2 import ScienceMode2
from stimulator.drivers.sciencemode4 import ScienceMode4
from tests.sciencemode2_bench import ALL_STATES, INIT_ACK, MODE, PULSE, STOP, Bench, answer, go_to

TIMEOUT_US = 1_200_000  # the device's own


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


def test_the_guard_finds_every_call_and_field_that_it_uses_of_the_other_driver():
    public = {name for name in dir(ScienceMode4) if not name.startswith("_")} - {"device_id"}
    assert public <= set(dir(ScienceMode2))


# Connecting -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("link_kind", [PtyLink, None], ids=["pty and pyserial", "memory"])
def test_connect_waits_for_init_accepts_it_and_asks_for_the_mode(make_bench, link_kind):
    bench = make_bench(link_kind) if link_kind else make_bench()
    bench.connect()
    assert bench.commands() == [INIT_ACK, MODE]
    assert (bench.driver.protocol_major, bench.driver.fault) == (1, faults.FAULT_NONE)
    assert bench.device.is_connected
    assert bench.device.pulses == []


def test_device_left_connected_by_another_session_is_waited_for_in_silence(ready):
    """Its time-out ends whatever it does; any frame of ours would prolong it."""
    ready.driver.__init__()
    ready.frames.clear()
    begun_us = ready.now_us
    ready.connect()
    assert ready.frames[0][0] - begun_us >= TIMEOUT_US - 200_000
    assert ready.commands() == [INIT_ACK, MODE]


def test_init_that_crossed_our_answer_does_no_harm(bench):
    go_to(bench, states.ASK_MODE)
    answer(bench, 1, 1, b"\x01")
    bench.cycle_until(states.READY)


def test_of_two_inits_that_came_together_the_newer_is_answered(bench):
    bench.driver.start()
    answer(bench, 6, 1, b"\x01")
    answer(bench, 7, 1, b"\x01")
    n = bench.driver.step(0)
    assert bench.check.read(bench.driver.tx, n)
    assert (bench.check.command, bench.check.packet_number) == (INIT_ACK, 7)


def test_what_is_left_of_an_earlier_session_is_not_listened_to_before_init(bench):
    bench.driver.start()
    for command, data in ((37, b"\x00"), (38, b"\xff"), (33, b"\xfd"), (3, b"\x05")):
        answer(bench, 0, command, data)
    bench.cycle_until(states.READY)


@pytest.mark.parametrize("version", [0, 2, 255])
def test_device_of_another_protocol_version_is_never_accepted(bench, version):
    bench.device.faults.version = version
    bench.driver.start()
    bench.cycle_until(states.FAULT)
    assert (bench.driver.fault, bench.driver.protocol_major) == (faults.FAULT_WRONG_PROTOCOL, version)
    assert INIT_ACK not in bench.commands()


def test_no_init_within_2_s_is_a_fault(bench):
    bench.device.faults.silent = True
    bench.driver.start()
    bench.cycle(399)
    assert bench.driver.state == states.WAIT_INIT
    bench.cycle()
    assert bench.driver.fault == faults.FAULT_NO_ANSWER
    assert bench.commands() == [STOP]


def test_question_without_an_answer_is_asked_twice_and_then_a_fault(bench):
    bench.device.faults.drop_answers = True
    bench.driver.start()
    bench.cycle_until(states.FAULT)
    assert bench.driver.fault == faults.FAULT_NO_ANSWER
    assert bench.commands() == [INIT_ACK, MODE, MODE, STOP]
    asked = [frame for _, frame in bench.frames if bench.command_of(frame) == MODE]
    assert asked[0] != asked[1], "the second try has a packet number of its own"


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"\x00\x01", faults.FAULT_UNKNOWN_STATUS),
        (b"\x00\x02", faults.FAULT_UNKNOWN_STATUS),
        (b"\x00", faults.FAULT_ANSWER_INCOMPLETE),
        (b"", faults.FAULT_ANSWER_INCOMPLETE),
        (b"\x00\x00\x00", faults.FAULT_ANSWER_INCOMPLETE),
        (b"\xff", faults.FAULT_TRANSFER),
        (b"\xf0", faults.FAULT_UNKNOWN_RESULT),
    ],
)
def test_device_that_is_not_at_its_start_is_not_used(bench, data, fault):
    go_to(bench, states.ASK_MODE)
    bench.driver.step(0)
    answer(bench, 0, 11, data)
    assert (bench.driver.state, bench.driver.fault) == (states.FAULT, fault)


@pytest.mark.parametrize("data", [b"", b"\x01\x01"])
def test_init_of_the_wrong_length_is_a_fault(bench, data):
    bench.driver.start()
    answer(bench, 0, 1, data)
    assert bench.driver.fault == faults.FAULT_ANSWER_INCOMPLETE


def test_start_does_nothing_but_from_off(ready):
    n = len(ready.frames)
    assert not ready.driver.start()
    ready.cycle(10)
    assert ready.driver.is_ready()
    assert len(ready.frames) == n


# Pulses -----------------------------------------------------------------------------------------------------


def test_100_pulses_are_delivered_as_asked_each_with_a_frame_of_its_own(make_bench):
    bench = make_bench(PtyLink)
    bench.connect()
    bench.pulses(100)
    assert (bench.driver.pulses_acked, bench.driver.pulses_failed) == (100, 0)
    delivered = [(p.channel, p.current_ma, p.width_us, p.net_charge_nc) for p in bench.device.pulses]
    assert delivered == [(i % 2, 20.0, 250, 0.0) for i in range(100)]
    pulses = [frame for _, frame in bench.frames if bench.command_of(frame) == PULSE]
    assert len(set(pulses)) == 100


def test_packet_number_advances_with_every_frame_and_wraps_after_255(ready):
    ready.pulses(300)
    numbers = []
    for _, frame in ready.frames[1:]:  # the first echoes the device's own number
        ready.check.read(bytearray(frame), len(frame))
        numbers.append(ready.check.packet_number)
    assert numbers == [i % 256 for i in range(len(numbers))]


def test_at_most_one_pulse_is_unanswered(ready):
    assert ready.pulse()
    assert not ready.driver.can_pulse()
    assert not ready.pulse()
    ready.cycle(21)
    assert ready.driver.can_pulse()
    assert len(ready.device.pulses) == 1
    assert ready.driver.last_ack_channel == 0
    assert 20_000 <= ready.driver.last_ack_age_us <= 105_000


@pytest.mark.parametrize(
    ("channel", "current_ua", "width_us", "gap_us"),
    [
        *((0, 21_000, 250, 0), (0, 128_000, 250, 0), (0, 20_000, 250, 100), (8, 20_000, 250, 0)),
        *((0, 20_000, 19, 0), (0, 20_000, 501, 0), (0, -2_000, 250, 0), (0, 20_001, 250, 0)),
    ],
)
def test_pulse_that_the_device_would_not_give_exactly_is_not_encoded(
    ready, channel, current_ua, width_us, gap_us
):
    assert ready.driver.encode_pulse(channel, current_ua, width_us, gap_us) == 0
    ready.driver.pulse_written()
    assert ready.driver.fault == faults.FAULT_MISUSE


@pytest.mark.parametrize(
    ("asked_ua", "got_ua"),
    [
        *((-1, 0), (0, 0), (1_999, 0), (2_000, 2_000), (3_999, 2_000), (20_000, 20_000), (21_999, 20_000)),
        *((125_999, 124_000), (126_000, 126_000), (126_001, 126_000), (10**9, 126_000)),
    ],
)
def test_current_is_quantised_downward_to_what_the_device_can_do(asked_ua, got_ua):
    assert ScienceMode2().quantise_current_ua(asked_ua) == got_ua


def test_pulse_that_was_encoded_but_not_written_is_forgotten(ready):
    assert ready.driver.encode_pulse(0, 20_000, 250, 0)
    first = bytes(ready.driver.tx)
    assert ready.driver.encode_pulse(0, 20_000, 250, 0)
    assert bytes(ready.driver.tx) != first
    assert not ready.driver.encode_pulse(0, 20_001, 250, 0)
    ready.driver.pulse_written()
    assert ready.driver.fault == faults.FAULT_MISUSE


@pytest.mark.parametrize("state", ALL_STATES, ids=named)
def test_pulse_written_out_of_turn_is_a_fault_in_every_state(bench, state):
    go_to(bench, state)
    n = len(bench.device.pulses)
    bench.driver.pulse_written()
    assert bench.driver.state == states.FAULT
    assert bench.driver.fault in (faults.FAULT_MISUSE, faults.FAULT_ELECTRODE)
    bench.cycle(50)
    assert len(bench.device.pulses) == n


@pytest.mark.parametrize("state", [s for s in ALL_STATES if s != states.READY], ids=named)
def test_no_pulse_can_be_encoded_but_in_ready(bench, state):
    go_to(bench, state)
    assert not bench.driver.can_pulse()
    assert bench.driver.encode_pulse(0, 20_000, 250, 0) == 0


def test_one_encoded_pulse_can_be_written_only_once(ready):
    assert ready.pulse()
    ready.cycle(25)
    assert ready.driver.can_pulse()
    ready.driver.pulse_written()
    assert ready.driver.fault == faults.FAULT_MISUSE


def test_stop_or_watchdog_between_encoding_and_writing_forbids_the_pulse(make_bench):
    for between in (ScienceMode2.stop, lambda driver: driver.step(400_000)):
        bench = make_bench()
        bench.connect()
        assert bench.driver.encode_pulse(0, 20_000, 250, 0)
        between(bench.driver)
        bench.driver.pulse_written()
        assert bench.driver.fault == faults.FAULT_MISUSE


def test_before_the_first_frame_nothing_is_known():
    driver = ScienceMode2()
    assert (driver.state, driver.fault, driver.is_ready(), driver.can_pulse()) == (0, 0, False, False)
    assert (driver.last_ack_channel, driver.error_channel, driver.last_result, driver.last_command) == (
        -1,
    ) * 4
    assert (driver.last_ack_age_us, driver.protocol_major) == (0, 0)
    assert (driver.pulses_acked, driver.pulses_failed) == (0, 0)
    assert driver.step(10_000) == 0


def test_counters_of_pulses_stop_at_their_maximum(ready):
    ready.driver.pulses_acked = ready.driver.pulses_failed = 2**20 - 1
    ready.pulses(1)
    ready.device.faults.busy = True
    assert ready.pulse()
    ready.cycle(25)
    assert (ready.driver.pulses_acked, ready.driver.pulses_failed) == (2**20 - 1, 2**20 - 1)
