"""Which way is toe-up: told right for feet and shanks of every simulated walker, and never by one bout's first step."""

import numpy as np
import pytest

from gait_detect.mounting import KNOWN, Mounting
from gait_detect.toe_up import ToeUpSign
from hw_sim.imu import ImuSettings
from hw_sim.sensors import SimSensors
from hw_sim.severity import SEVERITIES
from hw_sim.stop_and_go import stop_and_go_leg
from hw_sim.style import Style
from hw_sim.walker_settings import WalkerSettings
from safety.sample import Sample

WALK_US = 60_000_000
DT_US = 10_000
USUAL = Style(slant_yaw=0.18, slant_roll=0.11, landing_roll_deg=4.0, rocking_dps=7.0, swaying_dps=48.0)


def walked_samples(settings: WalkerSettings, place: str, length_us: int = WALK_US):
    """Yield the readings of a person who stops and goes; the sensor sits as it should."""
    leg, _ = stop_and_go_leg(settings)
    sensors, sample = SimSensors(leg, place=place, imu=ImuSettings(place=place)), Sample()
    for _ in range(length_us // DT_US):
        leg.advance(DT_US)
        while sensors.read(sample):
            yield sample


@pytest.mark.parametrize("place", ["foot", "shank"])
@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("stride_s", [0.9, 1.3, 2.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_toe_up_is_told_right_for_each_walker_and_the_sensor_turned_round(
    place: str, severity: str, stride_s: float, sign: int
) -> None:
    mounting = Mounting(place)
    settings = WalkerSettings(severity=severity, stride_s=stride_s, seed=3, style=USUAL)
    for s in walked_samples(settings, place):
        s.gyro_x_cdps *= sign
        s.gyro_y_cdps *= sign
        s.acc_x_mg *= sign
        s.acc_y_mg *= sign
        mounting.step(s.gyro_x_cdps, s.gyro_y_cdps, s.gyro_z_cdps, s, DT_US)
    assert mounting.stage == KNOWN
    assert sign * mounting.y > 900, (mounting.x, mounting.y, mounting.z)


@pytest.mark.parametrize("stride_s", [0.9, 1.3])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_foot_that_never_rests_is_not_told_rather_than_told_wrong(stride_s: float, sign: int) -> None:
    """Quick and restless feet rock so much in stance that no step shows a rest: recorded ones do, too."""
    mounting = Mounting("foot")
    restless = Style(rocking_dps=25.0, swaying_dps=50.0)
    for s in walked_samples(WalkerSettings(stride_s=stride_s, seed=3, style=restless), "foot"):
        s.gyro_x_cdps *= sign
        s.gyro_y_cdps *= sign
        s.acc_x_mg *= sign
        s.acc_y_mg *= sign
        mounting.step(s.gyro_x_cdps, s.gyro_y_cdps, s.gyro_z_cdps, s, DT_US)
        assert mounting.stage < KNOWN or sign * mounting.y > 900


def test_a_shank_whose_bouts_begin_with_a_swing_forward_is_not_taken_for_turned_round() -> None:
    """A flaccid foot that starts each bout with a swing was held for upside-down after the third."""
    mounting = Mounting("shank")
    settings = WalkerSettings(side="left", severity="flaccid", stride_s=1.288, seed=8, stand_s=3.4)
    for s in walked_samples(settings, "shank", 200_000_000):
        mounting.step(s.gyro_x_cdps, s.gyro_y_cdps, s.gyro_z_cdps, s, DT_US)
        assert mounting.stage < KNOWN or mounting.y > 900


def rates(kind: str):
    """Yield rad/s: 10 s that say nothing about a shank's direction."""
    t = np.arange(0, 10, 0.01)
    if kind == "a shake":
        yield from 5 * np.sin(2 * np.pi * 4 * t)
    elif kind == "slow":
        yield from 0.9 * np.ones_like(t)
    else:
        yield from np.random.default_rng(1).normal(0, 3, len(t))


@pytest.mark.parametrize("kind", ["a shake", "slow", "noise"])
def test_movement_that_is_as_fast_both_ways_says_nothing_about_a_shank(kind: str) -> None:
    sign = ToeUpSign(True)
    assert {sign.step(round(5730 * rate), 0, DT_US) for rate in rates(kind)} == {0}


@pytest.mark.parametrize("rate_cdps", [-400_000 * 2, 400_000 * 2])
@pytest.mark.parametrize("dt_us", [0, 1, 999, 50_000])
def test_sums_stay_below_what_a_board_holds(rate_cdps: int, dt_us: int) -> None:
    sign = ToeUpSign(True)
    for _ in range(3_000):
        said = sign.step(rate_cdps, 0, dt_us)
        assert max(sign._forward, sign._back) < 2**30
        assert said in (0, 1 if rate_cdps > 0 else -1)


def wrong_steps_until_told(votes: ToeUpSign) -> int:
    """Return how many steps whose larger turn is toe-up it takes to say that the sensor is turned round."""
    for step in range(1, 20):
        for _ in range(20):
            assert votes.step(12_000, 0, DT_US) == 0  # 24 deg
        for rest_us in range(DT_US, 110_000, DT_US):
            if votes.step(0, rest_us, DT_US) == -1:
                return step
    return 0


def test_five_steps_turn_a_foot_s_sensor_round_and_eight_against_the_slope_of_the_laces() -> None:
    level, sloping = ToeUpSign(0), Mounting("foot")
    assert wrong_steps_until_told(level) == 5
    stands = Sample()
    stands.acc_x_mg, stands.acc_z_mg = 260, 950  # 15 deg, up backward: too little to be sure by itself
    for _ in range(60):
        sloping.step(0, 0, 0, stands, DT_US)
    level.restart()
    level.votes_round = sloping._toe_up.votes_round
    assert wrong_steps_until_told(level) == 8
