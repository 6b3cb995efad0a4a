"""Four plain rules for a foot IMU, as often built: what the detector has to be better than.

Each is a detector for hw_sim.gait_runs: update(t_s, gyro, acc, heel) -> bool; gyro (3,) rad/s, y toe-up. Only the
sagittal rate is used. Written anew from one-line descriptions, not tuned: a study that tuned its own versions on these
recordings reached 93 to 97 % on neurological feet where these reach 89 to 98 %.
"""

import math
from collections.abc import Sequence

QUIET_RAD_S = 0.2
END_RAD_S = -0.3  # toe-down again: contact


class SwingRate:
    """On while the foot turns toe-up by more than 0.5 rad/s; off below 0."""

    def __init__(self) -> None:
        self._on = False

    def update(self, t_s: float, gyro: Sequence[float], acc: Sequence[float], heel: bool | None) -> bool:
        """Return whether to stimulate now."""
        self._on = gyro[1] > (0.0 if self._on else 0.5)
        return self._on


class _Lobes:
    """What the three others share: a begin, then a positive lobe, and its end."""

    on_max_s = 1.5

    def __init__(self) -> None:
        self._on = self._had_lobe = False
        self._since_s = -math.inf  # of the last change
        self._last_s = 0.0

    def update(self, t_s: float, gyro: Sequence[float], acc: Sequence[float], heel: bool | None) -> bool:
        """Return whether to stimulate now."""
        rate, dt_s = gyro[1], t_s - self._last_s
        self._last_s = t_s
        total = math.hypot(*gyro)
        begins = self.begins(t_s - self._since_s, dt_s, rate, total)
        if not self._on:
            if begins:
                self._on, self._had_lobe, self._since_s = True, rate > 0.5, t_s
        else:
            self._had_lobe |= rate > 0.5
            if (self._had_lobe and rate < END_RAD_S) or t_s - self._since_s > self.on_max_s:
                self._on, self._since_s = False, t_s
                self.ended()
        return self._on

    def begins(self, off_s: float, dt_s: float, rate: float, total: float) -> bool:
        """Return whether a step begins; called at every sample, `off_s` after the last change."""
        raise NotImplementedError

    def ended(self) -> None:
        """A step has ended."""


class GyroThreshold(_Lobes):
    """On below -1 rad/s (push-off), off at the end of the positive lobe, then 0.35 s of rest."""

    def begins(self, off_s: float, dt_s: float, rate: float, total: float) -> bool:
        return off_s > 0.35 and rate < -1.0


class StateMachine(_Lobes):
    """Stance must be quiet for 0.1 s; then toe-down rate or pitch, or toe-up rate, begins a step."""

    def __init__(self) -> None:
        super().__init__()
        self._quiet_s = self._pitch_rad = 0.0
        self._ready = False

    def begins(self, off_s: float, dt_s: float, rate: float, total: float) -> bool:
        self._quiet_s = self._quiet_s + dt_s if total < 2 * QUIET_RAD_S else 0.0
        if self._quiet_s > 0.1:
            self._ready, self._pitch_rad = True, 0.0
        self._pitch_rad += rate * dt_s
        return self._ready and (rate < -0.8 or self._pitch_rad < -0.15 or rate > 1.0)

    def ended(self) -> None:
        self._ready = False


class AdaptivePeak(_Lobes):
    """On below 12 % of the running push-off peak, 0.3 s after the last step at the earliest."""

    def __init__(self) -> None:
        super().__init__()
        self._usual_rad_s, self._peak_rad_s = 4.0, 0.0

    def begins(self, off_s: float, dt_s: float, rate: float, total: float) -> bool:
        self._peak_rad_s = max(self._peak_rad_s, -rate)
        return off_s > 0.3 and rate < -max(0.3, 0.12 * self._usual_rad_s)

    def ended(self) -> None:
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
