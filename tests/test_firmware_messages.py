"""Frames between the processes: what was sent is what is read, and nothing else ever is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_py import messages
from firmware_py.frames import BUFFER_N, CRC_N, FRAME_MAX_N, HEAD_N, FrameReader, FrameWriter, crc_16
from firmware_py.messages import CommandFrame, CycleFrame, StatusFrame
from safety.pulse import PulseRequest, PulseResult
from safety.sample import Sample
from tests.guardian_frames import command, cycle, frame_bytes, request, sample
from tests.mpy.host import run_under_micropython

U30 = st.integers(0, 2**30 - 1)
I30 = st.integers(-(2**29), 2**29 - 1)
U16 = st.integers(0, 2**16 - 1)
U20 = st.integers(0, 2**20 - 1)


def filled(kind, fields):
    return st.builds(lambda **v: _set(kind(), v), **fields)


def _set(made, values):
    for name, value in values.items():
        setattr(made, name, value)
    return made


SAMPLES = filled(
    Sample,
    {
        "t_us": U30,
        "heel": st.integers(-1, 1),
        "has_imu": st.integers(0, 1),
        **{name: I30 for name in Sample.__slots__ if name.startswith(("gyro", "acc"))},
    },
)
REQUESTS = filled(
    PulseRequest,
    {
        "channel": st.integers(0, 3),
        "sequence": U20,
        "fire_at_us": U30,
        "current_ua": U30,
        "width_us": U16,
        "gap_us": U16,
        "shape": st.integers(-128, 127),
    },
)
CYCLES = st.builds(
    cycle,
    U20,
    U30,
    swing=st.integers(0, 1),
    samples=st.lists(SAMPLES, max_size=8),
    requests=st.lists(REQUESTS, max_size=4),
)


def frames_in(data: bytes, pieces: int = FRAME_MAX_N):
    """Return the decoded cycle frames in `data`, encoded again, fed in pieces of this size."""
    reader, found = FrameReader(), []
    for start in range(0, len(data), pieces):
        piece = data[start : start + pieces]
        assert reader.feed(piece, 0, len(piece)) == len(piece)
        while reader.next():
            frame = CycleFrame()
            if frame.decode(reader):
                found.append(frame_bytes(frame))
    return found


@given(CYCLES, st.integers(1, 40))
def test_a_cycle_is_read_as_it_was_written_in_whatever_pieces_it_comes(sent, pieces):
    assert frames_in(sent, pieces) == [sent]


@given(
    filled(
        PulseResult,
        {
            "sequence": U20,
            "channel": st.integers(0, 255),
            "t_us": U30,
            "asked_ua": U30,
            "granted_ua": U30,
            "width_us": U16,
            "reason": st.integers(0, 255),
        },
    ),
    U20,
    U30,
)
def test_a_status_is_read_as_it_was_written(result, sequence, t_us):
    told = StatusFrame()
    _set(told, {"t_us": t_us, "sequence": sequence, "armed": 1, "is_ready": 1, "disarmed_by": 7})
    _set(told, {"state": 3, "fault": 21, "sound": 2, "device_fault": 9, "refused": t_us, "results_n": 8})
    _set(told, {"held_by": 5, "warnings": 6, "stops": 700, "ends": 65_535})
    for own in told.results:
        _set(own, {name: getattr(result, name) for name in PulseResult.__slots__})
    sent = frame_bytes(told)
    reader, heard = FrameReader(), StatusFrame()
    reader.feed(sent, 0, len(sent))
    assert reader.next()
    assert heard.decode(reader)
    assert frame_bytes(heard) == sent
    assert (heard.stops, heard.ends) == (700, 65_535)
    assert not CycleFrame().decode(reader)


@pytest.mark.parametrize("kind", range(256))
def test_only_the_known_commands_are_commands(kind):
    writer = FrameWriter()
    writer.begin(kind)
    writer.put_u30(5)
    writer.put_u30(4)
    n = writer.finish()
    reader = FrameReader()
    reader.feed(writer.buf, 0, n)
    assert reader.next()
    assert CommandFrame().decode(reader) == (3 <= kind <= 14)
    made = CommandFrame()
    made.kind = kind
    assert (made.encode(writer) > 0) == (3 <= kind <= 14)


@given(st.binary(max_size=600), CYCLES, st.binary(max_size=600), CYCLES)
def test_frames_between_garbage_are_found_and_nothing_else(before, first, between, second):
    tail = bytes(FRAME_MAX_N)  # ends whatever the garbage seemed to begin
    found = frames_in(before + first + between + second + tail, 64)
    assert [f for f in found if f in (first, second)] == [first, second]
    assert len(found) == 2, "a 16-bit checksum lets one frame of noise in 65,536 through, and it must fit too"


@given(st.lists(st.binary(max_size=2 * BUFFER_N), max_size=4))
def test_no_bytes_make_the_reader_raise_or_stand_still(pieces):
    reader = FrameReader()
    for data in pieces:
        at = 0
        while at < len(data):
            taken = reader.feed(data, at, len(data))
            while reader.next():
                CycleFrame().decode(reader)
            assert taken > 0
            at += taken


@given(CYCLES, st.data())
def test_one_turned_bit_and_the_frame_is_refused(sent, data):
    at = data.draw(st.integers(0, len(sent) * 8 - 1))
    broken = bytearray(sent)
    broken[at // 8] ^= 1 << at % 8
    assert frames_in(bytes(broken)) == []


@given(CYCLES, st.data())
def test_a_frame_cut_short_is_no_frame_and_spoils_no_later_one(sent, data):
    cut = sent[: data.draw(st.integers(0, len(sent) - 1))]
    assert frames_in(cut) == []
    assert frames_in(cut + sent * 30)[-20:] == [sent] * 20


def payload_frame(kind: int, payload: bytes, length: int | None = None) -> bytes:
    """A frame with a right checksum around any payload."""
    length = len(payload) if length is None else length
    body = bytearray((kind, length & 0xFF, length >> 8)) + payload
    return b"\xc5\x3a" + bytes(body) + crc_16(body, 0, len(body)).to_bytes(2, "little")


GOOD = bytes.fromhex("07000000 01000000 01 00 00 00")


@pytest.mark.parametrize(
    ("said", "payload"),
    [
        ("one byte missing", GOOD[:-1]),
        ("one byte more", GOOD + b"\0"),
        ("nothing", b""),
        ("sequence of 2**20", bytes.fromhex("00001000 01000000 01 00 00 00")),
        ("time of 2**30", bytes.fromhex("07000000 00000040 01 00 00 00")),
        ("swing 2", bytes.fromhex("07000000 01000000 02 00 00 00")),
        ("mode 3", bytes.fromhex("07000000 01000000 01 03 00 00")),
        ("nine samples", bytes.fromhex("07000000 01000000 01 00 09 00") + bytes(29 * 9)),
        ("five requests", bytes.fromhex("07000000 01000000 01 00 00 05") + bytes(17 * 5)),
        ("a sample is missing", bytes.fromhex("07000000 01000000 01 00 01 00")),
        ("rate of 2**29", bytes.fromhex("07000000 01000000 01 00 01 00 00000000 00000020") + bytes(21)),
        ("heel 2", bytes.fromhex("07000000 01000000 01 00 01 00") + bytes(28) + b"\x06"),
        ("channel 4", bytes.fromhex("07000000 01000000 01 00 00 01 04") + bytes(16)),
        ("request number 2**20", bytes.fromhex("07000000 01000000 01 00 00 01 00 00001000") + bytes(12)),
        (
            "current of 2**30",
            bytes.fromhex("07000000 01000000 01 00 00 01") + bytes(9) + b"\0\0\0\x40" + bytes(4),
        ),
    ],
)
def test_a_right_checksum_around_a_wrong_value_is_refused(said, payload):
    assert frames_in(payload_frame(messages.CYCLE, payload)) == [], said


def test_the_smallest_good_frame_of_that_table_passes():
    sent = payload_frame(messages.CYCLE, GOOD)
    assert frames_in(sent) == [sent]
    assert sent == cycle(7, 1, swing=1), "the layout is what the table says"


def test_a_length_beyond_the_frame_is_skipped_at_once():
    said = b"\xc5\x3a\x01\x91\x01"  # 401 bytes are announced
    sent = cycle(1, 2)
    assert frames_in(said + sent) == [sent]


def test_the_largest_cycle_and_status_fit_a_frame():
    largest = cycle(1, 2, samples=[sample(i, True) for i in range(8)], requests=[request()] * 4)
    assert len(largest) == HEAD_N + 12 + 8 * 29 + 4 * 18 + CRC_N <= FRAME_MAX_N


@pytest.mark.parametrize(
    "values",
    [
        {"current_ua": -1},
        {"current_ua": 2**30},
        {"width_us": 65_536},
        {"width_us": -1},
        {"gap_us": -1},
        {"shape": -129},
        {"shape": 128},
        {"channel": -1},
        {"channel": 4},
        {"sequence": 2**20},
        {"fire_at_us": -1},
    ],
)
def test_a_request_that_fits_no_field_gives_no_frame(values):
    frame = CycleFrame()
    assert frame.add_request(request(**values))
    assert frame.encode(FrameWriter()) == 0


@pytest.mark.parametrize(
    "values", [{"heel": 2}, {"has_imu": 2}, {"gyro_x_cdps": 2**29}, {"acc_z_mg": -(2**29) - 1}]
)
def test_a_sample_that_fits_no_field_gives_no_frame(values):
    frame = CycleFrame()
    assert frame.add_sample(_set(Sample(), values))
    assert frame.encode(FrameWriter()) == 0


def test_a_full_cycle_takes_no_more():
    frame = CycleFrame()
    assert [frame.add_sample(Sample()) for _ in range(9)] == [True] * 8 + [False]
    assert [frame.add_request(request()) for _ in range(5)] == [True] * 4 + [False]
    frame.clear()
    assert (frame.samples_n, frame.requests_n, frame.swing) == (0, 0, 0)


def test_the_checksum_is_the_one_that_others_compute():
    assert crc_16(bytearray(b"123456789"), 0, 9) == 0x29B1  # CRC-16/IBM-3740, check value of the catalogue


SCRIPT = """
import micropython, sys
from firmware_py.frames import FrameReader, FrameWriter
from firmware_py.messages import CommandFrame, CycleFrame, StatusFrame
with open("/app/frames.bin", "rb") as f:
    data = f.read()
