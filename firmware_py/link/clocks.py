"""Times of minutes and hours, which a clock in us cannot hold on a board: seconds by accumulation."""


class Countdown:
    """So many seconds from now; 0 when it is over or was never begun.

    left_s   whole seconds left, rounded up
    """

    def __init__(self) -> None:
        self.left_s: int = 0
        self._us: int = 0  # of the second that runs

    def start(self, s: int) -> None:
        """Begin anew, 0 s ends it."""
        self.left_s = s
        self._us = 0

    def advance(self, dt_us: int) -> bool:
        """Let `dt_us` pass; True if it ended with this step."""
        if self.left_s == 0:
            return False
        self._us += max(0, dt_us)
        while self._us >= 1_000_000 and self.left_s > 0:
            self._us -= 1_000_000
            self.left_s -= 1
        return self.left_s == 0


class Uptime:
    """Seconds since power-on, 0 to 2**30 - 1."""

    def __init__(self) -> None:
        self.s: int = 0
        self._us: int = 0

    def advance(self, dt_us: int) -> None:
        """Let `dt_us` pass."""
        self._us += max(0, dt_us)
        while self._us >= 1_000_000:
            self._us -= 1_000_000
            self.s = min(self.s + 1, 0x3FFFFFFF)
