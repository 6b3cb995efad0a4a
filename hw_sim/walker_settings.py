"""Who walks and how: the settings of a simulated walker, checked once, when made."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from .activities import Activity, check_order
from .setting import NO_OTHER_KEYS, check, number, one_of
from .severity import SEVERITIES
from .style import Style, drawn_style

# Walking speed m/s, and the stride time s that goes with it (assumed, +-15 %).
_SPEEDS_MPS = (0.3, 0.4, 0.7, 1.0, 1.3)
_STRIDES_S = (2.0, 1.7, 1.35, 1.15, 1.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkerSettings:
    """Who walks and how. What is None follows from the stride time by the speed rule.

    Without `activities` the person stands for `stand_s`, walks, and stops after `stop_s` if that is given.
    `style` is how this person moves sideways and lands; None draws it from the seed.
    """

    __pydantic_config__ = NO_OTHER_KEYS

    side: Annotated[str, one_of(("right", "left"), "which leg is simulated")] = "right"
    severity: Annotated[str, one_of(SEVERITIES, "what the wearer's own leg still does")] = "severe"
    stride_s: Annotated[float, number(0.8, 2.5, "s", "time from contact to contact")] = 1.2
    speed_mps: Annotated[float | None, number(0.2, 1.6, "m/s", "walking speed")] = None
    stance_share: Annotated[float | None, number(0.5, 0.78, "", "share of the stride on the ground")] = None
    stand_s: Annotated[float, number(0, 3600, "s", "standing before the first step")] = 2.0
    stop_s: Annotated[
        float | None, number(0, 1e6, "s", "wish to stop; the stride then under way ends it")
    ] = None
    activities: tuple[Activity, ...] = ()
    hip_hike_m: Annotated[float, number(0, 0.1, "m", "the hip lifted in swing to clear the toe")] = 0.0
    circumduction_m: Annotated[float, number(0, 0.2, "m", "the foot swung outwards in an arc")] = 0.0
    varies: Annotated[bool, "False: every stride alike"] = True
    style: Style | None = None
    seed: Annotated[int, number(0, 2**63, "", "of everything that is drawn at random")] = 1

    def __post_init__(self) -> None:
        check(self)
        check_order(self.activities)

    @property
    def style_used(self) -> Style:
        """The style as given, or drawn from the seed; without variation a plain one."""
        if self.style is not None:
            return self.style
        return drawn_style(self.seed, self.severity == "healthy") if self.varies else Style()

    @property
    def speed_used_mps(self) -> float:
        """Speed as given, or the one that goes with the stride time, m/s."""
        return self.speed_mps if self.speed_mps is not None else speed_of(self.stride_s)

    @property
    def stance_share_used(self) -> float:
        """Stance share as given, or the one that goes with the speed."""
        return self.stance_share if self.stance_share is not None else stance_share_of(self.speed_used_mps)

    @property
    def motion_share(self) -> float:
        """Range of motion against the source's walker: 1 at 1.3 m/s, less when slower."""
        return motion_share_of(self.speed_used_mps)


def speed_of(stride_s: float) -> float:
    """Return the walking speed, m/s, that usually goes with a stride time."""
    return float(np.interp(stride_s, _STRIDES_S[::-1], _SPEEDS_MPS[::-1]))


def stride_of(speed_mps: float) -> float:
    """Return the stride time, s, that usually goes with a walking speed."""
    return float(np.interp(speed_mps, _SPEEDS_MPS, _STRIDES_S))


def stance_share_of(speed_mps: float) -> float:
    """Return 62 % at 1.2 m/s, and 1 % more per 0.1 m/s slower."""
    return min(0.75, max(0.55, 0.62 + 0.10 * (1.2 - speed_mps)))


def motion_share_of(speed_mps: float) -> float:
    """Return the range of motion at a speed, 1 = the source's walker at 1.3 m/s."""
    return 0.65 + 0.35 * min(speed_mps / 1.3, 1.0)
