"""Write docs/prescription.md from the parameter table: `python -m firmware_py.pi.prescription_docs`."""

from collections.abc import Sequence
from pathlib import Path

from stimulator.parameters import CHANNEL_NAMES, CHANNEL_PARAMETERS, WALK_PARAMETERS, Parameter
from stimulator.prescription import default_channel, default_prescription
from stimulator.presets import FOR_ANOTHER_WEARER, FOR_THE_OTHER_LEG, PRESETS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "prescription.md"

HEAD = """# Prescription: every setting

A prescription is a TOML file for `./swingphase demo --prescription FILE` and `replay`. What it leaves
out has its default; an unknown key is refused. Values outside the allowed range are refused, values
outside the recommended range are pointed out. Current times width must stay below `charge_max_nc`,
current below `current_max_ua`, and the rates of all channels together below what the stimulator can answer
(P24: 100 a second), as if all channels were on all the time: 2 channels at 50 Hz, 3 at 33, 4 at 25.

What each setting does to the pulses is drawn in [stimulation.md](stimulation.md). `./swingphase prescription`
writes a file from a preset, or for another wearer or leg. This page is made from `stimulator/parameters.py`.

```toml
[walk]
rise_ms = 250
extension_ms = 150

[tibialis_anterior]
current_ua = 28000

[peroneal]
current_ua = 18000

[plantarflexor_medial]   # a third and fourth channel are there if they are named
current_ua = 20000
rate_hz = 20
```
"""
TAIL = """## What must fit together

One step is one burst, without a pause in it: whatever holds a next burst back would take the help away in
mid-swing. So a channel that ends before the last one ends where another has begun, and holds on until that
one has given its first pulse. The last channel ends at 40 % or later. With `waveform` 1 a P24 needs currents
in multiples of 2000 uA (its second phase has a quarter of them), and it has no doublet below 10 ms. While a
walk runs, a change raises a channel by at most 5 mA and 1.5 uC, and the waveform stays.

A file of an older version reads with the defaults for what it does not name. Bytes of an older version (what
the radio sends and the device keeps) are refused: their hash would name settings that nobody has seen.
"""


def page() -> str:
    """Return the page: every setting with unit, default, ranges and its sentence."""
    default = default_prescription()
    lines = [
        HEAD,
        "## `[walk]`: the step",
        "",
        *settings_table(WALK_PARAMETERS, [[getattr(default, p.name)] for p in WALK_PARAMETERS]),
        "",
        f"## {', '.join(f'`[{n}]`' for n in CHANNEL_NAMES)}: the channels",
        "",
        "Where more than one default stands, the first is of tibialis anterior, the second of peroneal, the last of",
        "both plantarflexors (push-off). They give nothing until `current_ua` says how much.",
        "",
        *settings_table(
            CHANNEL_PARAMETERS,
            [
                [getattr(default_channel(i), p.name) for i in range(len(CHANNEL_NAMES))]
                for p in CHANNEL_PARAMETERS
            ],
        ),
        "",
        TAIL,
        *preset_lines(),
        "",
    ]
    return "\n".join(lines)


def preset_lines() -> list[str]:
    """Return the lines about presets."""
    lines = [
        "## Presets: starting points without a strength",
        "",
        "`./swingphase prescription --preset NAME --current MA --out FILE`. Without `--current` every current is 0.",
        "",
        "| preset | for whom | differs from the defaults | source |",
        "| --- | --- | --- | --- |",
    ]
    for preset in PRESETS:
        changes = [f"`{k}` {v}" for k, v in preset.walk.items()]
        for index, own in enumerate(preset.channels):
            name = CHANNEL_NAMES[index].replace("_", " ")
            changes += [f"{name}: `{k}` {v}" for k, v in own.items()]
        lines.append(f"| `{preset.name}` | {preset.about} | {', '.join(changes)} | {preset.source} |")
    return [
        *lines,
        "",
        "## For another wearer, for the other leg",
        "",
        "`./swingphase prescription --copy FILE` keeps every setting but the strength for another wearer:",
        "",
        *(f"- {sentence}" for sentence in FOR_ANOTHER_WEARER),
        "",
        "`./swingphase prescription --mirror FILE` keeps every setting but the strength for the other leg:",
        "",
        *(f"- {sentence}" for sentence in FOR_THE_OTHER_LEG),
    ]


def settings_table(parameters: Sequence[Parameter], defaults: Sequence[Sequence[int]]) -> list[str]:
    """Return the lines of a table: one row per parameter, all its different defaults in their order."""
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
