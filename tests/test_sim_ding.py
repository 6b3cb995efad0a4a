"""Ding's muscle gives the published forces, tires as published, and moves the leg like the fast one.

The oracle values are those of the tests of the cocofest project (MIT licence): force in N at t = k / 33 s under
pulses at k / 33 s, computed there with a sum over the last ten pulses; ours keeps one decaying number instead.
"""

import math

import pytest

from hw_sim.ding import DING_2003, DING_2007, DingForce, DingMuscle, width_share
from hw_sim.leg import Leg
from hw_sim.muscle import Muscle
from hw_sim.recruitment import TIBIALIS_ANTERIOR, hmed_share
from hw_sim.walker import WalkerSettings
from tests.sim_walks import Trapezoid, mean_of, walk

RATE_HZ = 33


def forces(
    parameters, *, fatigue=0.0, weight=lambda k: 1.0, recruited=lambda k: 1.0, rate_hz=RATE_HZ, pulses=34
):
    """Return the force just before each pulse."""
    muscle, found = DingForce(parameters, fatigue), []
    for k in range(pulses):
        found.append(muscle.force_n)
        muscle.pulse(weight(k), recruited(k))
        muscle.advance(1.0 / rate_hz)
    return found


@pytest.mark.parametrize(
    ("k", "force_n"),
    [(1, 56.308), (2, 107.873), (3, 148.175), (5, 201.650), (10, 253.439), (20, 268.083), (33, 268.881)],
)
def test_ding_2003_gives_the_published_forces(k, force_n):
    assert forces(DING_2003)[k] == pytest.approx(force_n, abs=0.05 if k < 2 else 0.03)


@pytest.mark.parametrize(("k", "force_n"), [(10, 253.543), (33, 270.505)])
def test_ding_2003_with_fatigue_gives_the_published_forces(k, force_n):
    assert forces(DING_2003, fatigue=1.0)[k] == pytest.approx(force_n, abs=0.05)


@pytest.mark.parametrize(("k", "force_n"), [(1, 22.776), (5, 81.516), (10, 120.502), (33, 193.847)])
def test_ding_2007_gives_the_published_forces_for_growing_widths(k, force_n):
    widths_us = [200.0 + 400.0 * min(i, 32) / 32 for i in range(34)]
    found = forces(DING_2007, recruited=lambda i: width_share(widths_us[i]))
    assert found[k] == pytest.approx(force_n, abs=0.05)


@pytest.mark.parametrize(("k", "force_n"), [(1, 2.932), (10, 133.448), (20, 235.966)])
def test_hmed_2018_gives_the_published_forces_for_growing_currents(k, force_n):
    found = forces(DING_2003, weight=lambda i: hmed_share(20.0 + 110.0 * min(i, 32) / 32))
    assert found[k] == pytest.approx(force_n, abs=0.05)


def test_the_published_static_values():
    assert hmed_share(30.0) == pytest.approx(0.0799499, abs=1e-6)
    assert 4920.0 * width_share(200.0) == pytest.approx(1464.4646, abs=1e-3)
    assert width_share(131.0) == 0.0


@pytest.mark.parametrize(
    ("rate_hz", "force_n"), [(20, 234.2), (33, 269.0), (40, 279.3), (50, 289.4), (100, 310.9)]
)
def test_faster_trains_give_more_force_as_published(rate_hz, force_n):
    muscle, highest = DingForce(DING_2003), 0.0
    for ms in range(1000):
        if ms * rate_hz // 1000 != (ms - 1) * rate_hz // 1000:
            muscle.pulse()
        muscle.step_ms()
        highest = max(highest, muscle.force_n)
    assert highest == pytest.approx(force_n, abs=2.5)  # the train's ripple


@pytest.mark.parametrize("parameters", [DING_2003, DING_2007])
def test_full_activation_is_the_force_of_an_endless_train_at_40_hz(parameters):
    assert forces(parameters, rate_hz=40, pulses=81)[-1] == pytest.approx(parameters.full_n, rel=0.005)


def peaks(on_s: float, every_s: float, fatigue: float, trains: int) -> list[float]:
    """Return the highest force of each train at 33 Hz."""
    muscle, found = DingForce(DING_2003, fatigue), []
    for _ in range(trains):
        highest, next_ms = 0.0, 0.0
        for ms in range(round(every_s * 1000)):
            if next_ms <= ms < on_s * 1000:
                muscle.pulse()
                next_ms += 1000.0 / RATE_HZ
            muscle.step_ms()
            highest = max(highest, muscle.force_n)
        found.append(highest)
    return found


