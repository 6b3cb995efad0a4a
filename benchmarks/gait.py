"""`./swingphase bench gait`: the detector beside plain rules and gaitmap, on recorded people, as docs/benchmark.md.

Writes tables and counts only: nothing of a recording enters the page.
"""

import argparse
import datetime
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.gaitmap_peer import found_by_gaitmap, gaitmap_version
from benchmarks.plain_rules import RULES
from hw_sim.evaluate import bar
from hw_sim.gait_runs import Job, Result, evaluate, jobs_of, run_all
from hw_sim.gait_tables import Row, groups_of, rows_of
from hw_sim.recordings import RecordingError, gait_dir, make_detector

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmark.md"
ASIDE_OF = 3  # people whose number is divisible by this were set aside while tuning
HARDSHIPS = {
    "20 deg of mounting error": {"misalign_deg": 20.0},
    "0.1 rad/s of gyro zero error": {"bias_rad_s": 0.1},
    "half the sampling rate (50 Hz)": {"halve": True},
}
INTRO = """# Benchmark: steps found on recordings of real people

Made by `{command}` on {date}, commit {commit}.
Do not edit; run it again. The recordings are not part of this repository (`docs/recordings.md`); only tables and counts
are published.

A step counts as found if the swing covers at least half of toe-off to contact and began for this step. *clear*: only
steps in which the sensor shows a swing. *F1win*: samples against heel-off to contact. *false*: swings a minute that
touch no step. *dbl*: extra beginnings per 100 steps. *late*: onset more than 0.1 s after toe-off. *stance*: share of
labelled stance with stimulation. Errors in ms, median [quartiles], + is late. Brackets behind *sens*: 95 % interval
when people are drawn again. Every definition is in `hw_sim/gait_scores.py`; `./swingphase evaluate` prints the same
table.

**Tuned and aside.** Constants were chosen on people whose number is not divisible by 3; the others were set aside and
are shown by themselves. An earlier version's constants were chosen by tables of all, so that *aside* is not wholly
blind. The detector has no trained weights. Labels of toe-off and contact in Truong's data come from the gyroscope, so
that its end errors are partly circular; Voisard's are marked by people.

The plain rules (`benchmarks/plain_rules.py`) are written anew and not tuned. A study that chose thresholds for its own
versions on these recordings reached more: 93.4 to 96.5 % on neurological feet, 76 to 93 % on weak ones.
"""


def is_aside(result: Result) -> bool:
    """Return whether this person was set aside while tuning: the last number in the name is divisible by 3."""
    numbers = re.findall(r"\d+", result.recording.subject)
    return bool(numbers) and int(numbers[-1]) % ASIDE_OF == 0


def table(name: str, rows: Sequence[Row]) -> list[str]:
    """Return the lines of one Markdown table, one row per group."""
    lines = [
        f"| {name} | steps | sens % | clear % | F1win | false/min | dbl | late % | stance % | onset-HO | onset-TO "
        "| end-IC | worst person |",
        "|---|" + "---|" * 12,
    ]
    return lines + [f"| {r.key} | {cells(r)} |" for r in rows]


def cells(r: Row) -> str:
    """Return one row's figures."""
    return " | ".join(
        (
            f"{r.steps}",
            f"{r.sens_pct:.1f}" + ("" if r.people < 2 else f" [{r.sens_low_pct:.1f}, {r.sens_high_pct:.1f}]"),
            f"{r.clear_pct:.1f}",
            f"{r.f1_window:.3f}",
            f"{r.false_per_min:.2f}",
            f"{r.doubles_pct:.2f}",
            f"{r.late_pct:.2f}",
            f"{r.stance_pct:.2f}",
            *map(spread, (r.onset_heel_off_ms, r.onset_toe_off_ms, r.end_contact_ms)),
            f"{r.worst_pct:.0f}",
        )
    ).replace("nan", "-")


def spread(quartiles: tuple[float, float, float]) -> str:
    """Return median [quartiles]."""
    low, middle, high = quartiles
    return "-" if middle != middle else f"{middle:.0f} [{low:.0f}, {high:.0f}]"


def sections(folder: Path, processes: int, *, delivered: bool) -> list[str]:
    """Return every table of the page."""
    jobs = jobs_of(folder)
    ours = evaluate(jobs, make_detector, processes=processes, progress=bar("our detector"))
    lines = ["", "## This detector", "", *table("all people", rows_of(ours, groups_of))]
    for name, holds in (("tuned", False), ("aside", True)):
        part = [r for r in ours if is_aside(r) == holds]
        lines += ["", *table(f"{name} people", rows_of(part, groups_of))]
    if delivered:
        lines += ["", "## What reached the person as current", "", *_delivered(jobs, processes)]
    lines += ["", "## The same under hardship", ""]
    for name, how in HARDSHIPS.items():
        results = evaluate(jobs_of(folder, **how), make_detector, processes=processes, progress=bar(name))
        lines += [*table(name, rows_of(results, groups_of)), ""]
    lines += ["## Others on the same recordings", ""]
    feet = [job for job in jobs if job.recording.place == "foot"]
    for name, make in RULES.items():
        results = evaluate(feet, make, processes=processes, progress=bar(name))
        lines += [*table(f"plain rule: {name}", rows_of(results, groups_of)), ""]
    return lines + _gaitmap(feet, processes)


def _delivered(jobs: list[Job], processes: int) -> list[str]:
    from hw_sim.delivered import deliver
    from stimulator.prescription import default_prescription

    rows = [(job, default_prescription()) for job in jobs]
    return table("delivered pulses", rows_of(_all(deliver, rows, processes, "delivering"), groups_of))


def _gaitmap(feet: list[Job], processes: int) -> list[str]:
    release = gaitmap_version()
    if release is None:
        return ["gaitmap: not installed when this page was made (`pip install gaitmap gaitmap_mad`)."]
    results = _all(found_by_gaitmap, feet, processes, "gaitmap")
    return [
        f"gaitmap {release}, offline, default settings (BarthDtw, RamppEventDetection): it sees all of a recording and "
        "marks toe-off, so that its onset is never early; it looks for whole strides of regular walking.",
        "",
        *table("gaitmap", rows_of(results, groups_of)),
    ]


def _all(work, rows: Sequence, processes: int, what: str) -> list[Result]:
    progress, results = bar(what), []
    for result in run_all(work, rows, processes=processes):
        results.append(result)
        progress(len(results) / len(rows))
    return results


def commit() -> str:
    """Return the commit of this checkout, "unknown" without git."""
    git = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def main(arguments: list[str]) -> int:
    """Write the page; 2 and a sentence if the recordings cannot be read."""
    parser = argparse.ArgumentParser(prog="./swingphase bench gait", description=__doc__)
    parser.add_argument("--data", metavar="DIR", help="folder of *.npz recordings, or one file")
    parser.add_argument(
        "--out", metavar="FILE", default=str(PAGE), help="page to write (default docs/benchmark.md)"
    )
    parser.add_argument("--delivered", action="store_true", help="also what the gate granted (takes minutes)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    chosen = parser.parse_args(arguments)
    try:
        lines = sections(Path(chosen.data or gait_dir()), max(1, chosen.jobs), delivered=chosen.delivered)
    except RecordingError as e:
        print(f"swingphase: {e}", file=sys.stderr)
        return 2
    command = "./swingphase bench gait" + " --delivered" * chosen.delivered
    intro = INTRO.format(command=command, date=datetime.date.today().isoformat(), commit=commit())
    Path(chosen.out).write_text(intro + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"Written: {chosen.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
