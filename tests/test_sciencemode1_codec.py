"""ScienceMode 1: the document's own worked examples, every edge, and random commands read by other code."""

import json
import random
from pathlib import Path

import pytest

from stimulator.drivers import sciencemode1_codec as codec
from stimulator.drivers.sciencemode1_codec import Packer

GOLDEN = json.loads((Path(__file__).parent / "golden" / "golden_frames.json").read_text())["ScienceMode1"][
    "frames"
]
FIELDS = {
    0: (3, (3, 8, 8, 2, 5, 11)),  # checksum's bits, then the fields'
    3: (5, (3, 2, 9, 7)),
    2: (5, ()),
}


def wire(packer, n):
    return bytes(packer.buf[:n])


def pulse(*args):
    return lambda p: codec.encode_pulse(p, *args)


def list_init(*args):
    return lambda p: codec.encode_list_init(p, *args)


def update(*channels):
    def encode(packer):
        codec.begin_list_update(packer)
        for group, width_us, current_ma in channels:
            codec.put_list_channel(packer, group, 1000 * current_ma, width_us)
        return packer.finish()

    return encode


HOST_FRAMES = [
    ("channel 3 (index 2)", pulse(2, 120_000, 200)),
    ("channel 6 (index 5)", pulse(5, 55_000, 221)),
    ("ch{1,2,5}", list_init(0b10011, 50_000, 5_000, 0b10000, 1, 0)),
    ("ch{2,3,6,8}", list_init(0b10100110, 16_500, 6_000, 0b110, 2, 0)),
    ("ch2 single", update((0, 100, 52), (2, 200, 55), (1, 300, 72), (1, 400, 92))),
    ("", codec.encode_stop),
]


@pytest.mark.parametrize(("parameters", "encode"), HOST_FRAMES)
def test_every_worked_example_of_the_document_comes_out_of_its_named_command(parameters, encode):
    host = [f for f in GOLDEN if f["direction"] == "host_to_device"]
    assert len(host) == len(HOST_FRAMES)
    (expected,) = [
        f["frame_hex"]
        for f in host
        if f["parameters"].startswith(parameters) and bool(f["parameters"]) == bool(parameters)
    ]
    packer = Packer()
    n = encode(packer)
    assert wire(packer, n).hex() == expected


def test_golden_answers_are_read():
    ok, error = (bytes.fromhex(f["frame_hex"])[0] for f in GOLDEN if f["direction"] == "device_to_host")
    assert (codec.answer_command(ok), codec.answer_is_ok(ok)) == (codec.SINGLE_PULSE, True)
    assert (codec.answer_command(error), codec.answer_is_ok(error)) == (codec.SINGLE_PULSE, False)


def test_eight_bytes_are_answers_and_no_other():
    read = {b: (codec.answer_command(b), codec.answer_is_ok(b)) for b in range(256)}
    answers = {b: r for b, r in read.items() if r[0] >= 0}
    assert answers == {c << 6 | ok: (c, bool(ok)) for c in range(4) for ok in (0, 1)}
    assert {r for b, r in read.items() if b not in answers} == {(-1, False)}


