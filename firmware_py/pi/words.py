"""What faults, refusals, states and warnings are called, in sentences: `safety/words.toml`, for all that show them."""

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path

from firmware_py import guard_session
from safety import faults, reasons, supervisor

FILE = Path(faults.__file__).with_name("words.toml")


@dataclass(frozen=True, slots=True)
class FaultWords:
    """One sentence for whoever wears the device, one for whoever has to find the cause."""

    wearer: str
    engineer: str


def of_fault(fault_id: int) -> FaultWords:
    """Return the sentences of a fault of `safety.faults`; KeyError for a number that is none."""
    return _faults()[fault_id]


def of_reason(reason: int) -> str:
    """Return the sentence of a reason of `safety.reasons`; KeyError for a number that is none."""
    return _reasons()[reason]


def of_state(state: int) -> str:
    """Return the sentence of a state of `safety.supervisor`; KeyError for a number that is none."""
    return _states()[state]


def of_warnings(warnings: int) -> list[str]:
    """Return the sentences of a sum of WARN_* of `firmware_py.guard_session`; none for a bit that is none."""
    return [sentence for bit, sentence in _warnings().items() if warnings & bit]


@functools.cache
def _faults() -> dict[int, FaultWords]:
    return {getattr(faults, name): FaultWords(**words) for name, words in _read()["faults"].items()}


@functools.cache
def _reasons() -> dict[int, str]:
    return {getattr(reasons, name): sentence for name, sentence in _read()["reasons"].items()}


@functools.cache
def _states() -> dict[int, str]:
    return {getattr(supervisor, name): sentence for name, sentence in _read()["states"].items()}


@functools.cache
def _warnings() -> dict[int, str]:
    return {getattr(guard_session, name): sentence for name, sentence in _read()["warnings"].items()}


def _read() -> dict[str, dict]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))
