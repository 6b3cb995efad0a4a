"""What one record of an IIO buffer looks like, as the kernel's `scan_elements` folder says it.

Each enabled element has an index (its order) and a type such as `le:s16/16>>0`; each is aligned to its own
size, and so is the whole record to its largest element (Documentation/iio of the kernel, "buffers").
"""

import re
import struct
from dataclasses import dataclass

from firmware_py.pi.sensors.errors import SensorError

TYPE = re.compile(r"(be|le):([su])(\d+)/(\d+)>>(\d+)$")
FORMATS = {8: "b", 16: "h", 32: "i", 64: "q"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One value of a record: how it is stored, as in the element's `_type` file."""

    name: str
    index: int
    order: str  # "<" or ">"
    is_signed: bool
    bits: int
    storage_bits: int
    shift: int


def element_of(name: str, index: str, text: str) -> Element:
    """Read the `_index` and `_type` files of an element; SensorError for a form that we do not read."""
    found = TYPE.match(text.strip())
    if found is None or int(found[4]) not in FORMATS or not index.strip().isdigit():
        raise SensorError(
            f"The kernel stores {name} as {text.strip()!r} at place {index.strip()!r}; known are types such as "
            'le:s16/16>>0. Use the part without the kernel (imu kind = "i2c").'
        )
    return Element(
        name=name,
        index=int(index),
        order=">" if found[1] == "be" else "<",
        is_signed=found[2] == "s",
        bits=int(found[3]),
        storage_bits=int(found[4]),
        shift=int(found[5]),
    )


class Layout:
    """Where each element lies in a record. `size` bytes; `values(data)` yields {name: value} per whole record."""

    def __init__(self, elements: list[Element]) -> None:
        self._fields: list[tuple[str, struct.Struct, int, Element]] = []
        at = largest = 0
        for one in sorted(elements, key=lambda e: e.index):
            n = one.storage_bits // 8
            at += -at % n
            letter = FORMATS[one.storage_bits]
            form = struct.Struct(one.order + (letter if one.is_signed else letter.upper()))
            self._fields.append((one.name, form, at, one))
            at += n
            largest = max(largest, n)
        self.size = at + -at % max(1, largest)

    def values(self, data: bytes):
        """Yield a dict per whole record of `data`."""
        for start in range(0, len(data) - self.size + 1, self.size):
            record = {}
            for name, form, at, one in self._fields:
                (value,) = form.unpack_from(data, start + at)
                value >>= one.shift
                if one.bits < one.storage_bits:
                    value &= (1 << one.bits) - 1
                    if one.is_signed and value >> one.bits - 1:
                        value -= 1 << one.bits
                record[name] = value
            yield record
