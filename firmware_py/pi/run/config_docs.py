"""Write docs/configuration.md and swingphase.example.toml: `python -m firmware_py.pi.run.config_docs`."""

import inspect
import json
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from firmware_py.pi.console import ROOT
from firmware_py.pi.run.config import RunConfig

PAGE = ROOT / "docs" / "configuration.md"
EXAMPLE = ROOT / "swingphase.example.toml"

HEAD = """# Configuration of `./swingphase run`

`swingphase.toml` says what is wired to this computer and who wears it. Copy `swingphase.example.toml`, which holds
every key with its default, then ask what is missing:

```
cp swingphase.example.toml swingphase.toml
./swingphase run --config swingphase.toml --check
```

What is left out has its default; an unknown key or a value outside is refused with a sentence. Wiring and parts:
`docs/boards.md`. The settings of the stimulation are another file, `docs/prescription.md`. This page is made from
`firmware_py/pi/run/config.py`.
"""


def page() -> str:
    """Return the page: every key with default, what is allowed, and its sentence."""
    lines = [HEAD]
    for section, model in sections():
        lines += [f"## `[{section}]`", "", inspect.cleandoc(model.__doc__ or ""), ""]
        lines += ["| key | default | allowed | |", "| --- | --- | --- | --- |"]
        lines += [
            f"| `{name}` | `{default(field)}` | {allowed(field)} | {field.description} |"
            for name, field in model.model_fields.items()
        ]
        lines.append("")
    return "\n".join(lines)


def example() -> str:
    """Return the example file: every key at its default, its sentence above it."""
    lines = ["# What is wired to this computer and who wears it: docs/configuration.md.", ""]
    for section, model in sections():
        lines += [f"# {said.strip()}".rstrip() for said in (model.__doc__ or "").strip().splitlines()]
        lines.append(f"[{section}]")
        for name, field in model.model_fields.items():
            lines.append(f"# {field.description}")
            lines.append(f"{name} = {default(field)}")
        lines.append("")
    return "\n".join(lines)


def sections() -> list[tuple[str, type[BaseModel]]]:
    """Return name and model of every section."""
    models: dict[str, object] = {name: field.annotation for name, field in RunConfig.model_fields.items()}
    return [
        (name, one) for name, one in models.items() if isinstance(one, type) and issubclass(one, BaseModel)
    ]


def default(field: FieldInfo) -> str:
    """Return a key's default as TOML writes it (for these types JSON is the same)."""
    return json.dumps(field.get_default())


def allowed(field: FieldInfo) -> str:
    """Return in words what a key may be."""
    choices = get_args(field.annotation)
    if choices and all(isinstance(one, str) for one in choices):
        return ", ".join(f"`{one}`" for one in choices)
    if field.annotation is int:
        low = next((m.ge for m in field.metadata if hasattr(m, "ge")), None)
        high = next((m.le for m in field.metadata if hasattr(m, "le")), None)
        return f"{low} to {high}"
    if field.annotation is bool:
        return "`true`, `false`"
    return "text" if field.annotation is str else "three of `+x -x +y -y +z -z`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    EXAMPLE.write_text(example(), encoding="utf-8")
