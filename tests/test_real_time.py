"""A world in real time keeps pace with the clock, does not drift, and says when it cannot keep up."""

import pytest

from firmware_py.cycle import CYCLE_US
from hw_sim.real_time import BEHIND_MAX_S, RealTime


class Clock:
    """A clock that moves by sleeping, and by what the world's work costs."""

    def __init__(self):
        self.s = 1000.0
        self.slept = 0

    def read(self):
        return self.s

    def sleep(self, seconds):
        assert seconds > 0
        self.slept += 1
        self.s += seconds + 0.0007  # every sleep is a little too long: that must not add up


class Work:
    """Stands for a world; each advance costs real time."""

    def __init__(self, clock, cost_s):
        self.now_us = 0
        self.clock = clock
        self.cost_s = cost_s
        self.steps = []

    def advance(self, dt_us):
        self.now_us += dt_us
        self.steps.append((self.now_us, self.clock.s))
        self.clock.s += self.cost_s(self.now_us)


def paced(cost_s, until_us):
    clock, late = Clock(), []
    work = Work(clock, cost_s)
    pace = RealTime(work, on_late=late.append, clock=clock.read, sleep=clock.sleep)  # type: ignore[arg-type]
    pace.run_to(until_us)
    return clock, work, pace, late


def test_it_keeps_pace_without_drift_and_is_never_early():
    clock, work, pace, late = paced(lambda _: 0.001, 60_000_000)
    assert clock.s - 1000.0 == pytest.approx(60.0, abs=0.005)
    assert all(real_s - 1000.0 >= now_us / 1e6 - 1e-9 for now_us, real_s in work.steps)
    assert (pace.lost_s, late) == (0.0, [])
    assert clock.slept == 60_000_000 // CYCLE_US


def test_after_a_short_stall_it_catches_up():
    clock, _, pace, late = paced(lambda now_us: 0.08 if now_us == 1_000_000 else 0.0005, 3_000_000)
    assert clock.s - 1000.0 == pytest.approx(3.0, abs=0.005)
    assert 0.06 < pace.late_s < BEHIND_MAX_S
    assert late == []


def test_it_says_when_it_cannot_keep_up_and_does_not_race_afterwards():
    clock, _, pace, late = paced(lambda now_us: 0.5 if now_us == 1_000_000 else 0.0005, 3_000_000)
    assert len(late) == 1
    assert late[0] == pytest.approx(0.5, abs=0.02)
    assert clock.s - 1000.0 == pytest.approx(3.0 + pace.lost_s, abs=0.005)


def test_a_machine_that_is_too_slow_is_told_again_and_again():
    _, _, pace, late = paced(lambda _: 0.010, 1_000_000)
    assert len(late) >= 8
    assert pace.lost_s == pytest.approx(1.0, abs=0.15)
