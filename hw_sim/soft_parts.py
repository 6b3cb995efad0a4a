"""What gives way between bone and sensor: shoe and midfoot in stance, skin and muscle on the shank."""

import math
import random

from .stretch import Stretch

Axes = tuple[float, float, float]

# Of the RMS rate: what recurs in every step of a person, and what differs from step to step (assumed).
RECURS, DIFFERS = 0.7, 0.7
USUAL_STANCE_S = 0.72
TISSUE_HZ, TISSUE_DECAY_S, TISSUE_OVER_MS = 9.0, 0.06, 400  # assumed


class Wobble:
    """What a foot does beside its pitch: it yields while the body moves over it, and turns sideways in the air.

    Recorded feet turn by 5 to 15 deg/s about every axis in what is called foot-flat, and by 40 deg/s sideways in
    swing. Stance and swing each get a wave and its double per axis, in part a person's own, in part of this step.
    stance_rad_s, swing_rad_s: RMS rate of a stance of usual length. In swing the pitch is left alone: there the
    torques move it.
    """

    def __init__(self, stance_rad_s: float, swing_rad_s: float, draw: random.Random) -> None:
        self._rates = [stance_rad_s] * 6 + [swing_rad_s] * 2 + [0.0] * 2 + [swing_rad_s] * 2
        self._draw = draw
        self._own = [draw.gauss(0.0, RECURS) for _ in self._rates]
        self._now = [0.0] * 12
        self._swing_from = 0
        self._n = 1
        self.is_moving = False
        self.until = 0  # index of the stretch

    def begin(self, stretch: Stretch, is_contact: bool) -> None:
        """A stretch begins."""
        self.is_moving = stretch.is_gait and any(self._rates)
        if not self.is_moving:
            return
        self.until = self._n = stretch.n
        self._swing_from = stretch.swing_from
        # Each of the two waves of an axis carries half of the power; a sine's RMS is 0.71 of its peak.
        draw = self._draw.gauss
        pace = (
            USUAL_STANCE_S * 1000 / max(1, stretch.swing_from)
        )  # the same angle in less time is a higher rate
        self._now = [
            pace * rate * (own + DIFFERS * draw(0.0, 1.0))
            for rate, own in zip(self._rates, self._own, strict=True)
        ]

    def at(self, i: int, phase: float) -> tuple[Axes, Axes]:
        """Return roll, pitch and yaw, rad, and their rates."""
        if i < self._swing_from:
            turn_s = self._swing_from * 1e-3
            x = i / self._swing_from
            a, b, d, e, f, g = self._now[:6]
        else:
            turn_s = (self._n - self._swing_from) * 1e-3
            x = (i - self._swing_from) / (self._n - self._swing_from)
            a, b, d, e, f, g = self._now[6:]
        s, c = math.sin(2.0 * math.pi * x), math.cos(2.0 * math.pi * x)
        s2, c2 = 2.0 * s * c, c * c - s * s
        s, s2 = s * turn_s / (2.0 * math.pi), s2 * turn_s / (4.0 * math.pi)
        return (a * s + b * s2, d * s + e * s2, f * s + g * s2), (
            a * c + b * c2,
            d * c + e * c2,
            f * c + g * c2,
        )


class SoftTissue:
    """Skin and calf under the strap swing on after contact and bulge with the step. peak_rad: of the swinging."""

    def __init__(self, peak_rad: float, draw: random.Random) -> None:
        self._peak = peak_rad
        self._draw = draw
        self._now = 0.0
        self.is_moving = False
        self.until = TISSUE_OVER_MS

    def begin(self, stretch: Stretch, is_contact: bool) -> None:
        """A stretch begins."""
        self.is_moving = is_contact and self._peak > 0.0
        self._now = self._peak * max(0.0, 1.0 + 0.3 * self._draw.gauss(0.0, 1.0))

    def at(self, i: int, phase: float) -> tuple[Axes, Axes]:
        """Return roll, pitch and yaw, rad, and their rates."""
        t_s, omega = i * 1e-3, 2.0 * math.pi * TISSUE_HZ
        left = self._now * math.exp(-t_s / TISSUE_DECAY_S)
        s, c = math.sin(omega * t_s), math.cos(omega * t_s)
        angle, rate = left * s, left * (omega * c - s / TISSUE_DECAY_S)
        return (0.4 * angle, angle, 0.0), (0.4 * rate, rate, 0.0)
