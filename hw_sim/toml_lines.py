"""On which line of a TOML file a key stands: tomllib does not say, and people want to know."""

import re
from collections.abc import Sequence

_NAME = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_DOTTED = rf"({_NAME}(?:\s*\.\s*{_NAME})*)"
_TABLE = re.compile(rf"\s*\[(\[?)\s*{_DOTTED}\s*\]?\]\s*(?:#.*)?$")
_KEY = re.compile(rf"\s*{_DOTTED}\s*=")
Place = tuple[str | int, ...]


def line_of(text: str, place: Sequence[str | int]) -> int:
    """Return the line (from 1) of the key or table at `place`, or of what holds it; 1 if nothing of it is there.

    place   keys and, for arrays of tables, indices from 0, as pydantic's `loc`: ("event", 2, "at_s")
    """
    lines = _lines(text)
    wanted = tuple(place)
    while wanted:
        if wanted in lines:
            return lines[wanted]
        wanted = wanted[:-1]
    return 1


def _lines(text: str) -> dict[Place, int]:
    found: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    table: Place = ()
    for number, line in enumerate(text.splitlines(), 1):
        if match := _TABLE.match(line):
            table = ()
            names = _names(match[2])
            for depth, name in enumerate(names):
                table = (*table, name)
                is_last = depth == len(names) - 1
                if match[1] and is_last:
                    counts[table] = counts.get(table, -1) + 1
                if table in counts:
                    table = (*table, counts[table])
            found.setdefault(table, number)
        elif match := _KEY.match(line):
            place = table
            for name in _names(match[1]):
                place = (*place, name)
                found.setdefault(place, number)
    return found


def _names(dotted: str) -> list[str]:
    return [name.strip("\"'") for name in re.findall(_NAME, dotted)]
