"""Lengths of leg and foot, and where heel and toe are for a given pitch. Metres, radians, toe-up +."""

import math

THIGH_M = 0.40
SHANK_M = 0.43
TOE_FORWARD_M = 0.195  # toe and heel as seen from the ankle with the foot flat
TOE_UP_M = -0.066
HEEL_FORWARD_M = -0.05
HEEL_UP_M = -0.066
FOOT_M = TOE_FORWARD_M - HEEL_FORWARD_M
STANDING_HIP_M = THIGH_M + SHANK_M - HEEL_UP_M

_TOE_REACH_M = math.hypot(TOE_FORWARD_M, TOE_UP_M)
_TOE_ANGLE_RAD = math.atan2(-TOE_UP_M, TOE_FORWARD_M)


def leg_height_m(thigh_rad: float, shank_rad: float) -> float:
    """Return how far the ankle is below the hip."""
    return THIGH_M * math.cos(thigh_rad) + SHANK_M * math.cos(shank_rad)


def toe_above_ankle_m(pitch_rad: float) -> float:
    """Return the height of the toe over the ankle (negative: below)."""
    return TOE_FORWARD_M * math.sin(pitch_rad) + TOE_UP_M * math.cos(pitch_rad)


def heel_above_ankle_m(pitch_rad: float) -> float:
    """Return the height of the heel over the ankle (negative: below)."""
    return HEEL_FORWARD_M * math.sin(pitch_rad) + HEEL_UP_M * math.cos(pitch_rad)


def pitch_with_toe_on_ground_rad(ankle_height_m: float) -> float:
    """Return the lowest pitch that keeps the toe on or above the ground, -pi/2 or less if any does."""
    if ankle_height_m >= _TOE_REACH_M:
        return -math.pi
    return _TOE_ANGLE_RAD + math.asin(-ankle_height_m / _TOE_REACH_M)
