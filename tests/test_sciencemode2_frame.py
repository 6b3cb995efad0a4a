"""ScienceMode 2 framing: golden frames of independent peers, encoded, decoded, byte by byte, with noise and a tail."""

import json
from pathlib import Path

import pytest
from crccheck.crc import Crc8Smbus  # an independent CRC-8 with polynomial 0x07
from hypothesis import given
from hypothesis import strategies as st

from hw_sim.emulators import rehastim2_wire as wire
from stimulator.drivers.sciencemode2_frame import PACKET_NUMBER_MAX, FrameReader, FrameWriter, crc8_step

GOLDEN = json.loads((Path(__file__).parent / "golden" / "golden_frames.json").read_text())
SM2 = GOLDEN["ScienceMode2"]["frames"]
LONGEST_N = 69


def named(frame):
    return f"{frame['command']} {frame['parameters'][:40]}"


def conformant(frame):
    """The frame as the document wants it; one peer escapes more than it asks for."""
    return frame["frame_hex"] if frame["document_conformant"] else frame["document_conformant_frame_hex"]


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


def wrapped(body, crc=None, length=None):
    """A frame around a body as it stands, with these header bytes instead of the right ones."""
    crc = wire.crc8(body) if crc is None else crc
    length = len(body) if length is None else length
    return b"\xf0" + bytes((0x81, crc ^ 0x55, 0x81, length ^ 0x55)) + body + b"\x0f"


def test_the_golden_file_holds_the_frames_we_count_on():
    assert len(SM2) == 26
    assert [f["packet_number"] for f in SM2 if not f["document_conformant"]] == [8]


@pytest.mark.parametrize("frame", SM2, ids=named)
def test_every_golden_frame_is_encoded_to_the_same_bytes(frame):
    assert built(*expected(frame)).hex() == conformant(frame)
    assert wire.encode_frame(*expected(frame)).hex() == conformant(frame)


@pytest.mark.parametrize("frame", SM2, ids=named)
@pytest.mark.parametrize("text", [conformant, lambda frame: frame["frame_hex"]], ids=["document", "peer"])
def test_every_golden_frame_is_decoded_at_its_last_byte_and_not_before(frame, text):
    data = bytes.fromhex(text(frame))
    assert read_all(FrameReader(LONGEST_N), data) == [(len(data) - 1, *expected(frame))]
    (heard,) = wire.FrameSplitter().feed(data)
    assert (heard.packet_number, heard.command, heard.data) == expected(frame)
    assert heard.is_sound


@pytest.mark.parametrize("frame", SM2, ids=named)
def test_every_golden_frame_is_found_between_noise_and_a_tail(frame):
    data = bytes.fromhex(conformant(frame))
    noise, tail = bytes((0x00, 0x55, 0x0F, 0x81, 0xFF)), bytes((0xF0, 0x81, 0x55, 0x0F, 0x42))
    found = read_all(FrameReader(LONGEST_N), noise + data + tail + data)
    assert [f[1:] for f in found] == [expected(frame)] * 2
    assert found[0][0] == len(noise + data) - 1


@pytest.mark.parametrize("frame", SM2, ids=named)
def test_every_golden_frame_is_found_after_one_that_was_cut_off_and_glued_to_it(frame):
    data = bytes.fromhex(conformant(frame))
    reader = FrameReader(LONGEST_N)
    assert [f[1:] for f in read_all(reader, data[:6] + data + data)] == [expected(frame)] * 2
    assert reader.errors == 1


def test_the_golden_frame_with_a_wrong_checksum_is_refused_and_counted():
    (bad,) = [f for f in GOLDEN["corrupted"] if f["protocol"] == "ScienceMode2"]
    reader = FrameReader(LONGEST_N)
    assert read_all(reader, bytes.fromhex(bad["frame_hex"])) == []
    assert reader.errors == 1
    (heard,) = wire.FrameSplitter().feed(bytes.fromhex(bad["frame_hex"]))
    assert not heard.is_sound


