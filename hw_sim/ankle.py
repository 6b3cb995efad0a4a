"""The foot as a body: pitch about the ankle and roll about the subtalar joint, moved by torques.

I th'' = T_active + T_passive(q, knee) - (B + Ba T_active) (th' - shank') - ml ((g + ay) cos th - ax sin th)
Is r'' = R_active + bias - Ks r - Bs r'
th pitch rad, toe-up +; q = th - shank, dorsiflexion +; r rad, inversion +; ax, ay acceleration of the
ankle against the hip, forward and up. Passive torque: double exponential of ankle and knee after
Riener and Edrich 1999, doi 10.1016/s0021-9290(99)00028-7 (coefficients not verified against the paper).
Inertia: gait2392 foot plus an assumed shoe. Subtalar values are assumed.
Not tried: muscle length and speed; spastic catch.
"""

import math

from .severity import Severity

STEP_S = 1e-3
GRAVITY_MPS2 = 9.81
INERTIA_KGM2 = 0.018
MASS_ARM_KGM = 0.12
DAMPING_NMS = 0.25
PITCH_STOP_LOW_RAD = math.radians(-45.0)
PITCH_STOP_HIGH_RAD = math.radians(25.0)

# A shortening muscle gives less, a stretched one more: about half the slope of Hill's curve with
# a/F0 = 0.25, 10 lengths/s and gait2392's tibialis anterior (0.2 s). Without it the stimulated foot rings.
ACTIVE_DAMPING_S = 0.1

ROLL_INERTIA_KGM2 = 0.004
ROLL_STIFFNESS_NM = 8.0
ROLL_DAMPING_NMS = 0.20
INVERSION_STOP_RAD = math.radians(35.0)  # assumed
EVERSION_STOP_RAD = math.radians(-20.0)  # assumed

# Torque at full recruitment, Nm. The peroneal channel lies over the nerve at the fibular head: toe
# extensors lift the foot while the peronei turn it out. From gait2392's moment arms.
TIBIALIS_LIFT_NM = 11.3
PERONEAL_LIFT_NM = 4.0
TIBIALIS_INVERT_NM = 3.5
PERONEAL_INVERT_NM = -7.1

# How stiffly a healthy nervous system guides the foot: assumed, stays within 2 deg of the curve.
CONTROL_NM = 60.0
CONTROL_NMS = 2.0

_DEG_PER_RAD = 180.0 / math.pi


def passive_torque_nm(ankle_rad: float, knee_rad: float) -> float:
    """Return the torque of tendons and joint, Nm, dorsiflexing +, for ankle and knee flexion angle."""
    plantar_deg = -ankle_rad * _DEG_PER_RAD
    knee_deg = knee_rad * _DEG_PER_RAD
    return -(
        math.exp(2.1016 - 0.0843 * plantar_deg - 0.0176 * knee_deg)
        - math.exp(-7.9763 + 0.1949 * plantar_deg + 0.0008 * knee_deg)
        - 1.792
    )


def lift_torque_nm(tibialis: float, peroneal: float) -> float:
    """Return the dorsiflexing torque, Nm, of two activations (0 to 1)."""
    return TIBIALIS_LIFT_NM * tibialis + PERONEAL_LIFT_NM * peroneal


def inversion_torque_nm(tibialis: float, peroneal: float) -> float:
    """Return the inverting torque, Nm, of two activations (0 to 1)."""
    return TIBIALIS_INVERT_NM * tibialis + PERONEAL_INVERT_NM * peroneal


class FreeFoot:
    """The foot in the air: pitch and roll with their rates, stepped by 1 ms."""

    def __init__(self, severity: Severity) -> None:
        self.severity = severity
        self.pitch_rad = 0.0
        self.pitch_rate = 0.0
        self.pitch_acc = 0.0
        self.roll_rad = 0.0
        self.roll_rate = 0.0

    def step(
        self,
        lift_nm: float,
        invert_nm: float,
        shank_rad: float,
        shank_rate: float,
        knee_rad: float,
        forward_mps2: float,
        up_mps2: float,
        wanted: tuple[float, float, float] | None,
    ) -> None:
        """Move by 1 ms under the stimulated torques. `wanted`: healthy pitch, rate, acceleration, or None."""
        severity = self.severity
        pitch = self.pitch_rad
        rate = self.pitch_rate
        outside_nm = (
            severity.passive_gain * passive_torque_nm(pitch - shank_rad, knee_rad)
            - (DAMPING_NMS + ACTIVE_DAMPING_S * lift_nm) * (rate - shank_rate)
            - MASS_ARM_KGM * ((GRAVITY_MPS2 + up_mps2) * math.cos(pitch) - forward_mps2 * math.sin(pitch))
        )
        if wanted is None:
            own_nm = severity.residual_nm
        else:  # what a healthy nerve adds: the torque the curve needs, and a correction
            own_nm = (
                INERTIA_KGM2 * wanted[2]
                - outside_nm
                + CONTROL_NM * (wanted[0] - pitch)
                + CONTROL_NMS * (wanted[1] - rate)
            )
        self.pitch_acc = (lift_nm + own_nm + outside_nm) / INERTIA_KGM2
        rate += self.pitch_acc * STEP_S
        pitch += rate * STEP_S
        ankle = pitch - shank_rad
        if ankle < PITCH_STOP_LOW_RAD:
            pitch = shank_rad + PITCH_STOP_LOW_RAD
            rate = max(rate, shank_rate)
        elif ankle > PITCH_STOP_HIGH_RAD:
            pitch = shank_rad + PITCH_STOP_HIGH_RAD
            rate = min(rate, shank_rate)
        self.pitch_rad = pitch
        self.pitch_rate = rate

        roll_acc = (
            invert_nm
            + severity.inversion_bias_nm
            - ROLL_STIFFNESS_NM * self.roll_rad
            - ROLL_DAMPING_NMS * self.roll_rate
        ) / ROLL_INERTIA_KGM2
        self.roll_rate += roll_acc * STEP_S
        self.roll_rad += self.roll_rate * STEP_S
        if self.roll_rad > INVERSION_STOP_RAD:
            self.roll_rad = INVERSION_STOP_RAD
            self.roll_rate = min(self.roll_rate, 0.0)
        elif self.roll_rad < EVERSION_STOP_RAD:
            self.roll_rad = EVERSION_STOP_RAD
            self.roll_rate = max(self.roll_rate, 0.0)
