"""A prescription as a TOML file that people write (`firmware_py.pi.table_file`).

[walk] holds the times of the step, [tibialis_anterior] and [peroneal] the first two channels; a third and fourth,
[plantarflexor_medial] and [plantarflexor_lateral], are there if they are named.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from firmware_py.pi.table_file import Section, read_toml, toml_text
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

WALK = Section("walk", WALK_PARAMETERS, default_prescription()._asdict())
CHANNELS = tuple(
    Section(name, CHANNEL_PARAMETERS, default_channel(i)._asdict()) for i, name in enumerate(CHANNEL_NAMES)
)
CHANNELS_ALWAYS = len(default_prescription().channels)


def load_prescription(path: Path) -> Prescription:
    """Read a prescription file; PrescriptionError with one sentence for each thing that is wrong."""
    data, found = read_toml(path, "a prescription", (WALK, *CHANNELS))
    walk = WALK.read(path, data.get(WALK.name, {}), found)
    channels = [c.read(path, data.get(c.name, {}), found) for c in CHANNELS]
    if found:
        raise PrescriptionError(found)
    count = max([CHANNELS_ALWAYS, *(i + 1 for i, c in enumerate(CHANNELS) if c.name in data)])
    return Prescription(*walk, tuple(ChannelSetting(*values) for values in channels[:count]))


def prescription_text(prescription: Prescription, about: Sequence[str] = ()) -> str:
    """Return `prescription` as such a file; `about`: sentences for its head."""
    channels = zip(CHANNEL_NAMES, prescription.channels, strict=False)
    sections = [("walk", WALK_PARAMETERS, prescription)]
    return toml_text([*sections, *((name, CHANNEL_PARAMETERS, c) for name, c in channels)], about)


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
