"""What a person reads after a scenario, line by line; the page with pictures is `scenario_page`."""

from hw_sim.expectations import judged_steps
from hw_sim.metrics import Figures, Spread, figures_of
from hw_sim.scenario_run import ScenarioRun
from hw_sim.tally import refused_sentences
from safety import faults


def summary_lines(run: ScenarioRun) -> list[str]:
    """Return what came of it, line by line."""
    steps = judged_steps(run.scenario, run.rig)
    f, counts = figures_of(steps), run.rig.world.counts
    lines = [f"{what}: {value}" for what, value in figure_rows(f, run.rig.meter.fatigue.lost_deg)]
    lines.append(
        f"Pulses: {counts.requested} asked for, {counts.granted} granted ({counts.lowered} lowered), "
        f"{sum(counts.refused.values())} refused, {sum(run.rig.meter.pulses)} delivered"
    )
    lines += [f"  {line}" for line in refused_sentences(counts.refused)]
    lines += [f"Fault at {at_s:.2f} s: {name}" for at_s, name in found_rows(run)]
    return lines


def figure_rows(f: Figures, lost_deg: float) -> list[tuple[str, str]]:
    """Return (what, value) of the figures that matter."""
    tibialis, peroneal = f.charge_uc
    return [
        ("Steps judged", f"{f.steps}, of them {f.missed} without help, {f.dragged} that dragged"),
        ("Toe clearance in mid-swing", _spread(f.clearance_mm, "mm")),
        ("Pitch at contact (heel first: above 0)", _spread(f.pitch_deg, "deg")),
        ("Roll at contact (inversion above 0)", _spread(f.roll_deg, "deg")),
        ("Charge per step (one phase)", f"tibialis {tibialis.mean:.0f} uC, peroneal {peroneal.mean:.0f} uC"),
        ("Lift lost from first to last helped steps", f"{lost_deg:.1f} deg"),
    ]


def found_rows(run: ScenarioRun) -> list[tuple[float, str]]:
    """Return (s, name) of each fault that came up."""
    return [(f.at_us / 1e6, faults.FAULTS[f.fault_id].name) for f in run.rig.world.counts.found]


def _spread(spread: Spread, unit: str) -> str:
    if not spread.n:
        return "-"
    return f"mean {spread.mean:.1f}, from {spread.least:.1f} to {spread.most:.1f} {unit}"
