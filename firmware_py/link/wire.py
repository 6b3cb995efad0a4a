"""Bytes on the air: messages as lists of fields, little-endian, each value checked before it is packed.

Every message begins with MAJOR and MINOR of the schema. Another major is refused; what a newer minor has
added behind the known fields is left unread, so that an old device still understands a newer client.
"""

import struct
from collections import namedtuple

MAJOR = 1
MINOR = 0
TEXT_MAX_N = 24  # bytes of a name

# kind    what it is
# u8, u16, u30, i16, i30   whole numbers of 1, 2 or 4 bytes; four bytes hold 30 bits, as a board does
# b4, b8 ...               so many bytes as they are
# text                     a length byte and up to TEXT_MAX_N bytes of UTF-8
# rest                     whatever is left, as bytes; only as the last field
Field = namedtuple("Field", ("name", "kind", "help"))

NUMBERS = {
    "u8": ("<B", 1, 0, 0xFF),
    "u16": ("<H", 2, 0, 0xFFFF),
    "u30": ("<I", 4, 0, 0x3FFFFFFF),
    "i16": ("<h", 2, -0x8000, 0x7FFF),
    "i30": ("<i", 4, -0x20000000, 0x1FFFFFFF),
}


class Layout:
    """The fields of one kind of message, in order.

    pack(*values) -> bytes          ValueError if a value does not fit its field
    unpack(data, is_newer) -> record or None if `data` is not of this form
    record    namedtuple of the fields
    n_max     how long a message can be, None with a field of kind "rest"
    """

    def __init__(self, name: str, fields) -> None:
        self.name: str = name
        self.fields = tuple([Field(*f) for f in fields])
        self.record = namedtuple(name, tuple([f.name for f in self.fields]))
        self.n_max: int | None = 0
        for f in self.fields:
            n = _size(f.kind)
            self.n_max = None if n is None or self.n_max is None else self.n_max + n

    def pack(self, *values) -> bytes:
        """Return the bytes of these values, in the order of the fields."""
        if len(values) != len(self.fields):
            raise ValueError(f"{self.name} has {len(self.fields)} fields; {len(values)} values were given.")
        return b"".join([_packed(self.fields[i], values[i]) for i in range(len(values))])

    def unpack(self, data: bytes, is_newer: bool = False):
        """Return the record in `data`; None if a field is missing, out of range, or bytes are left over."""
        values = []
        at = 0
        for f in self.fields:
            value, n = _unpacked(f.kind, data, at)
            if n < 0:
                return None
            values.append(value)
            at += n
        if at != len(data) and not is_newer:
            return None
        return self.record(*values)


def with_version(layout: Layout, *values) -> bytes:
    """Return the value of a characteristic: MAJOR, MINOR, then the fields."""
    return bytes([MAJOR, MINOR]) + layout.pack(*values)


def without_version(layout: Layout, data: bytes):
    """Return the record in the value of a characteristic; None if it is not of this form or of another major."""
    if len(data) < 2 or data[0] != MAJOR:
        return None
    return layout.unpack(bytes(data[2:]), data[1] > MINOR)


def _size(kind: str) -> int | None:
    if kind in NUMBERS:
        return NUMBERS[kind][1]
    if kind == "text":
        return 1 + TEXT_MAX_N
    return None if kind == "rest" else int(kind[1:])


def _packed(f: Field, value) -> bytes:
    if f.kind in NUMBERS:
        code, _, low, high = NUMBERS[f.kind]
        if not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"{f.name} is {value!r}; allowed is {low} to {high}.")
        return struct.pack(code, value)
    if f.kind == "text":
        data = value.encode("utf-8")
        if len(data) > TEXT_MAX_N:
            raise ValueError(f"{f.name} has {len(data)} bytes; allowed is 0 to {TEXT_MAX_N}.")
        return bytes([len(data)]) + data
    if f.kind != "rest" and len(value) != int(f.kind[1:]):
        raise ValueError(f"{f.name} has {len(value)} bytes; {f.kind[1:]} are needed.")
    return bytes(value)


def _unpacked(kind: str, data: bytes, at: int):
    """Return (value, bytes used); bytes used is -1 if there is no such value at `at`."""
    left = len(data) - at
    if kind in NUMBERS:
        code, n, low, high = NUMBERS[kind]
        if left < n:
            return None, -1
        value = struct.unpack(code, data[at : at + n])[0]
        return (value, n) if low <= value <= high else (None, -1)
    if kind == "text":
        n = data[at] if left > 0 else TEXT_MAX_N + 1
        if n > TEXT_MAX_N or left < 1 + n:
            return None, -1
        try:
            return str(data[at + 1 : at + 1 + n], "utf-8"), 1 + n
        except UnicodeError:
            return None, -1
    n = left if kind == "rest" else int(kind[1:])
    return (bytes(data[at : at + n]), n) if left >= n else (None, -1)
