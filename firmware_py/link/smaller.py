"""What runs after a trial that nobody confirmed: never more than the trial, never more than what was confirmed."""

from stimulator.parameters import CHANNEL_PARAMETERS
from stimulator.prescription import ChannelSetting
from stimulator.prescription_rules import recharge_of

# Of these the smaller value is less for the wearer; everything else is as it was confirmed.
LESS = ("current_ua", "current_max_ua", "width_us", "rate_hz", "charge_max_nc")


def smaller(one, other, capability):
    """Return `other` with the smaller current, width, rate and maxima of both, channel by channel.

    A second pulse at the begin of a step only if both have one; the current in a step that `other`'s waveform can have.
    Timing is that of `other`: half of one and half of the other would be nobody's gait. If `other`'s channels take
    turns, one that is off now may leave a pause that is not allowed: ask `problems`.

    one, other   stimulator.prescription.Prescription with the same number of channels
    capability   stimulator.drivers.capability.Capability
    """
    channels = []
    for index in range(len(other.channels)):
        base = other.channels[index]
        values = []
        for p in CHANNEL_PARAMETERS:
            value = getattr(base, p.name)
            mine = getattr(one.channels[index], p.name)
            if p.name in LESS:
                value = min(value, mine)
            if p.name == "current_ua":
                value -= value % (capability.current_step_ua * recharge_of(base.waveform))
            elif p.name == "doublet_ms" and mine == 0:
                value = 0  # no second pulse, which is less than one at any distance
            values.append(value)
        channels.append(ChannelSetting(*values))
    return _with_channels(other, tuple(channels))


def ended(running, confirmed, in_use, capability, problems):
    """Return how a trial of `running` ends that nobody has confirmed: the smaller of both and of what is still used.

    in_use      what the walk still uses, if a step under way holds a change back
    problems    returns what forbids a prescription; then the timing that runs stays, with as little current
    """
    least = _least(running, confirmed, running, in_use, capability)
    return _least(confirmed, running, running, in_use, capability) if problems(least) else least


def _least(one, other, running, in_use, capability):
    least = smaller(one, other, capability)
    return least if in_use == running else smaller(in_use, least, capability)


def _with_channels(prescription, channels):
    """Return `prescription` with other channels. MicroPython's namedtuple has no _replace."""
    return type(prescription)(*[channels if v is prescription.channels else v for v in prescription])
