"""`./swingphase exercise`: what a person at the keyboard gets."""

import pytest

from hw_sim import exercise_job
from stimulator.prescription import PrescriptionError

SHORT = "[exercise]\nrepetitions = 1\nsets = 1\ncountdown_s = 3\n"


def run(tmp_path, text, *more):
    plan = tmp_path / "plan.toml"
    plan.write_text(text)
    return exercise_job.main(["--plan", str(plan), "--out", str(tmp_path / "out"), *more])


def test_a_plan_runs_to_its_end_with_picture_and_black_box(tmp_path, capsys):
    assert run(tmp_path, SHORT + "[peroneal]\n") == 0
    said = capsys.readouterr().out
    assert "1 x 1, at most" in said
    assert "set 1 of 1: 1 of 1" in said
    assert "The exercise is done. Look at the skin" in said
    assert "peroneal:" in said
    assert "tibialis" not in said
    assert "Pulses refused by the guard: 0" in said
    assert (tmp_path / "out" / "exercise.svg").read_text().startswith("<svg")
    assert (tmp_path / "out" / "blackbox.swp").stat().st_size > 10_000


@pytest.mark.parametrize("trigger", [1, 2])
def test_the_simulated_person_answers_every_second_cue(tmp_path, capsys, trigger):
    assert run(tmp_path, SHORT.replace("repetitions = 1", "repetitions = 2") + f"trigger = {trigger}\n") == 0
    assert "1 missed cues" in capsys.readouterr().out


def test_a_plan_that_ends_early_is_exit_code_1(tmp_path, capsys):
    assert (
        run(
            tmp_path,
            SHORT.replace("repetitions = 1", "repetitions = 3")
            + "trigger = 1\nhelps_anyway = 0\nmissed_max = 1\n",
        )
        == 1
    )
    assert "No button and no movement came" in capsys.readouterr().out


def test_a_plan_with_a_warning_says_so_and_a_wrong_one_is_refused(tmp_path, capsys):
    written = tmp_path / "taps.toml"
    assert exercise_job.main(["--preset", "taps", "--write", str(written)]) == 0
    assert "Note: on_ms is 500; recommended is 1000 to 3000" in capsys.readouterr().out
    assert "# Tap the toes" in written.read_text()
    with pytest.raises(PrescriptionError, match=r"The exercise lasts .* s; allowed is 0 to 1800"):
        run(tmp_path, "[exercise]\nrepetitions = 50\nsets = 10\n")
