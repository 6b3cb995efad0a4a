"""Who walks, and who tries: what ends an exercise, what only holds it, and what begins a repetition."""

import random

import pytest

from gait_detect.detector import GaitDetector
from hw_sim.seated import SeatedLeg
from hw_sim.sensors import SimSensors
from safety.sample import Sample
from safety.supervisor import STIMULATING
from stimulator import cues
from stimulator import exercise as ex
from stimulator.exercise_plan import BY_ATTEMPT, BY_BUTTON, default_plan, problems
from stimulator.prescription import default_prescription
from tests.exercise_rig import Bench
from tests.test_exercise import cues_of, started

# Walking ends it -----------------------------------------------------------------------------------


@pytest.mark.parametrize("stride_ms", [800, 1_000, 1_150, 1_500, 2_000])
@pytest.mark.parametrize("begins_ms", range(6_000, 14_000, 900))
@pytest.mark.parametrize("is_foot", [True, False])
def test_a_person_who_walks_ends_it_within_a_few_strides(stride_ms, begins_ms, is_foot):
    bench = started(is_foot=is_foot, repetitions=10).go(begins_ms)
    for _ in range(8):
        bench.swing()
        bench.go(stride_ms)
        if not bench.exercise.is_running():
            break
    assert bench.exercise.ended_by == ex.SEEN_WALKING
    assert bench.now_us <= (begins_ms + (5 if is_foot else 2) * stride_ms) * 1000
    before = len(bench.asked)
    bench.go(20_000)
    assert len(bench.asked) == before
    assert cues_of(bench)[-1] == cues.ENDED_EARLY


def test_swings_that_the_bursts_explain_end_nothing_on_the_foot():
    bench = started(repetitions=10, sets=1)
    last = ex.IDLE
    while bench.exercise.is_running():
        bench.cycle()
        shape = bench.exercise.envelope.state
        if shape != last and shape in (1, 3):  # where the burst rises, and where it falls
            for _ in range(60):
                bench.cycle()
            bench.swing()
        last = shape
    assert (bench.exercise.ended_by, bench.exercise.done_total) == (ex.DONE, 10)


def test_one_strange_swing_only_holds_the_next_repetition_back():
    bench = started().until(ex.REST).go(2_000)
    bench.swing()
    swung_us = bench.now_us
    bench.until(ex.BURST)
    assert swung_us + 3_000_000 <= bench.now_us <= swung_us + 3_050_000
    assert bench.to_end().exercise.ended_by == ex.DONE


def test_a_person_may_move_in_the_pause_between_sets_but_nothing_begins_while_the_foot_moves():
    bench = started().until(ex.SET_PAUSE)
    for _ in range(10):
        bench.swing()
        bench.go(1_000)
    assert (bench.exercise.phase, bench.exercise.ended_by) == (ex.SET_PAUSE, ex.NOT_ENDED)
    bench.go(2_200)
    assert bench.exercise.phase == ex.BURST


def test_a_person_who_walks_on_after_the_pause_ends_it():
    bench = started().until(ex.SET_PAUSE)
    for _ in range(16):
        bench.swing()
        bench.go(1_000)
    assert bench.exercise.ended_by == ex.HELD_LONG
    assert len(bench.bursts(0)) == 2


def test_without_samples_no_repetition_begins_and_10_s_end_it():
    bench = started().until(ex.REST)
    bench.is_sure = False
    bench.go(3_990)
    bench.go(9_000)
    assert (bench.exercise.phase, len(bench.bursts(0))) == (ex.REST, 1)
    bench.go(1_500)
    assert bench.exercise.ended_by == ex.HELD_LONG


def test_a_short_gap_of_samples_holds_nothing():
    bench = started().until(ex.REST)
    bench.is_sure = False
    bench.go(400)
    bench.is_sure = True
    bench.until(ex.BURST)
    assert len(bench.phases) == 4


def foot_of(leg, bench, place="foot", until_s=60, push_nm=lambda: 0.0):
    """Let a simulated leg move the detector's state while the bench's pulses reach it; return the bench."""
    sensors = SimSensors(leg, place=place, t_us_start=0, has_heel=False)
    detector, sample, seen = GaitDetector(place=place), Sample(), 0
    bench.state = detector.state
    for _ in range(until_s * 200):
        leg.push_nm = push_nm()
        for _ in range(5):
            leg.advance(1_000)
        while sensors.read(sample):
            detector.step(sample)
        bench.cycle()
        for _, channel, current_ua in bench.asked[seen:]:
            leg.deliver(leg.now_us, channel, current_ua / 1000, 300.0)
        seen = len(bench.asked)
        if not bench.exercise.is_running():
            break
    return bench


