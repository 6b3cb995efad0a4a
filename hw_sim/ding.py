"""The muscle after Ding and colleagues: calcium, force and fatigue, pulse by pulse.

    dCn/dt = x / tc - Cn / tc        x: sum of the pulses' own exponentials, kept as one decaying number
    dF/dt  = A h - F / (tau1 + tau2 h),  h = Cn / (Km + Cn)
    fatigue of A, tau1 and Km in proportion to the force, recovering with tfat
A pulse counts R = 1 + (R0 - 1) exp(-interval / tc) for its distance to the one before, R0 = Km + r0k.
Sources: Ding, Wexler, Binder-Macleod 2003, J Electromyogr Kinesiol 13:575 (force and fatigue); Ding et al. 2007,
Muscle Nerve 36:214 (pulse width); Hmed et al. 2018, Comput Biol Med 101:218 (current); Kesar et al. 2008,
doi 10.1186/1743-0003-5-7 (the model on dorsiflexors of people after a stroke, without a table of parameters).
Differs: parameters are those of healthy and of paralysed quadriceps, not of a tibialis anterior; the leg scales
the force to its own torque and the fatigue by FATIGUE_SHARE.
Evidence: the oracle values of the cocofest project's tests within 0.05 N (tests/test_sim_ding.py).
"""

import math
from collections import deque
from dataclasses import dataclass

from .muscle import DELAY_US
from .recruitment import Recruitment

STEP_S = 1e-3
# Full recruitment of a quadriceps tires much faster than a tibialis anterior at the level of walking: assumed.
FATIGUE_SHARE = 0.25
REST_N, REST_CN = 1e-4, 1e-7  # below these nothing is left to speak of


@dataclass(frozen=True, slots=True, kw_only=True)
class DingSet:
    """One published parameter set, SI units. full_n: force of an endless 40 Hz train, from this model itself."""

    tc_s: float
    r0k: float
    a_n_per_s: float
    tau1_s: float
    tau2_s: float
    km: float
    full_n: float
    tfat_s: float = 127.0
    alpha_a: float = -0.4
    alpha_tau1: float = 2.1e-5
    alpha_km: float = 1.9e-5


DING_2003 = DingSet(
    tc_s=0.020, r0k=1.04, a_n_per_s=3009.0, tau1_s=0.050957, tau2_s=0.060, km=0.103, full_n=279.2
)
DING_2007 = DingSet(
    tc_s=0.011, r0k=1.04, a_n_per_s=4920.0, tau1_s=0.060601, tau2_s=0.001, km=0.137, full_n=229.2
)
WIDTH_THRESHOLD_US, WIDTH_SCALE_US = 131.405, 194.138


def width_share(width_us: float) -> float:
    """Return the share of Ding 2007's A at a pulse width, 0 to 1."""
    if width_us <= WIDTH_THRESHOLD_US:
        return 0.0
    return 1.0 - math.exp(-(width_us - WIDTH_THRESHOLD_US) / WIDTH_SCALE_US)


