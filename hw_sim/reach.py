"""Which muscle of a simulated leg a pulse reaches."""

from hw_sim.emulators.load import DeliveredPulse
from hw_sim.leg import Leg

PLANTARFLEXORS = 2

Arrival = tuple[int, int, float, float]


def straight(pulse: DeliveredPulse) -> Arrival:
    """Let a delivered pulse reach the leg as it is: (time us, channel, mA, us)."""
    return pulse.start_us, pulse.channel, pulse.reached_ma, pulse.width_us


def reach(leg: Leg, arrival: Arrival) -> None:
    """Let a pulse act on `leg`: plantarflexors on one muscle, or on none if this leg has no such muscle."""
    t_us, channel, current_ma, width_us = arrival
    muscle = min(channel, PLANTARFLEXORS)
    if muscle < len(leg.muscles):
        leg.deliver(t_us, muscle, current_ma, width_us)
