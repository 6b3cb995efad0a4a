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

# Of the whole walk.
WALK_PARAMETERS = (
    Parameter(1, "delay_ms", "ms", 0, 300, 0, 100, 10, 0, "Wait after heel-off before the rise begins."),
    Parameter(2, "rise_ms", "ms", 50, 1000, 100, 500, 10, 200, "Time from nothing to full strength."),
    Parameter(
        3,
        "extension_ms",
        "ms",
        0,
        500,
        0,
        300,
        10,
        100,
        "Full strength goes on for this long after the heel meets the ground, to lower the foot softly.",
    ),
    Parameter(4, "fall_ms", "ms", 0, 1000, 50, 500, 10, 150, "Time from full strength to nothing."),
    Parameter(
        5,
        "timeout_ms",
        "ms",
        1000,
        4000,
        1500,
        3000,
        100,
        2500,
        "Longest stimulation of one step, even if no heel contact is seen.",
    ),
)

# Of each channel.
CHANNEL_PARAMETERS = (
    Parameter(
        16,
        "current_ua",
        "uA",
        0,
        limits.CURRENT_ABS_UA,
        0,
        60_000,
        500,
        25_000,
        "Strength of each pulse at full level.",
    ),
    Parameter(
        17,
        "current_max_ua",
        "uA",
        0,
        limits.CURRENT_ABS_UA,
        0,
        60_000,
        500,
        40_000,
        "Strength that this channel may never exceed, set by the prescriber.",
    ),
    Parameter(
        18,
        "width_us",
        "us",
        limits.WIDTH_MIN_US,
        limits.WIDTH_ABS_US,
        100,
        400,
        10,
        300,
        "Length of each phase of a pulse.",
    ),
    Parameter(
        19, "gap_us", "us", 0, limits.GAP_ABS_US, 0, 200, 10, 100, "Pause between the two phases of a pulse."
    ),
    Parameter(20, "rate_hz", "Hz", 15, 60, 20, 50, 1, 40, "Pulses per second while the channel is on."),
    Parameter(
        21,
        "charge_max_nc",
        "nC",
        0,
        limits.CHARGE_ABS_NC,
        0,
        limits.CHARGE_DEFAULT_NC,
        100,
        limits.CHARGE_DEFAULT_NC,
        "Charge of one phase that this channel may never exceed, set by the prescriber.",
    ),
)

CHANNEL_NAMES = ("tibialis_anterior", "peroneal")


def named(table, name: str) -> Parameter:
    """Return the parameter called `name`; KeyError if there is none."""
    for parameter in table:
        if parameter.name == name:
            return parameter
    raise KeyError(name)
