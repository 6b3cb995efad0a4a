"""A scenario file with a mistake gets one sentence: file, line, what is wrong, what is allowed, what to do."""

import pytest

from hw_sim import scenario_schema
from hw_sim.scenario_file import ScenarioError, library_names, load_scenario, scenario_of
from hw_sim.toml_lines import line_of

GOOD = """title = "A way"
why = "It is walked every day."
length_s = 20
[walker]
severity = "severe"

[[activity]]
do = "walk"
seconds = 20
"""


def sentence(text):
    with pytest.raises(ScenarioError) as caught:
        scenario_of(text, "way.toml")
    assert len(caught.value.sentences) == 1, caught.value.sentences
    return caught.value.sentences[0]


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        (
            'severity = "severe"',
            'severity = "sever"',
            5,
            ["'sever'", "healthy, mild, moderate, severe, flaccid"],
        ),
        ('severity = "severe"', "stride_s = 9", 5, ["stride_s is 9 in [walker]", "a number from 0.8 to 2.5"]),
        ('severity = "severe"', "stride_s = nan", 5, ["stride_s is nan", "0.8 to 2.5"]),
        ('severity = "severe"', 'stride_s = "1"', 5, ["stride_s is '1'", "0.8 to 2.5"]),
        (
            'severity = "severe"',
            "spede = 1",
            5,
            ["no key spede in [walker]", "severity, side, stride_s", "Rename"],
        ),
        ("seconds = 20", "seconds = -1", 9, ["seconds is -1 in [activity]", "a number from 0"]),
        ('do = "walk"', "", 7, ["do is missing in [activity]", "what is done", "Add it"]),
        ('do = "walk"', 'do = "fly"', 7, ["do is 'fly'", "stand", "walk"]),
        ('title = "A way"', "", 1, ["title is missing", "As people would call it"]),
        ('title = "A way"', 'title = "A"', 1, ["title is 'A'", "3 to 60 characters"]),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_is_allowed(old, new, line, words):
    said = sentence(GOOD.replace(old, new))
    assert said.startswith(f"way.toml:{line}: "), said
    assert all(word in said for word in words), said
    assert said.endswith(".")


def event(**keys):
    return "\n[[event]]\n" + "".join(f"{k} = {v!r}\n" for k, v in keys.items())


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (event(at_s=3, what="nix"), 13, ["what is 'nix'", "heel switch stuck open"]),
        (event(at_s=20, what="stop"), 12, ["at_s is 20", "0 to 20", "look longer"]),
        (event(at_s=3, what="stop", amount=2), 11, ["has no amount", "Remove it"]),
        (event(at_s=3, what="heel switch late", amount=5000), 11, ["amount is 5000", "1 to 1000 ms"]),
        (event(at_s=3, what="stop", until_s=5), 11, ["cannot end by itself"]),
        (event(at_s=3, what="IMU stale", until_s=3), 11, ["until_s is 3", "after at_s"]),
        (event(at_s=3, what="stop", found_within_ms=3), 11, ["without found"]),
        (
            event(at_s=3, what="heel switch stuck open") + event(at_s=5, what="heel switch stuck closed"),
            17,
            ["contradicts 'heel switch stuck open'", "one event of the heel switch at a time"],
        ),
        (
            "\n[sensors]\nhas_switch = false\n" + event(at_s=3, what="heel switch bounces"),
            16,
            ["contradicts has_switch = false"],
        ),
        (
            event(at_s=3, what="IMU stale").replace("[[event]]", "[[activity]]\ndo = 'sit'\n[[event]]"),
            11,
            ["activity 2 is 'sit', but the person is standing", "sit_down"],
        ),
        ("\n[expect]\nmissed_steps_max = 1.5\n", 12, ["missed_steps_max is 1.5", "a whole number from 0"]),
        ("\n[expect]\ncurrent_ma_max = 200\n", 12, ["current_ma_max is 200", "0 to 130"]),
        ("\n[prescription.walk]\nrise_ms = 3\n", 12, ["rise_ms is 3 in [prescription.walk]", "50 to 1000"]),
    ],
)
def test_contradictions_and_impossible_events_are_named(text, line, words):
    said = sentence(GOOD + text)
    assert said.startswith(f"way.toml:{line}: "), said
    assert all(word in said for word in words), said


def test_two_events_of_one_thing_are_fine_one_after_the_other():
    text = event(at_s=3, what="IMU stale", until_s=5) + event(at_s=5, what="IMU frozen", until_s=6)
    assert len(scenario_of(GOOD + text, "way.toml").event) == 2
    assert (
        len(scenario_of(GOOD + event(at_s=9, what="IMU stale") + event(at_s=9, what="stop"), "x").event) == 2
    )


def test_what_is_no_toml_or_no_file_is_said(tmp_path):
    assert "way.toml is not TOML" in sentence("x = [")
    with pytest.raises(ScenarioError, match="cannot be read"):
        load_scenario(tmp_path / "missing.toml")
    with pytest.raises(ScenarioError, match=r"There is no scenario 'nowhere'; allowed are .*corridor"):
        load_scenario("nowhere")


def test_every_mistake_of_a_file_is_said_at_once():
    with pytest.raises(ScenarioError) as caught:
        scenario_of(GOOD.replace("length_s = 20", "length_s = 1").replace('"severe"', '"x"'), "way.toml")
    assert len(caught.value.sentences) == 2


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("a",), 1),
        (("t",), 2),
        (("t", "b"), 3),
        (("t", "c d"), 4),
        (("list", 0, "x"), 6),
        (("list", 1), 7),
        (("list", 1, "x"), 9),
        (("list", 1, "deep", "y"), 11),
        (("list", 1, "missing"), 7),
        (("nowhere",), 1),
    ],
)
def test_a_key_is_found_on_its_line(place, line):
    text = (
        'a = 1\n[t]\nb = 2\n"c d" = 3\n[[list]]\nx = 1\n[[list]] # two\n# x = 0\nx = 2\n[list.deep]\ny = 1\n'
    )
    assert line_of(text, place) == line


def test_the_committed_schema_is_the_one_of_the_models():
    said = "the models changed; run `.venv/bin/python -m hw_sim.scenario_schema`"
    assert scenario_schema.FILE.read_text(encoding="utf-8") == scenario_schema.schema_text(), said


def test_every_scenario_of_the_library_can_be_read():
    for name in library_names():
        scenario = load_scenario(name).scenario
        assert scenario.why.endswith(".")
        assert scenario.length_s <= 1800
