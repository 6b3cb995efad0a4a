"""The second opinion, where wrong versions of it passed the other tests."""

import binascii

import pytest

from tests.test_sciencemode4_check import G, M, P, point, pulse_frame, read


def wired(body: bytes) -> bytes:
    """Return a frame whose body stands on the wire exactly as given, with the right length and checksum."""
    n, crc = len(body) + 10, binascii.crc_hqx(body, 0)
    header = [b for value in (n >> 8, n & 255, crc >> 8, crc & 255) for b in (0x81, value ^ 0x55)]
    return bytes((0xF0, *header)) + body + b"\x0f"


@pytest.mark.parametrize("byte", [0x0F, 0x81, 0xF0])
def test_a_body_of_one_escaped_byte_is_no_command(byte):
    ok, check = read(wired(bytes((0x81, byte ^ 0x55))))
    assert not ok
    assert check.can_stimulate


@pytest.mark.parametrize(
    "frame",
    [
        pulse_frame(point(300, 0)),
        pulse_frame(point(300, 0.5), G, point(600, 0)),
        pulse_frame(P, G, point(300, -20, 0x100)),
        pulse_frame(point(300, 20, 0x100), G, M),
    ],
    ids=[
        "one point of 0 mA",
        "no second phase",
        "bit 8 of the last point",
        "bit 8 of the first point",
    ],
)
def test_what_is_no_balanced_pulse_in_every_bit_is_refused(frame):
    ok, check = read(frame)
    assert not ok
    assert check.can_stimulate


@pytest.mark.parametrize(("gap_ma", "net_charge_pc"), [(0.5, 50_000), (-0.5, -50_000), (3, 300_000)])
def test_current_in_the_pause_counts_with_its_sign_in_the_net_charge(gap_ma, net_charge_pc):
    ok, check = read(pulse_frame(P, point(100, gap_ma), M))
    assert not ok
    assert check.net_charge_pc == net_charge_pc
