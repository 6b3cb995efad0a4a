"""Pages of the worst recordings: every fault with its reason, counted as the table counts, never in the repository."""

from pathlib import Path

import numpy as np
import pytest

from hw_sim.gait_faults import DOUBLE, FALSE, LATE, MISSED, faults_of
from hw_sim.gait_pages import ROOT, ranges_of
from hw_sim.gait_runs import decide, jobs_of
from hw_sim.gait_scores import score
from hw_sim.recordings import make_detector, pick
from swingphase import main
from tests.test_evaluate import folder  # noqa: F401 - the fixture is used by name
from tests.test_evaluate_scores import STEPS, made, on_in


@pytest.mark.parametrize(
    ("stretches", "kind", "said"),
    [
        ([], MISSED, "Step 1 (toe-off to contact 2.20 to 2.60 s) is missed: nothing was on"),
        ([(220, 232)], MISSED, "on for 30% of it (2.20 to 2.32 s); 50% is needed"),
        ([(100, 260)], MISSED, "on since 1.00 s, before this step could begin at 1.50 s"),
        ([(234, 260)], LATE, "on 140 ms after toe-off, over 100 ms"),
        ([(220, 230), (235, 260)], DOUBLE, "On again within the window of step 1 (1.50 to 2.90 s)"),
        ([(220, 260), (500, 520)], FALSE, "On 5.00 to 5.20 s, and that touches no step and no range without"),
    ],
)
def test_each_fault_says_why_it_counts(stretches, kind: str, said: str) -> None:
    (fault,) = faults_of(made(STEPS[:1]), on_in(*stretches))
    assert fault.kind == kind
    assert said in fault.why


def test_a_step_without_clear_swing_and_a_walk_without_labels_are_called_so() -> None:
    (missed,) = faults_of(made(STEPS[1:]), on_in())
    assert "the labels show no clear swing" in missed.why
    (false,) = faults_of(made(()), on_in((300, 320)))
    assert false.why.endswith("no step is labelled.")


def test_faults_are_as_many_as_the_table_counts(gait_dir: Path) -> None:
    seen = 0
    for job in jobs_of(gait_dir)[::29]:
        rng = np.random.default_rng(job.recording.number)
        on = decide(job, make_detector)
        for spoiled in (on, on & (np.repeat(rng.random(len(on) // 25 + 1), 25)[: len(on)] < 0.8)):
            faults, counted = faults_of(job.recording, spoiled), score(job.recording, spoiled)
            kinds = [fault.kind for fault in faults]
            expected = (counted.steps - counted.found, counted.false, counted.doubles, counted.late)
            assert tuple(kinds.count(k) for k in (MISSED, FALSE, DOUBLE, LATE)) == expected, job.file
            seen += len(faults)
    assert seen > 100


def test_near_faults_share_a_picture_and_far_ones_do_not() -> None:
    faults = faults_of(made(()), on_in((100, 110), (200, 210), (650, 660)))
    assert ranges_of(faults, 7.0) == [(0.0, pytest.approx(3.6), [1, 2]), (pytest.approx(4.9), 7.0, [3])]


def test_a_page_names_every_fault_and_shows_it(tmp_path: Path, capsys) -> None:
    example = tmp_path / "walk.csv"
    assert main(["evaluate", "--example", str(example)]) == 0
    text = example.read_text()
    steps = pick(example, 0).steps
    # Two steps without labels: the second is so near to the third one's that it is not called false.
    example.write_text(text.replace("heel_off", "", 2).replace("toe_off", "", 2).replace(",contact,", ",,", 2)
                       .replace("foot_flat", "", 2))  # fmt: skip
    assert len(pick(example, 0).steps) == len(steps) - 2
    pages = tmp_path / "worst"
    assert main(["evaluate", "--data", str(example), "--jobs", "1", "--pages", str(pages)]) == 0
    assert f"Pages: {pages / 'index.html'}" in capsys.readouterr().out
    page = (pages / "walk-0.html").read_text()
    assert "1 false" in page
    assert page.count("<svg") == 2  # whole recording and the one place
    assert "no step is labelled" not in page
    assert 'href="walk-0.html"' in (pages / "index.html").read_text()


@pytest.mark.parametrize("inside", ["docs/worst", "new", "."])
def test_pages_inside_the_repository_are_refused_before_any_work(folder: Path, inside: str, capsys) -> None:  # noqa: F811
    assert main(["evaluate", "--data", str(folder), "--pages", str(ROOT / inside)]) == 2
    said = capsys.readouterr().err
    assert "inside this repository" in said
    assert "Name another folder" in said
    assert "detecting" not in said


def test_a_link_into_the_repository_is_refused_too(folder: Path, tmp_path: Path, capsys) -> None:  # noqa: F811
    (tmp_path / "link").symlink_to(ROOT / "docs")
    assert main(["evaluate", "--data", str(folder), "--pages", str(tmp_path / "link" / "worst")]) == 2
    assert "inside this repository" in capsys.readouterr().err


def test_faultless_recordings_give_an_index_without_pages(folder: Path, tmp_path: Path, capsys) -> None:  # noqa: F811
    pages = tmp_path / "worst"
    assert main(["evaluate", "--data", str(folder), "--jobs", "1", "--pages", str(pages)]) == 0
    capsys.readouterr()
    assert [file.name for file in pages.iterdir()] == ["index.html"]
