"""The observer at the stimulator: a pulse that breaks a promise is written down, with its time; good ones are not."""

import pytest

from hw_sim.emulators.load import DeliveredPulse
from hw_sim.leg import Leg
from hw_sim.observer import Observer


def pulse(start_us=0, current_ma=30.0, width_us=300, net_charge_nc=0.0, channel=0):
    return DeliveredPulse(
        start_us=start_us,
        channel=channel,
        current_ma=current_ma,
        width_us=width_us,
        gap_us=100,
        net_charge_nc=net_charge_nc,
        reached_ma=current_ma,
        duration_us=700,
    )


def seen(*pulses):
    observer = Observer(Leg())
    for one in pulses:
        observer.pulse(one)
    return observer


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (pulse(current_ma=60.5, width_us=100), "60.5 mA"),
        (pulse(current_ma=0.0), "0.0 mA"),
        (pulse(width_us=451, current_ma=5.0), "451 us"),
        (pulse(width_us=49), "49 us"),
        (pulse(current_ma=60.0, width_us=334), "20.04 uC"),
        (pulse(net_charge_nc=1.0), "net charge 1.0 nC"),
    ],
)
def test_a_pulse_that_breaks_a_promise_is_written_down(bad, words):
    (broken,) = seen(bad).broken
    assert broken == (0, f"{words} on channel 0")


def test_pulses_at_the_limits_and_at_their_distance_are_good():
    good = pulse(current_ma=60.0, width_us=333)
    assert seen(good, pulse(start_us=15_600), pulse(channel=1)).broken == []
    assert seen(good, pulse(start_us=15_599)).broken == [
        (15_599, "15.599 ms after the last one on channel 0")
    ]


def test_a_burst_that_does_not_end_is_written_down_once_it_is_too_long():
    observer = seen(*[pulse(start_us=25_000 * i) for i in range(240)])
    assert observer.longest_burst_s == pytest.approx(5.975)
    assert observer.broken[0][0] == pytest.approx(5_180_000, abs=25_001)
    assert len(observer.bursts) == 1
    assert len(observer.broken) == 20  # and no more, however long it goes on


def test_pulses_under_a_standing_foot_are_false_bursts():
    observer = seen(*[pulse(start_us=25_000 * i) for i in range(4)], pulse(start_us=900_000))
    assert observer.wrong_pulses == 5
    assert observer.wrong_bursts == [0, 900_000]
