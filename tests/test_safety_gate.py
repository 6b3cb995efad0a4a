"""The gate, at every edge and one step beyond. The limits are restated here as numbers on purpose:
a changed limit needs a second signature."""

import tomllib

import pytest

from firmware_py.pi import words
from safety import reasons
from safety.gate import Gate
from safety.limits import make_limits
from safety.pulse import PulseRequest, PulseResult

T0_US = 2**30 - 20_000  # just before the clock wraps
MASK = 2**30 - 1


class Bench:
    """A gate, its clock and a way to ask."""

    def __init__(self, **limits):
        self.gate = Gate((make_limits(**limits), make_limits(**limits)))
        self.t_us = T0_US
        self.cycle = 0
        self.sequence = [0, 0]
        self.result = PulseResult()

    def wait(self, dt_us, finish_cycle=True):
        self.t_us = (self.t_us + dt_us) & MASK
        self.gate.advance(dt_us)
        if finish_cycle:
            self.gate.cycle_finished(self.cycle)
            self.cycle += 1

    def ask(self, channel=0, current_ua=7_000, width_us=300, gap_us=100, late_us=0, sequence=None, shape=1):
        request = PulseRequest()
        request.channel = channel
        if sequence is None:
            sequence = self.sequence[channel] if channel in (0, 1) else 0
            if channel in (0, 1):
                self.sequence[channel] += 1
        request.sequence = sequence
        request.fire_at_us = (self.t_us - late_us) & MASK
        request.current_ua = current_ua
        request.width_us = width_us
        request.gap_us = gap_us
        request.shape = shape
        self.gate.judge(self.t_us, request, self.result)
        return self.result.reason, self.result.granted_ua

    def ramp_to(self, current_ua, width_us=300):
        """Climb as steeply as allowed until `current_ua` is granted whole."""
        for _ in range(20):
            self.wait(25_000)
            if self.ask(current_ua=current_ua, width_us=width_us)[1] == current_ua:
                return
        raise AssertionError(f"{current_ua} uA was never reached")


@pytest.fixture
def armed():
    bench = Bench()
    bench.gate.arm()
    bench.wait(5_000)
    return bench


def test_power_on_grants_nothing():
    bench = Bench()
    bench.wait(5_000)
    assert bench.ask() == (reasons.DISARMED, 0)


def test_arming_without_a_finished_cycle_grants_nothing():
    bench = Bench()
    bench.gate.arm()
    assert bench.ask() == (reasons.NO_CYCLE, 0)


def test_a_pulse_within_all_limits_is_granted_as_asked(armed):
    assert armed.ask(current_ua=7_500) == (reasons.OK, 7_500)
    assert armed.result.width_us == 300


@pytest.mark.parametrize(
    ("ask", "reason"),
    [
        ({"current_ua": 0}, reasons.NO_CURRENT),
        ({"current_ua": -500}, reasons.NO_CURRENT),
        ({"current_ua": 60_000}, None),
        ({"current_ua": 60_001}, reasons.CURRENT_OVER),
        ({"current_ua": 2**40}, reasons.CURRENT_OVER),
        ({"width_us": 49}, reasons.WIDTH_UNDER),
        ({"width_us": 50}, None),
        ({"width_us": 450}, None),
        ({"width_us": 451}, reasons.WIDTH_OVER),
        ({"width_us": -300}, reasons.WIDTH_UNDER),
        ({"gap_us": -1}, reasons.GAP_OVER),
        ({"gap_us": 0}, None),
        ({"gap_us": 500}, None),
        ({"gap_us": 501}, reasons.GAP_OVER),
        ({"shape": 0}, reasons.SHAPE_OVER),
        ({"shape": -1}, None),
        ({"shape": 4}, None),
        ({"shape": -4}, None),
        ({"shape": 5}, reasons.SHAPE_OVER),
        ({"shape": -5}, reasons.SHAPE_OVER),
        ({"shape": 2**20}, reasons.SHAPE_OVER),
        ({"current_ua": 50_000, "width_us": 400}, None),  # 20.0 uC
        ({"current_ua": 50_001, "width_us": 400}, reasons.CHARGE_OVER),
        ({"channel": 2}, reasons.CHANNEL_UNKNOWN),
        ({"channel": -1}, reasons.CHANNEL_UNKNOWN),
        ({"late_us": 0}, None),
        ({"late_us": -1}, reasons.TOO_EARLY),
        ({"late_us": 10_000}, None),
        ({"late_us": 10_001}, reasons.TOO_LATE),
        ({"late_us": 2**29}, reasons.TOO_EARLY),  # half the clock away: not "long ago"
        ({"sequence": -1}, reasons.REPEATED),
        ({"sequence": 2**20}, reasons.REPEATED),
    ],
)
def test_each_limit_holds_at_its_edge_and_one_step_beyond(armed, ask, reason):
    got, granted_ua = armed.ask(**ask)
    if reason is None:
        assert got in (reasons.OK, reasons.LOWERED)
        assert granted_ua > 0
    else:
        assert (got, granted_ua) == (reason, 0)


