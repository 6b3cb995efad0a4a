"""`./swingphase bench tradeoffs`: what each deciding constant of the detector buys and costs, as a page of tables.

One constant at a time is changed and every recorded foot decided anew: targets that are missed, the recordings that
decide them, and constants chosen without one person. Tables and counts only: nothing of a recording enters the page.
"""

import argparse
import datetime
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.gait import ROOT, commit
from benchmarks.gait_leave_out import leave_out_lines
from benchmarks.gait_tradeoffs_page import INTRO, curve_lines, deciding_lines
from firmware_py.pi.console import progress_bar
from gait_detect.detector import GaitDetector
from gait_detect.profile import FOOT, Profile
from hw_sim.gait_runs import Job, Result, jobs_of, result_of, run_all
from hw_sim.recordings import RecordingError, gait_dir

PAGE = ROOT / "docs" / "benchmark_tradeoffs.md"
READING = Path(__file__).with_name("tradeoffs_reading.md")  # what a person made of the tables, with its date
GROUPS = ("neurological", "parkinson_fog")  # whose targets are missed; and every weak foot


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One constant of gait_detect.profile, tried at these values beside that of today."""

    field: str
    values: tuple[int, ...]
    about: str


CURVES = (
    Curve(
        field="drop_pct",
        values=(39, 46, 50),
        about="share of the usual heel-rise angle that begins a step, %",
    ),
    Curve(
        field="ahead_drop_pct",
        values=(70, 76, 88),
        about="how far that angle falls ahead of the expected toe-off, %",
    ),
    Curve(
        field="lead_aim_us",
        values=(195_000, 225_000, 240_000),
        about="wanted onset before the foot swings forward, us",
    ),
    Curve(
        field="toe_up_pct",
        values=(26, 35, 40),
        about="share of the usual swing rate that begins a step toe-up, %",
    ),
    Curve(field="shake_up_pct", values=(18,), about="jolt that says the foot has left the ground, %"),
    Curve(field="turn_swept_deg2", values=(196,), about="turn that begins a step about any axis, deg2"),
)


@contextmanager
def changed(profile: Profile, changes: Mapping[str, int]) -> Iterator[None]:
    """Let `profile` have other constants for a while; AttributeError for one that it has not."""
    before = {name: getattr(profile, name) for name in changes}
    try:
        for name, value in changes.items():
            setattr(profile, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(profile, name, value)


def deciding(jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs that decide a missed target, or the weakest feet; RecordingError if there are none."""
    found = [j for j in jobs if j.recording.group in GROUPS or j.recording.is_weak_pushoff]
    if not found:
        raise RecordingError(
            f"No recording is of a group of {', '.join(GROUPS)} or has weak push-off. Name the folder with those."
        )
    return found


def scored_with(row: tuple[Job, Sequence[Mapping[str, int]]]) -> list[Result]:
    """Decide and score one recording once with each of several changes."""
    job, variants = row
    samples = [copy(sample) for sample in job.recording.samples()]  # one object else, filled again and again
    results = []
    for changes in variants:
        with changed(FOOT, changes):
            detector = GaitDetector(place=job.recording.place)
            on = np.fromiter((detector.step(s).swing for s in samples), bool, len(samples))
        results.append(result_of(job, on))
    return results


def tried(
    jobs: Sequence[Job], curves: Sequence[Curve], processes: int
) -> dict[tuple[str, int], list[Result]]:
    """Return the results by (constant, value), today's under ("today", 0)."""
    variants = {("today", 0): {}} | {(c.field, v): {c.field: v} for c in curves for v in c.values}
    rows = [(job, list(variants.values())) for job in jobs]
    show, per_job = progress_bar("constants"), []
    for results in run_all(scored_with, rows, processes=processes):
        per_job.append(results)
        show(len(per_job) / len(rows))
    return {key: [results[k] for results in per_job] for k, key in enumerate(variants)}


def main(arguments: list[str]) -> int:
    """Write the page; 2 and a sentence if the recordings cannot be read."""
    parser = argparse.ArgumentParser(prog="./swingphase bench tradeoffs", description=__doc__)
    parser.add_argument("--data", metavar="DIR", help="folder of *.npz recordings, or one file")
    parser.add_argument(
        "--out", metavar="FILE", default=str(PAGE), help=f"page to write (default docs/{PAGE.name})"
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    chosen = parser.parse_args(arguments)
    try:
        jobs = deciding(jobs_of(Path(chosen.data or gait_dir()), place="foot"))
    except RecordingError as e:
        print(f"swingphase: {e}", file=sys.stderr)
        return 2
    results = tried(jobs, CURVES, max(1, chosen.jobs))
    lines = [
        *curve_lines(results, {c.field: (getattr(FOOT, c.field), c.about) for c in CURVES}),
        *deciding_lines(results),
        *leave_out_lines(results),
        "",
        *READING.read_text(encoding="utf-8").splitlines(),
    ]
    intro = INTRO.format(date=datetime.date.today().isoformat(), commit=commit())
    Path(chosen.out).write_text(intro + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"Written: {chosen.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
