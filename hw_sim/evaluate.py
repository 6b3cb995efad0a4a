"""`./swingphase evaluate`: how well the detector finds the steps of recorded people.

Definitions: hw_sim/gait_scores.py. `--delivered` adds a row under each: what the gate granted. Own recordings:
docs/recordings.md says how to write them as CSV.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from firmware_py.pi.console import progress_bar
from hw_sim import gait_report
from hw_sim.gait_runs import Job, Result, evaluate, jobs_of, run_all
from hw_sim.gait_tables import as_plain, feet_of, groups_of, rows_of
from hw_sim.recordings import PLACES, RecordingError, gait_dir, make_detector

if TYPE_CHECKING:
    from hw_sim.delivered import Delivery  # costs a second of import: only when needed

BAD_INPUT = 2
LOOK_AT = "../worst"  # outside the repository: pictures of recordings stay out of it
MISALIGN_MAX_DEG, BIAS_MAX_RAD_S = 180.0, 5.0
FEET_SHOWN = 20


def main(arguments: list[str]) -> int:
    """Print tables, histograms and the recordings to look at; bad input is one sentence and 2."""
    chosen = _parser().parse_args(arguments)
    _check(chosen)
    if chosen.example:
        return _example(Path(chosen.example))
    jobs = jobs_of(
        Path(chosen.data or gait_dir()),
        place=chosen.place,
        misalign_deg=chosen.misalign,
        bias_rad_s=chosen.bias,
        halve=chosen.half_rate,
    )
    results = evaluate(jobs, make_detector, processes=chosen.jobs, progress=progress_bar("detecting"))
    deliveries = _delivered(jobs, chosen.jobs) if chosen.delivered else []
    for line in report(results, deliveries, all_feet=chosen.feet):
        print(line)
    if chosen.pages:
        print(f"Pages: {_pages(Path(chosen.pages), jobs, results)}")
    if chosen.json:
        _write(Path(chosen.json), as_json(results, deliveries))
    return 0


def report(results: list[Result], deliveries: "list[Delivery]", *, all_feet: bool) -> list[str]:
    """Return everything that is printed."""
    delivered = rows_of([d.delivered for d in deliveries], groups_of)
    lines = ["", *gait_report.table(rows_of(results, groups_of), delivered)]
    if deliveries:
        from hw_sim.delivered import lost_lines

        lines += ["", "Steps that were detected and not delivered, by what happened most in each:"]
        lines += [f"  {said}" for said in lost_lines(deliveries)] or ["  none"]
    feet = gait_report.foot_table(rows_of(results, feet_of))
    shown = feet if all_feet else feet[: FEET_SHOWN + 1]
    lines += ["", f"Feet, lowest first ({len(shown) - 1} of {len(feet) - 1}; --feet shows all):", *shown]
    lines += gait_report.histograms(results)
    lines += ["", "Recordings to look at first:", *gait_report.worst_list(results, LOOK_AT)]
    return lines


def as_json(results: list[Result], deliveries: "list[Delivery]") -> dict[str, object]:
    """Return rates and counts; nothing of the recordings themselves."""
    delivered = [d.delivered for d in deliveries]
    return {
        "groups": [as_plain(row) for row in rows_of(results, groups_of)],
        "delivered": [as_plain(row) for row in rows_of(delivered, groups_of)],
        "feet": [as_plain(row) for row in rows_of(results, feet_of)],
    }


def _delivered(jobs: list[Job], processes: int) -> "list[Delivery]":
    from hw_sim.delivered import deliver
    from stimulator.prescription import default_prescription

    progress, results = progress_bar("delivering"), []
    prescription = default_prescription()
    for result in run_all(deliver, [(job, prescription) for job in jobs], processes=processes):
        results.append(result)
        progress(len(results) / len(jobs))
    return results


def _example(file: Path) -> int:
    from hw_sim.recordings_csv_writer import write_example

    recording = write_example(file)
    print(f"{file}: {recording.describe()}.")
    print(f"Read it with: ./swingphase evaluate --data {file}")
    return 0


def _pages(folder: Path, jobs: list[Job], results: list[Result]) -> Path:
    from hw_sim.gait_pages import write_pages  # drawing costs a second of import: only when needed

    return write_pages(folder, jobs, results, progress=progress_bar("drawing"))[0]


def _check(chosen: argparse.Namespace) -> None:
    if not 0 <= chosen.misalign <= MISALIGN_MAX_DEG:
        raise RecordingError(
            f"--misalign is {chosen.misalign:g}; 0 to {MISALIGN_MAX_DEG:g} degrees. Choose one of these."
        )
    if not abs(chosen.bias) <= BIAS_MAX_RAD_S:
        raise RecordingError(
            f"--bias is {chosen.bias:g}; -{BIAS_MAX_RAD_S:g} to {BIAS_MAX_RAD_S:g} rad/s. Choose one of these."
        )
    if chosen.jobs < 1:
        raise RecordingError(f"--jobs is {chosen.jobs}; it must be 1 or more. Choose how many processes.")
    if chosen.pages:
        from hw_sim.gait_pages import check_outside

        check_outside(Path(chosen.pages))
    if chosen.delivered and (chosen.misalign or chosen.bias or chosen.half_rate):
        raise RecordingError(
            "--delivered scores recordings as they are. Leave --misalign, --bias and --half-rate out."
        )


def _write(path: Path, what: dict[str, object]) -> None:
    try:
        path.write_text(json.dumps(what, indent=1) + "\n", encoding="utf-8")
    except OSError as e:
        raise RecordingError(
            f"{path} cannot be written ({e.strerror}). Name another file with --json."
        ) from e


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./swingphase evaluate", description=__doc__)
    parser.add_argument("--data", metavar="DIR", help="folder of recordings (*.npz, *.csv), or one file")
    parser.add_argument("--place", choices=PLACES, help="only sensors worn here")
    parser.add_argument(
        "--misalign", type=float, default=0.0, metavar="DEG", help="turn every sensor by this"
    )
    parser.add_argument(
        "--bias", type=float, default=0.0, metavar="RAD_S", help="zero error of the gyroscope"
    )
    parser.add_argument("--half-rate", action="store_true", help="every second sample only")
    parser.add_argument("--delivered", action="store_true", help="score the pulses that were granted, too")
    parser.add_argument("--feet", action="store_true", help="list every foot, not only the lowest")
    parser.add_argument(
        "--pages", metavar="DIR", help="draw the worst ten recordings here, outside the repository"
    )
    parser.add_argument(
        "--example", metavar="FILE", help="write a simulated walk as CSV here, and nothing else"
    )
    parser.add_argument("--json", metavar="FILE", help="write the rates here")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes (default 2)")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
