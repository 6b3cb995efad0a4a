"""The foot between ground and air: who moves it now, the ground or the torques.

Stance: the ground holds it (flat exactly, heel-off and push-off on the curve, further if the calf is stimulated).
Swing: the torque model of `ankle.py`, with the floor as a one-sided stop for the toe. Loading: it comes down flat
from wherever it landed. Angles rad from the floor, toe-up +, inversion +; heights m.
"""

import math
from collections.abc import Sequence

import numpy as np

from . import ankle, geometry
from .ankle import (
    ACTIVE_DAMPING_S,
    CONTROL_NM,
    CONTROL_NMS,
    DAMPING_NMS,
    INERTIA_KGM2,
    MASS_ARM_KGM,
    PERONEAL_INVERT_NM,
    PERONEAL_LIFT_NM,
    PLANTARFLEXORS_INVERT_NM,
    PLANTARFLEXORS_LIFT_NM,
    ROLL_DAMPING_NMS,
    ROLL_INERTIA_KGM2,
    ROLL_STIFFNESS_NM,
    STEP_S,
    TIBIALIS_INVERT_NM,
    TIBIALIS_LIFT_NM,
)
from .ankle import EVERSION_STOP_RAD as EVERSION_STOP
from .ankle import INVERSION_STOP_RAD as INVERSION_STOP
from .ankle import PITCH_STOP_HIGH_RAD as STOP_HIGH
from .ankle import PITCH_STOP_LOW_RAD as STOP_LOW
from .footing import GROUND, LOADING, SWING, Footing, State
from .geometry import HEEL_FORWARD_M, HEEL_UP_M, TOE_FORWARD_M, TOE_UP_M
from .muscle import AnyMuscle
from .severity import Severity
from .stretch import Stretch, Swing
from .style import Style

__all__ = ["GROUND", "LOADING", "SWING", "Foot"]

# Time from contact to foot-flat at a stride of 1 s and 62 % stance. Dorsiflexors brake the slap: assumed
# 45 ms without them, the walker's own style with them.
LANDING_SLAP_S = 0.045
BRAKE_TORQUE_NM = 3.0
LANDING_STANCE = 0.62

# How the floor turns a dragging foot up: along with half of the shank's swing, and closing the gap to
# where the toe would just touch with a time constant; the leg gives way for the rest. Assumed; it keeps
# the rate within the 3 to 6 rad/s of recorded feet, dragging or not.
DRAG_WITH_SHANK = 0.5
DRAG_GAP_PER_S = 8.0

# A stimulated calf lifts the heel beyond the curve: a body on a spring, freer the less weight the foot carries
# (assumed: 20 Nm for 0.2 s turn the foot some 6 deg further; Kesar et al. 2009, doi 10.1161/strokeaha.109.560375,
# found more plantarflexion at toe-off and more propulsion with such a burst). The dorsiflexors' few Nm are
# left out there: they do not hold a body down.
PUSH_INERTIA_KGM2 = 0.2
PUSH_STIFFNESS_NM = 120.0
PUSH_DAMPING_NMS = 7.0
PUSH_FROM_STANCE = 0.55  # share of stance from which the calf can lift the heel

# What a torque of 1 Nm changes of a rate in one step, 1/s, and what follows from it for the loop.
PER_NM, ROLL_PER_NM = STEP_S / INERTIA_KGM2, STEP_S / ROLL_INERTIA_KGM2
CONTROL, CONTROL_RATE = PER_NM * CONTROL_NM, PER_NM * CONTROL_NMS
ROLL_STIFF, ROLL_DAMP = ROLL_PER_NM * ROLL_STIFFNESS_NM, ROLL_PER_NM * ROLL_DAMPING_NMS
DORSAL_PITCH, PLANTAR_PITCH = -ankle.DORSAL_ANKLE, -ankle.PLANTAR_ANKLE

# A pulse moves nothing before its electro-mechanical delay of 30 ms is over, so the foot can be computed ahead.
AHEAD_MS = 20


