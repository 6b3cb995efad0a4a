"""What runs after a trial that nobody confirmed: in nothing more than the trial, nor than what was confirmed.

The gentler value of both, for each parameter of which one can be gentler: a lost radio must not raise the current of
any step, and it is raised as well by a shorter rise or a soft start that ends at once.
"""

from stimulator.parameters import CHANNEL_PARAMETERS, WALK_PARAMETERS
from stimulator.prescription import ChannelSetting, Prescription
from stimulator.waveform import recharge_of

SMALLER = (  # of these the smaller value is gentler
    "extension_ms",  # a ramp that is still rising goes on through the extension
    "extension_percent",  # the same
    "fall_ms",  # a step that begins in the fall of the last one begins at its level
    "timeout_ms",  # less of a step
    "current_ua",
    "current_max_ua",
    "width_us",
    "gap_us",  # the second phase takes back more of what the first has done
    "rate_hz",
    "charge_max_nc",
    "end_percent",  # a shorter ramp ends lower
)
LARGER = (  # of these the larger value
    "delay_ms",  # a later ramp ends lower
    "rise_ms",
    "start_at",  # the other heel's contact never begins a step before heel-off does
    "soft_start_steps",  # of the same step in the walk: the steps are counted on
    "start_percent",  # a later ramp ends lower
    "doublet_ms",  # two pulses farther apart add up less (assumed); but 0, no second pulse, is less than any
)
# Neither is gentler in every step, or a change would be felt as another stimulation: what runs now stays.
AS_IT_RUNS = (
    "extension_by",  # which one is longer depends on the gait; the smaller ms and % count in each
    "waveform",  # the same current may feel much stronger
    "controls",  # by current is less on the ramp, but by width the current may rise more slowly
)
WINDOWS = (
    "start_percent",
    "end_percent",
)  # those of all channels together make one burst, or must not be used


def smaller(running, other, capability, windows_stay: bool = False):
    """Return `running` with the gentler value of both for each parameter, channel by channel.

    The current in a step that the waveform can have. Of two prescriptions whose channels take turns the windows may
    leave a pause that is not allowed: ask `problems`.

    running, other   stimulator.prescription.Prescription with the same number of channels
    capability       stimulator.drivers.capability.Capability
    windows_stay     keep the windows that run
    """
    channels = []
    for index in range(len(running.channels)):
        values = _gentler(CHANNEL_PARAMETERS, running.channels[index], other.channels[index], windows_stay)
        least = ChannelSetting(*values)
        step_ua = capability.current_step_ua * recharge_of(least.waveform)
        channels.append(_with_current(least, least.current_ua - least.current_ua % step_ua))
    return Prescription(*_gentler(WALK_PARAMETERS, running, other, windows_stay), tuple(channels))


def ended(running, confirmed, in_use, capability, problems):
    """Return how a trial of `running` ends that nobody has confirmed: the gentler of both and of what is still used.

    in_use      what the walk still uses, if a step under way holds a change back
    problems    returns what forbids a prescription; then the windows that run stay. If a channel that is off now
                forbids these too, no channel gives anything from the next step on: no cut in mid-swing.
    """
    for windows_stay in (False, True):
        least = smaller(running, confirmed, capability, windows_stay)
        if in_use != running:
            least = smaller(least, in_use, capability, windows_stay)
        if not problems(least):
            return least
    return Prescription(*least[:-1], tuple([_with_current(c, 0) for c in least.channels]))


def _gentler(table, mine, other, windows_stay: bool) -> list:
    values = []
    for p in table:
        value, theirs = getattr(mine, p.name), getattr(other, p.name)
        if p.name == "doublet_ms" and (value == 0 or theirs == 0):
            value = 0
        elif not (windows_stay and p.name in WINDOWS):
            if p.name in SMALLER:
                value = min(value, theirs)
            elif p.name in LARGER:
                value = max(value, theirs)
        values.append(value)
    return values


def _with_current(setting, current_ua: int):
    """Return `setting` with another current. MicroPython's namedtuple has no _replace."""
    return ChannelSetting(current_ua, *setting[1:])
