"""A switch under the heel: closed when the heel is on the ground and loaded, bouncing at every edge."""

import math
import random
from dataclasses import dataclass
from typing import Annotated

from .footing import Footing
from .setting import NO_OTHER_KEYS, check, number

CLOSES_BELOW_M = 0.008
BOUNCE_MIN_US = 10_000
BOUNCE_MAX_US = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HeelSwitchSettings:
    """How good the switch still is. A new one closes as soon as the heel is down and opens as soon as it lifts."""

    __pydantic_config__ = NO_OTHER_KEYS

    closes_at_load: Annotated[
        float,
        number(0, 0.9, "", "worn: share of the body's weight that it takes to close; late, opens early"),
    ] = 0.0
    sticks_ms: Annotated[float, number(0, 600, "ms", "sticky: stays closed so long after it should open")] = (
        0.0
    )
    drops_per_s: Annotated[float, number(0, 20, "1/s", "cold solder joint: interruptions a second")] = 0.0
    drop_ms: Annotated[float, number(1, 500, "ms", "cold solder joint: mean length of an interruption")] = (
        40.0
    )

    def __post_init__(self) -> None:
        check(self)


class HeelSwitch:
    """`step` at every reading; `is_down` is what a pin would read, bounce included."""

    def __init__(self, seed: int, settings: HeelSwitchSettings | None = None) -> None:
        self.settings = settings if settings is not None else HeelSwitchSettings()
        self.is_down = True
        self.settled_down = True  # without bounce
        self._last_us = 0
        self._bounces_until_us = 0
        self._open_from_us = 0
        self._dropped_until_us = 0
        self._random = random.Random(f"heel switch {seed}")

    def step(self, now_us: int, footing: Footing, i: int, load: float) -> None:
        """Look at the heel now, index `i` of `footing`. `load`: share of the body's weight that it carries."""
        s = self.settings
        down = footing.heights(i)[1] < CLOSES_BELOW_M and load >= s.closes_at_load
        if down:
            self._open_from_us = now_us + round(s.sticks_ms * 1000)
        elif s.sticks_ms and now_us < self._open_from_us:
            down = True
        if down != self.settled_down:
            self.settled_down = down
            edge_us = now_us if s.sticks_ms or s.closes_at_load else self._edge_us(now_us, footing, i, down)
            self._bounces_until_us = edge_us + self._random.randrange(BOUNCE_MIN_US, BOUNCE_MAX_US)
        if s.drops_per_s and now_us >= self._dropped_until_us:
            share = 1.0 - math.exp(-s.drops_per_s * (now_us - self._last_us) * 1e-6)
            if self._random.random() < share:
                length_ms = self._random.expovariate(1.0 / s.drop_ms)
                self._dropped_until_us = now_us + round(length_ms * 1000)
        if now_us < self._bounces_until_us:
            self.is_down = self._random.random() < 0.5
        else:
            self.is_down = down
        if now_us < self._dropped_until_us:
            self.is_down = False
        self._last_us = now_us

    def step_other(self, now_us: int, down: bool) -> None:
        """Look at the heel of the other foot, of which only this is known."""
        if down != self.settled_down:
            self.settled_down = down
            self._bounces_until_us = now_us + self._random.randrange(BOUNCE_MIN_US, BOUNCE_MAX_US)
        self.is_down = self._random.random() < 0.5 if now_us < self._bounces_until_us else down

    def _edge_us(self, now_us: int, footing: Footing, i: int, down: bool) -> int:
        """Return the first millisecond since the last reading at which the heel was as it is now."""
        low, high = i - (now_us - self._last_us) // 1000, i
        while high - low > 1:
            middle = (low + high) // 2
            if middle >= 0 and (footing.heights(middle)[1] < CLOSES_BELOW_M) == down:
                high = middle
            else:
                low = middle
        return now_us - (i - high) * 1000
