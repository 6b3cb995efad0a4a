"""Count what a run did: swings found, pulses granted, refused and delivered, charge per step.

Everything is read from the black box and from the emulator's own record, never from the loop itself.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from firmware_py import blackbox
from firmware_py.pi import words
from hw_sim.world import world_us
from safety import reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class Swing:
    """One stretch in which the detector asked for help: world time of the samples, us, [start, end)."""

    start_us: int
    end_us: int


@dataclass(slots=True, kw_only=True)
class Tally:
    """What one run did.

    swings      stretches of swing, in order
    requested   pulses the scheduler asked for
    granted     pulses the gate granted (whole or lowered)
    lowered     of these, lowered
    refused     reason -> count
    asked       (world us, channel, uA) of each request
    levels      (world us, level 0 to 10000) per control cycle
    phases      (world us, phase) at each change
    pitch_rate  (world us, pitch_cdeg, rate_cdps) per sample
    """

    swings: list[Swing] = field(default_factory=list)
    requested: int = 0
    granted: int = 0
    lowered: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    asked: list[tuple[int, int, int]] = field(default_factory=list)
    levels: list[tuple[int, int]] = field(default_factory=list)
    phases: list[tuple[int, int]] = field(default_factory=list)
    pitch_rate: list[tuple[int, int, int]] = field(default_factory=list)


def tally_rows(data: bytes) -> Tally:
    """Read the rows of a black box (`firmware_py.blackbox`) into a Tally."""
    tally = Tally()
    now_us, last_phase, swing_start_us, was_swing = 0, -1, 0, 0
    for kind, t_us, values in blackbox.rows(data):
        now_us = world_us(t_us, now_us)
        if kind == blackbox.STATE:
            phase, swing = values[0], values[1]
            if phase != last_phase:
                tally.phases.append((now_us, phase))
                last_phase = phase
            if swing and not was_swing:
                swing_start_us = now_us
            elif was_swing and not swing:
                tally.swings.append(Swing(start_us=swing_start_us, end_us=now_us))
            was_swing = swing
            tally.pitch_rate.append((now_us, values[5], values[6]))
        elif kind == blackbox.CYCLE:
            tally.levels.append((now_us, values[1]))
        elif kind == blackbox.REQUEST:
            tally.requested += 1
            tally.asked.append((now_us, values[0], values[3]))
        elif kind == blackbox.RESULT:
            _count_result(tally, values)
    if was_swing:
        tally.swings.append(Swing(start_us=swing_start_us, end_us=now_us))
    return tally


def _count_result(tally: Tally, values: tuple[int, ...]) -> None:
    granted_ua, reason = values[3], values[5]
    if granted_ua > 0:
        tally.granted += 1
        tally.lowered += reason == reasons.LOWERED
    else:
        tally.refused[reason] += 1


def pulses_per_swing(swings: list[Swing], pulse_starts_us: np.ndarray, tail_us: int) -> np.ndarray:
    """Return how many pulses (sorted start times, us) began in each swing or at most `tail_us` after it."""
    start = np.array([s.start_us for s in swings], dtype=np.int64)
    end = np.array([s.end_us + tail_us for s in swings], dtype=np.int64)
    return np.searchsorted(pulse_starts_us, end) - np.searchsorted(pulse_starts_us, start)


def charge_per_step_uc(pulses, swings: list[Swing], channel: int) -> float:
    """Return the mean charge of one phase summed over the pulses of `channel`, per swing, in uC."""
    total_nc = sum(p.current_ma * p.width_us for p in pulses if p.channel == channel)
    return total_nc / 1000 / max(1, len(swings))


def refused_sentences(refused: Counter[int]) -> list[str]:
    """Return one line per reason of refusal, most frequent first."""
    return [f"{n} x {words.of_reason(reason)}" for reason, n in refused.most_common()]
