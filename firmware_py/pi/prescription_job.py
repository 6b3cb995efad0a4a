"""`./swingphase prescription`: files from presets, for another wearer, for the other leg; and a check of a file."""

import argparse
from pathlib import Path

from firmware_py.pi.console import UserError
from firmware_py.pi.prescription_file import load_prescription, prescription_text
from stimulator.drivers.capability import P24
from stimulator.prescription import Prescription, checked, prescription_hash, warnings
from stimulator.presets import (
    FOR_ANOTHER_WEARER,
    FOR_THE_OTHER_LEG,
    PRESETS,
    named,
    prescription_of,
    without_current,
)


def main(arguments: list[str]) -> int:
    """Write or check one prescription."""
    parser = argparse.ArgumentParser(prog="./swingphase prescription", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--list", action="store_true", help="all presets, with their sources")
    what.add_argument(
        "--preset", metavar="NAME", help="a starting point; every current is 0 unless --current says"
    )
    what.add_argument("--copy", metavar="FILE", help="the same for another wearer: a new profile, currents 0")
    what.add_argument(
        "--mirror", metavar="FILE", help="the same for the other leg: a new profile, currents 0"
    )
    what.add_argument("--check", metavar="FILE", help="may it be used, on a P24?")
    parser.add_argument(
        "--current", metavar="MA", type=float, help="with --preset: of each channel, 0 to 60 mA"
    )
    parser.add_argument("--out", metavar="FILE", help="where to write (default: on the screen)")
    chosen = parser.parse_args(arguments)
    if chosen.list:
        print("\n".join(f"{p.name:15} {p.about}\n{'':15} Source: {p.source}." for p in PRESETS))
        return 0
    if chosen.check:
        return _check(Path(chosen.check))
    prescription, about = _made(chosen)
    checked(prescription, P24)
    text = prescription_text(prescription, about)
    if chosen.out:
        Path(chosen.out).write_text(text, encoding="utf-8")
        print("\n".join([*about, f"Written: {chosen.out} ({prescription_hash(prescription)})"]))
    else:
        print(text, end="")
    return 0


def _made(chosen: argparse.Namespace) -> tuple[Prescription, tuple[str, ...]]:
    if chosen.preset is None:
        if chosen.current is not None:
            raise UserError(
                "--current goes with --preset only. Leave it out, and set current_ua in the file."
            )
        sentences = FOR_ANOTHER_WEARER if chosen.copy else FOR_THE_OTHER_LEG
        return without_current(load_prescription(Path(chosen.copy or chosen.mirror))), sentences
    try:
        preset = named(PRESETS, chosen.preset)
    except KeyError:
        names = ", ".join(p.name for p in PRESETS)
        raise UserError(
            f"There is no preset {chosen.preset}; known are {names}. Name one of these."
        ) from None
    current_ma = chosen.current or 0.0
    if not 0.0 <= current_ma <= 60.0:
        raise UserError(f"--current is {current_ma:g}; allowed is 0 to 60 mA. Choose a value inside.")
    about = (f"Preset {preset.name}: {preset.about}", f"Source: {preset.source}.")
    return prescription_of(preset, round(current_ma * 1000)), about


def _check(path: Path) -> int:
    prescription = checked(load_prescription(path), P24)
    for sentence in warnings(prescription):
        print(f"Note: {sentence}")
    rate_hz = sum(c.rate_hz for c in prescription.channels if c.current_ua > 0)
    print(f"{path} may be used on a P24 ({rate_hz} of {P24.commands_per_s_max} pulses a second).")
    print(f"Hash {prescription_hash(prescription)}")
    return 0
