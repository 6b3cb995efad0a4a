"""Clock readings that wrap, durations that do not, and ages that never look fresh again.

A clock reading `t_us` counts microseconds and wraps at 2**30 on every platform (17.9 min), as
MicroPython's ticks do. Differences are right up to half of that, 8.9 min. An age is therefore not
a difference but a counter: it is advanced at each step and stops at its maximum.
Every value stays below 2**30, so that no operation leaves MicroPython's small whole numbers.
"""

WRAP_MASK_US = 0x3FFFFFFF
HALF_WRAP_US = 1 << 29
AGE_MAX_US = HALF_WRAP_US  # 8.9 min: far above every limit on an age


def elapsed_us(later_us: int, earlier_us: int) -> int:
    """Return later - earlier of two clock readings, in us, -2**29 to 2**29 - 1."""
    d = (later_us - earlier_us) & WRAP_MASK_US
    if d >= HALF_WRAP_US:
        d = d - HALF_WRAP_US - HALF_WRAP_US
    return d


def after_us(t_us: int, duration_us: int) -> int:
    """Return the clock reading `duration_us` (-2**29 to 2**29 - 1) after the reading `t_us`."""
    # 2**30 is taken away first and the duration made positive: a plain sum would leave small whole numbers.
    return (t_us - HALF_WRAP_US - HALF_WRAP_US + (duration_us & WRAP_MASK_US)) & WRAP_MASK_US


class Age:
    """How long ago something happened, in us; saturates, so that it never looks fresh after a wrap."""

    __slots__ = ("us",)

    def __init__(self) -> None:
        self.us: int = AGE_MAX_US  # never happened

    def restart(self) -> None:
        """It happened now."""
        self.us = 0

    def expire(self) -> None:
        """As if it had never happened."""
        self.us = AGE_MAX_US

    def advance(self, dt_us: int) -> None:
        """Let `dt_us` (>= 0) pass. A negative step means that the clock lied: the age expires."""
        if dt_us < 0 or dt_us > AGE_MAX_US - self.us:
            self.us = AGE_MAX_US
        else:
            self.us += dt_us
