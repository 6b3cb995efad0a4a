"""How a run went, in lines for a person, and whether this machine was quick enough."""

from firmware_py.cycle import CYCLE_US
from firmware_py.pi.run.controller import Report

# Of all cycles may be left out. Assumed: one in a hundred is seldom two in a row, and it takes 20 in a row to disarm.
JITTER_BUDGET = 0.01


def is_too_late(report: Report) -> bool:
    """Say whether more cycles were left out than the budget allows."""
    return report.lost > JITTER_BUDGET * (report.cycles + report.lost)


def summary(
    report: Report, ran_s: float, told: dict | None, armed_again: int, has_lost_log: bool = False
) -> list[str]:
    """Return what a person wants to know of a run. has_lost_log: the disk did not take all of the log."""
    total = max(1, report.cycles + report.lost)
    verdict = "too many: this machine is not good enough" if is_too_late(report) else "within the budget"
    lines = [
        f"Ran for {ran_s:.1f} s: guardian, controller and log writer"
        + (", simulated person and stimulator," if told is not None else "")
        + " in processes of their own.",
        f"Cycles of {CYCLE_US / 1000:.0f} ms: {report.cycles}; missed: {report.lost} "
        f"({100 * report.lost / total:.2f} %; the budget is {100 * JITTER_BUDGET:.0f} %): {verdict}.",
        f"99 % began within {report.late_us} us of their time, the latest {report.late_max_us} us.",
    ]
    lines += [f"  {line}" for line in report.histogram]
    lines.append(f"Steps found: {report.steps}. Pulses: {report.granted} granted, {report.refused} refused.")
    if told:
        lines.append(
            f"Simulated leg: {told['pulses']} pulses reached it, {told['steps']} steps; since the first pulse "
            f"{told['steps_since_first_pulse']}, of which {told['dragged_since_first_pulse']} dragged the toe."
        )
    if armed_again:
        lines.append(f"It had to be armed again {armed_again} times; the logs say why.")
    if has_lost_log:
        lines.append(
            "The log is not whole: the disk did not take all of it. The log writer's lines above say more."
        )
    for name in ("samples_late", "edges_thinned", "frames_lost"):
        if getattr(report, name):
            lines.append(f"{name.replace('_', ' ').capitalize()}: {getattr(report, name)}.")
    return lines
