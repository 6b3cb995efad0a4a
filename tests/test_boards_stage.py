"""The board's half of the output stage: the same answers as its emulator's contract, and pulses only as asked.

The pulse program itself runs in the cycle-exact emulator of a PIO; the pins are read off it.
"""

import random
from typing import ClassVar

import pytest

from hw_sim.emulators.output_stage import OutputStage as Emulated
from hw_sim.emulators.output_stage_wire import FROM_STAGE, encode_command
from hw_sim.emulators.pio import StateMachine
from stimulator.drivers import output_stage_codec as codec
from stimulator.drivers import output_stage_program as program
from tests.fake_board import fake_board

HELLO, ENABLE, DISABLE, PULSE = 10, 12, 14, 16
OK, PARAMETER, NOT_ENABLED, SUPPLY, BUSY, LOW_CURRENT = 0, 2, 7, 8, 21, 28
REST_US = 8_216
ENABLE_PIN, SUPPLY_PIN, DAC_CS = 6, 8, 17
WORD = codec.word_of(1, 250, 100)


class Exact:
    """The pulse program in the emulated PIO, in the place of the stand-in's simple model of a state machine."""

    made: ClassVar[list] = []  # of Exact

    def __init__(self):
        self.machine = StateMachine(
            program.OPCODES,
            wrap_target=program.WRAP_TARGET,
            wrap=program.WRAP,
            set_pins=program.SET_PINS,
            out_pins=program.OUT_PINS,
        )
        Exact.made.append(self)

    def put(self, word, now_us):
        machine = self.machine
        machine.run_until(now_us)
        assert machine.is_waiting, "a word that would wait in the queue"
        machine.put(word)
        machine.pushed.clear()
        while not machine.pushed:
            machine.run_until(machine.clock + 10)
        return machine.pushed[-1][0] - now_us


