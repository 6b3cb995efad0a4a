"""How the sensor sits is found from standing and the first steps, or a sentence says why it cannot be right."""

import math
from random import Random

import numpy as np
import pytest

from gait_detect import mounting as m
from gait_detect import mounting_problems as why
from gait_detect.detector import GaitDetector
from gait_detect.mounting import Mounting
from gait_detect.mounting_problems import PROBLEMS
from hw_sim.gait_runs import rotation_about
from safety.sample import Sample
from tests.gait_signals import MadeWalk, samples, swings

WALK = MadeWalk(strides=14)
LONG_WALK = MadeWalk(strides=40)
SIGNS = {
    "as it should": np.diag([1, 1, 1]),
    "turned round": np.diag([-1, -1, 1]),
    "upside-down about x": np.diag([1, -1, -1]),
    "upside-down about y": np.diag([-1, 1, -1]),
}
SLOPE_DEG = 32.0  # of the laces, up backward: gravity shows which way round a sensor sits there


def on_the_laces(rotation):
    """Return `rotation` of a sensor that lies on the slope of the laces besides."""
    return rotation @ rotation_about(np.array([0.0, 1.0, 0.0]), SLOPE_DEG)


def worn(
    rotation,
    *,
    gyro_scale: float = 1.0,
    acc_scale: float = 1.0,
    dead: int | None = None,
    clip_cdps=None,
    walk=WALK,
):
    """Yield the walk as a sensor feels it that is turned by `rotation` and has faults."""
    random = Random(4)
    for s in samples(walk):
        gyro = np.array([s.gyro_x_cdps, s.gyro_y_cdps, s.gyro_z_cdps]) + [
            random.gauss(0, 20) for _ in range(3)
        ]
        # A swinging foot is shaken; the made walk has only gravity and a little more.
        acc = np.array([abs(s.gyro_y_cdps) / 50, 0, s.acc_z_mg]) + [random.gauss(0, 7) for _ in range(3)]
        gyro, acc = gyro_scale * rotation @ gyro, acc_scale * rotation @ acc
        if dead is not None:
            gyro[dead] = 0
        if clip_cdps is not None:
            gyro = np.clip(gyro, -clip_cdps, clip_cdps)
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
def test_the_toe_up_axis_is_found_however_the_sensor_sits_on_the_laces(
    name: str, axis, tilt_deg: float
) -> None:
    check_axis(on_the_laces(rotation_about(np.array(axis, float), tilt_deg) @ SIGNS[name]))


@pytest.mark.parametrize("name", SIGNS)
@pytest.mark.parametrize(
    ("axis", "tilt_deg"), [((1, 0, 0), 45), ((0, 0, 1), 45), ((0, 1, 0), 20), ((0, 1, 0), -20)]
)
def test_on_a_level_place_too_unless_it_is_pitched_as_the_laces_are(name: str, axis, tilt_deg: float) -> None:
    check_axis(rotation_about(np.array(axis, float), tilt_deg) @ SIGNS[name])


def check_axis(rotation) -> None:
    found = learned(worn(rotation))
    assert found.stage == m.KNOWN
    error_deg = math.degrees(
        math.acos(max(-1.0, min(1.0, np.array([found.x, found.y, found.z]) @ rotation[:, 1] / m.ONE)))
    )
    assert error_deg < 3


def said(name: str, place=on_the_laces, tilt_deg: float = 0.0) -> int:
    return learned(worn(place(rotation_about(np.array([0.0, 0, 1]), tilt_deg) @ SIGNS[name]))).problem


@pytest.mark.parametrize("tilt_deg", [-40, -20, 0, 20, 40])
def test_a_sensor_that_sits_as_its_mark_shows_may_be_turned_by_40_degrees(tilt_deg: float) -> None:
    assert said("as it should", tilt_deg=tilt_deg) == why.OK


@pytest.mark.parametrize("name", ["turned round", "upside-down about x", "upside-down about y"])
@pytest.mark.parametrize("tilt_deg", [-20, 0, 20])
def test_one_that_is_turned_round_is_told(name: str, tilt_deg: float) -> None:
    assert said(name, tilt_deg=tilt_deg) == why.REVERSED


@pytest.mark.parametrize("name", ["turned round", "upside-down about x"])
def test_on_a_level_place_the_first_steps_tell_it(name: str) -> None:
    assert said(name, place=lambda r: r) == why.REVERSED


@pytest.mark.parametrize("name", ["turned round", "upside-down about x", "upside-down about y"])
def test_on_the_laces_standing_tells_it_and_the_first_step_is_found(name: str) -> None:
    detector = GaitDetector()
    seen = list(worn(on_the_laces(SIGNS[name])))
    found = swings(detector, seen[: round(100 * (WALK.stand_s - 0.2))])
    assert (found, detector.mounting.problem) == ([], why.REVERSED)
    helped = swings(GaitDetector(), seen)
    assert [k for k in range(WALK.strides) if not helps(k, helped)] == []


@pytest.mark.parametrize("tilt_deg", [85, -85])
def test_an_axis_along_the_foot_is_told(tilt_deg: float) -> None:
    assert said("as it should", tilt_deg=tilt_deg) == why.ACROSS


