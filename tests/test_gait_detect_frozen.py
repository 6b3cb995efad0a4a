"""A sensor that fails in mid-step: the other takes over in the same step, and with none left there is no swing."""

import pytest

from gait_detect.detector import GaitDetector
from safety.sample import HEEL_DOWN, HEEL_NONE, HEEL_UP, Sample
from tests.gait_signals import MadeWalk, samples, swings

WALK = MadeWalk(strides=8)
FAILS_S = WALK.heel_off_s(4) + 0.1  # the heel is rising


def walk_with(change, *, has_switch: bool = True):
    """Yield the walk with a little noise, so that no reading repeats by itself; `change(i, sample, last)`."""
    last = Sample()
    for i, s in enumerate(samples(WALK, has_switch=has_switch)):
        s.gyro_x_cdps += i % 7
        s.acc_z_mg += i % 3
        if i / 100 >= FAILS_S:
            change(i, s, last)
        else:
            last = s
        yield s


def freeze(i: int, s: Sample, last: Sample) -> None:
    for word in ("gyro_x_cdps", "gyro_y_cdps", "gyro_z_cdps", "acc_x_mg", "acc_y_mg", "acc_z_mg"):
        setattr(s, word, getattr(last, word))


def unplug_imu(i: int, s: Sample, last: Sample) -> None:
    s.has_imu = 0


def unplug_switch(i: int, s: Sample, last: Sample) -> None:
    s.heel = HEEL_NONE


def bounce(i: int, s: Sample, last: Sample) -> None:
    s.heel = HEEL_UP if i % 2 else HEEL_DOWN


def stick(i: int, s: Sample, last: Sample) -> None:
    s.heel = last.heel


def covered(found: list[tuple[float, float]], stride: int) -> float:
    begin_s, end_s = WALK.toe_off_s(stride), WALK.contact_s(stride)
    return sum(max(0.0, min(b, end_s) - max(a, begin_s)) for a, b in found) / (end_s - begin_s)


@pytest.mark.parametrize("fault", [freeze, unplug_imu, unplug_switch, bounce, stick])
def test_the_step_in_which_a_sensor_fails_and_those_after_it_are_helped(fault) -> None:
    found = swings(GaitDetector(), walk_with(fault))
    assert [k for k in range(WALK.strides) if covered(found, k) < 0.5] == [], found


@pytest.mark.parametrize("fault", [freeze, unplug_imu])
def test_with_the_last_sensor_gone_the_swing_ends_within_300_ms(fault) -> None:
    found = swings(GaitDetector(), walk_with(fault, has_switch=False))
    assert len(found) == 5
    assert found[-1][1] <= FAILS_S + 0.3


def test_an_imu_that_holds_a_value_for_100_ms_loses_no_step() -> None:
    held = Sample()

    def hold(i: int, s: Sample, last: Sample) -> None:
        nonlocal held
        if i % 10 == 0:
            held = s
        freeze(i, s, held)

    found = swings(GaitDetector(), walk_with(hold))
    assert len(found) == WALK.strides
