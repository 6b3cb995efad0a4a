"""Named starting points, and what a prescription carries over to another wearer or leg."""

import pytest

from firmware_py.pi import prescription_job
from firmware_py.pi.console import UserError
from firmware_py.pi.exercise_file import load_plan, plan_text
from firmware_py.pi.prescription_file import load_prescription
from stimulator import exercise_plan, presets
from stimulator.drivers.capability import P24
from stimulator.parameters import CHANNEL_PARAMETERS, WALK_PARAMETERS
from stimulator.prescription import PrescriptionError, default_prescription, problems, warnings

PRESETS = {p.name: p for p in presets.PRESETS}
EXERCISES = {e.name: e for e in presets.EXERCISES}


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS.keys())
def test_each_preset_may_be_used_without_a_warning_and_holds_no_strength(preset):
    made = presets.prescription_of(preset)
    assert {c.current_ua for c in made.channels} == {0}
    for current_ua in (0, 20_000, 36_000):
        strong = presets.prescription_of(preset, current_ua)
        assert problems(strong, P24) == []
        assert warnings(strong) == []
    assert preset.about.endswith(".")
    assert preset.source


def test_presets_name_only_settings_that_exist_and_each_its_own_way():
    walk = {p.name for p in WALK_PARAMETERS}
    channel = {p.name for p in CHANNEL_PARAMETERS} - {"current_ua"}
    for preset in presets.PRESETS:
        assert set(preset.walk) <= walk
        assert all(set(own) <= channel for own in preset.channels)
    assert len({presets.prescription_of(p) for p in presets.PRESETS}) == len(PRESETS) == len(presets.PRESETS)


def test_the_usual_preset_is_the_default_without_its_strength():
    assert presets.prescription_of(PRESETS["usual"]) == presets.without_current(default_prescription())


def test_push_off_comes_before_the_dorsiflexors():
    tibialis, peroneal, push = presets.prescription_of(PRESETS["push-off"]).channels
    assert push.start_percent == 0
    assert push.end_percent - tibialis.start_percent == push.end_percent - peroneal.start_percent == 10
    assert tibialis.end_percent == peroneal.end_percent == 100


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES.keys())
def test_each_exercise_may_run_with_the_usual_strength(exercise):
    plan = presets.plan_of(exercise)
    assert exercise_plan.problems(plan, default_prescription(), P24.current_step_ua) == []
    assert set(exercise.plan) <= {p.name for p in exercise_plan.EXERCISE_PARAMETERS}
    assert exercise.source


def test_for_another_wearer_everything_is_kept_but_the_strength():
    old = presets.prescription_of(PRESETS["push-off"], 30_000)._replace(delay_ms=40)
    new = presets.without_current(old)
    assert {c.current_ua for c in new.channels} == {0}
    assert new == old._replace(channels=tuple(c._replace(current_ua=0) for c in old.channels))


def test_a_name_that_does_not_exist_is_an_error():
    with pytest.raises(KeyError):
        presets.named(presets.PRESETS, "none")


# The command


def test_a_preset_is_written_as_a_file_that_reads_back(tmp_path, capsys):
    path = tmp_path / "p.toml"
    assert prescription_job.main(["--preset", "push-off", "--current", "20.5", "--out", str(path)]) == 0
    assert "doi 10.1161" in capsys.readouterr().out
    assert load_prescription(path) == presets.prescription_of(PRESETS["push-off"], 20_500)
    assert prescription_job.main(["--check", str(path)]) == 0
    assert "99 of 100 pulses a second" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "sentences"),
    [("--copy", presets.FOR_ANOTHER_WEARER), ("--mirror", presets.FOR_THE_OTHER_LEG)],
)
def test_copy_and_mirror_say_what_must_be_checked_again(tmp_path, capsys, option, sentences):
    old = tmp_path / "old.toml"
    prescription_job.main(["--preset", "turns-in", "--current", "25", "--out", str(old)])
    capsys.readouterr()
    assert prescription_job.main([option, str(old)]) == 0
    text = capsys.readouterr().out
    assert all(f"# {sentence}\n" in text for sentence in sentences)
    new = tmp_path / "new.toml"
    new.write_text(text)
    assert load_prescription(new) == presets.prescription_of(PRESETS["turns-in"])


def test_the_list_names_every_preset_with_its_source(capsys):
    assert prescription_job.main(["--list"]) == 0
    text = capsys.readouterr().out
    assert all(p.name in text and p.source in text for p in presets.PRESETS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--preset", "none"], "There is no preset none; known are usual"),
        (["--preset", "usual", "--current", "61"], "--current is 61; allowed is 0 to 60 mA"),
        (["--preset", "usual", "--current", "-1"], "--current is -1"),
        (["--preset", "asymmetric", "--current", "25"], "steps of 2000 uA"),
        (["--copy", "none.toml", "--current", "5"], "goes with --preset only"),
        (["--copy", "none.toml"], "cannot be read"),
    ],
)
def test_bad_wishes_get_a_sentence(arguments, words):
    with pytest.raises((UserError, PrescriptionError)) as e:
        prescription_job.main(arguments)
    assert words in str(e.value)


# Plans as files


def test_a_plan_is_written_as_a_file_that_reads_back(tmp_path):
    for exercise in presets.EXERCISES:
        path = tmp_path / "plan.toml"
        path.write_text(plan_text(presets.plan_of(exercise), [exercise.about]))
        assert load_plan(path, default_prescription()) == presets.plan_of(exercise)


def plan_in(tmp_path, text, prescription=None):
    path = tmp_path / "plan.toml"
    path.write_text(text)
    return load_plan(path, prescription or default_prescription())


def test_a_plan_names_its_channels_in_their_order_or_takes_all_that_are_prescribed(tmp_path):
    plan = plan_in(tmp_path, "[peroneal]\nshare_percent = 60\n[tibialis_anterior]\n[exercise]\nsets = 2\n")
    assert plan.channels == ((1, 60), (0, 100))
    assert plan.sets == 2
    assert plan_in(tmp_path, "") == exercise_plan.default_plan()
    one = default_prescription()
    one = one._replace(channels=(one.channels[0]._replace(current_ua=0), one.channels[1]))
    assert plan_in(tmp_path, "", one).channels == ((1, 100),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "[exercise]\non_ms = 100\n",
            "on_ms in [exercise] is 100; allowed is a whole number from 500 to 3500 ms",
        ),
        ("[exercise]\nsets = 0\n", "sets in [exercise] is 0; allowed is a whole number from 1 to 10. Choose"),
        ("[exercise]\nrepeats = 3\n", "there is no setting repeats in [exercise]"),
        ("[peroneal]\nchannel = 1\n", "there is no setting channel in [peroneal]"),
        ("[peroneal]\nshare_percent = 5\n", "allowed is a whole number from 10 to 100 %"),
        ("peroneal = 3\n", "[peroneal] is not a section"),
        ("[calf]\n", "there is no section [calf]"),
        ("on_ms = \n", "is not TOML"),
    ],
)
def test_a_bad_plan_gets_a_sentence(tmp_path, text, words):
    with pytest.raises(PrescriptionError) as e:
        plan_in(tmp_path, text)
    assert words in str(e.value)
