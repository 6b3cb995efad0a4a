"""What an IMU on foot or shank feels: rates and specific force in the axes of `safety.sample`.

X backward, Y to the person's right, Z up, before mounting; gyro_y > 0 is toe-up or shank forward.
In stance the sensor turns about the point that touches the ground, so a flat foot feels gravity and
nothing else; in swing the hip carries the leg. Acceleration goes with the curves, not with walked
metres: integrating it twice does not give a path. Not simulated: turning, soft tissue of the shank.
"""

import math
import random
from dataclasses import dataclass

from . import geometry
from .foot import SWING
from .leg import Leg
from .walker import STEP_S

GRAVITY_MPS2 = 9.80665
DORSUM_SLOPE_DEG = -32.0  # recorded feet lie 30 to 35 deg toe-down
GYRO_RANGE_RAD_S = math.radians(2000.0)
ACC_RANGE_MPS2 = 16.0 * GRAVITY_MPS2

FOOT_SENSOR_M = (0.08, -0.01)  # forward and up of the ankle: on the laces (assumed)
SHANK_SENSOR_M = (0.04, 0.25)  # forward and up of the ankle: below the knee (assumed)

# Impact at contact: recorded feet peak at 22 (smoothed sensors) to 40 m/s2; ringing frequency assumed.
IMPACT_MPS2 = {"foot": 28.0, "shank": 14.0}
IMPACT_TURN_RAD_S = {"foot": 0.8, "shank": 0.3}
IMPACT_RAD_S = 2.0 * math.pi * 25.0
IMPACT_DECAY_S = 0.035
# A toe that scrapes over the floor shakes the sensor (assumed).
SCUFF_MPS2 = 2.0
SCUFF_TURN_RAD_S = 0.25
ANGULAR_ACC_MAX_RAD_S2 = 1500.0  # assumed: a shoe is soft, nothing turns it faster
TURN_FOLLOWS_PER_MS = 0.25  # share: angular acceleration reaches the sensor through some 45 Hz of strap


@dataclass(frozen=True, slots=True, kw_only=True)
class ImuSettings:
    """Where and how the sensor sits, and how bad it is.

    place          "foot" or "shank"
    mount_deg      roll, pitch, yaw of the sensor on the segment, about X, Y, Z; pitch toe-up +
    gyro_bias_dps, acc_bias_mps2   per axis;  gyro_noise_dps, acc_noise_mps2   SD per sample
    """

    place: str = "foot"
    mount_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    gyro_bias_dps: tuple[float, float, float] = (0.0, 0.0, 0.0)
    acc_bias_mps2: tuple[float, float, float] = (0.0, 0.0, 0.0)
    gyro_noise_dps: float = 0.2
    acc_noise_mps2: float = 0.07

    def __post_init__(self) -> None:
        if self.place not in ("foot", "shank"):
            raise ValueError(f"place is '{self.place}'; known are foot, shank. Name one of these.")


def drawn_settings(place: str, side: str, seed: int) -> ImuSettings:
    """Return a sensor as a helper would strap it on: tilted by some degrees, with its own bias."""
    draw = random.Random(f"imu {place} {side} {seed}")
    slope_deg = DORSUM_SLOPE_DEG if place == "foot" else 0.0
    toe_out_deg = -8.0 if side == "right" else 8.0  # assumed; about Z, the right foot points right
    yaw_deg = toe_out_deg if place == "foot" else 0.0
    return ImuSettings(
        place=place,
        mount_deg=(draw.gauss(0.0, 4.0), slope_deg + draw.gauss(0.0, 3.0), yaw_deg + draw.gauss(0.0, 4.0)),
        gyro_bias_dps=(draw.gauss(0.0, 0.7), draw.gauss(0.0, 0.7), draw.gauss(0.0, 0.7)),
        acc_bias_mps2=(draw.gauss(0.0, 0.1), draw.gauss(0.0, 0.1), draw.gauss(0.0, 0.1)),
    )


def mount_matrix(mount_deg: tuple[float, float, float]) -> tuple[tuple[float, ...], ...]:
    """Return the rows of the matrix that takes a vector from segment axes to sensor axes."""
    roll, pitch, yaw = (math.radians(angle) for angle in mount_deg)
    cr, sr, cp, sp = math.cos(roll), math.sin(roll), math.cos(pitch), math.sin(pitch)
    cy, sy = math.cos(yaw), math.sin(yaw)
    # Columns of Rz(yaw) Ry(pitch) Rx(roll) are the sensor's axes seen from the segment.
    return (
        (cy * cp, sy * cp, -sp),
        (cy * sp * sr - sy * cr, sy * sp * sr + cy * cr, cp * sr),
        (cy * sp * cr + sy * sr, sy * sp * cr - cy * sr, cp * cr),
    )


def _turned(x: float, y: float, angle: float) -> tuple[float, float]:
    c, s = math.cos(angle), math.sin(angle)
    return x * c - y * s, x * s + y * c


def _swing_share(phase: float, stance_share: float) -> float:
    """Return how much the hip, and not the ground, moves the ankle: 0 in stance, 1 in swing."""
    if phase < 0.5:
        return 0.0
    if phase > 0.98:
        x = (1.0 - phase) / 0.02
    else:
        x = (phase - stance_share + 0.05) / 0.08
    x = min(1.0, max(0.0, x))
    return x * x * (3.0 - 2.0 * x)


