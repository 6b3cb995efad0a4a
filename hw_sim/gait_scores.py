"""How well "stimulate now" fits the labels of one recording: every definition of the benchmark, in one place.

A step has a window: from 0.5 s before its heel-off (never before the step before has ended) to 0.1 s after
foot-flat. Its core is toe-off to contact. What is not labelled is filled in from what is.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hw_sim.recordings import Recording

EARLY_S = 0.50  # stimulation this long before heel-off still belongs to the step
END_S = 0.10  # and this long after foot-flat
FRESH_S = 0.05  # slack at the window's begin for "it began for this step"
COVER_MIN = 0.5  # share of the core that must be covered
LATE_S = 0.10  # onset so long after toe-off: the toe has dragged
BOUT_S = 0.75  # walking lasts from this long before the first window to this long after the last
STANCE_GUARD_S = 0.15  # before heel-off this long is not counted as stance: labels scatter
# Where a label is missing: shares of heel-off to foot-flat, and usual times (facts of the recordings).
TOE_OFF_SHARE, CONTACT_SHARE = 0.22, 0.78
HEEL_RISE_S, LOADING_S, STEP_MAX_S = 0.20, 0.15, 3.0

Times = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """The labelled steps of one recording, (n,) each, s since its start.

    begin_s, end_s        what belongs to the step
    toe_off_s, contact_s  its core, filled in where unlabelled
    heel_off_s            as labelled, nan if not
    rise_s, flat_s        heel-off and foot-flat, filled in where unlabelled
    is_clear              the sensor showed a recognisable swing: toe-off and contact are labelled
    """

    begin_s: Times
    end_s: Times
    toe_off_s: Times
    contact_s: Times
    heel_off_s: Times
    rise_s: Times
    flat_s: Times
    is_clear: Flags


def windows_of(recording: Recording) -> Windows:
    """Return the windows of the labelled steps."""
    marks = np.asarray(recording.steps, np.float64).reshape(-1, 4) / recording.fs
    marks[marks < 0] = np.nan
    heel_off, foot_flat, toe_off, contact = marks.T
    is_clear = np.array([toe > 0 and ic > 0 for _, _, toe, ic in recording.steps], bool)
    length = foot_flat - heel_off
    toe_off = np.where(np.isnan(toe_off), heel_off + TOE_OFF_SHARE * length, toe_off)
    is_bad = np.isnan(contact) | (contact <= toe_off)
    contact = np.where(is_bad, heel_off + CONTACT_SHARE * length, contact)
    rise = np.where(np.isnan(heel_off), toe_off - HEEL_RISE_S, heel_off)
    flat = np.where(np.isnan(foot_flat), contact + LOADING_S, foot_flat)
    last_end = np.r_[-9.0, np.minimum(flat, rise + STEP_MAX_S)[:-1]][: len(flat)]
    return Windows(
        begin_s=np.maximum(rise - EARLY_S, last_end),
        end_s=flat + END_S,
        toe_off_s=toe_off,
        contact_s=contact,
        heel_off_s=heel_off,
        rise_s=rise,
        flat_s=flat,
        is_clear=is_clear,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Counts of one recording; they add up over recordings, and `hw_sim.gait_tables` makes rates of them.

    steps, found           labelled; covered by half and begun for this step
    clear, clear_found     the same for steps with a recognisable swing
    covered                sum over steps of the covered share of the core
    false, false_idle      stretches that touch no window and no ignored range; of these, outside walking
    doubles                extra beginnings inside one window
    late                   steps found whose onset came more than 0.1 s after toe-off
    length_s, idle_s       of the recording; of this, outside walking
    core_*, window_*       samples on and right, on and wrong, off and wrong, against toe-off to contact
                           and against heel-off to contact
    stance_on, stance      samples on, and all samples, of labelled stance while walking
    onset_heel_off_s, onset_toe_off_s, end_contact_s   errors of the steps found, + is late
    missed_s, false_s      where steps were missed (toe-off) and false stretches began, for people who look
    """

    steps: int
    found: int
    clear: int
    clear_found: int
    covered: float
    false: int
    false_idle: int
    doubles: int
    late: int
    length_s: float
    idle_s: float
    core_right: int
    core_wrong: int
    core_missed: int
    window_right: int
    window_wrong: int
    window_missed: int
    stance_on: int
    stance: int
    onset_heel_off_s: tuple[float, ...] = field(repr=False)
    onset_toe_off_s: tuple[float, ...] = field(repr=False)
    end_contact_s: tuple[float, ...] = field(repr=False)
    missed_s: tuple[float, ...] = field(repr=False)
    false_s: tuple[float, ...] = field(repr=False)


