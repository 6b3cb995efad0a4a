"""The windows of the ledger, at their edges. Every limit is restated here as a number."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety import reasons
from safety.ledger import Ledger, Window
from safety.limits import make_limits
from tests.test_safety_gate import Bench

STEP_US = 5_000


def bench(**limits):
    one = Bench(**({"current_max_ua": 100_000, "charge_max_nc": 30_000} | limits))
    one.gate.arm()
    one.wait(STEP_US)
    one.gate.swing = 1
    return one


def train(one, seconds, *, current_ua, width_us, period_us=20_000, channels=(0,)):
    """Ask at a steady rate; return how many were granted and the reasons of refusal."""
    granted, refused = 0, []
    for _ in range(round(seconds * 1e6 / period_us)):
        one.wait(period_us)
        for channel in channels:
            reason, got = one.ask(channel=channel, current_ua=current_ua, width_us=width_us)
            granted += got > 0
            if got == 0:
                refused.append(reason)
    return granted, refused


@given(
    st.lists(st.tuples(st.integers(0, 60_000), st.integers(0, 1000)), max_size=200),
    st.sampled_from([(4, 10_000), (40, 25_000), (10, 1)]),
)
def test_a_window_covers_at_least_its_time_and_at_most_one_bucket_more(moves, shape):
    n, bucket_us = shape
    window = Window(n, bucket_us)
    now_us, added = 0, []
    for dt_us, amount in moves:
        window.advance(dt_us)
        now_us += dt_us
        window.add(amount)
        added.append((now_us, amount))
        least = sum(a for t, a in added if t > now_us - n * bucket_us)
        most = sum(a for t, a in added if t >= now_us - (n + 1) * bucket_us)
        assert least <= window.total <= most


def test_a_window_forgets_nothing_when_time_runs_backwards_and_everything_after_a_long_pause():
    window = Window(4, 1_000)
    window.add(7)
    window.advance(-10_000_000)
    assert window.total == 7
    window.advance(5_000)
    assert window.total == 0


def test_a_window_never_passes_small_whole_numbers():
    window = Window(2, 1_000)
    for _ in range(10):
        window.add(2**29 - 1)
    assert window.total == 2**29 - 1


@pytest.mark.parametrize(
    ("current_ua", "width_us", "period_us", "fits"),
    [
        (60_000, 300, 25_000, True),  # 9.3 mA rms, 1.4 mC/s: ordinary strong use
        (64_000, 450, 20_000, True),  # 2.9 mC/s
        (66_500, 450, 20_000, False),  # 2.99 mC/s, and a window of up to 1.025 s
        (75_000, 400, 20_000, False),  # 3.0 mC/s
    ],
)
def test_charge_of_a_second_stays_below_3_mc(current_ua, width_us, period_us, fits):
    one = bench()
    one.ramp_to(current_ua, width_us)
    _, refused = train(one, 3, current_ua=current_ua, width_us=width_us, period_us=period_us)
    if fits:
        assert refused == []
    else:
        assert set(refused) == {reasons.CHARGE_RATE_OVER}


def test_charge_of_a_second_is_summed_over_a_shared_return():
    one = bench()
    one.ramp_to(60_000, 330)
    _, refused = train(one, 3, current_ua=60_000, width_us=330, channels=(0, 1))
    assert reasons.CHARGE_RATE_OVER in refused


def test_a_long_burst_needs_ground_before_the_next_one():
    one = bench()
    _, refused = train(one, 4.5, current_ua=5_000, width_us=100)
    assert refused == []
    for _ in range(20):
        one.wait(50_000)
    assert one.ask()[0] == reasons.ON_TOO_LONG, "swing has been said all the time"
    one.gate.swing = 0
    one.wait(100_000)
    one.wait(100_000)
    one.gate.swing = 1
    assert one.ask()[1] > 0


def test_rms_of_a_second_is_summed_over_a_shared_return():
    one = bench()
    for (
        channel
    ) in one.gate._channels:  # with 3 mC a second and 100 mA, 20 mA rms are never reached: make it 10 mA
        channel.limits = make_limits(current_max_ua=100_000)._replace(rms_sq_max_ma2=100)
    one.ramp_to(60_000, 300)
    _, refused = train(one, 3, current_ua=60_000, width_us=300, period_us=25_000)
    assert refused == [], "9.3 mA rms"
    _, refused = train(one, 3, current_ua=60_000, width_us=150, period_us=17_000, channels=(0, 1))
    _, more = train(one, 3, current_ua=60_000, width_us=300, period_us=25_000, channels=(0, 1))
    assert reasons.RMS_OVER in refused + more


def test_channels_with_their_own_returns_are_counted_apart():
    from safety.gate import Gate

    one = bench()
    one.gate = Gate(
        tuple(make_limits(current_max_ua=100_000, charge_max_nc=30_000, return_group=g) for g in (0, 1))
    )
    one.gate.arm()
    one.cycle = 0
    one.gate.swing = 1
    one.wait(STEP_US)
    _, refused = train(one, 3, current_ua=80_000, width_us=250, period_us=17_000, channels=(0, 1))
    assert reasons.RMS_OVER not in refused


@pytest.mark.parametrize(
    ("area_cm2", "rms_sq_max_ma2"),
    [(20, 400), (25, 400), (50, 400)],
)
def test_density_and_power_are_held_with_half_the_pad(area_cm2, rms_sq_max_ma2):
    half = area_cm2 / 2
    expected = min(20**2, (2 * half) ** 2, 0.025 * half / 500 * 1e6)
    assert make_limits(area_cm2=area_cm2).rms_sq_max_ma2 == rms_sq_max_ma2 == int(expected)


@pytest.mark.parametrize("area_cm2", [19, 201])
def test_pads_smaller_than_20_cm2_are_refused(area_cm2):
    with pytest.raises(ValueError, match="area_cm2"):
        make_limits(area_cm2=area_cm2)


def test_weighted_duty_holds_the_next_burst_at_75_percent_of_ten_seconds():
    one = bench(plateau_nc=3_000)
    starts = []
    for _ in range(20):  # one burst of 1.4 s each 1.6 s: 87 %
        one.wait(100_000)
        one.wait(100_000)
        one.gate.swing = 1
        before = train(one, 1.4, current_ua=10_000, width_us=300)
        starts.append(before[0] > 0)
        assert set(before[1]) <= {reasons.DUTY_HOLD}
    assert starts[0]
    assert not all(starts), "87 % of full strength may not go on for ever"


def test_a_weak_burst_weighs_less_than_a_strong_one():
    one = bench(plateau_nc=30_000)  # 10 mA x 300 us is a tenth of the plateau
    for _ in range(12):
        one.wait(90_000)
        _, refused = train(one, 1.0, current_ua=10_000, width_us=300)
        assert refused == [], "91 % of the time at a tenth of the strength is allowed"


def test_duty_never_cuts_in_mid_swing_but_after_it():
    one = bench(plateau_nc=3_000)
    for _ in range(3):
        one.gate.swing = 1
        _, refused = train(one, 3.9, current_ua=10_000, width_us=300)
        assert refused == [], "the foot is still in the air"
        if one.gate.ledger._accounts[0].weighted_us.total > 7_500_000:
            break
        one.wait(80_000)
    one.gate.swing = 0
    one.wait(20_000)
    assert one.ask()[0] == reasons.DUTY_HOLD


def test_a_burst_of_more_than_5_1_s_is_stopped_until_the_foot_was_down_for_200_ms():
    one = bench()
    granted, refused = train(one, 5.6, current_ua=5_000, width_us=100)
    assert 255 <= granted <= 257
    assert set(refused) == {reasons.ON_TOO_LONG}
    train(one, 2.0, current_ua=5_000, width_us=100)
    assert one.ask()[0] == reasons.ON_TOO_LONG, "waiting alone does not help"
    one.gate.swing = 0
    one.wait(100_000)
    one.wait(99_999)
    assert one.ask()[0] == reasons.ON_TOO_LONG
    one.wait(1)
    assert one.ask()[1] > 0


def test_a_third_burst_within_a_second_is_refused():
    one = bench()
    for _ in range(2):
        assert one.ask()[1] > 0
        one.wait(100_000)
    assert one.ask()[0] == reasons.BURSTS_OVER
    for _ in range(9):
        one.wait(100_000)
    assert one.ask()[1] > 0


@pytest.mark.parametrize(("pause_us", "is_new"), [(79_999, False), (80_000, True)])
def test_a_new_burst_begins_after_a_pause_of_80_ms_and_from_zero(pause_us, is_new):
    one = bench()
    one.ramp_to(40_000)
    one.wait(pause_us)
    assert one.ask(current_ua=60_000)[1] == (7_500 if is_new else 55_000)


def test_the_hours_charge_holds_the_next_burst_above_3_6_c():
    ledger = Ledger((make_limits(),))
    limit = make_limits(charge_max_nc=30_000)

    class Ask:
        channel, current_ua, width_us = 0, 10_000, 300

    for _ in range(119_999):
        ledger.add(0, limit, 50_000, 300, 20_000)  # 30 uC each, both phases
    ledger.advance(20_000_000, 0)
    assert ledger.refusal(limit, Ask, 80_000, 1) == reasons.OK
    assert ledger.hour_warning()
    ledger.add(0, limit, 50_000, 300, 80_000)
    ledger.add(0, limit, 50_000, 300, 20_000)
    assert ledger.refusal(limit, Ask, 80_000, 1) == reasons.HOUR_HOLD
    assert ledger.refusal(limit, Ask, 20_000, 1) == reasons.OK, "not in mid-swing"
    assert ledger.refusal(limit, Ask, 20_000, 0) == reasons.HOUR_HOLD
    for _ in range(61):
        ledger.advance(60_000_000, 0)
    assert ledger.refusal(limit, Ask, 80_000, 1) == reasons.OK
    assert not ledger.hour_warning()


def test_the_warning_of_the_hour_comes_at_2_5_c():
    ledger = Ledger((make_limits(),))
    for _ in range(83_333):
        ledger.add(0, make_limits(), 50_000, 300, 20_000)
    assert not ledger.hour_warning()
    for _ in range(1):
        ledger.add(0, make_limits(), 50_000, 300, 20_000)
    assert ledger.hour_warning()


@pytest.mark.parametrize(
    ("wait_us", "granted"), [(4_999, False), (5_000, True), (16_000, True), (16_001, False)]
)
def test_one_doublet_of_5_to_16_ms_is_allowed_at_the_onset_if_prescribed(wait_us, granted):
    one = bench(doublet=True)
    assert one.ask()[1] > 0
    one.wait(wait_us)
    assert (one.ask()[1] > 0) is granted


def test_a_second_doublet_in_the_same_burst_is_refused():
    one = bench(doublet=True)
    one.ask()
    one.wait(8_000)
    assert one.ask()[1] > 0
    one.wait(8_000)
    assert one.ask()[0] == reasons.TOO_SOON


def test_without_prescription_there_is_no_doublet():
    one = bench()
    one.ask()
    one.wait(8_000)
    assert one.ask()[0] == reasons.TOO_SOON


def test_three_pulses_beyond_a_limit_within_a_second_latch_off():
    one = bench()
    for _ in range(2):
        one.wait(100_000)
        assert one.ask(current_ua=100_500)[0] == reasons.CURRENT_OVER
    assert one.gate.armed
    one.wait(100_000)
    one.ask(width_us=451)
    assert not one.gate.armed
    one.wait(20_000)
    assert one.ask() == (reasons.VIOLATIONS, 0)


def test_three_violations_spread_over_more_than_a_second_do_not_latch():
    one = bench()
    for _ in range(6):
        assert one.ask(current_ua=100_500)[0] == reasons.CURRENT_OVER
        for _ in range(6):
            one.wait(100_000)
    assert one.gate.armed


def test_windows_and_lateness_are_no_violations():
    one = bench()
    for _ in range(5):
        one.ask(late_us=10_001)
    assert one.gate.armed


def test_it_says_how_long_a_pulse_must_still_wait():
    from safety.pulse import PulseRequest

    one = bench()
    request = PulseRequest()
    assert one.gate.wait_us(request) == 0
    one.ask()
    one.wait(5_000)
    assert one.gate.wait_us(request) == 11_600
    request.channel = 7
    assert one.gate.wait_us(request) == 0
    double = bench(doublet=True)
    double.ask()
    double.wait(5_000)
    request.channel = 0
    assert double.gate.wait_us(request) == 0


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([17_000, 20_000, 40_000, 81_000]), st.integers(0, 100_000), st.integers(40, 460)
        ),
        min_size=50,
        max_size=300,
    )
)
def test_whatever_is_asked_the_sums_of_any_second_stay_below_their_limits(asks):
    """An observer with its own arithmetic in floats, over every window that ends at a pulse."""
    one = bench()
    now_us, given_pulses = 0, []
    for dt_us, current_ua, width_us in asks:
        one.wait(dt_us)
        now_us += dt_us
        _, granted_ua = one.ask(current_ua=current_ua, width_us=width_us)
        if granted_ua:
            given_pulses.append((now_us, granted_ua / 1000, width_us))
        last = [p for p in given_pulses if p[0] > now_us - 1_000_000]
        assert sum(2 * i * w / 1000 for _, i, w in last) <= 3000 + 1e-9, "charge in uC"
        assert sum(i * i * 2 * w for _, i, w in last) / 1e6 <= 400 + 1e-9, "mean square in mA2"
