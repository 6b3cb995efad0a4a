"""The walk scheduler: which pulses it asks for, and when they are due."""

import itertools

import pytest

from gait_detect.state import PHASE_STANCE, PHASE_SWING, GaitState
from safety.clock import elapsed_us
from safety.pulse import PulseRequest
from stimulator.envelope import LEVEL_FULL
from stimulator.prescription import default_prescription
from stimulator.train import Train
from stimulator.walk import WalkScheduler

CYCLE_US = 5_000
T0_US = 2**30 - 300_000  # the clock wraps during each walk


def prescribe(**changes):
    """Default prescription; changes apply to every channel, walk times by their own names."""
    p = default_prescription()
    walk = {k: changes.pop(k) for k in list(changes) if k in p._fields}
    return p._replace(channels=tuple(c._replace(**changes) for c in p.channels), **walk)


class Walk:
    def __init__(self, prescription, **times):
        self.scheduler = WalkScheduler(prescription, CYCLE_US)
        self.state = GaitState()
        self.state.confidence = 100
        self.now_us = 0
        self.asked = []  # (world us due, channel, current_ua)

    def go(self, swing, ms, dt_us=CYCLE_US, sure=True):
        self.state.swing = swing
        self.state.phase = PHASE_SWING if swing else PHASE_STANCE
        for _ in range(ms * 1000 // dt_us):
            self.now_us += dt_us
            t_us = (T0_US + self.now_us) & (2**30 - 1)
            n = self.scheduler.step(t_us, dt_us, self.state, sure)
            for r in self.scheduler.requests[:n]:
                due_us = self.now_us + elapsed_us(r.fire_at_us, t_us)
                self.asked.append((due_us, r.channel, r.current_ua))
        return self

    def of(self, channel):
        return [a for a in self.asked if a[1] == channel]


@pytest.mark.parametrize(("rate_hz", "period_us"), [(20, 50_000), (33, 30_303), (40, 25_000), (50, 20_000)])
def test_pulses_come_at_the_prescribed_rate_whatever_the_cycle(rate_hz, period_us):
    walk = Walk(prescribe(rate_hz=rate_hz)).go(1, 1000)
    for channel in (0, 1):
        due = [a[0] for a in walk.of(channel)]
        assert len(due) >= 1_000_000 // period_us - 1
        assert {b - a for a, b in itertools.pairwise(due)} == {period_us}


def test_the_second_channel_fires_half_a_period_after_the_first():
    walk = Walk(prescribe(rate_hz=40)).go(1, 200)
    assert walk.of(1)[0][0] - walk.of(0)[0][0] == 12_500


def test_each_request_is_due_within_its_cycle():
    walk = Walk(prescribe(rate_hz=33))
    for _ in range(200):
        before = len(walk.asked)
        walk.go(1, 5)
        assert all(0 <= a[0] - walk.now_us < CYCLE_US for a in walk.asked[before:])


def test_currents_follow_the_envelope_and_never_pass_the_prescription():
    walk = Walk(prescribe(current_ua=30_000, rise_ms=200)).go(1, 400).go(0, 400)
    currents = [a[2] for a in walk.of(0)]
    assert max(currents) == 30_000
    top = currents.index(30_000)
    assert currents[:top] == sorted(currents[:top])
    assert currents[-1] < 30_000
    assert walk.scheduler.step(0, CYCLE_US, walk.state, True) == 0


def test_nothing_is_asked_without_swing_or_without_confidence_or_with_stale_samples():
    assert Walk(prescribe()).go(0, 1000).asked == []
    assert Walk(prescribe()).go(1, 1000, sure=False).asked == []
    walk = Walk(prescribe())
    walk.state.confidence = 0
    assert walk.go(1, 1000).asked == []


def test_a_channel_with_no_current_is_never_asked_for():
    p = prescribe()
    p = p._replace(channels=(p.channels[0], p.channels[1]._replace(current_ua=0)))
    walk = Walk(p).go(1, 300)
    assert walk.of(0)
    assert walk.of(1) == []


def test_a_late_cycle_is_not_made_up_by_a_bunch_of_pulses():
    walk = Walk(prescribe(rate_hz=50)).go(1, 300)
    walk.go(1, 90, dt_us=90_000)
    walk.go(1, 200)
    due = [a[0] for a in walk.of(0)]
    assert min(b - a for a, b in itertools.pairwise(due)) >= 20_000


def test_quick_steps_keep_the_distance_between_pulses():
    walk = Walk(prescribe(rate_hz=50, extension_ms=0, fall_ms=0, rise_ms=50))
    for _ in range(30):
        walk.go(1, 35).go(0, 10)
    due = [a[0] for a in walk.of(0)]
    assert min(b - a for a, b in itertools.pairwise(due)) >= 20_000


def test_cut_asks_for_nothing_more_in_this_swing():
    walk = Walk(prescribe()).go(1, 200)
    walk.scheduler.cut()
    before = len(walk.asked)
    walk.go(1, 300)
    assert len(walk.asked) == before
    assert len(walk.go(0, 300).go(1, 300).asked) > before


def test_a_new_prescription_is_taken_over_between_steps():
    walk = Walk(prescribe(current_ua=20_000)).go(1, 400)
    walk.scheduler.commit(prescribe(current_ua=25_000))
    walk.go(1, 200)
    assert max(a[2] for a in walk.asked) == 20_000
    walk.go(0, 600).go(1, 500)
    assert max(a[2] for a in walk.asked) == 25_000


def test_a_new_prescription_with_other_channels_is_refused():
    p = prescribe()
    with pytest.raises(ValueError, match="has 1 channels"):
        WalkScheduler(p, CYCLE_US).commit(p._replace(channels=p.channels[:1]))


@pytest.mark.parametrize("ahead_us", [1, 10_000, 20_000, 24_999, 25_001])
def test_channels_take_turns_also_in_a_first_step_just_before_the_clock_wraps(ahead_us):
    """An old due time, or none yet, then lies just ahead by chance, as that of a train that just stopped."""
    trains = [Train(channel, index, 2, 500) for index, channel in enumerate(default_prescription().channels)]
    request = PulseRequest()
    fired: list[list[int]] = [[], []]
    t_us = 2**30 - ahead_us
    for _ in range(40):
        for train, times in zip(trains, fired, strict=True):
            train.advance(CYCLE_US)
            if train.ask(t_us & (2**30 - 1), CYCLE_US, LEVEL_FULL, request):
                times.append(request.fire_at_us)
        t_us += CYCLE_US
    apart_us = {(two - one) % 2**30 for one, two in zip(*fired, strict=False)}
    assert len(fired[0]) > 5
    assert apart_us == {12_500}