@pytest.mark.parametrize("place", ["foot", "shank"])
@pytest.mark.parametrize("rise_ms", [200, 500, 1000])
def test_the_stimulated_foot_of_a_simulated_person_on_a_chair_is_not_taken_for_walking(place, rise_ms):
    bench = started(
        is_foot=place == "foot", repetitions=5, sets=1, rise_ms=rise_ms, fall_ms=rise_ms, on_ms=2000
    )
    foot_of(SeatedLeg(severity="mild"), bench, place)
    assert (bench.exercise.ended_by, bench.exercise.done_total) == (ex.DONE, 5)
    if place == "foot":
        assert bench.state.steps >= 5, (
            "the detector did take it for steps: the watch is what keeps it running"
        )


# Button and own try --------------------------------------------------------------------------------


def waiting(trigger, **changes):
    return started(trigger=trigger, **changes).until(ex.WAIT)


def test_the_button_begins_a_repetition_within_the_window_only():
    bench = started(trigger=BY_BUTTON)
    bench.go(1_000)
    bench.exercise.button()  # in the countdown: nothing
    bench.until(ex.WAIT)
    assert cues_of(bench)[-1] == cues.YOUR_TURN
    bench.go(2_000)
    assert bench.exercise.phase == ex.WAIT
    bench.exercise.button()
    bench.cycle()
    assert bench.exercise.phase == ex.BURST
    bench.exercise.button()  # in the burst: nothing
    bench.until(ex.WAIT).go(4_000)
    assert bench.exercise.phase == ex.WAIT
    assert (bench.exercise.done, bench.exercise.missed_total) == (1, 0)


@pytest.mark.parametrize("trigger", [BY_BUTTON, BY_ATTEMPT])
def test_without_an_answer_it_helps_after_the_window_if_that_was_chosen(trigger):
    bench = started(trigger=trigger, helps_anyway=1, missed_max=1).to_end()
    assert (bench.exercise.ended_by, bench.exercise.done_total, bench.exercise.missed_total) == (
        ex.DONE,
        4,
        4,
    )
    first_us = bench.bursts(0)[0][0]
    assert 8_000_000 <= first_us <= 8_100_000, "countdown and window"


@pytest.mark.parametrize("trigger", [BY_BUTTON, BY_ATTEMPT])
def test_without_an_answer_and_without_help_it_ends_after_so_many_misses(trigger):
    bench = started(trigger=trigger, helps_anyway=0, missed_max=3).to_end()
    assert (bench.exercise.ended_by, bench.exercise.missed_total, bench.asked) == (ex.NO_MOVEMENT, 3, [])


def test_an_answer_starts_the_count_of_misses_anew():
    bench = started(trigger=BY_BUTTON, helps_anyway=0, missed_max=2)
    for _ in range(4):
        bench.until(ex.WAIT).go(5_100)  # missed
        assert bench.exercise.phase == ex.REST
        bench.until(ex.WAIT).exercise.button()
        bench.cycle()
    assert (bench.exercise.missed_total, bench.to_end().exercise.ended_by) == (4, ex.DONE)


RATES = [
    (3_000, 5_000, False),  # the threshold itself
    (3_001, 5_000, True),
    (3_001, 10, False),  # a knock
    (3_001, 15, True),
    (-20_000, 5_000, False),  # toe-down
    (199_000, 20, True),
]


