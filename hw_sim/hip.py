"""How high the hip is over the ground, so that the healthy foot clears it as people's feet do."""

from functools import lru_cache

import numpy as np

from . import geometry
from .gait_curves import PHASES, TABLE_SIZE, Floats, GaitCurves, level_rows

HEALTHY_CLEARANCE_M = 0.019  # calibrated to Moosabhoy and Gard 2006: 19 +- 5 mm
FLAT_SHARE = 0.35  # of stance: the foot is flat here


@lru_cache(maxsize=256)
def level_curves(stance_share: float, motion_share: float) -> GaitCurves:
    """Return the curves of level walking with the clearance of a healthy toe.

    In swing the other leg, half a stride apart, carries the hip; a constant lift (pelvis, and all that
    two dimensions leave out) is calibrated so that the healthy foot clears the ground by 19 mm.
    """
    rows = level_rows(stance_share, motion_share)
    thigh, shank, foot = rows[:3]
    leg = geometry.THIGH_M * np.cos(thigh) + geometry.SHANK_M * np.cos(shank)
    toe = geometry.TOE_FORWARD_M * np.sin(foot) + geometry.TOE_UP_M * np.cos(foot)
    heel = geometry.HEEL_FORWARD_M * np.sin(foot) + geometry.HEEL_UP_M * np.cos(foot)
    own_reach = leg - np.minimum(toe, heel)
    other_reach = np.roll(own_reach[:-1], -(TABLE_SIZE // 2))
    other_reach = np.append(other_reach, other_reach[0])
    swing = swing_shares(stance_share)
    middle = (swing >= 0.35) & (swing <= 0.70)
    lift_m = HEALTHY_CLEARANCE_M - float((other_reach - leg + toe)[middle].min())
    lead = lead_of(swing)
    hip = lead * (other_reach + lift_m) + (1.0 - lead) * own_reach
    return GaitCurves(
        rows=rows,
        clearance=np.where(swing <= 0.0, 0.0, hip - leg + toe),
        stance_share=stance_share,
        motion_share=motion_share,
        flat_phase=FLAT_SHARE * stance_share,
    )


def swing_shares(stance_share: float) -> Floats:
    """Return how much of the swing has passed at each phase of the tables; below 0 in stance."""
    return (PHASES - stance_share) / (1.0 - stance_share)


def lead_of(swing: Floats) -> Floats:
    """Return 1 where the foot is well off the ground, 0 at toe-off and contact, where it touches by design."""
    return np.where(swing <= 0.0, 0.0, _ramp(swing / 0.25) * _ramp((1.0 - swing) / 0.25))


def _ramp(x: Floats) -> Floats:
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)
