"""The heel switch: alone it finds the steps through bounce; with an IMU it is the second voice."""

from itertools import pairwise

import pytest

from gait_detect.detector import GaitDetector
from gait_detect.state import PHASE_HEEL_OFF, PHASE_LOADING, PHASE_NOT_WALKING, PHASE_STANCE, PHASE_SWING
from gait_detect.switch import HeelSwitch
from safety.sample import HEEL_DOWN, HEEL_NONE, HEEL_UP, Sample
from tests.gait_signals import MadeWalk, samples, swings

DEBOUNCE_US = 25_000
STANCE_MIN_US = 150_000
SWING_MAX_US = 1_500_000
WALK = MadeWalk()


def run(switch: HeelSwitch, *levels: tuple[int, int], dt_us: int = 5_000) -> list[int]:
    """Hold each (level, duration_us); return `swing` after each sample."""
    seen = []
    for level, duration_us in levels:
        for _ in range(duration_us // dt_us):
            switch.step(level, dt_us)
            seen.append(switch.swing)
    return seen


@pytest.mark.parametrize("fs", [50, 100, 208])
def test_the_switch_alone_finds_every_step(fs: float) -> None:
    found = swings(GaitDetector(), samples(WALK, fs=fs, has_imu=False, has_switch=True))
    assert len(found) == WALK.strides
    for k, (begin_s, end_s) in enumerate(found):
        assert 0 <= begin_s - WALK.heel_off_s(k) < 0.065  # at 50 Hz: one sample, then 25 ms make two
        assert 0 <= end_s - WALK.contact_s(k) < 0.065


def test_the_switch_alone_tells_the_phases_in_order() -> None:
    detector, seen = GaitDetector(), []
    for s in samples(MadeWalk(strides=2), has_imu=False, has_switch=True):
        phase = detector.step(s).phase
        if not seen or seen[-1] != phase:
            seen.append(phase)
    step = [PHASE_HEEL_OFF, PHASE_SWING, PHASE_LOADING, PHASE_STANCE]
    assert seen == [PHASE_NOT_WALKING, *step, *step]
    state = detector.state
    assert (state.confidence, state.imu_confidence, state.switch_confidence) == (40, 0, 40)


@pytest.mark.parametrize("bounce_us", [5_000, 10_000, 20_000])
def test_bounce_at_both_edges_makes_no_extra_step(bounce_us: int) -> None:
    switch = HeelSwitch()
    bounce = [(level, bounce_us) for level in (HEEL_UP, HEEL_DOWN) * 2]
    seen = run(
        switch,
        (HEEL_DOWN, 500_000),
        *bounce,
        (HEEL_UP, 500_000),
        *[(1 - level, us) for level, us in bounce],
        (HEEL_DOWN, 500_000),
    )
    rises = sum(b > a for a, b in pairwise(seen))
    assert rises == 1
    assert seen[-1] == 0


@pytest.mark.parametrize(("held_us", "counts"), [(DEBOUNCE_US, 0), (DEBOUNCE_US + 5_000, 1)])
def test_a_level_counts_once_it_has_lasted_25_ms(held_us: int, counts: int) -> None:
    switch = HeelSwitch()
    run(switch, (HEEL_DOWN, 500_000), (HEEL_UP, held_us))
    assert switch.swing == counts


def test_the_level_is_dated_back_to_its_first_edge() -> None:
    switch = HeelSwitch()
    run(switch, (HEEL_DOWN, 500_000), (HEEL_UP, 100_000))
    assert switch.level_us == 95_000  # the edge was seen with the first of twenty samples


@pytest.mark.parametrize(("held_us", "counts"), [(STANCE_MIN_US, 0), (STANCE_MIN_US + 5_000, 1)])
def test_a_swing_needs_a_stance_of_150_ms_before_it(held_us: int, counts: int) -> None:
    switch = HeelSwitch()
    run(switch, (HEEL_DOWN, held_us), (HEEL_UP, 100_000))
    assert switch.swing == counts


def test_a_switch_that_starts_up_and_stays_up_is_no_swing() -> None:
    assert not any(run(HeelSwitch(), (HEEL_UP, 3_000_000)))


def test_a_heel_that_stays_up_ends_the_swing_after_1500_ms() -> None:
    switch = HeelSwitch()
    seen = run(switch, (HEEL_DOWN, 500_000), (HEEL_UP, 3_000_000))
    assert sum(seen) * 5_000 == pytest.approx(SWING_MAX_US - DEBOUNCE_US, abs=10_000)
    assert switch.swing == 0


def test_an_unplugged_switch_ends_its_swing_after_100_ms() -> None:
    switch = HeelSwitch()
    run(switch, (HEEL_DOWN, 500_000), (HEEL_UP, 200_000), (HEEL_NONE, 100_000))
    assert switch.swing == 1
    run(switch, (HEEL_NONE, 5_000))
    assert switch.swing == 0
    assert switch.is_known == 0


def test_a_level_that_is_none_of_the_three_counts_as_no_switch() -> None:
    switch = HeelSwitch()
    run(switch, (HEEL_DOWN, 500_000), (7, 200_000))
    assert switch.is_known == 0


def both(walk: MadeWalk, change):
    """Yield the walk with IMU and switch; `change(t_s, sample)` spoils it."""
    for i, s in enumerate(samples(walk, has_switch=True)):
        change(i / 100, s)
        yield s


def lifts_the_heel_while_still(t_s: float, s: Sample) -> None:
    if t_s < 1.2:
        s.heel = HEEL_UP if 0.5 < t_s < 0.9 else HEEL_DOWN


def swing_confidences(detector: GaitDetector, walk_samples) -> list[int]:
    """Return the fused confidence at the last sample of each swing."""
    seen, last, was_swing = [], 0, 0
    for s in walk_samples:
        state = detector.step(s)
        if was_swing and not state.swing:
            seen.append(last)
        last, was_swing = state.confidence, state.swing
    return seen


def test_both_together_find_every_step_once_and_are_surer() -> None:
    both_sure = swing_confidences(GaitDetector(), samples(WALK, has_switch=True))
    assert len(both_sure) == WALK.strides
    alone_sure = swing_confidences(GaitDetector(), samples(WALK))
    assert both_sure[-1] > alone_sure[-1]


def test_a_switch_that_opens_under_a_still_foot_is_not_believed() -> None:
    assert len(swings(GaitDetector(), both(WALK, lifts_the_heel_while_still))) == WALK.strides


def test_the_same_switch_alone_gives_the_false_step() -> None:
    def no_imu(t_s: float, s: Sample) -> None:
        lifts_the_heel_while_still(t_s, s)
        s.has_imu = 0

    assert len(swings(GaitDetector(), both(WALK, no_imu))) == WALK.strides + 1


@pytest.mark.parametrize("level", [HEEL_UP, HEEL_DOWN])
def test_a_stuck_switch_leaves_the_steps_to_the_imu_and_lowers_confidence(level: int) -> None:
    def stuck(t_s: float, s: Sample) -> None:
        if t_s > 0.5:
            s.heel = level

    assert swings(GaitDetector(), both(WALK, stuck)) == swings(GaitDetector(), samples(WALK))
    detector = GaitDetector()
    sure = swing_confidences(detector, both(WALK, stuck))
    if level == HEEL_DOWN:
        assert max(sure) < min(swing_confidences(GaitDetector(), samples(WALK)))
        assert detector.state.disagreed == WALK.strides


def test_the_switch_takes_over_when_the_imu_is_lost_in_mid_walk() -> None:
    def loses_imu(t_s: float, s: Sample) -> None:
        if t_s > WALK.contact_s(2) + 0.2:
            s.has_imu = 0

    assert len(swings(GaitDetector(), both(WALK, loses_imu))) == WALK.strides


def test_a_switch_opening_early_makes_the_imu_begin_earlier() -> None:
    def opens_80_ms_early(t_s: float, s: Sample) -> None:
        s.heel = HEEL_DOWN if WALK.is_heel_down(t_s + 0.08) and WALK.is_heel_down(t_s) else HEEL_UP

    alone = swings(GaitDetector(), samples(WALK))
    early = swings(GaitDetector(), both(WALK, opens_80_ms_early))
    assert len(early) == WALK.strides
    assert early[0][0] < alone[0][0]


def test_use_switch_false_ignores_the_switch() -> None:
    assert swings(GaitDetector(use_switch=False), samples(WALK, has_imu=False, has_switch=True)) == []
    assert swings(GaitDetector(use_switch=False), samples(WALK, has_switch=True)) == swings(
        GaitDetector(), samples(WALK)
    )


def test_no_sensor_at_all_is_no_confidence_and_no_swing() -> None:
    detector = GaitDetector()
    assert swings(detector, samples(WALK, has_imu=False)) == []
    state = detector.state
    assert (state.confidence, state.imu_confidence, state.switch_confidence) == (0, 0, 0)