class Desk:
    """A stage on a desk: frames in, answers out, time by hand."""

    def __init__(self, rig):
        self.chip = rig.chip
        self.chip.levels[SUPPLY_PIN] = 1
        self.bridge = rig.board("bridge").Bridge()
        self.stage = rig.board("stage").Stage(self.bridge)
        self.buf = bytearray(codec.FRAME_N)

    def say(self, data):
        for byte in data:
            self.stage.feed(byte, self.chip.now_us)

    def hear(self):
        self.stage.step(self.chip.now_us)
        return bytes(self.buf[: self.stage.take(self.buf)])

    def ask(self, command, number=0, dac=0, word=0, wait_us=0):
        """Say a command; return (result, value, word) of its answer after `wait_us`, None if there is none."""
        self.say(encode_command(command, number, dac, word))
        for _ in range(max(1, wait_us // 50)):
            answer = self.hear()
            if answer:
                assert answer[0] == FROM_STAGE
                assert answer[1] == command + 1
                assert answer[2] == number
                return answer[3], answer[4], int.from_bytes(answer[5:9], "big")
            self.chip.pass_us(50)
        return None

    def pulse(self, number=0, dac=40, word=WORD):
        return self.ask(PULSE, number, dac, word, wait_us=12_000)


@pytest.fixture
def rig(tmp_path):
    with fake_board(tmp_path) as rig:
        Exact.made = []
        rig.rp2.ENGINE = Exact
        yield rig


@pytest.fixture
def desk(rig):
    return Desk(rig)


def edges():
    return Exact.made[-1].machine.edges


def test_hello_tells_the_version_and_the_checksum_of_what_was_given_to_the_chip(desk):
    assert desk.ask(HELLO, 5) == (OK, 1, program.checksum(program.OPCODES))
    desk.bridge._program[0][3] ^= 1
    other = type(desk.stage)(desk.bridge)
    desk.stage = other
    assert desk.ask(HELLO)[2] != program.checksum(program.OPCODES)


def test_the_chip_was_given_the_tested_program_and_its_pins(rig, desk):
    given = rig.rp2.PROGRAMS[0]
    assert tuple(given[0]) == program.OPCODES
    assert given[4] == 1 << 19, "shifts right"
    assert given[6] == (2, 2), "two lines of the bridge, low at first"
    assert given[5] == (2, 2), "two select lines"
    assert tuple(rig.rp2.PROGRAMS[1][0]) == (0x20A0, 0x8000, 0x2020), "wait high, push, wait low"


@pytest.mark.parametrize("width_us", [6, 7, 100, 250, 449, 450])
@pytest.mark.parametrize("output", [0, 3])
def test_a_pulse_is_seen_at_the_pins_as_it_was_asked_for(desk, width_us, output):
    word = codec.word_of(output, width_us, 60)
    assert desk.ask(ENABLE) == (OK, 0, 0)
    assert desk.pulse(7, 50, word) == (OK, 0, word)
    (a_on, sides_a), (a_off, _), (b_on, sides_b), (b_off, last) = edges()[-4:]
    assert (sides_a & 3, sides_b & 3, last & 3) == (1, 2, 0)
    assert sides_a >> 2 == output
    assert a_off - a_on == b_off - b_on == width_us
    assert b_on - a_off == 60


def test_the_current_is_set_before_the_pulse_and_taken_back_after_it(desk):
    desk.ask(ENABLE)
    desk.say(encode_command(PULSE, 1, 200, WORD))
    assert bytes(desk.chip.spi) == (0x3000 | 4_000).to_bytes(2, "big"), "code 200 is 4000 of 4095"
    assert desk.chip.levels[DAC_CS] == 1
    desk.chip.pass_us(2_000)
    assert desk.hear()
    assert bytes(desk.chip.spi) == b"\x30\x00"


def test_a_pulse_that_comes_too_soon_waits_outside_the_pulse_program(desk):
    desk.ask(ENABLE)
    assert desk.pulse(1) == (OK, 0, WORD)
    end_us = edges()[-1][0]
    assert desk.pulse(2) == (OK, 0, WORD), "Exact.put asserts that no word ever waits in the queue"
    begin_us = edges()[-4][0]
    assert begin_us - end_us >= REST_US


def test_a_disable_drops_a_pulse_that_waits_and_lets_a_running_one_end(desk):
    desk.ask(ENABLE)
    desk.pulse(1)
    count = len(edges())
    desk.say(encode_command(PULSE, 2, 40, WORD))  # rests still
    assert desk.ask(DISABLE, 3) == (OK, 0, 0)
    desk.chip.pass_us(50_000)
    assert desk.hear() == b""
    assert len(edges()) == count
    assert desk.chip.levels[ENABLE_PIN] == 0
    desk.ask(ENABLE)
    desk.chip.pass_us(20_000)
    desk.say(encode_command(PULSE, 4, 40, WORD))
    desk.say(encode_command(DISABLE, 5, 0, 0))
    assert desk.chip.levels[ENABLE_PIN] == 1, "not in the middle of a pulse"
    desk.chip.pass_us(2_000)
    assert desk.hear()[1:4] == bytes((PULSE + 1, 4, OK))
    assert desk.hear()[1:4] == bytes((DISABLE + 1, 5, OK))
    assert desk.chip.levels[ENABLE_PIN] == 0


@pytest.mark.parametrize(
    ("before", "command", "expected"),
    [
        ((), (PULSE, 0, 40, WORD), NOT_ENABLED),
        ((), (DISABLE, 0, 0, 0), NOT_ENABLED),
        ((ENABLE,), (PULSE, 0, 201, WORD), PARAMETER),
        ((ENABLE,), (PULSE, 0, 40, 1 << 20), PARAMETER),
        ((ENABLE,), (PULSE, 0, 256, WORD), PARAMETER),
        ((ENABLE,), (99, 0, 0, 0), PARAMETER),
        ((ENABLE, DISABLE), (PULSE, 0, 40, WORD), NOT_ENABLED),
    ],
)
def test_what_it_cannot_do_it_says_in_its_answer(desk, before, command, expected):
    for one in before:
        assert desk.ask(one)[0] == OK
    assert desk.ask(*command)[0] == expected
    assert edges() == []


def test_a_second_pulse_before_the_first_has_ended_is_refused_as_busy(desk):
    desk.ask(ENABLE)
    desk.say(encode_command(PULSE, 1, 40, WORD))
    assert desk.ask(PULSE, 2, 40, WORD) == (BUSY, 0, 0)


def test_without_high_voltage_it_does_not_enable_and_gives_no_pulse(desk):
    desk.chip.levels[SUPPLY_PIN] = 0
    assert desk.ask(ENABLE) == (SUPPLY, 0, 0)
    assert desk.chip.levels[ENABLE_PIN] == 0
    desk.chip.levels[SUPPLY_PIN] = 1
    desk.ask(ENABLE)
    desk.chip.levels[SUPPLY_PIN] = 0
    assert desk.pulse()[0] == SUPPLY


@pytest.mark.parametrize("seen", [0, 1])
def test_a_current_that_was_not_reached_in_each_phase_is_told(rig, desk, seen):
    rig.rp2.SEEN = seen
    desk.ask(ENABLE)
    assert desk.pulse()[0] == LOW_CURRENT


def test_below_what_the_comparator_can_see_it_says_nothing(rig, desk):
    rig.rp2.SEEN = 0
    desk.ask(ENABLE)
    assert desk.pulse(1, dac=9)[0] == OK
    assert desk.pulse(2, dac=10)[0] == LOW_CURRENT


def test_a_pulse_program_that_does_not_run_is_switched_off_and_never_answered_as_given(rig, desk):
    desk.ask(ENABLE)
    rig.rp2.ACTIVE[0] = 0
    assert desk.pulse() is None
    assert desk.chip.levels[ENABLE_PIN] == 0
    assert not desk.stage.is_enabled
    assert 0xE000 in rig.rp2.EXECUTED, "both sides low"


def test_off_at_once_stops_the_machine_and_lowers_enable_line_and_sides(rig, desk):
    desk.ask(ENABLE)
    desk.say(encode_command(PULSE, 1, 40, WORD))
    desk.stage.off()
    assert desk.chip.levels[ENABLE_PIN] == 0
    assert rig.rp2.ACTIVE[0] == 0
    assert desk.ask(PULSE, 2, 40, WORD)[0] == NOT_ENABLED


@pytest.mark.parametrize("seed", range(5))
def test_noise_and_broken_frames_give_nothing_and_the_next_frame_is_heard(desk, seed):
    rng = random.Random(seed)
    desk.ask(ENABLE)
    for _ in range(300):
        frame = bytearray(encode_command(PULSE, rng.randrange(256), 40, WORD))
        frame[rng.randrange(11)] ^= 1 << rng.randrange(8)
        desk.say(bytes(rng.randrange(256) for _ in range(rng.randrange(4))) + frame)
    assert edges() == []
    desk.say(bytes(11))
    assert desk.ask(HELLO, 9)[0] == OK


@pytest.mark.parametrize("seed", range(8))
def test_it_answers_every_row_of_commands_as_the_emulated_stage_does(desk, seed):
    rng = random.Random(seed)
    emulated = Emulated(ack_latency_us=(0, 0))
    now_us = 0
    for number in range(120):
        command = rng.choice((HELLO, ENABLE, DISABLE, PULSE, PULSE, PULSE, 33))
        dac = rng.choice((0, 20, 200, 201)) if command == PULSE else 0
        word = codec.word_of(rng.randrange(4), rng.randint(6, 450), 20 + 10 * rng.randrange(32))
        if command != PULSE:
            word = 0
        frame = encode_command(command, number, dac, word)
        has_supply = rng.random() < 0.9
        desk.chip.levels[SUPPLY_PIN] = int(has_supply)
        emulated.faults.supply = not has_supply and command == ENABLE
        if not has_supply and command == PULSE:
            desk.chip.levels[SUPPLY_PIN] = 1
        desk.say(frame)
        emulated.feed(now_us, frame)
        mine, theirs = b"", b""
        for _ in range(60):
            now_us += 200
            desk.chip.pass_us(200)
            mine += desk.hear()
            theirs += emulated.step(now_us)
        assert mine == theirs, (command, dac, word)


def test_answers_that_nobody_takes_are_dropped_and_not_mixed(desk):
    for number in range(20):
        desk.say(encode_command(HELLO, number, 0, 0))
    heard = [desk.hear() for _ in range(6)]
    assert [h[2] for h in heard if h] == [0, 1, 2, 3]
    assert desk.ask(HELLO, 77)[0] == OK
