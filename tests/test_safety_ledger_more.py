"""The ledger again, where one window hides another."""

import pytest

from safety import reasons
from safety.ledger import SUM_MAX, Ledger, Window, _charge_nc, _heat_ma2_us, _weighted_us
from safety.limits import make_limits
from safety.pulse import PulseRequest
from tests.test_safety_ledger import bench, train

WEAK = {"current_ua": 1_000, "width_us": 100}


@pytest.mark.parametrize(("burst_s", "is_held"), [(0.9, False), (2.0, True)])
def test_raw_duty_above_92_percent_of_ten_seconds_holds_the_next_burst_however_weak(burst_s, is_held):
    one = bench(plateau_nc=30_000)
    refused = []
    for _ in range(round(20 / burst_s)):
        one.wait(80_000)
        refused += train(one, burst_s, **WEAK)[1]
    assert (reasons.DUTY_HOLD in refused) is is_held
    assert set(refused) <= {reasons.DUTY_HOLD}


@pytest.mark.parametrize(
    ("current_ua", "width_us", "since_us", "plateau_nc", "weighted_us"),
    [
        (10_000, 300, 25_000, 3_000, 25_000),
        (10_000, 300, 25_000, 6_000, 12_500),
        (20_000, 300, 25_000, 3_000, 25_000),  # never more than the time itself
        (0, 300, 25_000, 3_000, 0),
        (10_000, 300, 25_000, 7_000, 10_725),  # 428.57 rounded up to 429 permille
        (10_000, 300, 25_001, 6_000, 12_501),  # 12500.5 rounded up
        (10_000, 300, 25_000, 1, 25_000),
        (1, 50, 25_000, 1, 25_000),
        (1, 50, 1_000, 3, 334),  # 333.3 permille rounded up
        (1, 50, 1_001, 1_000, 2),  # 1.001 us rounded up
    ],
)
def test_time_is_weighted_by_charge_over_the_plateau_and_rounded_up(
    current_ua, width_us, since_us, plateau_nc, weighted_us
):
    assert _weighted_us(make_limits(plateau_nc=plateau_nc), current_ua, width_us, since_us) == weighted_us


@pytest.mark.parametrize(
    ("current_ua", "width_us", "charge_nc", "heat"),
    [
        (10_000, 300, 3_000, 60_000),
        (10_001, 300, 3_001, 72_600),
        (1, 50, 1, 100),
        (0, 450, 0, 0),
        (4_901, 101, 496, 5_050),
    ],
)
def test_charge_and_heat_are_rounded_up(current_ua, width_us, charge_nc, heat):
    assert _charge_nc(current_ua, width_us) == charge_nc
    assert _heat_ma2_us(current_ua, width_us) == heat


def test_a_window_and_a_ledger_begin_empty():
    window = Window(2, 10)
    assert (window.total, list(window._buckets), window._at, window._left_us) == (0, [0, 0, 0], 0, 10)
    ledger = Ledger((make_limits(), make_limits()))
    assert (ledger.worn_out, ledger._ground_us, len(ledger._accounts)) == (False, 0, 2)
    assert (ledger._burst_us, ledger._pause_us, ledger._has_stood) == (0, 2**29 - 1, True)
    assert [account.burst_pulses for account in ledger._accounts] == [0, 0]
    assert SUM_MAX == 2**29 - 1


def test_a_plateau_of_nothing_weighs_in_full():
    limit = make_limits()._replace(plateau_nc=0)
    assert _weighted_us(limit, 10_000, 300, 25_000) == 25_000


# Each window at its edge: the sums are set, so that one unit more or less decides.


def judged(ledger: Ledger, since_us=20_000, swing=1, current_ua=10_000, width_us=300, **limits) -> int:
    request = PulseRequest()
    request.current_ua, request.width_us = current_ua, width_us
    limit = make_limits(current_max_ua=100_000, charge_max_nc=30_000, **limits)
    return ledger.refusal(limit, request, since_us, swing)


def fresh() -> Ledger:
    return Ledger((make_limits(),))


@pytest.mark.parametrize(
    ("sums", "beyond", "reason"),
    [
        # 10 mA x 300 us: 2 x 3000 nC and 60,000 mA2 us more
        ({"charge_nc": 2_994_000}, 1, reasons.CHARGE_RATE_OVER),
        ({"heat_ma2_us": 399_940_000}, 1, reasons.RMS_OVER),
    ],
)
def test_a_window_of_a_second_takes_what_fits_to_the_last_unit(sums, beyond, reason):
    ledger = fresh()
    for name, total in sums.items():
        window = getattr(ledger._returns[0], name)
        window.total = total
        assert judged(ledger) == reasons.OK
        window.total = total + beyond
        assert judged(ledger) == reason


@pytest.mark.parametrize(
    ("owner", "name", "top", "reason"),
    [
        ("_returns", "hour_uc", 3_600_000, reasons.HOUR_HOLD),
        ("_accounts", "on_us", 9_200_000, reasons.DUTY_HOLD),
        ("_accounts", "weighted_us", 7_500_000, reasons.DUTY_HOLD),
    ],
)
def test_a_long_window_holds_above_its_limit_and_never_in_mid_swing(owner, name, top, reason):
    ledger = fresh()
    window = getattr(getattr(ledger, owner)[0], name)
    for total, since_us, swing, expected in (
        (top, 80_000, 1, reasons.OK),
        (top, 20_000, 0, reasons.OK),
        (top + 1, 80_000, 1, reason),
        (top + 1, 20_000, 0, reason),
        (top + 1, 79_999, 1, reasons.OK),
    ):
        window.total = total
        assert judged(ledger, since_us, swing) == expected


