"""The leg walks, drags without stimulation, clears with it, and answers to what is done to the pulses."""

import math
from itertools import pairwise

import pytest

from hw_sim.ankle import inversion_torque_nm, lift_torque_nm, passive_torque_nm
from hw_sim.leg import PULSES_MAX, Leg
from hw_sim.severity import Severity
from hw_sim.style import Style
from hw_sim.walker import WalkerSettings
from tests.sim_walks import Trapezoid, mean, mean_of, walk

NORMAL = {"stride_s": 1.1, "speed_mps": 1.3, "stance_share": 0.62, "varies": False}
ABOVE_THE_FLOOR_M = 0.1  # so that the floor does not hold the hanging foot


def drags(leg: Leg) -> float:
    return mean_of(leg, "dragged")


def test_healthy_walker_clears_the_ground_and_lands_on_the_heel():
    leg = walk(60.0, severity="healthy", stride_s=1.1, speed_mps=1.3, style=Style())
    assert drags(leg) == 0.0
    assert mean_of(leg, "min_clearance_mm") == pytest.approx(19.0, abs=2.0)
    assert mean_of(leg, "pitch_at_contact_deg") == pytest.approx(17.5, abs=3.0)
    assert abs(mean_of(leg, "roll_at_contact_deg")) < 1.0


@pytest.mark.parametrize("stride_s", [1.1, 1.2, 1.5, 1.9])
@pytest.mark.parametrize("severity", ["severe", "flaccid"])
def test_dropped_foot_drags_without_stimulation(severity, stride_s):
    leg = walk(60.0, severity=severity, stride_s=stride_s)
    assert len(leg.strides) >= 28
    assert drags(leg) >= 0.8
    assert mean_of(leg, "drag_share") > 0.2


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("stride_s", [1.1, 1.2, 1.5])
def test_trapezoid_lifts_the_dropped_foot_over_the_ground(stride_s, seed):
    without = walk(40.0, severity="severe", stride_s=stride_s, seed=seed)
    stimulated = walk(40.0, severity="severe", stride_s=stride_s, seed=seed, stimulation=Trapezoid())
    assert drags(without) >= 0.8
    assert drags(stimulated) <= 0.05
    gained_deg = mean_of(stimulated, "pitch_at_contact_deg") - mean_of(without, "pitch_at_contact_deg")
    assert gained_deg > 5.0
    assert all(min(stride.pulses) > 10 for stride in stimulated.strides[2:])


def ankle_deg(severity: str, phase: float, *, options: dict | None = None) -> float:
    leg = walk(8.0, severity=severity, hip_hike_m=ABOVE_THE_FLOOR_M, options=options, **NORMAL)
    return mean(
        row.foot_pitch_deg - row.shank_deg
        for row in leg.trace
        if row.t_s > 5.0 and abs(row.phase - phase) < 0.006
    )


# Ankle at 70 and 80 % of the stride, computed apart from this code with the same torque model.
@pytest.mark.parametrize(
    ("severity", "at_70_deg", "at_80_deg"), [("severe", -29, -36), ("moderate", -21, -16), ("healthy", -8, 0)]
)
def test_severity_lets_the_ankle_hang_as_computed(severity, at_70_deg, at_80_deg):
    assert ankle_deg(severity, 0.70) == pytest.approx(at_70_deg, abs=3.0)
    assert ankle_deg(severity, 0.80) == pytest.approx(at_80_deg, abs=3.0)


def test_two_newton_metres_of_own_lift_let_the_ankle_hang_as_computed():
    own = Severity(sentence="Between mild and healthy.", residual_nm=2.0)
    assert ankle_deg("mild", 0.70, options={"severity": own}) == pytest.approx(-12, abs=3.0)
    assert ankle_deg("mild", 0.80, options={"severity": own}) == pytest.approx(-2, abs=3.0)


def test_weaker_feet_hang_lower():
    hanging = [ankle_deg(name, 0.75) for name in ("healthy", "mild", "moderate", "severe", "flaccid")]
    assert hanging == sorted(hanging, reverse=True)


def test_delaying_pulses_by_300_ms_takes_clearance():
    in_time = walk(40.0, severity="severe", stimulation=Trapezoid())
    late = walk(40.0, severity="severe", stimulation=Trapezoid(late_us=300_000))
    assert mean_of(late, "min_clearance_mm") < mean_of(in_time, "min_clearance_mm") - 10.0
    assert drags(late) > 0.5


def test_dropping_three_of_four_pulses_takes_clearance():
    whole = walk(40.0, severity="severe", stimulation=Trapezoid())
    thin = walk(40.0, severity="severe", stimulation=Trapezoid(keep_every=4))
    assert mean_of(thin, "min_clearance_mm") < mean_of(whole, "min_clearance_mm") - 10.0


def test_peroneal_everts_tibialis_inverts_and_swapping_the_channels_shows():
    tibialis = walk(30.0, severity="severe", stimulation=Trapezoid(tibialis_ma=25.0, peroneal_ma=0.0))
    peroneal = walk(30.0, severity="severe", stimulation=Trapezoid(tibialis_ma=0.0, peroneal_ma=25.0))
    right = walk(30.0, severity="severe", stimulation=Trapezoid(tibialis_ma=25.0, peroneal_ma=14.0))
    swapped = walk(30.0, severity="severe", stimulation=Trapezoid(tibialis_ma=14.0, peroneal_ma=25.0))
    roll = "roll_at_contact_deg"
    assert mean_of(tibialis, roll) > 5.0
    assert mean_of(peroneal, roll) < -5.0
    assert mean_of(right, roll) > 0.0 > mean_of(swapped, roll)


