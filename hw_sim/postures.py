"""Stretches without a step: standing, sitting, getting from one to the other, swaying, trembling."""

import math
import random
from dataclasses import replace
from functools import lru_cache

import numpy as np

from .stretch import GRAVITY_MPS2, Floats, Pose, Stretch, Swing, dying_out

STILL_MS = 1000
SETTLE_S = 0.3  # what a step has left over dies out within this
RESTING: Pose = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
SEATED: Pose = (math.pi / 2, 0.0, 0.0, 0.0, 0.0, 0.0)
LEAN_RAD = math.radians(14.0)  # the shank leans forward to bring the body over the feet (assumed)
# Freezing of gait trembles at 3 to 8 Hz: Moore et al. 2008, J Neurosci Methods 167:340.
TREMBLE_HZ = (3.5, 7.0)


@lru_cache(maxsize=8)
def _constant(value: float) -> Floats:
    return np.full(STILL_MS, value)


def still(pose: Pose, phase: float, n: int = STILL_MS) -> Stretch:
    """Return up to one second of standing or sitting. The arrays are shared and longer: they are only read."""
    zero = _constant(0.0)
    return Stretch(
        n=n,
        swing_from=n,
        phase=phase,
        thigh=_constant(pose[0]),
        thigh_rate=zero,
        thigh_acc=zero,
        shank=_constant(pose[3]),
        shank_rate=zero,
        shank_acc=zero,
        foot=zero,
        foot_rate=zero,
        foot_acc=zero,
        forward_mps2=zero,
        up_mps2=zero,
        is_seated=pose == SEATED,
    )


def hanging(ankle_m: float) -> Stretch:
    """Return one second on a high chair: thigh level, shank upright, the foot free in the air."""
    stretch = still(SEATED, 0.0)
    zero = _constant(0.0)
    return replace(
        stretch,
        swing_from=0,
        swing=Swing(ankle_m=_constant(ankle_m), gap_share=zero, forward=zero, up=_constant(GRAVITY_MPS2)),
    )


def transfer(before: Pose, after: Pose, seconds: float, phase: float) -> Stretch:
    """Return the way from one posture to another; the shank leans forward on it."""
    n = max(200, round(seconds * 1000))
    thigh = dying_out(before[0] - after[0], before[1], before[2], n)
    shank = dying_out(before[3] - after[3], before[4], before[5], n)
    if abs(before[0] - after[0]) > 0.5 * SEATED[0]:
        lean = -LEAN_RAD * np.sin(np.linspace(0.0, math.pi, n)) ** 2
        shank = tuple(a + b for a, b in zip(shank, _with_derivatives(lean), strict=True))
    thigh = (thigh[0] + after[0], *thigh[1:])
    shank = (shank[0] + after[3], *shank[1:])
    return _on_the_ground(n, phase, thigh, shank, np.zeros(n), after == SEATED)


def swaying(seconds: float, draw: random.Random, phase: float) -> Stretch:
    """Return a sway from foot to foot and towards the toes; the heel lifts by up to two centimetres."""
    n = round(seconds * 1000)
    t = np.arange(n) / 1000.0
    sway = sum(
        a * np.sin(2 * math.pi * f * t + draw.uniform(0, 2 * math.pi))
        for a, f in ((1.0, draw.uniform(0.25, 0.45)), (0.4, draw.uniform(0.6, 1.1)))
    )
    sway = sway * _window(n, 600)
    shank = -math.radians(4.0) * sway
    lift = np.clip(sway - 0.2, 0.0, None) ** 2
    foot = -math.radians(draw.uniform(1.0, 5.0)) * lift / max(1e-9, float(lift.max()))
    return _on_the_ground(n, phase, _with_derivatives(-0.4 * shank), _with_derivatives(shank), foot)


def trembling(seconds: float, draw: random.Random, phase: float) -> Stretch:
    """Return trembling knees on feet that will not leave the ground; the heel beats."""
    n = round(seconds * 1000)
    t = np.arange(n) / 1000.0
    beats = draw.uniform(*TREMBLE_HZ) * t + 0.3 * np.sin(2 * math.pi * draw.uniform(0.2, 0.5) * t)
    strength = (0.6 + 0.4 * np.sin(2 * math.pi * draw.uniform(0.2, 0.6) * t)) * _window(n, 400)
    wave = strength * np.sin(2 * math.pi * beats)
    shank = -math.radians(draw.uniform(1.5, 4.0)) * (wave + strength)
    foot = -math.radians(draw.uniform(1.0, 4.0)) * strength * (0.5 - 0.5 * np.cos(2 * math.pi * beats)) ** 2
    return _on_the_ground(n, phase, _with_derivatives(-0.6 * shank), _with_derivatives(shank), foot)


def _window(n: int, ramp: int) -> Floats:
    """Return 1 with a smooth start and end at 0."""
    x = np.clip(np.minimum(np.arange(n), np.arange(n)[::-1]) / min(ramp, n / 3), 0.0, 1.0)
    return x**3 * (10.0 - 15.0 * x + 6.0 * x**2)


def _with_derivatives(angle: Floats) -> tuple[Floats, Floats, Floats]:
    rate = np.gradient(angle, 1e-3)
    return angle, rate, np.gradient(rate, 1e-3)


def _on_the_ground(
    n: int, phase: float, thigh: tuple, shank: tuple, foot: Floats, is_seated: bool = False
) -> Stretch:
    zero = np.zeros(n)
    pitch = _with_derivatives(foot)
    return Stretch(
        n=n,
        swing_from=n,
        phase=phase,
        thigh=thigh[0],
        thigh_rate=thigh[1],
        thigh_acc=thigh[2],
        shank=shank[0],
        shank_rate=shank[1],
        shank_acc=shank[2],
        foot=pitch[0],
        foot_rate=pitch[1],
        foot_acc=pitch[2],
        forward_mps2=zero,
        up_mps2=zero,
        is_seated=is_seated,
    )
