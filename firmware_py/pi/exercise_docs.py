"""Write docs/exercise.md from the parameter table: `python -m firmware_py.pi.exercise_docs`."""

from pathlib import Path

from firmware_py.pi.exercise_file import SHARE
from firmware_py.pi.prescription_docs import settings_table
from stimulator.exercise_plan import EXERCISE_PARAMETERS, total_s
from stimulator.presets import EXERCISES, plan_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "exercise.md"

HEAD = """# Exercise plan: every setting

A plan is a TOML file for `./swingphase exercise --plan FILE`. What it leaves out has its default; an unknown key is
refused. Strength, width, rate and waveform are those of the prescription. A section per channel says that it takes
part, and with what share of its strength; without such a section every prescribed channel does. If they take turns,
they come in the order of the file. How an exercise runs is drawn in [stimulation.md](stimulation.md). This page is made
from `stimulator/exercise_plan.py` and `stimulator/presets.py`.

```toml
[exercise]
repetitions = 12
sets = 3
trigger = 2              # by own attempt

[tibialis_anterior]
[peroneal]
share_percent = 80
```
"""


def page() -> str:
    """Return the page: every setting of a plan, and the exercises that have a name."""
    lines = [HEAD, "## `[exercise]`", ""]
    lines += settings_table(EXERCISE_PARAMETERS, [[p.default] for p in EXERCISE_PARAMETERS])
    lines += ["", "## `[tibialis_anterior]`, `[peroneal]` and the plantarflexors", ""]
    lines += settings_table(SHARE, [[p.default] for p in SHARE])
    lines += [
        "",
        "## Exercises by name",
        "",
        "`./swingphase exercise --preset NAME` runs one on a simulated person, `--write FILE` makes it a file.",
        "",
        "| exercise | what | lasts at most | source |",
        "| --- | --- | --- | --- |",
    ]
    lines += [f"| `{e.name}` | {e.about} | {total_s(plan_of(e))} s | {e.source} |" for e in EXERCISES]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
