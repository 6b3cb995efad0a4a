"""Bytes on the air: golden messages, ranges, and the same answer whatever arrives."""

import hashlib
import hmac as library
import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_py.link import control, gatt, ops, values
from firmware_py.link.history import ENTRY
from firmware_py.link.wire import Layout, with_version, without_version
from tests.house import REPO
from tests.link_rig import reply_in, there

GOLDEN = json.loads((REPO / "tests/golden/link_messages.json").read_text(encoding="utf-8"))
LAYOUTS = {
    **{layout.name: layout for layout in (values.INFO, values.PRESCRIPTION, values.STATUS, values.PIECE)},
    **{layout.name: layout for layout in (values.TELEMETRY_HEAD, values.LOG_HEAD, ENTRY)},
}


def told(value) -> Any:
    """JSON has no bytes: "hex:..." stands for them."""
    return bytes.fromhex(value[4:]) if isinstance(value, str) and value.startswith("hex:") else value


def name_of(golden):
    return golden["name"]


@pytest.mark.parametrize("golden", GOLDEN["values"], ids=name_of)
def test_a_golden_value_is_written_and_read(golden):
    layout = LAYOUTS[golden["name"]]
    wanted = tuple(told(v) for v in golden["values"])
    data = bytes.fromhex(golden["hex"])
    assert with_version(layout, *wanted) == data
    assert tuple(there(without_version(layout, data))) == wanted


@pytest.mark.parametrize("golden", GOLDEN["requests"], ids=name_of)
def test_a_golden_request_is_written_and_read(golden):
    op = next(op for op in ops.OPS if op.name == golden["name"])
    asked = [told(v) for v in golden["values"]]
    session, key = told(golden["session"]), told(golden["key"])
    data = bytes.fromhex(golden["hex"])
    assert control.request_bytes(op, golden["seq"], session, key, *asked) == data
    read = there(control.read_request(data))
    assert (read.major, read.minor, read.op, read.seq, read.session) == (
        1,
        0,
        op.code,
        golden["seq"],
        session,
    )
    if op.role > ops.WEARER:  # the proof, by another library
        assert library.new(key, data[:-10], hashlib.sha256).digest()[:8] == data[-10:-2]
        assert list(there(op.request.unpack(read.body[:-8]))) == asked
    else:
        assert list(there(op.request.unpack(read.body))) == asked


@pytest.mark.parametrize("golden", GOLDEN["replies"], ids=name_of)
def test_a_golden_answer_is_written_and_read(golden):
    op = next(op for op in ops.OPS if op.name == golden["name"])
    said = [told(v) for v in golden["values"]]
    data = bytes.fromhex(golden["hex"])
    assert control.reply_bytes(op.code, golden["seq"], ops.OK, op.reply.pack(*said)) == data
    read = reply_in(data)
    assert (read.op, read.seq, read.result, list(read.values)) == (op.code, golden["seq"], ops.OK, said)


def test_every_operation_has_a_golden_request_and_answer():
    assert {g["name"] for g in GOLDEN["requests"]} == {op.name for op in ops.OPS} - {"event"}
    assert {g["name"] for g in GOLDEN["replies"]} == {op.name for op in ops.OPS}
    assert {g["name"] for g in GOLDEN["values"]} == set(LAYOUTS)


EDGES = [
    *(("u8", v, 0 <= v <= 255) for v in (-1, 0, 255, 256)),
    *(("u16", v, 0 <= v <= 65535) for v in (-1, 0, 65535, 65536)),
    *(("u30", v, 0 <= v < 2**30) for v in (-1, 0, 2**30 - 1, 2**30)),
    *(("i16", v, -32768 <= v <= 32767) for v in (-32769, -32768, 32767, 32768)),
    *(("i30", v, -(2**29) <= v < 2**29) for v in (-(2**29) - 1, -(2**29), 2**29 - 1, 2**29)),
    *(("b4", bytes(n), n == 4) for n in (3, 4, 5)),
    *(("text", "ä" * n, n <= 12) for n in (0, 12, 13)),
    ("u8", 1.0, False),
    ("u8", "1", False),
]


@pytest.mark.parametrize(("kind", "value", "fits"), EDGES)
def test_a_value_is_checked_before_it_is_packed(kind, value, fits):
    layout = Layout("One", (("value", kind, ""),))
    if fits:
        assert tuple(there(layout.unpack(layout.pack(value)))) == (value,)
    else:
        with pytest.raises(ValueError, match="value"):
            layout.pack(value)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("u30", struct.pack("<I", 2**30)),
        ("i30", struct.pack("<i", 2**29)),
        ("i30", struct.pack("<i", -(2**29) - 1)),
        ("u16", b"\x01"),
        ("b4", b"abc"),
        ("text", b"\x05abcd"),
        ("text", b"\x19" + b"a" * 25),
        ("text", b""),
        ("text", b"\x01\xff"),
    ],
)
def test_a_value_out_of_range_or_cut_short_is_not_read(kind, data):
    assert Layout("One", (("value", kind, ""),)).unpack(data) is None


def test_the_number_of_values_must_be_that_of_the_fields():
    with pytest.raises(ValueError, match="2 fields; 1 values"):
        Layout("Two", (("a", "u8", ""), ("b", "u8", ""))).pack(1)


def test_bytes_left_over_are_refused_unless_the_minor_is_newer():
    layout = Layout("One", (("value", "u8", ""),))
    assert layout.unpack(b"\x01\x02") is None
    assert layout.unpack(b"\x01\x02", is_newer=True) == (1,)
    assert without_version(layout, b"\x01\x00\x05\x06") is None
    assert without_version(layout, b"\x01\x01\x05\x06") == (5,)
    assert without_version(layout, b"\x02\x00\x05") is None
    assert without_version(layout, b"\x01") is None


@given(st.binary(max_size=80))
def test_whatever_arrives_is_read_or_refused_without_an_exception(data):
    for layout in LAYOUTS.values():
        without_version(layout, data)
    for op in ops.OPS:
        op.request.unpack(data)
        op.reply.unpack(data, is_newer=True)
    control.read_request(data)
    control.read_reply(control.with_crc(data))
    control.op_of(data)
    control.seq_of(data)


def test_no_value_is_longer_than_its_characteristic():
    longest = {c.key: c.value_max_n for s in gatt.table(True) for c in s.characteristics}
    assert there(values.INFO.n_max) + 2 <= longest[gatt.INFO]
    assert there(values.STATUS.n_max) + 2 <= longest[gatt.STATUS]
    assert max(longest.values()) <= 512
