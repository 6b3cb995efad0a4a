"""The link's deeds on the real loop: level, pause, arming, changes in the middle of a walk, what telemetry shows."""

import itertools

import pytest

from firmware_py.link import gatt, ops, values
from firmware_py.link.loop_device import LoopDevice
from safety.clock import after_us
from safety.supervisor import STIMULATING
from stimulator.cues import LEVEL_CHANGED, PAUSED, RESUMED, Cues
from stimulator.prescription import PrescriptionError, default_prescription
from stimulator.wearer import Corridor, Wearer
from tests.house import REPO
from tests.link_rig import there, value_of
from tests.mpy.link_session import PEER, Bench, changed

TRACE = (REPO / "tests/golden/walk_trace.bin").read_bytes()
OLD = default_prescription()


@pytest.fixture
def bench():
    bench = Bench(TRACE)
    bench.run(400)
    bench.session.connected(PEER)
    bench.session.mtu = 247
    bench.session.secured()
    bench.talk.hello()
    bench.talk.unlock()
    return bench


def arm(bench):
    bench.talk.ask(ops.ACKNOWLEDGE)
    bench.talk.ask(ops.ARM_WALK)
    bench.run(50)


def status(bench):
    return value_of(bench, gatt.STATUS, values.STATUS)


def test_a_walk_is_armed_and_disarmed_over_the_radio(bench):
    assert status(bench).armed == 0
    arm(bench)
    assert (status(bench).armed, status(bench).is_arming) == (1, 0)
    bench.talk.ask(ops.DISARM)
    assert status(bench).armed == 0


@pytest.mark.parametrize("end", ["stop", "disarm", "profile_changed"])
def test_whoever_ends_it_at_the_device_ends_the_wish_of_the_radio_too(bench, end):
    bench.talk.ask(ops.ACKNOWLEDGE)
    guard = bench.loop.guard
    guard.disarm()  # so that the stimulator has to wake up first
    bench.run(50)
    bench.talk.ask(ops.ARM_WALK)
    assert status(bench).is_arming
    getattr(guard, end)()
    bench.run(1_000)
    assert (status(bench).armed, status(bench).is_arming) == (0, 0)


def test_a_press_while_walking_is_refused_and_holds_no_change_back(bench):
    arm(bench)
    answer = bench.talk.ask(ops.HOLD, 0, 100_000)
    assert answer.result == ops.BAD_VALUE
    assert "not armed for a test" in answer.sentence
    assert bench.loop.burst.envelope.state == 0
    assert not bench.session.bursts.is_held


def test_a_wearer_may_not_arm(bench):
    bench.talk.ask(ops.LOCK)
    assert bench.talk.ask(ops.ARM_WALK).result == ops.NOT_ALLOWED
    bench.run(100)
    assert status(bench).armed == 0


def test_the_link_going_away_leaves_the_walk_as_it_is(bench):
    arm(bench)
    bench.run(3_000)
    before = bench.port.pulses
    bench.session.disconnected()
    bench.run(3_000)
    assert bench.port.pulses > before + 50
    assert bench.loop.guard.supervisor.state in (3, 4)


def test_a_change_in_the_middle_of_a_step_is_taken_over_after_it(bench):
    arm(bench)
    while bench.loop.walk.envelope.state == 0:
        bench.run(5)
    wanted = changed(OLD, 0, current_ua=27_000)
    assert there(bench.talk.stage(wanted, 1)).result == ops.OK
    assert bench.talk.ask(ops.COMMIT, 1, 1).result == ops.OK
    assert bench.device.prescription() == OLD
    assert status(bench).is_taken_over == 0
    while bench.loop.walk.envelope.state != 0:
        bench.run(5)
    bench.run(5)
    assert bench.device.prescription() == wanted
    assert bench.loop.burst.prescription == wanted
    assert status(bench).is_taken_over == 1


def test_changes_cannot_be_chained_without_a_helped_step_between(bench):
    arm(bench)
    bench.run(3_000)
    while bench.loop.walk.envelope.state != 0:
        bench.run(5)
    bench.loop.guard.disarm()
    assert there(bench.talk.stage(changed(OLD, 0, current_ua=30_000), 1)).result == ops.OK
    assert bench.talk.ask(ops.COMMIT, 1, 1).result == ops.OK
    bench.run(2_000)  # of walking without help
    assert bench.device.prescription().channels[0].current_ua == 30_000
    higher = there(bench.talk.stage(changed(OLD, 0, current_ua=30_500), 2))
    assert higher.result == ops.REFUSED
    assert "with a walk between" in higher.sentence


def test_a_trial_whose_radio_is_lost_in_a_comparison_falls_back_between_two_steps(bench):
    arm(bench)
    bench.run(2_500)
    trial = changed(OLD, 0, current_ua=27_000)
    assert there(bench.talk.stage(trial, 1)).result == ops.OK
    assert bench.talk.ask(ops.COMMIT, 1, 1).result == ops.OK
    bench.run(1_500)
    weaker = changed(OLD, 0, current_ua=20_000)
    loop = bench.loop
    loop.compare(weaker, 2, 4)
    while not (loop.walk.prescription == weaker and loop.guard.supervisor.state == STIMULATING):
        bench.run(5)
    bench.session.disconnected()
    assert loop.guard.gate.armed
    assert loop.walk.prescription == weaker
    assert loop._plain_walk.comparison is None
    while loop.walk.envelope.state != 0:
        bench.run(5)
    before = bench.port.pulses
    bench.run(3_000)
    assert bench.port.pulses > before + 50, "and the walk goes on"
    assert bench.session.changes.running == loop.walk.prescription == weaker
    assert not bench.session.changes.is_ending_due


