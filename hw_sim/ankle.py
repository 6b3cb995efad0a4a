"""The foot as a body: pitch about the ankle and roll about the subtalar joint, moved by torques.

I th'' = T_active + T_passive(q, knee) - (B + Ba |T_active|) q' - catch max(q', 0) - ml (ay cos th - ax sin th)
Is r'' = R_active + bias - Ks r - Bs r'
th pitch rad, toe-up +; q = th - shank, dorsiflexion +; r rad, inversion +; ax, ay acceleration of the
ankle, forward and up, gravity included. Passive torque: double exponential of ankle and knee after
Riener and Edrich 1999, doi 10.1016/s0021-9290(99)00028-7 (coefficients not verified against the paper).
Inertia: gait2392 foot plus an assumed shoe. Subtalar values and the plantarflexors' torque are assumed.
This file is the plain form, one call a millisecond; `foot.py` holds the same equations unrolled for speed, and
tests/test_sim_foot.py compares. Differs: muscle length enters nowhere, muscle speed as a damping only.
"""

import math
from dataclasses import dataclass

from .severity import Severity

STEP_S = 1e-3
GRAVITY_MPS2 = 9.80665
INERTIA_KGM2 = 0.018
MASS_ARM_KGM = 0.12
DAMPING_NMS = 0.25
PITCH_STOP_LOW_RAD = math.radians(-45.0)
PITCH_STOP_HIGH_RAD = math.radians(25.0)

# A shortening muscle gives less, a stretched one more: assumed a quarter of the slope of Hill's curve at rest (0.2 s
# with a/F0 = 0.25, 10 lengths/s and gait2392's tibialis anterior). Without it the stimulated foot rings.
ACTIVE_DAMPING_S = 0.05

ROLL_INERTIA_KGM2 = 0.004
ROLL_STIFFNESS_NM = 8.0
ROLL_DAMPING_NMS = 0.20
INVERSION_STOP_RAD = math.radians(35.0)  # assumed
EVERSION_STOP_RAD = math.radians(-20.0)  # assumed

# Torque at full recruitment, Nm. The peroneal channel lies over the nerve at the fibular head: toe
# extensors lift the foot while the peronei turn it out. From gait2392's moment arms. Plantarflexors: what pads on
# a calf reach of its 100 Nm and more (assumed), with the soleus' small inverting arm.
TIBIALIS_LIFT_NM = 11.3
PERONEAL_LIFT_NM = 4.0
PLANTARFLEXORS_LIFT_NM = -40.0
TIBIALIS_INVERT_NM = 3.5
PERONEAL_INVERT_NM = -7.1
PLANTARFLEXORS_INVERT_NM = 2.0

# How stiffly a healthy nervous system guides the foot: assumed, stays within 2 deg of the curve.
CONTROL_NM = 60.0
CONTROL_NMS = 2.0

CATCH_S = 0.2  # of swing, in which a spastic calf catches

DEG_PER_RAD = 180.0 / math.pi
# Passive torque: exponents per rad of plantarflexion and of knee flexion, and the constant between them.
DORSAL_0, DORSAL_ANKLE, DORSAL_KNEE = 2.1016, -0.0843 * DEG_PER_RAD, -0.0176 * DEG_PER_RAD
PLANTAR_0, PLANTAR_ANKLE, PLANTAR_KNEE = -7.9763, 0.1949 * DEG_PER_RAD, 0.0008 * DEG_PER_RAD
PASSIVE_NM = 1.792


def passive_torque_nm(ankle_rad: float, knee_rad: float) -> float:
    """Return the torque of tendons and joint, Nm, dorsiflexing +, for ankle and knee flexion angle."""
    return -(
        math.exp(DORSAL_0 - DORSAL_ANKLE * ankle_rad + DORSAL_KNEE * knee_rad)
        - math.exp(PLANTAR_0 - PLANTAR_ANKLE * ankle_rad + PLANTAR_KNEE * knee_rad)
        - PASSIVE_NM
    )


def lift_torque_nm(tibialis: float, peroneal: float, plantarflexors: float = 0.0) -> float:
    """Return the dorsiflexing torque, Nm, of the activations (0 to 1)."""
    return TIBIALIS_LIFT_NM * tibialis + PERONEAL_LIFT_NM * peroneal + PLANTARFLEXORS_LIFT_NM * plantarflexors


def inversion_torque_nm(tibialis: float, peroneal: float, plantarflexors: float = 0.0) -> float:
    """Return the inverting torque, Nm, of the activations (0 to 1)."""
    return (
        TIBIALIS_INVERT_NM * tibialis
        + PERONEAL_INVERT_NM * peroneal
        + PLANTARFLEXORS_INVERT_NM * plantarflexors
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Carriage:
    """How the shank carries the foot in this millisecond. Angles rad, rates rad/s, accelerations m/s2 with gravity.

    wanted   pitch, rate and acceleration of a healthy foot, for a foot under control
    catches  early swing, in which a spastic calf catches
    """

    shank_rad: float
    shank_rate: float
    knee_rad: float
    forward_mps2: float = 0.0
    up_mps2: float = GRAVITY_MPS2
    wanted: tuple[float, float, float] | None = None
    catches: bool = False


class FreeFoot:
    """The foot in the air: pitch and roll with their rates, stepped by 1 ms."""

    def __init__(self, severity: Severity) -> None:
        self.severity = severity
        self.pitch_rad = 0.0
        self.pitch_rate = 0.0
        self.pitch_acc = 0.0
        self.roll_rad = 0.0
        self.roll_rate = 0.0

    def step(self, lift_nm: float, invert_nm: float, carriage: Carriage) -> None:
        """Move by 1 ms under the stimulated torques."""
        severity = self.severity
        shank_rad, shank_rate = carriage.shank_rad, carriage.shank_rate
        pitch = self.pitch_rad
        rate = self.pitch_rate
        turning = rate - shank_rate
        outside_nm = (
            severity.passive_gain * passive_torque_nm(pitch - shank_rad, carriage.knee_rad)
            - (DAMPING_NMS + ACTIVE_DAMPING_S * abs(lift_nm)) * turning
            - MASS_ARM_KGM * (carriage.up_mps2 * math.cos(pitch) - carriage.forward_mps2 * math.sin(pitch))
        )
        if carriage.catches and turning > 0.0:
            outside_nm -= severity.catch_nms * turning
        if carriage.wanted is None:
            own_nm = severity.residual_nm
        else:  # what a healthy nerve adds: the torque the curve needs, and a correction
            wanted, wanted_rate, wanted_acc = carriage.wanted
            own_nm = (
                INERTIA_KGM2 * wanted_acc
                - outside_nm
                + CONTROL_NM * (wanted - pitch)
                + CONTROL_NMS * (wanted_rate - rate)
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
