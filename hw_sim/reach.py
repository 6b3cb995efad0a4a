"""Which muscle of a simulated leg a delivered pulse reaches."""

from hw_sim.emulators.load import DeliveredPulse
from hw_sim.leg import Leg

PLANTARFLEXORS = 2


def reach(leg: Leg, pulse: DeliveredPulse) -> None:
    """Let `pulse` act on `leg`: plantarflexors on one muscle, or on none if this leg has no such muscle."""
    channel = min(pulse.channel, PLANTARFLEXORS)
    if channel < len(leg.muscles):
        leg.deliver(pulse.start_us, channel, abs(pulse.reached_ma), pulse.width_us)
