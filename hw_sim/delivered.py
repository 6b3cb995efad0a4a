"""What of the detector's decision reached the person as current: the benchmark's `--delivered` rows.

Each recording runs through the whole loop (detector, scheduler, gate, driver, emulated P24) over a cable in
memory. The foot counts as helped while it swings and pulses of every prescribed channel follow each other.
Pulses after the swing (extension and fall) are left out: they are wanted, and no error of timing.
"""

import numpy as np

from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.gait_runs import Job, Result, result_of
from hw_sim.gait_scores import Flags
from hw_sim.recordings import RecordingError
from hw_sim.replay import Replay, replay
from stimulator.prescription import Prescription

GAP_PERIODS = 2  # one pulse left out is still a train


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


def deliver(row: tuple[Job, Prescription]) -> Result:
    """Run one job through the loop and score what was delivered; it must be as recorded, not turned or biased."""
    job, prescription = row
    if job.rotation is not None or job.bias_rad_s:
        raise RecordingError(
            "Delivered pulses can be scored for recordings as they are only. Leave --misalign and --bias out."
        )
    result = replay(job.recording, prescription, make_link=MemoryLink)
    return result_of(job, is_delivered(result, prescription))
