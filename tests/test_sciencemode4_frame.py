"""Framing: golden frames of independent peers, encoded, decoded, byte by byte, with noise before and a tail."""

import binascii
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw_sim.emulators import sciencemode_wire as wire
from stimulator.drivers import sciencemode4_codec as codec
from stimulator.drivers.sciencemode4_frame import FrameReader, FrameWriter, crc16_step

GOLDEN = json.loads((Path(__file__).parent / "golden" / "golden_frames.json").read_text())
SM4 = GOLDEN["ScienceMode4"]["frames"]
SM3 = GOLDEN["ScienceMode3"]["frames"]
LONGEST_N = 1200


def named(frame):
    return f"{frame['command'][:40]} {frame.get('parameters', '')[:40]}"


def read_all(reader, data):
    """Feed `data`; return what came out: (index of the completing byte, packet number, command, data)."""
    found = []
    for i, byte in enumerate(data):
        if reader.feed(byte):
            payload = bytes(reader.data[: reader.data_n])
            found.append((i, reader.packet_number, reader.command, payload))
    return found


def expected(frame):
    return frame["packet_number"], frame["command_number"], bytes.fromhex(frame["payload_hex"])


def built(packet_number, command, data, max_n=LONGEST_N):
    writer = FrameWriter(max_n)
    writer.begin(packet_number, command)
    for byte in data:
        writer.put(byte)
    n = writer.finish()
    return bytes(writer.buf[:n])


def test_the_golden_file_holds_the_frames_we_count_on():
    assert (len(SM4), len(SM3)) == (41, 17)


@pytest.mark.parametrize("frame", SM4 + SM3, ids=named)
def test_every_golden_frame_is_encoded_to_the_same_bytes(frame):
    assert built(*expected(frame)).hex() == frame["frame_hex"]
    assert wire.encode_frame(*expected(frame)).hex() == frame["frame_hex"]


@pytest.mark.parametrize("frame", SM4 + SM3, ids=named)
def test_every_golden_frame_is_decoded_at_its_last_byte_and_not_before(frame):
    data = bytes.fromhex(frame["frame_hex"])
    assert read_all(FrameReader(LONGEST_N), data) == [(len(data) - 1, *expected(frame))]
    (heard,) = wire.FrameSplitter().feed(data)
    assert (heard.packet_number, heard.command, heard.data) == expected(frame)
    assert heard.is_sound


@pytest.mark.parametrize("frame", SM4 + SM3, ids=named)
def test_every_golden_frame_is_found_between_noise_and_a_tail(frame):
    data = bytes.fromhex(frame["frame_hex"])
    noise, tail = bytes((0x00, 0x55, 0x0F, 0x81, 0xFF)), bytes((0xF0, 0x81, 0x55, 0x0F, 0x42))
    found = read_all(FrameReader(LONGEST_N), noise + data + tail + data)
    assert [f[1:] for f in found] == [expected(frame)] * 2
    assert found[0][0] == len(noise + data) - 1


@pytest.mark.parametrize("frame", SM4 + SM3, ids=named)
def test_every_golden_frame_is_found_after_one_that_was_cut_off(frame):
    data = bytes.fromhex(frame["frame_hex"])
    reader = FrameReader(LONGEST_N)
    assert [f[1:] for f in read_all(reader, data[:7] + data)] == [expected(frame)]
    assert reader.errors == 1


def test_the_golden_frame_with_a_flipped_bit_is_refused_and_counted():
    (bad,) = [f for f in GOLDEN["corrupted"] if f["protocol"] == "ScienceMode4"]
    reader = FrameReader(LONGEST_N)
    assert read_all(reader, bytes.fromhex(bad["frame_hex"])) == []
    assert reader.errors == 1
    (heard,) = wire.FrameSplitter().feed(bytes.fromhex(bad["frame_hex"]))
    assert not heard.is_sound


def test_checksum_gives_the_published_check_value():
    crc = 0
    for byte in b"123456789":
        crc = crc16_step(crc, byte)
    assert crc == 0x31C3


@given(st.binary(max_size=60))
def test_checksum_equals_that_of_the_standard_library(data):
    crc = 0
    for byte in data:
        crc = crc16_step(crc, byte)
    assert crc == binascii.crc_hqx(data, 0)


@given(st.integers(0, 63), st.integers(0, 1023), st.binary(max_size=560))
def test_any_command_comes_back_as_it_went_and_as_the_emulator_reads_it(packet_number, command, data):
    frame = built(packet_number, command, data)
    assert frame == wire.encode_frame(packet_number, command, data)
    assert [f[1:] for f in read_all(FrameReader(LONGEST_N), frame)] == [(packet_number, command, data)]


@given(st.binary(max_size=400))
def test_garbage_never_breaks_the_reader_and_a_frame_after_two_stops_is_found(garbage):
    reader = FrameReader(64)
    read_all(reader, garbage)
    frame = built(5, codec.LL_STOP, b"")
    found = read_all(reader, b"\x0f\x0f" + frame)
    assert [f[1:] for f in found] == [(5, codec.LL_STOP, b"")]
    assert 0 <= reader.data_n <= len(reader.data)


