"""The person at a board: words over USB, the check of leg and channels by key, what is kept and what is refused."""

from pathlib import Path

import pytest

from firmware_py import channel_check
from hw_sim.seated import AS_WIRED, SWAPPED
from safety import faults, supervisor
from tests.fake_board import fake_board
from tests.mpy.channel_check_loop import PRESS_MS
from tests.test_portable_channel_check import trace_of

TRACE = (Path(__file__).resolve().parent / "golden" / "walk_trace.bin").read_bytes()


@pytest.fixture
def walk(tmp_path):
    with fake_board(tmp_path) as rig:
        walk = rig.walk(TRACE)
        walk.until(lambda: walk.sup.state == supervisor.READY and walk.guard.driver.state == 0)
        yield walk


def test_state_is_one_short_line_that_says_whether_it_is_armed(walk):
    said = walk.type("state")
    assert said.startswith("swingphase armed=0 state=ready fault=0 ")
    assert said.endswith("build=test build")
    walk.arm()
    assert walk.type("state").startswith("swingphase armed=1 state=armed ")
    assert len(walk.said[-1]) < 200, "a full USB buffer would hold the loop up"


def test_leave_is_refused_while_armed_and_granted_when_not(walk):
    walk.arm()
    assert walk.type("leave") == "no: armed. Disarm or stop first."
    assert not walk.superloop.console.wants_to_leave
    walk.type("disarm")
    assert walk.type("leave") == "ok"
    assert walk.superloop.console.wants_to_leave


def test_ctrl_c_is_off_while_the_loop_runs_and_on_after_leave(walk):
    assert walk.rig.heap.ctrl_c == -1
    walk.superloop.console._source.leave()
    assert walk.rig.heap.ctrl_c == 3


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("help", "no: known are state, acknowledge, test CHANNEL"),
        ("test", "no: known are"),
        ("test 2", "no: channel is 2; there are 0 to 1. Name one."),
        ("test x", "no: "),
        ("test -1", "no: channel is -1"),
        ("confirm", "no: There is nothing to confirm."),
        ("\x03\x04", "no: known are"),
        ("stop", "ok"),
        ("clear", "ok"),
        ("pause", "ok"),
        ("resume", "ok"),
    ],
)
def test_each_word_is_answered_in_one_line(walk, line, answer):
    assert walk.type(line).startswith(answer)


def test_a_line_that_is_too_long_is_no_command_and_the_next_one_is_heard(walk):
    assert walk.type("s" * 100).startswith("no: known are")
    assert walk.type("state").startswith("swingphase")


@pytest.mark.parametrize(
    "line",
    ["stop", "stop ", " stop", "stop now", "STOP", "sstop", "\x03stop", "please stop!", "x" * 60 + "stop"],
)
def test_a_stop_acts_once_however_it_is_typed_and_is_answered_once(walk, line):
    walk.arm()
    stops, said = walk.guard.stops, len(walk.said)
    assert walk.type(line) == "ok"
    assert walk.guard.stops == stops + 1
    assert not walk.guard.gate.armed
    walk.cycles(5)
    assert walk.said[said:] == ["ok"]
    assert walk.type("state").startswith("swingphase"), "the next line is heard"


def test_a_stop_acts_before_enter(walk):
    walk.arm()
    walk.chip.type("stop")
    walk.cycles(1)
    assert not walk.guard.gate.armed


@pytest.mark.parametrize("first", ["state\n", "arm\n", "state\narm\n", "state\r\nsta"])
def test_a_stop_behind_a_line_that_waits_acts_in_the_next_cycle_and_nothing_waits_any_more(walk, first):
    walk.arm()
    walk.superloop._spare_time = lambda: None  # the loop has no time for an answer
    walk.chip.type(first + "stop\n")
    walk.cycles(2)
    assert not walk.guard.gate.armed
    del walk.superloop._spare_time
    walk.cycles(800)
    assert not walk.guard.gate.armed, "an arm that was typed before the stop came to nothing"
    assert walk.said[-1] == "ok"


def test_lines_that_come_at_once_are_obeyed_one_after_the_other(walk):
    walk.chip.type("state\r\npause\r\n\r\nresume\r\n")
    walk.cycles(10)
    assert [line.split()[0] for line in walk.said] == ["swingphase", "ok", "ok"]


def test_no_line_is_obeyed_in_part_when_its_beginning_came_before_the_answer(walk):
    walk.chip.type("state\ndis")
    superloop = walk.superloop
    superloop.console.hear()
    superloop.console.hear()
    assert superloop.console.answer()
    walk.chip.type("arm\n")
    walk.cycles(5)
    assert superloop.person._wish == 0
    assert walk.said[1:] == ["no: the line after it came too soon. Type it again."]
    assert walk.type("resume") == "ok"


def test_a_cycle_hears_no_more_than_a_line_of_a_flood(walk):
    walk.chip.type("x" * 200)
    walk.superloop.console.hear()
    assert walk.chip.typed_n == 160


def test_words_arm_pause_and_disarm(walk):
    assert walk.type("acknowledge") == "ok"
    walk.guard._was_checked = True
    walk.type("arm")
    walk.until(lambda: walk.sup.state == supervisor.ARMED, 800)
    assert walk.type("acknowledge") == "no: armed. Disarm first: it is written to the flash."
    walk.type("pause")
    walk.until(lambda: walk.sup.state == supervisor.PAUSED, 1_000)
    walk.type("resume")
    assert walk.sup.state in (supervisor.ARMED, supervisor.STIMULATING)
    walk.type("disarm")
    assert walk.sup.state == supervisor.READY


