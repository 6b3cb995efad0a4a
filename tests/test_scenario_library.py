"""Every situation of the library through the whole loop: all that is expected of it comes true."""

import xml.etree.ElementTree as ET

import pytest

from hw_sim.emulators.transports import TRANSPORTS
from hw_sim.scenario_file import NamedScenario, library_names, load_scenario, scenario_of
from hw_sim.scenario_run import run_scenario
from hw_sim.sim_job import catalogue, main
from tests.decided_rows import decided

pytest_plugins = ["hw_sim.pytest_plugin"]

# As different from each other as the library offers: all transports must agree on them.
DIFFERENT = (
    *("battery-low-on-the-way-home", "cable-caught-in-a-door", "computer-stalls", "doorbell"),
    *("electrode-dries-out", "freezing-at-the-door", "gravel", "imu-cable-breaks", "kerb"),
    *("lead-pulled-by-a-chair", "legs-dangling", "loose-strap", "ramp-up", "shank-only", "slow-answers"),
    *("stiff-foot-turning-in", "stimulator-hangs", "stop-button", "switch-worn-out", "u-turn-in-the-hall"),
)


def test_the_catalogue_names_at_least_thirty_situations_and_why_each_matters():
    lines = catalogue()
    assert len(library_names()) >= 30
    assert all(load_scenario(name).scenario.why in "\n".join(lines) for name in library_names())


@pytest.mark.parametrize("name", library_names())
def test_what_is_expected_of_a_situation_comes_true(walk_scenario, name):
    walk_scenario(name)


def test_twenty_different_situations_are_there_to_compare():
    assert len(set(DIFFERENT)) == 20


@pytest.mark.parametrize("name", DIFFERENT)
def test_numbers_memory_and_pty_give_the_same_pulses_and_rows(name):
    scenario = load_scenario(name).scenario
    short = NamedScenario(name, scenario.model_copy(update={"length_s": min(scenario.length_s, 16.0)}))
    found = {}
    for transport in TRANSPORTS:
        if transport == "pty" and name not in DIFFERENT[:6]:
            continue
        run = run_scenario(short, transport=transport)
        found[transport] = (decided(bytes(run.rig.world.rows)), list(run.rig.device.pulses))
    first = found.pop("request")
    assert all(other == first for other in found.values())


def test_ding_and_fast_muscle_are_walked_by_both_transports_alike():
    text = """title = "Tires"
why = "Both muscles must do the same whatever carries the pulses."
length_s = 9
walker.muscle = "ding"
activity = [{ do = "stand", seconds = 3 }, { do = "walk", seconds = 6 }]
"""
    named = NamedScenario("tires", scenario_of(text, "tires.toml"))
    by_numbers, by_bytes = (run_scenario(named, transport=t) for t in ("request", "memory"))
    assert by_numbers.rig.device.pulses == by_bytes.rig.device.pulses
    assert [s.stride for s in by_numbers.rig.meter.steps] == [s.stride for s in by_bytes.rig.meter.steps]


FAILING = """title = "Too much to ask"
why = "Nobody clears the ground by ten centimetres."
length_s = 9
activity = [{ do = "stand", seconds = 3 }, { do = "walk", seconds = 6 }]
[expect]
from_s = 4
clearance_mm_min = 99
ends = "fault"
"""


def test_a_failed_expectation_is_exit_code_1_with_its_time_and_in_junit(tmp_path, capsys):
    file, junit = tmp_path / "ask.toml", tmp_path / "junit.xml"
    file.write_text(FAILING)
    assert main(["--scenario", str(file), "--junit", str(junit)]) == 1
    said = capsys.readouterr().out
    assert "First broken at" in said
    assert "clearance_mm_min: the toe cleared the ground by" in said
    assert "Also at 9.000 s, ends: the device stands armed at the end; fault was expected." in said
    suite = ET.parse(junit).getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("type") == "clearance_mm_min"


def test_the_report_is_one_page_with_pictures_inside(tmp_path, capsys):
    page = tmp_path / "report.html"
    assert (
        main(["--scenario", "battery-empty", "--report", str(page), "--log", str(tmp_path / "box.swp")]) == 0
    )
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") == 2
    assert "battery empty" in text
    assert not any(word in text for word in ("<script", "<link", "src=", "@import"))  # opens offline
    assert (tmp_path / "box.swp").stat().st_size > 10_000
    capsys.readouterr()


def test_another_seed_is_another_walk_and_the_same_seed_the_same(walk_scenario):
    walks = [walk_scenario("doorbell", seed=seed, must_hold=False) for seed in (5, 5, 6)]
    rows = [bytes(walk.rig.world.rows) for walk in walks]
    assert rows[0] == rows[1] != rows[2]


def test_the_fixture_fails_with_the_first_broken_expectation(walk_scenario, tmp_path):
    file = tmp_path / "ask.toml"
    file.write_text(FAILING)
    with pytest.raises(pytest.fail.Exception, match=r"ask at \d\.\d{3} s, clearance_mm_min"):
        walk_scenario(file)
    assert len(walk_scenario(file, must_hold=False).broken) == 2
