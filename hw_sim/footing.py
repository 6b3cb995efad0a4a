"""What the foot did in one stretch, ready to be looked up: landing and stance as formulas, swing as it came out."""

import math

from . import geometry
from .stretch import Stretch

GROUND = 0
SWING = 1
LOADING = 2

# In push-off the foot turns over the slanting line of its toe joints, so the rising heel inverts it.
# Assumed slope; it brings the sideways rates of recorded feet (2.7 rad/s) into the simulated ones.
PUSH_OFF_ROLL = 0.05

State = tuple[float, float, float, float]  # pitch, its rate, roll, its rate
FLAT: State = (0.0, 0.0, 0.0, 0.0)


class Footing:
    """One stretch of the foot. Angles rad from the floor, toe-up + and inversion +; heights m; index in ms.

    push             size of the healthy foot's motion that this foot reaches on the ground
    landing          pitch, rate, roll, rate at contact, brought to flat in `loading_ms`
    push_*           what a stimulated calf adds, from `push_from` on; empty without
    pitch ... heel_m swing, one value a millisecond from `stretch.swing_from` on
    before           the stretch before, for looking back
    """

    __slots__ = (
        *("stretch", "start_ms", "push", "landing", "loading_ms", "push_from", "push_rad", "push_rate"),
        *("pitch", "rate", "roll", "roll_rate", "toe_m", "heel_m", "before"),
    )

    def __init__(self, stretch: Stretch, start_ms: int, push: float, before: "Footing | None") -> None:
        self.stretch = stretch
        self.start_ms = start_ms
        self.push = push * stretch.push_size if stretch.is_gait else 1.0
        self.landing: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
        self.loading_ms = 0
        self.push_from = stretch.n
        self.push_rad: list[float] = []
        self.push_rate: list[float] = []
        self.pitch: list[float] = []
        self.rate: list[float] = []
        self.roll: list[float] = []
        self.roll_rate: list[float] = []
        self.toe_m: list[float] = []
        self.heel_m: list[float] = []
        self.before = before

    def mode(self, i: int) -> int:
        """Return GROUND, SWING or LOADING."""
        if i >= self.stretch.swing_from:
            return SWING
        return LOADING if i < self.loading_ms else GROUND

    def state(self, i: int) -> State:
        """Return pitch, its rate, roll and its rate; `i` below 0 looks back one stretch."""
        stretch = self.stretch
        k = i - stretch.swing_from
        if k >= 0:
            return self.pitch[k], self.rate[k], self.roll[k], self.roll_rate[k]
        if i < 0:
            return self._earlier(i)
        if i < self.loading_ms:
            return self._loading(i)
        if i < stretch.flat_from:
            return FLAT
        push = self.push
        pitch, rate = push * stretch.foot.item(i), push * stretch.foot_rate.item(i)
        k = i - self.push_from
        if k >= 0 and self.push_rad:
            pitch += self.push_rad[k]
            rate += self.push_rate[k]
        if pitch < 0.0:
            return pitch, rate, -PUSH_OFF_ROLL * pitch, -PUSH_OFF_ROLL * rate
        return pitch, rate, 0.0, 0.0

    def heights(self, i: int) -> tuple[float, float]:
        """Return the heights of toe and heel over the floor."""
        k = i - self.stretch.swing_from
        if k >= 0:
            return self.toe_m[k], self.heel_m[k]
        # On the ground the foot stands on heel or toe, whichever its pitch brings down.
        height_m = geometry.FOOT_M * math.sin(self.state(i)[0])
        return max(0.0, height_m), max(0.0, -height_m)

    def _earlier(self, i: int) -> State:
        if self.before is None:
            return FLAT
        pitch, *others = self.before.state(self.before.stretch.n + i)
        return (pitch + self.before.stretch.floor_rad - self.stretch.floor_rad, *others)  # type: ignore[return-value]

    def _loading(self, i: int) -> State:
        """Cubic from landing to flat and at rest."""
        end_s = self.loading_ms * 1e-3
        x = (i + 1) / self.loading_ms
        pitch, pitch_rate, roll, roll_rate = self.landing
        a = x * x * (2.0 * x - 3.0) + 1.0
        b = x * (x - 1.0) * (x - 1.0) * end_s
        a_slope = 6.0 * x * (x - 1.0) / end_s
        b_slope = (x - 1.0) * (3.0 * x - 1.0)
        return (
            a * pitch + b * pitch_rate,
            a_slope * pitch + b_slope * pitch_rate,
            a * roll + b * roll_rate,
            a_slope * roll + b_slope * roll_rate,
        )