def test_an_acknowledgement_that_does_not_count_is_said_to_be_none(walk):
    walk.sup.fault(26)
    assert walk.type("acknowledge").startswith("no: the device is not ready")
    walk.cycles(10)
    assert walk.superloop.person._store.load("acknowledged") is None


def test_settings_that_cannot_be_written_are_said_so(walk, monkeypatch):
    def full(name, at, data):
        raise OSError(28, "no room")

    monkeypatch.setattr(walk.superloop.person._store._files, "write", full)
    assert walk.type("acknowledge").startswith("no: ")


def check_by_key(walk):
    """Press the test key when the foot of the trace moves; return what the console said of each channel."""
    walk.until(lambda: walk.sup.state == supervisor.READY and walk.guard.driver.state == 0)
    walk.type("acknowledge")
    for channel, press_ms in enumerate(PRESS_MS):
        walk.type(f"test {channel}")
        at = (press_ms - 150) // 5  # the key is debounced, and arming takes some cycles
        walk.cycles(at - walk.superloop.cycles)
        before = len(walk.said)
        walk.chip.levels[walk.pins.TEST] = 0
        walk.cycles(430)
        walk.chip.levels[walk.pins.TEST] = 1
        walk.until(lambda before=before: len(walk.said) > before, 300)
    walk.cycles(200)
    return [line for line in walk.said if line.startswith("channel ")]


def test_a_check_by_key_is_judged_counts_and_is_kept_for_the_next_start(tmp_path):
    with fake_board(tmp_path) as rig:
        walk = rig.walk(trace_of("right", AS_WIRED))
        assert check_by_key(walk) == ["channel 0: right", "channel 1: right"]
        assert walk.sup.is_checked
        assert walk.chip.pulses_n > 100
        assert walk.loop.cycle.scheduler is walk.loop.walk
    with fake_board(tmp_path) as rig:
        walk = rig.walk(TRACE)
        walk.until(lambda: walk.sup.state == supervisor.READY and walk.guard.driver.state == 0)
        walk.type("arm")
        walk.until(lambda: walk.sup.state == supervisor.ARMED, 800)
        walk.type("stop")
    with fake_board(tmp_path) as rig:
        walk = rig.walk(TRACE, side="left")
        walk.until(lambda: walk.sup.state == supervisor.READY and walk.guard.driver.state == 0)
        walk.type("acknowledge")
        walk.type("arm")
        walk.cycles(800)
        assert not walk.guard.gate.armed, "another leg is another profile"


def test_a_lead_that_came_off_undoes_a_check_for_this_start_and_the_next(tmp_path):
    with fake_board(tmp_path) as rig:
        walk = rig.walk(trace_of("right", AS_WIRED))
        check_by_key(walk)
        assert walk.sup.is_checked
        walk.sup.fault(faults.LEAD_OPEN)
        walk.cycles(200)
        assert walk.type("clear") == "ok"
        walk.type("arm")
        walk.cycles(800)
        assert not walk.guard.gate.armed
    with fake_board(tmp_path) as rig:
        walk = rig.walk(TRACE)
        walk.until(lambda: walk.sup.state == supervisor.READY and walk.guard.driver.state == 0)
        walk.type("arm")
        walk.cycles(800)
        assert not walk.guard.gate.armed


def test_swapped_leads_are_said_and_nothing_counts_as_checked(tmp_path):
    with fake_board(tmp_path) as rig:
        walk = rig.walk(trace_of("right", SWAPPED))
        assert check_by_key(walk) == ["channel 0: swapped", "channel 1: swapped"]
        assert not walk.sup.is_checked
        walk.type("arm")
        walk.cycles(800)
        assert not walk.guard.gate.armed


def test_a_test_key_without_a_channel_does_nothing(walk):
    walk.type("acknowledge")
    walk.chip.levels[walk.pins.TEST] = 0
    walk.cycles(500)
    assert walk.chip.pulses_n == 0
    assert not walk.guard.gate.armed


def test_letting_go_of_the_test_key_ends_the_burst_at_once(tmp_path):
    with fake_board(tmp_path) as rig:
        walk = rig.walk(trace_of("right", AS_WIRED))
        walk.until(lambda: walk.sup.state == supervisor.READY and walk.guard.driver.state == 0)
        walk.type("acknowledge")
        walk.type("test 0")
        walk.chip.levels[walk.pins.TEST] = 0
        walk.until(lambda: walk.chip.pulses_n > 10, 800)
        walk.chip.levels[walk.pins.TEST] = 1
        walk.cycles(8)  # the key is debounced for 30 ms
        before = walk.chip.pulses_n
        walk.cycles(300)
        assert walk.chip.pulses_n - before <= 1
        assert not walk.guard.gate.armed


def test_what_a_shank_cannot_see_is_confirmed_by_a_person_or_does_not_count(walk):
    person = walk.superloop.person
    person.channel = 0
    person.verdicts[:] = [channel_check.NOT_VISIBLE, channel_check.RIGHT]
    assert walk.type("confirm") == "ok"
    assert person.verdicts == [channel_check.RIGHT, channel_check.RIGHT]
    assert not walk.sup.is_checked, "the guard knows that no channel was tested"
    assert not person.is_complete
