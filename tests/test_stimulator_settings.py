"""Waveform, controlled quantity, doublet, soft start, start at the other heel: what each does to a walk's pulses."""

from itertools import pairwise

import pytest

from gait_detect.durations import LONG_US
from safety import limits
from stimulator import test_burst
from stimulator.prescription import PrescriptionError, default_prescription
from stimulator.waveform import recharge_of, shape_of
from tests.exercise_rig import Bench
from tests.walk_rig import Strider, of, prescribed, span

SYMMETRIC, ASYMMETRIC, ALTERNATING = 0, 1, 2
CURRENT, WIDTH = 0, 1


# Waveform


@pytest.mark.parametrize(
    ("waveform", "recharge", "shapes"), [(0, 1, (1, 1)), (1, 4, (4, 4)), (2, 1, (1, -1))]
)
def test_the_shapes_of_each_waveform(waveform, recharge, shapes):
    assert recharge_of(waveform) == recharge
    assert (shape_of(waveform, False), shape_of(waveform, True)) == shapes


def test_alternating_pulses_take_turns_channel_by_channel_and_the_others_do_not():
    asked = Strider(prescribed({"waveform": ALTERNATING}, {"waveform": ALTERNATING, "rate_hz": 30})).walk(3)
    for channel in (0, 1):
        shapes = [a.shape for a in of(asked, channel)]
        assert len(shapes) > 10
        assert all(a == -b for a, b in pairwise(shapes))
        assert set(shapes) == {1, -1}
    assert {a.shape for a in Strider(prescribed({"waveform": ASYMMETRIC}, {})).walk(2) if a.channel == 0} == {
        4
    }
    assert {a.shape for a in Strider(prescribed({}, {})).walk(2)} == {1}


def test_an_asymmetric_channel_is_asked_for_nothing_below_four_steps_of_the_device():
    asked = of(Strider(prescribed({"waveform": ASYMMETRIC, "current_ua": 24_000}, rise_ms=1_000)).walk(2), 0)
    assert 2_000 <= min(a.current_ua for a in asked) < 3_000
    assert min(a.current_ua for a in of(Strider(prescribed({}, rise_ms=1_000)).walk(2), 0)) < 1_500


@pytest.mark.parametrize(("waveform", "shapes"), [(1, [4] * 6), (2, [1, -1] * 3)])
def test_a_test_burst_and_an_exercise_use_the_waveform_of_the_prescription(waveform, shapes):
    prescription = prescribed({"waveform": waveform, "current_ua": 24_000}, {})
    bench = Bench(prescription=prescription, countdown_s=3)
    bench.exercise.start()
    seen = []
    while len(seen) < 6:
        bench.cycle()
        seen += [r.shape for r in bench.exercise.requests[: bench.exercise.count] if r.channel == 0]
    assert seen in (shapes, shapes[::-1])
    bench.supervisor.mode = 1
    burst = test_burst.TestBurst(prescription, 5_000, 500, bench.supervisor)
    burst.hold(0)
    seen = []
    for cycle in range(80):
        if burst.step(cycle * 5_000, 5_000, bench.state, True):
            seen.append((burst.requests[0].shape, burst.requests[0].current_ua))
    assert [s for s, _ in seen[:6]] == shapes
    assert min(ua for _, ua in seen) >= (2_000 if waveform == 1 else 500)


def test_a_waveform_is_not_changed_while_it_runs_and_a_channel_that_is_off_may_change():
    old, new = prescribed({}, {"current_ua": 0}), prescribed({"waveform": ALTERNATING}, {"current_ua": 0})
    scheduler = Strider(old).scheduler
    assert scheduler is not None
    with pytest.raises(PrescriptionError, match=r"waveform is 2 \(alternating\); while it is symmetric"):
        scheduler.commit(new)
    scheduler.commit(prescribed({}, {"current_ua": 0, "waveform": ALTERNATING}))


# What the ramps control


def test_with_the_width_as_controlled_quantity_the_width_ramps_and_the_current_rises_at_once():
    asked = of(
        Strider(prescribed({"controls": WIDTH, "rate_hz": 50}, rise_ms=400, extension_ms=0)).walk(3), 0
    )
    rise = [a for a in asked if a.ms <= 400]
    assert [a.width_us for a in rise] == sorted(a.width_us for a in rise)
    assert rise[0].width_us < 60
    assert max(a.width_us for a in asked) == 300
    assert rise[0].current_ua == limits.FIRST_MAX_UA
    assert next(a.current_ua for a in asked if a.ms > 60) == 25_000, "500 mA/s: 35 ms after the first pulse"
    fall = [a for a in asked if a.ms > 600]
    assert [a.width_us for a in fall] == sorted((a.width_us for a in fall), reverse=True)
    assert {a.current_ua for a in fall} == {25_000}


