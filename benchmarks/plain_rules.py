"""Four plain rules for a foot IMU, as often built: what the detector has to be better than.

Each is a detector for hw_sim.gait_runs: update(t_s, gyro, acc, heel) -> bool; gyro (3,) rad/s, y toe-up. Only the
sagittal rate and the length of the rate are used. Written anew from one-line descriptions. Their constants were
chosen by hand on all the recordings of the benchmark, none set aside, in favour of the rules: until each was as good
on neurological feet as a study's version of the same rule (docs/benchmark.md shows both). They learn no thresholds
but one (AdaptivePeak), know no mounting, no phases, no switch and no confidence.
"""

import math
from collections.abc import Sequence


class SwingRate:
    """On when the foot has turned toe-up by more than 0.7 rad/s for 15 ms; off after 25 ms below 0."""

    def __init__(self) -> None:
        self._on = False
        self._up_s = self._down_s = self._last_s = 0.0

    def update(self, t_s: float, gyro: Sequence[float], acc: Sequence[float], heel: bool | None) -> bool:
        """Return whether to stimulate now."""
        dt_s, self._last_s = t_s - self._last_s, t_s
        self._up_s = self._up_s + dt_s if gyro[1] > 0.7 else 0.0
        self._down_s = self._down_s + dt_s if gyro[1] < 0.0 else 0.0
        self._on = self._down_s <= 0.025 if self._on else self._up_s > 0.015
        return self._on


class _Lobes:
    """What the three others share: a begin, a positive lobe of 0.2 s, and its end; or the foot is quiet again.

    The lobe must have lasted because the swing of some feet dips below zero in its middle.
    """

    lobe_rad_s, lobe_s = 0.5, 0.2
    end_rad_s = -0.3  # toe-down again: contact
    still_rad_s, still_s = 0.4, 0.06  # on without a lobe: it was no step
    on_max_s = 1.5

    def __init__(self) -> None:
        self._on = False
        self._had_s = self._quiet_s = self._last_s = 0.0
        self._since_s = -math.inf  # of the last change

    def update(self, t_s: float, gyro: Sequence[float], acc: Sequence[float], heel: bool | None) -> bool:
        """Return whether to stimulate now."""
        rate, dt_s, self._last_s = gyro[1], t_s - self._last_s, t_s
        self._quiet_s = self._quiet_s + dt_s if math.hypot(*gyro) < self.still_rad_s else 0.0
        lasted_s = t_s - self._since_s
        begins = self.begins(lasted_s, dt_s, rate)
        lobe_s = dt_s if rate > self.lobe_rad_s else 0.0
        if not self._on:
            if begins:
                self._on, self._had_s, self._since_s = True, lobe_s, t_s
            return self._on
        self._had_s += lobe_s
        had_lobe = self._had_s > self.lobe_s
        if (had_lobe and rate < self.end_rad_s) or lasted_s > self.on_max_s or self._quiet_s > self.still_s:
            self._on, self._since_s = False, t_s
            self.ended(had_lobe)
        return self._on

    def begins(self, lasted_s: float, dt_s: float, rate: float) -> bool:
        """Return whether a step begins; called at every sample, `lasted_s` after the last change."""
        raise NotImplementedError

    def ended(self, had_lobe: bool) -> None:
        """A step has ended."""


class GyroThreshold(_Lobes):
    """On below -1 rad/s (push-off), off at the end of the positive lobe, then 0.45 s of rest."""

    def begins(self, lasted_s: float, dt_s: float, rate: float) -> bool:
        return lasted_s > 0.45 and rate < -1.0


class StateMachine(_Lobes):
    """Stance has been quiet for 30 ms or has lasted for 0.5 s; then a rate or the pitch since begins a step."""

    def __init__(self) -> None:
        super().__init__()
        self._pitch_rad = 0.0
        self._ready = False

    def begins(self, lasted_s: float, dt_s: float, rate: float) -> bool:
        if self._on:
            return False
        if self._quiet_s > 0.03:
            self._ready, self._pitch_rad = True, 0.0
        self._ready |= lasted_s > 0.5
        self._pitch_rad += rate * dt_s
        return self._ready and (rate < -0.8 or self._pitch_rad < -0.25 or rate > 1.0)

    def ended(self, had_lobe: bool) -> None:
        self._ready, self._pitch_rad = False, 0.0


class AdaptivePeak(_Lobes):
    """On below a quarter of the running push-off peak (0.45 to 1 rad/s), after 0.45 s of rest."""

    still_s = 0.04

    def __init__(self) -> None:
        super().__init__()
        self._usual_rad_s, self._peak_rad_s = 3.0, 0.0

    def begins(self, lasted_s: float, dt_s: float, rate: float) -> bool:
        is_ready = lasted_s > 0.45
        self._peak_rad_s = max(self._peak_rad_s, -rate) if self._on or is_ready else 0.0
        return is_ready and rate < -min(1.0, max(0.45, 0.25 * self._usual_rad_s))

    def ended(self, had_lobe: bool) -> None:
        if had_lobe:
            self._usual_rad_s += (self._peak_rad_s - self._usual_rad_s) / 4
        self._peak_rad_s = 0.0


def swing_rate(fs: float, place: str) -> SwingRate:
    """Return a new detector."""
    return SwingRate()


def gyro_threshold(fs: float, place: str) -> GyroThreshold:
    """Return a new detector."""
    return GyroThreshold()


def state_machine(fs: float, place: str) -> StateMachine:
    """Return a new detector."""
    return StateMachine()


def adaptive_peak(fs: float, place: str) -> AdaptivePeak:
    """Return a new detector."""
    return AdaptivePeak()


RULES = {
    "swing rate": swing_rate,
    "gyro threshold": gyro_threshold,
    "state machine": state_machine,
    "adaptive peak": adaptive_peak,
}
