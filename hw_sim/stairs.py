"""How a leg climbs and goes down stairs, foot over foot: curves of our own with published peaks.

Drawn by hand so that hip, knee and ankle reach the peaks of 33 healthy people on 18 cm steps (Protopapadaki et
al. 2007, Clin Biomech 22:203): up, hip 65, knee 94, ankle -31 to 11 deg; down, hip 40, knee 90, ankle -40 to
21 deg; a test compares. Stance share of going down: 65 to 70 % (Beaulieu et al. 2008, Gait Posture 27:564). The
shape between the peaks, the clearance over the edge of a step and the stride times are assumed. Degrees.
"""

from functools import lru_cache

import numpy as np
from scipy.interpolate import CubicSpline

from .gait_curves import PHASES, GaitCurves, curve_rows, fade
from .hip import lead_of, swing_shares

UP_STRIDE_S, DOWN_STRIDE_S = 1.5, 1.4
UP_STANCE, DOWN_STANCE = 0.64, 0.66
EDGE_CLEARANCE_M = 0.030

# Per cent of the stride from contact: thigh, knee flexion, pitch of the foot.
UP = (
    (0, 59, 62, 0), (8, 56, 60, 0), (16, 46, 56, 0), (24, 34, 42, 0), (32, 25, 30, 0), (40, 18, 20, 0),
    (48, 12, 14, -4), (54, 10, 17, -18), (60, 13, 28, -41), (64, 20, 45, -54), (70, 35, 72, -52),
    (76, 50, 89, -38), (82, 60, 94, -24), (88, 65, 88, -12), (94, 64, 75, -3),
)  # fmt: skip
DOWN = (
    (0, 17, 12, -31), (8, 14, 20, -8), (16, 12, 22, 0), (24, 12, 25, 0), (32, 14, 32, -1), (40, 18, 43, -7),
    (48, 19, 56, -17), (56, 26, 72, -31), (62, 32, 83, -42), (66, 35, 88, -47), (72, 39, 90, -44),
    (78, 40, 78, -35), (86, 35, 46, -30), (93, 26, 20, -32),
)  # fmt: skip
FLAT_UNTIL = 0.33


def _curves(points: tuple[tuple[int, int, int, int], ...], stance_share: float) -> GaitCurves:
    phases, thigh, knee, foot = np.array(points, float).T
    knots = np.append(phases / 100.0, 1.0)
    angles = np.array([thigh, thigh - knee, foot])
    angles = np.concatenate([angles, angles[:, :1]], axis=1)
    at = CubicSpline(knots, angles, axis=1, bc_type="periodic")(PHASES)
    mask = 1.0 - fade(PHASES, 0.06, 0.14) * (1.0 - fade(PHASES, FLAT_UNTIL, FLAT_UNTIL + 0.15))
    at[2] *= mask
    swing = swing_shares(stance_share)
    return GaitCurves(
        rows=curve_rows(np.radians(at), mask == 0.0),
        clearance=EDGE_CLEARANCE_M * lead_of(swing) * (1.0 + np.sin(2.0 * np.pi * np.clip(swing, 0, 1)) ** 2),
        stance_share=stance_share,
        motion_share=1.0,
        flat_phase=0.25,
    )


@lru_cache(maxsize=1)
def up_curves() -> GaitCurves:
    """Return the curves of climbing; a stride goes up two steps."""
    return _curves(UP, UP_STANCE)


@lru_cache(maxsize=1)
def down_curves() -> GaitCurves:
    """Return the curves of going down; a stride goes down two steps."""
    return _curves(DOWN, DOWN_STANCE)