def test_frames_with_the_known_defects_of_a_peer_are_told_from_the_right_ones():
    pn15, mode = GOLDEN["ScienceMode2"]["known_peer_defects"]
    (found,) = read_all(FrameReader(LONGEST_N), bytes.fromhex(pn15["frame_hex"]))
    assert found[1:] == (0x5A, 34, b""), "packet number 15 goes out as 0x5A, without its escape"
    assert built(15, 34, b"").hex() == pn15["document_conformant_frame_hex"]
    (found,) = read_all(FrameReader(LONGEST_N), bytes.fromhex(mode["frame_hex"]))
    assert found[1:] == (1, 0x5F, b""), "command 10 goes out as 0x5F, without an escape"
    assert built(1, 10, b"").hex() == mode["document_conformant_frame_hex"]


def crc_of(data):
    crc = 0
    for byte in data:
        crc = crc8_step(crc, byte)
    return crc


def test_checksum_gives_the_published_check_value():
    assert crc_of(b"123456789") == 0xF4


@given(st.binary(max_size=70))
def test_checksum_equals_that_of_an_independent_library_and_of_the_emulator(data):
    assert crc_of(data) == Crc8Smbus.calc(data) == wire.crc8(data)


@given(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=30))
def test_any_command_comes_back_as_it_went_and_as_the_emulator_reads_it(packet_number, command, data):
    frame = built(packet_number, command, data)
    assert frame == wire.encode_frame(packet_number, command, data)
    assert [f[1:] for f in read_all(FrameReader(LONGEST_N), frame)] == [(packet_number, command, data)]


@given(st.binary(max_size=400))
def test_garbage_never_breaks_the_reader_and_a_frame_after_two_stops_is_found(garbage):
    reader = FrameReader(20)
    read_all(reader, garbage)
    frame = built(5, 34, b"")
    found = read_all(reader, b"\x0f\x0f" + frame)
    assert [f[1:] for f in found] == [(5, 34, b"")]
    assert 0 <= reader.data_n <= len(reader.data)


def test_longest_frame_is_69_bytes_and_one_more_is_refused():
    data = bytes(LONGEST_N - 8)
    assert len(built(0, 32, data)) == LONGEST_N
    assert built(0, 32, data + b"\x00") == b""
    assert len(read_all(FrameReader(LONGEST_N), built(0, 32, data))) == 1


def test_frame_longer_than_the_reader_holds_is_dropped_and_the_next_one_is_read():
    reader = FrameReader(20)
    assert read_all(reader, built(0, 32, bytes(12)))[0][1:] == (0, 32, bytes(12))
    assert read_all(reader, built(0, 32, bytes(13))) == []
    assert reader.errors == 1
    assert [f[2] for f in read_all(reader, built(1, 4, b""))] == [4]


def test_frame_that_begins_where_an_overlong_one_is_given_up_is_found():
    frame = built(1, 4, b"")
    for n in range(5, 25):
        reader = FrameReader(12)
        found = read_all(reader, b"\xf0" + bytes(n) + frame)
        assert [f[1:] for f in found] == [(1, 4, b"")], n
        assert reader.errors == 1


def test_escape_in_the_last_place_of_the_reader_is_refused():
    reader = FrameReader(12)
    assert len(read_all(reader, built(0, 32, b"\xf0\x05"))) == 1
    assert read_all(reader, built(0, 32, b"\x05\x05\x05\x81")) == []
    assert reader.errors == 1


def test_escape_at_the_very_end_of_the_buffer_is_refused_whole():
    assert len(built(0, 4, b"\xf0", max_n=10)) == 10
    assert built(0, 4, b"\x00\xf0", max_n=10) == b""


@pytest.mark.parametrize("extra", [1, 2, 50])
def test_bytes_beyond_the_buffer_are_refused_without_an_exception(extra):
    assert built(0, 32, bytes(12), max_n=20) != b""
    assert built(0, 32, bytes(12 + extra), max_n=20) == b""


def test_header_byte_that_is_not_escaped_is_refused():
    frame = built(1, 4, b"")
    body = frame[5:-1]
    crc, length = frame[2] ^ 0x55, frame[4] ^ 0x55
    for head in (
        bytes((crc, length)),
        bytes((0x81, crc ^ 0x55, length, 0)),
        bytes((crc, 0, 0x81, length ^ 0x55)),
        bytes((0, crc, 0x81, length ^ 0x55)),
        bytes((0x81, crc ^ 0x55, 0, length)),
    ):
        reader = FrameReader(64)
        assert read_all(reader, b"\xf0" + head + body + b"\x0f") == []
        assert reader.errors == 1