EDGES = [
    # encode, can be expressed
    (pulse(0, 0, 0), True),
    (pulse(7, 127_000, 511), True),
    (pulse(8, 10_000, 300), False),
    (pulse(-1, 10_000, 300), False),
    (pulse(0, 128_000, 300), False),
    (pulse(0, -1_000, 300), False),
    (pulse(0, 10_500, 300), False),
    (pulse(0, 10_001, 300), False),
    (pulse(0, 10_000, 512), False),
    (pulse(0, 10_000, -1), False),
    (list_init(255, 1_024_500, 17_000, 255, 7, 2), True),
    (list_init(0, 0, 1_500, 0, 0, 0), True),
    (list_init(1, 1_500, 1_500, 0, 0, 0), True),
    (list_init(1, 1_000, 1_500, 0, 0, 0), False),
    (list_init(1, 500, 1_500, 0, 0, 0), False),
    (list_init(1, 1_025_000, 1_500, 0, 0, 0), False),
    (list_init(1, 1_750, 1_500, 0, 0, 0), False),
    (list_init(1, 1_500, 1_750, 0, 0, 0), False),
    (list_init(1, 1_500, 1_000, 0, 0, 0), False),
    (list_init(1, 1_500, 17_500, 0, 0, 0), False),
    (list_init(256, 1_500, 1_500, 0, 0, 0), False),
    (list_init(-1, 1_500, 1_500, 0, 0, 0), False),
    (list_init(1, 1_500, 1_500, 256, 0, 0), False),
    (list_init(1, 1_500, 1_500, 0, 8, 0), False),
    (list_init(1, 1_500, 1_500, 0, 0, 3), False),
    (list_init(1, 1_500, 1_500, 0, 0, -1), False),
    (update(*[(2, 511, 127)] * 8), True),
    (update(*[(2, 511, 127)] * 9), False),
    (update((3, 300, 10)), False),
    (update((-1, 300, 10)), False),
    (update((0, 512, 10)), False),
    (update((0, 300, 128)), False),
    (update(), True),
]


@pytest.mark.parametrize(("encode", "is_exact"), EDGES)
def test_command_is_encoded_exactly_or_not_at_all(encode, is_exact):
    packer = Packer()
    assert bool(encode(packer)) is is_exact
    assert packer.finish() == 0, "a refused or finished command must not be finished again"


def test_command_is_never_finished_before_it_was_begun():
    packer = Packer()
    assert (packer._at, packer._check_bits, packer._sum, len(packer.buf)) == (0, 0, 0, 25)
    packer.put(5, 7)
    assert packer.finish() == 0


def read(data):
    """Take a command apart with one big number; return its number, checksum and fields. Checks the top bits."""
    assert [b >> 7 for b in data] == [1] + [0] * (len(data) - 1)
    bits = "".join(f"{b & 127:07b}" for b in data)
    command = int(bits[:2], 2)
    check_bits, sizes = FIELDS.get(command, (5, (2, 3, 9, 7) * ((len(data) - 1) // 3)))
    at, fields = 2 + check_bits, []
    for size in sizes:
        fields.append(int(bits[at : at + size], 2))
        at += size
    assert at == len(bits)
    check = int(bits[2 : 2 + check_bits], 2)
    assert check == sum(fields) % (1 << check_bits)
    return command, fields


def test_20000_random_commands_are_read_by_other_code_as_they_went():
    rng = random.Random(1)
    packer = Packer()
    for i in range(20_000):
        width_us, current_ma = rng.randint(0, 511), rng.randint(0, 127)
        if i % 3 == 0:
            channel = rng.randrange(8)
            n = codec.encode_pulse(packer, channel, 1000 * current_ma, width_us)
            expected = 3, [channel, 0, width_us, current_ma]
        elif i % 3 == 1:
            channels = [(rng.randrange(3), width_us, rng.randint(0, 127)) for _ in range(rng.randint(0, 8))]
            n = update(*channels)(packer)
            expected = 1, [field for g, w, ma in channels for field in (g, 0, w, ma)]
        else:
            factor, mask, low = rng.randrange(8), rng.randrange(256), rng.randrange(256)
            group_max, t2, t1 = rng.randrange(3), rng.randrange(32), rng.randrange(2048)
            period_us = 500 * t1 + 1000 if t1 else 0
            n = codec.encode_list_init(packer, mask, period_us, 500 * t2 + 1500, low, factor, group_max)
            expected = 0, [factor, mask, low, group_max, t2, t1]
        assert read(wire(packer, n)) == expected


NUMBERS = {
    "INIT": 0,
    "UPDATE": 1,
    "STOP": 2,
    "SINGLE_PULSE": 3,
    "PACKED_MAX_N": 25,
    "LIST_CHECK_BITS": 3,
    "CHECK_BITS": 5,
    "GROUP_MAX": 2,
    "HALF_MS_US": 500,
    "CURRENT_STEP_UA": 1_000,
}


def test_the_protocols_numbers_are_as_the_maker_prints_them():
    assert {k: v for k, v in vars(codec).items() if k.isupper()} == NUMBERS
