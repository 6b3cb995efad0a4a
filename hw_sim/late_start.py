"""What a later start of the dorsiflexors costs a simulated walker: `python -m hw_sim.late_start` prints the table."""

from hw_sim.demo import demo_prescription, run_demo
from hw_sim.metrics import drag_share

SEVERITIES = ("mild", "moderate", "severe")
STARTS_PERCENT = (0, 5, 10, 15, 20, 25)
WALK_S, OFF_S, SETTLED_STRIDES = 35, 5, 2


def row(severity: str, start_percent: int) -> tuple[float, float]:
    """Return the share of steps whose toe drags, and the mean clearance in mid-swing, mm."""
    prescription = demo_prescription()
    channels = tuple(c._replace(start_percent=start_percent) for c in prescription.channels)
    run = run_demo(prescription._replace(channels=channels), severity=severity, walk_s=WALK_S, off_s=OFF_S)
    strides = run.strides_on[SETTLED_STRIDES:]
    return drag_share(strides), sum(s.min_clearance_mm for s in strides) / len(strides)


def main() -> None:
    """Print one line per start."""
    print("| `start_percent` of both dorsiflexors | " + " | ".join(SEVERITIES) + " |")
    print("| --- |" + " --- |" * len(SEVERITIES))
    for start_percent in STARTS_PERCENT:
        cells = []
        for severity in SEVERITIES:
            drag, clearance_mm = row(severity, start_percent)
            cells.append(f"{clearance_mm:.0f} mm, {drag:.0%}")
        print(f"| {start_percent} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
