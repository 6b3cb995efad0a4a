"""How a person moves apart from severity and speed: what differs from one healthy walker to the next."""

import math
import random
from dataclasses import dataclass
from typing import Annotated

from .setting import NO_OTHER_KEYS, check, number


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """One person's manner of walking. The plain one has none of it: a foot that turns about one axis only.

    slant_*   the ankle's and the toes' axes lie oblique, so that pitching turns the foot a little about the
              vertical and the long axis too (Inman 1976: the ankle's axis slants by some 10 deg)
    """

    __pydantic_config__ = NO_OTHER_KEYS

    push_size: Annotated[float, number(0.3, 1.5, "", "size of the push-off against the curves")] = 1.0
    motion_size: Annotated[float, number(0.5, 1.3, "", "size of the leg's motion against the curves")] = 1.0
    landing_s: Annotated[float, number(0.03, 0.3, "s", "from contact to foot-flat at a stride of 1 s")] = 0.11
    slant_yaw: Annotated[float, number(-1, 1, "", "turning inwards per toe-up turning")] = 0.0
    slant_roll: Annotated[float, number(-1, 1, "", "inversion per toe-up turning")] = 0.0
    landing_roll_deg: Annotated[float, number(-15, 15, "deg", "foot in swing, inversion +")] = 0.0
    rocking_dps: Annotated[float, number(0, 60, "deg/s", "shoe and midfoot give way in stance, RMS rate")] = (
        0.0
    )
    swaying_dps: Annotated[float, number(0, 120, "deg/s", "foot turns sideways in swing, RMS rate")] = 0.0
    unsteadiness: Annotated[float, number(0, 4, "", "stride-to-stride variation, 1 is usual")] = 1.0

    def __post_init__(self) -> None:
        check(self)


def drawn_style(seed: int, is_healthy: bool) -> Style:
    """Return the manner of the person with this seed; a dropped foot makes strides less even."""
    draw = random.Random(f"style {seed}")
    return Style(
        push_size=_within(draw.gauss(1.12 if is_healthy else 1.0, 0.12), 0.7, 1.4),
        motion_size=_within(draw.gauss(1.03, 0.07), 0.8, 1.2),
        landing_s=_within(draw.lognormvariate(math.log(0.058), 0.2), 0.045, 0.12),
        slant_yaw=_within(draw.gauss(0.15, 0.10), -0.2, 0.5),
        slant_roll=_within(draw.gauss(0.10, 0.10), -0.2, 0.5),
        landing_roll_deg=_within(draw.gauss(4.0, 2.5), -3.0, 11.0),
        rocking_dps=_within(draw.lognormvariate(math.log(7.0), 0.5), 2.0, 40.0),
        swaying_dps=_within(draw.lognormvariate(math.log(58.0), 0.3), 15.0, 120.0),
        unsteadiness=_within(draw.lognormvariate(0.0 if is_healthy else 0.35, 0.3), 0.5, 3.0),
    )


def _within(value: float, low: float, high: float) -> float:
    return min(high, max(low, value))
