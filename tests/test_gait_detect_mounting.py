"""How the sensor sits is found from standing and the first steps, or a sentence says why it cannot be right."""

import math
from random import Random

import numpy as np
import pytest

from gait_detect import mounting as m
from gait_detect.detector import GaitDetector
from gait_detect.mounting import PROBLEMS, Mounting
from hw_sim.gait_runs import rotation_about
from safety.sample import Sample
from tests.gait_signals import MadeWalk, samples, swings

WALK = MadeWalk(strides=14)
SIGNS = {
    "as it should": np.diag([1, 1, 1]),
    "turned round": np.diag([-1, -1, 1]),
    "upside-down about x": np.diag([1, -1, -1]),
    "upside-down about y": np.diag([-1, 1, -1]),
}


def worn(rotation, *, gyro_scale: float = 1.0, acc_scale: float = 1.0, dead: int | None = None):
    """Yield the walk as a sensor feels it that is turned by `rotation` and has faults."""
    random = Random(4)
    for s in samples(WALK):
        gyro = np.array([s.gyro_x_cdps, s.gyro_y_cdps, s.gyro_z_cdps]) + [
            random.gauss(0, 20) for _ in range(3)
        ]
        # A swinging foot is shaken; the made walk has only gravity and a little more.
        acc = np.array([abs(s.gyro_y_cdps) / 50, 0, s.acc_z_mg]) + [random.gauss(0, 7) for _ in range(3)]
        gyro, acc = gyro_scale * rotation @ gyro, acc_scale * rotation @ acc
        if dead is not None:
            gyro[dead] = 0
        s.gyro_x_cdps, s.gyro_y_cdps, s.gyro_z_cdps = (round(v) for v in gyro)
        s.acc_x_mg, s.acc_y_mg, s.acc_z_mg = (round(v) for v in acc)
        yield s


def learned(walk_samples) -> Mounting:
    mounting, last_us = Mounting(), 0
    for s in walk_samples:
        mounting.step(s.gyro_x_cdps, s.gyro_y_cdps, s.gyro_z_cdps, s, s.t_us - last_us)
        last_us = s.t_us
    return mounting


@pytest.mark.parametrize("name", SIGNS)
@pytest.mark.parametrize("axis", [(1, 0, 0), (0, 0, 1), (1, 1, 1), (-1, 2, 0.5)])
@pytest.mark.parametrize("tilt_deg", [0, 20, 45])
def test_the_toe_up_axis_is_found_however_the_sensor_sits(name: str, axis, tilt_deg: float) -> None:
    rotation = rotation_about(np.array(axis, float), tilt_deg) @ SIGNS[name]
    found = learned(worn(rotation))
    assert (found.stage, found.problem) == (m.KNOWN, m.OK)
    error_deg = math.degrees(
        math.acos(min(1.0, np.array([found.x, found.y, found.z]) @ rotation[:, 1] / m.ONE))
    )
    assert error_deg < 3


@pytest.mark.parametrize("name", SIGNS)
def test_steps_are_found_once_the_mounting_is_known(name: str) -> None:
    detector = GaitDetector()
    seen = list(worn(rotation_about(np.array([1.0, 0, 0]), 45) @ SIGNS[name]))
    found = swings(detector, seen)
    assert detector.mounting.stage == m.KNOWN
    later = list(range(9, WALK.strides))  # two steps for the axis, five to be sure that it is turned round
    helped = [
        k
        for k in later
        if any(a < WALK.toe_off_s(k) + 0.08 and b > WALK.contact_s(k) - 0.08 for a, b in found)
    ]
    assert helped == later, found


@pytest.mark.parametrize(
    ("faults", "problem"),
    [
        ({"acc_scale": 0.001}, m.BAD_ACC),  # g in place of mg
        ({"acc_scale": 9.81}, m.BAD_ACC),
        ({"gyro_scale": 0.01}, m.BAD_GYRO),  # deg/s in place of 0.01 deg/s
        ({"gyro_scale": math.pi / 18000}, m.BAD_GYRO),  # rad/s
        ({"dead": 0}, m.DEAD_X),
        ({"dead": 2}, m.DEAD_Z),
    ],
)
def test_what_cannot_be_right_is_named(faults, problem: int) -> None:
    found = learned(worn(np.eye(3), **faults))
    assert (found.stage, found.problem) == (m.WRONG, problem)
    assert (found.x, found.y, found.z) == (0, m.ONE, 0)


def test_a_dead_sagittal_axis_is_named_when_the_others_move() -> None:
    found = learned(worn(rotation_about(np.array([0, 0, 1.0]), 40), dead=1))
    assert (found.stage, found.problem) == (m.WRONG, m.DEAD_Y)


def test_axes_of_gyroscope_and_accelerometer_that_do_not_belong_together_are_named() -> None:
    def mixed():
        for s in worn(np.eye(3)):
            s.gyro_y_cdps, s.gyro_z_cdps = s.gyro_z_cdps, s.gyro_y_cdps
            yield s

    found = learned(mixed())
    assert (found.stage, found.problem) == (m.WRONG, m.AXES_DISAGREE)


def test_without_standing_or_steps_nothing_is_decided() -> None:
    random = Random(1)

    def shaken():
        for i in range(1000):
            s = Sample()
            s.t_us, s.has_imu, s.acc_z_mg = i * 10_000, 1, 1000
            s.gyro_x_cdps = round(random.gauss(0, 3000))
            yield s

    assert learned(shaken()).stage == m.STANDING
    still = learned(s for s in samples(MadeWalk(strides=0, stand_s=5.0)))
    assert still.stage == m.WALKING


def test_every_problem_has_a_sentence_with_a_next_step() -> None:
    assert len(PROBLEMS) == m.AXES_DISAGREE + 1
    assert all("Check" in sentence for sentence in PROBLEMS[1:])


@pytest.mark.parametrize("square", [0, 1, 2, 3, 4, 99, 100, 2**20 - 1, 2**20, 2**30 - 1])
def test_the_root_is_the_whole_part(square: int) -> None:
    assert m._root(square) == math.isqrt(square)
