"""How thigh, shank and ankle move over one stride: smooth periodic curves, ready to look up fast.

Cubic splines of our own through key points that were read from the curves of the gait2392 tutorial
(`normal.mot`, 51 points; thigh = pelvis tilt + hip flexion, shank = thigh + knee angle). Degrees;
distal end forward and toe-up are positive; curve phase 0 is initial contact, toe-off is at 0.62.
Source: opensim-org/opensim-models, Gait2392_Simbody/Tutorial1; gait2392 after Delp et al. 1990,
doi 10.1109/10.102791. Differs: 20 points joined by a spline, flat foot made exact, stance share warped.
Evidence: within 0.4 deg of the source's harmonics. One grown man, level ground; nothing else was tried.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

TOE_OFF_CURVE_PHASE = 0.62

KEY_PHASES_PERCENT = (0, 4, 8, 12, 20, 28, 36, 44, 52, 56, 60, 64, 68, 72, 76, 80, 84, 88, 92, 96)
THIGH_DEG = (
    *(22.6, 22.5, 21.5, 18.9, 10.1, 0.5, -8.7, -15.8, -19.0, -17.1),
    *(-12.1, -4.8, 3.1, 10.1, 15.6, 19.5, 22.0, 22.9, 22.9, 22.6),
)
SHANK_DEG = (
    *(18.8, 13.0, 6.7, 1.8, -3.7, -7.5, -12.0, -18.9, -30.2, -37.4),
    *(-44.8, -50.9, -52.5, -48.2, -39.5, -27.4, -13.1, 1.7, 14.3, 20.3),
)
ANKLE_DEG = (
    *(-1.7, -4.7, -4.2, -0.8, 3.9, 6.3, 8.4, 10.6, 8.3, 1.1),
    *(-9.7, -14.1, -10.2, -5.3, -1.3, 1.4, 2.6, 1.8, 0.5, 0.1),
)

# The flat foot must be exact, or a zero-velocity detector would see a foot that never rests: the
# pitch is faded out and in again between these curve phases (the source stays within 2.5 deg from
# 0.09 to 0.32). The slow fade-in gives the heel rise of recorded feet: 1 rad/s 0.2 s before toe-off.
FLAT_FADE_OUT = (0.05, 0.11)
FLAT_FADE_IN = (0.22, 0.66)

TABLE_SIZE = 2048  # a linear look-up is then within 1e-4 deg of the spline
PHASES = np.linspace(0.0, 1.0, TABLE_SIZE + 1)

Floats = NDArray[np.float64]


def periodic_spline(values_deg: tuple[float, ...]) -> CubicSpline:
    """Return the smooth periodic curve (period 1, degrees) through values at KEY_PHASES_PERCENT."""
    phases = np.append(np.array(KEY_PHASES_PERCENT) / 100.0, 1.0)
    return CubicSpline(phases, np.append(values_deg, values_deg[0]), bc_type="periodic")


def stance_warp(stance_share: float) -> CubicSpline:
    """Return curve phase minus stride phase, so that toe-off falls at `stance_share` of the stride.

    Smooth and periodic, because a kink here would be a jump in every simulated rate.
    """
    shift = TOE_OFF_CURVE_PHASE - stance_share
    return CubicSpline([0.0, stance_share, 1.0], [0.0, shift, 0.0], bc_type="periodic")


def fade(phase: NDArray[np.float64], start: float, end: float) -> NDArray[np.float64]:
    """Return 0 before `start`, 1 after `end`, in between a ramp without a jump in its acceleration."""
    x = np.clip((phase - start) / (end - start), 0.0, 1.0)
    return x**3 * (10.0 - 15.0 * x + 6.0 * x**2)


def flat_foot_mask(curve_phase: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 0 where the foot is flat on the ground, 1 in loading, push-off and swing."""
    return 1.0 - fade(curve_phase, *FLAT_FADE_OUT) * (1.0 - fade(curve_phase, *FLAT_FADE_IN))


@dataclass(frozen=True, slots=True)
class Curve:
    """One angle over the stride: TABLE_SIZE + 1 values, rad; rad per stride; rad per stride squared."""

    value: Floats
    slope: Floats
    bend: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class GaitCurves:
    """The three segments of one walker over one stride.

    rows        (9, TABLE_SIZE + 1): thigh, shank, foot; their slopes; their bends, as in `Curve`
    clearance   (TABLE_SIZE + 1,) height of the healthy toe over what lies beneath it, m; 0 in stance
    flat_phase  where a foot that has landed lies flat, phase of the stride
    """

    rows: Floats
    clearance: Floats
    stance_share: float
    motion_share: float
    flat_phase: float

    @property
    def thigh(self) -> Curve:
        """Distal end forward +."""
        return Curve(self.rows[0], self.rows[3], self.rows[6])

    @property
    def shank(self) -> Curve:
        """Distal end forward +."""
        return Curve(self.rows[1], self.rows[4], self.rows[7])

    @property
    def foot(self) -> Curve:
        """Pitch of the healthy foot, toe-up +."""
        return Curve(self.rows[2], self.rows[5], self.rows[8])


def curve_rows(angles_rad: Floats, is_flat: NDArray[np.bool_]) -> Floats:
    """Return `GaitCurves.rows` of three angles (3, TABLE_SIZE + 1); the third is exactly 0 where `is_flat`."""
    angles_rad[:, -1] = angles_rad[:, 0]
    spline = CubicSpline(PHASES, angles_rad, axis=1, bc_type="periodic")
    rows = np.concatenate([spline(PHASES), spline(PHASES, 1), spline(PHASES, 2)])
    # The spline rings by some 1e-9 rad beside the mask's corner; flat has to be flat.
    rows[2::3, is_flat] = 0.0
    return rows


def level_rows(stance_share: float, motion_share: float) -> Floats:
    """Return the rows of level walking for a stance share (0.5 to 0.78) and a range of motion (1 = the source)."""
    if not 0.5 <= stance_share <= 0.78:
        raise ValueError(
            f"stance_share is {stance_share}; 0.5 to 0.78 of the stride can be simulated. Choose one."
        )
    if not 0.3 <= motion_share <= 1.3:
        raise ValueError(f"motion_share is {motion_share}; 0.3 to 1.3 can be simulated. Choose one of these.")
    curve_phases = np.clip(PHASES + stance_warp(stance_share)(PHASES), 0.0, 1.0)
    mask = flat_foot_mask(curve_phases)
    thigh_deg = periodic_spline(THIGH_DEG)(curve_phases)
    shank_deg = periodic_spline(SHANK_DEG)(curve_phases)
    foot_deg = (shank_deg + periodic_spline(ANKLE_DEG)(curve_phases)) * mask
    return curve_rows(np.radians([thigh_deg, shank_deg, foot_deg]) * motion_share, mask == 0.0)
