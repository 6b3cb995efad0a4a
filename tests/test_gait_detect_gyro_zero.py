"""The zero of the gyroscope: learned while the sensor rests, never from a movement."""

import pytest

from gait_detect.detector import GaitDetector
from gait_detect.gyro_zero import GyroZero
from tests.gait_signals import MadeWalk, samples, swings

ZERO_MAX_CDPS = 700
STEADY_US = 150_000
RATE_01_RAD_S = 573


def rest(zero: GyroZero, cdps: int, duration_us: int, dt_us: int = 10_000) -> int:
    for _ in range(duration_us // dt_us):
        zero.step(cdps, -cdps, cdps, dt_us)
    return zero.x_cdps


@pytest.mark.parametrize("cdps", [0, 1, -250, RATE_01_RAD_S, ZERO_MAX_CDPS, -ZERO_MAX_CDPS])
def test_a_rest_of_0_2_s_teaches_the_zero(cdps: int) -> None:
    zero = GyroZero()
    assert rest(zero, cdps, 200_000) == cdps
    assert (zero.y_cdps, zero.z_cdps) == (-cdps, cdps)


@pytest.mark.parametrize("cdps", [ZERO_MAX_CDPS + 1, -ZERO_MAX_CDPS - 1, 400_000])
def test_a_steady_movement_over_7_deg_per_s_is_not_taken_for_the_zero(cdps: int) -> None:
    assert rest(GyroZero(), cdps, 3_000_000) == 0


def test_a_shorter_rest_teaches_nothing() -> None:
    assert rest(GyroZero(), 300, STEADY_US - 10_000) == 0


def test_a_rate_that_swings_by_more_than_2_5_deg_per_s_teaches_nothing() -> None:
    zero = GyroZero()
    for i in range(300):
        zero.step(300 if i % 20 < 10 else 0, 0, 0, 10_000)
    assert zero.x_cdps == 0


def test_later_rests_count_a_quarter() -> None:
    zero = GyroZero()
    rest(zero, 400, 200_000)
    zero.restart()
    assert rest(zero, 0, 170_000) == 300


def test_readings_without_time_between_them_teach_nothing_and_keep_sums_small() -> None:
    zero = GyroZero()
    for _ in range(5_000):
        zero.step(400_000, 400_000, 400_000, 0)
        assert zero._sum_x_cdps < 2**30  # the board's whole numbers end there
    assert zero.x_cdps == 0


@pytest.mark.parametrize("sign", [-1, 1])
def test_the_zero_is_learned_from_feet_flat_in_mid_stance_without_any_standing(sign: int) -> None:
    zero = GyroZero()
    for s in samples(MadeWalk(strides=4, stand_s=0.0)):
        zero.step(
            s.gyro_x_cdps + sign * RATE_01_RAD_S,
            s.gyro_y_cdps + sign * RATE_01_RAD_S,
            s.gyro_z_cdps + sign * RATE_01_RAD_S,
            10_000,
        )
    assert abs(zero.y_cdps - sign * RATE_01_RAD_S) < 60


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_zero_error_of_0_1_rad_per_s_on_every_axis_moves_no_decision_by_more_than_20_ms(sign: int) -> None:
    walk = MadeWalk()

    def with_zero_error():
        for s in samples(walk):
            s.gyro_x_cdps += sign * RATE_01_RAD_S
            s.gyro_y_cdps += sign * RATE_01_RAD_S
            s.gyro_z_cdps += sign * RATE_01_RAD_S
            yield s

    plain, shifted = swings(GaitDetector(), samples(walk)), swings(GaitDetector(), with_zero_error())
    assert len(plain) == len(shifted) == walk.strides
    for a, b in zip(plain, shifted, strict=True):
        assert max(abs(a[0] - b[0]), abs(a[1] - b[1])) <= 0.02 + 1e-9
