"""`./swingphase demo`: 60 s of virtual walking through the real loop, driver and an emulated stimulator."""

import argparse
import time

from firmware_py.pi.console import made_folder, progress_bar, version
from firmware_py.pi.prescription_file import add_prescription_option, chosen_prescription
from hw_sim.demo import demo_prescription, fitted, run_demo
from hw_sim.report import demo_html, summary_lines
from hw_sim.severity import SEVERITIES
from stimulator.drivers import devices

ANSWER_MAX_MS = 20  # of the emulated RehaStim2, unless told otherwise: as quick as users measured


def main(arguments: list[str]) -> int:
    """Walk, write report and black box, print the summary."""
    parser = argparse.ArgumentParser(prog="./swingphase demo", description=__doc__)
    parser.add_argument("--severity", default="severe", choices=tuple(SEVERITIES))
    parser.add_argument("--seed", type=int, default=1, help="same seed, same walk (default 1)")
    parser.add_argument("--out", default="demo", help="folder for report and black box (default demo)")
    parser.add_argument(
        "--both-legs", action="store_true", help="40 s with two dropped feet on one stimulator; no report"
    )
    parser.add_argument(
        "--device", default=devices.P24, choices=devices.NAMES, help="stimulator (default p24)"
    )
    parser.add_argument(
        "--answer-max-ms",
        type=int,
        metavar="N",
        help=f"slowest answer of the emulated RehaStim2, 5 to 100 (default {ANSWER_MAX_MS})",
    )
    add_prescription_option(parser)
    chosen = parser.parse_args(arguments)

    if chosen.both_legs:
        from hw_sim.both_legs import main_lines

        print("\n".join(main_lines(severity=chosen.severity, seed=chosen.seed)))
        return 0
    answer_max_ms = chosen.answer_max_ms or (ANSWER_MAX_MS if chosen.device == devices.REHASTIM2 else 0)
    device = devices.choose(chosen.device, answer_max_ms=answer_max_ms)
    prescription = chosen_prescription(chosen, device.capability)
    if prescription is None:
        prescription, changes = fitted(demo_prescription(), device.capability)
        for sentence in changes:
            print(f"Note: {sentence}")
    folder = made_folder(chosen.out)
    began = time.monotonic()
    run = run_demo(
        prescription,
        severity=chosen.severity,
        seed=chosen.seed,
        log_path=folder / "blackbox.swp",
        progress=progress_bar("walking"),
        device=device,
    )
    walked_s = time.monotonic() - began
    report = folder / "report.html"
    about = [
        (
            "command",
            f"./swingphase demo --severity {chosen.severity} --seed {chosen.seed} --device {device.name}"
            + (f" --answer-max-ms {answer_max_ms}" if answer_max_ms else ""),
        ),
        ("version", version()),
        ("stimulator", f"emulated {device.capability.name}, one pulse per command, on a pseudo-terminal"),
        ("sensor", "simulated IMU on the back of the foot, and a heel switch"),
    ]
    report.write_text(demo_html(run, prescription, about), encoding="utf-8")
    print(
        f"\n{run.length_us / 1e6:.0f} s of walking with {chosen.severity} foot drop, simulated in {walked_s:.1f} s."
    )
    for line in summary_lines(run, prescription):
        print(line)
    print(f"\nReport: {report}   Black box: {folder / 'blackbox.swp'}")
    return 0
