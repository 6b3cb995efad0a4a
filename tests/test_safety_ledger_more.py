"""The ledger again, where one window hides another."""

import pytest

from safety import reasons
from safety.ledger import SUM_MAX, Ledger, Window, _charge_nc, _heat_ma2_us, _weighted_us
from safety.limits import make_limits
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
    ],
)
def test_time_is_weighted_by_charge_over_the_plateau_and_rounded_up(
    current_ua, width_us, since_us, plateau_nc, weighted_us
):
    assert _weighted_us(make_limits(plateau_nc=plateau_nc), current_ua, width_us, since_us) == weighted_us


@pytest.mark.parametrize(
    ("current_ua", "width_us", "charge_nc", "heat"),
    [(10_000, 300, 3_000, 60_000), (10_001, 300, 3_001, 72_600), (1, 50, 1, 100), (0, 450, 0, 0), (4_901, 101, 496, 5_050)],
)  # fmt: skip
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
