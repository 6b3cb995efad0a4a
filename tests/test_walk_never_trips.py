"""Every prescription that validates walks at any cadence without a refusal by the safety layer.

The scheduler shortens extension and fall in quick steps; the gate's holds stay for what goes wrong.
"""

from collections import Counter
from itertools import cycle as cycle_of
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_py.pi import words
from gait_detect.state import PHASE_STANCE, PHASE_SWING, GaitState
from safety.gate import Gate
from safety.pulse import PulseResult
from stimulator.drivers.capability import P24
from stimulator.prescription import channel_limits, default_prescription, problems
from stimulator.walk import WalkScheduler
from tests.drawn_prescriptions import prescriptions

MASK = 2**30 - 1
CYCLE_US = 5_000


def walk(prescription, strides_s, swing_share, seconds, other_share=None):
    """Walk; return (reasons of refusal, ms of the pulses granted from heel-off on, step by step).

    strides_s     lengths of the strides, again and again
    other_share   where in the stride, from heel-off, the other heel meets the ground; None: nobody tells
    """
    gate = Gate(channel_limits(prescription, P24))
    scheduler = WalkScheduler(prescription, CYCLE_US, P24.current_step_ua)
    state, result, refused = GaitState(), PulseResult(), Counter()
    state.confidence = 100
    gate.arm()
    t_us, steps, sequences = 2**30 - 3_000_000, [], [-1] * len(prescription.channels)
    stride_s, following, phase = strides_s[0], cycle_of(strides_s), 0.0
    for cycle in range(int(seconds * 200)):
        phase += CYCLE_US / 1e6 / stride_s
        if phase >= 1.0:
            phase -= 1.0
            state.stride_us = int(stride_s * 1e6) if steps else 0
            stride_s = next(following)
        was_swing, state.swing = state.swing, int(cycle > 200 and phase < swing_share)
        if state.swing and not was_swing:
            steps.append([])
            began_ms = cycle * 5
        state.phase = PHASE_SWING if state.swing else PHASE_STANCE
        if other_share is not None:
            state.other_us = int((phase - other_share) % 1.0 * stride_s * 1e6)
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
            r.current_ua -= r.current_ua % (P24.current_step_ua * abs(r.shape))
            r.sequence = sequences[r.channel] = sequences[r.channel] + 1
            if gate.judge(r.fire_at_us, r, result):
                steps[-1].append(cycle * 5 + wait_us / 1000 - began_ms)
            else:
                refused[result.reason] += 1
        gate.advance(CYCLE_US - spent)
    return refused, steps


@settings(max_examples=40, deadline=None)
@given(
    prescriptions,
    st.lists(st.floats(0.75, 2.0), min_size=1, max_size=4),
    st.floats(0.40, 0.62),
    st.none() | st.floats(-0.1, 0.3),
)
def test_no_valid_prescription_is_refused_at_any_cadence(prescription, strides_s, swing_share, other_share):
    refused, steps = walk(prescription, strides_s, swing_share, 25, other_share)
    assert refused == Counter(), {words.of_reason(r): n for r, n in refused.items()}
    # A pause of 80 ms would make two bursts of one step, and the second might be held back in mid-swing.
    longest_ms = max((b - a for step in steps for a, b in pairwise(step)), default=0)
    assert longest_ms < 80, f"a pause of {longest_ms:.0f} ms within a step"


@pytest.mark.parametrize("stride_s", [0.75, 0.9, 1.12, 1.5, 2.0])
def test_longest_extension_and_fall_still_leave_every_step_its_pulses(stride_s):
    prescription = default_prescription()._replace(extension_ms=500, fall_ms=1000, rise_ms=50)
    refused, steps = walk(prescription, [stride_s], 0.55, seconds=30)
    assert refused == Counter()
    assert sum(map(len, steps)) > 30 * 40 * 0.6, "the swings themselves are stimulated"


def test_a_prescription_whose_second_would_overflow_a_window_is_not_valid():
    strong = default_prescription()
    c = strong.channels[0]._replace(
        current_ua=66_500, current_max_ua=100_000, width_us=450, charge_max_nc=30_000
    )
    assert problems(strong._replace(channels=(c._replace(rate_hz=40),)), P24) == []
    assert any("uC a second" in s for s in problems(strong._replace(channels=(c._replace(rate_hz=50),)), P24))
    many = strong._replace(channels=(c._replace(rate_hz=25),) * 4)
    assert any("mA2 of heating" in s for s in problems(many, P24))
