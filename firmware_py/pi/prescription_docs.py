"""Write docs/prescription.md from the parameter table: `python -m firmware_py.pi.prescription_docs`."""

from pathlib import Path

from stimulator.parameters import CHANNEL_NAMES, CHANNEL_PARAMETERS, WALK_PARAMETERS, Parameter
from stimulator.prescription import default_prescription

PAGE = Path(__file__).resolve().parents[2] / "docs" / "prescription.md"


def page() -> str:
    """Return the page: every setting with unit, default, ranges and its sentence."""
    default = default_prescription()
    lines = [
        "# Prescription: every setting",
        "",
        "A prescription is a TOML file for `./swingphase demo --prescription FILE` and `replay`. What it leaves",
        "out has its default; an unknown key is refused. Values outside the allowed range are refused, values",
        "outside the recommended range are pointed out. Current times width must stay below `charge_max_nc`,",
        "current below `current_max_ua`, and the rates of all channels together below what the stimulator can answer",
        "(P24: 100 a second). This page is made from `stimulator/parameters.py`.",
        "",
        "```toml",
        "[walk]",
        "rise_ms = 250",
        "extension_ms = 150",
        "",
        "[tibialis_anterior]",
        "current_ua = 28000",
        "",
        "[peroneal]",
        "current_ua = 18000",
        "```",
        "",
        "## `[walk]`: the step",
        "",
        *_table(WALK_PARAMETERS, [[getattr(default, p.name)] for p in WALK_PARAMETERS]),
        "",
        f"## {' and '.join(f'`[{n}]`' for n in CHANNEL_NAMES)}: the channels",
        "",
        "Where two defaults stand, the first is of tibialis anterior, the second of peroneal.",
        "",
        *_table(
            CHANNEL_PARAMETERS, [[getattr(c, p.name) for c in default.channels] for p in CHANNEL_PARAMETERS]
        ),
        "",
    ]
    return "\n".join(lines)


def _table(parameters: tuple[Parameter, ...], defaults: list[list[int]]) -> list[str]:
    lines = [
        "| setting | unit | default | allowed | recommended | step | |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for p, values in zip(parameters, defaults, strict=True):
        default = " / ".join(str(v) for v in dict.fromkeys(values))
        lines.append(
            f"| `{p.name}` | {p.unit} | {default} | {p.min} to {p.max} | {p.recommended_min} to "
            f"{p.recommended_max} | {p.step} | {p.help} |"
        )
    return lines


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
