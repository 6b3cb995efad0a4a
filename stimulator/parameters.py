"""The one table of everything a therapist can set: id, name, unit, ranges, step, default, sentence.

Validation, prescription files, the radio's schema, sliders and the docs are derived from it.
Absolute ranges are refused outside; recommended ranges are only pointed out.
Source of the defaults: therapist ranges of comparable devices and the safety file (not verified).
"""

from collections import namedtuple

from safety import limits

Parameter = namedtuple(
    "Parameter",
    (
        "id",  # int, 1 to 255, never used again for something else
        "name",  # as in the code, ends in its unit
        "unit",
        "min",
        "max",
        "recommended_min",
        "recommended_max",
        "step",
        "default",
        "help",  # one sentence for the therapist
    ),
)

DOUBLET_MAX_MS = limits.DOUBLET_MAX_US // 1000

# fmt: off
# Of the whole walk.
WALK_PARAMETERS = (
    Parameter(1, "delay_ms", "ms", 0, 300, 0, 100, 10, 0,
              "Wait after heel-off before the rise begins."),
    Parameter(2, "rise_ms", "ms", 50, 1000, 100, 500, 10, 200,
              "Time from nothing to full strength."),
    Parameter(3, "extension_ms", "ms", 0, 500, 0, 300, 10, 100,
              "Full strength goes on for this long after the heel meets the ground, to lower the foot softly."),
    Parameter(4, "fall_ms", "ms", 0, 1000, 50, 500, 10, 150,
              "Time from full strength to nothing."),
    Parameter(5, "timeout_ms", "ms", 1000, 4000, 1500, 3000, 100, 2500,
              "Longest stimulation of one step, even if no heel contact is seen."),
    Parameter(6, "start_at", "", 0, 1, 0, 1, 1, 0,
              "A step's stimulation begins 0: when this heel leaves the ground; 1: when the other heel meets it, "
              "which needs a switch under that heel."),
    Parameter(7, "extension_by", "", 0, 2, 0, 2, 1, 0,
              "The extension lasts 0: extension_ms; 1: extension_ms at 1.1 s a stride, longer in slow steps and "
              "shorter in quick ones; 2: extension_percent of the time on the ground, as the last steps showed "
              "it."),
    Parameter(8, "extension_percent", "%", 0, 60, 0, 40, 5, 15,
              "Share of the time on the ground, from contact to heel-off, if extension_by is 2."),
    Parameter(9, "soft_start_steps", "", 0, 5, 0, 3, 1, 0,
              "So many first steps of a walk have less strength, each more than the one before; they lift less, "
              "too."),
)

# Of each channel.
CHANNEL_PARAMETERS = (
    Parameter(16, "current_ua", "uA", 0, limits.CURRENT_ABS_UA, 0, 60_000, 500, 25_000,
              "Strength of each pulse at full level."),
    Parameter(17, "current_max_ua", "uA", 0, limits.CURRENT_ABS_UA, 0, 60_000, 500, 40_000,
              "Strength that this channel may never exceed, set by the prescriber."),
    Parameter(18, "width_us", "us", limits.WIDTH_MIN_US, limits.WIDTH_ABS_US, 100, 400, 10, 300,
              "Length of each phase of a pulse."),
    Parameter(19, "gap_us", "us", 0, limits.GAP_ABS_US, 0, 200, 10, 100,
              "Pause between the two phases of a pulse."),
    Parameter(20, "rate_hz", "Hz", 15, 60, 20, 50, 1, 40,
              "Pulses per second while the channel is on."),
    Parameter(21, "charge_max_nc", "nC",
              0, limits.CHARGE_ABS_NC, 0, limits.CHARGE_DEFAULT_NC, 100, limits.CHARGE_DEFAULT_NC,
              "Charge of one phase that this channel may never exceed, set by the prescriber."),
    Parameter(22, "start_percent", "%", 0, 80, 0, 60, 5, 0,
              "Where the channel begins between heel-off (0) and contact (100), as the last steps showed their "
              "length; what begins late lifts less."),
    Parameter(23, "end_percent", "%", 10, 100, 20, 100, 5, 100,
              "Where the channel ends there; 100: it goes on to the contact itself, and through the extension."),
    Parameter(24, "waveform", "", 0, 2, 0, 2, 1, 0,
              "Each pulse has 0: two equal phases; 1: a second phase four times as long and a quarter as strong; "
              "2: two equal phases, and the other one leads from pulse to pulse."),
    Parameter(25, "controls", "", 0, 1, 0, 1, 1, 0,
              "The ramps change 0: the current; 1: the width, from 50 us up, while the current rises as fast as "
              "it may."),
    Parameter(26, "doublet_ms", "ms", 0, DOUBLET_MAX_MS, 0, DOUBLET_MAX_MS, 1, 0,
              "Distance of a second pulse after the first one of each step; 0: none, else 5 or more."),
)
# fmt: on

# A pad over the calf reaches gastrocnemius and soleus together, so these channels are called by what they do. They are
# two because the heel turns in under the one and out under the other: at push-off they can be balanced like the others.
CHANNEL_NAMES = ("tibialis_anterior", "peroneal", "plantarflexor_medial", "plantarflexor_lateral")
PLANTARFLEXORS = (2, 3)  # of these channels

AT_HEEL_OFF, AT_OTHER_CONTACT = range(2)
BY_MS, BY_CADENCE, BY_GROUND_TIME = range(3)
SYMMETRIC, ASYMMETRIC, ALTERNATING = range(3)
CURRENT, WIDTH = range(2)
START_NAMES = ("heel-off", "contact of the other heel")
EXTENSION_NAMES = ("in ms", "in ms, with the cadence", "in % of the time on the ground")
WAVEFORM_NAMES = ("symmetric", "asymmetric", "alternating")
CONTROL_NAMES = ("current", "width")


def channel_name(index: int) -> str:
    """Return the name of a channel for people."""
    return CHANNEL_NAMES[index] if index < len(CHANNEL_NAMES) else str(index + 1)


def named(table, name: str) -> Parameter:
    """Return the parameter called `name`; KeyError if there is none."""
    for parameter in table:
        if parameter.name == name:
            return parameter
    raise KeyError(name)
