"""The gate again, where one limit hides another: narrow pulses, steps of 1 uA, and the fields of an answer."""

import pytest

from safety import reasons
from safety.clock import Age, after_us, elapsed_us
from safety.gate import Gate
from safety.limits import make_limits, rms_sq_max_ma2
from safety.pulse import PulseRequest, PulseResult
from tests.small_int import Small
from tests.test_safety_gate import Bench

NARROW_US = 100  # 4.5 uC would be 45 mA: only the limit of current is left
WIDE_US = 450  # 15 mA would be 6.75 uC: only the limit of charge is left


def bench(**limits) -> Bench:
    one = Bench(**({"current_step_ua": 1} | limits))
    one.gate.arm()
    one.wait(5_000)
    return one


@pytest.fixture
def armed():
    return bench()


def test_a_new_gate_remembers_nothing_and_permits_nothing():
    gate = Gate((make_limits(),))
    channel = gate._channels[0]
    assert (channel.sequence, channel.current_ua, channel.charge_nc, channel.since_pulse.us) == (
        -1,
        0,
        0,
        2**29,
    )
    assert (gate._cycle, gate.swing, gate.armed, gate._permit_age.us) == (-1, 0, False, 2**29)


@pytest.mark.parametrize("n", [1, 4])
def test_a_gate_may_have_one_channel_and_four(n):
    gate = Gate([make_limits()] * n)
    gate.arm()
    gate.cycle_finished(0)
    request, result = PulseRequest(), PulseResult()
    request.current_ua, request.width_us = 5_000, 300
    for channel in range(n):
        request.channel = channel
        assert gate.judge(0, request, result)


def test_the_answer_repeats_the_request_and_says_what_became_of_it(armed):
    granted = armed.gate.judge
    request, result = PulseRequest(), PulseResult()
    request.sequence, request.channel, request.fire_at_us = 7, 1, armed.t_us
    request.current_ua, request.width_us = 7_000, 250
    assert granted(armed.t_us, request, result) is True
    said = (result.sequence, result.channel, result.t_us, result.asked_ua, result.granted_ua, result.width_us)
    assert said == (7, 1, armed.t_us, 7_000, 7_000, 250)
    request.sequence, request.current_ua = 8, 60_001
    assert granted(armed.t_us, request, result) is False
    said = (result.sequence, result.asked_ua, result.granted_ua, result.width_us, result.reason)
    assert said == (8, 60_001, 0, 0, reasons.CURRENT_OVER), "nothing of the answer before may stay"


def test_a_grant_that_is_lowered_to_nothing_is_no_grant():
    one = Bench(current_step_ua=2_000)
    one.gate.arm()
    one.wait(5_000)
    for _ in range(2):
        assert one.ask(current_ua=1_000, width_us=450)[1] == 1_000
        one.gate._channels[0].current_ua = 0
        one.gate._channels[0].charge_nc = 0
        one.wait(16_600)
    request, result = PulseRequest(), PulseResult()
    request.sequence, request.fire_at_us = 9, one.t_us
    request.current_ua, request.width_us = 60_000, 300
    one.gate._channels[0].since_pulse.us = 16_600
    one.gate._channels[0].charge_nc = -2_490  # as if: leaves no room for one step
    assert one.gate.judge(one.t_us, request, result) is False
    assert result.granted_ua == 0


def test_the_first_narrow_pulse_has_at_most_7500_ua(armed):
    assert armed.ask(current_ua=40_000, width_us=NARROW_US) == (reasons.LOWERED, 7_500)


def test_the_first_wide_pulse_has_at_most_2250_nc(armed):
    assert armed.ask(current_ua=40_000, width_us=WIDE_US) == (reasons.LOWERED, 5_000)


@pytest.mark.parametrize(("wait_us", "top_ua"), [(16_600, 13_300), (17_001, 13_500), (20_000, 15_000)])
def test_current_rises_by_half_a_microampere_a_microsecond(armed, wait_us, top_ua):
    armed.ask(current_ua=5_000, width_us=NARROW_US)
    armed.wait(wait_us)
    assert armed.ask(current_ua=60_000, width_us=NARROW_US) == (reasons.LOWERED, top_ua)


