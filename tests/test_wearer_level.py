"""What the wearer's level does to the pulses of a walk and of an exercise: less at once, more from step to step."""

from collections import namedtuple
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from gait_detect.state import GaitState
from safety.changes import is_gentle
from safety.supervisor import STIMULATING
from stimulator import cues
from stimulator.exercise import BURST
from stimulator.prescription import default_prescription, problems
from stimulator.walk import WalkScheduler
from stimulator.wearer import (
    DEFAULT_CORRIDOR,
    PAUSE,
    Corridor,
    WithLevel,
    rise_percent,
)
from tests.drawn_prescriptions import channels
from tests.exercise_rig import CYCLE_US, Bench
from tests.small_int import Small
from tests.test_wearer import Keys

MASK = 2**30 - 1


class Walk:
    """A steady walk with keys."""

    def __init__(self, prescription=None, corridor=DEFAULT_CORRIDOR, step_ua=500):
        self.keys = Keys(corridor)
        self.inner = WalkScheduler(prescription or default_prescription(), CYCLE_US, step_ua)
        self.walk = WithLevel(self.inner, self.keys.wearer, step_ua, self.keys.cues)
        self.state = GaitState()
        self.state.confidence = 100
        self.t_us = MASK - 2_000_000
        self.peaks = []  # of each step, per channel, uA

    def cycle(self):
        self.t_us = (self.t_us + CYCLE_US) & MASK
        self.keys.wearer.step(CYCLE_US)
        n = self.walk.step(self.t_us, CYCLE_US, self.state, True)
        assert n == self.walk.count
        return [(r.channel, r.current_ua) for r in self.walk.requests[:n]]

    def stride(self, deed=None, at_ms=300):
        """One stride of 1.2 s; `deed` happens so long after heel-off."""
        peak = [0, 0]
        for ms in range(0, 1_200, 5):
            self.state.swing = int(ms < 500)
            if deed is not None and ms == at_ms:
                deed()
            for channel, current_ua in self.cycle():
                peak[channel] = max(peak[channel], current_ua)
        self.peaks.append(peak)
        return peak

    def set_level(self, level):
        self.keys.wearer._set_level(level)


def test_at_100_percent_every_request_is_as_without_the_control():
    with_control, without = Walk(), WalkScheduler(default_prescription(), CYCLE_US, 500)
    for _ in range(3):
        for ms in range(0, 1_200, 5):
            with_control.state.swing = int(ms < 500)
            asked = with_control.cycle()
            n = without.step(with_control.t_us, CYCLE_US, with_control.state, True)
            assert asked == [(r.channel, r.current_ua) for r in without.requests[:n]]


def test_a_fall_comes_with_the_next_pulse():
    walk = Walk()
    walk.stride()
    seen = []
    walk.state.swing = 1
    for ms in range(0, 500, 5):
        if ms == 350:
            walk.set_level(40)
        seen += [(ms, ua) for channel, ua in walk.cycle() if channel == 0]
    assert max(ua for ms, ua in seen if ms < 350) == 25_000
    assert [ua for ms, ua in seen if ms >= 350] == [10_000] * len([1 for ms, _ in seen if ms >= 350])


def test_a_rise_waits_for_the_next_step_and_goes_by_5_ma_at_most():
    walk = Walk(corridor=Corridor(0, 100, 20))
    assert walk.stride()[0] == 5_000
    walk.state.swing = 1
    walk.stride(lambda: walk.set_level(100))
    assert walk.peaks[-1][0] == 5_000, "not in the step that runs"
    for _ in range(6):
        walk.stride()
    assert [p[0] for p in walk.peaks[2:]] == [9_750, 14_500, 19_250, 24_000, 25_000, 25_000]


def test_level_0_of_a_full_corridor_gives_no_pulse_and_no_click():
    walk = Walk(corridor=Corridor(0, 100, 0))
    assert walk.stride() == [0, 0]
    assert cues.CLICK not in walk.keys.heard()


def test_one_click_per_helped_step():
    walk = Walk()
    for _ in range(4):
        walk.stride()
    assert walk.keys.heard() == [cues.CLICK] * 4


class Sup:
    state = 0


def test_a_step_clicks_only_if_it_is_stimulated():
    walk = Walk()
    sup = Sup()
    walk.walk = WithLevel(walk.inner, walk.keys.wearer, 500, walk.keys.cues, supervisor=sup)
    walk.stride()
    assert walk.keys.heard() == [], "asked for, and the guard is not armed"
    sup.state = STIMULATING
    walk.stride()
    walk.stride(lambda: setattr(sup, "state", 3), at_ms=700)
    assert walk.keys.heard() == [cues.CLICK] * 2


def test_what_falls_below_one_step_of_the_device_is_left_out_and_the_other_channel_stays():
    p = default_prescription()
    weak = p._replace(channels=(p.channels[0]._replace(current_ua=1_000), p.channels[1]))
    walk = Walk(weak, Corridor(0, 100, 40))
    assert walk.stride() == [0, 8_000]


