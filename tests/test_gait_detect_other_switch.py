"""A heel switch under the other foot: alone, with the IMU, and when either of them fails."""

import pytest

from gait_detect.detector import GaitDetector
from gait_detect.other_switch import OtherHeelSwitch
from hw_sim.leg import Leg
from hw_sim.sensors import SimSensors
from hw_sim.walker_settings import WalkerSettings
from safety.clock import WRAP_MASK_US
from safety.sample import HEEL_DOWN, HEEL_NONE, HEEL_UP, Sample
from tests.gait_signals import idling, swings

DT_US = 10_000
LENGTH_US = 22_000_000
FREE_STEPS = 2  # until the other foot has shown a whole step


def copied(s: Sample) -> Sample:
    c = Sample()
    for name in Sample.__slots__:
        setattr(c, name, getattr(s, name))
    return c


def walked(stride_s: float = 1.2, place: str = "foot", severity: str = "severe"):
    """Return samples with the other foot's switch, and (toe-off, contact) of this foot, s since the first sample.

    The other foot walks as this one, half a stride later; its switch bounces as the simulated one does.
    """
    settings = WalkerSettings(stride_s=stride_s, severity=severity, varies=False, seed=5)
    leg = Leg(settings)
    sensors, sample, rows = SimSensors(leg, place=place), Sample(), []
    for _ in range(LENGTH_US // DT_US):
        leg.advance(DT_US)
        while sensors.read(sample):
            rows.append(copied(sample))
    later = round(stride_s / 2 * 1e6 / DT_US)
    heels = [HEEL_DOWN] * later + [s.heel for s in rows]
    for s, heel in zip(rows, heels, strict=False):
        s.heel = heel
    steps = [(r.swing_start_us / 1e6, r.swing_end_us / 1e6) for r in leg.strides]
    return rows, steps


def surest_in_swing(detector: GaitDetector, rows: list[Sample]) -> int:
    return max(state.confidence for s in rows if (state := detector.step(s)).swing)


def helped(found: list[tuple[float, float]], steps: list[tuple[float, float]]) -> list[int]:
    """Return the steps of which at least half was covered by a swing that began within 0.4 s before toe-off."""
    return [
        k
        for k, (toe_off_s, contact_s) in enumerate(steps)
        if any(
            min(b, contact_s) - max(a, toe_off_s) >= 0.5 * (contact_s - toe_off_s) and toe_off_s - a < 0.4
            for a, b in found
        )
    ]


@pytest.mark.parametrize("stride_s", [0.9, 1.2, 1.6, 2.0])
def test_alone_it_covers_every_step_from_before_toe_off(stride_s: float) -> None:
    rows, steps = walked(stride_s)
    for s in rows:
        s.has_imu = 0
    found = swings(GaitDetector(switch_foot="other"), rows)
    assert {*range(FREE_STEPS, len(steps))} <= {*helped(found, steps)}
    assert len(found) <= len(steps)
    for a, b in found[FREE_STEPS:-1]:
        toe_off_s, contact_s = min(steps, key=lambda step: abs(step[0] - a))
        assert -0.35 < a - toe_off_s < 0.0, f"begins at {a}, toe-off is at {toe_off_s}"
        assert abs(b - contact_s) < 0.12, f"ends at {b}, contact is at {contact_s}"


@pytest.mark.parametrize("place", ["foot", "shank"])
@pytest.mark.parametrize("stride_s", [0.9, 1.2, 1.6])
def test_with_the_imu_every_step_is_found_once_and_with_more_confidence(place: str, stride_s: float) -> None:
    rows, steps = walked(stride_s, place)
    found = swings(GaitDetector(place=place, switch_foot="other"), rows)
    both_sure = surest_in_swing(GaitDetector(place=place, switch_foot="other"), rows)
    for s in rows:
        s.heel = HEEL_NONE
    assert len(helped(found, steps)) >= len(steps) - 1
    assert len(found) <= len(steps) + 1
    assert both_sure > surest_in_swing(GaitDetector(place=place), rows)


def unplug_switch(s: Sample) -> None:
    s.heel = HEEL_NONE


def stick_closed(s: Sample) -> None:
    s.heel = HEEL_DOWN


def stick_open(s: Sample) -> None:
    s.heel = HEEL_UP


def bounce(s: Sample) -> None:
    s.heel = HEEL_UP if s.t_us // DT_US % 2 else HEEL_DOWN


def unplug_imu(s: Sample) -> None:
    s.has_imu = 0


@pytest.mark.parametrize("fault", [unplug_switch, stick_closed, stick_open, bounce, unplug_imu])
@pytest.mark.parametrize("into_stride", [0.0, 0.3, 0.6])
def test_whatever_fails_the_other_source_helps_that_step_and_those_after_it(
    fault, into_stride: float
) -> None:
    rows, steps = walked(1.2)
    fails_s = steps[8][0] + 1.2 * into_stride
    for i, s in enumerate(rows):
        if i * DT_US / 1e6 >= fails_s:
            fault(s)
    found = swings(GaitDetector(switch_foot="other"), rows)
    missed = [k for k in range(2, len(steps)) if k not in helped(found, steps)]
    assert missed == [], (missed, fails_s, found, steps)


@pytest.mark.parametrize("seed", [1, 2])
def test_in_ten_idle_minutes_the_bare_switch_is_often_wrong_and_both_together_hardly_ever(seed: int) -> None:
    def switch_only():
        for s in idling(10, seed):
            s.has_imu = 0
            yield s

    bare = len(swings(GaitDetector(switch_foot="other"), switch_only()))
    fused = len(swings(GaitDetector(switch_foot="other"), idling(10, seed)))
    assert bare >= 20, f"{bare} false steps by the switch alone"
    assert fused <= 1, f"{fused} false steps by both"


def heard(*parts: tuple[int, float]) -> list[int]:
    """Return `swing` after each reading of (level, s) parts, 100 a second."""
    switch, said = OtherHeelSwitch(), []
    for level, length_s in parts:
        for _ in range(round(100 * length_s)):
            switch.step(level, DT_US)
            said.append(switch.swing)
    return said


@pytest.mark.parametrize(
    ("up_s", "is_step"), [(0.1, False), (0.17, False), (0.3, True), (1.3, True), (1.6, False), (20.0, False)]
)
def test_only_a_contact_after_a_swing_is_a_step(up_s: float, is_step: bool) -> None:
    said = heard((HEEL_DOWN, 1.0), (HEEL_UP, up_s), (HEEL_DOWN, 2.0))
    assert (1 in said) == is_step


def test_help_lasts_half_a_stride_and_never_more_than_a_second() -> None:
    step = (HEEL_UP, 0.4), (HEEL_DOWN, 0.8)
    assert sum(heard((HEEL_DOWN, 1.0), *step, *step, *step)[-120:]) == pytest.approx(60, abs=2)
    slow = (HEEL_UP, 1.0), (HEEL_DOWN, 2.8)
    assert sum(heard((HEEL_DOWN, 1.0), *slow, *slow, *slow)[-380:]) == pytest.approx(100, abs=2)


def test_a_switch_that_falls_silent_in_mid_help_ends_it() -> None:
    said = heard((HEEL_DOWN, 1.0), (HEEL_UP, 0.4), (HEEL_DOWN, 0.1), (HEEL_NONE, 0.15))
    assert 1 in said
    assert said[-1] == 0


@pytest.mark.parametrize("foot", ["left", "", None, 1])
def test_an_unknown_foot_is_refused_with_a_sentence(foot) -> None:
    with pytest.raises(ValueError, match=r"switch_foot is .*; it may be 'own' or 'other'\. Name the foot"):
        GaitDetector(switch_foot=foot)


def test_the_clock_of_the_walk_wraps() -> None:
    """So the tests above cover the wrap."""
    rows, _ = walked()
    assert rows[0].t_us > rows[-1].t_us
    assert max(s.t_us for s in rows) <= WRAP_MASK_US
