"""What a delivered pulse does to a muscle: recruitment, delay, and a slow rise of force.

Hammerstein model: a static recruitment by current and width, then linear dynamics. One pulse sets
the nerve drive of its channel after the electro-mechanical delay; the drive holds for 25 ms (one
interval at 40 Hz) and then decays, so 33-40 Hz gives the static recruitment, a lower rate or a
dropped pulse gives less. A critically damped second order turns drive into activation.
Source: curve shape after Lapicque and Weiss, constants assumed (facts: TA threshold 16.7 mA and
half at 26.7 mA for 300 us). Differs from Ding 2003/2007: no fatigue, no catch property.
Evidence: 90 % after 0.22 s (Ding 0.15 to 0.26 s); 20 Hz gives 0.79 of 40 Hz (Ding 0.75 to 0.84).
"""

import math
from collections import deque
from dataclasses import dataclass

STEP_US = 1000
DELAY_US = 30_000  # electro-mechanical delay, 20 to 50 ms in the literature
HOLD_US = 25_000  # one interval at 40 Hz
DRIVE_DECAY_S = 0.020  # assumed, between the rate dependence of Ding's two parameter sets
OMEGA_PER_S = 20.0  # 90 % after 3.89 / omega = 0.19 s, between Ding 2003 (15.6) and Ding 2007 (26.4)
CHRONAXIE_US = 200.0  # assumed, motor nerve through the skin


@dataclass(frozen=True, slots=True, kw_only=True)
class Recruitment:
    """How much of a muscle one pulse reaches. z = current / (1 + chronaxie / width), mA.

    threshold_ma  z at which force begins;  half_ma  z in the middle;  spread_ma  width of the sigmoid
    """

    threshold_ma: float
    half_ma: float
    spread_ma: float

    def share(self, current_ma: float, width_us: float) -> float:
        """Return the recruited share, 0 to 1, of one pulse."""
        if current_ma <= 0.0 or width_us <= 0.0:
            return 0.0
        z_ma = current_ma / (1.0 + CHRONAXIE_US / width_us)
        floor = self._sigmoid(self.threshold_ma)
        return min(1.0, max(0.0, (self._sigmoid(z_ma) - floor) / (1.0 - floor)))

    def _sigmoid(self, z_ma: float) -> float:
        return 1.0 / (1.0 + math.exp(-(z_ma - self.half_ma) / self.spread_ma))


TIBIALIS_ANTERIOR = Recruitment(threshold_ma=10.0, half_ma=16.0, spread_ma=2.2)
PERONEAL = Recruitment(threshold_ma=7.0, half_ma=11.0, spread_ma=1.6)


class Muscle:
    """One channel's muscle. Pulses come in by `stimulate`, time by `step`, out comes `activation`."""

    def __init__(self, recruitment: Recruitment, gain: float = 1.0) -> None:
        self.recruitment = recruitment
        self.gain = gain  # shift of the electrode or of the day: scales the current that reaches the nerve
        self.activation = 0.0  # 0 to 1
        self.pulses_total = 0
        self._rate_per_s = 0.0
        self._drive = 0.0
        self._held_until_us = 0
        self._arriving: deque[tuple[int, float]] = deque()
        self._decay_per_step = math.exp(-STEP_US * 1e-6 / DRIVE_DECAY_S)

    def stimulate(self, now_us: int, current_ma: float, width_us: float) -> None:
        """Take one delivered pulse that started at `now_us` (simulator time, never wraps)."""
        self.pulses_total += 1
        share = self.recruitment.share(current_ma * self.gain, width_us)
        self._arriving.append((now_us + DELAY_US, share))

    def step(self, now_us: int) -> float:
        """Move by 1 ms to `now_us`; return the activation, 0 to 1."""
        arriving = self._arriving
        if arriving:
            while arriving and arriving[0][0] <= now_us:
                due_us, share = arriving.popleft()
                self._drive = share
                self._held_until_us = due_us + HOLD_US
        elif self.activation < 1e-9 and self._drive < 1e-9:
            return self.activation  # at rest: nothing to move
        if now_us > self._held_until_us:
            self._drive *= self._decay_per_step
        acceleration = OMEGA_PER_S * (OMEGA_PER_S * (self._drive - self.activation) - 2.0 * self._rate_per_s)
        self._rate_per_s += acceleration * 1e-3
        self.activation += self._rate_per_s * 1e-3
        return self.activation