def test_a_pause_finishes_the_swing_that_runs_and_begins_no_other():
    walk = Walk()
    walk.stride()
    assert walk.stride(lambda: walk.keys.wearer.key_down(PAUSE), at_ms=100) == [25_000, 20_000]
    assert [walk.stride() for _ in range(3)] == [[0, 0]] * 3
    walk.keys.wearer.is_paused = False
    walk.stride()
    assert walk.stride() == [25_000, 20_000]


def test_a_pause_before_the_swing_holds_the_very_next_one():
    walk = Walk()
    walk.stride(lambda: walk.keys.wearer.key_down(PAUSE), at_ms=1_000)
    assert walk.stride() == [0, 0]


def test_a_new_prescription_and_the_level_never_rise_in_the_same_step():
    walk = Walk(corridor=Corridor(0, 100, 60))
    walk.stride()
    p = walk.inner.prescription
    stronger = p._replace(channels=tuple(c._replace(current_ua=c.current_ua + 5_000) for c in p.channels))
    walk.stride(lambda: (walk.walk.commit(stronger), walk.set_level(100)))
    shares = []
    for _ in range(4):
        walk.stride()
        shares.append(walk.walk.share_percent)
    assert walk.walk.prescription is stronger
    assert shares == [60, 76, 92, 100]


Effective = namedtuple("Effective", ("current_ua", "width_us", "rate_hz"))
strong_channels = channels.filter(lambda c: c.current_ua > 0)


@settings(deadline=None)
@given(
    st.lists(strong_channels, min_size=1, max_size=2)
    .map(lambda two: default_prescription()._replace(channels=tuple(two)))
    .filter(lambda p: problems(p) == []),
    st.lists(st.integers(0, 20), min_size=2, max_size=12),
)
def test_from_step_to_step_no_level_rises_by_more_than_one_change_may(prescription, levels):
    walk = Walk(prescription, Corridor(0, 100, 0), step_ua=1)
    used = [0]
    for level in levels:
        walk.stride(lambda level=level: walk.set_level(level * 5))
        used.append(walk.walk.share_percent)
        for old, new in pairwise(used):
            for c in prescription.channels:
                before = Effective(c.current_ua * old // 100, c.width_us, c.rate_hz)
                after = Effective(c.current_ua * new // 100, c.width_us, c.rate_hz)
                assert is_gentle(before, after), (c, old, new)
    walk.set_level(100)
    for _ in range(100 // rise_percent(prescription) + 2):
        walk.stride()
    assert walk.walk.share_percent == 100, "in the end it gets there"


def test_every_number_stays_small_enough_for_a_board():
    p = default_prescription()
    most = {"current_ua": 100_000, "current_max_ua": 100_000, "charge_max_nc": 30_000, "rate_hz": 15}
    channels = tuple(c._replace(**most) for c in p.channels[:1])
    channels = tuple(c._replace(**{n: Small(getattr(c, n)) for n in c._fields}) for c in channels)
    walk = Walk(p._replace(channels=channels), Corridor(Small(0), Small(100), Small(50)))
    for _ in range(3):
        walk.stride()
    assert walk.stride()[0] >= 45_000


def test_an_exercise_follows_the_level_between_its_repetitions_and_pauses_by_itself():
    bench = Bench(repetitions=4, sets=1, countdown_s=3)
    keys = Keys(Corridor(0, 100, 50))
    inner = bench.exercise
    inner.start()
    bench.supervisor.state = STIMULATING
    level = WithLevel(inner, keys.wearer, 500, keys.cues, is_exercise=True)
    peaks, now_us = [], 0
    while inner.is_running():
        now_us += CYCLE_US
        n = level.step(now_us & MASK, CYCLE_US, bench.state, True)
        if inner.phase == BURST and len(peaks) <= inner.done:
            peaks.append(0)
            keys.wearer._set_level(100)
        peaks[-1:] = [max(peaks[-1:] + [r.current_ua for r in level.requests[:n]])] if peaks else []
    assert peaks == [12_500, 17_250, 22_000, 25_000]


def test_a_request_moves_up_whole_when_the_one_before_it_is_left_out():
    # Both channels due in one cycle: the same period and no interleaving.
    walk = Walk(corridor=Corridor(0, 100, 50))
    walk.stride()
    weak, strong = walk.inner.requests
    weak.channel, weak.current_ua = 0, 900
    strong.channel, strong.current_ua, strong.fire_at_us, strong.width_us, strong.gap_us = (
        1,
        20_000,
        77,
        250,
        90,
    )
    setattr(walk.inner, "step", lambda *_: 2)  # noqa: B010
    assert walk.walk.step(0, CYCLE_US, walk.state, True) == 1
    kept = walk.walk.requests[0]
    assert (kept.channel, kept.current_ua, kept.fire_at_us, kept.width_us, kept.gap_us) == (
        1,
        10_000,
        77,
        250,
        90,
    )


def test_a_cut_is_passed_on():
    walk = Walk()
    walk.state.swing = 1
    for _ in range(60):
        walk.cycle()
    walk.walk.cut()
    assert walk.walk.count == 0
    assert [walk.cycle() for _ in range(60)] == [[]] * 60