def helps(stride: int, found: list[tuple[float, float]]) -> bool:
    return any(a < WALK.toe_off_s(stride) + 0.08 and b > WALK.contact_s(stride) - 0.08 for a, b in found)


@pytest.mark.parametrize("name", SIGNS)
def test_steps_are_found_once_the_mounting_is_known(name: str) -> None:
    detector = GaitDetector()
    seen = list(worn(rotation_about(np.array([1.0, 0, 0]), 45) @ SIGNS[name]))
    found = swings(detector, seen)
    assert detector.mounting.stage == m.KNOWN
    later = list(range(9, WALK.strides))  # two steps for the axis, five to be sure that it is turned round
    assert [k for k in later if helps(k, found)] == later, found


@pytest.mark.parametrize(
    ("faults", "problem"),
    [
        ({"acc_scale": 0.001}, why.BAD_ACC),  # g in place of mg
        ({"acc_scale": 9.81}, why.BAD_ACC),
        ({"acc_scale": 0.5}, why.BAD_ACC),  # a range of 2 g read as one of 4 g
        ({"acc_scale": 2.0}, why.BAD_ACC),
        ({"gyro_scale": 0.01}, why.BAD_GYRO),  # deg/s in place of 0.01 deg/s
        ({"gyro_scale": math.pi / 18000}, why.BAD_GYRO),  # rad/s
        ({"dead": 0}, why.DEAD_X),
        ({"dead": 2}, why.DEAD_Z),
        ({"clip_cdps": 12_500}, why.RANGE),
        ({"clip_cdps": 25_000}, why.OK),  # the made walk does not turn faster
    ],
)
def test_what_cannot_be_right_is_named(faults, problem: int) -> None:
    found = learned(worn(on_the_laces(np.eye(3)), **faults))
    assert found.problem == problem
    assert (found.stage == m.KNOWN) == (problem == why.OK)
    if problem != why.OK:
        assert (found.x, found.y, found.z) == (0, m.ONE, 0)


def test_readings_that_no_part_gives_are_named_and_a_broken_transfer_is_not() -> None:
    for n, problem in ((10, why.OK), (11, why.TOO_LARGE)):
        detector = GaitDetector()
        for i, s in enumerate(samples(MadeWalk(strides=0))):
            if 1 <= i <= n:  # the first sample only sets the clock
                s.gyro_z_cdps = 400_001
            detector.step(s)
            if i == n:
                assert detector.mounting.problem == problem


def test_what_was_wrong_is_forgotten_when_it_is_right() -> None:
    mounting = Mounting()
    for acc_scale, stage, problem in ((0.001, m.STANDING, why.BAD_ACC), (1.0, m.KNOWN, why.OK)):
        for s in worn(on_the_laces(np.eye(3)), acc_scale=acc_scale):
            mounting.step(s.gyro_x_cdps, s.gyro_y_cdps, s.gyro_z_cdps, s, 10_000)
        assert (mounting.stage, mounting.problem) == (stage, problem)


def test_a_dead_sagittal_axis_is_named_when_the_others_move() -> None:
    assert learned(worn(rotation_about(np.array([0, 0, 1.0]), 40), dead=1)).problem == why.DEAD_Y


def mixed(walk, first: int, second: int):
    """Yield the walk with two axes of the gyroscope swapped, not those of the accelerometer."""
    names = ("gyro_x_cdps", "gyro_y_cdps", "gyro_z_cdps")
    for s in worn(np.eye(3), walk=walk):
        a, b = getattr(s, names[first]), getattr(s, names[second])
        setattr(s, names[first], b)
        setattr(s, names[second], a)
        yield s


def test_axes_of_gyroscope_and_accelerometer_that_do_not_belong_together_are_named() -> None:
    assert learned(mixed(LONG_WALK, 1, 2)).problem == why.AXES_DISAGREE
    assert learned(mixed(LONG_WALK, 0, 1)).problem == why.ACROSS


def test_people_who_begin_with_a_turn_are_not_told_so() -> None:
    """The first 4 s of movement are about the vertical; then they walk."""
    found = learned([*mixed(MadeWalk(strides=8), 1, 2), *worn(np.eye(3))])
    assert (found.stage, found.problem) == (m.KNOWN, why.OK)


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
    assert (still.stage, still.problem) == (m.WALKING, why.OK)


def test_a_sensor_put_on_anew_is_looked_at_anew() -> None:
    detector = GaitDetector()
    swings(detector, worn(on_the_laces(SIGNS["turned round"])))
    assert (detector.mounting.stage, detector.mounting.problem) == (m.KNOWN, why.REVERSED)
    detector.restart_mounting()
    assert (detector.mounting.stage, detector.mounting.problem) == (m.STANDING, why.OK)
    assert detector.state.swing == 0


def test_every_problem_has_a_sentence_with_a_next_step() -> None:
    numbers = [v for name, v in vars(why).items() if name.isupper() and isinstance(v, int)]
    assert sorted(numbers) == list(range(len(PROBLEMS)))
    assert all("Check" in sentence for sentence in PROBLEMS[1:])


@pytest.mark.parametrize("square", [0, 1, 2, 3, 4, 99, 100, 2**20 - 1, 2**20, 2**30 - 1])
def test_the_root_is_the_whole_part(square: int) -> None:
    assert m._root(square) == math.isqrt(square)
