"""Walks for the simulator's tests: a leg, and an open-loop trapezoid from heel-off to contact + 0.1 s."""

from collections.abc import Sequence
from dataclasses import dataclass

from hw_sim.foot import LOADING
from hw_sim.leg import Leg
from hw_sim.muscle import AnyMuscle
from hw_sim.walker import WalkerSettings

PULSE_US = 25_000  # 40 Hz
WIDTH_US = 300
RISE_US = 200_000
EXTENSION_US = 100_000
FALL_US = 150_000
HEEL_OFF_M = 0.008


@dataclass(frozen=True, slots=True, kw_only=True)
class Trapezoid:
    """Currents per channel in mA, and what goes wrong on the way: late pulses, every n-th kept."""

    tibialis_ma: float = 25.0
    peroneal_ma: float = 20.0
    late_us: int = 0
    keep_every: int = 1


class Given:
    """A muscle that does as it is told: `values` are its activation at each millisecond."""

    def __init__(self, values: list[float]) -> None:
        self.values = values
        self.pulses_total = 0

    def stimulate(self, now_us: int, current_ma: float, width_us: float) -> None:
        """Pulses are counted and do nothing."""
        self.pulses_total += 1

    def step(self, now_us: int) -> float:
        """Return the activation at `now_us`."""
        return self.values[now_us // 1000]

    def over(self, first_ms: int, n: int) -> list[float]:
        """Return the activation at `n` milliseconds."""
        return self.values[first_ms : first_ms + n]


def leg_with(settings: WalkerSettings, muscles: Sequence[AnyMuscle]) -> Leg:
    """Return a leg with these three muscles."""
    return Leg(settings, keeps_trace=False, muscle=muscles)


def walk(
    seconds: float,
    *,
    stimulation: Trapezoid | None = None,
    attach=None,
    options: dict | None = None,
    **settings: object,
) -> Leg:
    """Return a leg that has walked; `attach(leg)` may hang sensors on it first, `options` are the leg's own."""
    leg = Leg(WalkerSettings(**settings), **(options or {}))  # type: ignore[arg-type]
    if attach is not None:
        attach(leg)
    if stimulation is None:
        leg.advance(round(seconds * 1e6))
        return leg
    started_us = ended_us = None
    pulses = 0
    while leg.now_us < seconds * 1e6:
        leg.advance(PULSE_US)
        now_us, foot = leg.now_us, leg.foot
        if started_us is None:
            if leg.walker.walking and foot.mode != LOADING and foot.heel_m > HEEL_OFF_M:
                started_us, ended_us = now_us, None
            continue
        if foot.mode == LOADING and ended_us is None:
            ended_us = now_us + EXTENSION_US
        share = min(1.0, (now_us - started_us) / RISE_US)
        if ended_us is not None and now_us > ended_us:
            share = 1.0 - (now_us - ended_us) / FALL_US
        if share <= 0.0:
            started_us = None
            continue
        pulses += 1
        if pulses % stimulation.keep_every == 0:
            at_us = now_us + stimulation.late_us
            leg.deliver(at_us, 0, share * stimulation.tibialis_ma, WIDTH_US)
            leg.deliver(at_us, 1, share * stimulation.peroneal_ma, WIDTH_US)
    return leg


def mean(values) -> float:
    """Return the mean of some numbers."""
    found = list(values)
    return sum(found) / len(found)


def mean_of(leg: Leg, name: str) -> float:
    """Return the mean of one field over all strides but the first, which starts from standing."""
    return mean(getattr(stride, name) for stride in leg.strides[1:])
