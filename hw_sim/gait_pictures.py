"""Pictures for the pages of the worst recordings: signals above, labels and decisions as strips below."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from gait_detect.state import PHASE_NAMES
from hw_sim.gait_faults import DOUBLE, FALSE, LATE, MISSED, Fault
from hw_sim.gait_runs import Job
from hw_sim.gait_scores import Flags, windows_of
from hw_sim.pictures import BLUE, GREEN, GREY, ORANGE, PHASE_COLOURS, RED, svg_text
from hw_sim.recordings import Recording, make_detector

G_MPS2 = 9.80665
FAULT_COLOURS = {MISSED: RED, FALSE: ORANGE, DOUBLE: "#CC79A7", LATE: BLUE}
LABEL_Y, FOUND_Y, PHASE_Y, FAULT_Y = 3, 2, 1, 0
STRIP = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What went into the detector and came out of it, (n,) each.

    rate_dps, total_dps   sagittal rate and length of the rate, as worn in this job, deg/s
    force_g               length of the specific force, g
    on, phase, pitch_deg  the detector's state at each sample
    """

    rate_dps: NDArray[np.float64]
    total_dps: NDArray[np.float64]
    force_g: NDArray[np.float64]
    on: Flags
    phase: NDArray[np.int8]
    pitch_deg: NDArray[np.float64]


def seen_by(job: Job) -> Seen:
    """Run the detector over `job` once more and keep what it saw and said."""
    r = job.recording
    gyro, acc = job.signals()
    adapter = make_detector(r.fs, r.place)
    state = adapter.detector.state
    on, phase, pitch = np.zeros(r.n_samples, bool), np.zeros(r.n_samples, np.int8), np.zeros(r.n_samples)
    for i, (g, a, heel) in enumerate(zip(gyro.tolist(), acc.tolist(), r.heel_readings, strict=True)):
        on[i] = adapter.update(i / r.fs, g, a, heel)
        phase[i], pitch[i] = state.phase, state.pitch_cdeg / 100
    return Seen(
        rate_dps=np.degrees(gyro[:, 1]),
        total_dps=np.degrees(np.linalg.norm(gyro, axis=1)),
        force_g=np.linalg.norm(acc, axis=1) / G_MPS2,
        on=on,
        phase=phase,
        pitch_deg=pitch,
    )


def overview_svg(r: Recording, seen: Seen, faults: Sequence[Fault]) -> str:
    """Return the whole recording as SVG: sagittal rate, labels, decisions, faults."""
    figure = Figure(figsize=(13, 4), layout="constrained")
    rate, strips = figure.subplots(2, 1, sharex=True, height_ratios=(2.4, 1))
    t = np.arange(r.n_samples) / r.fs
    rate.plot(t, seen.rate_dps, color=BLUE, lw=0.6)
    rate.axhline(0, color=GREY, lw=0.5)
    rate.set_ylabel("sagittal rate, deg/s\n(toe-up +)")
    _draw_strips(figure, strips, r, seen, faults, 0.0, r.n_samples / r.fs)
    return svg_text(figure)


def detail_svg(r: Recording, seen: Seen, faults: Sequence[Fault], from_s: float, to_s: float) -> str:
    """Return `from_s` to `to_s` as SVG: rates, pitch, force, switch, labels, decisions, faults."""
    figure = Figure(figsize=(13, 6.5), layout="constrained")
    rate, force, strips = figure.subplots(3, 1, sharex=True, height_ratios=(2.2, 1, 1))
    part = slice(round(from_s * r.fs), round(to_s * r.fs) + 1)
    t = np.arange(r.n_samples)[part] / r.fs
    rate.plot(t, seen.rate_dps[part], color=BLUE, lw=1.4, label="sagittal rate (toe-up +)")
    rate.plot(t, seen.total_dps[part], color=GREY, lw=1.0, ls="--", label="rate about any axis")
    rate.axhline(0, color=GREY, lw=0.5)
    rate.set_ylabel("deg/s")
    other = rate.twinx()
    other.plot(t, seen.pitch_deg[part], color=RED, lw=1.2, ls="-.", label="pitch since foot-flat, deg")
    other.set_ylabel("pitch, deg", color=RED)
    other.spines.right.set_visible(True)
    handles = [*rate.get_lines()[:2], *other.get_lines()]
    rate.legend(
        handles=handles, loc="lower right", bbox_to_anchor=(1, 1.0), ncols=3, fontsize=9, frameon=False
    )
    force.plot(t, seen.force_g[part], color=GREEN, lw=1.2)
    force.axhline(1, color=GREY, lw=0.5)
    force.set_ylabel("force, g")
    if r.has_switch:
        down = np.array([np.nan if v is None else float(v) for v in r.heel_readings[part]])
        switch = force.twinx()
        switch.step(t, down, color=ORANGE, lw=1.2, where="post")
        switch.set_ylim(-0.1, 4)
        switch.set_yticks([0, 1], ["heel up", "down"])
    _draw_strips(figure, strips, r, seen, faults, from_s, to_s)
    return svg_text(figure)


