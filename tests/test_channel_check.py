"""The verdict on a test burst, from made samples: the signs of each leg, and every way in which it cannot be judged."""

import math

import pytest

from firmware_py import channel_check
from firmware_py.channel_check import ChannelCheck
from hw_sim.imu import mount_matrix
from safety.sample import Sample
from stimulator.envelope import OFF
from stimulator.test_burst import HELD
from tests.small_int import Small

MASK = 2**30 - 1
SAMPLE_US = 10_000
RIGHT, NO_RESPONSE, SWAPPED, OPPOSITE, NOT_VISIBLE, MOVED_BEFORE, INCOMPLETE = range(7)
TA, PER = 0, 1


class Press:
    state = OFF
    presses = 0


class Burst:
    """Stands for the test burst."""

    def __init__(self, channel):
        self.envelope = Press()
        self.channel = channel


class Bench:
    def __init__(self, channel=TA, side="right", place="foot", t0_us=2**30 - 1_000_000):
        self.burst = Burst(channel)
        self.check = ChannelCheck(self.burst, side, place)
        self.sample = Sample()
        self.sample.has_imu = 1
        self.t_us = t0_us

    def see(self, ms, gyro_cdps=(0, 0, 0), sample_us=SAMPLE_US):
        s = self.sample
        for _ in range(ms * 1000 // sample_us):
            self.t_us = (self.t_us + sample_us) & MASK
            s.t_us = self.t_us
            s.gyro_x_cdps, s.gyro_y_cdps, s.gyro_z_cdps = gyro_cdps
            self.check.see(s)
        return self

    def press(self):
        self.burst.envelope.state = HELD
        self.burst.envelope.presses += 1

    def release(self):
        self.burst.envelope.state = OFF

    def judged(self, gyro_cdps, move_ms=300, held_ms=1900, rest_ms=700, granted=50):
        """Rest, press, move at a steady rate for a while, let go, judge."""
        self.see(rest_ms)
        self.press()
        self.see(700).see(move_ms, gyro_cdps).see(held_ms - 700 - move_ms)
        self.release()
        self.see(300, tuple(-rate for rate in gyro_cdps))
        return self.check.judge(granted)


# 50 deg/s for 0.3 s are 15 deg. Axes: X backward, Y to the person's right, Z up; thumb along the axis.
TOE_UP = (0, 5_000, 0)
TOE_DOWN = (0, -5_000, 0)
RIGHT_EDGE_UP = (5_000, 0, 0)  # everts the right foot, inverts the left
LEFT_EDGE_UP = (-5_000, 0, 0)  # everts the left foot, inverts the right
TOES_TO_THE_RIGHT = (0, 0, -5_000)  # outward for the right foot


@pytest.mark.parametrize(
    ("side", "channel", "turn", "verdict"),
    [
        ("right", TA, TOE_UP, RIGHT),
        ("left", TA, TOE_UP, RIGHT),
        ("right", TA, TOE_DOWN, OPPOSITE),
        ("left", TA, TOE_DOWN, OPPOSITE),
        ("right", TA, RIGHT_EDGE_UP, SWAPPED),
        ("left", TA, LEFT_EDGE_UP, SWAPPED),
        ("right", TA, LEFT_EDGE_UP, OPPOSITE),
        ("left", TA, RIGHT_EDGE_UP, OPPOSITE),
        ("right", PER, RIGHT_EDGE_UP, RIGHT),
        ("left", PER, LEFT_EDGE_UP, RIGHT),
        ("right", PER, LEFT_EDGE_UP, OPPOSITE),
        ("left", PER, RIGHT_EDGE_UP, OPPOSITE),
        ("right", PER, TOES_TO_THE_RIGHT, RIGHT),
        ("left", PER, TOES_TO_THE_RIGHT, OPPOSITE),
        ("right", PER, TOE_UP, SWAPPED),
        ("left", PER, TOE_UP, SWAPPED),
        ("right", PER, TOE_DOWN, OPPOSITE),
        ("right", TA, (0, 0, 0), NO_RESPONSE),
        ("left", PER, (0, 0, 0), NO_RESPONSE),
    ],
)
def test_the_sign_of_the_turn_decides(side, channel, turn, verdict):
    assert Bench(channel, side).judged(turn) == verdict


@pytest.mark.parametrize(
    ("channel", "gyro_x", "gyro_y", "verdict"),
    [
        (TA, 1_200, 5_000, RIGHT),  # less than a quarter of the lift: still the tibialis
        (TA, 1_600, 5_000, RIGHT),  # more, but under 5 deg of eversion: 16 deg/s for 0.3 s
        (TA, 2_000, 7_500, SWAPPED),
        (PER, 2_000, 7_500, RIGHT),
        (PER, 1_800, 7_500, SWAPPED),
        (PER, -2_000, 7_500, SWAPPED),  # lifts and inverts a little: the tibialis
        (PER, -7_400, 7_500, SWAPPED),
        (PER, -7_600, 7_500, OPPOSITE),  # inverts more than it lifts: the other side, or a turned sensor
        (PER, 5_000, -3_000, RIGHT),  # only the long peroneal: everts and lowers
        (TA, 5_000, -3_000, OPPOSITE),
        (PER, 5_000, -5_100, OPPOSITE),  # lowers more than it everts: the toe would drag
        (PER, 4_900, -14_000, OPPOSITE),
        (TA, -10_000, 5_100, RIGHT),  # turns in twice as far as it lifts, and no more
        (TA, -10_000, 4_900, OPPOSITE),
    ],
)
def test_eversion_counts_from_a_quarter_of_the_lift(channel, gyro_x, gyro_y, verdict):
    assert Bench(channel).judged((gyro_x, gyro_y, 0)) == verdict


@pytest.mark.parametrize(("move_ms", "verdict"), [(40, NO_RESPONSE), (50, RIGHT)])
def test_a_response_begins_at_5_deg(move_ms, verdict):
    bench = Bench()
    assert bench.judged((0, 10_000, 0), move_ms) == verdict
    assert bench.check.lift_udeg == move_ms * 100_000


@pytest.mark.parametrize("zero", [-500, 0, 500])
def test_a_zero_error_and_slow_drift_never_add_up_to_a_response(zero):
    bench = Bench()
    bench.see(700, (zero, zero, -zero))
    bench.press()
    bench.see(1900, (0, 0, 0))  # what crept before has stopped
    bench.release()
    assert bench.check.judge(50) == NO_RESPONSE
    assert (bench.check.lift_udeg, bench.check.evert_udeg) == (0, 0)


def test_a_zero_error_is_taken_off_the_response():
    bench = Bench(PER)
    bench.see(1000, (500, 400, 0))
    bench.press()
    bench.see(500, (500, 400, 0)).see(300, (5_500, 5_400, 0)).see(1100, (500, 400, 0))
    bench.release()
    assert bench.check.judge(50) == RIGHT
    assert abs(bench.check.lift_udeg - 15_000_000) <= 100_000
    assert abs(bench.check.evert_udeg - 15_000_000) <= 100_000


@pytest.mark.parametrize("rate", [(700, 0, 0), (0, -700, 0), (0, 0, 700)])
def test_a_foot_that_moved_in_the_half_second_before_is_not_judged(rate):
    bench = Bench()
    bench.see(1000).see(20, rate)
    assert bench.judged(TOE_UP, rest_ms=480) == MOVED_BEFORE
    assert bench.judged(TOE_UP, rest_ms=520) == RIGHT, "after rest it can be repeated"


def test_a_press_before_any_sample_was_seen_is_not_judged():
    bench = Bench()
    assert bench.judged(TOE_UP, rest_ms=0) == INCOMPLETE
    assert bench.judged(TOE_UP, rest_ms=20) == MOVED_BEFORE


@pytest.mark.parametrize("hole_us", [60_000, 2_000_000, -10_000, 0])
def test_rest_with_a_hole_in_it_counts_from_the_hole_on(hole_us):
    bench = Bench()
    bench.see(400)
    bench.t_us = (bench.t_us + hole_us - SAMPLE_US) & MASK
    assert bench.judged(TOE_UP, rest_ms=400) == MOVED_BEFORE


@pytest.mark.parametrize(("granted", "verdict"), [(0, INCOMPLETE), (4, INCOMPLETE), (5, RIGHT)])
def test_fewer_than_five_pulses_prove_nothing(granted, verdict):
    assert Bench().judged(TOE_UP, granted=granted) == verdict


@pytest.mark.parametrize(("held_ms", "verdict"), [(1280, INCOMPLETE), (1300, NO_RESPONSE)])
def test_no_response_is_said_only_after_a_burst_that_was_long_enough(held_ms, verdict):
    assert Bench().judged((0, 0, 0), held_ms=held_ms) == verdict


def test_a_short_burst_with_a_clear_response_is_enough():
    assert Bench().judged(TOE_UP, held_ms=1000) == RIGHT


def test_a_hole_in_the_samples_makes_the_burst_worthless():
    bench = Bench()
    bench.see(700)
    bench.press()
    bench.see(500).see(60, TOE_UP, sample_us=60_000).see(1200, TOE_UP)
    bench.release()
    assert bench.check.judge(50) == INCOMPLETE


def test_samples_without_an_imu_reading_are_a_hole():
    bench = Bench()
    bench.see(700)
    bench.press()
    bench.sample.has_imu = 0
    bench.see(1900, TOE_UP)
    bench.release()
    assert bench.check.judge(50) == INCOMPLETE, "the press was never seen"
    bench.sample.has_imu = 1
    bench.see(200)
    assert bench.check.judge(50) == INCOMPLETE


def test_there_is_no_verdict_before_during_or_without_a_burst():
    bench = Bench()
    assert bench.check.judge(50) == INCOMPLETE
    bench.see(700)
    assert bench.check.judge(50) == INCOMPLETE
    bench.press()
    bench.see(1500, TOE_UP)
    assert bench.check.judge(50) == INCOMPLETE
    bench.release()
    assert bench.check.judge(50) == RIGHT


def test_a_second_press_starts_from_nothing():
    bench = Bench()
    assert bench.judged(TOE_UP) == RIGHT
    assert bench.judged((0, 0, 0)) == NO_RESPONSE
    assert bench.judged((0, 0, 0), held_ms=1000) == INCOMPLETE, "its time counts anew too"
    bench.see(700)
    bench.press()
    bench.release()  # so short that no sample fell into it
    assert bench.check.judge(50) == INCOMPLETE, "the verdict of the burst before must not stand for this one"


def test_let_go_and_pressed_again_between_two_samples_counts_as_a_new_burst():
    bench = Bench()
    bench.see(700)
    bench.press()
    bench.see(1500, TOE_UP)
    bench.release()
    bench.press()
    bench.see(1500)
    bench.release()
    assert bench.check.judge(50) == MOVED_BEFORE


@pytest.mark.parametrize("turn", [(0, 0, 0), TOE_UP, TOE_DOWN])
def test_on_the_shank_a_person_has_to_look(turn):
    assert Bench(place="shank").judged(turn) == NOT_VISIBLE
    assert Bench(place="shank").judged(turn, held_ms=1200) == INCOMPLETE
    assert Bench(place="shank").judged(turn, granted=4) == INCOMPLETE


@pytest.mark.parametrize("t0_us", [0, 2**30 - 1, 2**29, 2**30 - 1_500_000])
def test_the_wrap_of_the_clock_changes_nothing(t0_us):
    bench = Bench(t0_us=t0_us)
    assert bench.judged(TOE_UP) == RIGHT
    assert bench.check.lift_udeg == 15_000_000


def test_wild_samples_stay_small_enough_for_a_board():
    for rate in (-10_000_000, -400_000, 400_000, 10_000_000):
        bench = Bench(PER, "left")
        bench.see(700, (Small(100), Small(-100), Small(100)))
        bench.press()
        bench.see(500, (Small(rate), Small(rate), Small(-rate)), sample_us=50_000)
        bench.release()
        assert bench.check.judge(50) in (RIGHT, OPPOSITE)
        assert abs(bench.check.lift_udeg) == abs(bench.check.evert_udeg) == 90_000_000


def foot_turn(side, lift, evert, axis):
    """Rates in foot axes, deg/s, of a lift and an eversion about a level or an oblique subtalar axis."""
    outward = 1.0 if side == "right" else -1.0
    if axis == "level":
        return (outward * evert, lift, 0.0)
    rise, inward = math.radians(42.0), math.radians(16.0)
    return (
        outward * evert * math.cos(rise) * math.cos(inward),
        lift + evert * math.cos(rise) * math.sin(inward),
        -outward * evert * math.sin(rise),
    )


@pytest.mark.parametrize("axis", ["level", "oblique"])
@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("lean_deg", [0.0, -20.0, -32.0, -45.0])
def test_eversion_is_seen_however_steep_the_joint_axis_and_the_sensor_are(axis, side, lean_deg):
    for roll_deg in (-8.0, 0.0, 8.0):
        for toe_out_deg in (0.0, 8.0, 14.0):
            yaw_deg = -toe_out_deg if side == "right" else toe_out_deg
            rows = mount_matrix((roll_deg, lean_deg, yaw_deg))

            def sensed(lift, evert, rows=rows):
                turn = foot_turn(side, lift, evert, axis)
                return tuple(round(100 * sum(a * b for a, b in zip(row, turn, strict=True))) for row in rows)

            where = (roll_deg, toe_out_deg)
            assert Bench(TA, side).judged(sensed(70.0, -25.0)) == RIGHT, where
            assert Bench(PER, side).judged(sensed(60.0, 65.0)) == RIGHT, where
            assert Bench(PER, side).judged(sensed(70.0, -25.0)) != RIGHT, where
            assert Bench(TA, side).judged(sensed(60.0, 65.0)) == SWAPPED, where


@pytest.mark.parametrize(("side", "place"), [("up", "foot"), ("", "foot"), ("right", "hand")])
def test_an_unknown_side_or_place_is_refused(side, place):
    with pytest.raises(ValueError, match="Name one of these"):
        ChannelCheck(Burst(0), side, place)


def test_every_verdict_has_a_name_and_a_sentence():
    assert len(channel_check.VERDICTS) == len(channel_check.VERDICT_NAMES) == 7
    assert len(set(channel_check.VERDICTS)) == 7
    assert all(said.endswith(".") for said in channel_check.VERDICTS)


# Push-off: a hanging foot points down already, so it may hardly move


@pytest.mark.parametrize("channel", [2, 3])
@pytest.mark.parametrize(
    ("turn", "verdict"),
    [
        (TOE_DOWN, RIGHT),
        ((-2_000, -2_000, 0), RIGHT),  # turned in as much as down
        ((-4_300, -2_000, 0), SWAPPED),  # more than twice as much
        (TOE_UP, SWAPPED),
        (RIGHT_EDGE_UP, SWAPPED),
        (LEFT_EDGE_UP, SWAPPED),
        ((0, -1_600, 0), NOT_VISIBLE),  # 4.8 deg
        ((0, 1_600, 0), NOT_VISIBLE),
        ((0, 0, 0), NOT_VISIBLE),
    ],
)
def test_a_calf_presses_the_foot_down_or_a_person_must_look(channel, turn, verdict):
    assert Bench(channel).judged(turn) == verdict


def test_a_short_burst_on_a_calf_is_judged_only_if_the_foot_moved():
    assert Bench(2).judged((0, 0, 0), held_ms=1_200) == INCOMPLETE
    assert Bench(2).judged((0, 0, 0), held_ms=1_400) == NOT_VISIBLE
    assert Bench(2).judged(TOE_DOWN, held_ms=1_200) == RIGHT
    assert Bench(2, place="shank").judged(TOE_DOWN) == NOT_VISIBLE
    assert Bench(2).judged(TOE_DOWN, granted=4) == INCOMPLETE
    assert Bench(2).judged(TOE_DOWN, rest_ms=300) == MOVED_BEFORE
