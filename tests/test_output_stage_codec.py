"""Frames to and from the output stage: exact at every edge, found in any stream. Numbers are restated."""

import random

import pytest
from crccheck.crc import Crc16Ibm3740, CrcXmodem
from hypothesis import given
from hypothesis import strategies as st

from hw_sim.emulators import output_stage_wire as wire
from stimulator.drivers import output_stage_codec as codec
from stimulator.drivers import output_stage_program as program
from stimulator.drivers.output_stage_codec import AnswerReader

HELLO, ENABLE, DISABLE, PULSE = 10, 12, 14, 16
COUNT_MAX = (1 << 20) - 1

# What is said -> bytes. The checksums are crccheck's.
FRAMES = {
    ("hello", 0): "5a0a00000000000000a042",
    ("enable", 1): "5a0c0100000000000098e8",
    ("disable", 255): "5a0eff0000000000000a5e",
    ("pulse", 3, 2, 20_500, 450, 330): "5a10030029000ffffe55df",
    ("pulse", 0, 0, 0, 6, 20): "5a10000000000000000c8a",
    ("pulse", 129, 3, 100_000, 300, 100): "5a108100c8000031230c22",
}


def said(what):
    buf = bytearray(b"\xff" * 11)  # of a frame before
    if what[0] == "pulse":
        n = codec.encode_pulse(buf, *what[1:])
    else:
        n = codec.encode_plain(buf, what[1], {"hello": HELLO, "enable": ENABLE, "disable": DISABLE}[what[0]])
    assert n in (0, 11)
    return bytes(buf[:n])


@pytest.mark.parametrize(("what", "expected"), FRAMES.items(), ids=str)
def test_frame_is_what_is_written_here(what, expected):
    assert said(what).hex() == expected
    assert int(expected[-4:], 16) == Crc16Ibm3740.calc(bytes.fromhex(expected)[1:9])


def test_numbers_are_those_of_the_contract():
    results = (codec.RESULT_OK, codec.RESULT_PARAMETER, codec.RESULT_NOT_ENABLED, codec.RESULT_SUPPLY)
    assert (*results, codec.RESULT_BUSY, codec.RESULT_LOW_CURRENT) == (0, 2, 7, 8, 21, 28)
    assert (codec.VERSION, codec.CURRENT_MAX_UA, codec.GAP_MIN_US, codec.GAP_MAX_US) == (1, 100_000, 20, 330)


@pytest.mark.parametrize("width_us", range(6, 451))
def test_every_width_has_a_word_that_means_it(width_us):
    word = codec.word_of(0, width_us, 20)
    assert 0 <= word < 1 << 20
    assert 3 * (word >> 7 & 127) + (word >> 14) + 6 == width_us
    assert word & 127 == 0


def test_every_gap_and_output_has_a_word_that_means_it():
    for code, gap_us in enumerate(range(20, 331, 10)):
        for output in range(4):
            assert codec.word_of(output, 6, gap_us) == output | code << 2


@pytest.mark.parametrize(
    ("output", "width_us", "gap_us"),
    [(-1, 100, 100), (4, 100, 100), (0, 5, 100), (0, 451, 100), (0, 100, 10), (0, 100, 0), (0, 100, 340)]
    + [(0, 100, gap_us) for gap_us in (19, 21, 105, 331)],
)
def test_what_the_program_cannot_do_is_refused(output, width_us, gap_us):
    assert codec.word_of(output, width_us, gap_us) == -1
    assert codec.encode_pulse(bytearray(11), 0, output, 10_000, width_us, gap_us) == 0


@pytest.mark.parametrize("current_ua", [-500, 499, 501, 100_001, 100_500])
def test_current_that_is_no_step_or_out_of_range_is_refused(current_ua):
    assert codec.encode_pulse(bytearray(11), 0, 0, current_ua, 100, 100) == 0


@pytest.mark.parametrize("packet_number", [-1, 256])
def test_packet_number_out_of_range_is_refused(packet_number):
    assert codec.encode_plain(bytearray(11), packet_number, HELLO) == 0
    assert codec.encode_pulse(bytearray(11), packet_number, 0, 1_000, 100, 100) == 0


@pytest.mark.parametrize("command", [0, 11, 13, 15, PULSE, 255])
def test_other_commands_have_no_plain_form(command):
    assert codec.encode_plain(bytearray(11), 0, command) == 0


@given(st.integers(0, 255), st.integers(0, 3), st.integers(0, 200), st.integers(6, 450), st.integers(2, 33))
def test_any_pulse_reaches_the_stage_as_it_was_meant(number, output, steps, width_us, gap):
    frame = said(("pulse", number, output, 500 * steps, width_us, 10 * gap))
    (heard,) = wire.FrameSplitter().feed(frame)
    assert (heard.command, heard.packet_number, heard.dac) == (PULSE, number, steps)
    assert heard.word == codec.word_of(output, width_us, 10 * gap)


# Answers -----------------------------------------------------------------------------------------------------


