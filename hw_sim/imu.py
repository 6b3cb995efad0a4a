"""What an IMU on foot or shank feels: rates and specific force in the axes of `safety.sample`.

X backward, Y to the person's right, Z up, before mounting; gyro_y > 0 is toe-up or shank forward.
In stance the sensor turns about the point that touches the ground, so a flat foot feels gravity and
little else; in swing the hip carries the leg. Acceleration goes with the curves, not with walked
metres: integrating it twice does not give a path. A reading is the mean over the last `average_ms`, as
parts with a digital low-pass give it.
"""

import math
import random
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from . import geometry
from .footing import Footing
from .setting import NO_OTHER_KEYS, check, number, one_of
from .soft_parts import SoftTissue, Wobble
from .stretch import CARRIED_BEFORE, GRAVITY_MPS2, Stretch
from .style import Style
from .walker import Walker

DORSUM_SLOPE_DEG = -32.0  # recorded feet lie 30 to 35 deg toe-down

FOOT_SENSOR_M = (0.08, -0.01)  # forward and up of the ankle: on the laces (assumed)
SHANK_SENSOR_M = (0.04, 0.25)  # forward and up of the ankle: below the knee (assumed)

# Impact at contact: recorded feet peak at 22 (smoothed sensors) to 40 m/s2; ringing frequency assumed.
IMPACT_MPS2 = {"foot": 28.0, "shank": 14.0}
IMPACT_TURN_RAD_S = {"foot": 0.8, "shank": 0.3}
IMPACT_RAD_S = 2.0 * math.pi * 25.0
IMPACT_DECAY_S = 0.035
IMPACT_OVER_MS = 200
PIVOT_MAX_MPS2 = 30.0  # of the ankle about heel or toe: knee and hip give way (assumed)
IMPACT_SD = 0.2  # from step to step (assumed)
# A toe that scrapes over the floor shakes the sensor (assumed).
SCUFF_MPS2 = 2.0
SCUFF_TURN_RAD_S = 0.25
ANGULAR_ACC_MAX_RAD_S2 = 1500.0  # assumed: a shoe is soft, nothing turns it faster
NOISE_ROWS = 256

Axes = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImuSettings:
    """Where and how the sensor sits, and how bad it is. Any rotation of the sensor on the segment is allowed."""

    __pydantic_config__ = NO_OTHER_KEYS

    place: Annotated[str, one_of(("foot", "shank"), "where it is worn")] = "foot"
    mount_deg: Axes = (0.0, 0.0, 0.0)  # roll, pitch, yaw on the segment, about X, Y, Z; pitch toe-up +
    gyro_bias_dps: Axes = (0.0, 0.0, 0.0)
    acc_bias_mps2: Axes = (0.0, 0.0, 0.0)
    gyro_noise_dps: Annotated[float, number(0, 50, "deg/s", "SD per reading")] = 0.2
    acc_noise_mps2: Annotated[float, number(0, 10, "m/s2", "SD per reading")] = 0.07
    gyro_range_dps: Annotated[float, number(125, 4000, "deg/s", "full scale")] = 2000.0
    acc_range_g: Annotated[float, number(2, 32, "g", "full scale")] = 16.0
    average_ms: Annotated[int, number(1, 60, "ms", "a reading is the mean over this time")] = 8
    acc_smoothing_ms: Annotated[
        float, number(0, 100, "ms", "time constant of a low-pass on acceleration")
    ] = 0.0
    gyro_repeats: Annotated[float, number(0, 0.5, "", "share of readings that repeat the rates before")] = 0.0
    tissue_deg: Annotated[float, number(0, 10, "deg", "shank: skin swings against the bone")] = 0.0

    def __post_init__(self) -> None:
        check(self)


