"""A loss of which no fault speaks: swings that were not helped, and steps that the detector does not see."""

from pathlib import Path

import pytest

from firmware_py.unhelped_steps import UnhelpedSteps
from gait_detect.detector import GaitDetector
from hw_sim.recordings import Recording, load_recordings
from safety import supervisor
from safety.sample import Sample
from tests.safety_rig import Rig


def swing(steps: UnhelpedSteps, asked: int, helped: int, is_armed: bool = True) -> bool:
    for _ in range(asked):
        steps.asked()
    for _ in range(helped):
        steps.helped()
    steps.swing_ended(is_armed)
    return steps.is_loss()


@pytest.mark.parametrize(
    ("asked", "helped", "is_loss"), [(30, 10, False), (31, 10, True), (1, 0, True), (2, 1, False)]
)
def test_a_swing_with_less_than_a_third_of_its_pulses_is_not_helped(asked, helped, is_loss):
    steps = UnhelpedSteps()
    assert not swing(steps, asked, helped)
    assert swing(steps, asked, helped) is is_loss


def test_one_unhelped_swing_is_no_loss_and_a_helped_one_ends_it():
    steps = UnhelpedSteps()
    assert [swing(steps, 20, n) for n in (0, 20, 0, 0, 0, 20)] == [False, False, False, True, True, False]


def test_swings_for_which_nothing_was_asked_or_that_were_not_armed_count_for_nothing():
    steps = UnhelpedSteps()
    assert not any(swing(steps, 0, 0) for _ in range(5))
    assert not any(swing(steps, 20, 0, is_armed=False) for _ in range(5))


def test_an_arm_begins_anew():
    steps = UnhelpedSteps()
    swing(steps, 20, 0)
    swing(steps, 20, 0)
    steps.restart()
    assert not steps.is_loss()
    assert not swing(steps, 20, 0)


def hit(acc_mg: int, has_imu: int = 1) -> Sample:
    sample = Sample()
    sample.acc_z_mg, sample.has_imu = acc_mg, has_imu
    return sample


def strikes(steps: UnhelpedSteps, n: int, apart_ms: int = 1_000, acc_mg: int = 1_400, **how) -> bool:
    """n strikes of 20 ms, and rest between; return whether steps are unseen then."""
    for _ in range(n):
        for ms in range(0, apart_ms, 10):
            steps.see(hit(acc_mg if ms < 20 else 1_000, **how))
            steps.advance(10_000)
    return steps.is_loss()


def test_five_strikes_in_8_s_without_a_swing_are_steps_that_nobody_sees():
    steps = UnhelpedSteps()
    assert [strikes(steps, 1) for _ in range(9)] == [False] * 7 + [True] * 2
    assert not swing(steps, 0, 0), "a swing was seen"
    assert [strikes(steps, 1) for _ in range(8)] == [False] * 7 + [True]


@pytest.mark.parametrize(
    ("apart_ms", "acc_mg", "has_imu"), [(2_000, 1_400, 1), (1_000, 1_300, 1), (1_000, 1_400, 0)]
)
def test_few_or_soft_strikes_are_none(apart_ms, acc_mg, has_imu):
    assert not strikes(UnhelpedSteps(), 12, apart_ms, acc_mg, has_imu=has_imu)


def test_a_strike_counts_once_however_long_it_rings():
    steps = UnhelpedSteps()
    steps.advance(8_000_000)
    for _ in range(4):
        for _ in range(39):
            steps.see(hit(1_400))
            steps.advance(10_000)
        steps.see(hit(1_000))
        steps.advance(10_000)
    assert not steps.is_loss()
    steps.see(hit(1_400))
    assert steps.is_loss()


def test_any_direction_of_a_strike_counts():
    for axis in ("acc_x_mg", "acc_y_mg", "acc_z_mg"):
        for sign in (1, -1):
            steps = UnhelpedSteps()
            steps.advance(8_000_000)
            for _ in range(5):
                sample = Sample()
                sample.has_imu = 1
                setattr(sample, axis, sign * 1_400)
                steps.see(sample)
                steps.advance(500_000)
            assert steps.is_loss(), (axis, sign)


def test_an_arm_gives_the_detector_its_time():
    steps = UnhelpedSteps()
    strikes(steps, 9)
    steps.restart()
    assert not steps.is_loss()


def test_who_walks_armed_without_being_seen_hears_it_and_only_then():
    rig = Rig().armed()
    rig.guard.take_swing(0)
    rig.controller_runs = False  # its cycles are made here: no swing is ever said

    def walk(seconds):
        for i in range(seconds * 200):
            rig.now_us += 5_000
            rig.guard.take_sample(hit(1_500 if i % 200 < 4 else 1_000))
            rig.guard.take_swing(0)
            rig.guard.cycle_finished(rig.cycle)
            rig.cycle += 1
            rig.link.pump(rig.now_us, rig.port.written_total)
            rig.guard.step(rig.t_us)
        return rig.guard.sound()

    assert walk(7) == supervisor.SOUND_NONE
    assert walk(2) == supervisor.SOUND_HELD
    assert rig.gate.armed, "it is only said"
    rig.guard.take_swing(1)
    rig.guard.take_swing(0)
    assert rig.guard.sound() == supervisor.SOUND_NONE
    assert walk(9) == supervisor.SOUND_HELD
    rig.guard.disarm()
    assert rig.guard.sound() != supervisor.SOUND_HELD


# Recorded walks ------------------------------------------------------------------------------------------


def unseen(r: Recording, is_mute: bool) -> bool:
    """Return whether steps of this recording ever count as unseen; is_mute: the detector says nothing."""
    detector, steps, was_swing = GaitDetector(place=r.place), UnhelpedSteps(), 0
    for s in r.samples():
        swing_now = 0 if is_mute else detector.step(s).swing
        steps.see(s)
        steps.advance(round(1e6 / r.fs))
        if was_swing and not swing_now:
            steps.swing_ended(True)
        was_swing = swing_now
        if steps.is_loss():
            return True
    return False


def check(recordings: list[Recording]) -> None:
    assert not [r.describe() for r in recordings if unseen(r, is_mute=False)]
    long = [r for r in recordings if len(r.steps) >= 8]
    found = sum(unseen(r, is_mute=True) for r in long)
    assert found >= 0.95 * len(long) > 0


def test_thinned_recordings_are_heard_when_the_detector_is_mute_and_never_else(gait_dir: Path):
    check(load_recordings(gait_dir)[3::30])


@pytest.mark.slow
def test_all_recordings_are_heard_when_the_detector_is_mute_and_never_else(gait_dir: Path):
    check(load_recordings(gait_dir))