@pytest.mark.parametrize(("rate_cdps", "lasts_ms", "begins"), RATES)
def test_a_turn_toe_up_faster_than_the_threshold_is_an_attempt(rate_cdps, lasts_ms, begins):
    bench = waiting(BY_ATTEMPT).go(300)
    bench.state.rate_cdps = rate_cdps
    for _ in range(lasts_ms // 5):
        if bench.exercise.phase == ex.WAIT:
            bench.cycle()
    bench.state.rate_cdps = 0
    assert (bench.exercise.missed_total == 0 and bench.exercise.phase == ex.BURST) == begins


def test_a_foot_that_moves_already_must_rest_first():
    bench = started(trigger=BY_ATTEMPT)
    bench.state.rate_cdps = 4_000
    bench.until(ex.WAIT).go(2_000)
    assert bench.exercise.phase == ex.WAIT
    bench.state.rate_cdps = 1_000
    bench.go(195)
    bench.state.rate_cdps = 4_000
    bench.go(100)
    assert bench.exercise.phase == ex.WAIT
    bench.state.rate_cdps = 1_000
    bench.go(205)
    bench.state.rate_cdps = 4_000
    bench.go(20)
    assert bench.exercise.phase == ex.BURST


def test_stale_samples_are_no_attempt():
    bench = waiting(BY_ATTEMPT).go(300)
    bench.is_sure = False
    bench.state.rate_cdps = 10_000
    bench.go(100)
    assert bench.exercise.phase == ex.WAIT


def test_an_attempt_seen_as_a_swing_is_not_walking_but_steps_in_the_burst_are():
    bench = started(trigger=BY_ATTEMPT, repetitions=5, sets=1)
    for _ in range(5):
        bench.until(ex.WAIT).go(1_000)
        bench.state.rate_cdps = 5_000
        bench.swing()
        bench.go(30)
        bench.state.rate_cdps = 0
        assert bench.exercise.phase == ex.BURST
        bench.until(ex.REST) if bench.exercise.done < 4 else bench.to_end()
    assert bench.exercise.ended_by == ex.DONE


def test_on_the_shank_an_attempt_cannot_be_asked_for():
    with pytest.raises(ValueError, match="cannot see the foot lift"):
        Bench(is_foot=False, trigger=BY_ATTEMPT)
    assert Bench(is_foot=False, trigger=BY_BUTTON).exercise.phase == ex.IDLE


def test_a_simulated_foot_that_tries_begins_its_repetitions_and_one_that_does_not_is_missed():
    bench = started(trigger=BY_ATTEMPT, repetitions=4, sets=1, helps_anyway=0, off_ms=3000)

    def push_nm():
        """Push the toe up 1 s after every second cue, the first included."""
        e = bench.exercise
        return 2.0 if e.phase == ex.WAIT and e.left_s() == 4 and (e.done + e.missed_total) % 2 == 0 else 0.0

    foot_of(SeatedLeg(severity="mild"), bench, until_s=120, push_nm=push_nm)
    assert (bench.exercise.ended_by, bench.exercise.done_total, bench.exercise.missed_total) == (
        ex.DONE,
        4,
        3,
    )


def drawn_plan(draw):
    """Return times of a valid plan, any rise, hold, fall and rest."""
    while True:
        plan = default_plan()._replace(
            rise_ms=draw.randrange(200, 2001, 10),
            on_ms=draw.randrange(500, 3501, 100),
            fall_ms=draw.randrange(100, 2001, 10),
            off_ms=draw.choice((2000, 2500, 3000, 4000, 6000, 10_000)),
            repetitions=20,
            sets=1,
        )
        if problems(plan, default_prescription()) == []:
            return plan


def walk_off(seed):
    """Let somebody walk off in a drawn exercise at a drawn, steady pace; return (ended_by, us walked, steps)."""
    # Steady strides are the worst case: they may fall into step with the ramps, which explain one swing each.
    draw = random.Random(seed)
    bench = Bench(drawn_plan(draw))
    exercise, state = bench.exercise, bench.state
    bench.supervisor.state = STIMULATING
    exercise.start()
    stride_us = draw.randrange(800_000, 2_000_000)
    begins_us = draw.randrange(5_100_000, 20_000_000)
    now_us, next_us = 0, begins_us
    while exercise.is_running() and now_us < begins_us + 60_000_000:
        now_us += 5_000
        if now_us >= next_us:
            state.steps += 1
            next_us += stride_us
        exercise.step(now_us, 5_000, state, True)
    return exercise.ended_by, now_us - begins_us, state.steps


@pytest.mark.parametrize("seed", range(40))
def test_whatever_the_plan_nobody_walks_in_it_for_long_at_any_pace(seed):
    ended_by, walked_us, _ = walk_off(seed)
    assert ended_by == ex.SEEN_WALKING
    assert walked_us <= 16_000_000


@pytest.mark.slow
def test_of_400_who_walk_off_half_are_stopped_after_3_steps_and_all_after_16_s():
    # These figures stand in docs/stimulation.md.
    found = [walk_off(seed) for seed in range(1_000, 1_400)]
    assert {ended_by for ended_by, _, _ in found} == {ex.SEEN_WALKING}
    steps = sorted(steps for _, _, steps in found)
    assert steps[200] == 3
    assert sum(n <= 6 for n in steps) >= 395
    assert max(walked_us for _, walked_us, _ in found) <= 16_000_000
