"""The foot between ground and air: who moves it now, the ground or the torques.

Stance: the ground holds it (flat exactly, heel-off and push-off on the curve). Swing: the torque
model, with the floor as a one-sided stop for the toe. Loading: it comes down flat from wherever it
landed. Angles rad, toe-up +, inversion +; heights m.
"""

import math

from . import geometry
from .ankle import FreeFoot, inversion_torque_nm, lift_torque_nm
from .severity import Severity
from .walker import STEP_S, Walker

GROUND = 0
SWING = 1
LOADING = 2

# Share of the stride from contact to foot-flat. Dorsiflexors brake the slap: assumed 6 % of the stride
# without them, 11 % (the gait curve) with them.
LOADING_SHARE_SLAP = 0.06
LOADING_SHARE_BRAKED = 0.11
BRAKE_TORQUE_NM = 3.0

# How the floor turns a dragging foot up: along with half of the shank's swing, and closing the gap to
# where the toe would just touch with a time constant; the leg gives way for the rest. Assumed; it keeps
# the rate within the 3 to 6 rad/s of recorded feet, dragging or not.
DRAG_WITH_SHANK = 0.5
DRAG_GAP_PER_S = 8.0

START_GAP_SHARE = 0.25  # of swing, in which the difference of one stride's hip at toe-off dies out

# In push-off the foot turns over the slanting line of its toe joints, so the rising heel inverts it.
# Assumed slope; it brings the sideways rates of recorded feet (2.7 rad/s) into the simulated ones.
PUSH_OFF_ROLL = 0.15


