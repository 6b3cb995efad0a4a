"""The second opinion for a RehaMove3: four channels, and nothing in ll_init but the voltage."""

import pytest

from hw_sim.emulators.sciencemode_wire import encode_frame
from stimulator.drivers.sciencemode4_check import RehaMove3Check
from tests.p24_talk import pulse_data


def read(frame):
    check = RehaMove3Check()
    return check.read(bytearray(frame), len(frame)), check


@pytest.mark.parametrize("channel", range(8))
def test_only_the_first_connector_exists(channel):
    ok, check = read(encode_frame(1, 2, pulse_data(channel)))
    assert (ok, check.is_pulse, check.can_stimulate) == (channel < 4, channel < 4, True)
    assert check.channel == channel


@pytest.mark.parametrize(
    ("byte", "is_fine"), [(0x00, True), (0x0C, True), (0x0E, True), (0x10, False), (0x20, False)]
)
def test_ll_init_asks_for_a_voltage_and_nothing_else(byte, is_fine):
    ok, check = read(encode_frame(1, 0, bytes((byte,))))
    assert (ok, check.can_stimulate, check.is_pulse) == (is_fine, not is_fine, False)


def test_highest_bit_of_what_ll_init_may_not_ask_for_is_seen():
    assert not read(encode_frame(1, 0, b"\x40"))[0]


@pytest.mark.parametrize("command", [4, 34, 50, 52, 54, 62])
def test_questions_and_stops_are_harmless_here_too(command):
    ok, check = read(encode_frame(1, command, b""))
    assert (ok, check.can_stimulate) == (True, False)


def test_other_commands_are_read_as_for_a_p24():
    ok, check = read(encode_frame(1, 36, b"\x70"))
    assert (ok, check.can_stimulate, check.is_pulse) == (True, True, False)
    assert not read(encode_frame(1, 0, b"\x01"))[0]
    assert not read(b"")[0]
