"""The second opinion on a finished frame: what it must refuse, restated with frames made elsewhere."""

import binascii
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw_sim.emulators.sciencemode_wire import encode_frame
from stimulator.drivers.sciencemode4_check import FrameCheck

GOLDEN = json.loads((Path(__file__).parent / "golden" / "golden_frames.json").read_text())
HOST = [f for f in GOLDEN["ScienceMode4"]["frames"] if f["direction"] == "host_to_device"]
HARMLESS = {0, 4, 34, 50, 52, 54, 60, 62, 68}


def read(data, n=None):
    check = FrameCheck()
    return check.read(bytearray(data), len(data) if n is None else n), check


def point(duration_us, current_ma, low_bits=0):
    code = round(2 * current_ma + 300)
    return (duration_us << 20 | code << 10 | low_bits).to_bytes(4, "big")


def pulse_frame(*points, head=None):
    data = b"".join(points)
    return encode_frame(9, 2, bytes((0x80 | len(points) - 1 if head is None else head,)) + data)


GOOD = pulse_frame(point(300, 20), point(100, 0), point(300, -20))


def meaning(check):
    return check.channel, check.current_ua, check.width_us, check.gap_us, check.packet_number, check.is_pulse


@pytest.mark.parametrize("frame", HOST, ids=lambda f: f["command"][:30])
def test_golden_host_frames_are_well_formed_and_only_harmless_ones_cannot_stimulate(frame):
    ok, check = read(bytes.fromhex(frame["frame_hex"]))
    assert ok
    assert (check.packet_number, check.command) == (frame["packet_number"], frame["command_number"])
    assert check.can_stimulate is (frame["command_number"] not in HARMLESS)
    assert check.is_pulse is (frame["command_number"] == 2)
    if check.is_pulse:
        assert (check.current_ua, check.width_us, check.gap_us, check.net_charge_pc) == (10_000, 300, 100, 0)


def test_good_pulse_is_read_whole():
    ok, check = read(GOOD)
    assert ok
    assert meaning(check) == (0, 20_000, 300, 100, 9, True)


@pytest.mark.parametrize("times", [1, 2, 3, 4])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_shape_is_read_from_the_second_phase_and_the_sign_of_the_first(times, sign):
    ok, check = read(pulse_frame(point(300, sign * 12), G, point(300 * times, -sign * 12 / times)))
    assert ok
    assert meaning(check) == (0, 12_000, 300, 100, 9, True)
    assert (check.shape, check.net_charge_pc) == (sign * times, 0)


def test_pulse_without_a_gap_has_two_points():
    ok, check = read(pulse_frame(point(10, 130), point(10, -130)))
    assert ok
    assert meaning(check) == (0, 130_000, 10, 0, 9, True)


@pytest.mark.parametrize(
    ("head", "channel"),
    [(0x82, 0), (0xA2, 1), (0xC2, 2), (0xE2, 3), (0x92, 4), (0xB2, 5), (0xD2, 6), (0xF2, 7)],
)
def test_channel_is_read_from_connector_and_number(head, channel):
    ok, check = read(pulse_frame(point(300, 20), point(100, 0), point(300, -20), head=head))
    assert ok
    assert check.channel == channel


