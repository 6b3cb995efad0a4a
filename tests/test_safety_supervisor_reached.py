"""The supervisor explored to the fixed point: every state that events, faults and times can reach.

A timer is 0, one us before its end, or somewhere before that; each may be near its end whatever the others
do. That allows more than real time does, so what holds here holds for every real order.
"""

import itertools

import pytest

from safety import faults
from safety import supervisor as sup
from safety.supervisor import Supervisor

CUT, END_STEP = 0, 1
LATCHED = {2, 11, 12, 16, 18, 25, 26, 28}  # until a person clears it
TIMERS = ("_hold_left_us", "_sound_left_us", "_end_left_us")
# One fault of each kind; the others have the same class, latch, healthy time and quietness (checked below).
KINDS = [11, 13, 2, 17, 6, 1, 5, 9]


def kind_of(fault_id: int) -> int:
    """Return the representative of `fault_id`; 0 stays 0."""
    f = faults.FAULTS[fault_id]
    return (
        0
        if fault_id == 0
        else next(k for k in KINDS if faults.FAULTS[k][2:3] + faults.FAULTS[k][4:7] == f[2:3] + f[4:7])
    )


class Explored:
    """A supervisor and what an observer knows of the persons' acts: armed on purpose? cleared?"""

    __slots__ = ("armed", "latched", "s")

    def __init__(self, s: Supervisor, armed: bool, latched: bool) -> None:
        self.s, self.armed, self.latched = s, armed, latched

    def copy(self) -> "Explored":
        s = Supervisor.__new__(Supervisor)
        s.__dict__.update(self.s.__dict__)
        return Explored(s, self.armed, self.latched)

    def key(self) -> tuple:
        d = self.s.__dict__
        # What was the cause is shown, never decided on: only whether there is one.
        d["fault_id"] = KINDS[0] if d["fault_id"] else 0
        d["_after_cause"] = KINDS[0] if d["_after_cause"] else 0
        return (*d.values(), self.armed, self.latched)

    def do(self, what: str, number: int) -> None:
        before = self.s.state
        if what == "event":
            self.s.event(number)
            if number in (sup.ARM, sup.ARM_TEST, sup.ARM_EXERCISE):
                self.armed = self.armed or (before == sup.READY and not self.latched)
            elif number == sup.CLEAR:
                self.latched = False
            elif number in (sup.STOP, sup.DISARM, sup.PROFILE_CHANGED, sup.RESET):
                self.armed = False
            elif number in (sup.LATCH, sup.SELF_TEST_FAILED) and before != sup.OFF:
                self.armed, self.latched = False, self.latched or number == sup.LATCH
        elif what == "fault":
            self.s.fault(number)
            if faults.FAULTS[number].stop == CUT:
                self.armed = False
                self.latched = self.latched or (number in LATCHED and before != sup.OFF)
        else:
            self.s.advance(number)


def moves(e: Explored):
    """Yield (name, what follows) of every event, every kind of fault, and time at each timer's edge."""
    for event in (*range(20), -1):
        yield ("event", event)
    for kind in KINDS:
        yield ("fault", kind)
    for dt_us in (0, 1, -1):
        yield ("time", dt_us)
    running = [t for t in TIMERS if e.s.__dict__[t] > 1]
    for n in range(1, len(running) + 1):
        for near in itertools.combinations(running, n):
            yield ("near", near)  # these timers have one us left: time limit - 1


def follow(e: Explored, move) -> Explored:
    what, x = move
    n = e.copy()
    if what == "near":
        for timer in x:
            n.s.__dict__[timer] = 1
        return n
    full = {t: e.s.__dict__[t] for t in TIMERS}
    n.do(what, x)
    if what == "time":
        for t in TIMERS:  # a timer that is not at its edge stays "somewhere before it"
            if full[t] > 1 and n.s.__dict__[t] == full[t] - x:
                n.s.__dict__[t] = full[t]
    return n


@pytest.fixture(scope="module")
def reached() -> dict[tuple, Explored]:
    """Every state that any sequence of events, faults and times can reach."""
    start = Explored(Supervisor(), False, False)
    found = {start.key(): start}
    todo = [start]
    while todo:
        e = todo.pop()
        for move in moves(e):
            n = follow(e, move)
            key = n.key()
            if key not in found:
                found[key] = n
                todo.append(n)
    return found


