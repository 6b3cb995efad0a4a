"""The output stage's driver and its emulated board: what is asked, what is refused, and what is a fault."""

from itertools import pairwise

import pytest

from hw_sim.emulators.load import ResistorLoad
from hw_sim.emulators.output_stage import OutputStage as Board
from hw_sim.emulators.output_stage_wire import encode_answer, encode_command
from stimulator.drivers import faults, output_stage_program
from stimulator.drivers import output_stage as states
from stimulator.drivers.output_stage import OutputStage
from stimulator.drivers.output_stage_check import FrameCheck
from tests.device_bench import Bench

HELLO, ENABLE, DISABLE, PULSE = 10, 12, 14, 16
REST_US = 8_216


def bench(**device):
    return Bench(Board(**device), OutputStage(), FrameCheck())


@pytest.fixture
def ready():
    with bench() as b:
        b.connect()
        yield b


def answer(b, number, command, result=0, value=0, word=0):
    frame = encode_answer(command, number, result, value, word)
    b.driver.receive(bytearray(frame), len(frame))


def test_it_asks_who_is_there_then_enables(ready):
    assert ready.commands() == [HELLO, ENABLE]
    assert ready.states == [states.OFF, states.ASK, states.ENABLING, states.READY]
    assert ready.driver.protocol_major == 1
    assert ready.device.is_enabled
    assert ready.device.pulses == []


def test_pulses_reach_the_load_exactly_on_each_output_in_the_order_asked(ready):
    asked = [(0, 20_500, 300, 100), (3, 100_000, 450, 330), (1, 500, 6, 20), (2, 0, 100, 50)]
    for one in asked:
        assert ready.pulse(*one)
        ready.cycle(3)
    found = [
        (p.channel, round(1000 * p.current_ma), p.width_us, p.gap_us)
        for p in ready.device.pulses
        if p.current_ma
    ]
    assert found == [one for one in asked if one[1]]
    assert all(p.net_charge_nc == 0 for p in ready.device.pulses)
    assert (ready.driver.pulses_acked, ready.driver.pulses_failed) == (4, 0)
    assert ready.driver.last_ack_channel == 2


@pytest.mark.parametrize(
    "asked",
    [
        (4, 1_000, 100, 100),
        (0, 1_250, 100, 100),
        (0, 1_000, 451, 100),
        (0, 1_000, 100, 0),
        (0, 1_000, 100, 105),
    ],
)
def test_what_it_cannot_do_exactly_is_not_encoded(ready, asked):
    assert ready.driver.encode_pulse(*asked) == 0
    ready.driver.pulse_written()
    assert ready.driver.fault == faults.FAULT_MISUSE


@pytest.mark.parametrize("shape", [-1, 0, 2, 3, 4, -4])
def test_second_phase_of_another_form_is_not_encoded(ready, shape):
    assert ready.driver.encode_pulse(0, 1_000, 100, 100, shape) == 0


def test_second_word_waits_for_the_rest_and_nothing_is_faster(ready):
    for _ in range(40):
        while not ready.driver.can_pulse():
            ready.cycle(1, dt_us=500)
        assert ready.pulse(0, 10_000, 100, 20)
    ready.cycle(10)
    starts = [p.start_us for p in ready.device.pulses]
    assert len(starts) == 40
    apart = {b - a for a, b in pairwise(starts)}
    assert min(apart) == 2 * 100 + 20 + REST_US
    assert max(apart) < 10_000


def test_host_that_dies_leaves_one_pulse_and_silence_within_10_ms(ready):
    assert ready.pulse(0, 10_000, 450, 330)
    ready.cycle(1, dt_us=4_000)
    assert ready.pulse(1, 10_000, 450, 330)
    died_us = ready.now_us
    ready.device.step(died_us + 60_000_000)
    last = ready.device.pulses[-1]
    assert len(ready.device.pulses) == 2
    assert last.start_us + last.duration_us - died_us <= 1000 * ready.driver.capability.host_death_tail_ms


