"""Framing, where wrong versions of the code passed the other tests: edges of numbers, and state between frames."""

import binascii

import pytest

from stimulator.drivers.sciencemode4_frame import FrameReader, FrameWriter
from tests.test_sciencemode4_frame import built, read_all

START, STOP = 0xF0, 0x0F


@pytest.mark.parametrize(
    ("packet_number", "command", "n"),
    [(63, 1023, 12), (64, 0, 0), (-1, 0, 0), (0, 1024, 0), (0, -1, 0)],
)
def test_the_largest_numbers_are_expressed_and_none_beyond(packet_number, command, n):
    assert len(built(packet_number, command, b"")) == n


def test_a_writer_that_has_not_begun_gives_nothing():
    writer = FrameWriter(64)
    assert (writer._n, writer._crc) == (0, 0)
    writer.put(5)
    assert writer.finish() == 0


@pytest.mark.parametrize("extra", [1, 2, 50])
def test_bytes_beyond_the_buffer_are_refused_without_an_exception(extra):
    assert built(0, 32, bytes(8), max_n=20) != b""
    assert built(0, 32, bytes(8 + extra), max_n=20) == b""


def test_a_new_reader_has_heard_nothing():
    reader = FrameReader(64)
    fields = (reader.packet_number, reader.command, reader.data_n, reader.errors, reader.noise_n)
    assert fields == (0, 0, 0, 0, 0)


def test_every_byte_that_completes_nothing_says_false():
    reader = FrameReader(64)
    said = [reader.feed(byte) for byte in b"\x42" + built(1, 4, b"\x81\x05")]
    assert said[-1] is True
    assert all(one is False for one in said[:-1])
    broken = bytearray(built(1, 4, b"\x05"))
    broken[6] ^= 1
    assert [reader.feed(byte) for byte in broken][-1] is False


def test_after_a_frame_the_reader_is_outside_again():
    reader = FrameReader(64)
    frame = built(1, 4, b"\x05")
    assert len(read_all(reader, frame + b"\x42" + frame + b"\x42\x43")) == 2
    assert (reader.errors, reader.noise_n) == (0, 3)


def test_a_new_start_forgets_the_data_of_the_frame_before():
    reader = FrameReader(64)
    read_all(reader, built(1, 4, b"\x05\x06"))
    assert reader.data_n == 2
    reader.feed(START)
    assert reader.data_n == 0


def test_counters_stop_at_their_maximum():
    reader = FrameReader(64)
    reader.noise_n = reader.errors = 2**20 - 2
    for _ in range(3):
        reader.feed(0x42)
        for byte in (START, STOP):
            reader.feed(byte)
    assert (reader.errors, reader.noise_n) == (2**20 - 1, 2**20 - 1)


def test_a_header_without_its_escapes_is_no_frame():
    body = bytes((1 << 2, 4))
    crc = binascii.crc_hqx(body, 0)
    for length, checksum in (
        (bytes((0, 0, 0, 12)), bytes((0, 0)) + crc.to_bytes(2, "big")),
        (bytes((0x81, 0x55, 0x81, 12 ^ 0x55)), bytes((0, 0)) + crc.to_bytes(2, "big")),
        (bytes((0, 0, 0, 12)), bytes((0x81, crc >> 8 ^ 0x55, 0x81, crc & 0xFF ^ 0x55))),
    ):
        reader = FrameReader(64)
        assert read_all(reader, bytes((START,)) + length + checksum + body + bytes((STOP,))) == []
        assert reader.errors == 1