@pytest.mark.parametrize("body", [b"", b"\x04"])
def test_body_of_less_than_two_bytes_is_refused_even_with_a_right_checksum(body):
    assert read_all(FrameReader(64), wrapped(body)) == []
    assert not wire.decode_frame(wrapped(body)).is_sound


def test_length_and_checksum_must_both_be_right():
    body = b"\x01\x04"
    assert len(read_all(FrameReader(64), wrapped(body))) == 1
    for length in (0, 1, 3, 130):
        assert read_all(FrameReader(64), wrapped(body, length=length)) == []
    for crc in (0, wire.crc8(body) ^ 1):
        assert read_all(FrameReader(64), wrapped(body, crc=crc)) == []


@pytest.mark.parametrize(
    ("packet_number", "command", "n"),
    [(255, 255, 8), (0, 0, 8), (256, 0, 0), (-1, 0, 0), (0, 256, 0), (0, -1, 0)],
)
def test_the_largest_numbers_are_expressed_and_none_beyond(packet_number, command, n):
    assert len(built(packet_number, command, b"")) == n
    assert PACKET_NUMBER_MAX == 255


@pytest.mark.parametrize("byte", [-1, 256])
def test_byte_out_of_range_spoils_the_frame(byte):
    assert built(0, 4, [byte]) == b""


def test_frame_is_finished_once_and_never_before_it_was_begun():
    writer = FrameWriter(64)
    assert (writer._n, writer._crc) == (0, 0)
    writer.put(5)
    assert writer.finish() == 0
    writer.begin(0, 4)
    assert writer.finish() == 8
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


@pytest.mark.parametrize(("value", "is_exact"), [(-1, False), (0, True), (65_535, True), (65_536, False)])
def test_word_out_of_range_spoils_the_frame(value, is_exact):
    writer = FrameWriter(64)
    writer.begin(1, 4)
    writer.put_word(value)
    assert bool(writer.finish()) is is_exact


@pytest.mark.parametrize("max_n", [8, 69])
def test_shortest_and_longest_length_can_be_made(max_n):
    assert len(FrameWriter(max_n).buf) == max_n
    assert len(FrameReader(max_n).data) == max_n - 8


@pytest.mark.parametrize("max_n", [7, 70])
def test_length_outside_the_protocol_is_refused_when_made(max_n):
    with pytest.raises(
        ValueError, match=r"^max_n allows 8 to 69 bytes. Choose a frame length in that range.$"
    ):
        FrameWriter(max_n)
    with pytest.raises(
        ValueError, match=r"^max_n allows 8 to 69 bytes. Choose a frame length in that range.$"
    ):
        FrameReader(max_n)


def test_a_new_reader_has_heard_nothing():
    reader = FrameReader(64)
    fields = (reader.packet_number, reader.command, reader.data_n, reader.errors, reader.noise_n)
    assert fields == (0, 0, 0, 0, 0)
    assert (reader._crc_said, reader._length_said) == (0, 0)


def test_every_byte_that_completes_nothing_says_false():
    reader = FrameReader(64)
    said = [reader.feed(byte) for byte in b"\x42" + built(1, 4, b"\x81\x05")]
    assert said[-1] is True
    assert all(one is False for one in said[:-1])
    broken = bytearray(built(1, 4, b"\x05"))
    broken[2] ^= 1
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
    reader.feed(0xF0)
    assert reader.data_n == 0


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
    reader.noise_n = reader.errors = 2**20 - 2
    for _ in range(3):
        read_all(reader, b"\x42\xf0\x0f")
    assert (reader.noise_n, reader.errors) == (2**20 - 1, 2**20 - 1)


def test_emulator_side_drops_an_endless_frame_and_hears_the_next():
    splitter = wire.FrameSplitter()
    assert splitter.feed(b"\xf0" + bytes(2000)) == []
    (heard,) = splitter.feed(built(1, 4, b""))
    assert heard.is_sound
    splitter.feed(built(1, 4, b"")[:5])
    splitter.reset()
    assert splitter.feed(built(1, 4, b"")[5:]) == []
