"""A person who stands, walks and stops: thigh, shank and hip of one leg, millisecond by millisecond.

The upper leg follows the gait curves whatever the foot does; the foot is simulated elsewhere
(`ankle.py`, `leg.py`), so that stimulation moves it. Strides vary in time and size, one seed each.
"""

import math
import random

from . import geometry
from .gait_curves import TABLE_SIZE, make_curves
from .hip import healthy_clearance_m
from .walker_settings import WalkerSettings

STEP_S = 1e-3
STEP_US = 1000

STRIDE_SD = 0.03
MOTION_SD = 0.03
VARIATION_MEMORY = 0.5  # AR(1) from stride to stride
FIRST_STEP_SHARE = 0.85  # assumed: the first step from standing is shorter
HIP_WAVE_M = 0.020  # half of the hip's rise and fall, twice a stride (assumed; sensors only)


class Walker:
    """Thigh, shank and reference foot of one leg: angle rad, rate rad/s, acceleration rad/s2.

    step() moves by 1 ms. `is_swing`: the curves say that the foot is off the ground. `contact`: True on
    the one step where a new stride begins by initial contact. `phase`: 0 to 1 of this stride.
    """

    def __init__(self, settings: WalkerSettings) -> None:
        self.settings = settings
        self.curves = make_curves(settings.stance_share_used, settings.motion_share)
        self._clearance_m, self.lift_m = healthy_clearance_m(self.curves)
        self._tables = tuple(
            (c.value, c.slope, c.bend) for c in (self.curves.thigh, self.curves.shank, self.curves.foot)
        )
        self.stance_share = settings.stance_share_used
        self.flat_phase = 0.35 * self.stance_share  # the foot is flat here
        self._random = random.Random(settings.seed)
        self._stride_wander = 0.0
        self._motion_wander = 0.0
        self._stand_until_us = round(settings.stand_s * 1e6)
        self._stop_us = None if settings.stop_s is None else round(settings.stop_s * 1e6)

        self.now_us = 0
        self.walking = False
        self.has_stopped = False
        self.is_swing = False
        self.contact = False
        self.phase = self.flat_phase
        self.stride_s = settings.stride_s  # of the stride under way
        self.strides_total = 0
        self._phase_rate = 0.0
        # Size of the motion goes from `_size_from` to `_size_to` between two phases of the stride.
        self.size = 0.0
        self._size_from = 0.0
        self._size_to = 0.0
        self._carried_from = 0.0  # the same without variation: what the hip's height follows
        self._carried_to = 0.0
        self._size_start = 0.0
        self._size_width = 1.0
        self.thigh_rad = self.thigh_rate = self.thigh_acc = 0.0
        self.shank_rad = self.shank_rate = self.shank_acc = 0.0
        self.foot_rad = self.foot_rate = self.foot_acc = 0.0
        self.hip_m = geometry.STANDING_HIP_M  # over the floor; kept up to date in swing only
        self.hip_up_mps2 = 0.0

    @property
    def swing_share(self) -> float:
        """How much of the swing has passed, 0 to 1; below 0 in stance."""
        return (self.phase - self.stance_share) / (1.0 - self.stance_share)

    def step(self) -> None:
        """Move by 1 ms."""
        self.now_us += STEP_US
        self.contact = False
        if not self.walking:
            if self.has_stopped or self.now_us < self._stand_until_us:
                return
            self._start()
        self.phase += self._phase_rate * STEP_S
        if self.phase >= 1.0:
            self.phase -= 1.0
            self.contact = True
            self._next_stride()
        self._pose()

    def _start(self) -> None:
        self.walking = True
        self._draw_stride()
        self._plan_size(FIRST_STEP_SHARE, self.flat_phase, 0.28)

    def _next_stride(self) -> None:
        self.strides_total += 1
        if self.size == 0.0:  # the closing step has put the foot beside the other one
            self.walking = False
            self.has_stopped = True
            self._phase_rate = 0.0
            self.phase = self.flat_phase
            self._size_from = self._size_to = self._carried_from = self._carried_to = 0.0
            return
        self._draw_stride()
        if self._stop_us is not None and self.now_us >= self._stop_us:
            # Closing step: the swing ends beside the other foot, so the motion shrinks to nothing.
            start = self.stance_share + 0.45 * (1.0 - self.stance_share)
            self._plan_size(0.0, start, 0.985 - start)
        else:
            self._plan_size(1.0, 0.15 * self.stance_share, 0.4 * self.stance_share)

    def _draw_stride(self) -> None:
        if self.settings.varies:
            fresh = math.sqrt(1.0 - VARIATION_MEMORY**2)
            self._stride_wander *= VARIATION_MEMORY
            self._stride_wander += fresh * STRIDE_SD * self._random.gauss(0.0, 1.0)
            self._motion_wander *= VARIATION_MEMORY
            self._motion_wander += fresh * MOTION_SD * self._random.gauss(0.0, 1.0)
        self.stride_s = self.settings.stride_s * (1.0 + self._stride_wander)
        self._phase_rate = 1.0 / self.stride_s

    def _plan_size(self, size: float, start_phase: float, width: float) -> None:
        self._size_from = self.size
        self._size_to = size * (1.0 + self._motion_wander)
        self._carried_from = self._carried_to
        self._carried_to = size
        self._size_start = start_phase
        self._size_width = width

    def _pose(self) -> None:
        phase_rate = self._phase_rate
        x = (self.phase - self._size_start) / self._size_width
        size_rate = size_acc = 0.0
        if x <= 0.0:
            size = self._size_from
            carried = self._carried_from
        elif x >= 1.0:
            size = self._size_to
            carried = self._carried_to
        else:
            change = self._size_to - self._size_from
            x_rate = phase_rate / self._size_width
            blend = x * x * (3.0 - 2.0 * x)
            size = self._size_from + change * blend
            carried = self._carried_from + (self._carried_to - self._carried_from) * blend
            size_rate = change * 6.0 * x * (1.0 - x) * x_rate
            size_acc = change * (6.0 - 12.0 * x) * x_rate * x_rate
        self.size = size
        self.is_swing = self.walking and self.phase >= self.stance_share

        place = self.phase * TABLE_SIZE
        i = int(place)
        f = place - i
        e = 1.0 - f
        j = i + 1
        acc_scale = size * phase_rate * phase_rate
        rate_scale = size * phase_rate
        cross = 2.0 * size_rate * phase_rate
        (value, slope, bend), (value2, slope2, bend2), (value3, slope3, bend3) = self._tables
        v = e * value[i] + f * value[j]
        s = e * slope[i] + f * slope[j]
        self.thigh_rad = size * v
        self.thigh_rate = size_rate * v + rate_scale * s
        self.thigh_acc = size_acc * v + cross * s + acc_scale * (e * bend[i] + f * bend[j])
        v = e * value2[i] + f * value2[j]
        s = e * slope2[i] + f * slope2[j]
        self.shank_rad = size * v
        self.shank_rate = size_rate * v + rate_scale * s
        self.shank_acc = size_acc * v + cross * s + acc_scale * (e * bend2[i] + f * bend2[j])
        v = e * value3[i] + f * value3[j]
        s = e * slope3[i] + f * slope3[j]
        self.foot_rad = size * v
        self.foot_rate = size_rate * v + rate_scale * s
        self.foot_acc = size_acc * v + cross * s + acc_scale * (e * bend3[i] + f * bend3[j])

        if self.is_swing and size > 0.0:
            # The hip is where a healthy foot would clear the ground as it should. It does not follow the
            # variation from stride to stride: that is what makes clearance vary.
            even = carried / size
            self.hip_m = (
                geometry.leg_height_m(self.thigh_rad * even, self.shank_rad * even)
                - geometry.toe_above_ankle_m(self.foot_rad * even)
                + carried * (e * self._clearance_m[i] + f * self._clearance_m[j])
            )
            if self.settings.hip_hike_m:
                self.hip_m += self.settings.hip_hike_m * math.sin(math.pi * self.swing_share) ** 2
        twice = 4.0 * math.pi * phase_rate
        self.hip_up_mps2 = (
            HIP_WAVE_M * size * size * twice * twice * math.cos(4.0 * math.pi * (self.phase - 0.05))
        )