def drawn_settings(place: str, side: str, seed: int) -> ImuSettings:
    """Return a sensor as a helper would strap it on: tilted by some degrees, with its own bias.

    The left one is the mirror image of the right one with the same seed.
    """
    draw = random.Random(f"imu {place} {seed}")
    mirror = 1.0 if side == "right" else -1.0
    slope_deg = DORSUM_SLOPE_DEG if place == "foot" else 0.0
    toe_out_deg = -8.0 if place == "foot" else 0.0  # assumed; about Z, the right foot points right
    lean_deg = -10.0 if place == "foot" else 0.0
    roll, pitch, yaw = draw.gauss(lean_deg, 5.0), draw.gauss(0.0, 3.0), draw.gauss(0.0, 5.0)
    gyro = (draw.gauss(0.0, 0.7), draw.gauss(0.0, 0.7), draw.gauss(0.0, 0.7))
    acc = (draw.gauss(0.0, 0.1), draw.gauss(0.0, 0.1), draw.gauss(0.0, 0.1))
    return ImuSettings(
        place=place,
        mount_deg=(mirror * roll, slope_deg + pitch, mirror * (toe_out_deg + yaw)),
        gyro_bias_dps=(mirror * gyro[0], gyro[1], mirror * gyro[2]),
        acc_bias_mps2=(acc[0], mirror * acc[1], acc[2]),
        tissue_deg=1.5 if place == "shank" else 0.0,
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


class Imu:
    """One IMU on one leg: `measure` at each reading, then `gyro` and `acc` hold it.

    gyro  [x, y, z] rad/s;  acc  [x, y, z] specific force, m/s2; both in sensor axes
    A left leg is computed as the right leg in a mirror, and mirrored back at the end.
    """

    def __init__(self, settings: ImuSettings, style: Style, side: str, seed: int, rate_hz: float) -> None:
        self.settings = settings
        self.gyro = [0.0, 0.0, 0.0]
        self.acc = [0.0, 0.0, GRAVITY_MPS2]
        self._mirror = m = 1.0 if side == "right" else -1.0
        roll, pitch, yaw = settings.mount_deg
        rows = mount_matrix((m * roll, pitch, m * yaw))
        gyro, acc = settings.gyro_bias_dps, settings.acc_bias_mps2
        gyro_bias = [math.radians(b) for b in (m * gyro[0], gyro[1], m * gyro[2])]
        acc_bias = (acc[0], m * acc[1], acc[2])
        self._axes = list(zip(rows, gyro_bias, acc_bias, (m, 1.0, m), (1.0, m, 1.0), strict=True))
        self._on_foot = settings.place == "foot"
        self._gyro_max = math.radians(settings.gyro_range_dps)
        self._acc_max = settings.acc_range_g * GRAVITY_MPS2
        average_s = settings.average_ms * 1e-3
        x = 0.5 * IMPACT_RAD_S * average_s
        self._impact_left = abs(math.sin(x) / x)  # of the ringing, after averaging
        self._average_ms = settings.average_ms
        self._per_s = 1.0 / average_s
        self._slant_yaw, self._slant_roll = style.slant_yaw, style.slant_roll
        self._random = random.Random(f"imu {settings.place} {seed}")
        self._noise_source = np.random.Generator(np.random.PCG64(self._random.getrandbits(64)))
        self._noise_sd = [math.radians(settings.gyro_noise_dps)] * 3 + [settings.acc_noise_mps2] * 3
        self._noise: list[list[float]] = []
        self._smooth = 0.0
        tau_s = settings.acc_smoothing_ms * 1e-3
        self._smooth_later = math.exp(-1.0 / (rate_hz * tau_s)) if tau_s else 0.0
        self._repeats = settings.gyro_repeats
        self._stretch: Stretch | None = None
        self._impact_share = 0.0
        self._impact_ms = -10 * IMPACT_OVER_MS
        self._giving = (
            Wobble(math.radians(style.rocking_dps), math.radians(style.swaying_dps), self._random)
            if self._on_foot
            else SoftTissue(math.radians(settings.tissue_deg), self._random)
        )

    def measure(self, walker: Walker, now: Footing) -> None:
        """Fill `gyro` and `acc` with what the sensor says now; `now` is what the walker's foot does."""
        i, stretch = walker.i, walker.stretch
        if stretch is not self._stretch:
            self._enter(walker)
        phase = stretch.phase + i * stretch.phase_rate
        pitch, rate, roll, _ = now.state(i)
        pitch_before, rate_before, roll_before, _ = now.state(i - self._average_ms)
        turn = (rate - rate_before) * self._per_s
        if turn > ANGULAR_ACC_MAX_RAD_S2:
            turn = ANGULAR_ACC_MAX_RAD_S2
        elif turn < -ANGULAR_ACC_MAX_RAD_S2:
            turn = -ANGULAR_ACC_MAX_RAD_S2
        forward, up = self._ankle_acceleration(now, i, phase, pitch, rate, turn)
        shake = yaw_rate = 0.0
        if self._on_foot:
            # Seen along X backward: inversion lifts the inner edge, which is minus on the right foot.
            rate = (pitch - pitch_before) * self._per_s
            roll_rate = (roll_before - roll) * self._per_s - self._slant_roll * rate
            roll = -roll - self._slant_roll * pitch
            yaw_rate = self._slant_yaw * rate
            c, s = math.cos(pitch), math.sin(pitch)
            x, y = FOOT_SENSOR_M
            if i >= stretch.swing_from and now.toe_m[i - stretch.swing_from] == 0.0:
                scuff = self._random.gauss
                up += SCUFF_MPS2 * scuff(0.0, 1.0)
                forward -= SCUFF_MPS2 * abs(scuff(0.0, 1.0))
                shake = SCUFF_TURN_RAD_S * scuff(0.0, 1.0)
        else:
            pitch, rate, turn = stretch.shank.item(i), stretch.shank_rate.item(i), stretch.shank_acc.item(i)
            roll = roll_rate = 0.0
            c, s = math.cos(pitch), math.sin(pitch)
            x, y = SHANK_SENSOR_M
        x, y = x * c - y * s, x * s + y * c
        forward += stretch.floor_mps2[0] - turn * y - rate * rate * x
        up += stretch.floor_mps2[1] + turn * x - rate * rate * y
        since_ms = walker.start_ms + i - self._impact_ms
        if since_ms < IMPACT_OVER_MS:
            wave = self._impact_share * math.exp(-since_ms * 1e-3 / IMPACT_DECAY_S)
            wave *= math.cos(IMPACT_RAD_S * since_ms * 1e-3)
            peak = IMPACT_MPS2[self.settings.place]
            up += peak * wave
            forward -= 0.5 * peak * wave
            shake += IMPACT_TURN_RAD_S[self.settings.place] * wave
        if self._giving.is_moving and i < self._giving.until:
            angles, rates = self._giving.at(i, phase)
            roll, pitch = roll + angles[0], pitch + angles[1]
            roll_rate, rate, yaw_rate = roll_rate + rates[0], rate + rates[1], yaw_rate + rates[2]
            c, s = math.cos(pitch), math.sin(pitch)
        if stretch.yaw_rate is not None:
            yaw_rate -= self._mirror * stretch.yaw_rate.item(i)
        if stretch.tilt_rad is not None and stretch.tilt_rate is not None:
            roll += stretch.tilt_rad.item(i)
            roll_rate += stretch.tilt_rate.item(i)
        rate += shake
        # World (X backward, Y right, Z up) to segment: undo pitch about Y, then roll about X.
        lifted = up * c - forward * s
        cr, sr = math.cos(roll), math.sin(roll)
        self._tell(
            (roll_rate, rate * cr + yaw_rate * sr, yaw_rate * cr - rate * sr),
            (-forward * c - up * s, lifted * sr, lifted * cr),
        )

    def _tell(self, turning: Axes, force: Axes) -> None:
        """From segment axes to the sensor's own, with its errors."""
        if not self._noise:
            rows = self._noise_source.standard_normal((NOISE_ROWS, 6)) * self._noise_sd
            self._noise = rows.tolist()
        noise = self._noise.pop()
        gx, gy, gz = turning
        fx, fy, fz = force
        gyro_max, acc_max = self._gyro_max, self._acc_max
        repeats = self._repeats > 0.0 and self._random.random() < self._repeats
        smooth = self._smooth  # share of the reading before; the first reading has none
        self._smooth = self._smooth_later
        for axis, ((a, b, c), gyro_bias, acc_bias, gyro_sign, acc_sign) in enumerate(self._axes):
            turned = a * gx + b * gy + c * gz + gyro_bias + noise[axis]
            felt = a * fx + b * fy + c * fz + acc_bias + noise[axis + 3]
            if not -gyro_max <= turned <= gyro_max:
                turned = gyro_max if turned > 0.0 else -gyro_max
            if not -acc_max <= felt <= acc_max:
                felt = acc_max if felt > 0.0 else -acc_max
            if not repeats:
                self.gyro[axis] = gyro_sign * turned
            self.acc[axis] = smooth * self.acc[axis] + (1.0 - smooth) * acc_sign * felt

    def _enter(self, walker: Walker) -> None:
        """A new stretch has begun, perhaps by a contact."""
        before, self._stretch = self._stretch, walker.stretch
        if walker.follows_swing and before is not None:
            self._impact_ms = walker.start_ms
            hardness = max(0.3, 1.0 + IMPACT_SD * self._random.gauss(0.0, 1.0))
            self._impact_share = before.motion_share * hardness * self._impact_left
        self._giving.begin(walker.stretch, walker.follows_swing)

    def _ankle_acceleration(
        self, now: Footing, i: int, phase: float, pitch: float, rate: float, turn: float
    ) -> tuple[float, float]:
        """Return the ankle's acceleration in the room, forward and up, m/s2, without gravity."""
        stretch = now.stretch
        swing = _carried_share(phase, stretch.stance_share) if stretch.is_gait else 0.0
        forward = up = 0.0
        if swing < 1.0 and i < stretch.swing_from and pitch != 0.0:
            if pitch < 0.0:
                x, y = _turned(-geometry.TOE_FORWARD_M, -geometry.TOE_UP_M, pitch)
            else:
                x, y = _turned(-geometry.HEEL_FORWARD_M, -geometry.HEEL_UP_M, pitch)
            forward = (1.0 - swing) * _limited(-turn * y - rate * rate * x)
            up = (1.0 - swing) * _limited(turn * x - rate * rate * y)
        if swing > 0.0:
            forward += swing * stretch.forward_mps2.item(i)
            up += swing * stretch.up_mps2.item(i)
        return forward, up


def _limited(acceleration: float) -> float:
    return max(-PIVOT_MAX_MPS2, min(PIVOT_MAX_MPS2, acceleration))


def _turned(x: float, y: float, angle: float) -> tuple[float, float]:
    c, s = math.cos(angle), math.sin(angle)
    return x * c - y * s, x * s + y * c


def _carried_share(phase: float, stance_share: float) -> float:
    """Return how much the hip, and not the ground, moves the ankle: 0 in stance, 1 in swing."""
    x = (phase - stance_share + CARRIED_BEFORE) / 0.08
    if phase > 0.98:
        x = (1.0 - phase) / 0.02
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    return x * x * (3.0 - 2.0 * x)