def test_longest_frame_is_1200_bytes_and_one_more_is_refused():
    data = bytes(LONGEST_N - 12)
    assert len(built(0, 32, data)) == LONGEST_N
    assert built(0, 32, data + b"\x00") == b""
    assert len(read_all(FrameReader(LONGEST_N), built(0, 32, data))) == 1


def test_frame_longer_than_the_reader_holds_is_dropped_and_the_next_one_is_read():
    reader = FrameReader(20)
    assert read_all(reader, built(0, 32, bytes(8)))[0][1:] == (0, 32, bytes(8))
    assert read_all(reader, built(0, 32, bytes(9))) == []
    assert reader.errors == 1
    assert [f[2] for f in read_all(reader, built(1, 4, b""))] == [4]


def test_escape_at_the_very_end_of_the_buffer_is_refused_whole():
    assert len(built(0, 4, b"\xf0", max_n=14)) == 14
    assert built(0, 4, b"\x00\xf0", max_n=14) == b""


def test_header_byte_that_is_not_escaped_is_refused():
    frame = bytearray(built(1, 4, b""))
    for at in (1, 3, 5, 7):
        raw = frame[:at] + bytes((frame[at + 1] ^ 0x55,)) + frame[at + 2 :]
        assert read_all(FrameReader(64), raw) == []


def test_body_of_one_byte_is_refused_even_with_a_right_checksum():
    body = b"\x04"
    frame = (
        b"\xf0" + wire._always_escaped(11) + wire._always_escaped(binascii.crc_hqx(body, 0)) + body + b"\x0f"
    )
    assert read_all(FrameReader(64), frame) == []
    assert not wire.decode_frame(frame).is_sound


@pytest.mark.parametrize("packet_number", [-1, 64])
def test_packet_number_outside_its_six_bits_is_refused(packet_number):
    assert built(packet_number, 4, b"") == b""


@pytest.mark.parametrize("command", [-1, 1024])
def test_command_outside_its_ten_bits_is_refused(command):
    assert built(0, command, b"") == b""


@pytest.mark.parametrize("byte", [-1, 256])
def test_byte_out_of_range_spoils_the_frame(byte):
    assert built(0, 4, [byte]) == b""


def test_frame_is_finished_once_and_never_before_it_was_begun():
    writer = FrameWriter(64)
    assert writer.finish() == 0
    writer.begin(0, 4)
    assert writer.finish() == 12
    assert writer.finish() == 0


def test_writer_can_be_used_again_whether_the_frame_before_was_finished_or_spoilt():
    writer = FrameWriter(64)
    for spoil in (False, True, False):
        writer.begin(1, 4)
        writer.put_word(0xF00F)
        if spoil:
            writer.refuse()
        n = writer.finish()
        assert bytes(writer.buf[:n]) == (b"" if spoil else wire.encode_frame(1, 4, b"\xf0\x0f"))


@pytest.mark.parametrize("value", [-1, 65_536])
def test_word_out_of_range_spoils_the_frame(value):
    writer = FrameWriter(64)
    writer.begin(1, 4)
    writer.put_word(value)
    assert writer.finish() == 0


@pytest.mark.parametrize("max_n", [12, 1200])
def test_shortest_and_longest_length_can_be_made(max_n):
    assert len(FrameWriter(max_n).buf) == max_n
    assert len(FrameReader(max_n).data) == max_n - 12


@pytest.mark.parametrize("max_n", [11, 1201])
def test_length_outside_the_protocol_is_refused_when_made(max_n):
    with pytest.raises(ValueError, match="12 to 1200"):
        FrameWriter(max_n)
    with pytest.raises(ValueError, match="12 to 1200"):
        FrameReader(max_n)


def test_noise_is_counted_and_reset_forgets_a_frame_that_has_begun():
    reader = FrameReader(64)
    frame = built(1, 4, b"")
    read_all(reader, b"\x01\x02\x03" + frame[:6])
    assert (reader.noise_n, reader.errors) == (3, 0)
    reader.reset()
    assert read_all(reader, frame[6:]) == []
    assert len(read_all(reader, frame)) == 1
    assert reader.errors == 0


def test_counters_stop_at_their_maximum_instead_of_growing_for_ever():
    reader = FrameReader(64)
    reader.noise_n = reader.errors = 2**20 - 1
    read_all(reader, b"\x01\xf0\x0f")
    assert (reader.noise_n, reader.errors) == (2**20 - 1, 2**20 - 1)


def test_emulator_side_drops_an_endless_frame_and_hears_the_next():
    splitter = wire.FrameSplitter()
    assert splitter.feed(b"\xf0" + bytes(2000)) == []
    (heard,) = splitter.feed(built(1, 4, b""))
    assert heard.is_sound
    splitter.feed(built(1, 4, b"")[:5])
    splitter.reset()
    assert splitter.feed(built(1, 4, b"")[5:]) == []