def read_all(reader, data):
    """Return (index of the completing byte, command, packet number, result, value, word) of each answer."""
    found = []
    for i, byte in enumerate(data):
        if reader.feed(byte):
            found.append((i, reader.command, reader.packet_number, reader.result, reader.value, reader.word))
    return found


ANSWER = wire.encode_answer(17, 9, 28, 1, 0x000F_FFFE)
MEANING = (17, 9, 28, 1, 0x000F_FFFE)


def test_answer_is_read_at_its_last_byte_and_not_before():
    assert ANSWER.hex()[:18] == "a511091c01000ffffe"
    assert read_all(AnswerReader(), ANSWER) == [(10, *MEANING)]


def test_answers_are_found_between_noise_and_a_tail_and_counted():
    reader = AnswerReader()
    noise = bytes((0x00, 0x5A, 0xFF))
    assert read_all(reader, noise + ANSWER + noise + ANSWER[:5]) == [(13, *MEANING)]
    assert (reader.noise_n, reader.errors) == (6, 0)
    reader.reset()
    assert read_all(reader, ANSWER) == [(10, *MEANING)]
    assert reader.errors == 0


@pytest.mark.parametrize("cut", range(1, 11))
def test_answer_after_one_that_was_cut_off_is_found(cut):
    reader = AnswerReader()
    data = ANSWER[:cut] + ANSWER + ANSWER
    found = [f[1:] for f in read_all(reader, data)]
    assert found == [MEANING] * 2
    assert reader.errors >= 1


def test_start_bytes_inside_what_was_noise_are_tried_too():
    reader = AnswerReader()
    assert [f[1:] for f in read_all(reader, b"\xa5\xa5\xa5" + ANSWER)] == [MEANING]
    assert reader.errors == 3


@pytest.mark.parametrize("at", range(11 * 8))
def test_any_flipped_bit_loses_the_answer_and_nothing_else(at):
    damaged = bytearray(ANSWER)
    damaged[at // 8] ^= 1 << at % 8
    assert [f[1:] for f in read_all(AnswerReader(), bytes(damaged) + bytes(11) + ANSWER)] == [MEANING]


@pytest.mark.parametrize("word", [1 << 20, 1 << 24, 0xFFFF_FFFF, 0x0010_0000 | 5])
def test_word_that_no_pulse_has_reads_as_none(word):
    ((_, _, _, _, _, found),) = read_all(AnswerReader(), wire.encode_answer(17, 1, 0, 0, word))
    assert found == -1


@pytest.mark.parametrize("word", [0, 1, 0x100, 0x1_0000, 0xF_FFFF])
def test_word_of_twenty_bits_is_read(word):
    ((*_, found),) = read_all(AnswerReader(), wire.encode_answer(17, 1, 0, 0, word))
    assert found == word


def test_counters_stop_at_their_end():
    reader = AnswerReader()
    reader.noise_n = reader.errors = COUNT_MAX - 1
    read_all(reader, bytes(5) + (b"\xa5" + bytes(10)) * 3)
    assert (reader.noise_n, reader.errors) == (COUNT_MAX, COUNT_MAX)
    assert (AnswerReader().packet_number, AnswerReader().word, AnswerReader().result) == (0, 0, 0)
    assert (AnswerReader().command, AnswerReader().value) == (0, 0)


def test_reader_finds_only_sound_answers_and_the_first_of_each_in_20000_streams_of_nonsense():
    rng = random.Random(11)
    reader, found = AnswerReader(), 0
    for _ in range(20_000):
        parts = []
        for _ in range(rng.randint(1, 4)):
            part = bytearray(rng.randbytes(rng.randint(0, 12)))
            if rng.random() < 0.7:
                part = bytearray(
                    wire.encode_answer(
                        rng.randrange(256),
                        rng.randrange(256),
                        rng.randrange(256),
                        rng.randrange(256),
                        rng.getrandbits(20),
                    )
                )
            if part and rng.random() < 0.3:
                part[rng.randrange(len(part))] ^= 1 << rng.randrange(8)
            parts.append(bytes(part[: rng.randint(0, 11)] if rng.random() < 0.2 else part))
        data = b"".join(parts)
        reader.reset()
        ours = [f[1:] for f in read_all(reader, data)]
        theirs = 0
        for at in range(len(data) - 10):
            body = data[at + 1 : at + 9]
            theirs += data[at] == 0xA5 and Crc16Ibm3740.calc(body) == int.from_bytes(
                data[at + 9 : at + 11], "big"
            )
        assert len(ours) <= theirs
        assert theirs == 0 or ours, data.hex()
        found += len(ours)
    assert found > 10_000


def test_checksum_of_the_program_is_crc_16_of_its_opcodes():
    data = b"".join(opcode.to_bytes(2, "big") for opcode in program.OPCODES)
    assert program.checksum(program.OPCODES) == CrcXmodem.calc(data)
    assert program.checksum(program.OPCODES[1:] + program.OPCODES[:1]) != CrcXmodem.calc(data)
