"""However a trial and what was confirmed differ: no step gets stronger because the link is lost in a walk."""

from itertools import cycle as cycle_of

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from firmware_py.link.smaller import AS_IT_RUNS, LARGER, SMALLER, ended, smaller
from gait_detect.state import PHASE_STANCE, PHASE_SWING, GaitState
from stimulator.drivers.capability import P24
from stimulator.parameters import CHANNEL_PARAMETERS, CURRENT, WALK_PARAMETERS
from stimulator.prescription import default_prescription, problems
from stimulator.walk import WalkScheduler
from stimulator.waveform import recharge_of
from tests.drawn_prescriptions import prescriptions
from tests.mpy.link_session import changed

CYCLE_US = 5_000
OLD = default_prescription()


def problems_of(prescription):
    return problems(prescription, P24)


def strongest(running, confirmed=None, *, lost_s=0.0, strides_s=(1.1,), swing_share=0.4, seconds=12.0):
    """Walk with `running`; return (most current, most charge) that was asked for, step by step, channel by channel.

    confirmed   what a person had confirmed before the trial, if the link is lost after `lost_s`
    """
    scheduler = WalkScheduler(running, CYCLE_US, P24.current_step_ua)
    state = GaitState()
    state.confidence = 100
    steps, phase, following, stride_s = [], 0.0, cycle_of(strides_s), strides_s[0]
    for cycle in range(int(seconds * 200)):
        phase += CYCLE_US / 1e6 / stride_s
        if phase >= 1.0:
            phase -= 1.0
            state.stride_us = int(stride_s * 1e6) if steps else 0
            stride_s = next(following)
        was_swing, state.swing = state.swing, int(cycle > 100 and phase < swing_share)
        state.phase = PHASE_SWING if state.swing else PHASE_STANCE
        if state.swing and not was_swing:
            steps.append([(0, 0)] * len(running.channels))
        if confirmed is not None and cycle == int(lost_s * 200):
            in_use = scheduler.prescription
            scheduler.commit(ended(running, confirmed, in_use, P24, problems_of))
        for r in scheduler.requests[: scheduler.step(cycle * CYCLE_US, CYCLE_US, state, True)]:
            ua, nc = steps[-1][r.channel]
            steps[-1][r.channel] = max(ua, r.current_ua), max(nc, r.current_ua * r.width_us // 1000)
    return steps


def by_chance_ua(prescription, index) -> int:
    """Return by how much the current rises in a pulse's period, and the least pulse: where pulses fall is chance."""
    setting = prescription.channels[index]
    step_ua = P24.current_step_ua * recharge_of(setting.waveform)
    return step_ua + setting.current_ua * (1_000_000 // setting.rate_hz + CYCLE_US) // (
        prescription.rise_ms * 1000
    )


def check(tried, confirmed, **walk):
    """Compare step by step what is asked for with the link, and without it from some moment on.

    Two things are left to other channels and pulses, and stay below the smaller current alone: a channel that hands
    over goes on until the next one has begun, and by width it is the charge that the ramp changes.
    """
    with_link, lost = strongest(tried, **walk), strongest(tried, confirmed, **walk)
    least = ended(tried, confirmed, tried, P24, problems_of)
    last_end = max(c.end_percent for c in least.channels)
    for number, (one, other) in enumerate(zip(with_link, lost, strict=True)):
        for index, ((most_ua, most_nc), (ua, nc)) in enumerate(zip(one, other, strict=True)):
            setting, chance_ua = tried.channels[index], by_chance_ua(tried, index)
            if least.channels[index].end_percent < last_end:
                assert ua <= setting.current_ua
                continue
            if setting.controls == CURRENT:
                assert ua <= most_ua + chance_ua, (number, index, ua, most_ua)
            assert nc <= most_nc + chance_ua * setting.width_us // 1000 + 1, (number, index, nc, most_nc)


@given(
    prescriptions,
    prescriptions,
    st.floats(0.5, 5),
    st.lists(st.floats(0.8, 1.3), min_size=1, max_size=3),
    st.floats(0.40, 0.60),
)
@settings(max_examples=60, deadline=None)
def test_no_step_asks_for_more_because_the_link_is_lost(tried, confirmed, lost_s, strides_s, swing_share):
    count = min(len(tried.channels), len(confirmed.channels))
    tried, confirmed = (p._replace(channels=p.channels[:count]) for p in (tried, confirmed))
    assume(not problems_of(tried) and not problems_of(confirmed))
    check(tried, confirmed, lost_s=lost_s, strides_s=strides_s, swing_share=swing_share)


# Each difference that makes a step stronger, one by one ----------------------------------------------

SHORT = OLD._replace(rise_ms=1_000)
STRONGER = [  # (trial, what of it was confirmed otherwise)
    (OLD._replace(soft_start_steps=5), {"soft_start_steps": 0}),
    (OLD._replace(rise_ms=1_000), {"rise_ms": 50}),
    (SHORT._replace(delay_ms=300), {"delay_ms": 0}),
    (SHORT._replace(start_at=1), {"start_at": 0}),
    (SHORT._replace(extension_ms=0), {"extension_ms": 500}),
    (SHORT._replace(extension_by=2, extension_percent=0), {"extension_percent": 60}),
    (SHORT._replace(fall_ms=0), {"fall_ms": 1_000}),
    (SHORT, {"rise_ms": 50, "soft_start_steps": 0, "delay_ms": 0, "extension_ms": 500}),
]


@pytest.mark.parametrize("lost_s", [1.2, 3.0])
@pytest.mark.parametrize(("tried", "confirmed"), STRONGER)
def test_what_was_confirmed_as_stronger_in_time_does_not_come_back_with_a_lost_link(tried, confirmed, lost_s):
    walk = {"lost_s": lost_s, "swing_share": 0.6, "seconds": 8.0}
    assert strongest(tried, OLD._replace(**confirmed), **walk) == strongest(tried, **walk)


def test_a_soft_start_goes_on_where_it_was_when_the_link_is_lost():
    tried = OLD._replace(soft_start_steps=5)
    found = [step[0][0] for step in strongest(tried, OLD, lost_s=1.8, seconds=9.0)]
    assert found[:7] == [4_000, 8_250, 12_500, 16_500, 20_750, 25_000, 25_000]


@pytest.mark.parametrize(
    ("tried", "confirmed"), [({"start_percent": 40}, {"start_percent": 0}), ({"end_percent": 40}, {})]
)
def test_a_channel_of_a_trial_that_is_on_for_less_of_a_step_stays_so(tried, confirmed):
    trial, before = changed(SHORT, 0, **tried), changed(SHORT, 0, **confirmed)
    with_link = [step[0] for step in strongest(trial, seconds=6.0)]
    assert [step[0] for step in strongest(trial, before, lost_s=1.2, seconds=6.0)] == with_link


# The table -------------------------------------------------------------------------------------------


def test_each_parameter_is_in_the_table_once():
    names = SMALLER + LARGER + AS_IT_RUNS
    assert sorted(names) == sorted(p.name for p in WALK_PARAMETERS + CHANNEL_PARAMETERS)


def test_what_of_the_windows_must_not_be_together_keeps_those_that_run_and_else_gives_nothing():
    turns = changed(changed(OLD, 0, end_percent=30), 1, start_percent=20)
    off = changed(OLD, 1, current_ua=0)
    late = changed(OLD, 0, start_percent=50)
    kept = ended(turns, late, turns, P24, problems_of)
    assert problems_of(smaller(turns, late, P24)) != []
    assert kept == turns
    nothing = ended(turns, off, turns, P24, problems_of)
    assert problems_of(nothing) == []
    assert [c.current_ua for c in nothing.channels] == [0, 0]
    assert nothing.channels[0].end_percent == 30
