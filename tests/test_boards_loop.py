"""The superloop of a board on a stand-in chip: watchdog, stop, garbage, flash, and what a fault leaves behind."""

import os
from pathlib import Path

import pytest

from safety import faults, supervisor
from tests.fake_board import fake_board

ROW_BYTES = 18
TRACE = (Path(__file__).resolve().parent / "golden" / "walk_trace.bin").read_bytes()
CYCLE_US = 5_000
WATCH_ARMED_MS, WATCH_IDLE_MS = 250, 8_000


@pytest.fixture
def walk(tmp_path):
    with fake_board(tmp_path) as rig:
        yield rig.walk(TRACE)


def pulses_of(walk):
    return walk.chip.pulses_n


def until_stimulating(walk):
    walk.arm()
    walk.until(lambda: walk.sup.state == supervisor.STIMULATING, 8_000)
    walk.cycles(10)
    assert walk.sup.state == supervisor.STIMULATING


# Watchdog -------------------------------------------------------------------------------------------------


def test_the_watchdog_is_fed_by_each_finished_cycle_and_by_nothing_else(walk):
    walk.arm()
    fed, cycles = walk.chip.feeds, walk.superloop.cycles
    walk.cycles(300)
    assert walk.chip.feeds - fed == walk.superloop.cycles - cycles


def test_a_cycle_that_fails_does_not_feed_and_leaves_everything_off(walk):
    until_stimulating(walk)
    fed = walk.chip.feeds
    walk.loop.cycle.detector.step = lambda sample: [][1]
    with pytest.raises(IndexError):
        walk.cycles(3)
    assert walk.chip.feeds - fed <= 1
    assert walk.chip.levels[walk.pins.ENABLE] == 0
    assert walk.rig.rp2.ACTIVE[0] == 0
    assert walk.rig.heap.depth == 0


def test_the_watchdog_starts_with_the_first_arm_and_is_patient_when_idle(walk):
    walk.cycles(100)
    assert walk.chip.watchdogs == 0
    walk.arm()
    walk.cycles(2)
    assert walk.chip.watchdog_ms == WATCH_ARMED_MS
    walk.guard.disarm()
    walk.cycles(2)
    assert walk.chip.watchdog_ms == WATCH_IDLE_MS


def test_a_loop_that_hangs_between_ticks_is_never_fed(walk):
    walk.arm()
    walk.cycles(5)
    fed_us = walk.chip.fed_us
    walk.guard.due_us = lambda idle_us: (
        0
    )  # the guard always wants a step: nothing but steps of the guard follow
    walk.superloop._next_us = (walk.chip.now_us + 400_000_000) & 0x3FFFFFFF
    for _ in range(1_000):
        walk.turn()
    assert walk.chip.fed_us == fed_us


# Stop -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at_us", range(0, 5_000, 450))
def test_stop_acts_within_one_tick(walk, at_us):
    until_stimulating(walk)
    walk.chip.pass_us(at_us)
    pressed_us = walk.chip.now_us
    walk.chip.set_input(walk.pins.STOP, 1)
    walk.until(lambda: not walk.guard.gate.armed, 3)
    assert (walk.chip.now_us - pressed_us) & 0x3FFFFFFF <= CYCLE_US + 1_500, (
        "one tick, and one turn of the loop"
    )
    before = pulses_of(walk)
    walk.cycles(400)
    assert pulses_of(walk) - before <= 1, "a pulse under way runs to its end"
    assert walk.chip.levels[walk.pins.ENABLE] == 0
    assert walk.sup.fault_id == faults.EMERGENCY_STOP


def test_a_press_shorter_than_a_tick_is_caught_by_the_interrupt(walk):
    until_stimulating(walk)
    walk.chip.set_input(walk.pins.STOP, 1)
    walk.chip.set_input(walk.pins.STOP, 0)
    walk.cycles(1)
    assert not walk.guard.gate.armed


def test_while_the_stop_is_pressed_or_its_wire_broken_nothing_can_be_armed(walk):
    walk.until(lambda: walk.sup.state == supervisor.READY)
    walk.chip.set_input(walk.pins.STOP, 1)
    walk.superloop.person.acknowledge()
    walk.guard._was_checked = True
    for _ in range(20):
        walk.superloop.person.arm()
        walk.cycles(20)
        assert not walk.guard.gate.armed
    walk.chip.set_input(walk.pins.STOP, 0)
    walk.cycles(400)
    assert not walk.guard.gate.armed, "letting go arms nothing"