class Imu:
    """One IMU on one leg. `watch` once per millisecond, `gyro` and `acc` after `measure`.

    gyro  [x, y, z] rad/s;  acc  [x, y, z] specific force, m/s2; both in sensor axes
    """

    def __init__(self, settings: ImuSettings, side: str, seed: int) -> None:
        self.settings = settings
        self.gyro = [0.0, 0.0, 0.0]
        self.acc = [0.0, 0.0, GRAVITY_MPS2]
        self._on_foot = settings.place == "foot"
        self._rows = mount_matrix(settings.mount_deg)
        # Inversion lifts the inner edge: about X backward, that is minus on the right foot.
        self._roll_sign = -1.0 if side == "right" else 1.0
        self._random = random.Random(f"imu noise {settings.place} {side} {seed}")
        self._foot_acc = 0.0
        self._since_impact_s = 10.0
        self._impact_share = 0.0

    def watch(self, leg: Leg) -> None:
        """Take one millisecond of the leg's motion."""
        foot = leg.foot
        if foot.pitch_acc == 0.0 and foot.pitch_rate == 0.0:
            self._foot_acc = 0.0  # flat is at rest, without a tail
        else:
            wanted = min(ANGULAR_ACC_MAX_RAD_S2, max(-ANGULAR_ACC_MAX_RAD_S2, foot.pitch_acc))
            self._foot_acc += TURN_FOLLOWS_PER_MS * (wanted - self._foot_acc)
        self._since_impact_s += STEP_S
        if leg.walker.contact:
            self._since_impact_s = 0.0
            hardness = max(0.3, 1.0 + 0.2 * self._random.gauss(0.0, 1.0))
            self._impact_share = leg.settings.motion_share * hardness

    def measure(self, leg: Leg) -> None:
        """Fill `gyro` and `acc` with what the sensor says now."""
        walker, foot = leg.walker, leg.foot
        forward, up = self._ankle_acceleration(leg)
        if self._on_foot:
            pitch, rate, turn = foot.pitch_rad, foot.pitch_rate, self._foot_acc
            roll = self._roll_sign * foot.roll_rad
            roll_rate = self._roll_sign * foot.roll_rate
            x, y = _turned(*FOOT_SENSOR_M, pitch)
        else:
            pitch, rate, turn = walker.shank_rad, walker.shank_rate, walker.shank_acc
            roll = roll_rate = 0.0
            x, y = _turned(*SHANK_SENSOR_M, pitch)
        forward += -turn * y - rate * rate * x
        up += turn * x - rate * rate * y

        draw = self._random.gauss
        turn_shake = 0.0
        if self._since_impact_s < 0.2:
            wave = self._impact_share * math.exp(-self._since_impact_s / IMPACT_DECAY_S)
            wave *= math.cos(IMPACT_RAD_S * self._since_impact_s)
            peak = IMPACT_MPS2[self.settings.place]
            up += peak * wave
            forward -= 0.5 * peak * wave
            turn_shake = IMPACT_TURN_RAD_S[self.settings.place] * wave
        if self._on_foot and foot.mode == SWING and foot.is_touching:
            up += SCUFF_MPS2 * draw(0.0, 1.0)
            forward -= SCUFF_MPS2 * abs(draw(0.0, 1.0))
            turn_shake += SCUFF_TURN_RAD_S * draw(0.0, 1.0)

        # World (X backward, Y right, Z up) to segment: undo pitch about Y, then roll about X.
        up += GRAVITY_MPS2
        c, s = math.cos(pitch), math.sin(pitch)
        force_x = -forward * c - up * s
        lifted = -forward * s + up * c
        cr, sr = math.cos(roll), math.sin(roll)
        rate += turn_shake
        self._to_sensor(
            (roll_rate, rate * cr, -rate * sr),
            (force_x, lifted * sr, lifted * cr),
        )

    def _ankle_acceleration(self, leg: Leg) -> tuple[float, float]:
        """Return the ankle's acceleration in the room, forward and up, m/s2."""
        walker, foot = leg.walker, leg.foot
        swing = _swing_share(walker.phase, walker.stance_share) if walker.walking else 0.0
        forward = up = 0.0
        if swing < 1.0 and foot.mode != SWING and foot.pitch_rad != 0.0:
            if foot.pitch_rad < 0.0:
                x, y = _turned(-geometry.TOE_FORWARD_M, -geometry.TOE_UP_M, foot.pitch_rad)
            else:
                x, y = _turned(-geometry.HEEL_FORWARD_M, -geometry.HEEL_UP_M, foot.pitch_rad)
            rate2 = foot.pitch_rate * foot.pitch_rate
            forward = (1.0 - swing) * (-self._foot_acc * y - rate2 * x)
            up = (1.0 - swing) * (self._foot_acc * x - rate2 * y)
        if swing > 0.0:
            forward += swing * leg.ankle_forward_mps2
            up += swing * (leg.ankle_up_mps2 + walker.hip_up_mps2)
        return forward, up

    def _to_sensor(self, turning: tuple[float, float, float], force: tuple[float, float, float]) -> None:
        settings = self.settings
        draw = self._random.gauss
        noise = math.radians(settings.gyro_noise_dps)
        for i, (a, b, c) in enumerate(self._rows):
            rate = a * turning[0] + b * turning[1] + c * turning[2]
            rate += math.radians(settings.gyro_bias_dps[i]) + noise * draw(0.0, 1.0)
            self.gyro[i] = min(GYRO_RANGE_RAD_S, max(-GYRO_RANGE_RAD_S, rate))
            felt = a * force[0] + b * force[1] + c * force[2]
            felt += settings.acc_bias_mps2[i] + settings.acc_noise_mps2 * draw(0.0, 1.0)
            self.acc[i] = min(ACC_RANGE_MPS2, max(-ACC_RANGE_MPS2, felt))
