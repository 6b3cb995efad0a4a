"""Named starting points: ways of walking and exercises, each with its source. None of them knows a wearer.

A preset holds no strength: every current is 0 until somebody sets it for this wearer. The same holds for a prescription
that is carried over to another wearer or to the other leg.
"""

from collections import namedtuple

from stimulator.exercise_plan import (
    BY_ATTEMPT,
    BY_BUTTON,
    EXERCISE_PARAMETERS,
    ExerciseChannel,
    ExercisePlan,
)
from stimulator.parameters import (
    ALTERNATING,
    ASYMMETRIC,
    AT_OTHER_CONTACT,
    BY_CADENCE,
    BY_GROUND_TIME,
    CHANNEL_PARAMETERS,
    WALK_PARAMETERS,
    WIDTH,
)
from stimulator.prescription import ChannelSetting, Prescription, default_channel

# name       str
# about      one sentence: for whom
# source     where the values come from; "assumed" for those that nobody has published
# walk       dict of what differs from the table
# channels   tuple of dicts, one per channel: what differs from its defaults
Preset = namedtuple("Preset", ("name", "about", "source", "walk", "channels"))

PRESETS = (
    Preset(
        "usual",
        "A dropped foot that lifts from heel-off to a soft landing.",
        "the table's defaults",
        {},
        ({}, {}),
    ),
    Preset(
        "spastic-calf",
        "A calf that answers a quick stretch: the strength rises and falls slowly.",
        "ODFS Pace instructions: a rising ramp against the stretch reflex; 500 and 300 ms assumed",
        {"rise_ms": 500, "fall_ms": 300},
        ({}, {}),
    ),
    Preset(
        "first-walk",
        "Somebody who has never felt it: three steps of growing strength, a slower rise.",
        "assumed",
        {"rise_ms": 300, "soft_start_steps": 3},
        ({}, {}),
    ),
    Preset(
        "changing-pace",
        "A walk that is now slow, now quick: the landing is helped for longer in slow steps.",
        "ODFS Pace: extension timed by the stride; 150 ms assumed",
        {"extension_by": BY_CADENCE, "extension_ms": 150, "timeout_ms": 3000},
        ({}, {}),
    ),
    Preset(
        "part-of-stance",
        "A foot that slaps: helped down for a fifth of the time on the ground.",
        "NESS L300: extension as a share of stance; 20 % assumed",
        {"extension_by": BY_GROUND_TIME, "extension_percent": 20},
        ({}, {}),
    ),
    Preset(
        "other-heel",
        "A heel that never presses a switch: begins when the other heel meets the ground (needs a switch there).",
        "ODFS Pace: switch under the other heel, start at heel strike",
        {"start_at": AT_OTHER_CONTACT},
        ({}, {}),
    ),
    Preset(
        "turns-in",
        "A foot that turns in as it lifts: the peroneal channel leads.",
        "assumed",
        {},
        ({"start_percent": 15}, {}),
    ),
    Preset(
        "push-off",
        "A weak push-off and a mild drop: plantarflexors from heel-off on, then the dorsiflexors, which so lift less.",
        "Kesar and others 2009, doi 10.1161/STROKEAHA.109.560375: plantarflexors in terminal stance, dorsiflexors in "
        "swing; shares and 33 Hz assumed (three channels at 33 Hz are what a P24 answers)",
        {"rise_ms": 150},
        (
            {"start_percent": 15, "rate_hz": 33},
            {"start_percent": 15, "rate_hz": 33},
            {"end_percent": 25, "rate_hz": 33},
        ),
    ),
    Preset(
        "asymmetric",
        "Skin or habit that wants the pulse of older stimulators: a short phase, then a long weak one.",
        "WalkAide, NESS L300: asymmetric biphasic, 33 to 40 Hz (their papers, not verified)",
        {},
        ({"waveform": ASYMMETRIC, "rate_hz": 33}, {"waveform": ASYMMETRIC, "rate_hz": 33}),
    ),
    Preset(
        "alternating",
        "Skin that reddens under one pad: the other phase leads from pulse to pulse.",
        "assumed",
        {},
        ({"waveform": ALTERNATING}, {"waveform": ALTERNATING}),
    ),
    Preset(
        "by-width",
        "A wearer used to a knob that changes the width of the pulses.",
        "ODFS Pace instructions: the knob sets the pulse width; 40 Hz",
        {},
        ({"controls": WIDTH}, {"controls": WIDTH}),
    ),
)

