"""What is wrong with the decisions on one recording, and why each counts: one sentence a fault, for a person."""

from dataclasses import dataclass

import numpy as np

from hw_sim.gait_scores import COVER_MIN, EARLY_S, FRESH_S, LATE_S, Flags, Windows, stretches, windows_of
from hw_sim.recordings import Recording

MISSED, FALSE, DOUBLE, LATE = "missed", "false", "double", "late"
KINDS = (MISSED, FALSE, DOUBLE, LATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that counts against the detector. kind of KINDS; at_s since the recording's start."""

    kind: str
    at_s: float
    why: str


def faults_of(recording: Recording, on: Flags) -> list[Fault]:
    """Return what is wrong with `on` (n,), in the order of time; kinds and numbers as `gait_scores.score` counts."""
    w = windows_of(recording)
    begins, ends = stretches(on, recording.fs)
    faults: list[Fault] = []
    touches_a_step = np.zeros(len(begins), bool)
    for k, (toe_off, contact) in enumerate(zip(w.toe_off_s, w.contact_s, strict=True)):
        first, last = np.searchsorted(ends, toe_off), np.searchsorted(begins, contact)
        touches_a_step[first:last] = True
        touches_a_step |= (begins < w.end_s[k]) & (ends > w.begin_s[k])
        faults += _faults_of_step(w, k, begins[first:last], ends[first:last])
        inside = begins[(begins >= w.begin_s[k]) & (begins < w.end_s[k])]
        for again_s in inside[1:]:
            why = f"On again within the window of step {k + 1} ({_range(w.begin_s[k], w.end_s[k])}): it began at "
            why += f"{inside[0]:.2f} s already. The wearer feels a stutter."
            faults.append(Fault(kind=DOUBLE, at_s=float(again_s), why=why))
    for a, b, touches in zip(begins, ends, touches_a_step, strict=True):
        if not touches and not any(
            b > i / recording.fs and a < j / recording.fs for i, j in recording.ignore
        ):
            faults.append(Fault(kind=FALSE, at_s=float(a), why=_why_false(w, float(a), float(b))))
    return sorted(faults, key=lambda fault: (fault.at_s, KINDS.index(fault.kind)))


def _faults_of_step(w: Windows, k: int, begins: np.ndarray, ends: np.ndarray) -> list[Fault]:
    """Return whether step `k` was missed or late, given the stretches that touch its core."""
    toe_off, contact = float(w.toe_off_s[k]), float(w.contact_s[k])
    name = f"Step {k + 1} (toe-off to contact {_range(toe_off, contact)})"
    if not w.is_clear[k]:
        name += ", of which the labels show no clear swing (a turn, a first or a dragged step),"
    if not len(begins):
        return [Fault(kind=MISSED, at_s=toe_off, why=f"{name} is missed: nothing was on.")]
    shared = np.minimum(ends, contact) - np.maximum(begins, toe_off)
    share = max(float(shared.sum()), 0) / (contact - toe_off)
    best = int(np.argmax(shared))
    if share < COVER_MIN:
        why = f"{name} is missed: on for {share:.0%} of it ({_range(begins[best], ends[best])}); "
        return [Fault(kind=MISSED, at_s=toe_off, why=why + f"{COVER_MIN:.0%} is needed.")]
    if begins[best] < w.begin_s[k] - FRESH_S:
        why = (
            f"{name} is missed: on since {begins[best]:.2f} s, before this step could begin at "
            f"{w.begin_s[k]:.2f} s ({EARLY_S:g} s before heel-off, or the end of the step before). "
            "It was left on and did not begin for this step."
        )
        return [Fault(kind=MISSED, at_s=toe_off, why=why)]
    if begins[0] - toe_off > LATE_S:
        why = f"{name} is found late: on {1000 * (begins[0] - toe_off):.0f} ms after toe-off, "
        why += f"over {1000 * LATE_S:.0f} ms. The toe has dragged by then."
        return [Fault(kind=LATE, at_s=float(begins[0]), why=why)]
    return []


def _why_false(w: Windows, begin_s: float, end_s: float) -> str:
    why = f"On {_range(begin_s, end_s)}, and that touches no step and no range without labels"
    gaps = [(max(b - end_s, begin_s - e), k) for k, (b, e) in enumerate(zip(w.begin_s, w.end_s, strict=True))]
    if not gaps:
        return why + "; no step is labelled."
    gap_s, k = min(gaps)
    return why + f"; the nearest is step {k + 1}, {gap_s:.2f} s away."


def _range(a: float, b: float) -> str:
    return f"{a:.2f} to {b:.2f} s"
