"""The second opinion on a finished ScienceMode 2 frame: what it must refuse, with frames made elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw_sim.emulators.rehastim2_wire import encode_frame
from stimulator.drivers.sciencemode2_check import FrameCheck
from tests.test_sciencemode2_frame import SM2, conformant, wrapped

HOST = [f for f in SM2 if f["direction"] == "host_to_device"]
HARMLESS = {2: b"\x00", 4: b"", 10: b"", 34: b""}


def read(data, n=None):
    check = FrameCheck()
    return check.read(bytearray(data), len(data) if n is None else n), check


def pulse_frame(channel=1, width_us=250, current_ma=20, packet_number=9):
    return encode_frame(packet_number, 36, bytes((channel, width_us >> 8, width_us & 255, current_ma)))


GOOD = pulse_frame()


def meaning(check):
    return check.channel, check.current_ua, check.width_us, check.packet_number, check.is_pulse


@pytest.mark.parametrize("frame", HOST, ids=lambda f: f"{f['command']} {f['parameters'][:20]}")
def test_golden_host_frames_are_well_formed_and_only_harmless_ones_cannot_stimulate(frame):
    ok, check = read(bytes.fromhex(conformant(frame)))
    assert ok
    assert (check.packet_number, check.command) == (frame["packet_number"], frame["command_number"])
    assert check.can_stimulate is (frame["command_number"] not in HARMLESS)
    assert check.is_pulse is (frame["command_number"] == 36)
    if check.is_pulse:
        assert (check.current_ua, check.width_us, check.channel) == (20_000, 200, 0)


def test_good_pulse_is_read_whole():
    ok, check = read(GOOD)
    assert ok
    assert meaning(check) == (1, 20_000, 250, 9, True)
    assert (check.command, check.gap_us, check.net_charge_pc, check.can_stimulate) == (36, 0, 0, True)


@pytest.mark.parametrize(
    ("channel", "width_us", "current_ma"),
    [(0, 20, 0), (7, 500, 126), (7, 271, 2), (0, 240, 126), (3, 385, 118), (1, 129, 30)],
)
def test_edges_of_what_is_accepted(channel, width_us, current_ma):
    ok, check = read(pulse_frame(channel, width_us, current_ma, 255))
    assert ok
    assert meaning(check) == (channel, current_ma * 1000, width_us, 255, True)


REFUSED = {
    "channel 8": pulse_frame(channel=8),
    "channel 255": pulse_frame(channel=255),
    "width 19": pulse_frame(width_us=19),
    "width 0": pulse_frame(width_us=0),
    "width 501": pulse_frame(width_us=501),
    "width 65535": pulse_frame(width_us=65_535),
    "128 mA": pulse_frame(current_ma=128),
    "127 mA": pulse_frame(current_ma=127),
    "255 mA": pulse_frame(current_ma=255),
    "an odd current, which the device would quietly change": pulse_frame(current_ma=21),
    "1 mA": pulse_frame(current_ma=1),
    "no data": encode_frame(9, 36, b""),
    "three bytes": encode_frame(9, 36, bytes((1, 0, 250))),
    "five bytes": encode_frame(9, 36, bytes((1, 0, 250, 20, 0))),
    "trailing byte": GOOD + b"\x00",
    "trailing stop": GOOD + b"\x0f",
    "two frames": GOOD + GOOD,
    "a watchdog before": encode_frame(1, 4, b"") + GOOD,
    "cut off": GOOD[:-1],
    "nothing": b"",
    "InitAck without a result": encode_frame(1, 2, b""),
    "InitAck that refuses": encode_frame(1, 2, b"\xfb"),
    "InitAck with more": encode_frame(1, 2, b"\x00\x00"),
    "watchdog with data": encode_frame(1, 4, b"\x00"),
    "stop with data": encode_frame(1, 34, b"\x00"),
    "question with data": encode_frame(1, 10, b"\x00"),
    "no start": b"\xf1" + GOOD[1:],
    "no stop": GOOD[:-1] + b"\x0e",
    "checksum without its escape": GOOD[:1] + b"\x80" + GOOD[2:],
    "length without its escape": GOOD[:3] + b"\x80" + GOOD[4:],
    "length one too small": wrapped(b"\x01\x04", length=1),
    "length one too large": wrapped(b"\x01\x04", length=3),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_frame_that_is_not_exactly_one_known_thing_is_refused_and_counts_as_stimulating(data):
    ok, check = read(data)
    assert ok is False
    assert not check.is_pulse
    assert check.can_stimulate is True


@pytest.mark.parametrize("command", [c for c in range(256) if c not in {*HARMLESS, 36}])
def test_every_other_command_counts_as_stimulating(command):
    ok, check = read(encode_frame(1, command, b""))
    assert ok
    assert check.command == command
    assert check.can_stimulate
    assert not check.is_pulse


@pytest.mark.parametrize(("command", "data"), HARMLESS.items())
def test_harmless_commands_cannot_stimulate(command, data):
    ok, check = read(encode_frame(9, command, data))
    assert ok
    assert check.can_stimulate is False
    assert check.is_pulse is False


def test_nothing_is_trusted_before_the_first_frame():
    check = FrameCheck()
    assert meaning(check) == (0, 0, 0, 0, False)
    assert len(check._body) == 6
    assert (check.command, check.gap_us, check.net_charge_pc, check.can_stimulate) == (0, 0, 0, True)


def test_shortest_and_longest_frames():
    assert read(encode_frame(9, 4, b""))[0]
    assert read(encode_frame(9, 32, bytes(61)))[0]
    assert not read(encode_frame(9, 32, bytes(62)))[0]
    assert not read(wrapped(b"\x04"))[0]


def test_length_that_is_not_the_number_of_bytes_handed_over_is_refused():
    assert not read(GOOD + bytes(10))[0]
    assert read(GOOD + bytes(10), len(GOOD))[0], "what lies behind n bytes is not looked at"
    for n in (-1, 0, 7, len(GOOD) - 1, len(GOOD) + 1, 70, 2000):
        assert not read(GOOD, n)[0]


def flipped(data, bit):
    out = bytearray(data)
    out[bit // 8] ^= 1 << bit % 8
    return out


FRAMES = {
    "plain": GOOD,
    "escaped": pulse_frame(7, 240, 126, 0xF0),
    "more escaped": pulse_frame(0, 385, 30, 15),
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_no_one_or_two_bit_error_makes_another_pulse(frame):
    ok, good = read(frame)
    assert ok
    n = len(frame) * 8
    for a in range(n):
        for b in range(a, n):
            data = flipped(frame, a) if a == b else flipped(flipped(frame, a), b)
            ok, check = read(data)
            assert not ok or meaning(check) == meaning(good), f"bits {a} and {b} were not noticed"


@pytest.mark.parametrize(
    "body",
    [
        *(b"\x07\xc8\xf0", b"\x07\xc8\x0f", b"\x07\xc8\x81"),
        *(b"\x04\x81\x00", b"\x04\x81\x51", b"\x04\x04\x81", b"\x04", b"\x81\xa5"),
    ],
)
def test_bare_needless_or_dangling_escape_or_half_a_body_is_refused_even_with_a_right_checksum(body):
    assert not read(wrapped(body))[0]


@pytest.mark.parametrize("byte", [0xF0, 0x0F, 0x81])
def test_needed_escapes_are_undone(byte):
    ok, check = read(encode_frame(byte, 200, bytes((byte, 5, byte))))
    assert ok
    assert check.packet_number == byte


@given(st.binary(max_size=80))
def test_garbage_is_refused_without_an_exception(data):
    ok, check = read(data)
    assert not ok
    assert check.can_stimulate


@given(st.binary(max_size=8), st.integers(0, 255))
def test_whatever_pulse_command_is_accepted_is_in_range(data, packet_number):
    ok, check = read(encode_frame(packet_number, 36, data))
    if ok:
        assert check.is_pulse
        assert 0 <= check.current_ua <= 126_000
        assert 20 <= check.width_us <= 500
        assert 0 <= check.channel <= 7


def test_one_check_forgets_the_frame_before():
    check = FrameCheck()
    assert check.read(bytearray(GOOD), len(GOOD))
    assert not check.read(bytearray(GOOD), len(GOOD) - 1)
    assert meaning(check) == (0, 0, 0, 0, False)
    assert (check.command, check.can_stimulate) == (0, True)
    watchdog = bytearray(encode_frame(1, 4, b""))
    assert check.read(watchdog, len(watchdog))
    assert not check.can_stimulate
    assert not check.read(watchdog, 5)
    assert check.can_stimulate
