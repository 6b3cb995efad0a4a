"""The fast muscle: what a delivered pulse does to it, in closed form.

Hammerstein model: a static recruitment by current and width, then linear dynamics. One pulse sets
the nerve drive of its channel after the electro-mechanical delay; the drive holds for 25 ms (one
interval at 40 Hz) and then decays, so 33-40 Hz gives the static recruitment, a lower rate or a
dropped pulse gives less. A critically damped second order turns drive into activation.
Between two changes of the drive the solution is a formula, so nothing is stepped and nothing drifts.
Differs from Ding 2003/2007 (`ding.py`): no fatigue, no catch property.
Evidence: 90 % after 0.22 s (Ding 0.15 to 0.26 s); 20 Hz gives 0.79 of 40 Hz (Ding 0.75 to 0.84).
"""

import math
from collections import deque
from typing import Protocol

from .recruitment import Recruitment

DELAY_US = 30_000  # electro-mechanical delay, 20 to 50 ms in the literature
HOLD_US = 25_000  # one interval at 40 Hz
DRIVE_DECAY_S = 0.020  # assumed, between the rate dependence of Ding's two parameter sets
OMEGA_PER_S = 20.0  # 90 % after 3.89 / omega = 0.19 s, between Ding 2003 (15.6) and Ding 2007 (26.4)
REST_US = 2_000_000  # so long after the last pulse nothing is left (e^-40)
SPAN_MS = REST_US // 1000 + 2

_RATIO = OMEGA_PER_S**2 / (OMEGA_PER_S - 1.0 / DRIVE_DECAY_S) ** 2
_SLOW = [math.exp(-OMEGA_PER_S * ms * 1e-3) for ms in range(SPAN_MS)]
_QUICK = [math.exp(-ms * 1e-3 / DRIVE_DECAY_S) for ms in range(SPAN_MS)]


class AnyMuscle(Protocol):
    """One channel's muscle, whichever model."""

    pulses_total: int

    def stimulate(self, now_us: int, current_ma: float, width_us: float) -> None:
        """Take one delivered pulse that started at `now_us` (simulator time, never wraps)."""
        ...

    def step(self, now_us: int) -> float:
        """Return the activation, 0 to 1, at `now_us`; time does not go back."""
        ...

    def over(self, first_ms: int, n: int) -> list[float] | None:
        """Return the activation at `n` milliseconds from `first_ms` on; None if it is 0 at all of them."""
        ...


class Muscle:
    """One channel's muscle. Pulses come in by `stimulate`, time by `step` or `over`, out comes activation."""

    def __init__(self, recruitment: Recruitment, gain: float = 1.0) -> None:
        self.recruitment = recruitment
        self.gain = gain  # shift of the electrode or of the day: scales the current that reaches the nerve
        self.pulses_total = 0
        self.activation = 0.0  # 0 to 1
        self._arriving: deque[tuple[int, float]] = deque()
        # What holds since `_at_us`, and how the muscle moved then.
        self._at_us = 0
        self._drive = 0.0
        self._held = True  # the drive is constant until `_until_us`; else it decays until then
        self._until_us: float = math.inf
        self._rests = True
        self._start = 0.0
        self._start_rate = 0.0

    def stimulate(self, now_us: int, current_ma: float, width_us: float) -> None:
        """Take one delivered pulse that started at `now_us` (simulator time, never wraps)."""
        self.pulses_total += 1
        self._arriving.append((now_us + DELAY_US, self.recruitment.share(current_ma * self.gain, width_us)))

    def step(self, now_us: int) -> float:
        """Return the activation, 0 to 1, at `now_us`; time does not go back."""
        while (change_us := self._next_change_us()) <= now_us:
            self._change(int(change_us))
        self.activation = 0.0 if self._rests else self._state((now_us - self._at_us) * 1e-6)[0]
        return self.activation

    def over(self, first_ms: int, n: int) -> list[float] | None:
        """Return the activation at `n` milliseconds from `first_ms` on; None if it is 0 at all of them."""
        if self._rests and (not self._arriving or self._arriving[0][0] > (first_ms + n - 1) * 1000):
            return None
        found: list[float] = []
        ms, end_ms = first_ms, first_ms + n
        while ms < end_ms:
            while (change_us := self._next_change_us()) <= ms * 1000:
                self._change(int(change_us))
            until_ms = end_ms if change_us >= end_ms * 1000 else -int(-change_us // 1000)
            self._fill(found, ms, until_ms)
            ms = until_ms
        return found

    def _next_change_us(self) -> float:
        return min(self._arriving[0][0], self._until_us) if self._arriving else self._until_us

    def _change(self, at_us: int) -> None:
        """Go to the moment at which the drive changes."""
        at_us = max(at_us, self._at_us)
        elapsed_s = (at_us - self._at_us) * 1e-6
        self._start, self._start_rate = self._state(elapsed_s)
        if not self._held:
            self._drive *= math.exp(-elapsed_s / DRIVE_DECAY_S)
        self._at_us = at_us
        if self._arriving and self._arriving[0][0] <= at_us:
            self._drive = self._arriving.popleft()[1]
            self._held, self._rests, self._until_us = True, False, at_us + HOLD_US
        elif self._held:
            self._held, self._until_us = False, at_us + REST_US
        else:
            self._start = self._start_rate = self._drive = 0.0
            self._held, self._rests, self._until_us = True, True, math.inf

    def _state(self, t_s: float) -> tuple[float, float]:
        """Return activation and its rate `t_s` after the last change."""
        a, b, c = self._terms()
        slow = math.exp(-OMEGA_PER_S * t_s)
        if self._held:
            value = self._drive + (a + b * t_s) * slow
            return value, (b - OMEGA_PER_S * (a + b * t_s)) * slow
        quick = c * math.exp(-t_s / DRIVE_DECAY_S)
        return (
            quick + (a + b * t_s) * slow,
            -quick / DRIVE_DECAY_S + (b - OMEGA_PER_S * (a + b * t_s)) * slow,
        )

    def _terms(self) -> tuple[float, float, float]:
        if self._held:
            a = self._start - self._drive
            return a, self._start_rate + OMEGA_PER_S * a, 0.0
        c = _RATIO * self._drive
        a = self._start - c
        return a, self._start_rate + c / DRIVE_DECAY_S + OMEGA_PER_S * a, c

    def _fill(self, found: list[float], from_ms: int, until_ms: int) -> None:
        """Append the values of whole milliseconds; the same whichever way the time is cut."""
        a, b, c = self._terms()
        first_ms = -(-self._at_us // 1000)  # the first whole ms after the change
        t_s = (first_ms * 1000 - self._at_us) * 1e-6
        slow = math.exp(-OMEGA_PER_S * t_s)
        a, b = (a + b * t_s) * slow, b * slow * 1e-3
        low, high = from_ms - first_ms, until_ms - first_ms
        if self._rests:
            found += [0.0] * (high - low)
        elif self._held:
            drive = self._drive
            found += [drive + (a + b * k) * _SLOW[k] for k in range(low, high)]
        else:
            c *= math.exp(-t_s / DRIVE_DECAY_S)
            found += [c * _QUICK[k] + (a + b * k) * _SLOW[k] for k in range(low, high)]