reader, writer = FrameReader(), FrameWriter()
kinds = (CycleFrame(), CommandFrame(), StatusFrame())
out = bytearray(len(data))
def step(at, end):
    n = 0
    reader.feed(data, at, end)
    while reader.next():
        for one in kinds:
            if one.decode(reader):
                m = one.encode(writer)
                for i in range(m):
                    out[n + i] = writer.buf[i]
                n += m
                break
    return n
said = bytearray()
for at in range(0, len(data), 64):
    end = min(at + 64, len(data))
    micropython.heap_lock()
    try:
        n = step(at, end)
    finally:
        micropython.heap_unlock()
    said += out[:n]
print("".join(["%02x" % b for b in said]))
"""


def test_micropython_reads_and_writes_the_same_frames_without_allocation(tmp_path):
    top = _set(Sample(), {"t_us": 2**30 - 1, "gyro_x_cdps": -(2**29), "acc_y_mg": 2**29 - 1, "heel": 1})
    big = request(fire_at_us=2**30 - 1, current_ua=2**30 - 1, width_us=65_535, gap_us=65_535, channel=3)
    sent = [
        cycle(2**20 - 1, 2**30 - 1, swing=1, samples=[top] * 8, requests=[big] * 4),
        command(messages.ARM, 2**30 - 1),
        frame_bytes(StatusFrame()),
        cycle(0, 0),
    ]
    script = tmp_path / "frames.py"
    script.write_text(SCRIPT)
    noise = b"\xc5\x3a\x01\x20\x00 noise \xc5"
    printed = run_under_micropython(script, files={"frames.bin": noise + noise.join(sent) + bytes(64)})
    assert printed.strip() == b"".join(sent).hex()
