"""Pictures that a therapist can read: what the foot did, what was decided, what the electrodes got."""

import io
import re
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from gait_detect.state import PHASE_NAMES
from hw_sim.replay import Replay
from hw_sim.tally import Tally
from safety.limits import PAUSE_US
from stimulator.prescription import Prescription, channel_name

# Okabe and Ito's colours, told apart with any colour vision; lines also differ by style.
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#888888"
CHANNEL_COLOURS = (BLUE, ORANGE, GREEN, RED)
PHASE_COLOURS = ("#f0f0f0", "#c9c9c9", "#F0E442", "#56B4E9", "#CC79A7")
ZOOM_S = 6.0
DIGITS = re.compile(r"(\d\.\d\d)\d+")

plt.rcParams.update(
    {
        "svg.fonttype": "none",
        "svg.hashsalt": "swingphase",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 11,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
    }
)


def svg_text(figure: Figure) -> str:
    """Return `figure` as SVG text: no date, so that the same run gives the same picture; hundredths of a point."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    plt.close(figure)
    text = buffer.getvalue()
    return DIGITS.sub(r"\1", text[text.index("<svg") :])


def draw_phases(axes: Axes, tally: Tally, from_s: float, to_s: float, zero_us: int) -> None:
    """Draw the detector's phases as a named strip."""
    edges = [*((t - zero_us) / 1e6 for t, _ in tally.phases), to_s]
    for (_, phase), a, b in zip(tally.phases, edges, edges[1:], strict=False):
        a, b = max(a, from_s), min(b, to_s)
        if b > a:
            axes.axvspan(a, b, 0, 1, color=PHASE_COLOURS[phase], lw=0)
    axes.set_yticks([])
    axes.set_ylim(0, 1)
    patches = [Patch(color=c, label=n) for c, n in zip(PHASE_COLOURS, PHASE_NAMES, strict=True)]
    axes.legend(
        handles=patches, loc="lower right", bbox_to_anchor=(1, 1.0), ncols=5, fontsize=8, frameon=False
    )


def draw_envelopes(axes: Axes, tally: Tally, prescription: Prescription, zero_us: int) -> None:
    """Draw the current of each channel from request to request; a pause breaks the line."""
    for channel in range(len(prescription.channels)):
        asked = np.array([(t, ua) for t, on, ua in tally.asked if on == channel], dtype=float).reshape(-1, 2)
        pauses = np.flatnonzero(np.diff(asked[:, 0]) > PAUSE_US) + 1
        asked = np.insert(asked, pauses, np.nan, axis=0)
        axes.plot(
            (asked[:, 0] - zero_us) / 1e6,
            asked[:, 1] / 1000,
            color=CHANNEL_COLOURS[channel],
            ls=("-", "--", "-.", ":")[channel],
            label=channel_name(channel).replace("_", " "),
        )
    axes.set_ylabel("asked, mA")


def draw_pulses(axes: Axes, pulses, zero_us: int) -> None:
    """Draw each delivered pulse as a stick; the second channel points downwards."""
    for channel in sorted({p.channel for p in pulses}):
        mine = [p for p in pulses if p.channel == channel]
        sign = 1 if channel % 2 == 0 else -1
        t = [(p.start_us - zero_us) / 1e6 for p in mine]
        axes.vlines(t, 0, [sign * p.current_ma for p in mine], color=CHANNEL_COLOURS[channel], lw=0.9)
    axes.axhline(0, color=GREY, lw=0.6)
    axes.set_ylabel("delivered, mA")
    axes.yaxis.set_major_formatter(lambda v, _: f"{abs(v):g}")


def draw_sticks(axes: Axes, pulses: Sequence[tuple[float, float]], channel: int) -> None:
    """Draw pulses (s, mA) of one channel as sticks, in a single path: small as SVG."""
    x = np.repeat([s for s, _ in pulses], 3)
    y = np.ravel([(0.0, ma, np.nan) for _, ma in pulses])
    name = channel_name(channel).replace("_", " ")
    axes.plot(x, y, color=CHANNEL_COLOURS[channel], lw=0.7, label=name, solid_capstyle="butt")


