"""The beat of a real-time loop: when it is due, how late it was, and how many beats were left out."""

import bisect
from collections.abc import Callable

BOUNDS_US = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)


class Lateness:
    """How late each beat began, in a histogram.

    counts   beats per class: below BOUNDS_US[0], ... at or above the last;  max_us   the latest
    """

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_US) + 1)
        self.max_us = 0

    def note(self, late_us: int) -> None:
        """A beat began so late."""
        self.counts[bisect.bisect_right(BOUNDS_US, late_us)] += 1
        if late_us > self.max_us:
            self.max_us = late_us

    def at_most_us(self, share: float) -> int:
        """Return below which lateness this share of all beats began: the upper end of its class, us."""
        needed, seen = share * sum(self.counts), 0
        for bound_us, count in zip(BOUNDS_US, self.counts, strict=False):
            seen += count
            if seen >= needed:
                return min(bound_us, self.max_us)
        return self.max_us

    def lines(self) -> list[str]:
        """Return the histogram for a person, a line per class that is not empty."""
        total = max(1, sum(self.counts))
        edges = (0, *BOUNDS_US)
        found = []
        for i, count in enumerate(self.counts):
            if count:
                upper = f"to {BOUNDS_US[i]:>6}" if i < len(BOUNDS_US) else "and more "
                found.append(f"{edges[i]:>6} {upper} us {count:>8}  {'#' * round(40 * count / total)}")
        return found


class Beat:
    """Wait for beat after beat. One that is missed is left out, never made up for: a bunch of cycles is a flood.

    clock_us   CLOCK_MONOTONIC, us;  wait_us   lets so much time pass, or less
    beats, lost   int, beats that began, and that were left out because the one before took until after them
    """

    def __init__(self, period_us: int, clock_us: Callable[[], int], wait_us: Callable[[int], object]) -> None:
        self.lateness = Lateness()
        self.beats = self.lost = 0
        self._period_us, self._clock_us, self._wait_us = period_us, clock_us, wait_us
        self._next_us = clock_us() + period_us

    def next(self) -> int:
        """Return at the next beat, with the clock's reading."""
        now_us = self._clock_us()
        while now_us < self._next_us:
            self._wait_us(self._next_us - now_us)
            now_us = self._clock_us()
        late_us = now_us - self._next_us
        missed = late_us // self._period_us
        self.lateness.note(late_us)
        self.beats += 1
        self.lost += missed
        self._next_us += (missed + 1) * self._period_us
        return now_us
