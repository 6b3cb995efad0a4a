"""A controller that stalls, loses count or lies about time, in a world whose clock may jump.

The guard is the real one; only what reaches it is spoilt. Nothing here knows how the guard defends itself.
"""

from collections.abc import Callable

from firmware_py.cycle import CYCLE_US, ControlCycle
from firmware_py.hal import Sensors
from hw_sim.world import World, t_us_at
from safety.clock import after_us
from safety.pulse import PulseRequest


class FaultyController:
    """Stands between control cycle and guard, and in front of the cycle. Every field may be changed at any time.

    stalled_cycles     so many cycles do not run; the sensors' readings wait
    skips_sequence     once: the next sequence is left out
    repeats_requests   each request is handed over once more in the next cycle, with its old number
    shift_us           requests carry a time that is wrong by so much
    """

    def __init__(self, world: World, sensors: Sensors) -> None:
        old = world.loop.cycle
        self._guard = world.loop.guard
        self.cycle = ControlCycle(sensors, old.detector, old.scheduler, self, world.counts)
        world.loop.cycle = self
        self.stalled_cycles = 0
        self.skips_sequence = 0
        self.repeats_requests = False
        self.shift_us = 0
        self._old: list[PulseRequest] = []
        self._new: list[PulseRequest] = []
        self._ahead = 0

    def use(self, scheduler) -> None:
        """As the cycle behind it."""
        self.cycle.use(scheduler)

    def step(self, t_us: int) -> None:
        """One cycle is due."""
        if self.stalled_cycles > 0:
            self.stalled_cycles -= 1
            return
        self._old, self._new = self._new, []
        if self.repeats_requests:
            for request in self._old:
                self._guard.take(request)
        self.cycle.step(t_us)

    def take_sample(self, sample) -> None:
        """Pass a sample on."""
        self._guard.take_sample(sample)

    def take_swing(self, swing: int) -> None:
        """Pass the detector's word on."""
        self._guard.take_swing(swing)

    def take_mode(self, mode: int) -> None:
        """Pass on who is in charge."""
        self._guard.take_mode(mode)

    def take(self, request: PulseRequest) -> None:
        """Pass a request on, with its time shifted."""
        kept = PulseRequest()
        kept.copy_from(request)
        kept.fire_at_us = after_us(request.fire_at_us, self.shift_us)
        self._new.append(kept)
        self._guard.take(kept)

    def cycle_finished(self, sequence: int) -> None:
        """Pass the end of a cycle on, one ahead from the moment at which a sequence was skipped."""
        self._ahead += self.skips_sequence
        self.skips_sequence = 0
        self._guard.cycle_finished((sequence + self._ahead) & 0xFFFFF)


class FaultyWorld(World):
    """A world whose clock may jump, and that lets somebody look after every event.

    clock_offset_us   added to what the loop sees as time
    look              called with the world's time after each event, or None
    """

    clock_offset_us: int = 0
    look: Callable[[int], None] | None = None

    @property
    def t_us(self) -> int:
        return t_us_at(self.now_us + self.clock_offset_us)

    def _move_to(self, at_us: int) -> None:
        super()._move_to(at_us)
        if self.look is not None:
            self.look(at_us)


def cycles_in(ms: float) -> int:
    """Return how many control cycles fall into `ms`."""
    return round(ms * 1000) // CYCLE_US