@pytest.mark.parametrize(
    ("shape", "granted_ua"), [(1, 7_500), (-1, 7_500), (2, 7_000), (3, 7_500), (-4, 6_000)]
)
def test_what_is_lowered_stays_whole_steps_in_both_phases(armed, shape, granted_ua):
    # The steps are 0.5 mA: with a second phase of a quarter only every 2 mA has one.
    assert armed.ask(current_ua=40_000, width_us=100, shape=shape) == (reasons.LOWERED, granted_ua)
    assert granted_ua // abs(shape) % 500 == 0


@pytest.mark.parametrize(
    "too_loose",
    [
        {"current_max_ua": 100_001},
        {"width_max_us": 451},
        {"charge_max_nc": 30_001},
        {"interval_min_us": 16_599},
        {"current_max_ua": -1},
        {"current_step_ua": 0},
    ],
)
def test_limits_looser_than_the_absolute_ones_cannot_be_made(too_loose):
    with pytest.raises(ValueError, match="allowed is"):
        make_limits(**too_loose)


def test_all_three_maxima_together_are_refused():
    bench = Bench(current_max_ua=100_000, charge_max_nc=30_000)
    bench.gate.arm()
    bench.wait(5_000)
    assert bench.ask(current_ua=100_000, width_us=450) == (reasons.CHARGE_OVER, 0)


@pytest.mark.parametrize(("wait_us", "reason"), [(16_599, reasons.TOO_SOON), (16_600, reasons.OK)])
def test_pulses_of_a_channel_keep_their_distance(armed, wait_us, reason):
    armed.ask(current_ua=5_000)
    armed.wait(wait_us)
    assert armed.ask(current_ua=5_000)[0] == reason


def test_channels_keep_their_distance_each_for_itself(armed):
    assert armed.ask(channel=0)[0] == reasons.OK
    assert armed.ask(channel=1)[0] == reasons.OK


def test_the_first_pulse_of_a_burst_has_at_most_7_5_ma(armed):
    assert armed.ask(current_ua=40_000) == (reasons.LOWERED, 7_500)


def test_the_first_pulse_of_a_burst_has_at_most_2250_nc(armed):
    assert armed.ask(current_ua=40_000, width_us=450) == (reasons.LOWERED, 5_000)


def test_from_nothing_to_25_ma_takes_at_least_50_ms(armed):
    times, t_us = [], 0
    while not times or times[-1][1] < 25_000:
        times.append((t_us, armed.ask(current_ua=25_000)[1]))
        armed.wait(16_600)
        t_us += 16_600
    assert times[-1][0] >= 49_800


@pytest.mark.parametrize(("wait_us", "top_ua"), [(30_000, 22_500), (40_000, 22_500)])
def test_between_two_pulses_current_rises_by_at_most_15_ma(armed, wait_us, top_ua):
    armed.ask(current_ua=7_500, width_us=50)
    armed.wait(wait_us)
    assert armed.ask(current_ua=60_000, width_us=50) == (reasons.LOWERED, top_ua)


def test_between_two_pulses_charge_rises_by_at_most_4500_nc(armed):
    armed.ask(current_ua=5_000, width_us=450)  # 2.25 uC
    armed.wait(40_000)
    assert armed.ask(current_ua=60_000, width_us=330) == (reasons.LOWERED, 20_000)


def test_between_two_pulses_current_rises_by_at_most_500_ma_a_second(armed):
    armed.ask(current_ua=5_000, width_us=100)
    armed.wait(20_000)
    assert armed.ask(current_ua=40_000, width_us=100) == (reasons.LOWERED, 15_000)


def test_between_two_pulses_charge_rises_by_at_most_150_uc_a_second(armed):
    armed.ask(current_ua=5_000, width_us=400)  # 2.0 uC
    armed.wait(20_000)  # + 3.0 uC
    assert armed.ask(current_ua=40_000, width_us=400) == (reasons.LOWERED, 12_500)


def test_a_longer_phase_at_the_same_current_is_a_rise_too(armed):
    armed.ask(current_ua=7_500, width_us=100)  # 0.75 uC
    armed.wait(16_600)  # + 2.49 uC
    assert armed.ask(current_ua=7_500, width_us=450) == (reasons.LOWERED, 7_000)


def test_falls_are_never_limited(armed):
    armed.ramp_to(40_000)
    armed.wait(25_000)
    assert armed.ask(current_ua=500) == (reasons.OK, 500)


def test_after_a_pause_of_80_ms_a_channel_starts_from_zero(armed):
    armed.ramp_to(40_000)
    armed.wait(80_000)
    assert armed.ask(current_ua=40_000) == (reasons.LOWERED, 7_500)


def test_what_is_lowered_stays_a_whole_number_of_device_steps(armed):
    armed.ask(current_ua=500, width_us=300)
    armed.wait(17_001)  # + 8.5005 mA
    assert armed.ask(current_ua=20_000) == (reasons.LOWERED, 9_000)