@pytest.mark.parametrize(
    ("wait_us", "top_nc"), [(16_600, 4_490), (17_001, 4_550), (20_000, 5_000), (40_000, 6_500)]
)
def test_charge_rises_by_150_nc_a_millisecond_and_4500_nc_at_most(armed, wait_us, top_nc):
    armed.ask(current_ua=5_000, width_us=400)  # 2000 nC
    armed.wait(wait_us)
    assert armed.ask(current_ua=44_000, width_us=WIDE_US) == (reasons.LOWERED, top_nc * 1000 // WIDE_US)


@pytest.mark.parametrize(
    ("current_ua", "width_us", "charge_nc"),
    [(5_000, 100, 500), (5_001, 100, 500), (5_009, 100, 500), (5_010, 100, 501), (4_901, 101, 495)],
)
def test_the_charge_to_climb_from_is_rounded_down_to_whole_nanocoulombs(
    armed, current_ua, width_us, charge_nc
):
    armed.ask(current_ua=current_ua, width_us=width_us)
    assert armed.gate._channels[0].charge_nc == charge_nc
    armed.wait(16_600)  # + 2490 nC
    assert armed.ask(current_ua=44_000, width_us=WIDE_US)[1] == (charge_nc + 2_490) * 1000 // WIDE_US


@pytest.mark.parametrize("width_us", [NARROW_US, WIDE_US])
@pytest.mark.parametrize("how", ["pause", "arm", "not sent"])
def test_after_a_pause_an_arming_and_a_lost_pulse_a_channel_climbs_from_zero(armed, how, width_us):
    armed.ask(current_ua=40_000, width_us=width_us)
    if how == "arm":
        armed.gate.arm()
        armed.cycle = 0
    elif how == "not sent":
        armed.gate.not_sent(0)
    armed.wait(79_999 if how == "pause" else 17_000)
    if how == "pause":
        armed.wait(1)
    top_ua = 7_500 if how == "pause" else 8_500
    top_nc = 2_250 if how == "pause" else 2_550
    reason, second_ua = armed.ask(current_ua=40_000, width_us=width_us)
    assert (reason, second_ua) == (reasons.LOWERED, min(top_ua, top_nc * 1000 // width_us))


def test_just_before_the_pause_a_channel_still_climbs_on(armed):
    armed.ask(current_ua=7_500, width_us=NARROW_US)
    armed.wait(79_999)
    assert armed.ask(current_ua=60_000, width_us=NARROW_US) == (reasons.LOWERED, 22_500)


def test_arming_again_needs_a_cycle_again_and_forgets_why_it_was_off(armed):
    armed.gate.disarm(reasons.PORT_GONE)
    armed.gate.arm()
    assert armed.gate.disarmed_by == reasons.DISARMED
    assert armed.gate._cycle == -1
    armed.wait(5_000)
    assert armed.ask(current_ua=1_000)[1] == 1_000
    armed.gate.arm()
    assert armed.ask(current_ua=1_000) == (reasons.NO_CYCLE, 0), "a permit from before must not count"


def test_disarming_takes_the_permit_and_cycles_give_none_while_disarmed(armed):
    armed.gate.disarm(reasons.STOPPED)
    assert armed.gate._permit_age.us == 2**29
    armed.gate.cycle_finished(armed.cycle)
    assert armed.gate._permit_age.us == 2**29


def test_a_step_without_time_changes_nothing(armed):
    armed.gate.advance(0)
    assert armed.ask(current_ua=1_000) == (reasons.OK, 1_000)


@pytest.mark.parametrize("first", [0, 1, 2**19 + 5, 2**20 - 1])
def test_the_first_request_may_have_any_number_and_none_counts_twice(armed, first):
    assert armed.ask(sequence=first, current_ua=1_000)[1] == 1_000
    armed.wait(20_000)
    assert armed.ask(sequence=first, current_ua=1_000) == (reasons.REPEATED, 0)


@pytest.mark.parametrize(
    ("ahead", "is_new"), [(1, True), (2**19, True), (2**19 + 1, False), (2**20 - 1, False)]
)
def test_a_request_is_new_if_it_is_at_most_half_the_numbers_ahead(armed, ahead, is_new):
    armed.ask(sequence=5, current_ua=1_000)
    armed.wait(20_000)
    assert (armed.ask(sequence=(5 + ahead) % 2**20, current_ua=1_000)[1] > 0) is is_new


@pytest.mark.parametrize("reason", [reasons.OK, reasons.LOWERED, -1, -(2**20)])
def test_no_reason_to_disarm_lets_a_pulse_through(armed, reason):
    armed.gate.disarm(reason)
    armed.wait(5_000)
    assert armed.ask() == (reasons.DISARMED, 0)


@pytest.mark.parametrize(("asks", "is_latched"), [
    ([{"current_ua": 60_001}] * 3, True),
    ([{"gap_us": 501}] * 3, True),
    ([{"shape": 5}] * 3, True),
    ([{}, {}, {}, {}], True),  # the second to the fourth come too soon
    ([{"current_ua": 60_001}] * 2, False),
    ([{"current_ua": 0}] * 3, False),
    ([{"late_us": -1}] * 3, False),
])  # fmt: skip
def test_the_third_pulse_beyond_a_limit_of_its_own_latches_off(armed, asks, is_latched):
    for ask in asks:
        armed.ask(**ask)
    armed.wait(100_000)
    assert armed.gate.armed is not is_latched
    assert (armed.ask(current_ua=1_000)[0] == reasons.VIOLATIONS) is is_latched


def test_only_a_known_channel_has_to_wait():
    one = bench()
    for channel in (0, 1):
        one.ask(channel=channel, current_ua=1_000)
    one.wait(6_600)
    request = PulseRequest()
    for channel, wait_us in ((0, 10_000), (1, 10_000), (-1, 0), (2, 0)):
        request.channel = channel
        assert one.gate.wait_us(request) == wait_us


@pytest.mark.parametrize(
    ("area_cm2", "expected"), [(5, 25), (10, 100), (16, 256), (19, 361), (20, 400), (200, 400)]
)
def test_rms_is_held_at_2_ma_per_square_centimetre_of_half_a_pad(area_cm2, expected):
    assert rms_sq_max_ma2(area_cm2) == expected
    assert expected * 500 * 2 <= 25_000 * area_cm2, "and power at 0.025 W/cm2 of half a pad, in uW"


# Nothing may leave the board's small whole numbers, at any value a person or a fault can bring.


@pytest.mark.parametrize("duration_us", [-(2**29), -1, 0, 2**29 - 1])
@pytest.mark.parametrize("t_us", [0, 2**29, 2**30 - 1])
def test_clock_arithmetic_stays_in_small_whole_numbers(t_us, duration_us):
    later = after_us(Small(t_us), Small(duration_us))
    assert elapsed_us(later, Small(t_us)) == duration_us


def test_an_age_stays_in_small_whole_numbers_and_any_step_back_expires_it():
    age = Age()
    for before, dt_us, expected in (
        (2**29, 2**29, 2**29),
        (0, 2**29, 2**29),
        (5, -1, 2**29),
        (5, 0, 5),
        (5, 1, 6),
    ):
        age.us = Small(before)
        age.advance(Small(dt_us))
        assert age.us == expected


@pytest.mark.parametrize("since_us", [0, 79_999, 80_000, 2**29])
@pytest.mark.parametrize(
    ("current_ua", "width_us"), [(60_000, 50), (60_000, 333), (44_444, 450), (100_000, 300)]
)
def test_the_gate_stays_in_small_whole_numbers(since_us, current_ua, width_us):
    one = bench(current_max_ua=100_000, charge_max_nc=30_000)
    channel = one.gate._channels[0]
    channel.since_pulse.us = Small(since_us)
    channel.current_ua, channel.charge_nc = Small(66_666), Small(30_000)
    one.ask(current_ua=Small(current_ua), width_us=Small(width_us))
    assert one.result.reason in (reasons.OK, reasons.LOWERED, reasons.TOO_SOON)
