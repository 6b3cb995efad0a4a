"""What the guard keeps of one channel: the request that waits for its time, and whether it was ever tested."""

from safety.pulse import PulseRequest


class Slot:
    """At most one request waits; `tested` counts the pulses of test bursts since the profile was loaded."""

    __slots__ = ("request", "tested", "waiting")

    def __init__(self) -> None:
        self.request = PulseRequest()
        self.waiting: bool = False
        self.tested: int = 0  # saturates
