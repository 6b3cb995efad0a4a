"""Trade-offs of the detector's constants: changed for a while only, chosen without the person who is scored."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import gait_tradeoffs
from benchmarks.gait_leave_out import chosen_without, leave_out_lines
from benchmarks.gait_targets import NEUROLOGICAL
from benchmarks.gait_tradeoffs import Curve, changed, main
from benchmarks.gait_tradeoffs_page import TODAY, curve_lines, deciding_lines, misses
from gait_detect.profile import FOOT, Profile
from hw_sim.gait_runs import Job, Result, result_of
from tests.test_evaluate import folder  # noqa: F401 - the fixture is used by name
from tests.test_evaluate_scores import made, on_in

FOUND = ((220, 260), (338, 382))
EARLY = ((210, 260), (338, 382))
NONE = ()
OTHER = ("drop_pct", 50)


def result(subject: str, on=FOUND, *, weak: bool = True) -> Result:
    recording = replace(
        made(), dataset="truong2019", group="neurological", subject=subject, is_weak_pushoff=weak
    )
    return result_of(Job(file=Path("made"), recording=recording), on_in(*on))


def fail_with_other_constants() -> None:
    with changed(FOOT, {"drop_pct": 50, "lifted_pct": 1}):
        assert (FOOT.drop_pct, FOOT.lifted_pct) == (50, 1)
        raise ZeroDivisionError


def test_constants_are_changed_for_a_while_and_today_s_come_back_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError):
        fail_with_other_constants()
    assert vars(FOOT) == vars(Profile("foot"))


def test_a_constant_that_the_profile_has_not_is_an_error() -> None:
    with pytest.raises(AttributeError, match="drop_percent"), changed(FOOT, {"drop_percent": 1}):
        pass


def test_every_curve_names_a_constant_and_other_values_than_today_s() -> None:
    for curve in gait_tradeoffs.CURVES:
        assert getattr(FOOT, curve.field) not in curve.values


def test_constants_are_chosen_by_the_others_alone() -> None:
    """Person 1 would be served by the other constants, person 2 and 3 by today's: only 1 must not be asked about 1."""
    results = {
        TODAY: [result("1", NONE), result("2"), result("3")],
        OTHER: [result("1"), result("2"), result("3", NONE)],
    }
    assert chosen_without("1", results) == TODAY
    assert chosen_without("3", results) == OTHER
    assert chosen_without("2", results) == TODAY  # as good as the others: today's stays
    lines = leave_out_lines(results)
    assert any(
        line.startswith("| 3 | 2 | drop_pct 50 | 0.00 |") and line.endswith("| 100.00 |") for line in lines
    )
    assert lines[-1].startswith("| **all** | 6 | **not met** | 33.33 |")


def test_constants_that_cost_the_other_feet_too_much_are_not_chosen() -> None:
    false = (*FOUND, (500, 540))
    results = {TODAY: [result("1"), result("2", NONE)], OTHER: [result("1"), result("2", false)]}
    assert chosen_without("1", results) == TODAY
    results[OTHER] = [result("1"), result("2")]
    assert chosen_without("1", results) == OTHER


def test_one_weak_person_alone_cannot_be_left_out() -> None:
    assert leave_out_lines({TODAY: [result("1"), result("2", weak=False)]}) == []


def test_targets_that_are_not_reached_are_counted() -> None:
    assert misses([result("1")]) < misses([result("1", NONE)])


def test_a_curve_holds_today_s_value_in_bold_between_the_others_and_the_people_set_aside() -> None:
    results = {TODAY: [result("1")], OTHER: [result("1", NONE)], ("drop_pct", 30): [result("3")]}
    lines = curve_lines(results, {"drop_pct": (42, "an angle")})
    rows = [line.split(" | ") for line in lines if line.startswith(("| 30", "| **42", "| 50"))]
    assert [row[0] for row in rows] == ["| 30", "| **42**", "| 50"]
    assert [row[1] for row in rows] == ["100.00", "100.00", "0.00"]
    assert [row[13] for row in rows] == ["100.00", "-", "-"]


def test_false_swings_are_told_with_what_would_spare_them() -> None:
    false = (*FOUND, (500, 540), (600, 620))
    results = {TODAY: [result("1", false), result("2")], OTHER: [result("1", false[:3]), result("2")]}
    text = "\n".join(deciding_lines(results))
    assert f"{NEUROLOGICAL}: 2 in 0.2 min; the target allows 0." in text
    assert "| truong2019, person 1, recording a, left | 2 | 1 | drop_pct 50 |" in text
    assert "| truong2019, person 2, recording a, left |" not in text


def test_the_parts_of_f1win_add_up_to_what_was_lost() -> None:
    lines = deciding_lines({TODAY: [result("1", EARLY), result("2", FOUND[:1])]})
    first = next(i for i, line in enumerate(lines) if line.startswith("| (today"))
    whole, *parts = [float(line.split(" | ")[1]) for line in lines[first : first + 6]]
    assert sum(parts) == pytest.approx(whole, abs=3)  # each is rounded to a second
    without = [float(line.split(" | ")[2].rstrip(" |")) for line in lines[first : first + 6]]
    assert min(without[1:]) >= without[0]


def test_the_page_tells_command_commit_and_every_curve(folder, tmp_path, monkeypatch, capsys) -> None:  # noqa: F811
    monkeypatch.setattr(
        gait_tradeoffs, "CURVES", (Curve(field="drop_pct", values=(40, 400), about="an angle"),)
    )
    page = tmp_path / "page.md"
    assert main(["--data", str(folder), "--jobs", "1", "--out", str(page)]) == 0
    text = page.read_text()
    assert "Made by `./swingphase bench tradeoffs` on 20" in text
    assert "`drop_pct`: an angle" in text
    assert str(page) in capsys.readouterr().out


def test_a_folder_without_recordings_is_a_sentence_and_exit_code_2(tmp_path: Path, capsys) -> None:
    assert main(["--data", str(tmp_path / "none")]) == 2
    assert "does not exist" in capsys.readouterr().err
