"""Pages of the worst recordings: signals, marked and found events, what was missed and why it counts.

They show people's recordings, so they are written outside this repository only.
"""

import html
from collections.abc import Callable, Sequence
from pathlib import Path

from hw_sim.gait_faults import KINDS, Fault, faults_of
from hw_sim.gait_pictures import detail_svg, overview_svg, seen_by
from hw_sim.gait_report import worst
from hw_sim.gait_runs import Job, Result
from hw_sim.recordings import RecordingError

ROOT = Path(__file__).resolve().parents[1]
AROUND_S = 1.6  # shown before and after a fault: a stride of a slow walker
DETAIL_MAX_S = 8.0  # in one picture, so that 0.1 s can still be seen
DETAILS_MAX = 12

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; margin: 2rem auto; max-width: 1080px;
       padding: 0 1rem; }
h1 { margin-bottom: .2rem; font-size: 1.4rem; } h2 { margin-top: 2rem; font-size: 1.1rem; }
svg { width: 100%; height: auto; }
table { border-collapse: collapse; } th, td { padding: .2rem .8rem; border-bottom: 1px solid #ccc; text-align: left;
       vertical-align: top; }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.small { color: #555; font-size: .85rem; }
"""
NOTE = "This page shows parts of a person's recording. Its licence may forbid to pass it on: keep it on this machine."


def check_outside(folder: Path) -> None:
    """Raise RecordingError if `folder` lies in this repository, also by a link."""
    if folder.resolve().is_relative_to(ROOT):
        raise RecordingError(
            f"--pages is {folder}, inside this repository; pages show people's recordings and may be written "
            "outside of it only. Name another folder, for example ../worst."
        )


def write_pages(
    folder: Path,
    jobs: Sequence[Job],
    results: Sequence[Result],
    *,
    progress: Callable[[float], None] | None = None,
) -> list[Path]:
    """Write a page for each of the worst ten of `results` (of `jobs`, in the same order) and an index.html.

    Returns the files written, the index first. RecordingError if the folder is inside the repository or
    cannot be written.
    """
    check_outside(folder)
    job_of = {id(result): job for job, result in zip(jobs, results, strict=True)}
    chosen = [(job_of[id(result)], result) for result in worst(results)]
    pages, rows = [], []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for done, (job, result) in enumerate(chosen, 1):
            r = job.recording
            file = folder / f"{job.file.stem}-{r.number}.html"
            faults = faults_of(r, seen_by(job).on)
            file.write_text(page(job, result, faults), encoding="utf-8")
            pages.append(file)
            rows.append((file.name, result.about, _counts(faults)))
            if progress:
                progress(done / len(chosen))
        index = folder / "index.html"
        index.write_text(_index(rows), encoding="utf-8")
    except OSError as e:
        raise RecordingError(
            f"{folder} cannot be written ({e.strerror}); it must be a folder of yours. Name another with --pages."
        ) from e
    return [index, *pages]


def page(job: Job, result: Result, faults: Sequence[Fault]) -> str:
    """Return the page of one recording as HTML with its pictures inside."""
    r, seen = job.recording, seen_by(job)
    s = result.score
    rows = "".join(
        f"<tr><td class=n>{number}</td><td class=n>{f.at_s:.2f} s</td><td>{f.kind}</td>"
        f"<td>{html.escape(f.why)}</td></tr>"
        for number, f in enumerate(faults, 1)
    )
    details = ranges_of(faults, r.n_samples / r.fs)
    pictures = "".join(
        f"<h2>Seconds {a:.1f} to {b:.1f}: faults {', '.join(map(str, numbers))}</h2>"
        f"{detail_svg(r, seen, faults, a, b)}"
        for a, b, numbers in details[:DETAILS_MAX]
    )
    more = (
        ""
        if len(details) <= DETAILS_MAX
        else f"<p>{len(details) - DETAILS_MAX} further places are in the table only.</p>"
    )
    worn = (
        "" if job.rotation is None and not job.bias_rad_s else " The sensor was turned or biased on purpose."
    )
    return _html(
        result.about,
        f"<p>{s.found} of {s.steps} steps found ({s.clear_found} of {s.clear} with a clear swing); {_counts(faults)}. "
        f"File {html.escape(str(job.file))}, recording {r.number}.{worn}</p>"
        f"<table><tr><th></th><th>at</th><th>what</th><th>why it counts</th></tr>{rows}</table>"
        f"<h2>Whole recording</h2>{overview_svg(r, seen, faults)}{pictures}{more}",
    )


def ranges_of(faults: Sequence[Fault], length_s: float) -> list[tuple[float, float, list[int]]]:
    """Return (from_s, to_s, numbers of the faults) of each picture: near faults share one."""
    ranges: list[tuple[float, float, list[int]]] = []
    for number, fault in enumerate(faults, 1):
        a, b = max(0.0, fault.at_s - AROUND_S), min(length_s, fault.at_s + AROUND_S)
        if ranges and a < ranges[-1][1] and b - ranges[-1][0] <= DETAIL_MAX_S:
            ranges[-1] = (ranges[-1][0], b, [*ranges[-1][2], number])
        else:
            ranges.append((a, b, [number]))
    return ranges


def _counts(faults: Sequence[Fault]) -> str:
    return ", ".join(f"{sum(f.kind == kind for f in faults)} {kind}" for kind in KINDS)


def _index(rows: Sequence[tuple[str, str, str]]) -> str:
    items = "".join(
        f'<tr><td><a href="{html.escape(name)}">{html.escape(about)}</a></td><td>{counts}</td></tr>'
        for name, about, counts in rows
    )
    return _html(
        "Recordings with the most missed, double and false steps, worst first", f"<table>{items}</table>"
    )


def _html(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<style>{STYLE}</style><h1>{html.escape(title)}</h1><p class="small">{NOTE}</p>{body}</html>\n'
    )