def stretches(on: Flags, fs: float) -> tuple[Times, Times]:
    """Return when each stretch of `on` begins and ends, s."""
    edges = np.flatnonzero(np.diff(np.r_[0, on.astype(int), 0])) / fs
    return edges[::2], edges[1::2]


def score(recording: Recording, on: Flags) -> Score:
    """Return the counts for `on` (n,), one decision per sample of `recording`."""
    w = windows_of(recording)
    begins, ends = stretches(on, recording.fs)
    owner = np.full(len(begins), -1)  # which step a stretch belongs to
    found, covered, doubles = np.zeros(len(w.toe_off_s), bool), 0.0, 0
    onset_heel_off_s, onset_toe_off_s, end_contact_s = [], [], []
    for k, (toe_off, contact) in enumerate(zip(w.toe_off_s, w.contact_s, strict=True)):
        first, last = np.searchsorted(ends, toe_off), np.searchsorted(begins, contact)
        shared = np.minimum(ends[first:last], contact) - np.maximum(begins[first:last], toe_off)
        share = max(shared.sum(), 0) / (contact - toe_off)
        covered += share
        if last > first:
            owner[first:last] = k
            best = first + int(np.argmax(shared))
            found[k] = begins[best] >= w.begin_s[k] - FRESH_S and share >= COVER_MIN
            if found[k]:
                onset_heel_off_s.append(float(begins[first] - w.heel_off_s[k]))
                onset_toe_off_s.append(float(begins[first] - toe_off))
                end_contact_s.append(float(ends[last - 1] - contact))
        is_inside = (begins >= w.begin_s[k]) & (begins < w.end_s[k])
        doubles += max(int(is_inside.sum()) - 1, 0)
        owner[is_inside & (owner < 0)] = k
        owner[(begins < w.end_s[k]) & (ends > w.begin_s[k]) & (owner < 0)] = k
    false_s = [
        float(a)
        for a, b, k in zip(begins, ends, owner, strict=True)
        if k < 0 and not any(b > i / recording.fs and a < j / recording.fs for i, j in recording.ignore)
    ]
    walk_from, walk_to = _bout(w)
    length_s = len(on) / recording.fs
    return Score(
        steps=len(found),
        found=int(found.sum()),
        clear=int(w.is_clear.sum()),
        clear_found=int(found[w.is_clear].sum()),
        covered=float(covered),
        false=len(false_s),
        false_idle=sum(t < walk_from or t > walk_to for t in false_s),
        doubles=doubles,
        late=sum(t > LATE_S for t in onset_toe_off_s),
        length_s=length_s,
        idle_s=max(length_s - (walk_to - walk_from), 0),
        **_sample_counts(recording, on, w),
        onset_heel_off_s=tuple(onset_heel_off_s),
        onset_toe_off_s=tuple(onset_toe_off_s),
        end_contact_s=tuple(end_contact_s),
        missed_s=tuple(float(t) for t in w.toe_off_s[~found]),
        false_s=tuple(false_s),
    )


def _bout(w: Windows) -> tuple[float, float]:
    if not len(w.begin_s):
        return 0.0, 0.0
    return float(np.nanmin(w.begin_s) - BOUT_S), float(np.nanmax(w.end_s) + BOUT_S)


def _sample_counts(recording: Recording, on: Flags, w: Windows) -> dict[str, int]:
    """Return the sample by sample counts of a Score."""
    fs, n = recording.fs, len(on)
    core, window, step, ignored = (np.zeros(n, bool) for _ in range(4))
    for k, (toe_off, contact) in enumerate(zip(w.toe_off_s, w.contact_s, strict=True)):
        core[int(toe_off * fs) : int(contact * fs) + 1] = True
        window[int(max(min(w.rise_s[k], toe_off), 0) * fs) : int(contact * fs) + 1] = True
        step[int(max(w.rise_s[k] - STANCE_GUARD_S, 0) * fs) : int(w.end_s[k] * fs) + 1] = True
    for first, end in recording.ignore:
        ignored[max(int(first / fs * fs), 0) : int(end / fs * fs) + 1] = True
    step |= ignored
    ignored &= ~core & ~window
    t = np.arange(n) / fs
    walk_from, walk_to = _bout(w)
    stance = (t > walk_from) & (t < walk_to) & ~step
    counts = {
        "core_right": on & core,
        "core_wrong": on & ~core & ~ignored,
        "core_missed": ~on & core,
        "window_right": on & window,
        "window_wrong": on & ~window & ~ignored,
        "window_missed": ~on & window,
        "stance_on": on & stance,
        "stance": stance,
    }
    return {name: int(flags.sum()) for name, flags in counts.items()}