# Computed apart from this code with the classical fourth-order rule.
@pytest.mark.parametrize(
    ("on_s", "every_s", "fatigue", "expected"),
    [
        (0.30, 1.0, 1.0, {0: 255, 29: 224, 59: 176, 99: 135}),
        (0.55, 1.1, 1.0, {0: 269, 9: 263, 29: 203, 59: 128, 99: 95}),
        (0.55, 1.1, 0.25, {0: 268, 99: 245}),
    ],
)
def test_trains_tire_the_muscle_along_the_published_curve(on_s, every_s, fatigue, expected):
    found = peaks(on_s, every_s, fatigue, 100)
    for k, force_n in expected.items():
        assert found[k] == pytest.approx(force_n, abs=4.0), k


def test_a_rested_muscle_is_as_strong_as_before_and_a_short_rest_is_not_enough():
    muscle = DingForce(DING_2003, 1.0)
    for ms in range(60_000):
        if ms % 30 == 0 and ms % 1000 < 500:
            muscle.pulse()
        muscle.step_ms()
    tired = muscle.a_n_per_s
    assert tired < 0.5 * DING_2003.a_n_per_s
    muscle.rest(60.0)
    assert tired < muscle.a_n_per_s < 0.9 * DING_2003.a_n_per_s
    muscle.rest(900.0)
    assert muscle.a_n_per_s == pytest.approx(DING_2003.a_n_per_s, rel=0.001)
    assert muscle.tau1_s == pytest.approx(DING_2003.tau1_s, rel=0.002)


def trained(muscle, current_ma: float, ms: int = 1200) -> list[float]:
    found = []
    for now_ms in range(ms):
        if now_ms % 25 == 0:
            muscle.stimulate(now_ms * 1000, current_ma, 300)
        found.append(muscle.step(now_ms * 1000))
    return found


@pytest.mark.parametrize("make", [Muscle, DingMuscle, lambda r: DingMuscle(r, parameters=DING_2007)])
def test_all_muscles_rise_in_150_to_260_ms_after_the_same_delay(make):
    rise = trained(make(TIBIALIS_ANTERIOR), 80.0)
    assert rise[29] == 0.0 < rise[45]
    assert 140 <= next(ms for ms, x in enumerate(rise) if x >= 0.9 * rise[-1]) - 30 <= 260
    assert rise[-1] == pytest.approx(1.0, abs=0.05)


def test_fewer_recruited_fibres_give_proportionally_less_force():
    half_ma = TIBIALIS_ANTERIOR.current_of(0.5, 300)
    whole, half = (trained(DingMuscle(TIBIALIS_ANTERIOR, fatigue=0.0), ma)[-1] for ma in (80.0, half_ma))
    assert half == pytest.approx(0.5 * whole, rel=0.02)
    assert trained(DingMuscle(TIBIALIS_ANTERIOR), 10.0)[-1] == 0.0


@pytest.mark.parametrize("muscle", ["ding", "ding2007"])
def test_a_leg_with_dings_muscles_is_lifted_like_one_with_the_fast(muscle):
    leg = walk(30.0, severity="severe", stimulation=Trapezoid(), options={"muscle": muscle})
    fast = walk(30.0, severity="severe", stimulation=Trapezoid())
    assert mean_of(leg, "dragged") <= 0.05
    for name in ("pitch_at_contact_deg", "roll_at_contact_deg"):
        assert mean_of(leg, name) == pytest.approx(mean_of(fast, name), abs=3.0)


def test_two_minutes_of_walking_tire_a_leg_whose_muscles_tire_as_published_and_no_other():
    def clearance_mm(fatigue: float) -> tuple[float, float]:
        settings = WalkerSettings(severity="severe", stride_s=1.2, stand_s=0.0, varies=False)
        leg = Leg(settings, muscle="ding", fatigue=fatigue, keeps_trace=False)
        for tick in range(4000):  # 100 s
            leg.advance(25_000)
            if not 0.1 <= leg.walker.phase < 0.42:
                leg.deliver(tick * 25_000, 0, 25.0, 300)
                leg.deliver(tick * 25_000, 1, 17.0, 300)
        found = [s.min_clearance_mm for s in leg.strides]
        return math.fsum(found[3:13]) / 10, math.fsum(found[-10:]) / 10

    fresh, tired = clearance_mm(1.0)
    assert tired < fresh - 6.0
    fresh, tired = clearance_mm(0.0)
    assert tired == pytest.approx(fresh, abs=0.5)


def test_unknown_muscles_are_refused_with_the_known():
    with pytest.raises(ValueError, match="known are fast, ding, ding2007"):
        Leg(muscle="strong")