def test_stop_over_usb_acts_in_the_cycle_that_hears_it(walk):
    until_stimulating(walk)
    walk.chip.type("stop\n")
    walk.cycles(1)
    assert not walk.guard.gate.armed


# Memory and flash -----------------------------------------------------------------------------------------


def test_garbage_is_collected_only_at_rest_and_never_with_the_heap_locked(walk):
    seen = []

    def collect():
        gait = walk.loop.cycle.detector.state
        assert walk.rig.heap.depth == 0
        if walk.sup.state in (supervisor.ARMED, supervisor.STIMULATING):
            seen.append(gait.phase)
            assert walk.sup.state == supervisor.ARMED
            assert gait.swing == 0
            assert walk.loop.cycle.scheduler.envelope.state == 0
            assert gait.phase in (0, 1), "not walking, or stance"

    walk.gc.on_collect = collect
    walk.arm()
    for _ in range(150):
        walk.chip.type("state\n")  # answers make garbage
        walk.cycles(40)
    assert len(seen) > 10
    assert 1 in seen, "in stance while walking too"


def test_automatic_collection_is_off_while_the_loop_runs_and_on_again_after(walk, monkeypatch):
    states = []
    real = walk.superloop.turn

    def turn():
        states.append(walk.gc.is_on)
        walk.superloop.console.wants_to_leave = len(states) > 50
        real()

    monkeypatch.setattr(walk.superloop, "turn", turn)
    walk.superloop.run()
    assert states
    assert not any(states)
    assert walk.gc.is_on
    assert walk.chip.levels[walk.pins.ENABLE] == 0


def test_cycle_and_guard_always_run_with_the_heap_locked(walk):
    depths = set()
    for owner, name in ((walk.loop.cycle, "step"), (walk.guard, "step"), (walk.superloop.person, "step")):
        real = getattr(owner, name)

        def noted(*values, real=real):
            depths.add(walk.rig.heap.depth)
            return real(*values)

        setattr(owner, name, noted)
    walk.arm()
    walk.cycles(2_000)
    assert depths == {1}


def test_nothing_is_written_to_the_flash_while_armed(walk, monkeypatch):
    until_stimulating(walk)
    log = walk.rig.root / "log.0"
    before = log.stat().st_size
    walk.cycles(3_000)
    assert walk.sup.state in (supervisor.ARMED, supervisor.STIMULATING)
    assert log.stat().st_size == before
    walk.guard.stop()
    walk.cycles(200)
    assert log.stat().st_size > before + 300 * 36, "what led to the stop"


def test_a_full_flash_does_not_stop_the_loop(walk, monkeypatch):
    walk.until(lambda: walk.guard.driver.state == 0)
    real = os.stat
    monkeypatch.setattr(walk.rig.board("ram_log"), "open", _no_room, raising=False)
    walk.arm()
    walk.guard.stop()
    walk.cycles(300)
    monkeypatch.setattr(os, "stat", real)
    assert walk.superloop.writer.is_broken
    assert walk.superloop.overruns == 0


def _no_room(name, mode="r"):
    raise OSError(28)


# Starts ---------------------------------------------------------------------------------------------------


def test_after_power_on_nothing_is_armed_and_the_stimulator_is_off(walk):
    walk.cycles(600)
    assert walk.sup.state == supervisor.READY
    assert walk.guard.driver.state == 0
    assert walk.chip.levels[walk.pins.ENABLE] == 0
    assert pulses_of(walk) == 0


def test_a_reset_in_use_is_heard_and_arms_nothing_until_a_person_does(tmp_path):
    with fake_board(tmp_path) as rig:
        walk = rig.walk(TRACE)
        until_stimulating(walk)
        kept = dict(rig.chip.memory)
    with fake_board(tmp_path) as rig:
        rig.chip.memory.update(kept)  # the watchdog has bitten: that register survives
        walk = rig.walk(TRACE)
        walk.guard._was_checked = True
        walk.cycles(1_000)
        assert walk.sup.state == supervisor.READY
        assert pulses_of(walk) == 0
        heard = {walk.chip.duty[walk.pins.BUZZER] for _ in range(100) if walk.cycles(5) is None}
        assert 32_768 in heard, "the alarm"
        assert "restarted" in (tmp_path / "log.0").read_bytes().decode("latin1")
        press(walk, 410)  # a person holds the key
        walk.until(lambda: walk.sup.state == supervisor.ARMED, 800)
        assert {walk.chip.duty[walk.pins.BUZZER] for _ in range(100) if walk.cycles(5) is None} == {0}


