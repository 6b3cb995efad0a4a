"""TOML files of settings that people write, checked by pydantic against a parameter table.

What is left out has its default. Unknown keys are refused: a typing error must not silently do nothing.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from stimulator.parameters import Parameter
from stimulator.prescription import PrescriptionError


class Section:
    """One section of a file: its table, and the defaults of what it leaves out."""

    def __init__(self, name: str, table: Sequence[Parameter], defaults: Mapping[str, int]) -> None:
        self.name = name
        self.table = table
        fields = {
            p.name: (
                int,
                Field(
                    default=defaults[p.name],
                    ge=p.min,
                    le=p.max,
                    strict=True,
                    description=p.help,
                    json_schema_extra={"unit": p.unit, "step": p.step},
                ),
            )
            for p in table
        }
        made = create_model(name, __config__=ConfigDict(extra="forbid", frozen=True), **fields)  # type: ignore[call-overload]
        self.model: type[BaseModel] = made

    def read(self, path: Path, data: object, found: list[str]) -> list[int]:
        """Return the values in table order; add a sentence to `found` for each thing that is wrong."""
        try:
            values = self.model.model_validate(data)
        except ValidationError as e:
            found += [self._sentence(path, dict(error)) for error in e.errors()]
            return []
        return [getattr(values, p.name) for p in self.table]

    def _sentence(self, path: Path, error: dict) -> str:
        section = self.name
        if not error["loc"]:
            return f"{path}: [{section}] is not a section with settings. Write [{section}] and its keys below it."
        name = str(error["loc"][0])
        for p in self.table:
            if p.name == name:
                unit = f" {p.unit}" if p.unit else ""
                return (
                    f"{path}: {name} in [{section}] is {error['input']!r}; allowed is a whole number from {p.min} "
                    f"to {p.max}{unit}. Choose a value inside."
                )
        names = ", ".join(p.name for p in self.table)
        return f"{path}: there is no setting {name} in [{section}]; allowed are {names}. Rename or remove it."


def read_toml(path: Path, what: str, sections: Sequence[Section]) -> tuple[dict[str, object], list[str]]:
    """Return the content of a file and a sentence for each section that it should not have.

    PrescriptionError if it cannot be read at all. `what` it is, in words: "a prescription".
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise PrescriptionError(
            [f"{path} cannot be read ({e.strerror}); {what} is a TOML file. Check the name."]
        ) from e
    except (ValueError, RecursionError) as e:
        raise PrescriptionError([f"{path} is not TOML ({e}); mend the line named there."]) from e
    names = [s.name for s in sections]
    allowed = ", ".join(f"[{name}]" for name in names)
    found = [
        f"{path}: there is no section [{name}]; allowed are {allowed}. Rename it."
        for name in data
        if name not in names
    ]
    return data, found


def toml_text(sections: Sequence[tuple[str, Sequence[Parameter], object]], about: Sequence[str] = ()) -> str:
    """Return a file: sentences for its head, then (section, table, values) with every value written out."""
    lines = [f"# {sentence}" for sentence in about]
    for section, table, values in sections:
        lines += ["", f"[{section}]", *(f"{p.name} = {getattr(values, p.name)}" for p in table)]
    return "\n".join(lines).lstrip("\n") + "\n"
