"""What a stride was like: clearance, drag, pitch and roll at contact; and a light trace for pictures."""

import math
from dataclasses import dataclass
from typing import NamedTuple

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
    pulses             delivered since the last contact, per channel
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
    pulses: tuple[int, int]


class TraceRow(NamedTuple):
    """One moment of the leg. t_s s; phase 0 to 1; angles deg; clearance mm; activations 0 to 1."""

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


class StrideMeter:
    """Watches the swing, millisecond by millisecond, and writes one StrideRecord at its end."""

    def __init__(self) -> None:
        self.start_us = 0
        self._begin(0)

    def _begin(self, now_us: int) -> None:
        self._swing_start_us = now_us
        self._lowest_m = math.inf
        self._touched_mid = False
        self._window_steps = 0
        self._drag_steps = 0
        self._inversion_rad = -math.inf
        self._mid_ankle_rad = math.nan

    def lift_off(self, now_us: int) -> None:
        """The foot leaves the ground."""
        self._begin(now_us)

    def watch(
        self, swing: float, clearance_m: float, is_touching: bool, roll_rad: float, ankle_rad: float
    ) -> None:
        """Take one millisecond of swing (`swing` 0 to 1)."""
        if DRAG_WINDOW[0] <= swing < DRAG_WINDOW[1]:
            self._window_steps += 1
            if is_touching:
                self._drag_steps += 1
            if CLEARANCE_WINDOW[0] <= swing < CLEARANCE_WINDOW[1]:
                if clearance_m < self._lowest_m:
                    self._lowest_m = clearance_m
                if is_touching:
                    self._touched_mid = True
                if swing < 0.5:
                    self._mid_ankle_rad = ankle_rad
            if roll_rad > self._inversion_rad:
                self._inversion_rad = roll_rad

    def contact(
        self, now_us: int, pitch_rad: float, roll_rad: float, pulses: tuple[int, int]
    ) -> StrideRecord:
        """The swing ends at `now_us`; return what it was like and begin the next stride."""
        record = StrideRecord(
            start_us=self.start_us,
            swing_start_us=self._swing_start_us,
            swing_end_us=now_us,
            min_clearance_mm=self._lowest_m * 1e3,
            dragged=self._touched_mid,
            drag_share=self._drag_steps / max(1, self._window_steps),
            pitch_at_contact_deg=math.degrees(pitch_rad),
            roll_at_contact_deg=math.degrees(roll_rad),
            peak_inversion_deg=math.degrees(self._inversion_rad),
            mid_swing_ankle_deg=math.degrees(self._mid_ankle_rad),
            pulses=pulses,
        )
        self.start_us = now_us
        return record
