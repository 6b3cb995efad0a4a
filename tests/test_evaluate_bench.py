"""The benchmark's page: plain rules find a textbook walk, and the page holds tables without recordings."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.gait import is_aside, main, table
from benchmarks.plain_rules import RULES
from hw_sim.gait_runs import evaluate, jobs_of
from hw_sim.gait_tables import groups_of, rows_of
from tests.test_evaluate import folder  # noqa: F401 - the fixture is used by name


@pytest.mark.parametrize("name", RULES)
def test_a_plain_rule_finds_nearly_every_step_of_a_textbook_walk(folder: Path, name: str) -> None:  # noqa: F811
    (_, row) = rows_of(evaluate(jobs_of(folder), RULES[name], processes=1), groups_of)[:2]
    assert row.steps in (8, 16)
    assert row.sens_pct >= 85
    assert row.doubles_pct < 15


def test_the_page_names_command_date_commit_and_every_rival(folder: Path, tmp_path: Path, capsys) -> None:  # noqa: F811
    page = tmp_path / "page.md"
    assert main(["--data", str(folder), "--jobs", "1", "--out", str(page)]) == 0
    text = page.read_text()
    assert "Made by `./swingphase bench gait` on 20" in text
    assert ", commit " in text
    for name in (*RULES, "gaitmap", "20 deg of mounting error", "aside people"):
        assert name in text
    assert "| made/foot/made | 16 | 100.0" in text
    assert str(page) in capsys.readouterr().out


def test_a_folder_without_recordings_is_a_sentence_and_exit_code_2(tmp_path: Path, capsys) -> None:
    assert main(["--data", str(tmp_path / "none")]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_people_are_set_aside_by_their_number(folder: Path) -> None:  # noqa: F811
    results = evaluate(jobs_of(folder), RULES["swing rate"], processes=1)
    assert [(r.recording.subject, is_aside(r)) for r in results] == [("1", False), ("2", False)]
    assert len(table("x", rows_of(results, groups_of))) == 4
    assert np.isfinite([r.score.length_s for r in results]).all()
