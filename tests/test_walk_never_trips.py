"""Every prescription that validates walks at any cadence without a refusal by the safety layer.

The scheduler shortens extension and fall in quick steps; the gate's holds stay for what goes wrong.
"""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_py.pi import words
from gait_detect.state import PHASE_STANCE, PHASE_SWING, GaitState
from safety.gate import Gate
from safety.pulse import PulseResult
from stimulator.drivers.capability import P24
from stimulator.parameters import CHANNEL_PARAMETERS, WALK_PARAMETERS
from stimulator.prescription import (
    ChannelSetting,
    Prescription,
    channel_limits,
    default_prescription,
    problems,
)
from stimulator.walk import WalkScheduler

MASK = 2**30 - 1
CYCLE_US = 5_000


def steps_of(p):
    return st.integers(p.min // p.step, p.max // p.step).map(lambda n: min(p.max, max(p.min, n * p.step)))


channels = st.builds(ChannelSetting, *[steps_of(p) for p in CHANNEL_PARAMETERS])
prescriptions = st.builds(
    lambda walk, two: Prescription(*walk, tuple(two)),
    st.tuples(*[steps_of(p) for p in WALK_PARAMETERS]),
    st.lists(channels, min_size=1, max_size=2),
).filter(lambda p: problems(p, P24) == [])


def walk(prescription, stride_s, swing_share, seconds):
    """Walk at a steady cadence; return (reasons of refusal, pulses granted)."""
    gate = Gate(channel_limits(prescription, P24))
    scheduler = WalkScheduler(prescription, CYCLE_US, P24.current_step_ua)
    state, result, refused = GaitState(), PulseResult(), Counter()
    state.confidence = 100
    gate.arm()
    t_us, granted, sequences = 2**30 - 3_000_000, 0, [-1] * len(prescription.channels)
    for cycle in range(int(seconds * 200)):
        phase = cycle * CYCLE_US / 1e6 / stride_s % 1.0
        state.swing = int(cycle > 200 and phase < swing_share)
        state.phase = PHASE_SWING if state.swing else PHASE_STANCE
        state.stride_us = int(stride_s * 1e6) if cycle > 200 + 200 * stride_s else 0
        t_us = (t_us + CYCLE_US) & MASK
        gate.swing = state.swing
        n = scheduler.step(t_us, CYCLE_US, state, True)
        gate.cycle_finished(cycle)
        waits = sorted(((r.fire_at_us - t_us) & MASK, i) for i, r in enumerate(scheduler.requests[:n]))
        spent = 0
        for wait_us, i in waits:
            gate.advance(wait_us - spent)
            spent = wait_us
            r = scheduler.requests[i]
            r.current_ua -= r.current_ua % P24.current_step_ua
            r.sequence = sequences[r.channel] = sequences[r.channel] + 1
            if gate.judge(r.fire_at_us, r, result):
                granted += 1
            else:
                refused[result.reason] += 1
        gate.advance(CYCLE_US - spent)
    return refused, granted


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)
@given(prescriptions, st.floats(0.75, 2.0), st.floats(0.40, 0.62))
def test_no_valid_prescription_is_refused_at_any_cadence(prescription, stride_s, swing_share):
    refused, _ = walk(prescription, stride_s, swing_share, seconds=25)
    assert refused == Counter(), {words.of_reason(r): n for r, n in refused.items()}


@pytest.mark.parametrize("stride_s", [0.75, 0.9, 1.12, 1.5, 2.0])
def test_longest_extension_and_fall_still_leave_every_step_its_pulses(stride_s):
    prescription = default_prescription()._replace(extension_ms=500, fall_ms=1000, rise_ms=50)
    refused, granted = walk(prescription, stride_s, 0.55, seconds=30)
    assert refused == Counter()
    assert granted > 30 * 40 * 0.6, "the swings themselves are stimulated"


def test_a_prescription_whose_second_would_overflow_a_window_is_not_valid():
    strong = default_prescription()
    c = strong.channels[0]._replace(
        current_ua=66_500, current_max_ua=100_000, width_us=450, charge_max_nc=30_000
    )
    assert problems(strong._replace(channels=(c._replace(rate_hz=40),)), P24) == []
    assert any("uC a second" in s for s in problems(strong._replace(channels=(c._replace(rate_hz=50),)), P24))
    many = strong._replace(channels=(c._replace(rate_hz=25),) * 4)
    assert any("mA2 of heating" in s for s in problems(many, P24))
