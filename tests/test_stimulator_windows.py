"""Where in a step each channel begins and ends, and that one channel never lets go before another is at work."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stimulator.envelope import DELAY, EXTENSION, FALL, OFF, ON, TIMED_OUT, Envelope
from stimulator.pace import Pace
from stimulator.prescription import default_channel, default_prescription
from stimulator.window import Window
from tests.drawn_prescriptions import prescriptions
from tests.walk_rig import CYCLE_US, Strider, of, prescribed, span

PUSH = {"current_ua": 20_000, "end_percent": 30, "rate_hz": 33}
LATE = {"start_percent": 25, "rate_hz": 33}
FULL = 10_000
QUICK = {"rise_ms": 50, "fall_ms": 0, "extension_ms": 0}


def test_a_channel_begins_and_ends_at_its_share_of_the_stretch_from_heel_off_to_contact():
    walker = Strider(prescribed({}, {"start_percent": 40, "end_percent": 80}, **QUICK))
    asked = walker.walk(6, swing_ms=500)
    first, last = span(asked, 1)
    assert 200 <= first <= 235
    assert 375 <= last <= 400
    assert span(asked, 0)[0] < 30
    assert span(asked, 0)[1] > 470


def test_the_stretch_is_that_of_the_last_steps_and_600_ms_before_the_first():
    walker = Strider(prescribed({}, {"start_percent": 50}, **QUICK))
    firsts = [
        span(walker.stride(swing_ms=ms, is_first=i == 0), 1)[0]
        for i, ms in enumerate((900, 900, 900, 500, 500, 500))
    ]
    for found, expected in zip(firsts, (300, 450, 450, 450, 350, 300), strict=True):
        assert expected <= found <= expected + 35


@pytest.mark.parametrize(("swing_ms", "start_ms"), [(200, 150), (1_900, 750)])
def test_the_stretch_that_is_reckoned_with_is_0_3_to_1_5_s(swing_ms, start_ms):
    walker = Strider(prescribed({}, {"start_percent": 50}, **QUICK))
    walker.walk(8, swing_ms=swing_ms)
    asked = walker.stride(swing_ms=1_000)
    assert start_ms <= span(asked, 1)[0] <= start_ms + 35


def test_a_contact_before_its_share_leaves_a_channel_out():
    walker = Strider(prescribed({}, {"start_percent": 80}, **QUICK))
    walker.walk(3, swing_ms=900)
    assert of(walker.stride(swing_ms=400), 1) == []


def test_plantarflexors_push_off_and_the_dorsiflexors_take_over_without_a_pause():
    walker = Strider(prescribed(LATE, {"current_ua": 0}, PUSH, rise_ms=150, fall_ms=100))
    asked = walker.walk(5)
    assert span(asked, 2)[0] < 35
    assert 180 <= span(asked, 2)[1] <= 300, "30 % of 600 ms, then the fall"
    assert 150 <= span(asked, 0)[0] <= 200
    assert span(asked, 0)[1] > 600, "it goes on through contact and extension"
    assert max(b.ms - a.ms for a, b in pairwise(asked)) < 80


def test_a_channel_holds_on_until_the_next_one_has_given_its_first_pulse():
    # 1 mA of 0.5 mA steps: the rise of 1 s brings the first pulse half a second after its start.
    weak = {**LATE, "current_ua": 1_000}
    walker = Strider(prescribed(weak, {"current_ua": 0}, PUSH, rise_ms=1_000, fall_ms=0))
    asked = walker.walk(4, swing_ms=1_000)
    begun_ms = span(asked, 0)[0]
    assert begun_ms > 700
    assert begun_ms - 35 <= span(asked, 2)[1] <= begun_ms + 35
    assert max(b.ms - a.ms for a, b in pairwise(asked)) < 80


def test_after_it_has_let_go_a_channel_stays_off_for_the_rest_of_the_step():
    asked = Strider(prescribed({"end_percent": 50}, {"end_percent": 20}, **QUICK)).walk(4)
    assert span(asked, 0)[1] <= 300
    assert span(asked, 1)[1] <= 125


def test_a_quick_next_step_begins_every_window_anew():
    walker = Strider(prescribed(LATE, {"current_ua": 0}, PUSH, rise_ms=50, extension_ms=200))
    walker.walk(4, swing_ms=500, ground_ms=500)
    walker.stride(swing_ms=500, ground_ms=100)
    asked = walker.stride(swing_ms=500, ground_ms=500)
    assert span(asked, 2)[0] < 35
    assert 100 <= min(a.ms for a in of(asked, 0) if a.ms > 60) <= 160, "after a dip it rises at its own share"


@settings(deadline=None)
@given(
    prescriptions,
    st.lists(st.tuples(st.integers(0, 1), st.booleans(), st.integers(1, 60)), min_size=1, max_size=40),
    st.booleans(),
)
def test_no_channel_is_ever_above_the_envelope_nor_rises_faster(prescription, moves, may_let_go):
    envelope = Envelope(prescription)
    windows = [Window(c) for c in prescription.channels]
    for swing, sure, cycles in moves:
        for _ in range(cycles):
            before = [w.level for w in windows]
            top = envelope.step(CYCLE_US, swing, sure, 1_200_000)
            for window, old in zip(windows, before, strict=True):
                level = window.step(CYCLE_US, envelope, may_let_go)
                assert 0 <= level <= top
                assert level - old <= CYCLE_US * 10_000 // (prescription.rise_ms * 1000)


def test_a_step_counts_for_half_and_pauses_and_feet_held_up_for_nothing():
    pace = Pace()

    def lasts(swing, ms):
        for _ in range(ms // 5):
            pace.step(5_000, swing)

    lasts(0, 5_000)
    lasts(1, 500)
    lasts(0, 700)
    assert (pace.swing_us, pace.ground_us) == (500_000, 0)
    lasts(1, 700)
    assert (pace.swing_us, pace.ground_us) == (500_000, 700_000)
    lasts(0, 3_500)
    assert (pace.swing_us, pace.ground_us) == (600_000, 700_000)
    lasts(1, 2_500)
    lasts(0, 500)
    assert (pace.swing_us, pace.ground_us) == (600_000, 700_000)


@pytest.mark.parametrize(
    ("how", "swing_ms", "ground_ms", "extension_ms"),
    [
        ({"extension_by": 0}, 600, 1_100, 100),
        ({"extension_by": 1}, 600, 500, 100),
        ({"extension_by": 1}, 600, 1_600, 200),
        ({"extension_by": 1, "extension_ms": 400}, 900, 1_800, 500),
        ({"extension_by": 2, "extension_percent": 20}, 600, 1_000, 200),
        ({"extension_by": 2, "extension_percent": 20}, 600, 600, 120),
        ({"extension_by": 2, "extension_percent": 0}, 600, 600, 0),
        ({"extension_by": 2, "extension_percent": 60}, 800, 1_500, 500),
    ],
)
def test_the_extension_is_fixed_or_follows_the_pace(how, swing_ms, ground_ms, extension_ms):
    changes = {"extension_ms": 100, "fall_ms": 0, "rise_ms": 50} | how
    walker = Strider(prescribed({"rate_hz": 60}, **changes))
    asked = walker.walk(6, swing_ms=swing_ms, ground_ms=ground_ms)
    assert abs(span(asked, 0)[1] - swing_ms - extension_ms) <= 22


def test_the_first_step_of_a_walk_has_its_extension_in_ms_whatever_follows_the_pace():
    walker = Strider(prescribed({"rate_hz": 60}, extension_by=2, extension_percent=60, fall_ms=0))
    asked = walker.stride(is_first=True)
    assert abs(span(asked, 0)[1] - 600 - 100) <= 22


def test_the_default_envelope_is_that_of_every_channel():
    envelope, window = Envelope(default_prescription()), Window(default_prescription().channels[0])
    for swing in (1,) * 100 + (0,) * 100:
        level = envelope.step(CYCLE_US, swing, True, 1_200_000)
        assert window.step(CYCLE_US, envelope, True) == level


# One window, envelope made of numbers: to the last unit


class Numbers:
    """Stands for the envelope of the step."""

    def __init__(self, state=ON, level=FULL, swing_us=0, decay_us=50_000):
        self.state, self.level, self.swing_us, self.decay_us = state, level, swing_us, decay_us
        self.stretch_us, self.rise_us, self.fall_us = 600_000, 100_000, 200_000


def window(start=0, end=100, level=0):
    made = Window(default_channel(0)._replace(start_percent=start, end_percent=end))
    made.level = level
    return made


@pytest.mark.parametrize(
    ("start", "end", "swing_us", "level"),
    [
        (30, 100, 179_999, 0),
        (30, 100, 180_000, 500),
        (30, 60, 359_999, 500),
        (30, 60, 360_000, 0),
        (30, 100, 5_000_000, 500),
        (5, 10, 30_000, 500),
        (5, 10, 29_999, 0),
        (0, 10, 0, 500),
        (0, 10, 59_999, 500),
        (0, 10, 60_000, 0),
    ],
)
def test_a_window_opens_and_closes_to_the_microsecond(start, end, swing_us, level):
    assert window(start, end).step(5_000, Numbers(swing_us=swing_us), True) == level


def test_it_rises_and_falls_as_prescribed_and_stays_below_the_envelope():
    one = window(10, 50, 6_000)
    assert one.step(5_000, Numbers(swing_us=100_000), True) == 6_500
    assert one.step(5_000, Numbers(swing_us=100_000, level=6_800), True) == 6_800
    assert one.step(5_000, Numbers(swing_us=300_000), True) == 6_800 - 251
    assert one.step(5_000, Numbers(swing_us=300_000, level=3_000), True) == 3_000
    one.level = 200
    assert one.step(5_000, Numbers(swing_us=310_000), True) == 0
    assert one.step(5_000, Numbers(swing_us=310_000), True) == 0
    assert window(10, 100).step(5_000, Numbers(swing_us=100_000, level=300), True) == 300


@pytest.mark.parametrize(
    ("state", "left"),
    [(FALL, 5_000 - 1_001), (TIMED_OUT, 5_000 - 1_001), (DELAY, 5_000 - 251), (OFF, 5_000 - 251)],
)
def test_at_the_end_of_the_step_it_falls_with_the_envelope(state, left):
    assert window(10, 100, 5_000).step(5_000, Numbers(state, 9_000), True) == left
    assert window(10, 60, 5_000).step(5_000, Numbers(state, 9_000), False) == left


def test_what_is_left_of_the_last_step_ends_when_a_new_one_begins_before_its_start():
    one = window(55, 100, 9_000)
    assert one.step(5_000, Numbers(swing_us=0), True) == 0, (
        "with the pause behind it, it would be a burst of its own"
    )
    assert one.step(5_000, Numbers(swing_us=330_000), True) == 500
    assert one.step(5_000, Numbers(FALL, 9_000), True) == 0, "too little to be held through the fall"
    falling = window(55, 100, 9_000)
    falling.step(5_000, Numbers(swing_us=400_000), True)
    assert falling.step(5_000, Numbers(FALL, 9_000), True) > 0, (
        "but at the end of a step it falls as prescribed"
    )


def test_a_fall_of_no_length_is_zero_at_once():
    numbers = Numbers(FALL, decay_us=0)
    assert window(10, 100, 9_000).step(5_000, numbers, True) == 0
    numbers = Numbers(swing_us=500_000)
    numbers.fall_us = 0
    assert window(10, 50, 9_000).step(5_000, numbers, True) == 0


def test_in_the_extension_what_ends_at_contact_holds_what_ended_before_falls_and_nothing_begins():
    numbers = Numbers(EXTENSION)
    assert window(10, 100, 9_800).step(5_000, numbers, True) == FULL
    assert window(10, 100, 1).step(5_000, numbers, True) == 501
    assert window(10, 100, 0).step(5_000, numbers, True) == 0
    assert window(10, 90, 5_000).step(5_000, numbers, False) == 5_000 - 251


def test_it_holds_on_only_while_it_may_not_let_go_and_only_if_it_is_on():
    late = Numbers(swing_us=400_000)
    one = window(10, 50, 5_000)
    assert one.step(5_000, late, False) == 5_500
    assert one.step(5_000, late, False) == 6_000
    assert one.step(5_000, late, True) == 6_000 - 251
    assert one.step(5_000, late, False) == 6_000 - 502, "once it has let go it does not come back"
    assert window(10, 50, 0).step(5_000, late, False) == 0
    one.step(5_000, Numbers(EXTENSION), False)
    assert one.step(5_000, Numbers(swing_us=100_000), False) > 5_000, "but in the next step it does"


def test_a_late_channel_holds_its_strength_through_the_extension():
    walker = Strider(prescribed({"start_percent": 40}, {}, rise_ms=100, extension_ms=150, fall_ms=50))
    held = [a.current_ua for a in of(walker.walk(4), 0) if 600 <= a.ms < 745]
    assert len(held) >= 5
    assert set(held) == {25_000}


def paced(*pieces):
    """A pace after (swing, us) in turn; the end of a piece is seen with the first moment of the next one."""
    pace = Pace()
    for swing, us in pieces:
        pace.step(0, swing)
        while us > 0:
            pace.step(min(us, 100_000), swing)
            us -= 100_000
    return pace


@pytest.mark.parametrize(
    ("swing_us", "learned_us"), [(1_999_999, 1_999_999), (2_000_000, 0), (300_001, 300_001), (1, 1)]
)
def test_a_swing_of_two_seconds_is_a_foot_held_up(swing_us, learned_us):
    assert paced((0, 500_000), (1, swing_us), (0, 0)).swing_us == learned_us


@pytest.mark.parametrize(("ground_us", "learned_us"), [(2_999_999, 2_999_999), (3_000_000, 0)])
def test_three_seconds_on_the_ground_are_a_pause(ground_us, learned_us):
    assert paced((1, 500_000), (0, ground_us), (1, 0)).ground_us == learned_us


def test_the_extension_follows_the_pace_to_the_millisecond():
    pace = paced((1, 400_000), (0, 600_000), (1, 0))
    assert (pace.swing_us, pace.ground_us) == (400_000, 600_000)
    assert pace.extension_ms(110, 0, True) == 100
    assert pace.extension_ms(111, 0, True) == 100
    assert pace.extension_ms(121, 0, True) == 110
    assert pace.extension_ms(500, 0, True) == 454
    assert pace.extension_ms(0, 17, False) == 102
    assert pace.extension_ms(0, 60, False) == 360
    pace.ground_us = 2_345_999
    assert pace.extension_ms(0, 50, False) == 1_172
    pace.swing_us = 1
    assert pace.extension_ms(110, 50, False) == 1_172
    pace.swing_us = 0
    assert pace.extension_ms(110, 50, False) == 110
    pace.swing_us, pace.ground_us = 1, 0
    assert pace.extension_ms(110, 50, True) == 110
    pace.ground_us = 1
    assert pace.extension_ms(110, 50, True) == 0
