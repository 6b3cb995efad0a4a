"""A switch under the heel: closed when the heel is near the ground, bouncing at every edge."""

import random

CLOSES_BELOW_M = 0.008
BOUNCE_MIN_US = 10_000
BOUNCE_MAX_US = 20_000


class HeelSwitch:
    """`step` once per millisecond; `is_down` is what a pin would read, bounce included."""

    def __init__(self, seed: int) -> None:
        self.is_down = True
        self.settled_down = True  # without bounce
        self._bounces_until_us = 0
        self._random = random.Random(f"heel switch {seed}")

    def step(self, now_us: int, heel_m: float) -> None:
        """Take the heel's height at `now_us`."""
        down = heel_m < CLOSES_BELOW_M
        if down != self.settled_down:
            self.settled_down = down
            self._bounces_until_us = now_us + self._random.randrange(BOUNCE_MIN_US, BOUNCE_MAX_US)
        if now_us < self._bounces_until_us:
            self.is_down = self._random.random() < 0.5
        else:
            self.is_down = down
