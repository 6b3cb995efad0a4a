"""The pictures of the demo report: every step's clearance, two steps in detail, and the leg itself."""

import math

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hw_sim import geometry
from hw_sim.demo import DemoRun
from hw_sim.pictures import BLUE, GREY, RED, draw_envelopes, draw_phases, draw_pulses
from hw_sim.strides import StrideRecord
from stimulator.prescription import Prescription

STRIP_FRAMES = 7


def clearance_figure(run: DemoRun) -> Figure:
    """Every step's smallest toe clearance in mid-swing, over the whole walk."""
    figure, axes = plt.subplots(figsize=(11, 3.2), layout="constrained")
    axes.axvspan(0, run.on_from_us / 1e6, color="#eeeeee", lw=0)
    for dragged, colour, mark, label in ((True, RED, "x", "toe drags"), (False, BLUE, "o", "toe clears")):
        mine = [s for s in run.leg.strides if s.dragged == dragged]
        axes.plot(
            [s.swing_end_us / 1e6 for s in mine],
            [s.min_clearance_mm for s in mine],
            mark,
            color=colour,
            label=f"{label} ({len(mine)} steps)",
        )
    top = axes.get_ylim()[1]
    axes.text(0.5, top, "stimulation off", va="top", color="#444444")
    axes.text(run.on_from_us / 1e6 + 0.5, top, "stimulation on", va="top", color="#444444")
    axes.axhline(0, color=GREY, lw=0.8)
    axes.set_xlim(0, run.length_us / 1e6)
    axes.set_xlabel("time, s")
    axes.set_ylabel("smallest toe clearance\nin mid-swing, mm")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1.0), ncols=2, frameon=False)
    return figure


def detail_figure(run: DemoRun, prescription: Prescription) -> Figure:
    """Two strides without stimulation beside two with it: foot, decisions and pulses on one time axis."""
    spans = [_two_strides(run.strides_off), _two_strides(run.strides_on[3:])]
    figure, grid = plt.subplots(
        5,
        2,
        figsize=(12, 9),
        sharex="col",
        sharey="row",
        layout="constrained",
        height_ratios=(1.2, 1.2, 0.5, 1, 1.1),
    )
    for column, (from_s, to_s) in enumerate(spans):
        title = ("Without stimulation", "With stimulation")[column]
        rows = [r for r in run.leg.trace if from_s <= r.t_s <= to_s]
        t = [r.t_s for r in rows]
        toe, pitch, phases, envelope, pulses = grid[:, column]
        toe.plot(t, [r.toe_clearance_mm for r in rows], color=BLUE)
        toe.axhline(0, color=GREY, lw=0.8)
        toe.set_title(f"{title}: height of the toe")
        pitch.plot(t, [r.foot_pitch_deg for r in rows], color=BLUE, label="pitch, toe-up +")
        pitch.plot(t, [r.foot_roll_deg for r in rows], color=RED, ls="--", label="roll, inversion +")
        pitch.set_title("Angles of the foot")
        for axes in (toe, pitch):
            _shade_swing(axes, rows)
        draw_phases(phases, run.tally, from_s, to_s, 0)
        phases.set_title("Phase")
        draw_envelopes(envelope, run.tally, prescription, 0)
        envelope.set_title("Envelope asked for" + ("" if column else " (not armed: nothing passes)"))
        draw_pulses(pulses, [p for p in run.pulses if from_s <= p.start_us / 1e6 <= to_s], 0)
        pulses.set_title("Pulses delivered (tibialis anterior up, peroneal down)")
        pulses.set_xlabel("time, s (shaded: the foot swings)")
        pulses.set_xlim(from_s, to_s)
    grid[0, 0].set_ylabel("mm")
    grid[1, 0].set_ylabel("deg")
    for row in (1, 3):
        grid[row, 1].legend(loc="lower right", bbox_to_anchor=(1, 1.0), fontsize=8, ncols=2, frameon=False)
    for axes in grid[3:, 1]:
        axes.set_ylabel("")
    return figure


def filmstrip_figure(run: DemoRun) -> Figure:
    """The simulated leg from toe-off to contact, without and with stimulation, as stick figures."""
    figure, both = plt.subplots(2, 1, figsize=(11, 4.6), sharex=True, sharey=True, layout="constrained")
    for axes, strides, title in zip(
        both,
        (run.strides_off, run.strides_on),
        ("Without stimulation", "With stimulation"),
        strict=True,
    ):
        _draw_strip(axes, run, strides[len(strides) // 2])
        axes.set_title(title)
    return figure


def _draw_strip(axes: Axes, run: DemoRun, stride: StrideRecord) -> None:
    times = np.linspace(stride.swing_start_us, stride.swing_end_us - 10_000, STRIP_FRAMES) / 1e6
    stamps = np.array([r.t_s for r in run.leg.trace])
    for frame, t_s in enumerate(times):
        r = run.leg.trace[int(np.argmin(np.abs(stamps - t_s)))]
        shank, foot = math.radians(r.shank_deg), math.radians(r.foot_pitch_deg)
        toe_x, toe_y = geometry.TOE_FORWARD_M, geometry.TOE_UP_M
        heel_x, heel_y = geometry.HEEL_FORWARD_M, geometry.HEEL_UP_M
        (tx, ty), (hx, hy) = _turned(toe_x, toe_y, foot), _turned(heel_x, heel_y, foot)
        ankle_x, ankle_y = frame * 0.5, r.toe_clearance_mm / 1000 - ty
        knee = (ankle_x - geometry.SHANK_M * math.sin(shank), ankle_y + geometry.SHANK_M * math.cos(shank))
        touches = r.toe_clearance_mm < 0.5 and 0 < frame < STRIP_FRAMES - 1
        axes.plot([knee[0], ankle_x], [knee[1], ankle_y], color="#333333", lw=3, solid_capstyle="round")
        axes.fill(
            [ankle_x, ankle_x + tx, ankle_x + hx],
            [ankle_y, ankle_y + ty, ankle_y + hy],
            color=RED if touches else BLUE,
            alpha=0.85,
        )
        if touches:
            axes.text(ankle_x + tx, -0.07, "drags", color=RED, ha="center", fontsize=8)
    axes.axhline(0, color="#555555", lw=1.2)
    axes.set_aspect("equal")
    axes.set_axis_off()


def _turned(x: float, y: float, angle_rad: float) -> tuple[float, float]:
    c, s = math.cos(angle_rad), math.sin(angle_rad)
    return x * c - y * s, x * s + y * c


def _shade_swing(axes: Axes, rows) -> None:
    start = None
    for r in rows:
        if r.is_swing and start is None:
            start = r.t_s
        elif not r.is_swing and start is not None:
            axes.axvspan(start, r.t_s, color="#000000", alpha=0.08, lw=0)
            start = None


def _two_strides(strides: list[StrideRecord]) -> tuple[float, float]:
    """Return (from, to) in s: two strides from the middle of the list, contact to contact."""
    at = max(0, len(strides) // 2 - 1)
    return strides[at].start_us / 1e6, strides[min(at + 1, len(strides) - 1)].swing_end_us / 1e6 + 0.3
