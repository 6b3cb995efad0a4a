"""ScienceMode 2 framing for the emulated RehaStim2: a second implementation, on purpose.

It shares no code with `stimulator.drivers`, and takes the checksum from a long division of the whole body as
one number, so that an error in the driver's codec shows up as a frame that the emulated device refuses.
Source: ScienceMode2, Description and Protocol v1.24 (2012).
"""

from dataclasses import dataclass

SPECIAL = frozenset((0xF0, 0x0F, 0x81))
LONGEST = 69


@dataclass(frozen=True, slots=True)
class WireFrame:
    """One frame that arrived. `is_sound` is False if its length or checksum was wrong."""

    packet_number: int
    command: int
    data: bytes
    is_sound: bool


def crc8(data: bytes) -> int:
    """Return the remainder of data * 256 divided by x^8 + x^2 + x + 1, over the field of two elements."""
    rest = int.from_bytes(data, "big") << 8
    while rest.bit_length() > 8:
        rest ^= 0x107 << rest.bit_length() - 9
    return rest


def _escaped(body: bytes) -> bytes:
    return b"".join(bytes((0x81, b ^ 0x55)) if b in SPECIAL else bytes((b,)) for b in body)


def _head(body: bytes) -> bytes:
    return bytes((0x81, crc8(body) ^ 0x55, 0x81, len(body) & 0xFF ^ 0x55))


def encode_frame(packet_number: int, command: int, data: bytes) -> bytes:
    """Return the frame as it goes over the wire."""
    body = _escaped(bytes((packet_number, command)) + data)
    return b"\xf0" + _head(body) + body + b"\x0f"


def decode_frame(wire: bytes) -> WireFrame:
    """Take one frame apart, from 0xF0 to 0x0F. What is too short to name its command is command 0, unsound."""
    head, body = wire[1:5], wire[5:-1]
    plain = bytearray()
    escaped = False
    for b in body:
        if escaped or b != 0x81:
            plain.append(b ^ 0x55 if escaped else b)
            escaped = False
        else:
            escaped = True
    if len(plain) < 2:
        return WireFrame(0, 0, b"", is_sound=False)
    return WireFrame(plain[0], plain[1], bytes(plain[2:]), head == _head(body))


class FrameSplitter:
    """Cuts the stream of bytes that reaches the device into frames; noise between frames is dropped."""

    def __init__(self) -> None:
        self._frame: bytearray | None = None
        self._escaped = False

    def reset(self) -> None:
        """Forget a frame that has begun, as a device does that loses its power."""
        self._frame = None

    def feed(self, data: bytes) -> list[WireFrame]:
        """Return the frames that these bytes complete."""
        frames = []
        for b in data:
            if self._frame is None or (b == 0xF0 and not self._escaped):
                self._escaped = False
                self._frame = bytearray((b,)) if b == 0xF0 else None
                continue
            self._frame.append(b)
            if self._escaped:
                self._escaped = False
            elif b == 0x81:
                self._escaped = True
            elif b == 0x0F:
                frames.append(decode_frame(bytes(self._frame)))
                self._frame = None
                continue
            if len(self._frame) >= LONGEST:
                self._frame = None
        return frames
