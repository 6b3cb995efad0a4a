"""Let a world run in real time, for a radio or an app that a person holds: paced by the monotonic clock, without drift.

Each moment of virtual time has its moment of real time, counted from the start; a late one is followed by shorter
waits until the world has caught up. If it is more than BEHIND_MAX_S late, it says so and starts to count anew from
there, so that it does not race afterwards.
"""

import time
from collections.abc import Callable

from firmware_py.cycle import CYCLE_US
from hw_sim.world import World

BEHIND_MAX_S = 0.1  # a person notices a tenth of a second


class RealTime:
    """Pace one world. `run_to` until it has reached a virtual time.

    late_s        the furthest it has ever been behind, s
    lost_s        real time given up because it could not keep up, s; 0: it kept up
    on_late       called with how far it is behind, s, each time it gives up
    clock, sleep  time.monotonic and time.sleep, or others in tests
    """

    def __init__(
        self,
        world: World,
        *,
        on_late: Callable[[float], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.world = world
        self.late_s = 0.0
        self.lost_s = 0.0
        self._on_late = on_late
        self._clock, self._sleep = clock, sleep
        self._zero_s = clock() - world.now_us / 1e6

    def run_to(self, until_us: int) -> None:
        """Let the world reach `until_us`, one control cycle at a time, none of them early."""
        while self.world.now_us < until_us:
            next_us = min(until_us, self.world.now_us - self.world.now_us % CYCLE_US + CYCLE_US)
            wait_s = self._zero_s + next_us / 1e6 - self._clock()
            if wait_s > 0:
                self._sleep(wait_s)
            else:
                self._note_late(-wait_s)
            self.world.advance(next_us - self.world.now_us)

    def _note_late(self, behind_s: float) -> None:
        self.late_s = max(self.late_s, behind_s)
        if behind_s > BEHIND_MAX_S:
            self.lost_s += behind_s
            self._zero_s += behind_s
            if self._on_late:
                self._on_late(behind_s)
