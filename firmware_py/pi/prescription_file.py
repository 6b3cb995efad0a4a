"""A prescription as a TOML file that people write, checked by pydantic against the parameter table.

[walk] holds the times of the step, [tibialis_anterior] and [peroneal] the first two channels; a third and fourth,
[plantarflexor_medial] and [plantarflexor_lateral], are there if they are named. What is left out has the default of
the table. Unknown keys are refused: a typing error must not silently do nothing.
"""

import argparse
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from stimulator.drivers.capability import P24
from stimulator.parameters import CHANNEL_NAMES, CHANNEL_PARAMETERS, WALK_PARAMETERS
from stimulator.prescription import (
    ChannelSetting,
    Prescription,
    PrescriptionError,
    checked,
    default_channel,
    default_prescription,
    warnings,
)


def _model(name: str, table, defaults) -> type[BaseModel]:
    fields = {
        p.name: (
            int,
            Field(
                default=getattr(defaults, p.name),
                ge=p.min,
                le=p.max,
                strict=True,
                description=p.help,
                json_schema_extra={"unit": p.unit, "step": p.step},
            ),
        )
        for p in table
    }
    return create_model(name, __config__=ConfigDict(extra="forbid", frozen=True), **fields)  # type: ignore[call-overload]


_DEFAULT = default_prescription()
WalkModel = _model("Walk", WALK_PARAMETERS, _DEFAULT)
CHANNEL_MODELS = {
    name: _model(name, CHANNEL_PARAMETERS, default_channel(i)) for i, name in enumerate(CHANNEL_NAMES)
}
CHANNELS_ALWAYS = len(_DEFAULT.channels)


def load_prescription(path: Path) -> Prescription:
    """Read a prescription file; PrescriptionError with one sentence for each thing that is wrong."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise PrescriptionError(
            [f"{path} cannot be read ({e.strerror}); a prescription is a TOML file. Check the name."]
        ) from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise PrescriptionError([f"{path} is not TOML ({e}); mend the line named there."]) from e
    sections = {"walk": WalkModel, **CHANNEL_MODELS}
    found = [
        f"{path}: there is no section [{name}]; allowed are {', '.join(f'[{s}]' for s in sections)}. Rename it."
        for name in data
        if name not in sections
    ]
    models: dict[str, BaseModel] = {}
    for name, model in sections.items():
        try:
            models[name] = model.model_validate(data.get(name, {}))
        except ValidationError as e:
            found += [_sentence(path, name, dict(error)) for error in e.errors()]
    if found:
        raise PrescriptionError(found)
    walk = [getattr(models["walk"], p.name) for p in WALK_PARAMETERS]
    count = max([CHANNELS_ALWAYS, *(i + 1 for i, name in enumerate(CHANNEL_NAMES) if name in data)])
    channels = tuple(
        ChannelSetting(*[getattr(models[name], p.name) for p in CHANNEL_PARAMETERS])
        for name in CHANNEL_NAMES[:count]
    )
    return Prescription(*walk, channels)


def prescription_text(prescription: Prescription, about: Sequence[str] = ()) -> str:
    """Return `prescription` as such a file, every value written out; `about`: sentences for its head."""
    lines = [f"# {sentence}" for sentence in about]
    rows = [("walk", WALK_PARAMETERS, prescription)]
    rows += [(CHANNEL_NAMES[i], CHANNEL_PARAMETERS, c) for i, c in enumerate(prescription.channels)]
    for section, table, values in rows:
        lines += ["", f"[{section}]", *(f"{p.name} = {getattr(values, p.name)}" for p in table)]
    return "\n".join(lines).lstrip("\n") + "\n"


def add_prescription_option(parser: argparse.ArgumentParser) -> None:
    """Let a job take `--prescription FILE`."""
    parser.add_argument(
        "--prescription", metavar="FILE", help="TOML file; what it leaves out has its default"
    )


def chosen_prescription(chosen: argparse.Namespace, capability=P24) -> Prescription | None:
    """Return what `--prescription` names, checked for this stimulator, with its warnings on stderr; else None."""
    if not chosen.prescription:
        return None
    prescription = checked(load_prescription(Path(chosen.prescription)), capability)
    for sentence in warnings(prescription):
        print(f"Note: {sentence}", file=sys.stderr)
    return prescription


def _sentence(path: Path, section: str, error: dict) -> str:
    table = WALK_PARAMETERS if section == "walk" else CHANNEL_PARAMETERS
    if not error["loc"]:
        return f"{path}: [{section}] is not a section with settings. Write [{section}] and its keys below it."
    name = str(error["loc"][0])
    for p in table:
        if p.name == name:
            return (
                f"{path}: {name} in [{section}] is {error['input']!r}; allowed is a whole number from {p.min} "
                f"to {p.max}{f' {p.unit}' if p.unit else ''}. Choose a value inside."
            )
    names = ", ".join(p.name for p in table)
    return f"{path}: there is no setting {name} in [{section}]; allowed are {names}. Rename or remove it."
