"""Frames of the output stage for its emulator: a second implementation, on purpose.

It shares no code with `stimulator.drivers`, and uses the checksum of the standard library, so that an error in
the driver's codec shows up as a frame that the emulated stage does not understand.
"""

import binascii
import struct
from dataclasses import dataclass

TO_STAGE, FROM_STAGE, LONG = 0x5A, 0xA5, 11


@dataclass(frozen=True, slots=True)
class WireFrame:
    """One frame that arrived whole: dac 0 to 65535, word 0 to 2**32 - 1."""

    command: int
    packet_number: int
    dac: int
    word: int


def _sealed(start: int, body: bytes) -> bytes:
    return bytes((start,)) + body + struct.pack(">H", binascii.crc_hqx(body, 0xFFFF))


def encode_answer(command: int, packet_number: int, result: int, value: int, word: int) -> bytes:
    """Return an answer as it goes over the wire; `command` is that of the answer."""
    return _sealed(FROM_STAGE, struct.pack(">BBBBI", command, packet_number, result, value, word))


def encode_command(command: int, packet_number: int, dac: int, word: int) -> bytes:
    """Return a command as a host says it (for tests)."""
    return _sealed(TO_STAGE, struct.pack(">BBHI", command, packet_number, dac, word))


class FrameSplitter:
    """Finds frames in what reaches the stage; what is none is dropped byte by byte."""

    def __init__(self) -> None:
        self._heard = bytearray()

    def reset(self) -> None:
        """Forget what has begun."""
        self._heard.clear()

    def feed(self, data: bytes) -> list[WireFrame]:
        """Return the whole frames that these bytes complete."""
        found = []
        self._heard += data
        while len(self._heard) >= LONG:
            body = bytes(self._heard[1 : LONG - 2])
            if bytes(self._heard[:LONG]) == _sealed(TO_STAGE, body):
                found.append(WireFrame(*struct.unpack(">BBHI", body)))
                del self._heard[:LONG]
            else:
                del self._heard[0]
        return found
