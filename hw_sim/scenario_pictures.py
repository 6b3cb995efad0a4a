"""Pictures of a scenario: what happened over the whole walk, and every step's clearance and help."""

import matplotlib.pyplot as plt
import numpy as np

from hw_sim.pictures import BLUE, GREEN, GREY, ORANGE, RED, draw_pulses, svg_text
from hw_sim.scenario_run import ScenarioRun
from safety import faults


def walk_figure(run: ScenarioRun) -> str:
    """Return the toe's height, the delivered pulses, what happened and what the device said, over time, as SVG."""
    figure, (toe, pulses) = plt.subplots(
        2, 1, figsize=(11, 5), sharex=True, layout="constrained", height_ratios=(1.3, 1)
    )
    trace = run.rig.leg.trace
    toe.plot([r.t_s for r in trace], [r.toe_clearance_mm for r in trace], color=BLUE, lw=0.8)
    toe.set_ylabel("toe over the ground, mm")
    toe.axhline(0, color=GREY, lw=0.6)
    top = toe.get_ylim()[1]
    for event in run.scenario.event:
        toe.axvspan(event.at_s, event.until_s or event.at_s, color=ORANGE, alpha=0.2, lw=0)
        toe.axvline(event.at_s, color=ORANGE, lw=1.4)
        toe.text(event.at_s, top, f" {event.what}", rotation=90, va="top", fontsize=7)
    for found in run.rig.world.counts.found[:12]:
        pulses.axvline(found.at_us / 1e6, color=RED, ls="--", lw=1)
        pulses.text(
            found.at_us / 1e6,
            0,
            f" {faults.FAULTS[found.fault_id].name}",
            rotation=90,
            va="center",
            fontsize=7,
        )
    draw_pulses(pulses, run.rig.device.pulses, 0)
    pulses.set_xlabel(
        "time, s (orange: what happened; red: fault found; tibialis anterior up, peroneal down)"
    )
    pulses.set_xlim(0, run.scenario.length_s)
    return svg_text(figure)


def steps_figure(run: ScenarioRun) -> str:
    """Return clearance of every step, helped or not, as SVG."""
    steps = run.rig.meter.steps
    figure, axes = plt.subplots(figsize=(11, 2.6), layout="constrained")
    for is_helped, colour, mark, words in (
        (True, GREEN, "o", "with help"),
        (False, RED, "x", "without help"),
    ):
        mine = [s for s in steps if s.is_helped == is_helped]
        axes.plot(
            np.array([s.at_us / 1e6 for s in mine]),
            np.array([s.stride.min_clearance_mm for s in mine]),
            color=colour,
            marker=mark,
            ls="none",
            label=words,
        )
    axes.axhline(0, color=GREY, lw=0.6)
    axes.set_xlim(0, run.scenario.length_s)
    axes.set_ylabel("clearance, mm")
    axes.set_xlabel("time, s")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1.0), ncols=2, fontsize=8, frameon=False)
    return svg_text(figure)