@pytest.mark.parametrize("width_us", [50, 300, 450])
@pytest.mark.parametrize("rate_hz", [15, 40, 60])
def test_no_pulse_rises_more_than_the_gate_would_let_it(width_us, rate_hz):
    strong = {"current_ua": 66_000, "current_max_ua": 100_000, "charge_max_nc": 30_000, "width_us": width_us}
    asked = of(Strider(prescribed({**strong, "controls": WIDTH, "rate_hz": rate_hz}, rise_ms=50)).walk(2), 0)
    top_ua, top_nc = limits.FIRST_MAX_UA, limits.FIRST_MAX_NC
    for a, b in pairwise(asked):
        assert a.current_ua <= top_ua
        assert a.current_ua * a.width_us <= top_nc * 1000
        gap_ms = b.ms - a.ms
        top_ua = a.current_ua + min(15_000, gap_ms * 500)
        top_nc = a.current_ua * a.width_us / 1000 + min(4_500, gap_ms * 150)
    assert asked[-1].current_ua > 60_000 or max(a.current_ua for a in asked) == 66_000


# Doublet


def test_one_doublet_at_the_onset_of_each_step_then_the_prescribed_rate():
    walker = Strider(prescribed({"doublet_ms": 12}, {}))
    walker.walk(4)
    for asked in walker.steps:
        first, second, *others = [a.ms for a in of(asked, 0)]
        assert second - first == 12
        gaps = {b - a for a, b in pairwise([second, *others])}
        assert gaps == {25.0}
        assert {b.ms - a.ms for a, b in pairwise(of(asked, 1))} == {25.0}


def test_no_doublet_where_the_gate_would_see_no_new_burst():
    walker = Strider(prescribed({"doublet_ms": 12}, {}, extension_ms=300))
    walker.walk(3, swing_ms=400, ground_ms=800)
    # 75 and 85 ms without a pulse: less than 80 and 90.
    for swing_ms, ground_ms, doubles in ((400, 100, 1), (400, 800, 0), (400, 800, 1)):
        asked = walker.stride(swing_ms=swing_ms, ground_ms=ground_ms)
        assert sum(b.ms - a.ms == 12 for a, b in pairwise(of(asked, 0))) == doubles


# Soft start


def test_the_first_steps_of_a_walk_have_less_strength_each_more_than_the_one_before():
    walker = Strider(prescribed({}, {}, soft_start_steps=3))
    walker.walk(6)
    assert [max(a.current_ua for a in of(asked, 0)) for asked in walker.steps] == [
        6_250,
        12_500,
        18_750,
        25_000,
        25_000,
        25_000,
    ]


def test_without_a_soft_start_the_first_step_is_as_strong_as_the_others():
    walker = Strider(prescribed({}, {}))
    walker.walk(2)
    assert [max(a.current_ua for a in of(asked, 0)) for asked in walker.steps] == [25_000, 25_000]


@pytest.mark.parametrize("why", ["pause", "doubt", "arm"])
def test_a_soft_start_begins_anew_after_a_pause_a_swing_without_help_and_an_arm(why):
    walker = Strider(prescribed({}, {}, soft_start_steps=1))
    walker.walk(3)
    if why == "pause":
        asked = walker.stride(is_first=True)
    elif why == "doubt":
        walker.is_sure = False
        assert walker.stride() == []
        walker.is_sure = True
        asked = walker.stride()
    else:
        assert walker.scheduler is not None
        walker.scheduler.restart()
        asked = walker.stride()
    assert max(a.current_ua for a in of(asked, 0)) == 12_500
    assert max(a.current_ua for a in of(walker.stride(), 0)) == 25_000


def test_a_soft_start_makes_pulses_narrower_where_the_width_is_controlled():
    walker = Strider(prescribed({"controls": WIDTH}, {}, soft_start_steps=1))
    walker.walk(2)
    assert [max(a.width_us for a in of(asked, 0)) for asked in walker.steps] == [175, 300]


# Start at the contact of the other heel


def other_contact_at(walker, ms, swing_ms=600):
    """One stride; the other heel meets the ground `ms` after heel-off (or before, below 0)."""
    walker.contact().cycles(600 + min(0, ms))
    if ms < 0:
        walker.state.other_us = 0
        walker.cycles(-ms)
    walker.heel_off(1_200)
    if ms >= 0:
        walker.cycles(ms)
        walker.state.other_us = 0
    walker.cycles(swing_ms - max(0, ms))
    return span(walker.steps[-1], 0)[0]


@pytest.mark.parametrize(("at_ms", "begins_ms"), [(-290, 0), (-100, 0), (0, 0), (100, 100), (250, 250)])
@pytest.mark.parametrize("delay_ms", [0, 50])
def test_a_step_begins_when_the_other_heel_meets_the_ground(at_ms, begins_ms, delay_ms):
    walker = Strider(prescribed({}, {}, start_at=1, delay_ms=delay_ms))
    walker.state.other_us = 2_000_000
    first_ms = other_contact_at(walker, at_ms)
    assert begins_ms + delay_ms - 5 <= first_ms <= begins_ms + delay_ms + 10


@pytest.mark.parametrize("other_us", [LONG_US, 2_000_000])
def test_without_a_contact_of_the_other_heel_it_begins_300_ms_after_heel_off(other_us):
    walker = Strider(prescribed({}, {}, start_at=1))
    walker.state.other_us = other_us
    assert 300 <= span(walker.walk(1), 0)[0] <= 315


def test_at_heel_off_the_other_heel_does_not_count():
    walker = Strider(default_prescription())
    walker.state.other_us = LONG_US
    assert span(walker.walk(1), 0)[0] < 15