# name, about, source as above;  plan  dict of what differs from the table;  channels  of the prescription
Exercise = namedtuple("Exercise", ("name", "about", "source", "plan", "channels"))

EXERCISES = (
    Exercise(
        "lift",
        "Lift the foot: 3 sets of 12, held for 2 s.",
        "therapy practice for seated dorsiflexion: 3 x 12 to 15, hold 2 s; rests assumed",
        {"on_ms": 2000, "repetitions": 12, "sets": 3, "off_ms": 4000},
        (0, 1),
    ),
    Exercise(
        "turn-out",
        "Turn the outer edge up: 10 times with the peroneal channel alone.",
        "therapy practice for eversion: 10 repetitions; times assumed",
        {"on_ms": 2000, "repetitions": 10, "sets": 1, "off_ms": 4000},
        (1,),
    ),
    Exercise(
        "taps",
        "Tap the toes: 3 sets of 15 short lifts.",
        "therapy practice: toe taps for 30 to 60 s, 3 sets; times assumed",
        {"rise_ms": 300, "on_ms": 500, "fall_ms": 200, "off_ms": 2000, "repetitions": 15, "sets": 3},
        (0, 1),
    ),
    Exercise(
        "own-try",
        "Lift by yourself: the device helps as soon as the foot begins to turn.",
        "assisted level of therapy practice: help follows the person's own attempt; counts assumed",
        {"trigger": BY_ATTEMPT, "repetitions": 10, "sets": 3},
        (0, 1),
    ),
    Exercise(
        "on-press",
        "Lift when the hand button is pressed, by the wearer or by a therapist.",
        "assumed",
        {"trigger": BY_BUTTON, "repetitions": 10, "sets": 1, "on_ms": 1500},
        (0, 1),
    ),
    Exercise(
        "strengthen",
        "Train the muscles: 2.5 s on, 2.5 s off.",
        "a trapezoid of published training (2.5 s on, 2.5 s off); 5 x 10 assumed",
        {"rise_ms": 300, "on_ms": 1900, "fall_ms": 300, "off_ms": 2500, "repetitions": 10, "sets": 5},
        (0, 1),
    ),
)

FOR_ANOTHER_WEARER = (
    "Every current is 0, and a channel at 0 is not in use: set a low one before loading, raise it after test bursts.",
    "It is a new profile: contraindications are acknowledged again, and leg and channels are checked again.",
    "Look at current_max_ua and charge_max_nc: they were set for somebody else.",
)
FOR_THE_OTHER_LEG = (
    "Every current is 0, and a channel at 0 is not in use: the other leg has its own threshold, so begin low again.",
    "Set the side of the profile: how the sensor sees lift and eversion is mirrored by it.",
    "Pads, leads and sensor move to the other leg, and a switch too, with start_at 1 to the other heel.",
    "It is a new profile: leg and channels are checked again.",
)


def named(table, name: str):
    """Return the entry of PRESETS or EXERCISES called `name`; KeyError if there is none."""
    for one in table:
        if one.name == name:
            return one
    raise KeyError(name)


def prescription_of(preset, current_ua: int = 0) -> Prescription:
    """Return the prescription of a Preset, with this current in each of its channels."""
    walk = [preset.walk.get(p.name, p.default) for p in WALK_PARAMETERS]
    channels = []
    for index in range(len(preset.channels)):
        own = dict(preset.channels[index])
        own["current_ua"] = current_ua
        channels.append(_changed(default_channel(index), own))
    return Prescription(*walk, tuple(channels))


def without_current(prescription) -> Prescription:
    """Return `prescription` for another wearer or leg: every setting kept, every current 0."""
    walk = [getattr(prescription, p.name) for p in WALK_PARAMETERS]
    return Prescription(*walk, tuple([_changed(c, {"current_ua": 0}) for c in prescription.channels]))


def plan_of(exercise) -> ExercisePlan:
    """Return the plan of an Exercise."""
    values = [exercise.plan.get(p.name, p.default) for p in EXERCISE_PARAMETERS]
    return ExercisePlan(*values, tuple([ExerciseChannel(index, 100) for index in exercise.channels]))


def _changed(setting, own) -> ChannelSetting:
    """MicroPython's namedtuple has no _replace."""
    return ChannelSetting(*[own.get(p.name, getattr(setting, p.name)) for p in CHANNEL_PARAMETERS])