def test_stop_lets_a_pulse_under_way_end_and_takes_a_waiting_word_back(ready):
    assert ready.pulse(0, 10_000, 450, 330)
    ready.driver.stop()
    ready.cycle_until(states.OFF)
    assert len(ready.device.pulses) == 1
    assert ready.device.pulses[0].net_charge_nc == 0
    assert not ready.device.is_enabled
    ready.connect()
    assert ready.pulse(0)
    ready.cycle(1, dt_us=3_000)
    assert ready.pulse(1)
    ready.driver.stop()
    ready.cycle(1, dt_us=1_000)
    ready.cycle_until(states.OFF)
    assert [p.channel for p in ready.device.pulses] == [0, 0], "the second word had not begun"


def test_open_lead_is_seen_by_the_comparator_from_5_ma_on(ready):
    ready.device.set_open_channels(0)
    assert ready.pulse(0, 4_500)
    ready.cycle(3)
    assert ready.driver.is_ready()
    assert ready.pulse(0, 5_000)
    ready.cycle(3)
    assert (ready.driver.fault, ready.driver.error_channel) == (faults.FAULT_LOW_CURRENT, 0)
    assert ready.driver.pulses_failed == 1


def test_supply_that_does_not_reach_is_seen_too():
    with bench(load=ResistorLoad(10_000)) as b:
        b.connect()
        assert b.pulse(0, 20_000)
        b.cycle(3)
        assert b.driver.fault == faults.FAULT_LOW_CURRENT
        assert b.device.pulses[0].reached_ma == pytest.approx(15)


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("version", 2, faults.FAULT_WRONG_PROTOCOL),
        ("opcodes", (*output_stage_program.OPCODES[:-1], 0x0054), faults.FAULT_UNKNOWN_STATUS),
        ("supply", True, faults.FAULT_HIGH_VOLTAGE),
        ("silent", True, faults.FAULT_NO_ANSWER),
        ("corrupt_heard", True, faults.FAULT_NO_ANSWER),
        ("drop_answers", True, faults.FAULT_NO_ANSWER),
        ("corrupt_checksum", True, faults.FAULT_ANSWER_BROKEN),
    ],
)
def test_stage_that_is_not_the_one_that_was_tested_is_never_ready(field, value, fault):
    with bench() as b:
        setattr(b.device.faults, field, value)
        b.driver.start()
        b.cycle_until(states.FAULT)
        assert b.driver.fault == fault
        assert not b.device.is_enabled


def test_word_that_was_changed_on_its_way_into_the_pio_is_a_fault(ready):
    ready.device.faults.other_word = 1 << 7
    assert ready.pulse(0)
    ready.cycle(3)
    assert ready.driver.fault == faults.FAULT_WRONG_CHANNEL
    assert (ready.driver.pulses_acked, ready.driver.pulses_failed) == (0, 1)


@pytest.mark.parametrize(
    ("result", "fault"),
    [
        (2, faults.FAULT_PARAMETER),
        (7, faults.FAULT_NOT_INITIALISED),
        (8, faults.FAULT_HIGH_VOLTAGE),
        (21, faults.FAULT_BUSY),
        (28, faults.FAULT_LOW_CURRENT),
        (1, faults.FAULT_UNKNOWN_RESULT),
        (255, faults.FAULT_UNKNOWN_RESULT),
    ],
)
def test_each_result_of_a_pulse_has_its_cause(ready, result, fault):
    ready.device.faults.pulse_result = result
    assert ready.pulse(1)
    ready.cycle(3)
    assert (ready.driver.fault, ready.driver.error_channel) == (fault, 1)
    assert ready.driver.last_result == result


@pytest.mark.parametrize(("number", "command"), [(2, 17), (1, 17), (0, 13), (2, 15)])
def test_answer_to_nothing_asked_is_a_fault(ready, number, command):
    answer(ready, number, command)
    assert ready.driver.fault == faults.FAULT_UNMATCHED_ANSWER
    assert ready.driver.last_command == command


def test_enable_that_was_refused_is_a_fault_and_stop_of_a_stage_that_restarted_is_not(ready):
    ready.device.power_cycle(ready.now_us, boot_us=0)
    ready.driver.stop()
    ready.cycle_until(states.OFF)
    assert ready.driver.fault == faults.FAULT_NONE
    ready.driver.start()
    ready.driver.step(0)
    answer(ready, 3, 11, value=1, word=states.PROGRAM_CHECKSUM)
    ready.driver.step(0)
    answer(ready, 4, 13, result=7)
    assert ready.driver.fault == faults.FAULT_NOT_INITIALISED