def test_a_pulse_that_never_left_is_no_step_to_climb_from(armed):
    armed.ramp_to(30_000)
    armed.gate.not_sent(0)
    armed.wait(25_000)
    assert armed.ask(current_ua=30_000) == (reasons.LOWERED, 12_500)


@pytest.mark.parametrize(("wait_us", "granted"), [(100_000, True), (100_001, False)])
def test_a_finished_cycle_permits_for_100_ms(armed, wait_us, granted):
    armed.wait(50_000, finish_cycle=False)
    armed.wait(wait_us - 50_000, finish_cycle=False)
    assert (armed.ask()[1] > 0) is granted


def test_a_controller_that_comes_back_after_a_stall_needs_a_new_arm(armed):
    armed.wait(60_000, finish_cycle=False)
    armed.wait(60_000)
    assert armed.ask() == (reasons.NO_CYCLE, 0)
    armed.wait(5_000)
    assert armed.ask() == (reasons.NO_CYCLE, 0)
    armed.gate.arm()
    armed.wait(5_000)
    assert armed.ask()[1] > 0


@pytest.mark.parametrize("step", [-1, 0, 2, 7])
def test_cycles_out_of_order_disarm(armed, step):
    armed.gate.cycle_finished(armed.cycle - 1 + step)
    assert armed.ask() == (reasons.CYCLE_ORDER, 0)


def test_a_repeated_or_older_request_is_refused(armed):
    armed.ask(sequence=5)
    armed.wait(25_000)
    assert armed.ask(sequence=5) == (reasons.REPEATED, 0)
    assert armed.ask(sequence=4) == (reasons.REPEATED, 0)
    assert armed.ask(sequence=6)[1] > 0


def test_request_numbers_start_again_after_their_last(armed):
    armed.ask(sequence=2**20 - 1)
    armed.wait(25_000)
    assert armed.ask(sequence=0)[1] > 0


def test_a_refused_request_cannot_be_asked_again(armed):
    assert armed.ask(sequence=3, current_ua=60_001)[0] == reasons.CURRENT_OVER
    assert armed.ask(sequence=3) == (reasons.REPEATED, 0)


@pytest.mark.parametrize("dt_us", [-1, -(2**29), 100_001, 2**29 - 1])
def test_a_clock_that_jumps_disarms(armed, dt_us):
    armed.gate.advance(dt_us)
    assert armed.ask() == (reasons.CLOCK_JUMPED, 0)
    armed.gate.arm()
    armed.gate.cycle_finished(0)
    assert armed.ask() == (reasons.TOO_SOON, 0), "nobody knows when the last pulse was"


def test_disarming_says_why_until_the_next_arm(armed):
    armed.gate.disarm(reasons.PORT_GONE)
    armed.gate.disarm(reasons.DISARMED)
    assert armed.ask() == (reasons.PORT_GONE, 0), "the first cause is kept"
    armed.gate.arm()
    armed.gate.disarm(reasons.DISARMED)
    assert armed.ask() == (reasons.DISARMED, 0)


def test_arming_starts_every_channel_from_zero(armed):
    armed.ramp_to(40_000)
    armed.gate.arm()
    armed.cycle = 0
    armed.wait(25_000)
    assert armed.ask(current_ua=40_000) == (reasons.LOWERED, 12_500)


@pytest.mark.parametrize("n", [0, 5])
def test_a_gate_has_one_to_four_channels(n):
    with pytest.raises(ValueError, match="allowed is 1 to 4"):
        Gate([make_limits()] * n)


def test_every_reason_has_its_sentence_and_each_is_different():
    codes = {v for k, v in vars(reasons).items() if k.isupper() and isinstance(v, int)}
    assert codes == set(range(len(codes)))
    sentences = [words.of_reason(code) for code in codes]
    assert len(set(sentences)) == len(codes)
    assert all(one.endswith(".") for one in sentences)
    assert len(tomllib.loads(words.FILE.read_text())["reasons"]) == len(codes)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("current_max_ua", 100_001),
        ("current_max_ua", -1),
        ("width_max_us", 451),
        ("charge_max_nc", 30_001),
        ("charge_max_nc", -1),
        ("interval_min_us", 16_599),
        ("current_step_ua", 0),
        ("rms_sq_max_ma2", 401),
        ("return_group", 4),
        ("return_group", -1),
        ("plateau_nc", 0),
    ],
)
def test_a_record_beyond_the_absolute_limits_is_refused_however_it_was_built(name, value):
    forged = make_limits()._replace(**{name: value})
    with pytest.raises(ValueError, match="absolute"):
        Gate((forged,))


def test_an_armed_gate_without_a_controller_disarms_after_100_ms():
    bench = Bench()
    bench.gate.arm()
    bench.wait(50_000, finish_cycle=False)
    bench.wait(50_000, finish_cycle=False)
    assert bench.gate.armed
    bench.wait(1, finish_cycle=False)
    assert not bench.gate.armed


def test_a_new_arm_starts_the_count_of_requests_anew(armed):
    armed.ask(sequence=5_000)
    armed.gate.arm()
    armed.cycle = 0
    armed.wait(25_000)
    assert armed.ask(sequence=0)[1] > 0
