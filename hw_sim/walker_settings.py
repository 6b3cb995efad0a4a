"""Who walks and how: the settings of a simulated walker, checked once, when made."""

from dataclasses import dataclass

import numpy as np

from .severity import severity_named

# Walking speed m/s, and the stride time s that goes with it (assumed, +-15 %).
_SPEEDS_MPS = (0.3, 0.4, 0.7, 1.0, 1.3)
_STRIDES_S = (2.0, 1.7, 1.35, 1.15, 1.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkerSettings:
    """Who walks and how. What is None follows from the stride time by the speed rule.

    side           "right" or "left"
    severity       a name of `severity.SEVERITIES`
    stride_s       0.8 to 2.5 s;  speed_mps  0.2 to 1.6 m/s;  stance_share  0.5 to 0.78
    stand_s        standing before the first step, s
    stop_s         time of the wish to stop, s; the stride then under way ends it; None: walks on
    hip_hike_m     the hip lifted in swing to clear the toe, m
    varies         False: every stride alike
    """

    side: str = "right"
    severity: str = "severe"
    stride_s: float = 1.2
    speed_mps: float | None = None
    stance_share: float | None = None
    stand_s: float = 2.0
    stop_s: float | None = None
    hip_hike_m: float = 0.0
    varies: bool = True
    seed: int = 1

    def __post_init__(self) -> None:
        if self.side not in ("right", "left"):
            raise ValueError(f"side is '{self.side}'; known are right, left. Name one of these.")
        severity_named(self.severity)
        _check("stride_s", self.stride_s, 0.8, 2.5)
        _check("stand_s", self.stand_s, 0.0, 3600.0)
        _check("hip_hike_m", self.hip_hike_m, 0.0, 0.1)
        if self.speed_mps is not None:
            _check("speed_mps", self.speed_mps, 0.2, 1.6)
        if self.stance_share is not None:
            _check("stance_share", self.stance_share, 0.5, 0.78)
        if self.stop_s is not None:
            _check("stop_s", self.stop_s, 0.0, 1e6)

    @property
    def speed_used_mps(self) -> float:
        """Speed as given, or the one that goes with the stride time, m/s."""
        if self.speed_mps is not None:
            return self.speed_mps
        return float(np.interp(self.stride_s, _STRIDES_S[::-1], _SPEEDS_MPS[::-1]))

    @property
    def stance_share_used(self) -> float:
        """Stance share as given, or 62 % at 1.2 m/s and 1 % more per 0.1 m/s slower."""
        if self.stance_share is not None:
            return self.stance_share
        return min(0.75, max(0.55, 0.62 + 0.10 * (1.2 - self.speed_used_mps)))

    @property
    def motion_share(self) -> float:
        """Range of motion against the source's walker: 1 at 1.3 m/s, less when slower."""
        return 0.65 + 0.35 * min(self.speed_used_mps / 1.3, 1.0)


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} is {value}; allowed is {low} to {high}. Choose a value in this range.")
