"""ScienceMode 4 framing for the emulated devices: a second implementation, on purpose.

It shares no code with `stimulator.drivers`, and uses the checksum of the standard library, so that an error
in the driver's codec shows up as a frame that the emulated device refuses.
Source: P24 Science, Instructions for Use v1.1, protocol chapter.
"""

import binascii
from dataclasses import dataclass

SPECIAL = frozenset((0xF0, 0x0F, 0x81))
LONGEST = 1200


@dataclass(frozen=True, slots=True)
class WireFrame:
    """One frame that arrived. `is_sound` is False if its length or checksum was wrong."""

    packet_number: int
    command: int
    data: bytes
    is_sound: bool


def _always_escaped(value: int) -> bytes:
    return bytes((0x81, value >> 8 ^ 0x55, 0x81, value & 0xFF ^ 0x55))


def _escaped(body: bytes) -> bytes:
    return b"".join(bytes((0x81, b ^ 0x55)) if b in SPECIAL else bytes((b,)) for b in body)


def encode_frame(packet_number: int, command: int, data: bytes) -> bytes:
    """Return the frame as it goes over the wire."""
    body = _escaped(bytes((packet_number << 2 | command >> 8, command & 0xFF)) + data)
    head = _always_escaped(len(body) + 10) + _always_escaped(binascii.crc_hqx(body, 0))
    return b"\xf0" + head + body + b"\x0f"


def decode_frame(wire: bytes) -> WireFrame:
    """Take one frame apart, from 0xF0 to 0x0F. What is too short to name its command is command 0, unsound."""
    head, body = wire[1:9], wire[9:-1]
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
    is_sound = head == _always_escaped(len(wire)) + _always_escaped(binascii.crc_hqx(body, 0))
    return WireFrame(plain[0] >> 2, (plain[0] & 3) << 8 | plain[1], bytes(plain[2:]), is_sound)


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
