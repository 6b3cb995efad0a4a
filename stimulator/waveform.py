"""The three waveforms as pulse shapes (`safety.pulse`). Every single pulse is balanced, whatever its waveform."""

from safety.limits import RECHARGE_MAX
from safety.pulse import SYMMETRIC as EQUAL_PHASES
from stimulator.parameters import ALTERNATING, ASYMMETRIC


def recharge_of(waveform: int) -> int:
    """Return how many times longer and weaker the second phase is: currents are multiples of so many device steps."""
    return RECHARGE_MAX if waveform == ASYMMETRIC else EQUAL_PHASES


def shape_of(waveform: int, is_odd: bool) -> int:
    """Return the shape of one pulse; `is_odd` for every second pulse of its channel."""
    if waveform == ASYMMETRIC:
        return RECHARGE_MAX
    if waveform == ALTERNATING and is_odd:
        return -EQUAL_PHASES
    return EQUAL_PHASES