class Foot:
    """Pitch and roll of the simulated foot with rates, ground contact and heights, stepped by 1 ms.

    is_touching   in swing: the toe is on the floor
    toe_m, heel_m height over the floor
    """

    def __init__(self, severity: Severity) -> None:
        self.severity = severity
        self.mode = GROUND
        self.pitch_rad = self.pitch_rate = self.pitch_acc = 0.0
        self.roll_rad = self.roll_rate = 0.0
        self.is_touching = False
        self.toe_m = self.heel_m = 0.0
        self._free = FreeFoot(severity)
        self._start_gap_m = 0.0
        self._loading_s = 0.0
        self._loading_end_s = 1.0
        self._landing = (0.0, 0.0, 0.0, 0.0)  # pitch, its rate, roll, its rate at contact

    def step(
        self, walker: Walker, tibialis: float, peroneal: float, forward_mps2: float, up_mps2: float
    ) -> None:
        """Follow `walker`, which has just moved by 1 ms, under the two muscles' activations."""
        if walker.contact and self.mode == SWING:
            self._land(walker, tibialis, peroneal)
        if self.mode == LOADING:
            self._load()
        elif walker.is_swing:
            if self.mode == GROUND:
                self._lift_off(walker)
            self._swing(walker, tibialis, peroneal, forward_mps2, up_mps2)
            return
        if self.mode == GROUND:
            # Flat since the end of loading, until the curve lifts the heel.
            push = self.severity.push_share if walker.phase >= walker.flat_phase else 0.0
            self.pitch_rad = push * walker.foot_rad
            self.pitch_rate = push * walker.foot_rate
            self.pitch_acc = push * walker.foot_acc
            self.roll_rad = max(0.0, -PUSH_OFF_ROLL * self.pitch_rad)
            self.roll_rate = -PUSH_OFF_ROLL * self.pitch_rate if self.roll_rad > 0.0 else 0.0
        # On the ground the foot stands on heel or toe, whichever its pitch brings down.
        self.is_touching = True
        height_m = geometry.FOOT_M * math.sin(self.pitch_rad)
        self.toe_m = max(0.0, height_m)
        self.heel_m = max(0.0, -height_m)

    def _lift_off(self, walker: Walker) -> None:
        self.mode = SWING
        self._start_gap_m = 0.0
        free = self._free
        free.pitch_rad = self.pitch_rad
        free.pitch_rate = self.pitch_rate
        free.roll_rad = self.roll_rad
        free.roll_rate = self.roll_rate
        # This stride's hip is not quite that of an even stride: it starts where the toe really stands.
        pitch_rad = self.pitch_rad + self.pitch_rate * STEP_S  # the walker is one step ahead
        toe_m = self._ankle_height_m(walker) + geometry.toe_above_ankle_m(pitch_rad)
        self._start_gap_m = -toe_m

    def _ankle_height_m(self, walker: Walker) -> float:
        x = walker.swing_share / START_GAP_SHARE
        gap_m = self._start_gap_m * (1.0 - x * x * (3.0 - 2.0 * x)) if x < 1.0 else 0.0
        return walker.hip_m - geometry.leg_height_m(walker.thigh_rad, walker.shank_rad) + gap_m

    def _swing(
        self, walker: Walker, tibialis: float, peroneal: float, forward_mps2: float, up_mps2: float
    ) -> None:
        free = self._free
        wanted = None
        if self.severity.has_control:
            wanted = (walker.foot_rad, walker.foot_rate, walker.foot_acc)
        before_rad = free.pitch_rad
        free.step(
            lift_torque_nm(tibialis, peroneal),
            inversion_torque_nm(tibialis, peroneal),
            walker.shank_rad,
            walker.shank_rate,
            walker.thigh_rad - walker.shank_rad,
            forward_mps2,
            up_mps2,
            wanted,
        )
        pitch_rate = free.pitch_rate
        ankle_m = self._ankle_height_m(walker)
        toe_m = ankle_m + geometry.toe_above_ankle_m(free.pitch_rad)
        self.is_touching = toe_m <= 0.0
        if self.is_touching:  # the floor turns the foot up, and hip and knee give way for the rest
            held_rad = geometry.pitch_with_toe_on_ground_rad(ankle_m)
            wanted_rate = DRAG_WITH_SHANK * max(0.0, walker.shank_rate)
            wanted_rate += DRAG_GAP_PER_S * max(0.0, held_rad - before_rad)
            held_rad = min(held_rad, before_rad + wanted_rate * STEP_S)
            if held_rad > free.pitch_rad:
                free.pitch_rad = held_rad
                pitch_rate = (held_rad - before_rad) / STEP_S
                free.pitch_acc = (pitch_rate - self.pitch_rate) / STEP_S
                # The floor does not throw the foot up: let go, it goes on with the shank (assumed).
                free.pitch_rate = min(pitch_rate, max(0.0, walker.shank_rate))
            toe_m = 0.0
        self.toe_m = toe_m
        self.heel_m = max(0.0, ankle_m + geometry.heel_above_ankle_m(free.pitch_rad))
        self.pitch_rad = free.pitch_rad
        self.pitch_rate = pitch_rate
        self.pitch_acc = free.pitch_acc
        self.roll_rad = free.roll_rad
        self.roll_rate = free.roll_rate

    def _land(self, walker: Walker, tibialis: float, peroneal: float) -> None:
        self.mode = LOADING
        torque_nm = lift_torque_nm(tibialis, peroneal) + self.severity.residual_nm
        brake = min(1.0, max(0.0, torque_nm / BRAKE_TORQUE_NM))
        share = LOADING_SHARE_SLAP + brake * (LOADING_SHARE_BRAKED - LOADING_SHARE_SLAP)
        self._loading_end_s = share * walker.stride_s * walker.stance_share / 0.62
        self._loading_s = 0.0
        limit = 3.0 / self._loading_end_s  # a faster start would swing past flat
        self._landing = (
            self.pitch_rad,
            _toward_zero(self.pitch_rad, self.pitch_rate, limit),
            self.roll_rad,
            _toward_zero(self.roll_rad, self.roll_rate, limit),
        )

    def _load(self) -> None:
        self._loading_s += STEP_S
        x = self._loading_s / self._loading_end_s
        if x >= 1.0:
            self.mode = GROUND
            self.pitch_rad = self.pitch_rate = self.pitch_acc = 0.0
            self.roll_rad = self.roll_rate = 0.0
            return
        end_s = self._loading_end_s
        pitch, pitch_rate, roll, roll_rate = self._landing
        # Cubic from landing to flat and at rest.
        a = x * x * (2.0 * x - 3.0) + 1.0
        b = x * (x - 1.0) * (x - 1.0)
        a_slope = 6.0 * x * (x - 1.0) / end_s
        b_slope = (x - 1.0) * (3.0 * x - 1.0) / end_s
        self.pitch_rad = a * pitch + b * end_s * pitch_rate
        self.pitch_rate = a_slope * pitch + b_slope * end_s * pitch_rate
        self.pitch_acc = (12.0 * x - 6.0) / end_s**2 * pitch + (6.0 * x - 4.0) / end_s * pitch_rate
        self.roll_rad = a * roll + b * end_s * roll_rate
        self.roll_rate = a_slope * roll + b_slope * end_s * roll_rate


def _toward_zero(angle: float, rate: float, limit_per_s: float) -> float:
    """Return the part of `rate` that leads to zero without passing it: what the ground lets through."""
    if angle * rate >= 0.0:
        return 0.0
    return max(-limit_per_s * abs(angle), min(limit_per_s * abs(angle), rate))
