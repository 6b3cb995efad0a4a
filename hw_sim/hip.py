"""How high the hip is over the ground, so that the healthy foot clears it as people's feet do."""

import numpy as np

from . import geometry
from .gait_curves import TABLE_SIZE, GaitCurves

HEALTHY_CLEARANCE_M = 0.019  # calibrated to Moosabhoy and Gard 2006: 19 +- 5 mm


def healthy_clearance_m(curves: GaitCurves) -> tuple[list[float], float]:
    """Return the healthy toe's height in swing (TABLE_SIZE + 1 values, 0 in stance) and the hip's lift, m.

    In swing the other leg, half a stride apart, carries the hip; a constant lift (pelvis, and all that
    two dimensions leave out) is calibrated so that the healthy foot clears the ground by 19 mm.
    """
    thigh, shank, foot = (np.array(c.value) for c in (curves.thigh, curves.shank, curves.foot))
    leg = geometry.THIGH_M * np.cos(thigh) + geometry.SHANK_M * np.cos(shank)
    toe = geometry.TOE_FORWARD_M * np.sin(foot) + geometry.TOE_UP_M * np.cos(foot)
    heel = geometry.HEEL_FORWARD_M * np.sin(foot) + geometry.HEEL_UP_M * np.cos(foot)
    own_reach = leg - np.minimum(toe, heel)
    other_reach = np.roll(own_reach[:-1], -(TABLE_SIZE // 2))
    other_reach = np.append(other_reach, other_reach[0])
    phases = np.linspace(0.0, 1.0, TABLE_SIZE + 1)
    swing = (phases - curves.stance_share) / (1.0 - curves.stance_share)
    middle = (swing >= 0.35) & (swing <= 0.70)
    lift_m = HEALTHY_CLEARANCE_M - float((other_reach - leg + toe)[middle].min())
    # At toe-off and contact the healthy foot itself touches the ground; in between the other leg leads.
    lead = np.where(swing <= 0.0, 0.0, _ramp(swing / 0.25) * _ramp((1.0 - swing) / 0.25))
    hip = lead * (other_reach + lift_m) + (1.0 - lead) * own_reach
    return np.where(swing <= 0.0, 0.0, hip - leg + toe).tolist(), lift_m


def _ramp(x: np.ndarray) -> np.ndarray:
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)
