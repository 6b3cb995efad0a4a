"""What runs after a trial that nobody confirmed: never more than the trial, never more than what was confirmed."""

from stimulator.parameters import CHANNEL_PARAMETERS
from stimulator.prescription import ChannelSetting

# Of these the smaller value is less for the wearer; everything else is as it was confirmed.
LESS = ("current_ua", "current_max_ua", "width_us", "rate_hz", "charge_max_nc")


def smaller(one, confirmed):
    """Return `confirmed` with the smaller current, width, rate and maxima of both, channel by channel.

    one, confirmed   stimulator.prescription.Prescription with the same number of channels
    """
    channels = []
    for index in range(len(confirmed.channels)):
        values = []
        for p in CHANNEL_PARAMETERS:
            value = getattr(confirmed.channels[index], p.name)
            if p.name in LESS:
                value = min(value, getattr(one.channels[index], p.name))
            values.append(value)
        channels.append(ChannelSetting(*values))
    return _with_channels(confirmed, tuple(channels))


def _with_channels(prescription, channels):
    """Return `prescription` with other channels. MicroPython's namedtuple has no _replace."""
    return type(prescription)(*[channels if v is prescription.channels else v for v in prescription])
