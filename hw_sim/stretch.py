"""A stretch of motion planned ahead: what the leg does from one contact to the next, millisecond by millisecond.

Nothing in it depends on stimulation, so it is computed in one go and looked up afterwards. The leg above the
ankle follows curves; the foot is simulated elsewhere (`foot.py`) and only its healthy reference stands here.
Angles rad in the frame of the floor, distal end forward and toe-up +; one value for each ms.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from . import geometry
from .gait_curves import TABLE_SIZE, GaitCurves

GRAVITY_MPS2 = 9.80665
HIP_WAVE_M = 0.020  # half of the hip's rise and fall, twice a stride (assumed; sensors only)
CARRIED_BEFORE = 0.06  # of the stride before toe-off: from here on the hip moves the ankle
START_GAP_SHARE = 0.25  # of swing, in which the difference of one stride's hip at toe-off dies out
JOIN_SHARE = 0.45  # of stance, in which what differs from the stretch before dies out
PIVOT_SHARE = 0.2  # of a turn, done on the foot that stands (assumed)

Floats = NDArray[np.float64]
Pose = tuple[float, float, float, float, float, float]  # thigh rad, 1/s, 1/s2; shank the same


@dataclass(slots=True, kw_only=True)
class Swing:
    """The part of a stretch with the foot in the air; the values begin at the stretch's `swing_from`.

    ankle_m      height of the ankle over the floor, m, for a stride without a gap at toe-off
    gap_share    share of the gap at toe-off that is still left
    forward, up  acceleration of the ankle that the hanging foot feels, with gravity, m/s2
    """

    ankle_m: Floats
    gap_share: Floats
    forward: Floats
    up: Floats


@dataclass(slots=True, kw_only=True)
class Stretch:
    """One stretch. `n` ms long; from `swing_from` on the foot is in the air (n: never, 0: it already was).

    phase, phase_rate   of the stride at index 0, and per ms; a posture has no rate
    stride_s            0 for postures
    push_size, landing_size   of this stride's push-off and of the time its landing takes, 1 = the person's usual
    forward_mps2, up_mps2   acceleration of the ankle in the room from shortly before toe-off on
    floor_mps2   gravity as forward and upward acceleration, seen from the sloping floor
    yaw_rate, tilt_rad, tilt_rate   turning of the body (to the right +) and the leg leaning out, or None
    """

    n: int
    swing_from: int
    phase: float
    phase_rate: float = 0.0
    stride_s: float = 0.0
    stance_share: float = 0.62
    motion_share: float = 1.0
    flat_from: int = 0  # before this index a foot that has landed lies flat
    push_size: float = 1.0
    landing_size: float = 1.0
    floor_rad: float = 0.0
    floor_mps2: tuple[float, float] = (0.0, GRAVITY_MPS2)
    thigh: Floats
    thigh_rate: Floats
    thigh_acc: Floats
    shank: Floats
    shank_rate: Floats
    shank_acc: Floats
    foot: Floats
    foot_rate: Floats
    foot_acc: Floats
    forward_mps2: Floats
    up_mps2: Floats
    yaw_rate: Floats | None = None
    tilt_rad: Floats | None = None
    tilt_rate: Floats | None = None
    swing: Swing | None = None
    is_seated: bool = False
    ends_in_contact: bool = False

    @property
    def is_gait(self) -> bool:
        """Whether a stride is under way."""
        return self.stride_s > 0.0

    def pose_afterwards(self) -> Pose:
        """Return what the next stretch has to join on to, one ms after the last, as seen from a level floor."""
        found: list[float] = []
        last = self.n - 1
        for angle, rate, acc in (
            (self.thigh[last] + self.floor_rad, self.thigh_rate[last], self.thigh_acc[last]),
            (self.shank[last] + self.floor_rad, self.shank_rate[last], self.shank_acc[last]),
        ):
            found += (angle + rate * 1e-3 + acc * 5e-7, rate + acc * 1e-3, acc)
        return tuple(found)  # type: ignore[return-value]


@dataclass(frozen=True, slots=True, kw_only=True)
class StridePlan:
    """What one stride is to be like.

    size         of its motion, 1 = as the curves;  carried  the same without this stride's variation
    from_phase   0, or where the first step begins;  is_closing  the swing ends beside the other foot
    hike_m, arc_m   the hip lifted, the foot swung outwards;  turn_rad  the body turned, to the right +
    """

    curves: GaitCurves
    stride_s: float
    size: float = 1.0
    carried: float = 1.0
    from_phase: float = 0.0
    is_closing: bool = False
    hike_m: float = 0.0
    arc_m: float = 0.0
    turn_rad: float = 0.0
    floor_rad: float = 0.0
    push_size: float = 1.0
    landing_size: float = 1.0


def stride(plan: StridePlan, before: Pose) -> Stretch:
    """Return the stretch from `from_phase` to the contact that ends the stride."""
    curves = plan.curves
    whole = round(plan.stride_s * 1000.0)
    n = math.ceil((1.0 - plan.from_phase) * whole - 1e-9)
    phase = plan.from_phase + np.arange(n) / whole
    per_s = 1000.0 / whole
    place = phase * TABLE_SIZE
    at = place.astype(np.intp)
    share = place - at
    even = curves.rows.take(at, axis=1)
    even += share * (curves.rows.take(at + 1, axis=1) - even)
    stance = curves.stance_share
    swing_from = int(np.searchsorted(phase, stance))

    angle, rate, acc = even[0:3], even[3:6] * per_s, even[6:9] * (per_s * per_s)
    ending: Floats | float = 1.0
    if plan.is_closing:  # the motion shrinks to nothing from the middle of swing on
        start = stance + 0.45 * (1.0 - stance)
        width = 0.985 - start
        x = np.clip((phase - start) / width, 0.0, 1.0)
        ending = 1.0 - x * x * (3.0 - 2.0 * x)
        ending_rate = -6.0 * x * (1.0 - x) * (per_s / width)
        ending_acc = np.where((x > 0) & (x < 1), -(6.0 - 12.0 * x) * (per_s / width) ** 2, 0.0)
        acc = acc * ending + 2.0 * rate * ending_rate + angle * ending_acc
        rate = rate * ending + angle * ending_rate
        angle = angle * ending
    thigh, shank, foot = plan.size * angle
    thigh_rate, shank_rate, foot_rate = plan.size * rate
    thigh_acc, shank_acc, foot_acc = plan.size * acc
    join_share = JOIN_SHARE * stance if not plan.from_phase else min(0.28, stance - plan.from_phase)
    join_ms = round(join_share * whole)
    for values, old in (
        ((thigh, thigh_rate, thigh_acc), before[:3]),
        ((shank, shank_rate, shank_acc), before[3:]),
    ):
        _join(values, old, join_ms)
    shank -= plan.floor_rad  # in the frame of the floor an upright leg leans
    thigh -= plan.floor_rad

    s = slice(swing_from, n)
    moved = slice(
        int(np.searchsorted(phase, stance - CARRIED_BEFORE)), n
    )  # before, the ground holds the ankle
    forward, up = np.zeros(n), np.zeros(n)
    for length_m, angles in (
        (geometry.THIGH_M, (thigh[moved], thigh_rate[moved], thigh_acc[moved])),
        (geometry.SHANK_M, (shank[moved], shank_rate[moved], shank_acc[moved])),
    ):
        at_rad, rate_now, acc_now = angles
        sine, cosine, turning = np.sin(at_rad), np.cos(at_rad), rate_now * rate_now
        forward[moved] += length_m * (cosine * acc_now - sine * turning)
        up[moved] += length_m * (sine * acc_now + cosine * turning)
    bob = 4.0 * math.pi * per_s
    whole_size = plan.size * (ending[moved] if isinstance(ending, np.ndarray) else ending)
    hip_up = np.zeros(n)
    hip_up[moved] = HIP_WAVE_M * bob * bob * whole_size * whole_size
    hip_up[moved] *= np.cos(4.0 * math.pi * (phase[moved] - 0.05))
    swing_share = (phase[s] - stance) / (1.0 - stance)
    # The hip is where a healthy foot would clear the ground as it should. It does not follow the variation
    # from stride to stride: that is what makes clearance vary.
    carried = plan.carried * angle[:, s]
    clear = curves.clearance.take(at[s])
    clear += share[s] * (curves.clearance.take(at[s] + 1) - clear)
    hip = _leg_m(carried[0] - plan.floor_rad, carried[1] - plan.floor_rad) - _toe_m(carried[2])
    hip += plan.carried * (ending[s] if isinstance(ending, np.ndarray) else ending) * clear
    if plan.hike_m:
        hip += plan.hike_m * np.sin(math.pi * swing_share) ** 2
    ankle = hip - _leg_m(thigh[s], shank[s])
    tilt = tilt_rate = None
    if plan.arc_m:  # the leg leans out and back: sin^2, so that it starts and ends at rest
        top = math.asin(plan.arc_m / (geometry.THIGH_M + geometry.SHANK_M))
        tilt, tilt_rate = np.zeros(n), np.zeros(n)
        tilt[s] = top * np.sin(math.pi * swing_share) ** 2
        tilt_rate[s] = top * math.pi * np.sin(2.0 * math.pi * swing_share) * per_s / (1.0 - stance)
        ankle += (geometry.THIGH_M + geometry.SHANK_M) * (1.0 - np.cos(tilt[s]))
    x = np.minimum(swing_share / START_GAP_SHARE, 1.0)
    floor_mps2 = (GRAVITY_MPS2 * math.sin(plan.floor_rad), GRAVITY_MPS2 * math.cos(plan.floor_rad))
    return Stretch(
        n=n,
        swing_from=swing_from,
        phase=plan.from_phase,
        phase_rate=1.0 / whole,
        stride_s=whole / 1000.0,
        stance_share=stance,
        motion_share=curves.motion_share,
        ends_in_contact=True,
        flat_from=max(0, math.ceil((curves.flat_phase - plan.from_phase) * whole)),
        push_size=plan.push_size,
        landing_size=plan.landing_size,
        floor_rad=plan.floor_rad,
        floor_mps2=floor_mps2,
        thigh=thigh,
        thigh_rate=thigh_rate,
        thigh_acc=thigh_acc,
        shank=shank,
        shank_rate=shank_rate,
        shank_acc=shank_acc,
        foot=foot,
        foot_rate=foot_rate,
        foot_acc=foot_acc,
        forward_mps2=forward,
        up_mps2=up + hip_up,
        yaw_rate=_turning(plan, phase, stance, per_s) if plan.turn_rad else None,
        tilt_rad=tilt,
        tilt_rate=tilt_rate,
        swing=Swing(
            ankle_m=ankle,
            gap_share=1.0 - x * x * (3.0 - 2.0 * x),
            forward=forward[s] + floor_mps2[0],
            up=up[s] + floor_mps2[1],
        ),
    )


def _turning(plan: StridePlan, phase: Floats, stance: float, per_s: float) -> Floats:
    """Return the rate, rad/s, at which the foot turns to the right: mostly in the air, a little on the ground."""
    in_air = np.clip((phase - stance) / (1.0 - stance), 0.0, 1.0)
    on_ground = np.clip((phase - 0.3 * stance) / (0.7 * stance), 0.0, 1.0)
    rate = (1.0 - PIVOT_SHARE) * in_air**2 * (1.0 - in_air) ** 2 / (1.0 - stance)
    rate += PIVOT_SHARE * on_ground**2 * (1.0 - on_ground) ** 2 / (0.7 * stance)
    return 30.0 * plan.turn_rad * per_s * rate


def _join(values: tuple[Floats, Floats, Floats], old: tuple[float, ...], n: int) -> None:
    """Let angle, rate and acceleration start where the stretch before ended; the difference dies out in `n` ms."""
    n = min(n, len(values[0]))
    if n < 2:
        return
    gap = [o - float(v[0]) for o, v in zip(old, values, strict=True)]
    for v, d in zip(values, dying_out(gap[0], gap[1], gap[2], n), strict=True):
        v[:n] += d


def dying_out(gap: float, gap_rate: float, gap_acc: float, n: int) -> Floats:
    """Return a quintic and its derivatives, (3, n), one value per ms: from the given start to rest in `n` ms."""
    end_s = n / 1000.0
    whole = np.array((gap, gap_rate * end_s, gap_acc * end_s * end_s)) @ _quintics(n)
    return whole.reshape(3, n) * ((1.0,), (1.0 / end_s,), (1.0 / end_s**2,))


@lru_cache(maxsize=256)
def _quintics(n: int) -> Floats:
    """Return three quintics with derivatives, (3, 3 n): one of value, slope and bend is 1 at the start, the rest 0."""
    u = np.arange(n) / n
    powers = np.array([u**k for k in range(6)])
    slopes = np.array([k * u ** max(0, k - 1) for k in range(6)])
    bends = np.array([k * (k - 1) * u ** max(0, k - 2) for k in range(6)])
    coefficients = np.array(((1, 0, 0, -10, 15, -6), (0, 1, 0, -6, 8, -3), (0, 0, 0.5, -1.5, 1.5, -0.5)))
    return np.concatenate([coefficients @ powers, coefficients @ slopes, coefficients @ bends], axis=1)


def _leg_m(thigh: Floats, shank: Floats) -> Floats:
    return geometry.THIGH_M * np.cos(thigh) + geometry.SHANK_M * np.cos(shank)


def _toe_m(pitch: Floats) -> Floats:
    return geometry.TOE_FORWARD_M * np.sin(pitch) + geometry.TOE_UP_M * np.cos(pitch)
