"""What a client gets from a device, in words of a PC: a prescription, a role, or why it did not arm."""

import hashlib
from dataclasses import dataclass
from typing import Any

from firmware_py.link import ops, values
from stimulator.prescription import Prescription, from_bytes
from therapist.link_errors import LinkError, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A prescription on the device.

    phase     one of firmware_py.link.values.PHASE_NAMES
    """

    prescription: Prescription
    revision: int
    phase: str
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlocked:
    """Who a PIN made of somebody.

    made_with   (salt, rounds) that the device asked for, which has proved that it knows the PIN
    """

    user: str
    role: str
    minutes: int
    made_with: tuple[bytes, int]


class NotArmed(LinkError):
    """The device did not arm; `status` says how it stands."""

    def __init__(self, status: Any) -> None:
        from firmware_py.pi.words import of_fault, of_state  # reads a file: only when it is needed

        said = of_fault(status.fault).wearer if status.fault else of_state(status.state)
        super().__init__(f"The device did not arm. {said}")
        self.status = status


class TrialEnded(LinkError):
    """A decision came too late: something else `runs` by now, and the device has changed nothing."""

    def __init__(self, runs: Kept) -> None:
        said = {
            "confirmed": "The confirmed prescription runs now.",
            "on trial": "Another trial runs now.",
            "not confirmed": "The smaller of what was tried and what was confirmed runs now, until somebody confirms "
            "it or goes back.",
        }
        super().__init__(
            f"The trial is over, so nothing was confirmed and nothing changed. {said[runs.phase]} "
            "Look at it (`./swingphase link get`) and at the wearer, then decide anew."
        )
        self.runs = runs


def checked(name: str, reply: Any) -> Any:
    """Return what an answer holds; Refused with the device's reason if it is a no."""
    if reply.result != ops.OK:
        raise Refused(name, reply.result, reply.sentence)
    return reply.values


def kept_of(record: Any) -> Kept:
    """Return the prescription in a value of Active or Committed; LinkError if it does not fit its hash."""
    kept = Kept(
        prescription=from_bytes(record.data),
        revision=record.revision,
        phase=values.PHASE_NAMES[record.phase],
        hash=record.hash,
    )
    if hashlib.sha256(record.data).digest()[: values.HASH_N] != record.hash:
        raise LinkError("The prescription that was read does not fit its hash. Read it again.")
    return kept
