"""A walker who stops and goes on again, as people do: bouts of walking with rests in between."""

import random

from hw_sim.leg import Leg
from hw_sim.walker import Walker
from hw_sim.walker_settings import WalkerSettings

WALK_S = (6.0, 45.0)  # assumed: across a room to along a street
REST_S = (1.5, 20.0)  # assumed: a door to a traffic light


class StopAndGoWalker(Walker):
    """Like `Walker`, but each stop is followed by a rest and another bout; lengths are drawn from the seed.

    bouts_us   when each bout began, us
    """

    def __init__(self, settings: WalkerSettings) -> None:
        super().__init__(settings)
        self._bouts = random.Random(f"bouts {settings.seed}")
        self.bouts_us: list[int] = []
        self._plan(settings.stand_s)

    def step(self) -> None:
        """Move by 1 ms."""
        if self.has_stopped:
            self.has_stopped = False
            self._plan(self._bouts.uniform(*REST_S))
        was_walking = self.walking
        super().step()
        if self.walking and not was_walking:
            self.bouts_us.append(self.now_us)

    def _plan(self, rest_s: float) -> None:
        self._stand_until_us = self.now_us + round(rest_s * 1e6)
        self._stop_us = self._stand_until_us + round(self._bouts.uniform(*WALK_S) * 1e6)


def stop_and_go_leg(settings: WalkerSettings) -> tuple[Leg, StopAndGoWalker]:
    """Return a leg that stops and goes on, and its walker. It keeps no trace: it is made for long walks."""
    leg = Leg(settings, keeps_trace=False)
    walker = StopAndGoWalker(settings)
    leg.walker = walker
    return leg, walker