def _draw_strips(
    figure: Figure,
    axes: Axes,
    r: Recording,
    seen: Seen,
    faults: Sequence[Fault],
    from_s: float,
    to_s: float,
) -> None:
    w = windows_of(r)
    is_detail = to_s - from_s <= 15
    for k, (toe_off, contact) in enumerate(zip(w.toe_off_s, w.contact_s, strict=True)):
        shade = "#555555" if w.is_clear[k] else "#bbbbbb"
        axes.broken_barh([(w.rise_s[k], w.flat_s[k] - w.rise_s[k])], (LABEL_Y, STRIP), color="#dddddd")
        axes.broken_barh([(toe_off, contact - toe_off)], (LABEL_Y, STRIP), color=shade)
        if is_detail and from_s <= toe_off <= to_s:
            axes.plot([w.begin_s[k], w.end_s[k]], [LABEL_Y + STRIP] * 2, color="black", lw=0.8, marker="|")
            axes.text(
                (toe_off + contact) / 2, LABEL_Y + STRIP / 2, f"{k + 1}", ha="center", va="center", color="w"
            )
    for a, b in r.ignore:
        axes.broken_barh(
            [(a / r.fs, (b - a) / r.fs)],
            (LABEL_Y, STRIP),
            facecolor="none",
            edgecolor=GREY,
            hatch="///",
            lw=0,
        )
    axes.broken_barh(_stretches(seen.on, r.fs), (FOUND_Y, STRIP), color=BLUE)
    for phase, colour in enumerate(PHASE_COLOURS):
        axes.broken_barh(_stretches(seen.phase == phase, r.fs), (PHASE_Y, STRIP), color=colour)
    for number, fault in enumerate(faults, 1):
        if from_s <= fault.at_s <= to_s:
            axes.axvline(fault.at_s, color=FAULT_COLOURS[fault.kind], lw=0.8, ls=":")
            axes.text(
                fault.at_s, FAULT_Y + 0.1, f"{number} {fault.kind}" if is_detail else f"{number}",
                color=FAULT_COLOURS[fault.kind], fontsize=9, ha="center",
            )  # fmt: skip
    axes.set_yticks(
        [y + STRIP / 2 for y in (LABEL_Y, FOUND_Y, PHASE_Y, FAULT_Y)],
        ["labelled", "found", "phase", "faults"],
    )
    axes.set_ylim(FAULT_Y, LABEL_Y + 1)
    axes.set_xlim(from_s, to_s)
    axes.set_xlabel("time in the recording, s")
    handles: list[Artist] = [
        Patch(color="#dddddd", label="heel-off to foot-flat"),
        Patch(color="#555555", label="toe-off to contact"),
        Patch(color="#bbbbbb", label="the same, no clear swing"),
        Patch(facecolor="none", edgecolor=GREY, hatch="///", label="not labelled"),
        *(Patch(color=c, label=n) for c, n in zip(PHASE_COLOURS, PHASE_NAMES, strict=True)),
    ]
    if is_detail:
        handles.insert(0, Line2D([], [], color="black", lw=0.8, marker="|", label="what belongs to the step"))
    figure.legend(handles=handles, loc="outside lower center", ncols=10, fontsize=8, frameon=False)


def _stretches(flags: NDArray[np.bool_], fs: float) -> list[tuple[float, float]]:
    """Return (begin, length) of each stretch, s."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0)) / fs
    return [(float(a), float(b - a)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
