"""docs/stimulation.md and docs/exercise.md: numbers of the code, and every picture that the command draws."""

import re
from pathlib import Path

import pytest

from firmware_py.pi import exercise_docs
from hw_sim import late_start, stimulation_pictures
from safety import limits
from stimulator import comparison, envelope, exercise, pace, seated, test_burst, wearer
from stimulator.exercise_plan import WEIGHTED_MAX_MS
from stimulator.parameters import CHANNEL_NAMES

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = (DOCS / "stimulation.md").read_text(encoding="utf-8")
SIZE_MAX = 150_000
TOTAL_MAX = 1_000_000


@pytest.mark.parametrize("p", wearer.WEARER_PARAMETERS, ids=lambda p: p.name)
def test_the_page_has_the_row_of_each_setting_of_the_wearer(p):
    row = (
        f"| `{p.name}` | {p.unit} | {p.default} | {p.min} to {p.max} | {p.recommended_min} to {p.recommended_max} "
        f"| {p.step} | {p.help} |"
    )
    assert row in PAGE.splitlines()


def test_the_page_of_exercise_settings_is_the_table():
    assert exercise_docs.PAGE.read_text(encoding="utf-8") == exercise_docs.page(), (
        "run: .venv/bin/python -m firmware_py.pi.exercise_docs"
    )


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
    assert (envelope.OTHER_WAIT_US, envelope.EXTENSION_MAX_MS, envelope.CONTACT_AFTER_TIMEOUT_US) == (
        300_000,
        500,
        200_000,
    )
    assert (envelope.STRETCH_USUAL_US, envelope.STRETCH_MIN_US, envelope.STRETCH_MAX_US) == (
        600_000,
        300_000,
        1_500_000,
    )
    assert pace.STRIDE_USUAL_MS == 1_100
    assert (limits.DOUBLET_MIN_US, limits.DOUBLET_MAX_US, limits.FIRST_MAX_UA, limits.RISE_UA_PER_MS) == (
        5_000,
        16_000,
        7_500,
        500,
    )
    assert [(p.min, p.max, p.default) for p in comparison.COMPARISON_PARAMETERS] == [(1, 20, 10), (2, 40, 6)]
    assert (test_burst.PRESS_MAX_US, test_burst.BEAT_MAX_US, test_burst.RISE_US) == (
        2_000_000,
        500_000,
        1_000_000,
    )
    assert all(f"`{name}`" in PAGE for name in CHANNEL_NAMES[2:])
    assert f"| {late_start.STARTS_PERCENT[-1]} |" in PAGE


def test_the_page_shows_every_picture_that_the_command_draws_and_no_other():
    named = re.findall(r"\(pictures/([\w-]+)\.svg\)", PAGE)
    assert sorted(named) == sorted(stimulation_pictures.PICTURES)
    assert sorted(p.stem for p in (DOCS / "pictures").glob("*.svg")) == sorted(named)


def test_the_pictures_keep_the_repository_light():
    sizes = [p.stat().st_size for p in (DOCS / "pictures").glob("*.svg")]
    assert max(sizes) < SIZE_MAX
    assert sum(sizes) < TOTAL_MAX


def test_the_command_draws_what_it_is_asked_for(tmp_path, capsys):
    assert stimulation_pictures.main([str(tmp_path), "walk-doublet", "test-burst", "walk-level"]) == 0
    for name in ("walk-doublet", "test-burst", "walk-level"):
        text = (tmp_path / f"{name}.svg").read_text()
        assert text.startswith("<svg")
        assert not re.search(r"\d\.\d{3}", text), "hundredths of a point are fine enough"
    assert capsys.readouterr().out.count("kB") == 3
    with pytest.raises(SystemExit):
        stimulation_pictures.main([str(tmp_path), "none"])
    assert "there is no picture none" in capsys.readouterr().err
