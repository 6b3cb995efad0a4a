"""Exercises of `./swingphase run`: from the plan's file to requests, the console, the hand button, and the replay."""

import pytest

from firmware_py import acts, blackbox, messages
from firmware_py.pi.exercise_file import plan_text
from firmware_py.pi.log_rows import records
from firmware_py.pi.run import wiring
from firmware_py.pi.run.config import RunConfig
from firmware_py.pi.run.console import exercises
from firmware_py.pi.run.controller import Report
from firmware_py.pi.run.orders import EXERCISE, do, order
from firmware_py.pi.run.wiring import Places, open_keys
from firmware_py.pi.sensors.contacts import EdgeList
from hw_sim.seated import SeatedLeg
from stimulator.exercise import BURST, DONE, OVER, STOPPED, WAIT
from stimulator.exercise_plan import BY_ATTEMPT, BY_BUTTON, default_plan
from tests.link_rig import there
from tests.run_rig import FOR_EXERCISE, Rig
from tests.test_run_check import Bench
from tests.test_run_console import Desk
from tests.test_run_controller import kept

SHORT = default_plan()._replace(repetitions=1, sets=1, countdown_s=3, on_ms=1_000)


@pytest.fixture
def sits():
    found = Rig(plan=SHORT, leg=SeatedLeg())
    yield found
    found.close()


def begins(rig):
    do(rig.controller, acts.ACT_USE, EXERCISE, 0)
    rig.run(100, FOR_EXERCISE)
    assert rig.controller.in_charge == EXERCISE
    do(rig.controller, acts.ACT_START, 0, 0)


def asked(rig):
    return sum(row.kind == blackbox.REQUEST for row in records(rig.rows))


def test_an_exercise_runs_through_its_plan_and_its_log_is_decided_again(sits, tmp_path):
    begins(sits)
    sits.run(2_900, FOR_EXERCISE)
    assert asked(sits) == 0, "the countdown"
    sits.run(2_500, FOR_EXERCISE | {"state": 4})
    assert asked(sits) > 50
    sits.run(1_000, FOR_EXERCISE)
    exercise = sits.controller.exercise
    assert (exercise.phase, exercise.ended_by) == (OVER, DONE)
    found = kept(sits, tmp_path / "a.swp", sits.rows)
    assert (found.problem, found.checked_n) == ("", found.rows_n), found.line()
    assert sits.process._is_news()


def test_an_exercise_that_nobody_has_armed_for_ends(sits):
    begins(sits)
    sits.run(1_000, {"armed": 1, "state": 3})
    assert sits.controller.exercise.phase == OVER
    assert asked(sits) == 0


def test_the_hand_button_begins_a_burst_and_end_ends_it():
    rig = Rig(plan=SHORT._replace(trigger=BY_BUTTON, helps_anyway=0, window_ms=20_000), leg=SeatedLeg())
    begins(rig)
    rig.run(4_500, FOR_EXERCISE)
    exercise = there(rig.controller.exercise)
    assert (exercise.phase, asked(rig)) == (WAIT, 0)
    do(rig.controller, acts.ACT_BUTTON, 0, 0)
    rig.run(700, FOR_EXERCISE | {"state": 4})
    assert exercise.phase == BURST
    before = asked(rig)
    assert before > 0
    do(rig.controller, acts.ACT_END, 0, 0)
    rig.run(200, FOR_EXERCISE)
    assert (exercise.ended_by, asked(rig)) == (STOPPED, before)
    rig.close()


def test_without_a_plan_nothing_comes_into_charge():
    rig = Rig(leg=SeatedLeg())
    for act in (acts.ACT_START, acts.ACT_BUTTON, acts.ACT_END):
        assert do(rig.controller, act, 0, 0)
    do(rig.controller, acts.ACT_USE, EXERCISE, 0)
    rig.run(100, FOR_EXERCISE)
    assert rig.controller.in_charge != EXERCISE
    rig.close()


def test_the_hand_button_is_a_line_of_its_own(monkeypatch):
    edges = [(0, True), (100_000, False)]
    now = [50_000]
    monkeypatch.setattr(wiring, "open_contact", lambda *_: EdgeList(edges, lambda: now[0], is_closed=False))
    pressed = []
    keys = open_keys(
        RunConfig.model_validate({"keys": {"hand": "7"}}), Places(), lambda *what: pressed.append(what)
    )
    for now[0] in (50_000, 110_000, 150_000):
        keys.step(now[0])
    assert pressed == [(acts.ACT_BUTTON, 0)], "at its press, not at its end"


# The console and the check ---------------------------------------------------------------------------


def test_exercise_arms_once_it_is_in_charge_and_starts_once_it_is_armed():
    desk = Desk()
    desk.console.take("exercise")
    desk.run(300)
    assert desk.orders == [order(acts.ACT_USE, EXERCISE)]
    assert desk.sent == []
    desk.in_charge = EXERCISE
    desk.run(300)
    assert set(desk.sent) == {messages.ARM_EXERCISE}
    desk.status.armed = 3
    desk.run(300)
    assert desk.orders[1:] == [order(acts.ACT_START)]
    desk.console.take("button")
    desk.console.take("end")
    assert desk.orders[2:] == [order(acts.ACT_BUTTON), order(acts.ACT_END)]
    assert desk.sent[-1] == messages.DISARM


def test_an_exercise_that_never_comes_into_charge_is_said_so():
    desk = Desk()
    desk.console.take("exercise")
    desk.run(4_000)
    assert desk.sent == []
    assert "Name a plan" in desk.said[0]


def test_a_person_reads_how_the_exercise_stands():
    assert exercises(Report()) == ""
    assert exercises(Report(exercise=WAIT)) == "Exercise: your turn"
    assert exercises(Report(exercise=OVER, exercise_ended_by=DONE)).startswith(
        "Exercise: The exercise is done."
    )


def checked(tmp_path, plan, **sections):
    path = tmp_path / "plan.toml"
    path.write_text(plan_text(plan))
    return Bench(tmp_path, files={"exercise": str(path)}, **sections).found()["exercise"]


def test_the_check_says_which_exercise_there_is_and_what_it_lacks(tmp_path):
    assert Bench(tmp_path).found()["exercise"].text.startswith("none")
    assert checked(tmp_path, SHORT).state == "ok"
    found = checked(tmp_path, SHORT._replace(trigger=BY_BUTTON))
    assert (found.state, "wire hand" in found.text) == ("note", True)
    assert checked(tmp_path, SHORT._replace(trigger=BY_BUTTON), keys={"hand": "7"}).state == "ok"
    found = checked(tmp_path, SHORT._replace(trigger=BY_ATTEMPT), imu={"place": "shank"})
    assert (found.state, "own attempt" in found.text) == ("MISSING", True)