class DingForce:
    """Force in N and its fatigue. `pulse` and `advance` in turn; time only goes on.

    fatigue   scales the three fatigue rates: 0 none, 1 as published
    """

    def __init__(self, parameters: DingSet, fatigue: float = 0.0) -> None:
        self.parameters = parameters
        self.fatigue = fatigue
        self.cn = 0.0
        self.force_n = 0.0
        self.a_n_per_s = parameters.a_n_per_s  # tired or fresh
        self.tau1_s = parameters.tau1_s
        self.km = parameters.km
        self.recruited = 1.0  # share of A that the last pulse reached
        self._x = 0.0
        self._since_pulse_s = math.inf
        self._steps = _factors(parameters.tc_s, STEP_S)

    def pulse(self, weight: float = 1.0, recruited: float = 1.0) -> None:
        """Take a pulse now: `weight` of its calcium (Hmed), `recruited` share of A (Ding 2007)."""
        p = self.parameters
        r0 = p.km + p.r0k  # of the rested muscle
        self._x += weight * (1.0 + (r0 - 1.0) * math.exp(-self._since_pulse_s / p.tc_s))
        self.recruited = recruited
        self._since_pulse_s = 0.0

    def advance(self, dt_s: float) -> None:
        """Let `dt_s` pass, in steps of at most 1 ms."""
        while dt_s > STEP_S + 1e-12:
            self._step(STEP_S, self._steps)
            dt_s -= STEP_S
        if dt_s > 1e-12:
            self._step(
                dt_s, self._steps if abs(dt_s - STEP_S) < 1e-12 else _factors(self.parameters.tc_s, dt_s)
            )

    def step_ms(self) -> None:
        """Let 1 ms pass."""
        self._step(STEP_S, self._steps)

    @property
    def is_at_rest(self) -> bool:
        """Whether no force is left to speak of."""
        return self.force_n < REST_N and self.cn < REST_CN

    def rest(self, dt_s: float) -> None:
        """Let `dt_s` pass at rest: nothing moves, and what is tired recovers."""
        self._since_pulse_s += dt_s
        self.force_n = self.cn = self._x = 0.0
        if self.fatigue and dt_s > 0.0:
            p, left = self.parameters, math.exp(-dt_s / self.parameters.tfat_s)
            self.a_n_per_s = p.a_n_per_s + (self.a_n_per_s - p.a_n_per_s) * left
            self.tau1_s = p.tau1_s + (self.tau1_s - p.tau1_s) * left
            self.km = p.km + (self.km - p.km) * left

    def _step(self, dt_s: float, factors: tuple[float, float, float, float]) -> None:
        """Calcium exactly; force by the classical fourth-order rule, fatigue by the middle of the step."""
        p = self.parameters
        half, half_x, whole, whole_x = factors
        cn0, x = self.cn, self._x
        cn1 = half * cn0 + half_x * x
        cn2 = whole * cn0 + whole_x * x
        self.cn, self._x = cn2, whole * x
        self._since_pulse_s += dt_s
        a, tau1, tau2, km = self.a_n_per_s * self.recruited, self.tau1_s, p.tau2_s, self.km
        h0, h1, h2 = cn0 / (km + cn0), cn1 / (km + cn1), cn2 / (km + cn2)
        g0, g1, g2 = 1.0 / (tau1 + tau2 * h0), 1.0 / (tau1 + tau2 * h1), 1.0 / (tau1 + tau2 * h2)
        f = self.force_n
        k1 = a * h0 - f * g0
        k2 = a * h1 - (f + 0.5 * dt_s * k1) * g1
        k3 = a * h1 - (f + 0.5 * dt_s * k2) * g1
        k4 = a * h2 - (f + dt_s * k3) * g2
        after = f + dt_s * (k1 + 2.0 * (k2 + k3) + k4) / 6.0
        self.force_n = max(0.0, after)
        if self.fatigue:
            worn = self.fatigue * 0.5 * (f + after) * dt_s
            rest = dt_s / p.tfat_s
            self.a_n_per_s = max(
                0.0, self.a_n_per_s + p.alpha_a * worn - rest * (self.a_n_per_s - p.a_n_per_s)
            )
            self.tau1_s += p.alpha_tau1 * worn - rest * (self.tau1_s - p.tau1_s)
            self.km += p.alpha_km * worn - rest * (self.km - p.km)


def _factors(tc_s: float, dt_s: float) -> tuple[float, float, float, float]:
    """Return what Cn and x keep over half and over the whole of a step, and what Cn takes from x."""
    half, whole = math.exp(-0.5 * dt_s / tc_s), math.exp(-dt_s / tc_s)
    return half, half * 0.5 * dt_s / tc_s, whole, whole * dt_s / tc_s


class DingMuscle:
    """One channel's muscle with Ding's force: slower to compute than `Muscle`, and it tires.

    It lives on whole milliseconds: a pulse acts from the first one after its delay.
    activation   force against that of a fresh muscle, fully recruited at 40 Hz: 0 to about 1.1
    """

    def __init__(
        self,
        recruitment: Recruitment,
        gain: float = 1.0,
        parameters: DingSet = DING_2003,
        fatigue: float = FATIGUE_SHARE,
    ) -> None:
        self.recruitment = recruitment
        self.gain = gain  # shift of the electrode or of the day: scales the current that reaches the nerve
        self.force = DingForce(parameters, fatigue)
        self.pulses_total = 0
        self.activation = 0.0
        self._arriving: deque[tuple[int, float]] = deque()
        self._now_ms = 0
        self._rests = True

    def stimulate(self, now_us: int, current_ma: float, width_us: float) -> None:
        """Take one delivered pulse that started at `now_us` (simulator time, never wraps)."""
        self.pulses_total += 1
        share = self.recruitment.share(current_ma * self.gain, width_us)
        self._arriving.append((-(-(now_us + DELAY_US) // 1000), share))

    def step(self, now_us: int) -> float:
        """Return the activation at `now_us`; time does not go back."""
        until_ms = now_us // 1000
        force = self.force
        while True:
            while self._arriving and self._arriving[0][0] <= self._now_ms:
                share = self._arriving.popleft()[1]
                force.pulse(1.0 if share > 0.0 else 0.0, share)
                self._rests = False
            if self._now_ms >= until_ms:
                break
            if self._rests:
                before_ms = self._now_ms
                self._now_ms = min(until_ms, self._arriving[0][0]) if self._arriving else until_ms
                force.rest((self._now_ms - before_ms) * 1e-3)
                continue
            self._now_ms += 1
            force.step_ms()
            self._rests = force.is_at_rest
        self.activation = force.force_n / force.parameters.full_n
        return self.activation

    def over(self, first_ms: int, n: int) -> list[float] | None:
        """Return the activation at `n` milliseconds from `first_ms` on; None if it is 0 at all of them."""
        if self._rests and (not self._arriving or self._arriving[0][0] > first_ms + n - 1):
            return None
        return [self.step(ms * 1000) for ms in range(first_ms, first_ms + n)]
