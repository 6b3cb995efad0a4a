"""Telemetry as it comes off the air, in the units of a PC."""

import struct
from dataclasses import dataclass
from typing import Any

from firmware_py.link.telemetry import CURRENT_STEP_UA, RATE_STEP_CDPS
from firmware_py.link.values import TELEMETRY_HEAD
from firmware_py.link.wire import MAJOR
from gait_detect.state import PHASE_NAMES
from safety.clock import WRAP_MASK_US
from stimulator.envelope import LEVEL_FULL, STATE_NAMES

HEAD_N = 2 + 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The foot at one moment.

    t_us          clock reading of the device, wraps at 2**30
    phase         one of gait_detect.state.PHASE_NAMES;  is_swing  the foot needs help
    output        one of stimulator.envelope.STATE_NAMES;  level  of the prescribed strength, 0 to 1
    pitch_deg     toe-up +, since foot-flat;  rate_dps  the same sign
    currents_ma   granted since the sample before, per channel, 0 if none
    """

    t_us: int
    phase: str
    is_swing: bool
    output: str
    level: float
    pitch_deg: float
    rate_dps: float
    currents_ma: tuple[float, ...]


def read_samples(data: bytes) -> tuple[int, list[Sample]]:
    """Return (number of the first sample, samples) of a notification; no samples if it is none."""
    head: Any = TELEMETRY_HEAD.unpack(data[2:HEAD_N]) if len(data) >= HEAD_N and data[0] == MAJOR else None
    if head is None or head.channels == 0:
        return 0, []
    row = struct.Struct(f"<BBHhh{head.channels}H")
    if len(data) < HEAD_N + head.count * row.size:
        return 0, []
    found = []
    for n in range(head.count):
        dt_ms, flags, level, pitch, rate, *currents = row.unpack_from(data, HEAD_N + n * row.size)
        phase, output = flags & 7, flags >> 4 & 7
        found.append(
            Sample(
                t_us=(head.t_us + 1000 * dt_ms) & WRAP_MASK_US,
                phase=PHASE_NAMES[phase] if phase < len(PHASE_NAMES) else "unknown",
                is_swing=bool(flags >> 3 & 1),
                output=STATE_NAMES[output] if output < len(STATE_NAMES) else "unknown",
                level=level / LEVEL_FULL,
                pitch_deg=pitch / 100,
                rate_dps=rate * RATE_STEP_CDPS / 100,
                currents_ma=tuple(c * CURRENT_STEP_UA / 1000 for c in currents),
            )
        )
    return head.seq, found
