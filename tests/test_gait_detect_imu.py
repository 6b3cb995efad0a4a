"""The detector with an IMU alone, on made walks: every step once, at every rate, and nothing without a step."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gait_detect.detector import GaitDetector
from gait_detect.state import (
    PHASE_HEEL_OFF,
    PHASE_LOADING,
    PHASE_NOT_WALKING,
    PHASE_STANCE,
    PHASE_SWING,
)
from safety.sample import Sample
from tests.gait_signals import MadeWalk, samples, swings

WRAP_US = 2**30
GAP_US = 50_000
NORMAL = MadeWalk()
WALKS = {
    "normal": NORMAL,
    "fast": MadeWalk(flat_s=0.25, rise_s=0.2, swing_s=0.33, push_dps=350),
    "slow": MadeWalk(flat_s=0.9, rise_s=0.4, swing_s=0.5, push_dps=110),
    "weak": MadeWalk(flat_s=0.5, rise_s=0.25, swing_s=0.4, push_dps=80),
}


def imu(t_us: int, y_cdps: int = 0, x_cdps: int = 0, z_cdps: int = 0) -> Sample:
    s = Sample()
    s.t_us = t_us % WRAP_US
    s.has_imu = 1
    s.gyro_x_cdps, s.gyro_y_cdps, s.gyro_z_cdps = x_cdps, y_cdps, z_cdps
    s.acc_z_mg = 1000
    return s


def assert_every_step_once(found: list[tuple[float, float]], walk: MadeWalk) -> None:
    assert len(found) == walk.strides, f"expected {walk.strides} swings, got {found}"
    for k, (begin_s, end_s) in enumerate(found):
        assert walk.heel_off_s(k) < begin_s < walk.toe_off_s(k) + 0.08, f"step {k} begins at {begin_s}"
        # A first weak swing is not yet recognised as one: it ends when the foot rests.
        late_s = 0.15 if k == 0 else 0.10
        assert -0.08 < end_s - walk.contact_s(k) < late_s, (
            f"step {k} ends at {end_s}, not near {walk.contact_s(k)}"
        )


@pytest.mark.parametrize("name", WALKS)
@pytest.mark.parametrize("fs", [50, 100, 128, 204.8, 208])
def test_every_step_is_found_once_at_every_sampling_rate(name: str, fs: float) -> None:
    assert_every_step_once(swings(GaitDetector(), samples(WALKS[name], fs=fs)), WALKS[name])


@pytest.mark.parametrize("fs", [50, 128, 208])
def test_the_sampling_rate_moves_a_decision_by_less_than_40_ms(fs: float) -> None:
    at_100 = swings(GaitDetector(), samples(NORMAL, fs=100))
    other = swings(GaitDetector(), samples(NORMAL, fs=fs))
    for a, b in zip(at_100, other, strict=True):
        assert max(abs(a[0] - b[0]), abs(a[1] - b[1])) < 0.04


@pytest.mark.parametrize("into_walk_s", [1.0, 2.1, 2.3, 2.6, 3.4])
def test_a_clock_that_wraps_in_mid_step_changes_nothing(into_walk_s: float) -> None:
    plain = swings(GaitDetector(), samples(NORMAL))
    wrapped = swings(GaitDetector(), samples(NORMAL, start_us=WRAP_US - round(into_walk_s * 1e6)))
    assert len(plain) == NORMAL.strides
    assert wrapped == [pytest.approx(swing) for swing in plain]


def test_left_and_right_feet_give_the_same_decisions() -> None:
    def turning(sign: int):
        for i, s in enumerate(samples(NORMAL)):
            s.gyro_x_cdps = sign * round(6000 * math.sin(i / 7))
            s.gyro_z_cdps = sign * round(9000 * math.sin(i / 11))
            s.acc_y_mg = sign * 150
            yield s

    left, right = swings(GaitDetector(), turning(1)), swings(GaitDetector(), turning(-1))
    assert left
    assert left == right


def test_a_walk_with_the_sagittal_axis_reversed_is_not_a_walk() -> None:
    def reversed_walk():
        for s in samples(NORMAL):
            s.gyro_y_cdps = -s.gyro_y_cdps
            yield s

    found = swings(GaitDetector(), reversed_walk())
    right_s = sum(end - begin for begin, end in swings(GaitDetector(), samples(NORMAL)))
    in_swing_s = sum(
        max(0.0, min(end, NORMAL.contact_s(k)) - max(begin, NORMAL.toe_off_s(k)))
        for begin, end in found
        for k in range(NORMAL.strides)
    )
    assert in_swing_s < 0.5 * right_s


def test_a_swing_has_its_phases_in_order_and_counts_one_step() -> None:
    detector, seen = GaitDetector(), []
    for s in samples(MadeWalk(strides=2)):
        state = detector.step(s)
        if not seen or seen[-1] != state.phase:
            seen.append(state.phase)
        assert state.swing == (state.phase in (PHASE_HEEL_OFF, PHASE_SWING))
    step = [PHASE_HEEL_OFF, PHASE_SWING, PHASE_LOADING, PHASE_STANCE]
    assert seen == [PHASE_NOT_WALKING, *step, *step]
    assert state.steps == 2


def test_stride_time_is_that_of_the_walk_and_unknown_for_the_first_step() -> None:
    detector, strides = GaitDetector(), {}
    for s in samples(NORMAL):
        state = detector.step(s)
        strides[state.steps] = state.stride_us
    assert strides[1] == 0
    assert strides[6] == pytest.approx(NORMAL.stride_s * 1e6, abs=20_000)


def test_standing_for_4_s_after_the_last_step_is_not_walking() -> None:
    detector = GaitDetector()
    for s in samples(MadeWalk(strides=1, stand_s=6)):
        state = detector.step(s)
    assert state.phase == PHASE_NOT_WALKING
    assert state.swing == 0


def test_pitch_follows_the_heel_rise_and_rate_is_the_sagittal_one() -> None:
    detector, lowest_cdeg = GaitDetector(), 0
    for s in samples(MadeWalk(strides=1)):
        state = detector.step(s)
        lowest_cdeg = min(lowest_cdeg, state.pitch_cdeg)
        assert state.rate_cdps == s.gyro_y_cdps
    rise_deg = 220 * 0.25 * 2 / math.pi  # area of the push-off lobe
    assert lowest_cdeg == pytest.approx(-100 * rise_deg, rel=0.05)


def step_to_mid_swing(detector: GaitDetector, walk: MadeWalk = NORMAL) -> int:
    """Return the time of the last sample, 0.1 s after the third toe-off."""
    until_us = round((walk.toe_off_s(2) + 0.1) * 1e6)
    for s in samples(walk):
        detector.step(s)
        if s.t_us >= until_us:
            break
    assert detector.state.swing == 1
    return s.t_us


@pytest.mark.parametrize(
    ("later_us", "goes_on"), [(10_000, 1), (GAP_US, 1), (GAP_US + 1, 0), (-1, 0), (0, 1)]
)
def test_a_gap_over_50_ms_or_time_going_back_starts_over(later_us: int, goes_on: int) -> None:
    detector = GaitDetector()
    t_us = step_to_mid_swing(detector)
    steps = detector.state.steps
    state = detector.step(imu(t_us + later_us, y_cdps=15_000))
    assert (state.swing, state.confidence > 0) == (goes_on, bool(goes_on))
    assert state.steps == steps


def test_steps_are_found_again_after_a_gap_in_mid_walk() -> None:
    walk = MadeWalk(strides=8)

    def with_gap():
        for i, s in enumerate(samples(walk)):
            if not 400 <= i < 420:
                yield s

    found = swings(GaitDetector(), with_gap())
    assert len(found) >= 7


def test_an_unusable_imu_reading_is_bridged_for_50_ms_and_then_ends_the_swing() -> None:
    detector = GaitDetector()
    t_us = step_to_mid_swing(detector)
    for k in range(1, 8):
        bad = imu(t_us + 10_000 * k, y_cdps=400_001)
        state = detector.step(bad)
        assert state.swing == (1 if k <= 5 else 0), f"{10 * k} ms without IMU"
    assert state.confidence == 0


@pytest.mark.parametrize("place", ["hand", "", None, 3])
def test_an_unknown_place_is_refused_with_a_sentence(place) -> None:
    with pytest.raises(ValueError, match=r"place is .*; it may be 'foot' or 'shank'\. Name where"):
        GaitDetector(place=place)


def test_the_state_is_one_object() -> None:
    detector = GaitDetector()
    assert detector.step(imu(0)) is detector.step(imu(10_000)) is detector.state


# Nothing happens without a step.

number = st.integers


def first_swing(detector: GaitDetector, readings) -> int | None:
    for i, (x, y, z, ax, ay, az) in enumerate(readings):
        s = imu(10_000 * i, y_cdps=y, x_cdps=x, z_cdps=z)
        s.acc_x_mg, s.acc_y_mg, s.acc_z_mg = ax, ay, az
        if detector.step(s).swing:
            return i
    return None


@pytest.mark.parametrize("place", ["foot", "shank"])
@given(x=number(-300_000, 300_000), y=number(-300_000, 300_000), z=number(-300_000, 300_000))
def test_no_constant_rate_is_a_step(place: str, x: int, y: int, z: int) -> None:
    readings = [(x, y, z, 0, 0, 1000)] * 400
    assert first_swing(GaitDetector(place=place), readings) is None


@pytest.mark.parametrize("place", ["foot", "shank"])
def test_a_sensor_that_reports_nothing_but_zero_is_no_step(place: str) -> None:
    assert first_swing(GaitDetector(place=place), [(0, 0, 0, 0, 0, 0)] * 1000) is None


@pytest.mark.parametrize("y_cdps", [-400_000, -399_999, 400_000, 400_001, -(2**29)])
def test_a_saturated_axis_is_no_step(y_cdps: int) -> None:
    assert first_swing(GaitDetector(), [(y_cdps, y_cdps, y_cdps, 32_000, 32_000, 32_000)] * 400) is None


@given(a=st.floats(0, 6.28), b=st.floats(-1.57, 1.57), turn=st.floats(-0.05, 0.05))
def test_gravity_from_any_direction_is_no_step(a: float, b: float, turn: float) -> None:
    def tilting():
        for i in range(400):
            c = a + turn * math.sin(i / 40)  # as a standing person sways
            yield (
                *(0, round(100 * math.degrees(turn) * 2.5 * math.cos(i / 40)), 0),
                *(
                    round(1000 * math.cos(b) * math.cos(c)),
                    round(1000 * math.cos(b) * math.sin(c)),
                    round(1000 * math.sin(b)),
                ),
            )

    assert first_swing(GaitDetector(), tilting()) is None


@pytest.mark.parametrize("place", ["foot", "shank"])
@given(seed=number(0, 10**6), noise_cdps=number(0, 600))
def test_sensor_noise_is_no_step(place: str, seed: int, noise_cdps: int) -> None:
    random = Random(seed)

    def noise():
        for _ in range(600):
            yield (
                *(round(random.gauss(0, noise_cdps)) for _ in range(3)),
                *(round(random.gauss(g, 20)) for g in (0, 0, 1000)),
            )

    assert first_swing(GaitDetector(place=place), noise()) is None


anything = number(-(2**29), 2**29)


@given(
    rows=st.lists(
        st.tuples(
            *(number(0, WRAP_US - 1) | number(0, 60_000), anything | number(-100_000, 100_000), anything),
            *(anything | number(-32_000, 32_000), number(-1, 3), number(0, 1)),
        ),
        max_size=80,
    ),
    place=st.sampled_from(["foot", "shank"]),
)
def test_no_input_raises_and_every_state_is_within_its_ranges(rows, place: str) -> None:
    detector, t_us = GaitDetector(place=place), 0
    for dt_us, y, x, acc, heel, has_imu in rows:
        t_us += dt_us
        s = imu(t_us, y_cdps=y, x_cdps=x)
        s.acc_z_mg, s.heel, s.has_imu = acc, heel, has_imu
        state = detector.step(s)
        assert state.swing in (0, 1)
        assert 0 <= state.confidence <= 100
        assert 0 <= state.phase <= 4
        assert 0 <= state.phase_age_us <= 2**29
        assert 0 <= state.stride_us < 2**29
        assert abs(state.pitch_cdeg) <= 40_000
        assert abs(state.rate_cdps) < 2**29
        assert not (state.confidence == 0 and state.swing)
