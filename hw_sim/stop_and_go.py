"""A walker who stops and goes on again, as people do: bouts of walking with rests in between."""

import random

from hw_sim.activities import Activity
from hw_sim.leg import Leg
from hw_sim.walker import Walker
from hw_sim.walker_settings import WalkerSettings

WALK_S = (6.0, 45.0)  # assumed: across a room to along a street
REST_S = (1.5, 20.0)  # assumed: a door to a traffic light


class Bouts:
    """Iterate over it for rests and walks without end; their lengths are drawn from the seed."""

    def __init__(self, settings: WalkerSettings) -> None:
        self._draw = random.Random(f"bouts {settings.seed}")
        self._rest_s = settings.stand_s
        self._stride_s = settings.stride_s
        self._rests_next = True

    def __iter__(self) -> "Bouts":
        return self

    def __next__(self) -> Activity:
        if self._rests_next:
            self._rests_next = False
            return Activity(do="stand", seconds=self._rest_s)
        self._rests_next = True
        walk_s = self._draw.uniform(*WALK_S) + self._stride_s
        self._rest_s = self._draw.uniform(*REST_S)
        return Activity(do="walk", seconds=walk_s)


def stop_and_go_leg(settings: WalkerSettings, **options) -> tuple[Leg, Walker]:
    """Return a leg that stops and goes on, and its walker. It keeps no trace: it is made for long walks."""
    leg = Leg(settings, keeps_trace=False, activities=Bouts(settings), **options)
    return leg, leg.walker