def test_the_warning_of_the_hour_comes_above_2_5_c_of_any_return():
    for at in range(4):
        ledger = fresh()
        assert ledger.hour_warning() is False
        ledger._returns[at].hour_uc.total = 2_500_000
        assert ledger.hour_warning() is False
        ledger._returns[at].hour_uc.total = 2_500_001
        assert ledger.hour_warning() is True


@pytest.mark.parametrize(
    ("burst_us", "pause_us", "has_stood", "reason"),
    [
        (5_100_000, 20_000, False, reasons.OK),
        (5_100_001, 20_000, False, reasons.ON_TOO_LONG),
        (5_100_001, 79_999, False, reasons.ON_TOO_LONG),
        (4_080_000, 80_000, False, reasons.OK),
        (4_080_001, 80_000, False, reasons.ON_TOO_LONG),
        (4_080_001, 80_000, True, reasons.OK),
        (5_100_001, 5_000_000, False, reasons.OK),
    ],
)
def test_a_burst_that_is_or_was_too_long_needs_contact_to_the_microsecond(
    burst_us, pause_us, has_stood, reason
):
    ledger = fresh()
    ledger._burst_us, ledger._pause_us, ledger._has_stood = burst_us, pause_us, has_stood
    assert judged(ledger) == reason
    assert ledger.worn_out is (reason == reasons.ON_TOO_LONG)


@pytest.mark.parametrize(
    ("ground_us", "pause_us", "is_free"),
    [(200_000, 80_000, True), (199_999, 80_000, False), (200_000, 79_999, False)],
)
def test_contact_counts_after_200_ms_without_swing_and_80_ms_without_pulse(ground_us, pause_us, is_free):
    ledger = fresh()
    ledger.worn_out, ledger._has_stood = True, False
    ledger._ground_us, ledger._pause_us = ground_us - 1_000, pause_us - 1_000
    ledger.advance(1_000, 0)
    assert (not ledger.worn_out, ledger._has_stood) == (is_free, is_free)


def test_time_that_runs_backwards_or_stands_still_is_no_time():
    ledger = fresh()
    ledger._burst_us, ledger._pause_us, ledger._ground_us = 5, 6, 7
    for dt_us in (-1, -5, 0):
        ledger.advance(dt_us, 0)
        assert (ledger._burst_us, ledger._pause_us, ledger._ground_us) == (5, 6, 7)
    ledger.advance(1, 1)
    assert (ledger._burst_us, ledger._pause_us, ledger._ground_us) == (6, 7, 0)


@pytest.mark.parametrize(("pause_us", "is_new"), [(79_999, False), (80_000, True)])
def test_a_burst_of_the_leg_and_of_the_channel_begins_after_80_ms(pause_us, is_new):
    ledger = fresh()
    ledger._burst_us, ledger._pause_us = 3_000_000, pause_us
    ledger._accounts[0].burst_pulses = 7
    ledger.add(0, make_limits(), 10_000, 300, pause_us)
    account = ledger._accounts[0]
    assert ledger._burst_us == (0 if is_new else 3_000_000)
    assert ledger._has_stood is not is_new
    assert ledger._pause_us == 0
    assert (account.burst_pulses, account.bursts.total) == ((1, 1) if is_new else (8, 0))
    assert account.on_us.total == (0 if is_new else pause_us)


def test_pulses_of_a_burst_are_counted_to_a_thousand():
    ledger = fresh()
    ledger._accounts[0].burst_pulses = 999
    for _ in range(3):
        ledger.add(0, make_limits(), 1_000, 100, 20_000)
        assert ledger._accounts[0].burst_pulses == 1_000


@pytest.mark.parametrize(
    ("current_ua", "width_us", "uc"),
    [(10_000, 300, 6), (10_000, 301, 7), (5_000, 100, 1), (10_010, 300, 7), (98_336, 300, 60)],
)
def test_the_hour_counts_both_phases_rounded_up_to_whole_microcoulombs(current_ua, width_us, uc):
    ledger = fresh()
    ledger.add(0, make_limits(), current_ua, width_us, 20_000)
    assert ledger._returns[0].hour_uc.total == uc


def test_the_windows_have_the_lengths_that_were_signed():
    ledger = fresh()
    account, electrode = ledger._accounts[0], ledger._returns[3]
    second, ten_seconds, hour = (41, 25_000), (41, 250_000), (61, 60_000_000)
    windows = {
        account.bursts: second,
        account.on_us: ten_seconds,
        account.weighted_us: ten_seconds,
        electrode.charge_nc: second,
        electrode.heat_ma2_us: second,
        electrode.hour_uc: hour,
        ledger._violations: second,
    }
    assert {w: (len(w._buckets), w._bucket_us) for w in windows} == windows


@pytest.mark.parametrize("dt_us", [0, 1, 9, 10, 11, 29, 30, 31, 39, 1_000, 2**29])
def test_a_window_moves_by_whole_buckets_and_keeps_the_rest(dt_us):
    window = Window(2, 10)
    window.add(5)
    window.advance(dt_us)
    turns = min(dt_us // 10, 3)
    rest_us = dt_us - 10 * turns
    assert window._at == turns % 3
    assert window._left_us == 10 - (rest_us if rest_us < 10 else 0)
    assert window.total == (5 if turns < 3 else 0)


def test_a_pause_that_ends_with_a_bucket_leaves_the_next_one_whole():
    window = Window(2, 10)
    window.advance(40)  # three buckets are turned, and exactly one bucket of time is left over
    window.add(1)
    window.advance(29)
    assert window.total == 1
    window.advance(1)
    assert window.total == 0
