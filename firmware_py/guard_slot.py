"""What the guard keeps of one channel: the request that waits for its time."""

from safety.clock import elapsed_us
from safety.pulse import PulseRequest


class Slot:
    """At most one request waits."""

    __slots__ = ("request", "waiting")

    def __init__(self) -> None:
        self.request = PulseRequest()
        self.waiting: bool = False

    def keep(self, request) -> None:
        """Let a copy of `request` wait."""
        self.request.copy_from(request)
        self.waiting = True


def due_us(slots, t_us: int, gate, idle_us: int) -> int:
    """Return how long nothing of `slots` is due, us, 0 to `idle_us`."""
    wait_us = idle_us
    for slot in slots:
        if slot.waiting:
            until_us = max(elapsed_us(slot.request.fire_at_us, t_us), gate.wait_us(slot.request))
            if until_us > 0:  # what is due already waits for the stimulator, not for the clock
                wait_us = min(wait_us, until_us)
    return wait_us
