"""The exercise: sets, repetitions, pauses and ends, at their edges; that nobody walks in it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety import reasons, supervisor
from stimulator import cues
from stimulator import exercise as ex
from stimulator.envelope import OFF
from stimulator.exercise_plan import BY_BUTTON, IN_TURN, default_plan
from stimulator.prescription import PrescriptionError, default_prescription
from tests.exercise_rig import CYCLE_US, Bench
from tests.small_int import Small

QUICK = {"repetitions": 2, "sets": 2, "set_pause_s": 5, "countdown_s": 3}


def started(**changes):
    bench = Bench(**(QUICK | changes))
    bench.exercise.start()
    return bench


def cues_of(bench):
    return [cue for _, cue in bench.heard]


def test_it_runs_countdown_bursts_rests_set_pause_and_ends_by_itself():
    bench = started().to_end()
    once = [ex.BURST, ex.REST, ex.BURST]
    assert [phase for _, phase in bench.phases] == [ex.COUNT_DOWN, *once, ex.SET_PAUSE, *once, ex.OVER]
    lengths = [b[0] - a[0] for a, b in zip(bench.phases, bench.phases[1:], strict=False)]
    planned = [3_000, 3_500, 4_000, 3_500, 5_000, 3_500, 4_000, 3_500]
    assert all(abs(got - want * 1000) <= 2 * CYCLE_US for got, want in zip(lengths, planned, strict=True))
    assert cues_of(bench) == [
        *[cues.COUNTDOWN] * 3,
        *(cues.REPETITION, cues.REPETITION, cues.SET_DONE, cues.REPETITION, cues.REPETITION, cues.ALL_DONE),
    ]
    assert (bench.exercise.ended_by, bench.exercise.done_total, bench.exercise.missed_total) == (
        ex.DONE,
        4,
        0,
    )
    before = len(bench.asked)
    bench.go(20_000)
    assert len(bench.asked) == before


def test_each_burst_rises_holds_and_falls_in_straight_lines():
    bench = started().to_end()
    first_us = next(at for at, phase in bench.phases if phase == ex.BURST)
    for due_us, channel, current_ua in bench.asked:
        since_us = due_us - first_us
        if since_us > 3_500_000:
            break
        full_ua = (25_000, 20_000)[channel]
        line_ua = full_ua * min(1.0, since_us / 500_000, (3_500_000 - since_us) / 500_000)
        assert abs(current_ua - line_ua) <= full_ua * 0.011, "within a cycle of the line"


def test_in_turn_only_one_channel_is_on_and_the_rest_lies_between():
    bench = started(order=IN_TURN).to_end()
    zero, one = bench.bursts(0), bench.bursts(1)
    assert len(zero) == len(one) == 4
    for a, b in zip(zero, one, strict=True):
        assert b[0] - a[1] >= 4_000_000
    assert bench.exercise.done_total == 4


def test_a_tone_of_its_own_sounds_from_start_to_end_and_is_none_of_the_alarms():
    bench = Bench(**QUICK)
    assert bench.exercise.tone == cues.TONE_NONE
    bench.exercise.start()
    while bench.exercise.is_running():
        assert bench.exercise.tone == cues.TONE_EXERCISE
        bench.cycle()
    assert bench.exercise.tone == cues.TONE_NONE
    alarms = (supervisor.SOUND_NONE, supervisor.SOUND_HELD, supervisor.SOUND_LOST)
    assert cues.TONE_NONE == supervisor.SOUND_NONE
    assert len({*alarms, cues.TONE_EXERCISE, cues.TONE_TEST}) == 5


def test_an_app_can_show_set_repetition_and_seconds_left():
    bench = started()
    bench.cycle()
    assert (bench.exercise.set_number, bench.exercise.done, bench.exercise.left_s()) == (1, 0, 3)
    bench.go(2_000)
    assert bench.exercise.left_s() == 1
    bench.until(ex.REST)
    assert (bench.exercise.done, bench.exercise.left_s()) == (1, 4)
    bench.until(ex.SET_PAUSE)
    assert (bench.exercise.set_number, bench.exercise.done, bench.exercise.left_s()) == (2, 0, 5)
    bench.to_end()
    assert (bench.exercise.set_number, bench.exercise.done, bench.exercise.left_s()) == (2, 2, 0)


# Pause, stop and other ends ------------------------------------------------------------------------


@pytest.mark.parametrize("phase", [ex.COUNT_DOWN, ex.BURST, ex.REST, ex.SET_PAUSE])
def test_a_pause_holds_everything_until_it_is_over_and_loses_no_repetition(phase):
    bench = started().until(phase).go(1_000)
    bench.exercise.pause()
    bench.go(700)
    before = len(bench.asked)
    bench.go(60_000)
    assert len(bench.asked) == before
    assert (bench.exercise.phase, bench.exercise.envelope.state) == (ex.ON_HOLD, OFF)
    assert bench.exercise.tone == cues.TONE_EXERCISE
    resumed_us = bench.now_us
    bench.exercise.resume()
    bench.to_end()
    assert bench.asked[before][0] >= resumed_us + 3_000_000
    assert (bench.exercise.done_total, bench.exercise.ended_by) == (4, ex.DONE)
    assert len(bench.bursts(0)) == 4 + (phase == ex.BURST)


def test_a_pause_lets_the_burst_fall_softly_and_resume_waits_for_that():
    bench = started().until(ex.BURST).go(1_500)
    bench.exercise.pause()
    paused_us = bench.now_us
    bench.exercise.resume()
    bench.go(2_000)
    falling = [a[2] for a in bench.asked if a[0] > paused_us and a[1] == 0]
    assert 10 <= len(falling) <= 21
    assert falling == sorted(falling, reverse=True)
    assert bench.exercise.phase == ex.ON_HOLD


@pytest.mark.parametrize(("paused_s", "ended_by"), [(299, ex.NOT_ENDED), (301, ex.PAUSED_LONG)])
def test_a_pause_of_five_minutes_ends_it(paused_s, ended_by):
    bench = started().until(ex.REST)
    bench.exercise.pause()
    for _ in range(paused_s * 20):
        bench.cycle(50_000)
    assert bench.exercise.ended_by == ended_by


def test_the_guards_pause_pauses_it_and_it_goes_on_only_when_asked():
    bench = started().until(ex.REST)
    bench.supervisor.state = supervisor.PAUSED
    bench.go(5_000)
    assert bench.exercise.phase == ex.ON_HOLD
    bench.exercise.resume()
    bench.go(5_000)
    assert bench.exercise.phase == ex.ON_HOLD, "the guard still pauses"
    bench.supervisor.state = supervisor.ARMED
    bench.go(5_000)
    assert bench.exercise.phase == ex.ON_HOLD
    bench.exercise.resume()
    assert bench.to_end().exercise.ended_by == ex.DONE


@pytest.mark.parametrize("act", ["stop", "cut"])
@pytest.mark.parametrize("phase", [ex.COUNT_DOWN, ex.BURST, ex.REST, ex.SET_PAUSE, ex.ON_HOLD])
def test_stop_and_another_mode_end_it_now_in_every_phase(act, phase):
    bench = started()
    if phase == ex.ON_HOLD:
        bench.until(ex.BURST).go(1_000)
        bench.exercise.pause()
    else:
        bench.until(phase).go(1_000)
    before = len(bench.asked)
    getattr(bench.exercise, act)()
    assert (bench.exercise.envelope.state, bench.exercise.envelope.level) == (OFF, 0)
    bench.go(10_000)
    assert len(bench.asked) == before
    assert bench.exercise.ended_by == {"stop": ex.STOPPED, "cut": ex.CUT}[act]
    bench.exercise.resume()
    bench.exercise.pause()
    bench.go(10_000)
    assert len(bench.asked) == before, "only a new start brings it back"
    bench.exercise.start()
    assert bench.to_end().exercise.done_total == 4


@pytest.mark.parametrize(
    ("state", "mode"),
    [
        *(
            (s, supervisor.EXERCISE)
            for s in (supervisor.OFF, supervisor.SELF_TEST, supervisor.READY, supervisor.FAULT)
        ),
        *((s, mode) for s in range(7) for mode in (supervisor.WALK, supervisor.TEST)),
    ],
)
def test_it_ends_at_once_when_not_armed_for_an_exercise(state, mode):
    bench = started().until(ex.BURST).go(1_000)
    before = len(bench.asked)
    bench.supervisor.state, bench.supervisor.mode = state, mode
    bench.go(5_000)
    assert len(bench.asked) == before
    assert bench.exercise.ended_by == ex.NOT_ARMED


def test_a_late_cycle_starts_no_bunch_of_pulses_and_the_burst_is_over():
    bench = started().until(ex.BURST).go(1_000)
    before = len(bench.asked)
    bench.cycle(60_000)
    assert len(bench.asked) - before <= 2
    bench.cycle(90_000)
    bench.go(100)
    assert bench.exercise.phase == ex.REST
    assert bench.asked[-1][0] < bench.now_us - 100_000


def test_bursts_that_the_guard_holds_back_are_repeated_once_and_never_counted():
    bench = started().until(ex.REST)
    bench.gate.disarm(reasons.STOPPED)
    bench.to_end()
    assert (bench.exercise.ended_by, bench.exercise.done_total) == (ex.NOT_HELPED, 1)
    assert len(bench.bursts(0)) == 3
    bench = started().until(ex.REST)
    bench.gate.disarm(reasons.STOPPED)
    bench.until(ex.BURST).until(ex.REST)
    bench.gate.arm()
    bench.to_end()
    assert (bench.exercise.ended_by, bench.exercise.done_total, len(bench.bursts(0))) == (ex.DONE, 4, 5)


def test_thirty_minutes_are_the_end_whatever_the_plan_says():
    bench = Bench(trigger=BY_BUTTON, helps_anyway=0, missed_max=20, window_ms=20_000, off_ms=2_000)
    bench.exercise.start()
    while bench.exercise.is_running():
        bench.cycle(20_000)
        if bench.exercise.phase == ex.WAIT and bench.exercise.left_s() == 1:
            bench.exercise.done = 0
            bench.exercise.button()
    assert bench.exercise.ended_by == ex.TOO_LONG
    assert abs(bench.now_us - 1_800_000_000) < 100_000


def test_another_plan_is_taken_over_only_between_exercises_and_only_if_it_is_valid():
    bench = started()
    with pytest.raises(ValueError, match="Stop it first"):
        bench.exercise.set(default_plan(), default_prescription())
    bench.exercise.stop()
    with pytest.raises(PrescriptionError, match="off_ms is 0"):
        bench.exercise.set(default_plan()._replace(off_ms=0), default_prescription())
    bench.exercise.set(default_plan(1)._replace(**QUICK), default_prescription())
    bench.exercise.start()
    bench.to_end()
    assert {a[1] for a in bench.asked} == {0}


def test_a_second_start_changes_nothing():
    bench = started().until(ex.REST)
    bench.exercise.start()
    assert (bench.exercise.phase, bench.exercise.done) == (ex.REST, 1)


def test_every_end_and_phase_has_words():
    assert len(ex.ENDS) == 11
    assert all(said.endswith(".") for said in ex.ENDS)
    assert len(set(ex.PHASE_NAMES)) == 8
    assert len(set(cues.CUE_NAMES)) == 19


def test_every_number_stays_small_enough_for_a_board():
    strong = {"current_ua": 100_000, "current_max_ua": 100_000, "charge_max_nc": 30_000, "rate_hz": 15}
    prescription = default_prescription()
    channels = tuple(c._replace(**strong) for c in prescription.channels[:1])
    channels = tuple(c._replace(**{n: Small(getattr(c, n)) for n in c._fields}) for c in channels)
    plan = default_plan(1)._replace(**(QUICK | {"rise_ms": 2000, "on_ms": 500, "set_pause_s": 300}))
    plan = plan._replace(**{n: Small(getattr(plan, n)) for n in plan._fields if n != "channels"})
    bench = Bench(plan, prescription._replace(channels=channels), step_ua=Small(500))
    bench.exercise.start()
    bench.to_end()
    assert max(b[2] for b in bench.bursts()) == 100_000


# Any order of deeds --------------------------------------------------------------------------------

DEEDS = st.one_of(
    st.sampled_from([(d, 0) for d in ("start", "stop", "pause", "resume", "button", "cut", "swing")]),
    st.tuples(st.just("state"), st.integers(0, 6)),
    st.tuples(st.just("cycles"), st.integers(1, 1500)),
    st.tuples(st.just("late"), st.integers(5_000, 99_000)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(DEEDS, max_size=40), st.sampled_from([0, 1]), st.sampled_from([0, 1]))
def test_no_order_of_deeds_gives_a_pulse_that_is_refused_or_wanted_by_nobody(deeds, trigger, order):
    bench = Bench(**QUICK, trigger=trigger, order=order)
    exercise = bench.exercise
    for deed, amount in deeds:
        if deed == "swing":
            bench.swing()
        elif deed == "state":
            bench.supervisor.state = amount
        elif deed == "late":
            bench.cycle(amount)
        elif deed == "cycles":
            for _ in range(amount):
                before, was_running = len(bench.asked), exercise.is_running()
                bench.cycle()
                if len(bench.asked) > before:
                    assert was_running
                    assert exercise.tone == cues.TONE_EXERCISE
                    assert supervisor.ARMED <= bench.supervisor.state <= supervisor.PAUSED
                    assert exercise.phase in (ex.BURST, ex.ON_HOLD)
        else:
            getattr(exercise, deed)()
        assert exercise.set_number <= 2
        assert exercise.done <= 2
        assert exercise.is_running() == (exercise.tone == cues.TONE_EXERCISE)
    assert set(bench.answers) <= {0, 1}, "granted, or lowered after a late cycle"