def test_what_the_guard_was_not_started_with_is_a_new_profile(bench):
    for what in ({"current_max_ua": 50_000}, {"charge_max_nc": 22_000}):
        reply = bench.talk.stage(changed(OLD, 0, **what), 1)
        assert reply.result == ops.REFUSED
        assert "the guard was started with" in reply.sentence
    fewer = type(OLD)(*OLD[:-1], OLD.channels[:1])
    assert "1 channels; this device was started with 2" in bench.talk.stage(fewer, 1).sentence


def test_lower_maxima_are_taken_over(bench):
    assert bench.talk.stage(changed(OLD, 0, current_max_ua=30_000), 1).result == ops.OK


def test_a_commit_during_a_test_burst_is_refused_and_nothing_changes(bench):
    bench.talk.ask(ops.ACKNOWLEDGE)
    bench.talk.ask(ops.ARM_TEST)
    bench.run(50)
    assert status(bench).armed == 2
    bench.talk.ask(ops.HOLD, 0, 100_000)
    wanted = changed(OLD, 0, current_ua=27_000)
    assert bench.talk.stage(wanted, 1).result == ops.OK
    reply = bench.talk.ask(ops.COMMIT, 1, 1)
    assert reply.result == ops.REFUSED
    assert reply.sentence.startswith("A test burst runs")
    with pytest.raises(ValueError, match="test burst"):
        bench.device.commit(wanted)
    bench.talk.ask(ops.RELEASE)
    assert bench.device.prescription() == OLD


def test_the_loop_names_every_problem_and_raises_with_them(bench):
    bad = changed(OLD, 0, current_ua=101_000)
    assert bench.device.problems(bad)[0].startswith("channel tibialis_anterior: current_ua is 101000")
    with pytest.raises(PrescriptionError, match="101000"):
        bench.device.commit(bad)


def test_the_wearers_level_is_set_in_steps_of_5_inside_the_corridor(bench):
    assert bench.talk.ask(ops.LEVEL, 60).result == ops.OK
    assert status(bench).level == 60
    assert bench.wearer.share_percent == 60
    assert bench.talk.ask(ops.LEVEL, 62).result == ops.BAD_VALUE
    assert status(bench).level == 60


def test_a_lower_level_gives_less_current(bench):
    arm(bench)
    bench.run(6_000)
    full = max(r.granted_ua for r in bench.loop.guard.results)
    bench.talk.ask(ops.LEVEL, 50)
    bench.run(3_000)
    half = max(r.granted_ua for r in bench.loop.guard.results)
    assert 0 < half <= full * 0.55


def test_pause_and_resume_are_the_wearers(bench):
    arm(bench)
    bench.talk.ask(ops.LOCK)
    assert bench.talk.ask(ops.PAUSE).result == ops.OK
    assert status(bench).is_paused == 1
    bench.run(2_000)
    before = bench.port.pulses
    bench.run(2_000)
    assert bench.port.pulses == before
    assert bench.talk.ask(ops.RESUME).result == ops.OK
    assert status(bench).is_paused == 0
    bench.run(2_000)
    assert bench.port.pulses > before


def test_without_a_wearers_level_pause_is_the_guards_and_a_level_cannot_be_set():
    bench = Bench(TRACE)
    device = LoopDevice(bench.loop)
    assert not device.set_level(50)
    bench.loop.guard.open()
    device.pause()
    device.resume()
    assert bench.wearer.is_paused is False


def test_a_deed_of_the_app_is_heard_and_needs_no_unlocked_keys():
    cues = Cues()
    wearer = Wearer(Corridor(20, 80, 50), cues)
    assert wearer.is_locked
    wearer.choose(75)
    wearer.pause(True)
    wearer.pause(True)
    wearer.pause(False)
    assert (wearer.level, wearer.share_percent) == (75, 65)
    assert [cues.take() for _ in range(4)] == [LEVEL_CHANGED, PAUSED, RESUMED, 0]
    for bad in (-5, 105, 7):
        with pytest.raises(ValueError, match=f"level is {bad}"):
            wearer.choose(bad)


def test_telemetry_shows_the_steps_and_every_current_that_was_granted(bench):
    from tests.test_link_streams import samples_of

    arm(bench)
    bench.talk.ask(ops.WATCH, 1)
    bench.talk.heard.clear()
    began = bench.loop.guard.results_total
    for _ in range(30):
        bench.run(100)
        bench.talk.take()
    found = [samples_of(v) for k, v in bench.talk.heard if k == gatt.TELEMETRY]
    rows = [row for _, more in found for row in more]
    assert 290 <= len(rows) <= 301
    assert {row[1] for row in rows} >= {1, 3}, "stance and swing"
    granted = sum(r.granted_ua > 0 for r in bench.loop.guard.results)
    shown = sum(ua > 0 for row in rows for ua in row[7])
    assert shown > 0.9 * min(granted, bench.loop.guard.results_total - began)
    assert max(ua for row in rows for ua in row[7]) == 2500
    steps = [b[0] - a[0] for a, b in itertools.pairwise(rows)]
    assert {s & 0x3FFFFFFF for s in steps} == {10_000}


def test_a_sample_at_the_wrap_of_the_clock_is_no_gap(bench):
    bench.talk.ask(ops.WATCH, 1)
    telemetry = bench.session.telemetry
    t_us = 0x3FFFFFFF - 25_000
    for _ in range(6):
        telemetry.add(t_us, 1, 0, 0, 0, 0, 0)
        t_us = after_us(t_us, 10_000)
    from tests.test_link_streams import samples_of

    assert samples_of(telemetry.take(244))[0].count == 6
