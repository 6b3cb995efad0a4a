"""Measure on a real board: bring what `firmware_py/boards/bench.py` needs, run it, take it away again.

No output moves: the whole loop runs on made-up samples with a stage that has no pins. Never while armed.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware_py.cycle import CYCLE_US
from firmware_py.pi.board.build import compile_file
from firmware_py.pi.board.closure import needed_by
from firmware_py.pi.board.deploy import FACTS, HELPERS, become_idle, hashes_of, put_file
from firmware_py.pi.board.line import BoardLine
from firmware_py.pi.console import ROOT, UserError

BENCH = "firmware_py.boards.bench"
BUILD = "/build.txt"
PLATFORMS = ("rp2", "esp32")
BAR_N = 40
BUDGET_SHARE = 3  # a tick that takes more than a third of its cycle leaves too little for radio and flash


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the board said; the fields of `bench.run`, and the build that was on it."""

    build: str
    found: dict[str, Any]


def measure(line: BoardLine, seconds: int, *, radio: bool, say: Callable[[str], None]) -> Measured:
    """Run the bench on the board at `line`; UserError if it cannot."""
    become_idle(line)
    line.enter_console()
    line.run(HELPERS)
    platform = line.ask(FACTS)[0]
    if platform not in PLATFORMS:
        raise UserError(f"The board is of the kind {platform}; the loop runs on {' and '.join(PLATFORMS)}.")
    build = line.ask(
        f"try:\n f = open({BUILD!r})\n print(json.dumps(f.read().strip()))\n f.close()\n"
        "except OSError:\n print(json.dumps('no build'))"
    )
    brought = _bring(platform, line, say)
    try:
        cycles = seconds * 1_000_000 // CYCLE_US
        found = line.ask(f"from {BENCH} import run\nrun({cycles}, {radio}, w.feed)")
    finally:
        for name in brought:
            line.run(f"remove({name!r})")
    line.reset()
    return Measured(build=build, found=found)


def _bring(platform: str, line: BoardLine, say: Callable[[str], None]) -> list[str]:
    """Put the files that are not on the board; return their names."""
    sources = {
        source.relative_to(ROOT).with_suffix(".mpy").as_posix(): source
        for source in needed_by(platform, start=BENCH)
    }
    there = hashes_of(sorted(sources), line)
    missing = [name for name in sorted(sources) if not there[name]]
    say(f"bringing {len(missing)} files")
    with tempfile.TemporaryDirectory() as scratch:
        for name in missing:
            target = Path(scratch) / name
            compile_file(sources[name], target)
            put_file(name, target.read_bytes(), line)
    return missing


def report(measured: Measured) -> str:
    """Return what was measured as text: a histogram of the ticks, then what stands beside it."""
    found = measured.found
    bins, bin_us = found["bins"], found["bin_us"]
    top = max(i for i, n in enumerate(bins) if n) if any(bins) else 0
    most = max(*bins, 1)
    rows = [f"{found['machine']}, build: {measured.build}, radio: {found['radio']}"]
    for i in range(top + 1):
        bar = "#" * -(-bins[i] * BAR_N // most)
        end = "" if i < len(bins) - 1 else " and more"
        rows.append(f"{i * bin_us / 1000:6.2f} ms{end} {bins[i]:8,} {bar}")
    rows += [
        f"tick: mean {found['mean_us'] / 1000:.2f} ms, longest {found['longest_us'] / 1000:.2f} ms of "
        f"{CYCLE_US / 1000:.0f} ms; {found['cycles']:,} cycles",
        f"steps of the guard between two ticks: {found['guard_steps']:,}",
        f"late: {found['late_us'] / 1000:.2f} ms at most; ticks left out: {found['left_out']}",
        f"pulses asked for and answered: {found['pulses']:,} (no pin moved)",
        f"collecting memory: {_span(found['gc_us'])}; a page to the flash: {_span(found['page_us'])}",
        f"heap: {found['heap_used']:,} bytes used with the loop built, {found['heap_free']:,} free",
        verdict(found),
    ]
    return "\n".join(rows)


def verdict(found: dict[str, Any]) -> str:
    """Return one sentence: does this board keep the cycle?"""
    if found["left_out"]:
        return f"Not good enough: {found['left_out']} ticks were left out. Do not use this board as it is."
    if found["longest_us"] * BUDGET_SHARE > CYCLE_US * 2:
        return "Not good enough: the longest tick takes more than two thirds of its cycle."
    if found["longest_us"] * BUDGET_SHARE > CYCLE_US:
        return "It keeps the cycle, with less than two thirds to spare: measure again with --radio and your own build."
    return "It keeps the cycle, with two thirds to spare."


def _span(times_us: list[int]) -> str:
    if not times_us:
        return "not measured"
    return f"{min(times_us) / 1000:.1f} to {max(times_us) / 1000:.1f} ms"
