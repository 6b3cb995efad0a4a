"""The wearer's keys of `./swingphase run`: edges of lines, the console, the level of the walk, what is told."""

import pytest

from firmware_py import acts, blackbox
from firmware_py.pi.console import UserError
from firmware_py.pi.gpio_port import GpioError
from firmware_py.pi.keys import BOUNCE_US, Keys
from firmware_py.pi.log_rows import records
from firmware_py.pi.run import wiring
from firmware_py.pi.run.config import RunConfig
from firmware_py.pi.run.console import wearers
from firmware_py.pi.run.controller import Report
from firmware_py.pi.run.orders import do, order
from firmware_py.pi.run.wiring import Places, open_keys, open_signals
from firmware_py.pi.sensors.contacts import EdgeList
from stimulator.wearer import DOWN, MUTE, PAUSE, UP
from tests.run_rig import ARMED, Rig
from tests.test_run_check import Bench, raises
from tests.test_run_console import Desk

MS = 1_000


class Line:
    """A key on a line; the test moves its clock."""

    def __init__(self, *edges_ms, is_closed=False):
        self.now_us = 0
        edges = [(ms * MS, closed) for ms, closed in edges_ms]
        self.contact = EdgeList(edges, lambda: self.now_us, is_closed=is_closed)
        self.told = []
        self.keys = Keys([(self.contact, lambda is_down: self.told.append((self.now_us // MS, is_down)))])

    def run_to(self, ms):
        while self.now_us < ms * MS:
            self.now_us += 5 * MS
            self.keys.step(self.now_us)
        return self.told


def test_a_press_counts_once_its_level_has_lasted_for_30_ms():
    assert BOUNCE_US == 30_000
    assert Line((100, True), (200, False)).run_to(400) == [(130, True), (230, False)]
    assert Line((100, True), (125, False)).run_to(400) == [], "a touch"


def test_a_contact_that_bounces_is_one_press():
    edges = [(100 + 2 * i, i % 2 == 0) for i in range(9)] + [(300 + 2 * i, i % 2 == 1) for i in range(9)]
    assert [is_down for _, is_down in Line(*edges).run_to(500)] == [True, False]


def test_a_key_that_is_down_at_the_start_says_nothing_until_it_was_up():
    line = Line((200, False), (300, True), is_closed=True)
    assert line.run_to(190) == []
    assert line.run_to(500) == [(330, True)]


def test_a_key_whose_line_is_gone_comes_up():
    line = Line((100, True))
    line.run_to(200)
    line.contact.is_gone = True
    assert [is_down for _, is_down in line.run_to(300)] == [True, False]
    line.keys.close()


def test_every_line_that_is_named_is_its_own_key_and_a_line_that_cannot_be_had_is_said(monkeypatch):
    opened, pressed = [], []

    def contact(chip, line, what):
        opened.append((line, what))
        return EdgeList([(0, True)], lambda: 10**6, is_closed=False)

    monkeypatch.setattr(wiring, "open_contact", contact)
    config = RunConfig.model_validate({"keys": {"up": "5", "down": "6", "pause": "13", "mute": "19"}})
    keys = open_keys(config, Places(), lambda act, key: pressed.append((act, key)))
    keys.step(10**6)
    assert opened == [(5, "key up"), (6, "key down"), (13, "key pause"), (19, "key mute")]
    assert pressed == [(acts.ACT_KEY_DOWN, key) for key in (UP, DOWN, PAUSE, MUTE)]
    open_keys(config, Places(heel_pipe="a simulation"), print).step(10**6)
    assert len(opened) == 4, "lines are not touched in a simulation"


def test_cues_are_heard_and_felt_on_the_lines_that_are_named(monkeypatch):
    opened = []
    monkeypatch.setattr(wiring, "open_output", lambda chip, line, what: opened.append((line, what)))
    assert open_signals(RunConfig(), Places()) is None
    config = RunConfig.model_validate({"keys": {"motor": "26"}})
    assert open_signals(config, Places(heel_pipe="a simulation")) is None
    assert open_signals(config, Places()) is not None
    assert opened == [(26, "vibration motor")]


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"min_percent": 60, "max_percent": 40}, "min_percent is 60; max_percent allows 0 to 40"),
        ({"start_level": 33}, "in steps of 5"),
    ],
)
def test_a_corridor_that_is_none_is_refused_with_its_sentence(keys, sentence):
    with pytest.raises(UserError, match=sentence):
        RunConfig.model_validate({"keys": keys}).corridor()


def test_the_check_says_which_keys_are_wired_and_which_are_not(tmp_path):
    assert Bench(tmp_path).found()["keys"].text == "none."
    bench = Bench(tmp_path, keys={"up": "5", "motor": "26"})
    found = bench.found()["keys"]
    assert found.text == "up on line 5, motor on line 26; not fitted: down, pause, mute, hand, beeper."
    broken = GpioError(16, "Line 5 cannot be used.")
    assert bench.found(contact=raises(broken))["keys"].state == "MISSING"


# The level -------------------------------------------------------------------------------------------


@pytest.fixture
def rig():
    found = Rig()
    yield found
    found.close()


def held(rig, key, ms):
    do(rig.controller, acts.ACT_KEY_DOWN, key, 0)
    rig.run(ms, ARMED)
    do(rig.controller, acts.ACT_KEY_UP, key, 0)
    rig.run(50, ARMED)


def currents(rig):
    """Return the largest current asked for on channel 0 since the last call."""
    found = [
        row.values[3] for row in records(rig.rows) if row.kind == blackbox.REQUEST and row.values[0] == 0
    ]
    new, rig.seen = found[getattr(rig, "seen", 0) :], len(found)
    return max(new, default=0)


def test_a_locked_key_does_nothing_a_long_press_frees_it_and_less_comes_at_once(rig):
    wearer = rig.controller.wearer
    rig.run(4_000, ARMED)
    full_ua = currents(rig)
    held(rig, DOWN, 200)
    assert wearer.level == 100, "locked since 4 s"
    held(rig, DOWN, 2_100)
    for _ in range(4):
        held(rig, DOWN, 100)
    assert (wearer.level, wearer.is_locked) == (80, False)
    currents(rig)
    rig.run(4_000, ARMED)
    assert currents(rig) == full_ua * 80 // 100
    assert wearer.is_locked, "for 4 s without a key"


def test_pause_lets_no_step_begin_until_it_goes_on_and_mute_only_mutes(rig):
    wearer = rig.controller.wearer
    rig.run(3_000, ARMED)
    held(rig, PAUSE, 100)
    rig.run(1_500, ARMED)
    currents(rig)
    rig.run(3_000, ARMED)
    assert (wearer.is_paused, currents(rig)) == (True, 0)
    held(rig, PAUSE, 2_100)  # frees
    held(rig, PAUSE, 100)
    held(rig, MUTE, 100)
    rig.run(3_000, ARMED)
    assert (wearer.is_paused, wearer.is_muted) == (False, True)
    assert currents(rig) > 0


def test_the_parent_is_told_of_the_keys_as_soon_as_something_changes(rig):
    rig.process.report.is_locked = rig.controller.wearer.is_locked
    assert not rig.process._is_news()
    rig.controller.wearer.choose(75)
    assert rig.process._is_news()
    assert wearers(Report(level=75)) == "Wearer: level 75 %, keys locked."
    assert wearers(Report(level=0, is_locked=False, is_paused=True, is_muted=True)).endswith(
        "free, paused, muted."
    )


# The console -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "key", "ms"), [("key up", UP, 100), ("key pause long", PAUSE, 2_200)])
def test_a_key_is_pressed_and_let_go_of_at_the_console(typed, key, ms):
    desk = Desk()
    desk.console.take(typed)
    desk.run(ms)
    assert desk.orders == [order(acts.ACT_KEY_DOWN, key)]
    desk.run(100)
    assert desk.orders == [order(acts.ACT_KEY_DOWN, key), order(acts.ACT_KEY_UP, key)]


def test_a_second_key_lets_go_of_the_first_and_what_is_no_key_is_said():
    desk = Desk()
    desk.console.take("key up long")
    desk.console.take("key mute")
    desk.run(300)
    kinds = [(packet[0], packet[1]) for packet in desk.orders]
    down, up = acts.ACT_KEY_DOWN, acts.ACT_KEY_UP
    assert kinds == [(down, UP), (up, UP), (down, MUTE), (up, MUTE)]
    for wrong in ("key", "key left", "key up twice"):
        desk.console.take(wrong)
        assert "no command" in desk.said[-1]
