"""Prescriptions drawn from the parameter table that may be used on a P24: any values, then made to fit together.

Drawing values freely and throwing away what does not validate would throw away nearly everything.
"""

from hypothesis import strategies as st

from stimulator.drivers.capability import P24
from stimulator.parameters import ASYMMETRIC, CHANNEL_PARAMETERS, WALK_PARAMETERS
from stimulator.prescription import ChannelSetting, Prescription, problems


def steps_of(p):
    """Any value of a parameter on its steps."""
    return st.integers(p.min // p.step, p.max // p.step).map(lambda n: min(p.max, max(p.min, n * p.step)))


def fitting_channel(c: ChannelSetting) -> ChannelSetting:
    """Lower or move what one channel may not have together."""
    step_ua = 2_000 if c.waveform == ASYMMETRIC else 500
    current_ua = min(c.current_ua, c.current_max_ua, c.charge_max_nc * 1000 // c.width_us)
    return c._replace(
        current_ua=current_ua - current_ua % step_ua,
        start_percent=min(c.start_percent, 90 - 10),
        end_percent=max(c.end_percent, c.start_percent + 10),
        doublet_ms=c.doublet_ms if c.doublet_ms >= 10 else 0,
    )


def fitting(prescription: Prescription) -> Prescription:
    """Make the channels fit together: their windows follow each other, the last one long enough, and rates add up."""
    channels = list(prescription.channels)
    used = [i for i, c in enumerate(channels) if c.current_ua > 0]
    if used:
        last = max(40, max(channels[i].end_percent for i in used))
        top = max(used, key=lambda i: channels[i].end_percent)
        channels[top] = channels[top]._replace(end_percent=last)
        for i in sorted(used, key=lambda i: -channels[i].end_percent):
            end = channels[i].end_percent
            if end < last and not any(
                channels[j].start_percent <= end < channels[j].end_percent for j in used
            ):
                channels[i] = channels[i]._replace(end_percent=last)
        most_hz = max(15, 100 // len(used))
        channels = [c._replace(rate_hz=min(c.rate_hz, most_hz)) for c in channels]
    return prescription._replace(channels=tuple(channels))


channels = st.builds(ChannelSetting, *[steps_of(p) for p in CHANNEL_PARAMETERS]).map(fitting_channel)
prescriptions = (
    st.builds(
        lambda walk, some: Prescription(*walk, tuple(some)),
        st.tuples(*[steps_of(p) for p in WALK_PARAMETERS]),
        st.lists(channels, min_size=1, max_size=4),
    )
    .map(fitting)
    .filter(lambda p: problems(p, P24) == [])
)
