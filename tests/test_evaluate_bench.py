"""The benchmark's page: plain rules find a textbook walk, and the page holds tables without recordings."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import latency
from benchmarks.gait import is_aside, main, table
from benchmarks.gait_page import histogram_table
from benchmarks.gait_targets import NEUROLOGICAL, target_table
from benchmarks.plain_rules import RULES
from hw_sim.gait_runs import Job, evaluate, jobs_of, result_of
from hw_sim.gait_tables import Row, groups_of, rows_of
from hw_sim.recordings import make_detector
from tests.test_evaluate import folder  # noqa: F401 - the fixture is used by name
from tests.test_evaluate_scores import made, on_in


@pytest.mark.parametrize("name", RULES)
def test_a_plain_rule_finds_nearly_every_step_of_a_textbook_walk(folder: Path, name: str) -> None:  # noqa: F811
    (_, row) = rows_of(evaluate(jobs_of(folder), RULES[name], processes=1), groups_of)[:2]
    assert row.steps in (8, 16)
    assert row.sens_pct >= 85
    assert row.doubles_pct < 15


@pytest.fixture
def one_walker(monkeypatch) -> None:
    """Latency of one simulated walk in place of all: the figures are not looked at here."""
    monkeypatch.setattr(latency, "WALKERS", latency.WALKERS[:1])
    monkeypatch.setattr(latency, "WALK_S", 12.0)


def test_the_page_names_command_date_commit_and_every_rival(folder, tmp_path, one_walker, capsys) -> None:  # noqa: F811
    page = tmp_path / "page.md"
    assert main(["--data", str(folder), "--jobs", "1", "--out", str(page)]) == 0
    text = page.read_text()
    assert "Made by `./swingphase bench gait` on 20" in text
    assert ", commit " in text
    for name in (
        *RULES,
        "gaitmap",
        "20 deg of mounting error",
        "aside people",
        "Oudre 2018",
        "the study's rule",
    ):
        assert name in text
    assert "| made/foot/made | 16 | 100.0" in text
    assert "| made/foot/made | **Swingphase** | 16 | 100.0" in text
    assert "| made/foot/made | plain: swing rate | 16 | " in text
    assert "| made/foot/made | 16 | 100.0 / 100.0 | 0.00 |" in text
    assert "| points from detected to delivered | made/foot/made | 0.000 | at most 1 | yes |" in text
    assert "| made/foot/made 2L weak | 8 | 100.0 | 100.0 |" in text
    for sensor in latency.SENSORS:
        assert f"| {sensor} | on after heel-off | simulated |" in text
    said = capsys.readouterr()
    assert str(page) in said.out
    assert "11/11 gaitmap 100%" in said.err


def test_delivered_pulses_can_be_left_out_and_the_page_says_so(folder, tmp_path, one_walker, capsys) -> None:  # noqa: F811
    page = tmp_path / "page.md"
    assert main(["--data", str(folder), "--jobs", "1", "--no-delivered", "--out", str(page)]) == 0
    capsys.readouterr()
    text = page.read_text()
    assert "`./swingphase bench gait --no-delivered`" in text
    assert "detected / delivered" not in text


def test_every_error_is_in_the_table_of_bins_once(folder: Path) -> None:  # noqa: F811
    results = evaluate(jobs_of(folder), make_detector, processes=1)
    lines = histogram_table(results)
    columns = np.array([[int(cell) for cell in line.split("|")[2:-1]] for line in lines[2:]])
    assert lines[0] == "| ms | foot: onset-HO | foot: onset-TO | foot: end-IC |"
    assert columns.sum(axis=0).tolist() == [16, 16, 16]


def neurological(**changed: float) -> Row:
    rows = rows_of(result_rows(), lambda _: [NEUROLOGICAL])
    return replace(rows[0], **changed)  # type: ignore[arg-type]


def result_rows():
    return [result_of(Job(file=Path("made"), recording=made()), on_in((220, 260), (338, 382)))]


def lines_about(what: str, row: Row, *, hard: float = 100.0, delivered: float = 100.0) -> list[str]:
    rows = {"bias": [replace(row, sens_pct=hard)]}
    lines = target_table([row], [], rows, [replace(row, sens_pct=delivered)])
    return [line for line in lines if line.startswith(f"| {what}")]


@pytest.mark.parametrize(
    ("what", "changed", "met"),
    [
        ("sensitivity", {"sens_pct": 98.5}, "| yes |"),
        ("sensitivity", {"sens_pct": 98.49}, "| **no** |"),
        ("stance", {"stance_pct": 1.0}, "| yes |"),
        ("stance", {"stance_pct": 1.01}, "| **no** |"),
        ("median onset-HO", {"onset_heel_off_ms": (0, -30, 0)}, "| yes |"),
        ("median onset-HO", {"onset_heel_off_ms": (0, 51, 0)}, "| **no** |"),
        ("median onset-HO", {"onset_heel_off_ms": (0, -31, 0)}, "| **no** |"),
        ("F1win", {"f1_window": float("nan")}, "| **no** |"),
    ],
)
def test_a_target_is_met_up_to_its_bound_and_not_beyond(what: str, changed: dict, met: str) -> None:
    (line,) = lines_about(what, neurological(**changed))
    assert line.endswith(met)


def test_hardship_may_cost_three_tenths_and_delivery_one_point() -> None:
    row = neurological(sens_pct=99.0)
    for hard, met in ((98.75, "| yes |"), (98.65, "| **no** |")):
        assert lines_about("points lost by bias", row, hard=hard)[0].endswith(met)
    for delivered, met in ((98.05, "| yes |"), (97.95, "| **no** |")):
        assert lines_about("points from detected to delivered", row, delivered=delivered)[0].endswith(met)


def test_the_lowest_weak_foot_decides() -> None:
    row = neurological()
    feet = [replace(row, key=f"x {n}L weak", sens_pct=p) for n, p in ((1, 99.0), (2, 91.9), (3, 95.0))]
    lines = target_table([row], [*feet, replace(row, key="x 4L", sens_pct=50.0)], {}, [])
    assert lines[-1] == "| lowest weak foot, % | x 2L weak | 91.90 | at least 92 | **no** |"


def test_a_folder_without_recordings_is_a_sentence_and_exit_code_2(tmp_path: Path, capsys) -> None:
    assert main(["--data", str(tmp_path / "none")]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_people_are_set_aside_by_their_number(folder: Path) -> None:  # noqa: F811
    results = evaluate(jobs_of(folder), RULES["swing rate"], processes=1)
    assert [(r.recording.subject, is_aside(r)) for r in results] == [("1", False), ("2", False)]
    assert len(table("x", rows_of(results, groups_of))) == 4
    assert np.isfinite([r.score.length_s for r in results]).all()
