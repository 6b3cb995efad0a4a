"""Settings as plain records: each value with its unit, its range and one sentence, checked once, when made.

The notes stand in the annotations, so that pydantic reads the same ranges from a file of settings
(`pydantic.TypeAdapter(WalkerSettings)` validates and gives a JSON schema) as Python code is held to.
"""

from dataclasses import fields
from typing import Any, get_type_hints

from pydantic import ConfigDict, Field
from pydantic.fields import FieldInfo

NO_OTHER_KEYS = ConfigDict(extra="forbid")


def number(low: float, high: float, unit: str, sentence: str) -> Any:
    """Return the note of a number: `sentence`, its unit ("" for a share or a count) and what is allowed."""
    said = f"{sentence}, {unit}" if unit else sentence
    return Field(ge=low, le=high, description=f"{said}; {low:g} to {high:g}")


def one_of(names: Any, sentence: str) -> Any:
    """Return the note of a name that must be one of `names`."""
    return Field(description=sentence, json_schema_extra={"enum": list(names)})


def notes_of(record: type) -> dict[str, FieldInfo]:
    """Return the note of each annotated field of a settings class, by name, in order."""
    hints = get_type_hints(record, include_extras=True)
    found = {}
    for f in fields(record):
        for note in getattr(hints[f.name], "__metadata__", ()):
            if isinstance(note, FieldInfo):
                found[f.name] = note
    return found


def check(settings: Any) -> None:
    """Raise ValueError, in one sentence, for the first value that its note does not allow. None passes."""
    for name, note in _notes(type(settings)).items():
        value = getattr(settings, name)
        if value is None:
            continue
        extra = note.json_schema_extra
        if isinstance(extra, dict) and "enum" in extra:
            known = [str(one) for one in extra["enum"]]  # type: ignore[union-attr]
            if value not in known:
                raise ValueError(f"{name} is '{value}'; known are {', '.join(known)}. Name one of these.")
            continue
        low = next((m.ge for m in note.metadata if hasattr(m, "ge")), None)
        high = next((m.le for m in note.metadata if hasattr(m, "le")), None)
        if low is not None and high is not None and not low <= value <= high:
            raise ValueError(
                f"{name} is {value}; allowed is {low:g} to {high:g}. Choose a value in this range."
            )


_NOTES: dict[type, dict[str, FieldInfo]] = {}


def _notes(record: type) -> dict[str, FieldInfo]:
    if record not in _NOTES:
        _NOTES[record] = notes_of(record)
    return _NOTES[record]