def test_the_kinds_stand_for_every_fault():
    assert {kind_of(f.id) for f in faults.FAULTS[1:]} == set(KINDS)


def test_the_exploration_reaches_every_state_and_the_edge_of_every_timer(reached):
    assert {e.s.state for e in reached.values()} == set(range(7))
    for timer, values in (
        ("_hold_left_us", {0, 1, 20_000, 200_000, 3_000_000}),
        ("_sound_left_us", {0, 1, 10_000_000}),
        ("_end_left_us", {0, 1, 1_500_000, 2_000_000, 5_100_000, 10_000_000}),
    ):
        assert {e.s.__dict__[timer] for e in reached.values()} == values
    assert len(reached) > 1000


def test_nothing_stimulates_unless_a_person_armed_and_every_latched_fault_was_cleared(reached):
    for e in reached.values():
        if e.s.may_pulse or e.s.may_start_burst:
            assert e.armed, e.s.__dict__
            assert not e.latched, e.s.__dict__
        if e.latched:
            assert e.s.state == sup.FAULT, e.s.__dict__


def test_pulses_are_allowed_exactly_in_a_burst_or_armed_and_not_held(reached):
    for e in reached.values():
        s = e.s
        may_start = s.state == sup.ARMED and s.held_by == 0
        assert s.may_start_burst == may_start, s.__dict__
        assert s.may_pulse == (s.state == sup.STIMULATING), s.__dict__
        assert (s.held_by != 0) == (s._hold_left_us > 0)
        waits = s.state == sup.ARMED and s.mode == sup.TEST
        assert (s._end_left_us > 0) <= (s.state == sup.STIMULATING or waits), s.__dict__
        assert not waits or s._end_left_us > 0, "an arm for a test ends by itself"


@pytest.mark.parametrize(
    "stop",
    [
        ("event", sup.STOP),
        ("event", sup.RESET),
        ("event", sup.PROFILE_CHANGED),
        ("event", sup.DISARM),
        ("event", -1),
        ("time", -1),
    ],
)
def test_stop_gives_zero_in_one_step_from_everywhere(reached, stop):
    for e in reached.values():
        n = follow(e, stop)
        assert not n.s.may_pulse
        # At the end of a test burst or an exercise no help for walking is lost.
        is_quiet_end = e.s.mode != sup.WALK and stop == ("event", sup.DISARM)
        assert n.s.sound == 2 or is_quiet_end or e.s.state not in (sup.ARMED, sup.STIMULATING)


def test_each_kind_of_fault_reaches_the_output_of_its_class_from_everywhere(reached):
    for e in reached.values():
        for kind in KINDS:
            n = follow(e, ("fault", kind))
            f = faults.FAULTS[kind]
            if f.stop == CUT or e.s.state != sup.STIMULATING:
                assert not n.s.may_pulse
            else:
                assert n.s.may_pulse, "the running burst may finish"
                if f.stop == END_STEP:
                    assert 0 < n.s._end_left_us <= 5_100_000
                else:
                    assert n.s._end_left_us == e.s._end_left_us
                n = follow(n, ("event", sup.BURST_ENDED))
                assert not n.s.may_pulse
            assert not n.s.may_start_burst


def test_a_loss_of_help_is_audible_in_the_same_step_from_everywhere(reached):
    for e in reached.values():
        if not e.s.may_pulse and not e.s.may_start_burst:
            continue
        for move in moves(e):
            n = follow(e, move)
            if not n.s.may_pulse and not n.s.may_start_burst:
                is_test_over = (
                    e.s.mode != sup.WALK and n.s.state in (sup.READY, sup.PAUSED) and move[0] != "fault"
                )
                is_quiet = is_test_over or n.s.held_by == faults.SWITCH_IMU_DISAGREE
                assert n.s.sound != 0 or is_quiet, (e.s.__dict__, move)


def test_nothing_but_clear_leaves_a_fault_and_clear_alone_never_stimulates(reached):
    for e in reached.values():
        if e.s.state != sup.FAULT:
            continue
        for move in moves(e):
            n = follow(e, move)
            if move == ("event", sup.CLEAR):
                assert n.s.state == sup.SELF_TEST
            else:
                assert n.s.state == sup.FAULT
            assert not n.s.may_pulse
