"""What the link's process and the controller say to each other: packets of one AF_UNIX SOCK_SEQPACKET socket.

Link to controller: orders (`orders.py`), ALIVE ten times a second, and questions. Each question has a number and the
time at which it was made, and is answered with its number; one that is old is refused, so that whoever waited in vain
is not obeyed later. Controller to link: answers, and NEWS a hundred times a second. Both ends are of one checkout.
"""

import struct
from dataclasses import dataclass

from safety.limits import CHANNELS_MAX
from stimulator.prescription import Prescription, canonical_bytes, from_bytes

# The first byte of a packet; orders begin with an act, which is below.
ALIVE = 0x80
TRY, RUN, CONFIRM, OUTCOME, USED = QUESTIONS = (0x81, 0x82, 0x83, 0x84, 0x85)
NEWS, ANSWER = 0x90, 0x91

QUESTION = struct.Struct("<BIi")  # kind, number, t_us; then what it is about
REPLY = struct.Struct("<BIB")  # ANSWER, number, 1 for yes; then what was asked for, or the sentence why not
SHOWN = struct.Struct("<BBBHhh")  # as `firmware_py.link.contracts.TestOutcome`
PACKET_N = 2048
ALIVE_US = 100_000
QUESTION_AGE_MAX_US = 500_000

_NEWS = struct.Struct(f"<BiBBBHhi{CHANNELS_MAX}IBBIBHBBHB8s")


@dataclass(slots=True)
class News:
    """What the controller tells of itself. Numbers as of `firmware_py.link.contracts` and `gait_detect.state`.

    currents_ua   granted since the last news, 0 without a pulse
    mounting      what cannot be right about the sensor
    ended         trials that the controller ended by itself, because nobody heard of the link; counts, wraps at 2**16
    in_charge     who asks for pulses, as ACT_USE puts them in charge
    used          hash of the prescription that the walk uses now
    """

    t_us: int = 0
    phase: int = 0
    swing: int = 0
    envelope_state: int = 0
    level_of_step: int = 0
    pitch_cdeg: int = 0
    rate_cdps: int = 0
    currents_ua: tuple[int, ...] = (0,) * CHANNELS_MAX
    level: int = 0
    is_paused: int = 0
    stride_us: int = 0
    press: int = 0
    presses: int = 0
    ended_by: int = 0
    mounting: int = 0
    ended: int = 0
    in_charge: int = 0
    used: bytes = bytes(8)

    def to_bytes(self) -> bytes:
        """Return the packet."""
        return _NEWS.pack(
            NEWS,
            *(self.t_us, self.phase, self.swing, self.envelope_state, self.level_of_step),
            *(max(-0x8000, min(self.pitch_cdeg, 0x7FFF)), self.rate_cdps, *self.currents_ua),
            *(self.level, self.is_paused, self.stride_us, self.press, self.presses, self.ended_by),
            *(self.mounting, self.ended, self.in_charge, self.used),
        )

    @classmethod
    def from_bytes(cls, packet: bytes) -> "News":
        """Read a packet that `to_bytes` made."""
        values: list = list(_NEWS.unpack(packet)[1:])
        values[7 : 7 + CHANNELS_MAX] = [tuple(values[7 : 7 + CHANNELS_MAX])]
        return cls(*values)


def try_body(wanted: Prescription, confirmed: Prescription) -> bytes:
    """Return what a TRY is about: the trial, and what a person has confirmed."""
    first = canonical_bytes(confirmed)
    return struct.pack("<H", len(first)) + first + canonical_bytes(wanted)


def read_try(body: bytes) -> tuple[Prescription, Prescription]:
    """Return (wanted, confirmed); ValueError if it is none."""
    if len(body) < 2:
        raise ValueError("The trial is cut off.")
    (n,) = struct.unpack_from("<H", body)
    return from_bytes(body[2 + n :]), from_bytes(body[2 : 2 + n])
