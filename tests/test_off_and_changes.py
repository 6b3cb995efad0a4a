"""Off takes effect now, a change between two steps: whatever is prescribed, in every mode, at any moment."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gait_detect.state import GaitState
from hw_sim.walk_run import WalkRun
from hw_sim.walker import WalkerSettings
from safety import reasons, supervisor
from stimulator import test_burst
from stimulator.cues import Cues
from stimulator.drivers.capability import P24
from stimulator.envelope import OFF
from stimulator.exercise import Exercise
from stimulator.exercise_plan import default_plan, problems
from stimulator.prescription import channel_limits, steep_changes
from stimulator.presets import PRESETS, named, prescription_of
from stimulator.walk import WalkScheduler
from stimulator.wearer import DEFAULT_CORRIDOR, Wearer, WithLevel
from tests.drawn_prescriptions import prescriptions
from tests.walk_rig import CYCLE_US, MASK, T0_US

moments = st.integers(0, 700)  # cycles: three strides and a half
FIELDS = ("channel", "fire_at_us", "current_ua", "width_us", "gap_us", "shape")


class Walker:
    """A steady walk, one stride a second, cycle by cycle, through one scheduler or more at once."""

    def __init__(self):
        self.state = GaitState()
        self.state.confidence = 100
        self.cycle = 0

    def step(self, *schedulers):
        """Return what each asks for in the next cycle."""
        self.cycle += 1
        self.state.swing = int(self.cycle % 200 >= 100)
        self.state.stride_us = 1_000_000 if self.cycle > 300 else 0
        t_us = (T0_US + self.cycle * CYCLE_US) & MASK
        asked = []
        for s in schedulers:
            n = s.step(t_us, CYCLE_US, self.state, True)
            asked.append([tuple(getattr(r, f) for f in FIELDS) for r in s.requests[:n]])
        return asked


def scheduler_of(prescription, has_level):
    walk = WalkScheduler(prescription, CYCLE_US, P24.current_step_ua)
    if not has_level:
        return walk
    cues = Cues()
    return WithLevel(walk, Wearer(DEFAULT_CORRIDOR, cues), P24.current_step_ua, cues)


@settings(max_examples=40, deadline=None)
@given(prescriptions, moments, st.booleans())
def test_a_cut_walk_asks_for_nothing_before_a_new_swing(prescription, at, has_level):
    walker, scheduler = Walker(), scheduler_of(prescription, has_level)
    for _ in range(at):
        walker.step(scheduler)
    scheduler.cut()
    assert scheduler.count == 0
    assert scheduler.envelope.level == 0
    was_swing = True
    while not (walker.state.swing and not was_swing):
        was_swing = walker.state.swing
        asked = walker.step(scheduler)[0]
        assert asked == [] or (walker.state.swing and not was_swing)


@settings(max_examples=60, deadline=None)
@given(prescriptions, prescriptions, moments)
def test_a_change_of_the_walk_is_met_with_the_next_step_and_not_before(old, other, at):
    new = other._replace(
        channels=tuple(
            c._replace(
                waveform=c.waveform,
                rate_hz=min(c.rate_hz, d.rate_hz),
                current_ua=min(c.current_ua, d.current_ua) // 2_000 * 2_000,
                width_us=min(c.width_us, d.width_us),
            )
            for c, d in zip(old.channels, other.channels * 4, strict=False)
        )
    )
    assert steep_changes(old, new) == []
    walker, changed, twin = Walker(), scheduler_of(old, False), scheduler_of(old, False)
    for _ in range(at):
        walker.step(changed, twin)
    changed.commit(new)
    while twin.envelope.state != OFF:
        assert changed.prescription is old
        mine, others = walker.step(changed, twin)
        assert mine == others, "the step under way"
    walker.step(changed, twin)
    assert changed.prescription is new


class Sup:
    state = supervisor.STIMULATING
    mode = supervisor.EXERCISE


@settings(max_examples=25, deadline=None)
@given(prescriptions, st.integers(0, 3_000), st.sampled_from(["stop", "cut", "disarm"]))
def test_an_exercise_that_ends_asks_for_nothing_more_and_takes_no_change_before(prescription, at, how):
    channels = [i for i, c in enumerate(prescription.channels) if c.current_ua > 0]
    plan = default_plan(1)
    prescription = prescription._replace(channels=tuple(prescription.channels[i] for i in channels[:1]))
    if not channels or problems(plan, prescription, 500):
        return
    sup, state = Sup(), GaitState()
    exercise = Exercise(plan, prescription, CYCLE_US, 500, sup, True, Cues())
    exercise.start()
    for cycle in range(at):
        exercise.step((T0_US + cycle * CYCLE_US) & MASK, CYCLE_US, state, True)
    with pytest.raises(ValueError, match="An exercise runs"):
        exercise.set(plan, prescription)
    if how == "disarm":
        sup.state = supervisor.READY
    else:
        getattr(exercise, how)()
    for cycle in range(at, at + 400):
        assert exercise.step((T0_US + cycle * CYCLE_US) & MASK, CYCLE_US, state, True) == 0
    assert exercise.envelope.level == 0
    exercise.set(plan, prescription)


@settings(max_examples=25, deadline=None)
@given(prescriptions, st.integers(0, 500), st.sampled_from(["release", "cut", "disarm"]))
def test_a_test_burst_that_ends_asks_for_nothing_more_and_takes_no_change_before(prescription, at, how):
    sup, state = Sup(), GaitState()
    sup.mode = supervisor.TEST
    burst = test_burst.TestBurst(prescription, CYCLE_US, 500, sup)
    burst.hold(0)
    for cycle in range(at):
        burst.beat()
        burst.step((T0_US + cycle * CYCLE_US) & MASK, CYCLE_US, state, True)
    if at < 390:
        with pytest.raises(ValueError, match="A test burst runs"):
            burst.set(prescription)
    if how == "disarm":
        sup.state = supervisor.READY
    else:
        getattr(burst, how)()
    for cycle in range(at, at + 200):
        burst.beat()
        assert burst.step((T0_US + cycle * CYCLE_US) & MASK, CYCLE_US, state, True) == 0
    burst.set(prescription)


STRONG = prescription_of(named(PRESETS, "push-off"), 24_000)
MOST = STRONG._replace(
    rise_ms=100,
    channels=tuple(
        c._replace(waveform=w, controls=i % 2, doublet_ms=10 * (i == 2), rate_hz=20)
        for i, (c, w) in enumerate(zip(STRONG.channels, (1, 2, 0), strict=True))
    ),
)


@pytest.mark.parametrize("stop_ms", [5_020, 5_300, 5_700])
def test_a_stop_at_the_device_leaves_no_pulse_after_20_ms_with_every_setting_at_once(stop_ms):
    def stops(run):
        if run.now_us == stop_ms * 1_000:
            run.world.loop.guard.stop()

    run = WalkRun(MOST, WalkerSettings(severity="mild", stride_s=1.0), deeds=stops).run(7.0)
    pulses = [p.start_us for p in run.device.pulses]
    assert max(pulses) <= stop_ms * 1_000 + 20_000
    assert {p.channel for p in run.device.pulses} == {0, 1, 2}
    assert {p.net_charge_nc for p in run.device.pulses} == {0.0}
    assert [one.doublet for one in channel_limits(MOST, P24)] == [False, False, True]


def test_with_every_setting_at_once_a_walk_is_neither_refused_nor_broken_into_two_bursts():
    run = WalkRun(MOST, WalkerSettings(severity="mild", stride_s=1.2, seed=5)).run(16.0)
    guard = run.world.loop.guard
    kept = [guard.results[i % 64] for i in range(guard.results_total - 64, guard.results_total)]
    refused = [r.reason for r in kept if r.granted_ua == 0]
    assert set(refused) <= {reasons.TOO_LATE}, (
        "answers of a P24 take up to 15 ms; now and then a pulse is dropped"
    )
    assert len(refused) <= 2
    assert guard.supervisor.fault_id == 0
    assert guard.supervisor.held_by == 0
    strides = [s for s in run.leg.strides if s.swing_start_us > run.device.pulses[0].start_us - 300_000]
    times = sorted(p.start_us for p in run.device.pulses if p.start_us < strides[-1].swing_end_us + 300_000)
    assert 1 + sum(b - a >= 80_000 for a, b in pairwise(times)) == len(strides) >= 9
