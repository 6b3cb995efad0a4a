"""The second opinion on a frame for the output stage: frames made elsewhere, limits restated."""

import random

import pytest

from hw_sim.emulators.output_stage_wire import encode_answer, encode_command
from stimulator.drivers import output_stage_codec as codec
from stimulator.drivers.output_stage_check import FrameCheck

HELLO, ENABLE, DISABLE, PULSE = 10, 12, 14, 16


def read(data, n=None):
    check = FrameCheck()
    return check.read(bytearray(data), len(data) if n is None else n), check


def word(output=0, pause=8, coarse=98, fine=0):
    return output | pause << 2 | coarse << 7 | fine << 14


def meaning(check):
    return check.channel, check.current_ua, check.width_us, check.gap_us


FORGOTTEN = (0, 0, 0, 0)
GOOD = encode_command(PULSE, 9, 41, word(2))


def test_new_check_knows_nothing():
    check = FrameCheck()
    assert (check.can_stimulate, check.is_pulse, check.command, check.packet_number) == (True, False, 0, 0)
    assert meaning(check) == FORGOTTEN
    assert (check.shape, check.net_charge_pc) == (1, 0)


def test_pulse_is_read_whole():
    ok, check = read(GOOD)
    assert ok
    assert (check.is_pulse, check.can_stimulate, check.command, check.packet_number) == (True, True, PULSE, 9)
    assert meaning(check) == (2, 20_500, 300, 100)
    assert (check.shape, check.net_charge_pc) == (1, 0)


@pytest.mark.parametrize(
    ("dac", "bits", "expected"),
    [
        (0, word(0, 0, 0, 0), (0, 0, 6, 20)),
        (1, word(1, 1, 1, 1), (1, 500, 10, 30)),
        (200, word(3, 31, 127, 63), (3, 100_000, 450, 330)),
        (129, word(2, 16, 64, 32), (2, 64_500, 230, 180)),
    ],
)
def test_every_field_counts_in_its_own_unit(dac, bits, expected):
    ok, check = read(encode_command(PULSE, 255, dac, bits))
    assert ok
    assert meaning(check) == expected
    assert check.packet_number == 255


@pytest.mark.parametrize("command", [HELLO, ENABLE, DISABLE])
def test_three_commands_are_known_to_be_harmless(command):
    ok, check = read(encode_command(command, 7, 0, 0))
    assert (ok, check.can_stimulate, check.is_pulse, check.command) == (True, False, False, command)


@pytest.mark.parametrize("command", [0, 9, 11, 13, 15, 17, 18, 255])
def test_any_other_command_counts_as_able_to_stimulate(command):
    ok, check = read(encode_command(command, 7, 0, 0))
    assert (ok, check.can_stimulate, check.is_pulse) == (True, True, False)


REFUSED = {
    "empty": b"",
    "too short": GOOD[:-1],
    "too long": GOOD + b"\0",
    "an answer": encode_answer(17, 9, 0, 41, word(2)),
    "above the current's end": encode_command(PULSE, 9, 201, word()),
    "current of two bytes": encode_command(PULSE, 9, 256, word()),
    "current that is 200 in its low byte": encode_command(PULSE, 9, 1 << 8 | 200, word()),
    "hello with a current above one byte": encode_command(HELLO, 9, 1 << 8 | 255, 0),
    "word of 21 bits and no other": encode_command(PULSE, 9, 41, 1 << 20),
    "word of 21 bits": encode_command(PULSE, 9, 41, word() | 1 << 20),
    "word of 23 bits": encode_command(PULSE, 9, 41, word() | 1 << 23),
    "word of 25 bits": encode_command(PULSE, 9, 41, word() | 1 << 24),
    "word of 32 bits": encode_command(PULSE, 9, 41, word() | 1 << 31),
    "hello with a current": encode_command(HELLO, 9, 1, 0),
    "enable with a word": encode_command(ENABLE, 9, 0, 1),
    "disable with both": encode_command(DISABLE, 9, 1, 1),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_what_is_not_exactly_a_frame_is_refused_and_counts_as_able_to_stimulate(data):
    ok, check = read(data)
    assert (ok, check.can_stimulate, check.is_pulse) == (False, True, False)


def test_length_is_what_was_told_and_what_is_there():
    assert not read(GOOD, 10)[0]
    assert not read(GOOD, 12)[0]
    assert not read(GOOD[:10], 11)[0]
    assert read(GOOD + b"behind it", 11)[0]


@pytest.mark.parametrize("first", range(88))
def test_every_one_and_two_bit_error_is_noticed(first):
    check = FrameCheck()
    for second in range(first, 88):
        damaged = bytearray(GOOD)
        for at in {first, second}:
            damaged[at // 8] ^= 1 << at % 8
        assert not check.read(damaged, 11)
        assert check.can_stimulate


def test_nothing_is_left_of_the_frame_before():
    check = FrameCheck()
    assert check.read(bytearray(GOOD), 11)
    assert check.read(bytearray(encode_command(HELLO, 1, 0, 0)), 11)
    assert (check.is_pulse, *meaning(check)) == (False, *FORGOTTEN)
    assert not check.read(bytearray(11), 11)
    assert (check.can_stimulate, check.command, check.packet_number) == (True, 0, 0)


def test_20000_random_pulses_are_read_as_they_were_encoded():
    rng = random.Random(5)
    buf, check = bytearray(11), FrameCheck()
    for _ in range(20_000):
        number, output = rng.randrange(256), rng.randrange(4)
        pulse = (output, 500 * rng.randint(0, 200), rng.randint(6, 450), 10 * rng.randint(2, 33))
        assert codec.encode_pulse(buf, number, *pulse) == 11
        assert check.read(buf, 11)
        assert check.is_pulse
        assert (check.packet_number, *meaning(check)) == (number, *pulse)
