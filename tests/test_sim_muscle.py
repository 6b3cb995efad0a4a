"""Recruitment, rise, fall and rate dependence of the muscle, against numbers from other models."""

import pytest

from hw_sim.muscle import Muscle
from hw_sim.recruitment import PERONEAL, TIBIALIS_ANTERIOR


def activation_of_train(
    rate_hz: float, seconds: float, current_ma: float = 80.0, drop: int = 0
) -> list[float]:
    """Return the activation per ms; `drop`: leave out every n-th pulse."""
    muscle = Muscle(TIBIALIS_ANTERIOR)
    found, next_us, pulses = [], 0.0, 0
    for now_us in range(0, round(seconds * 1e6), 1000):
        while next_us <= now_us:
            pulses += 1
            if not drop or pulses % drop:
                muscle.stimulate(round(next_us), current_ma, 300)
            next_us += 1e6 / rate_hz
        found.append(muscle.step(now_us))
    return found


def test_thresholds_and_halves_lie_where_the_strength_curve_says():
    share = TIBIALIS_ANTERIOR.share
    assert share(16.6, 300) == 0.0
    assert share(17.0, 300) > 0.0
    assert share(26.7, 300) == pytest.approx(0.47, abs=0.02)  # half of the sigmoid, above its floor
    assert share(42.0, 300) > 0.95
    assert PERONEAL.share(11.6, 300) == 0.0
    assert PERONEAL.share(11.8, 300) > 0.0


def test_longer_pulses_recruit_more_and_nothing_recruits_nothing():
    shares = [TIBIALIS_ANTERIOR.share(25.0, width_us) for width_us in (0, 100, 150, 200, 300, 400)]
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert shares[-1] > shares[-2] > shares[-3]
    assert TIBIALIS_ANTERIOR.share(0.0, 300) == 0.0
    assert TIBIALIS_ANTERIOR.share(200.0, 400) <= 1.0


@pytest.mark.parametrize("rate_hz", [33.0, 40.0])
def test_train_reaches_ninety_percent_as_late_as_the_ding_models(rate_hz):
    rise = activation_of_train(rate_hz, 1.0)
    t90_ms = next(i for i, x in enumerate(rise) if x >= 0.9 * rise[-1])
    assert 150 <= t90_ms <= 260
    assert rise[29] == 0.0, "nothing may happen within the electro-mechanical delay"
    assert rise[60] > 0.0


@pytest.mark.parametrize(("current_ma", "rate_hz"), [(25.0, 40.0), (25.0, 33.0), (35.0, 40.0)])
def test_train_settles_at_the_static_recruitment(current_ma, rate_hz):
    settled = activation_of_train(rate_hz, 1.5, current_ma)[-200:]
    static = TIBIALIS_ANTERIOR.share(current_ma, 300)
    assert sum(settled) / len(settled) == pytest.approx(static, rel=0.05)
    assert max(settled) - min(settled) < 0.05 * static


def test_twenty_hertz_gives_less_as_in_the_ding_models():
    slow, fast = (sum(activation_of_train(rate, 2.0)[-500:]) for rate in (20.0, 40.0))
    assert 0.70 <= slow / fast <= 0.86  # Ding 2003: 234 N of 279 N; Ding 2007 less


def test_dropped_pulses_lower_the_force():
    whole, gappy = (sum(activation_of_train(40.0, 1.5, drop=n)[-500:]) for n in (0, 3))
    assert gappy < 0.95 * whole


def test_force_is_gone_soon_after_the_last_pulse():
    muscle = Muscle(TIBIALIS_ANTERIOR)
    for now_us in range(0, 1_000_000, 1000):
        if now_us % 25_000 == 0:
            muscle.stimulate(now_us, 80.0, 300)
        muscle.step(now_us)
    top = muscle.activation
    fall_ms = 0
    while muscle.activation > 0.1 * top:
        fall_ms += 1
        muscle.step(1_000_000 + fall_ms * 1000)
    assert 160 <= fall_ms <= 300  # Ding: 160 to 190 ms, without our delay and hold
    for _ in range(3000):
        fall_ms += 1
        muscle.step(1_000_000 + fall_ms * 1000)
    assert muscle.activation < 1e-6


def test_electrode_shift_scales_the_current():
    weak, strong = Muscle(TIBIALIS_ANTERIOR, 0.7), Muscle(TIBIALIS_ANTERIOR, 1.2)
    for muscle in (weak, strong):
        for now_us in range(0, 400_000, 1000):
            if now_us % 25_000 == 0:
                muscle.stimulate(now_us, 25.0, 300)
            muscle.step(now_us)
    assert 0.05 < weak.activation + 0.05 < strong.activation