def test_stop_that_is_refused_is_a_fault(ready):
    ready.driver.stop()
    ready.driver.step(0)
    answer(ready, 2, 15, result=8)
    assert ready.driver.fault == faults.FAULT_HIGH_VOLTAGE


def test_answers_of_an_earlier_session_and_to_what_the_stop_overtook_change_nothing():
    with bench() as b:
        b.driver.start()
        b.driver.step(0)
        answer(b, 77, 17)
        assert b.driver.state == states.ASK
        b.cycle_until(states.READY)
        b.driver.stop()
        b.driver.step(0)
        answer(b, 77, 17)
        assert b.driver.state == states.STOPPING


def test_nothing_is_taken_when_off_or_in_fault(ready):
    ready.driver.port_gone()
    answer(ready, 1, 17)
    assert ready.driver.fault == faults.FAULT_PORT_GONE
    fresh = OutputStage()
    frame = encode_answer(17, 0, 0, 0, 0)
    fresh.receive(bytearray(frame), len(frame))
    assert (fresh.state, fresh.last_command) == (states.OFF, 17)


def test_every_state_and_fault_has_its_words():
    assert len(OutputStage.STATE_NAMES) == len(states.NEXT) == len(states.COMMANDS) == 6
    assert len(OutputStage.FAULTS) == 21
    for sentence in OutputStage.FAULTS:
        assert sentence[0].isalnum()
        assert sentence.endswith(".")


def test_table_leads_to_ready_only_from_enabling_and_out_of_fault_only_by_clear():
    to_ready = [(s, e) for s in range(6) for e in range(5) if states.NEXT[s][e] == states.READY]
    assert to_ready == [(states.ENABLING, states.EVENT_DONE), (states.READY, 0), (states.READY, 2)]
    assert states.NEXT[states.FAULT] == (states.FAULT, states.FAULT, states.OFF, states.FAULT, states.FAULT)


# The board ---------------------------------------------------------------------------------------------------


class Talk:
    """A client by hand."""

    def __init__(self, **device):
        self.board = Board(ack_latency_us=(0, 0), **device)
        self.now_us = 0

    def ask(self, command, dac=0, word=0, wait_us=20_000):
        self.board.feed(self.now_us, encode_command(command, 1, dac, word))
        self.now_us += wait_us
        return self.board.step(self.now_us)


def test_board_refuses_what_it_does_not_know_and_pulses_before_enable_or_out_of_range():
    talk = Talk()
    assert talk.ask(PULSE, 10, 0) == encode_answer(17, 1, 7, 0, 0)
    assert talk.ask(99) == encode_answer(100, 1, 2, 0, 0)
    assert talk.ask(DISABLE) == encode_answer(15, 1, 7, 0, 0)
    talk.ask(ENABLE)
    assert talk.ask(PULSE, 201, 0) == encode_answer(17, 1, 2, 0, 0)
    assert talk.ask(PULSE, 10, 1 << 20) == encode_answer(17, 1, 2, 0, 0)
    assert talk.board.pulses == []


def test_board_takes_one_word_at_a_time():
    talk = Talk()
    talk.ask(ENABLE)
    talk.board.feed(talk.now_us, encode_command(PULSE, 1, 10, 0) + encode_command(PULSE, 2, 10, 0))
    said = talk.board.step(talk.now_us + 20_000)
    assert encode_answer(17, 2, 21, 0, 0) in said
    assert len(talk.board.pulses) == 1


def test_board_that_lost_power_has_forgotten_everything_and_is_deaf_while_it_boots():
    talk = Talk()
    talk.ask(ENABLE)
    talk.board.feed(talk.now_us, encode_command(PULSE, 1, 10, 0))
    talk.board.power_cycle(talk.now_us)
    assert talk.ask(HELLO) == b""
    talk.now_us += 1_000_000
    assert talk.ask(PULSE, 10, 0) == encode_answer(17, 1, 7, 0, 0)
    assert talk.board.pulses == []


def test_board_hears_frames_between_noise():
    talk = Talk()
    talk.board.feed(0, b"\x5a\x00noise" + encode_command(HELLO, 1, 0, 0))
    assert talk.board.step(10_000)[:4] == b"\xa5\x0b\x01\x00"
    assert talk.board.due_us(20_000) is None


def test_latency_range_upside_down_is_refused():
    with pytest.raises(ValueError, match="ack_latency_us"):
        Board(ack_latency_us=(5, 1))
