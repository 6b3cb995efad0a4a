"""What a person does without walking makes no step; one that the switch alone would have told is overruled."""

import pytest

from gait_detect.detector import GaitDetector
from safety.sample import HEEL_DOWN, HEEL_UP
from tests.gait_signals import (
    MadeWalk,
    idling,
    movement,
    samples,
    sitting_down,
    standing_up,
    swings,
    trembling,
    turning_on_the_spot,
    weight_shift,
)

IDLE = {
    "weight shift": weight_shift(),
    "sitting down and tapping the toe": sitting_down(),
    "standing up": standing_up(),
    "turning on the spot": turning_on_the_spot(),
    "trembling at 4 Hz": trembling(hz=4.0),
    "strong trembling at 4 Hz": trembling(hz=4.0, dps=60.0),
    "trembling at 8 Hz": trembling(hz=8.0, dps=60.0),
}


@pytest.mark.parametrize("name", IDLE)
@pytest.mark.parametrize("place", ["foot", "shank"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_no_step_is_no_swing(name: str, place: str, seed: int) -> None:
    assert swings(GaitDetector(place=place), movement(IDLE[name], seed=seed)) == []


@pytest.mark.parametrize("name", ["weight shift", "standing up", "turning on the spot"])
def test_a_switch_that_opens_meanwhile_does_not_change_that(name: str) -> None:
    """The heel is up for 0.6 s in every 1.8 s, as when weight goes to the other leg."""

    def with_switch(has_imu: int):
        for i, s in enumerate(movement(IDLE[name])):
            s.heel = HEEL_UP if i / 100 > 1.0 and (i / 100 - 2.0) % 1.8 < 0.6 else HEEL_DOWN
            s.has_imu = has_imu
            yield s

    assert len(swings(GaitDetector(), with_switch(0))) >= 1
    assert swings(GaitDetector(), with_switch(1)) == []


@pytest.mark.parametrize("hz", [3.0, 4.0, 5.0, 6.0, 8.0])
@pytest.mark.parametrize("dps", [60.0, 80.0, 100.0])
@pytest.mark.parametrize("place", ["foot", "shank"])
def test_trembling_that_looks_like_steps_at_first_is_recognised_after_one(
    hz: float, dps: float, place: str
) -> None:
    assert len(swings(GaitDetector(place=place), movement(trembling(hz=hz, dps=dps, length_s=12.0)))) <= 1


def test_steps_after_trembling_are_found_from_the_first_on() -> None:
    walk = MadeWalk()
    detector = GaitDetector()
    assert swings(detector, movement(IDLE["trembling at 4 Hz"])) == []
    end_us = detector.state.t_us
    assert len(swings(detector, samples(walk, start_us=end_us + 10_000))) == walk.strides


@pytest.mark.parametrize("seed", [1, 2])
def test_in_ten_idle_minutes_the_bare_switch_is_often_wrong_and_both_together_hardly_ever(seed: int) -> None:
    def switch_only():
        for s in idling(10, seed):
            s.has_imu = 0
            yield s

    bare = len(swings(GaitDetector(), switch_only()))
    fused = len(swings(GaitDetector(), idling(10, seed)))
    assert bare >= 20, f"{bare} false steps by the switch alone"
    assert fused <= 1, f"{fused} false steps by both"


def test_a_toe_that_lifts_without_heel_rise_is_less_sure_than_a_heel_rise() -> None:
    def surest(rows) -> int:
        detector, sure = GaitDetector(), 0
        for s in rows:
            state = detector.step(s)
            if state.swing:
                sure = max(sure, state.confidence)
        return sure

    lift = [(2.0, 0.0, 0.0, 0.0), (0.02, 0.0, 0.0, 0.5), (0.4, 120.0, 0.0, 0.3), (0.3, -120.0, 0.0, 0.3)]
    assert 0 < surest(movement(lift)) < surest(samples(MadeWalk()))
