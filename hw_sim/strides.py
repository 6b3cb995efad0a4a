"""What a stride was like: clearance, drag, pitch and roll at contact; and a light trace for pictures."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .footing import Footing

# Shares of swing. Clearance is judged where the toe passes closest in healthy walking (40-60 %).
CLEARANCE_WINDOW = (0.35, 0.70)
# Drag anywhere but right after toe-off and right before contact, where the toe may touch by design.
DRAG_WINDOW = (0.15, 0.90)


@dataclass(frozen=True, slots=True, kw_only=True)
class StrideRecord:
    """One stride of one leg, from a contact (or the first step) to the contact that ends its swing.

    *_us               simulator time, us, never wraps
    min_clearance_mm   lowest toe height at 35-70 % of swing; 0 if it touched
    dragged            the toe touched the ground at 35-70 % of swing
    drag_share         share of 15-90 % of swing with the toe on the ground
    pitch_at_contact_deg   toe-up +;  roll_at_contact_deg   inversion +
    peak_inversion_deg     highest at 15-90 % of swing
    mid_swing_ankle_deg    dorsiflexion + at half of swing
    push_off_dps           fastest toe-down turning before toe-off, deg/s, negative
    toe_off_ankle_deg      dorsiflexion + at toe-off
    pulses             delivered since the last contact to the dorsiflexors: tibialis anterior, peroneal
    push_pulses        the same to the plantarflexors
    """

    start_us: int
    swing_start_us: int
    swing_end_us: int
    min_clearance_mm: float
    dragged: bool
    drag_share: float
    pitch_at_contact_deg: float
    roll_at_contact_deg: float
    peak_inversion_deg: float
    mid_swing_ankle_deg: float
    push_off_dps: float
    toe_off_ankle_deg: float
    pulses: tuple[int, int]
    push_pulses: int


class TraceRow(NamedTuple):
    """One moment of the leg. t_s s; phase 0 to 1; angles in the room, deg; heights mm; activations 0 to 1."""

    t_s: float
    phase: float
    is_swing: bool
    thigh_deg: float
    shank_deg: float
    foot_pitch_deg: float
    foot_roll_deg: float
    toe_clearance_mm: float
    heel_height_mm: float
    tibialis: float
    peroneal: float
    plantarflexors: float


def stride_record(done: Footing, start_us: int, pulses: Sequence[int]) -> StrideRecord:
    """Return what the stride was like whose swing has just ended; `start_us` is the contact before it."""
    stretch = done.stretch
    n = stretch.n - stretch.swing_from
    swing_start_us = (done.start_ms + stretch.swing_from) * 1000
    off = stretch.swing_from * stretch.phase_rate + stretch.phase
    share = stretch.phase_rate / (1.0 - stretch.stance_share)  # of swing, per ms
    first = (off - stretch.stance_share) / (1.0 - stretch.stance_share)

    def at(swing: float) -> int:
        return min(n, max(0, math.ceil((swing - first) / share)))

    low, high = (at(edge) for edge in CLEARANCE_WINDOW)
    from_, until = (at(edge) for edge in DRAG_WINDOW)
    lowest_m = min(done.toe_m[low:high])
    middle = max(low, at(0.5) - 1)
    pushed = [done.state(i)[1] for i in range(max(0, stretch.swing_from - 250), stretch.swing_from, 5)]
    last_pitch, _, last_roll, _ = done.state(stretch.n - 1)
    toe_off = done.state(stretch.swing_from - 1)[0] - stretch.shank.item(stretch.swing_from - 1)
    return StrideRecord(
        start_us=start_us,
        swing_start_us=swing_start_us,
        swing_end_us=(done.start_ms + stretch.n) * 1000,
        min_clearance_mm=lowest_m * 1e3,
        dragged=lowest_m <= 0.0,
        drag_share=done.toe_m[from_:until].count(0.0) / max(1, until - from_),
        pitch_at_contact_deg=math.degrees(last_pitch),
        roll_at_contact_deg=math.degrees(last_roll),
        peak_inversion_deg=math.degrees(max(done.roll[from_:until])),
        mid_swing_ankle_deg=math.degrees(
            done.pitch[middle] - stretch.shank.item(stretch.swing_from + middle)
        ),
        push_off_dps=math.degrees(min(pushed)),
        toe_off_ankle_deg=math.degrees(toe_off),
        pulses=(pulses[0], pulses[1]),
        push_pulses=pulses[2],
    )
