"""Every plan that validates runs to its end without a refusal by the gate, every pulse granted as it was asked."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from firmware_py.pi import words
from safety import reasons
from stimulator import exercise
from stimulator.drivers.capability import P24
from stimulator.exercise_plan import (
    EXERCISE_PARAMETERS,
    ExerciseChannel,
    ExercisePlan,
    default_plan,
    problems,
    total_s,
)
from stimulator.prescription import default_prescription
from stimulator.prescription import problems as prescription_problems
from tests.drawn_prescriptions import channels, steps_of
from tests.exercise_rig import Bench

SHORT = {"repetitions": 4, "sets": 2, "set_pause_s": 5, "countdown_s": 3, "trigger": 0}

prescriptions = st.builds(
    lambda two: default_prescription()._replace(channels=tuple(two)),
    st.lists(channels.filter(lambda c: c.current_ua > 0), min_size=1, max_size=2),
).filter(lambda p: prescription_problems(p, P24) == [])


@st.composite
def plans(draw):
    """A prescription and a plan for it: mostly short, so that the duty windows fill."""
    prescription = draw(prescriptions)
    values = {p.name: draw(steps_of(p)) for p in EXERCISE_PARAMETERS} | SHORT
    values["on_ms"] = draw(st.integers(5, 35)) * 100
    values["off_ms"] = draw(st.sampled_from([2000, 2000, 2500, 4000]))
    chosen = draw(st.permutations(range(len(prescription.channels))))
    shares = [ExerciseChannel(c, draw(st.integers(2, 20)) * 5) for c in chosen]
    plan = ExercisePlan(*[values[p.name] for p in EXERCISE_PARAMETERS], tuple(shares))
    return prescription, plan


def assert_all_granted(bench):
    bench.exercise.start()
    bench.to_end()
    said = {words.of_reason(reason): n for reason, n in bench.answers.items()}
    assert set(bench.answers) <= {reasons.OK}, said
    assert bench.exercise.ended_by == exercise.DONE
    return bench


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(plans(), st.sampled_from([500, 2_000]))
def test_no_valid_plan_is_refused_or_lowered(both, step_ua):
    prescription, plan = both
    assume(problems(plan, prescription, step_ua) == [])
    bench = assert_all_granted(Bench(plan, prescription, step_ua=step_ua))
    expected = plan.repetitions * plan.sets
    assert bench.exercise.done_total == expected
    assert bench.now_us <= total_s(plan) * 1_000_000 + expected * 50_000
    for one in plan.channels:
        assert len(bench.bursts(one.channel)) == expected


@pytest.mark.parametrize("order", [0, 1])
def test_the_default_plan_runs_whole_as_prescribed(order):
    bench = assert_all_granted(Bench(order=order))
    assert bench.exercise.done_total == 30
    for channel, peak_ua in ((0, 25_000), (1, 20_000)):
        assert [b[2] for b in bench.bursts(channel)] == [peak_ua] * 30
    assert bench.now_us <= total_s(bench.plan) * 1_000_000 + 1_000_000


# Strongest that may be prescribed, at the lowest and highest rates, with the shortest rise that validates.
STRONG = ((100_000, 300, 15), (66_000, 450, 15), (100_000, 300, 30), (66_000, 450, 30), (50_000, 400, 60))


@pytest.mark.parametrize(("current_ua", "width_us", "rate_hz"), STRONG)
def test_the_strongest_plan_with_the_shortest_rise_and_rest_is_granted(current_ua, width_us, rate_hz):
    strong = (
        default_prescription()
        .channels[0]
        ._replace(
            current_ua=current_ua,
            width_us=width_us,
            rate_hz=rate_hz,
            current_max_ua=100_000,
            charge_max_nc=30_000,
        )
    )
    prescription = default_prescription()._replace(channels=(strong,))
    assert prescription_problems(prescription, P24) == []
    plan = default_plan(1)._replace(**SHORT, fall_ms=100, off_ms=2000)
    plan = next(
        p
        for rise in range(200, 2010, 10)
        for on in range(3500, 400, -100)
        if problems(p := plan._replace(rise_ms=rise, on_ms=on), prescription) == []
    )
    bench = assert_all_granted(Bench(plan, prescription))
    assert max(b[2] for b in bench.bursts()) == current_ua


@pytest.mark.parametrize(
    ("plan_changes", "refused_by"),
    [
        ({"off_ms": 300, "on_ms": 3400, "rise_ms": 500, "fall_ms": 100}, reasons.DUTY_HOLD),
        ({"on_ms": 8000, "off_ms": 4000}, reasons.ON_TOO_LONG),
    ],
)
def test_what_the_validator_refuses_the_gate_would_have_refused_too(monkeypatch, plan_changes, refused_by):
    # The same plan past the validator: the property above is not true by an idle gate.
    plan = default_plan()._replace(**SHORT)._replace(**plan_changes)
    assert problems(plan, default_prescription())
    monkeypatch.setattr(exercise, "checked", lambda plan, prescription, step_ua: plan)
    bench = Bench(plan)
    bench.exercise.start()
    bench.to_end()
    assert bench.answers[refused_by] > 0
