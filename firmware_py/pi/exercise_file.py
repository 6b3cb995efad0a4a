"""The plan of an exercise as a TOML file that people write (`firmware_py.pi.table_file`).

[exercise] holds times, repetitions and sets; a section per channel, such as [peroneal], says that it takes part and
with what share of the prescribed strength, in the order in which they come if they take turns. Without such a section
every channel that is prescribed takes part.
"""

from collections.abc import Sequence
from pathlib import Path

from firmware_py.pi.table_file import Section, read_toml, toml_text
from stimulator.exercise_plan import (
    EXERCISE_CHANNEL_PARAMETERS,
    EXERCISE_PARAMETERS,
    ExerciseChannel,
    ExercisePlan,
    default_plan,
)
from stimulator.parameters import CHANNEL_NAMES
from stimulator.prescription import Prescription, PrescriptionError

SHARE = tuple(p for p in EXERCISE_CHANNEL_PARAMETERS if p.name != "channel")  # the section's name says which
EXERCISE = Section("exercise", EXERCISE_PARAMETERS, default_plan()._asdict())
CHANNELS = tuple(Section(name, SHARE, {p.name: p.default for p in SHARE}) for name in CHANNEL_NAMES)


def load_plan(path: Path, prescription: Prescription) -> ExercisePlan:
    """Read a plan; PrescriptionError with one sentence for each thing that is wrong. It is not yet checked."""
    data, found = read_toml(path, "an exercise plan", (EXERCISE, *CHANNELS))
    values = EXERCISE.read(path, data.get(EXERCISE.name, {}), found)
    by_name = {c.name: (i, c) for i, c in enumerate(CHANNELS)}
    channels = []
    for name, content in data.items():
        if name in by_name:
            index, section = by_name[name]
            shares = section.read(path, content, found)
            channels.append(ExerciseChannel(index, *(shares or (100,))))
    if found:
        raise PrescriptionError(found)
    if not channels:
        channels = [ExerciseChannel(i, 100) for i, c in enumerate(prescription.channels) if c.current_ua > 0]
    return ExercisePlan(*values, tuple(channels))


def plan_text(plan: ExercisePlan, about: Sequence[str] = ()) -> str:
    """Return `plan` as such a file; `about`: sentences for its head."""
    channels = [(CHANNEL_NAMES[c.channel], SHARE, c) for c in plan.channels]
    return toml_text([("exercise", EXERCISE_PARAMETERS, plan), *channels], about)