class Foot:
    """The simulated foot. `enter` each stretch, then `run` through it in pieces of any size; `i` is where one looks.

    muscles   tibialis anterior, peroneal, plantarflexors;  now   the stretch as it came out so far
    """

    def __init__(
        self, severity: Severity, style: Style, muscles: Sequence[AnyMuscle], stretch: Stretch
    ) -> None:
        self.severity = severity
        self.style = style
        self.i = 0
        self._muscles = muscles
        self._push = severity.push_share * style.push_size
        self._bias_nm = severity.inversion_bias_nm
        self._bias_nm += ankle.ROLL_STIFFNESS_NM * math.radians(style.landing_roll_deg)
        self._at = (0.0, 0.0, 0.0, 0.0, 0.0)  # pitch, its free and its shown rate, roll, its rate
        self._shank: list[float] = []
        self._shank_rate: list[float] = []
        self._ankle_m: list[float] = []
        self._dorsal: list[float] = []
        self._plantar: list[float] = []
        self._forward: list[float] = []
        self._up: list[float] = []
        self._over_ms = 0
        self._over: list[list[float] | None] = [None, None, None]
        self.ahead_ms = AHEAD_MS
        # Torque that somebody else lifts the toe with, Nm; move to now before you change it.
        self.outside_nm = 0.0
        self._wanted: list[list[float]] = [[], [], []]
        self.now = Footing(stretch, 0, self._push, None)
        self._prepare(stretch)

    # What is seen at `i`

    @property
    def mode(self) -> int:
        """GROUND, SWING or LOADING."""
        return self.now.mode(self.i)

    @property
    def pitch_rad(self) -> float:
        """Toe-up +, from the floor."""
        return self.now.state(self.i)[0]

    @property
    def pitch_rate(self) -> float:
        """Toe-up +."""
        return self.now.state(self.i)[1]

    @property
    def roll_rad(self) -> float:
        """Inversion +."""
        return self.now.state(self.i)[2]

    @property
    def roll_rate(self) -> float:
        """Inversion +."""
        return self.now.state(self.i)[3]

    @property
    def toe_m(self) -> float:
        """Height over the floor."""
        return self.now.heights(self.i)[0]

    @property
    def heel_m(self) -> float:
        """Height over the floor."""
        return self.now.heights(self.i)[1]

    @property
    def is_touching(self) -> bool:
        """Whether toe or heel touches the ground."""
        return min(self.now.heights(self.i)) <= 0.0

    # How it moves

    def enter(self, stretch: Stretch) -> None:
        """Go on to the next stretch; a foot that was in the air lands at its first millisecond."""
        before = self.now
        before.before = None
        start_ms = before.start_ms + before.stretch.n
        self.now = Footing(stretch, start_ms, self._push, before)
        self.i = 0
        if before.stretch.ends_in_contact:
            self._land(before.stretch, self.now.state(-1))
        self._prepare(stretch)
        if stretch.swing_from == 0:  # it hangs in the air all the time
            self.run_to(0)

    def hang(self, pitch_rad: float, roll_rad: float) -> None:
        """Let a foot that has never stood hang at rest like this."""
        self._at = (pitch_rad, 0.0, 0.0, roll_rad, 0.0)

    def run_to(self, i: int) -> None:
        """Move on to index `i` of the stretch; what pulses cannot change any more is computed in one go."""
        stretch = self.now.stretch
        if i >= self._push_next:
            self._push_to(min(i, stretch.swing_from - 1))
        if i >= stretch.swing_from + len(self.now.pitch):
            self._swing_to(min(i + self.ahead_ms, stretch.n - 1) - stretch.swing_from)
        self.i = i

    def activations(self) -> tuple[float, float, float]:
        """Return the muscles' activations now, 0 to 1."""
        now = self.now
        if self.i >= now.stretch.swing_from:
            k = now.start_ms + self.i - self._over_ms
            return tuple(values[k] if values else 0.0 for values in self._over)  # type: ignore[return-value]
        return tuple(m.step((now.start_ms + self.i) * 1000) for m in self._muscles)  # type: ignore[return-value]

    def _prepare(self, stretch: Stretch) -> None:
        """Work out what the swing and the push-off of a new stretch need and stimulation does not change."""
        self._push_next = stretch.n + 1
        swing = stretch.swing
        if swing is None:
            return
        if stretch.is_gait:
            push_phase = PUSH_FROM_STANCE * stretch.stance_share
            push_from = math.ceil((push_phase - stretch.phase) / stretch.phase_rate)
            self.now.push_from = self._push_next = min(stretch.swing_from, max(0, push_from))
        s = slice(stretch.swing_from, stretch.n)
        self._shank = stretch.shank[s].tolist()
        self._shank_rate = stretch.shank_rate[s].tolist()
        if self.severity.has_control:
            self._wanted = [
                (scale * values[s]).tolist()
                for scale, values in (
                    (1.0, stretch.foot),
                    (1.0, stretch.foot_rate),
                    (STEP_S, stretch.foot_acc),
                )
            ]
            return
        shank, knee = stretch.shank[s], stretch.thigh[s] - stretch.shank[s]
        gain = PER_NM * self.severity.passive_gain
        dorsal = np.exp(ankle.DORSAL_0 + ankle.DORSAL_ANKLE * shank + ankle.DORSAL_KNEE * knee)
        plantar = np.exp(ankle.PLANTAR_0 + ankle.PLANTAR_ANKLE * shank + ankle.PLANTAR_KNEE * knee)
        self._dorsal, self._plantar = (gain * dorsal).tolist(), (gain * plantar).tolist()
        self._forward = (PER_NM * MASS_ARM_KGM * swing.forward).tolist()
        self._up = (PER_NM * MASS_ARM_KGM * swing.up).tolist()

    def _land(self, stretch: Stretch, last: State) -> None:
        """The swing of `stretch` has ended with the state `last`."""
        now_us = self.now.start_ms * 1000
        lift_nm = ankle.lift_torque_nm(*(muscle.step(now_us) for muscle in self._muscles))
        brake = min(1.0, max(0.0, (lift_nm + self.severity.residual_nm) / BRAKE_TORQUE_NM))
        landing_s = LANDING_SLAP_S + brake * (self.style.landing_s - LANDING_SLAP_S)
        landing_s *= stretch.landing_size
        end_s = landing_s * stretch.stride_s * stretch.stance_share / LANDING_STANCE
        limit = 3.0 / end_s  # a faster start would swing past flat
        pitch, rate, roll, roll_rate = last
        self.now.loading_ms = max(1, round(end_s * 1000))
        self.now.landing = (
            pitch,
            _toward_zero(pitch, rate, limit),
            roll,
            _toward_zero(roll, roll_rate, limit),
        )

    def _push_to(self, last: int) -> None:
        """Let a stimulated calf lift the heel, up to index `last` of the stance."""
        now, stretch = self.now, self.now.stretch
        first = self._push_next
        if last < first:
            return
        self._push_next = last + 1
        calf = self._muscles[2].over(now.start_ms + first, last + 1 - first)
        if calf is None:
            if not now.push_rad:
                return
            calf = [0.0] * (last + 1 - first)
        elif not now.push_rad:
            now.push_rad = [0.0] * (first - now.push_from)
            now.push_rate = now.push_rad.copy()
        angle = now.push_rad[-1] if now.push_rad else 0.0
        rate = now.push_rate[-1] if now.push_rate else 0.0
        freedom = stretch.swing_from - now.push_from
        for i, activation in enumerate(calf, first):
            x = (i - now.push_from) / freedom
            torque_nm = ankle.PLANTARFLEXORS_LIFT_NM * activation * x * x * (3.0 - 2.0 * x)
            rate += (
                STEP_S * (torque_nm - PUSH_STIFFNESS_NM * angle - PUSH_DAMPING_NMS * rate) / PUSH_INERTIA_KGM2
            )
            angle += STEP_S * rate
            now.push_rad.append(angle)
            now.push_rate.append(rate)

    def _lift_off(self, swing: Swing) -> None:
        now = self.now
        gap_m = 0.0
        if now.stretch.swing_from > 0:
            pitch, rate, roll, roll_rate = now.state(now.stretch.swing_from - 1)
            self._at = (pitch, rate, rate, roll, roll_rate)
            # This stride's hip is not quite that of an even stride: it starts where the toe really stands.
            gap_m = -float(swing.ankle_m[0]) - geometry.toe_above_ankle_m(pitch + rate * STEP_S)
        self._ankle_m = (swing.ankle_m + gap_m * swing.gap_share).tolist()

    def _swing_to(self, last: int) -> None:
        """Move through the air up to index `last` of the swing: `ankle.FreeFoot` and the floor, unrolled.

        Torques are given as what they change of the rate in one step, 1/s.
        """
        now, swing = self.now, self.now.stretch.swing
        first = len(now.pitch)
        if swing is None or last < first:
            return
        if first == 0:
            self._lift_off(swing)
        first_ms = now.start_ms + now.stretch.swing_from + first
        lifts, inverts = self._torques(first_ms, last + 1 - first)
        pitch, rate, shown_rate, roll, roll_rate = self._at
        sin, cos, exp = math.sin, math.cos, math.exp
        sine, cosine = sin(pitch), cos(pitch)
        shanks, shank_rates, ankles = self._shank, self._shank_rate, self._ankle_m
        dorsal, plantar, forwards, ups = self._dorsal, self._plantar, self._forward, self._up
        wanted, wanted_rates, wanted_accs = self._wanted
        severity = self.severity
        has_control = severity.has_control
        constant = PER_NM * (
            severity.residual_nm + severity.passive_gain * ankle.PASSIVE_NM + self.outside_nm
        )
        damping, active = PER_NM * DAMPING_NMS, ACTIVE_DAMPING_S
        catch, catch_until = PER_NM * severity.catch_nms, round(ankle.CATCH_S / STEP_S)
        bias = ROLL_PER_NM * self._bias_nm
        lift = invert = 0.0
        add_pitch, add_rate, add_roll, add_roll_rate, add_toe, add_heel = (
            values.append for values in (now.pitch, now.rate, now.roll, now.roll_rate, now.toe_m, now.heel_m)
        )
        for k in range(first, last + 1):
            if lifts is not None:
                lift, invert = lifts[k - first], inverts[k - first]
            shank, shank_rate, before = shanks[k], shank_rates[k], pitch
            if has_control:  # whatever else pulls, a healthy nerve makes up for it
                rate += (
                    lift
                    + wanted_accs[k]
                    + CONTROL * (wanted[k] - pitch)
                    + CONTROL_RATE * (wanted_rates[k] - rate)
                )
            else:
                turning = rate - shank_rate
                rate += (
                    constant
                    + lift
                    - dorsal[k] * exp(DORSAL_PITCH * pitch)
                    + plantar[k] * exp(PLANTAR_PITCH * pitch)
                    - (damping + active * abs(lift)) * turning
                    - ups[k] * cosine
                    + forwards[k] * sine
                )
                if catch and k < catch_until and turning > 0.0:
                    rate -= catch * turning
            pitch += rate * STEP_S
            if not STOP_LOW <= pitch - shank <= STOP_HIGH:
                if pitch < shank:
                    pitch = shank + STOP_LOW
                    if rate < shank_rate:
                        rate = shank_rate
                else:
                    pitch = shank + STOP_HIGH
                    if rate > shank_rate:
                        rate = shank_rate
            shown_rate = rate
            sine, cosine = sin(pitch), cos(pitch)
            ankle_m = ankles[k]
            toe_m = ankle_m + TOE_FORWARD_M * sine + TOE_UP_M * cosine
            if toe_m <= 0.0:  # the floor turns the foot up, and hip and knee give way for the rest
                toe_m = 0.0
                held = geometry.pitch_with_toe_on_ground_rad(ankle_m)
                up_rate = DRAG_WITH_SHANK * shank_rate if shank_rate > 0.0 else 0.0
                if held > before:
                    up_rate += DRAG_GAP_PER_S * (held - before)
                    if held > before + up_rate * STEP_S:
                        held = before + up_rate * STEP_S
                if held > pitch:
                    pitch = held
                    sine, cosine = sin(pitch), cos(pitch)
                    shown_rate = (pitch - before) / STEP_S
                    # The floor does not throw the foot up: let go, it goes on with the shank (assumed).
                    rate = min(shown_rate, max(0.0, shank_rate))
            heel_m = ankle_m + HEEL_FORWARD_M * sine + HEEL_UP_M * cosine
            roll_rate += invert + bias - ROLL_STIFF * roll - ROLL_DAMP * roll_rate
            roll += roll_rate * STEP_S
            if not EVERSION_STOP <= roll <= INVERSION_STOP:
                roll = EVERSION_STOP if roll < 0.0 else INVERSION_STOP
                roll_rate = 0.0
            add_pitch(pitch)
            add_rate(shown_rate)
            add_roll(roll)
            add_roll_rate(roll_rate)
            add_toe(toe_m)
            add_heel(heel_m if heel_m > 0.0 else 0.0)
        self._at = (pitch, rate, shown_rate, roll, roll_rate)

    def _torques(self, first_ms: int, n: int) -> tuple[list[float] | None, list[float]]:
        """Return what the muscles' torques change of pitch and roll rate in each of `n` ms; (None, []) if all rest."""
        over = [muscle.over(first_ms, n) for muscle in self._muscles]
        self._over_ms, self._over = first_ms, over
        if over[0] is None and over[1] is None and over[2] is None:
            return None, []
        rest = [0.0] * n
        tibialis, peroneal, calf = (values or rest for values in over)
        lift, lift2, lift3 = (
            PER_NM * nm for nm in (TIBIALIS_LIFT_NM, PERONEAL_LIFT_NM, PLANTARFLEXORS_LIFT_NM)
        )
        turn, turn2, turn3 = (
            ROLL_PER_NM * nm for nm in (TIBIALIS_INVERT_NM, PERONEAL_INVERT_NM, PLANTARFLEXORS_INVERT_NM)
        )
        three = list(zip(tibialis, peroneal, calf, strict=True))
        return [lift * a + lift2 * b + lift3 * c for a, b, c in three], [
            turn * a + turn2 * b + turn3 * c for a, b, c in three
        ]


def _toward_zero(angle: float, rate: float, limit_per_s: float) -> float:
    """Return the part of `rate` that leads to zero without passing it: what the ground lets through."""
    if angle * rate >= 0.0:
        return 0.0
    return max(-limit_per_s * abs(angle), min(limit_per_s * abs(angle), rate))
