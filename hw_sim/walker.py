"""A person who stands, walks, turns, climbs and sits: thigh and shank of one leg, millisecond by millisecond.

The upper leg follows the gait curves whatever the foot does; the foot is simulated elsewhere
(`foot.py`, `leg.py`), so that stimulation moves it.
"""

import math
from collections.abc import Iterable

from . import geometry
from .activities import Activity
from .plan import Plan
from .walker_settings import WalkerSettings

__all__ = ["Walker", "WalkerSettings"]

# Share of stance until which the heel is loaded; it takes its load over from the first moment on.
HEEL_UNTIL = 0.62


class Walker:
    """What thigh, shank and the healthy reference of the foot do now: angles rad, rates rad/s.

    stretch, i     the stretch under way and the millisecond in it;  step() moves by 1 ms
    activities     what is done, instead of the settings' (may never end)
    """

    def __init__(self, settings: WalkerSettings, activities: Iterable[Activity] | None = None) -> None:
        self.settings = settings
        self.style = settings.style_used
        self.plan = Plan(settings, self.style, activities)
        self.strides_total = 0  # ended by a contact
        self.start_ms = 0
        self.i = 0
        self.stretch = next(self.plan)
        self.follows_swing = False

    @property
    def now_us(self) -> int:
        """Simulator time, us, never wraps."""
        return (self.start_ms + self.i) * 1000

    @property
    def bouts_us(self) -> list[int]:
        """When the person began to walk, us, each time."""
        return [t_us for t_us in self.plan.bouts_us if t_us <= self.now_us]

    def step(self) -> None:
        """Move by 1 ms."""
        self.i += 1
        if self.i >= self.stretch.n:
            self.enter_next()

    def enter_next(self) -> None:
        """Go on with the next stretch, at its first millisecond."""
        self.start_ms += self.stretch.n
        self.follows_swing = self.stretch.ends_in_contact
        self.strides_total += self.follows_swing
        self.stretch = next(self.plan)
        self.i = 0

    @property
    def walking(self) -> bool:
        """Whether a stride is under way."""
        return self.stretch.is_gait

    @property
    def is_swing(self) -> bool:
        """Whether the curves say that the foot is off the ground."""
        return self.i >= self.stretch.swing_from

    @property
    def contact(self) -> bool:
        """True on the one millisecond where a swing has ended."""
        return self.i == 0 and self.follows_swing

    @property
    def phase(self) -> float:
        """0 to 1 of this stride; a posture has the phase of a flat foot."""
        return self.stretch.phase + self.i * self.stretch.phase_rate

    @property
    def stance_share(self) -> float:
        """Share of this stride on the ground."""
        return self.stretch.stance_share

    @property
    def swing_share(self) -> float:
        """How much of the swing has passed, 0 to 1; below 0 in stance."""
        return (self.phase - self.stance_share) / (1.0 - self.stance_share)

    @property
    def thigh_rad(self) -> float:
        """Distal end forward +."""
        return self.stretch.thigh.item(self.i)

    @property
    def shank_rad(self) -> float:
        """Distal end forward +."""
        return self.stretch.shank.item(self.i)

    @property
    def shank_rate(self) -> float:
        """Distal end forward +."""
        return self.stretch.shank_rate.item(self.i)

    @property
    def foot_rad(self) -> float:
        """Pitch of the healthy foot, toe-up +."""
        return self.stretch.foot.item(self.i)

    @property
    def hip_m(self) -> float:
        """Height of the hip over the floor in swing, m; nan on the ground."""
        swing = self.stretch.swing
        if swing is None or not self.is_swing:
            return math.nan
        return swing.ankle_m[self.i - self.stretch.swing_from] + geometry.leg_height_m(
            self.thigh_rad, self.shank_rad
        )

    @property
    def weight_share(self) -> float:
        """Share of the body's weight on this leg, 0 to 1."""
        stretch = self.stretch
        if stretch.is_seated:
            return 0.1
        if not stretch.is_gait:
            return 0.5
        both = max(0.02, stretch.stance_share - 0.5)  # of the stride, with both feet on the ground
        return max(0.0, min(1.0, self.phase / both, (stretch.stance_share - self.phase) / both))

    @property
    def heel_load(self) -> float:
        """Share of the body's weight on this heel if it touches the ground, 0 to 1; it wanders to the toes."""
        if not self.stretch.is_gait:
            return 0.6 * self.weight_share
        x = min(1.0, max(0.0, self.phase / (HEEL_UNTIL * self.stance_share)))
        return self.weight_share * (1.0 - x * x * (3.0 - 2.0 * x))

    @property
    def other_heel_is_down(self) -> bool:
        """Whether the other foot, half a stride later, stands on its heel."""
        if not self.stretch.is_gait:
            return True
        return (self.phase + 0.5) % 1.0 < HEEL_UNTIL * self.stance_share