P, G, M = point(300, 20), point(100, 0), point(300, -20)
REFUSED = {
    "second phase shorter": pulse_frame(P, G, point(299, -20)),
    "second phase longer": pulse_frame(P, G, point(301, -20)),
    "second phase weaker": pulse_frame(P, G, point(300, -19.5)),
    "second phase stronger than the first": pulse_frame(P, G, point(150, -40)),
    "second phase five times as long": pulse_frame(P, G, point(1500, -4)),
    "balanced by charge but not a whole number of times": pulse_frame(point(300, 15), G, point(450, -10)),
    "longer than its charge": pulse_frame(P, G, point(601, -10)),
    "below -130 mA": pulse_frame(point(300, -130.5), G, point(300, 130.5)),
    "same sign twice": pulse_frame(P, G, P),
    "current in the pause": pulse_frame(P, point(100, 0.5), M),
    "pause of 9 us": pulse_frame(P, point(9, 0), M),
    "phases of 9 us": pulse_frame(point(9, 20), G, point(9, -20)),
    "above 130 mA": pulse_frame(point(300, 130.5), G, point(300, -130.5)),
    "above the field's meaning": pulse_frame(point(300, 200), G, point(300, -150)),
    "execute bit 0": pulse_frame(P, G, M, head=0x02),
    "one point": pulse_frame(P),
    "four points": pulse_frame(P, G, G, M),
    "count says 2, three follow": pulse_frame(P, G, M, head=0x81),
    "count says 4, three follow": pulse_frame(P, G, M, head=0x83),
    "slope on the first point": pulse_frame(point(300, 20, 0x20), G, M),
    "slope on the pause": pulse_frame(P, point(100, 0, 0x40), M),
    "slope on the last point": pulse_frame(P, G, point(300, -20, 0x20)),
    "reserved bits of the last point": pulse_frame(P, G, point(300, -20, 0x200)),
    "lowest bit of a point": pulse_frame(P, G, point(300, -20, 1)),
    "no data": encode_frame(9, 2, b""),
    "head only": encode_frame(9, 2, b"\x82"),
    "one byte more": encode_frame(9, 2, b"\x82" + P + G + M + b"\x00"),
    "one byte less": encode_frame(9, 2, b"\x82" + (P + G + M)[:-1]),
    "trailing byte": GOOD + b"\x00",
    "trailing stop": GOOD + b"\x0f",
    "two frames": GOOD + GOOD,
    "a stop frame before": encode_frame(1, 4, b"") + GOOD,
    "cut off": GOOD[:-1],
    "nothing": b"",
    "ll_init without data": encode_frame(1, 0, b""),
    "ll_init with reserved bit 0": encode_frame(1, 0, b"\x01"),
    "ll_init with reserved bit 7": encode_frame(1, 0, b"\x80"),
    "ll_stop with data": encode_frame(1, 4, b"\x00"),
    "question with data": encode_frame(1, 62, b"\x00"),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_frame_that_is_not_exactly_one_known_thing_is_refused_and_counts_as_stimulating(data):
    ok, check = read(data)
    assert not ok
    assert not check.is_pulse
    assert check.can_stimulate


@pytest.mark.parametrize("command", [c for c in range(1024) if c not in HARMLESS | {2}])
def test_every_other_command_counts_as_stimulating(command):
    ok, check = read(encode_frame(1, command, b""))
    assert ok
    assert check.command == command
    assert check.can_stimulate
    assert not check.is_pulse


@pytest.mark.parametrize("command", sorted(HARMLESS))
def test_harmless_commands_cannot_stimulate_and_have_exactly_their_data(command):
    data = b"\x00" if command == 0 else b""
    ok, check = read(encode_frame(9, command, data))
    assert ok
    assert not check.can_stimulate
    assert not read(encode_frame(9, command, data + b"\x00"))[0]


def test_nothing_is_trusted_before_the_first_frame():
    check = FrameCheck()
    assert meaning(check) == (0, 0, 0, 0, 0, False)
    assert (check.command, check.net_charge_pc, check.can_stimulate) == (0, 0, True)


def test_edges_of_what_is_accepted():
    for points in (
        (point(300, 0), point(100, 0), point(300, 0)),
        (point(10, 130), point(10, 0), point(10, -130)),
        (point(4095, 0.5), point(4095, 0), point(4095, -0.5)),
    ):
        ok, check = read(pulse_frame(*points))
        assert ok
        assert check.is_pulse


def test_longest_frame_is_1200_bytes():
    ok, check = read(encode_frame(9, 32, bytes(1188)))
    assert ok
    assert check.can_stimulate
    assert not read(encode_frame(9, 32, bytes(1189)))[0]


def test_long_mid_level_update_is_well_formed_but_counts_as_stimulating():
    data = bytes((1, 0xF0, 0, 100)) + point(300, 20) * 16
    ok, check = read(encode_frame(3, 32, data))
    assert ok
    assert (check.command, check.can_stimulate, check.is_pulse) == (32, True, False)


def test_length_that_is_not_the_number_of_bytes_handed_over_is_refused():
    assert not read(GOOD + bytes(10))[0]
    assert read(GOOD + bytes(10), len(GOOD))[0], "what lies behind n bytes is not looked at"
    for n in (-1, 0, 11, len(GOOD) - 1, len(GOOD) + 1, 2000):
        assert not read(GOOD, n)[0]


def flipped(data, bit):
    out = bytearray(data)
    out[bit // 8] ^= 1 << bit % 8
    return out


@pytest.mark.parametrize(
    "frame",
    [GOOD, pulse_frame(point(250, 60.5), point(241, 0), point(250, -60.5), head=0xF2), pulse_frame(P, M)],
    ids=["plain", "escaped", "no gap"],
)
def test_no_single_bit_error_makes_another_pulse(frame):
    ok, good = read(frame)
    assert ok
    for bit in range(len(frame) * 8):
        ok, check = read(flipped(frame, bit))
        assert not ok or meaning(check) == meaning(good), f"bit {bit} was not noticed"


def test_no_two_bit_error_makes_another_pulse():
    for a in range(len(GOOD) * 8):
        for b in range(a + 1, len(GOOD) * 8):
            ok, _ = read(flipped(flipped(GOOD, a), b))
            assert not ok, f"bits {a} and {b} were not noticed"


def test_bare_special_byte_in_the_body_is_refused_even_with_a_right_checksum():
    for raw in (0xF0, 0x0F):
        body = bytes((7, 232, raw))  # command 1000, which may have any data
        head = bytes((0x81, 0x55, 0x81, 13 ^ 0x55))
        crc = binascii.crc_hqx(body, 0)
        head += bytes((0x81, crc >> 8 ^ 0x55, 0x81, crc & 255 ^ 0x55))
        assert not read(b"\xf0" + head + body + b"\x0f")[0]


@pytest.mark.parametrize("body", [b"\x04\x81\x00", b"\x04\x81\x51", b"\x04\x04\x81", b"\x04"])
def test_needless_or_dangling_escape_or_half_a_body_is_refused(body):
    crc = binascii.crc_hqx(body, 0)
    head = bytes((0x81, 0x55, 0x81, (10 + len(body)) ^ 0x55))
    head += bytes((0x81, crc >> 8 ^ 0x55, 0x81, crc & 255 ^ 0x55))
    assert not read(b"\xf0" + head + body + b"\x0f")[0]


@given(st.binary(max_size=80))
def test_garbage_is_refused_without_an_exception(data):
    ok, check = read(data)
    assert not ok
    assert check.can_stimulate


@given(st.binary(max_size=40), st.integers(0, 63))
def test_whatever_pulse_command_is_accepted_is_balanced_and_in_range(data, packet_number):
    ok, check = read(encode_frame(packet_number, 2, data))
    if ok:
        assert check.is_pulse
        assert 0 <= check.current_ua <= 130_000
        assert 10 <= check.width_us <= 4095


def test_net_charge_of_a_refused_pulse_stops_at_what_the_board_can_hold():
    _, check = read(pulse_frame(point(4095, 150), point(4095, 150), point(4095, 150)))
    assert check.net_charge_pc == 532_350_000
    _, check = read(pulse_frame(point(4095, -150), point(4095, -150), point(4095, -150)))
    assert check.net_charge_pc == -532_350_000
    _, check = read(pulse_frame(P, G, point(300, -19.5)))
    assert check.net_charge_pc == 150_000


def test_one_check_forgets_the_frame_before():
    check = FrameCheck()
    assert check.read(bytearray(GOOD), len(GOOD))
    assert not check.read(bytearray(GOOD), len(GOOD) - 1)
    assert meaning(check) == (0, 0, 0, 0, 0, False)
    assert check.can_stimulate
    unbalanced = bytearray(REFUSED["second phase shorter"])
    assert not check.read(unbalanced, len(unbalanced))
    assert check.net_charge_pc != 0
    assert not check.read(unbalanced, 5)
    assert (check.command, check.net_charge_pc) == (0, 0)