def test_torques_of_the_two_channels():
    assert (lift_torque_nm(1.0, 0.0), lift_torque_nm(0.0, 1.0)) == (11.3, 4.0)
    assert (inversion_torque_nm(1.0, 0.0), inversion_torque_nm(0.0, 1.0)) == (3.5, -7.1)


@pytest.mark.parametrize(
    ("ankle_deg", "knee_deg", "torque_nm"), [(0.0, 0.0, -6.4), (0.0, 60.0, -1.0), (-13.0, 39.0, 0.4)]
)
def test_passive_torque_is_that_of_the_double_exponential(ankle_deg, knee_deg, torque_nm):
    torque = passive_torque_nm(math.radians(ankle_deg), math.radians(knee_deg))
    assert torque == pytest.approx(torque_nm, abs=0.06)


def test_standing_leg_stands_still_until_the_first_step():
    leg = walk(1.9, severity="severe", stand_s=2.0)
    assert {row[1:] for row in leg.trace} == {leg.trace[0][1:]}
    assert leg.strides == []
    leg.advance(1_500_000)
    assert len(leg.strides) == 1
    assert leg.strides[0].swing_start_us > 2_000_000


@pytest.mark.parametrize("severity", ["healthy", "severe"])
def test_stopping_leg_puts_its_foot_down_and_stands(severity):
    leg = walk(12.0, severity=severity, stop_s=6.0)
    finished = len(leg.strides)
    assert leg.strides[-1].swing_end_us < 9_000_000
    last = leg.trace[-1]
    assert (last.thigh_deg, last.shank_deg, last.foot_pitch_deg, last.foot_roll_deg) == (0.0, 0.0, 0.0, 0.0)
    leg.advance(3_000_000)
    assert len(leg.strides) == finished


def test_nothing_jumps_while_the_leg_starts_walks_and_stops():
    leg = walk(12.0, severity="severe", stop_s=8.0)
    for before, after in pairwise(leg.trace):
        assert abs(after.thigh_deg - before.thigh_deg) < 4.0  # 400 deg/s
        assert abs(after.shank_deg - before.shank_deg) < 6.0
        assert abs(after.foot_pitch_deg - before.foot_pitch_deg) < 8.0


def test_toe_never_goes_through_the_floor():
    for severity in ("severe", "flaccid", "healthy"):
        leg = walk(30.0, severity=severity)
        assert min(row.toe_clearance_mm for row in leg.trace) >= 0.0
        assert min(row.heel_height_mm for row in leg.trace) >= 0.0


def test_same_seed_same_trace_and_another_seed_another():
    first, again, other = (
        walk(20.0, severity="severe", stimulation=Trapezoid(), seed=seed) for seed in (5, 5, 6)
    )
    assert first.trace == again.trace
    assert first.strides == again.strides
    assert first.trace != other.trace


def test_trace_does_not_depend_on_how_time_is_cut():
    whole, cut = Leg(WalkerSettings(seed=3)), Leg(WalkerSettings(seed=3))
    whole.advance(9_000_000)
    while cut.now_us < 9_000_000:
        cut.advance(min(1700, 9_000_000 - cut.now_us))
    assert whole.trace == cut.trace


def test_strides_vary_as_people_do():
    leg = walk(120.0, severity="healthy", stride_s=1.1, seed=2)
    times_s = [(s.swing_end_us - s.start_us) * 1e-6 for s in leg.strides[1:]]
    middle = mean(times_s)
    spread = math.sqrt(mean((t - middle) ** 2 for t in times_s))
    assert middle == pytest.approx(1.1, rel=0.02)
    assert 0.015 < spread / middle < 0.05


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"severity": "lame"}, "known are healthy, mild, moderate, severe, flaccid"),
        ({"side": "middle"}, "known are right, left"),
        ({"stride_s": 0.4}, "stride_s is 0.4; allowed is 0.8 to 2.5"),
        ({"stride_s": math.nan}, "stride_s is nan"),
        ({"stance_share": 0.9}, "stance_share is 0.9"),
    ],
)
def test_impossible_settings_are_refused_with_what_is_allowed(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        WalkerSettings(**settings)


def test_time_does_not_run_backwards_and_unknown_channels_have_no_muscle():
    leg = Leg()
    with pytest.raises(ValueError, match="dt_us is -1"):
        leg.advance(-1)
    with pytest.raises(ValueError, match="channel is 3"):
        leg.deliver(0, 3, 10.0, 300)


def test_a_leg_that_stands_and_is_stimulated_for_hours_keeps_no_endless_list():
    leg = Leg(WalkerSettings(stand_s=10.0), keeps_trace=False)
    for k in range(PULSES_MAX + 500):
        leg.deliver(k * 500, 0, 5.0, 300)
    leg.advance(20_000_000)
    assert leg.strides[0].pulses[0] == PULSES_MAX == 10_000


def test_a_watcher_that_fails_does_not_leave_the_leg_standing():
    class Fails:
        next_us = 100_000

        def look(self, leg: Leg) -> None:
            self.next_us += 1_000_000_000
            raise RuntimeError("the watcher's own mistake")

    leg = Leg(WalkerSettings(stand_s=0.0))
    leg.attach(Fails())
    with pytest.raises(RuntimeError, match="own mistake"):
        leg.advance(200_000)
    leg.advance(3_000_000)
    assert leg.strides
