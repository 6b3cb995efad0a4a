"""What of the detector's decision reached the person as current: the benchmark's `--delivered` rows, and what was lost.

Each recording runs through the whole loop (detector, scheduler, gate, driver, emulated P24) over a cable in
memory. The foot counts as helped while it swings and pulses of every prescribed channel follow each other.
Pulses after the swing (extension and fall) are left out: they are wanted, and no error of timing. Why a step
that was detected did not arrive is read from the black box.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from firmware_py import blackbox
from firmware_py.pi import words
from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.gait_runs import Job, Result, result_of
from hw_sim.gait_scores import Flags, windows_of
from hw_sim.recordings import RecordingError
from hw_sim.replay import Replay, replay
from hw_sim.world import world_us
from stimulator.prescription import Prescription

GAP_PERIODS = 2  # one pulse left out is still a train
NOT_ASKED = "Nothing was asked for: the envelope had no level yet."
TOO_SHORT = "Every pulse asked for was granted, but the train covered less than half of the swing."


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One recording through the whole loop.

    detected, delivered   how the decisions and the granted pulses score
    lost                  sentence -> steps that were detected and not delivered, by what happened most in each
    """

    detected: Result
    delivered: Result
    lost: Counter[str]


def deliver(row: tuple[Job, Prescription]) -> Delivery:
    """Run one job through the loop; it must be as recorded, not turned or biased."""
    job, prescription = row
    if job.rotation is not None or job.bias_rad_s:
        raise RecordingError(
            "Delivered pulses can be scored for recordings as they are only. Leave --misalign and --bias out."
        )
    run = replay(job.recording, prescription, make_link=MemoryLink)
    detected = result_of(job, _is_detected(run))
    delivered = result_of(job, is_delivered(run, prescription))
    return Delivery(detected=detected, delivered=delivered, lost=_lost(run, detected, delivered))


def is_delivered(result: Replay, prescription: Prescription) -> Flags:
    """Return, for each sample of the recording, whether the foot swung and was stimulated then, (n,)."""
    r = result.recording
    t_us = result.start_us + np.round(np.arange(r.n_samples) / r.fs * 1e6)
    on = np.zeros(r.n_samples, bool)
    for swing in result.tally.swings:
        on |= (t_us >= swing.start_us) & (t_us < swing.end_us)
    for channel, setting in enumerate(prescription.channels):
        if setting.current_ua == 0:
            continue
        pulses_us = np.array([p.start_us for p in result.pulses if p.channel == channel], np.float64)
        last = np.searchsorted(pulses_us, t_us, side="right") - 1
        age_us = np.where(last >= 0, t_us - pulses_us[last], np.inf) if len(pulses_us) else np.inf
        on &= age_us < GAP_PERIODS * 1_000_000 / setting.rate_hz
    return on


def lost_lines(deliveries: Sequence[Delivery]) -> list[str]:
    """Return one line per cause over all `deliveries`, most frequent first."""
    lost: Counter[str] = Counter()
    for d in deliveries:
        lost += d.lost
    return [f"{n} x {sentence}" for sentence, n in lost.most_common()]


def _is_detected(run: Replay) -> Flags:
    r = run.recording
    t_us = run.start_us + np.round(np.arange(r.n_samples) / r.fs * 1e6)
    on = np.zeros(r.n_samples, bool)
    for swing in run.tally.swings:
        on |= (t_us >= swing.start_us) & (t_us < swing.end_us)
    return on


def _lost(run: Replay, detected: Result, delivered: Result) -> Counter[str]:
    """Return what happened most in each step that was detected and not delivered."""
    missed_s = set(delivered.score.missed_s) - set(detected.score.missed_s)
    if not missed_s:
        return Counter()
    w = windows_of(run.recording)
    answers = _answers(run)
    found: Counter[str] = Counter()
    for k, toe_off_s in enumerate(w.toe_off_s.tolist()):
        if toe_off_s not in missed_s:
            continue
        from_us, to_us = (run.start_us + 1e6 * float(t_s[k]) for t_s in (w.begin_s, w.contact_s))
        words_of_step = Counter(said for t_us, said in answers if from_us <= t_us < to_us and said)
        is_asked = any(from_us <= t_us < to_us for t_us, _ in answers)
        if words_of_step:
            found[words_of_step.most_common(1)[0][0]] += 1
        else:
            found[TOO_SHORT if is_asked else NOT_ASKED] += 1
    return found


def _answers(run: Replay) -> list[tuple[int, str]]:
    """Return (world time, why it was refused, "" if granted) of each pulse that was asked for."""
    answers, now_us = [], 0
    for kind, t_us, values in blackbox.rows(run.rows):
        now_us = world_us(t_us, now_us)
        if kind == blackbox.RESULT:
            granted_ua, reason = values[3], values[5]
            answers.append((now_us, "" if granted_ua > 0 else words.of_reason(reason)))
    return answers