def replay_picture(result: Replay, prescription: Prescription, path: Path) -> None:
    """Write a PNG: the whole recording above, some steps in detail below."""
    recording, tally, zero_us = result.recording, result.tally, result.start_us
    end_s = recording.n_samples / recording.fs
    figure = plt.figure(figsize=(13, 11), layout="constrained")
    grid = figure.add_gridspec(5, 1, height_ratios=(1.1, 1.6, 0.5, 1, 1.2))
    whole = figure.add_subplot(grid[0])
    _draw_rate(whole, tally, zero_us, with_pitch=False)
    _draw_labels(whole, result)
    found = [((s.start_us - zero_us) / 1e6, (s.end_us - s.start_us) / 1e6) for s in tally.swings]
    low = whole.get_ylim()[0]
    whole.broken_barh(found, (low, 0.12 * abs(low) + 20), color=BLUE, label="swing found")
    whole.set_xlim(0, end_s)
    whole.set_title(f"Whole recording: {result.steps_found} steps found, {result.steps_labelled} labelled")
    figure.suptitle(recording.describe(), fontsize=11)
    whole.legend(loc="lower right", bbox_to_anchor=(1, 1.0), fontsize=8, ncols=4, frameon=False)

    from_s = _busy_second(result, end_s)
    to_s = min(end_s, from_s + ZOOM_S)
    rate = figure.add_subplot(grid[1])
    _draw_rate(rate, tally, zero_us, with_pitch=True)
    _draw_labels(rate, result)
    rate.set_title(
        f"Seconds {from_s:.0f} to {to_s:.0f} in detail (grey: swing as labelled, toe-off to contact)"
    )
    phases = figure.add_subplot(grid[2])
    draw_phases(phases, tally, from_s, to_s, zero_us)
    phases.set_title("Phase, when the detector said it")
    envelopes = figure.add_subplot(grid[3])
    draw_envelopes(envelopes, tally, prescription, zero_us)
    envelopes.legend(loc="lower right", bbox_to_anchor=(1, 1.0), fontsize=8, ncols=2, frameon=False)
    envelopes.set_title("Envelope of each channel")
    pulses = figure.add_subplot(grid[4])
    draw_pulses(pulses, result.pulses, zero_us)
    pulses.set_title("Pulses as the emulated stimulator delivered them (tibialis anterior up, peroneal down)")
    pulses.set_xlabel("time in the recording, s")
    for axes in (rate, phases, envelopes, pulses):
        axes.set_xlim(from_s, to_s)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def _draw_rate(axes: Axes, tally: Tally, zero_us: int, *, with_pitch: bool) -> None:
    t = (np.array([row[0] for row in tally.pitch_rate], dtype=float) - zero_us) / 1e6
    rate_dps = np.array([row[2] for row in tally.pitch_rate], dtype=float) / 100
    axes.plot(t, rate_dps, color=GREY if with_pitch else BLUE, lw=0.9, label="sagittal rate, deg/s")
    axes.axhline(0, color=GREY, lw=0.5)
    axes.set_ylabel("rate, deg/s (toe-up +)")
    if with_pitch:
        other = axes.twinx()
        pitch_deg = np.array([row[1] for row in tally.pitch_rate], dtype=float) / 100
        other.plot(t, pitch_deg, color=RED, lw=1.3, label="pitch since foot-flat, deg")
        other.set_ylabel("pitch, deg (toe-up +)", color=RED)
        other.spines.right.set_visible(True)


def _draw_labels(axes: Axes, result: Replay) -> None:
    fs = result.recording.fs
    named = False
    for ho, ff, to, ic in result.recording.steps:
        a, b = (to, ic) if to > 0 and ic > 0 else (ho, ff)
        if a >= 0 and b > a:
            axes.axvspan(
                a / fs, b / fs, color="#000000", alpha=0.10, lw=0, label=None if named else "labelled swing"
            )
            named = True


def _busy_second(result: Replay, end_s: float) -> float:
    """Return where the detail view starts: the window with the most swings, first if equal."""
    starts = [(s.start_us - result.start_us) / 1e6 for s in result.tally.swings]
    best = max(starts, key=lambda a: sum(a <= b < a + ZOOM_S - 1 for b in starts), default=0.0)
    return float(np.floor(max(0.0, min(best - 0.7, end_s - ZOOM_S))))
