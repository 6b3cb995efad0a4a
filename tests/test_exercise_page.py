"""docs/stimulation.md names every setting of exercises and of the wearer's control as the code has it."""

from pathlib import Path

import pytest

from stimulator import exercise, seated, wearer
from stimulator.exercise_plan import EXERCISE_CHANNEL_PARAMETERS, EXERCISE_PARAMETERS, WEIGHTED_MAX_MS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "stimulation.md"


def row(p):
    """Return the line of one parameter."""
    return (
        f"| `{p.name}` | {p.unit} | {p.default} | {p.min} to {p.max} | {p.recommended_min} to {p.recommended_max} "
        f"| {p.step} | {p.help} |"
    )


@pytest.mark.parametrize(
    "p", EXERCISE_PARAMETERS + EXERCISE_CHANNEL_PARAMETERS + wearer.WEARER_PARAMETERS, ids=lambda p: p.name
)
def test_the_page_has_the_row_of_each_setting(p):
    assert row(p) in PAGE.read_text(encoding="utf-8").splitlines()


def test_the_page_names_no_setting_that_does_not_exist():
    known = {p.name for p in EXERCISE_PARAMETERS + EXERCISE_CHANNEL_PARAMETERS + wearer.WEARER_PARAMETERS}
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    assert {line.split("`")[1] for line in lines if line.startswith("| `")} == known


def test_the_numbers_of_the_text_are_those_of_the_code():
    assert (seated.EXPLAINED_US, seated.DOUBT_US, seated.WALK_US) == (500_000, 3_000_000, 15_000_000)
    assert (seated.QUIET_US, seated.LASTS_US) == (200_000, 15_000)
    assert (exercise.HELD_MAX_US, exercise.PAUSED_MAX_US, exercise.RUN_MAX_S) == (
        10_000_000,
        300_000_000,
        1_800,
    )
    assert (wearer.LOCK_US, wearer.LONG_US, wearer.LEVEL_STEP) == (4_000_000, 2_000_000, 5)
    assert WEIGHTED_MAX_MS == 7_350