def test_a_loss_of_power_in_use_leaves_no_mark(tmp_path):
    with fake_board(tmp_path) as rig:
        until_stimulating(rig.walk(TRACE))
    with fake_board(tmp_path) as rig:
        walk = rig.walk(TRACE)
        walk.cycles(300)
        assert walk.chip.duty[walk.pins.BUZZER] == 0


def press(walk, cycles):
    walk.chip.levels[walk.pins.KEY] = 0
    walk.cycles(cycles)
    walk.chip.levels[walk.pins.KEY] = 1
    walk.cycles(20)


# Keys -----------------------------------------------------------------------------------------------------


def test_a_long_press_arms_a_short_one_pauses_and_goes_on_a_long_one_disarms(walk):
    walk.until(lambda: walk.sup.state == supervisor.READY and walk.guard.driver.state == 0)
    walk.superloop.person.acknowledge()
    walk.guard._was_checked = True
    press(walk, 60)
    walk.cycles(200)
    assert walk.sup.state == supervisor.READY, "0.3 s is not deliberate"
    press(walk, 410)
    walk.until(lambda: walk.sup.state == supervisor.ARMED, 800)
    press(walk, 60)
    walk.until(lambda: walk.sup.state == supervisor.PAUSED, 1_000)
    press(walk, 60)
    assert walk.sup.state in (supervisor.ARMED, supervisor.STIMULATING)
    press(walk, 410)
    assert walk.sup.state == supervisor.READY


def test_without_acknowledgement_or_check_no_key_arms(walk):
    walk.until(lambda: walk.sup.state == supervisor.READY and walk.guard.driver.state == 0)
    press(walk, 410)
    walk.cycles(700)
    assert not walk.guard.gate.armed
    walk.superloop.person.acknowledge()
    press(walk, 410)
    walk.cycles(700)
    assert not walk.guard.gate.armed, "nobody has checked leg and channels"


def test_an_arm_that_a_stop_overtook_is_not_tried_again(walk):
    walk.until(lambda: walk.sup.state == supervisor.READY and walk.guard.driver.state == 0)
    walk.superloop.person.acknowledge()
    walk.guard._was_checked = True
    walk.superloop.person.arm()
    walk.guard.stop()
    walk.cycles(700)
    assert not walk.guard.gate.armed


def test_a_key_that_is_down_at_power_on_says_nothing(tmp_path):
    with fake_board(tmp_path) as rig:
        rig.chip.levels[22] = 0
        walk = rig.walk(TRACE)
        key = rig.board("buttons").Key(rig.chip.pin_objects[walk.pins.KEY])
        rig.chip.levels[walk.pins.KEY] = 0
        held = rig.board("buttons").Key(rig.chip.pin_objects[walk.pins.KEY])
        assert [held.step(5_000) for _ in range(1_000)] == [0] * 1_000
        assert key.step(5_000) == 0


def test_an_acknowledgement_holds_for_the_same_profile_after_a_start_and_for_no_other(tmp_path):
    with fake_board(tmp_path) as rig:
        walk = rig.walk(TRACE)
        walk.until(lambda: walk.sup.state == supervisor.READY and walk.guard.driver.state == 0)
        walk.superloop.person.acknowledge()
    with fake_board(tmp_path) as rig:
        walk = rig.walk(TRACE)
        walk.until(lambda: walk.sup.state == supervisor.READY and walk.guard.driver.state == 0)
        assert walk.sup.is_acknowledged
    with fake_board(tmp_path) as rig:
        walk = rig.walk(TRACE, side="left")
        walk.until(lambda: walk.sup.state == supervisor.READY and walk.guard.driver.state == 0)
        assert not walk.sup.is_acknowledged


# Time -----------------------------------------------------------------------------------------------------


def test_a_loop_that_was_held_up_leaves_cycles_out_and_never_catches_up(walk):
    walk.arm()
    walk.cycles(10)
    before = walk.superloop.cycles
    walk.chip.pass_us(40_000)
    walk.turn()
    walk.turn()
    assert walk.superloop.cycles - before <= 2
    assert walk.superloop.overruns >= 7


def test_the_clock_wraps_within_a_walk_and_nothing_is_noticed(walk):
    walk.arm()
    assert walk.chip.now_us > 1 << 29, "before the wrap"
    walk.until(lambda: walk.chip.now_us < 1 << 29)
    walk.cycles(400)
    assert walk.guard.gate.armed
    assert walk.superloop.overruns == 0
    assert walk.superloop.late_us < 2_000
