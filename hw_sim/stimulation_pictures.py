"""Every picture of docs/stimulation.md, drawn from what the emulated stimulator delivered.

`python -m hw_sim.stimulation_pictures DIR [NAME ...]` writes one SVG each; without names all of them.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from hw_sim import exercise_pictures, mode_pictures, walk_pictures

PICTURES: dict[str, Callable[[], str]] = {
    **walk_pictures.PICTURES,
    **mode_pictures.PICTURES,
    **exercise_pictures.PICTURES,
}


def main(arguments: list[str]) -> int:
    """Write the pictures into a folder."""
    parser = argparse.ArgumentParser(prog="python -m hw_sim.stimulation_pictures", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PICTURES))
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.names if name not in PICTURES]
    if unknown:
        parser.error(f"there is no picture {unknown[0]}; known are {', '.join(PICTURES)}. Name one of these.")
    chosen.folder.mkdir(parents=True, exist_ok=True)
    for name in chosen.names or PICTURES:
        text = PICTURES[name]()
        (chosen.folder / f"{name}.svg").write_text(text, encoding="utf-8")
        print(f"{name}: {len(text) // 1000} kB", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
