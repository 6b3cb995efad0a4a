"""Exercise: bursts for training while the person sits, in repetitions and sets, that end by themselves.

A repetition begins by time, by a hand button or by the person's own try. Nobody walks in it: a tone of its
own sounds all the time, and a person who is seen walking ends it.
"""

from safety.limits import PAUSE_US
from safety.supervisor import ARMED, EXERCISE, PAUSED, STIMULATING
from stimulator import cues
from stimulator.bout import FALL, HOLD, Bout
from stimulator.envelope import OFF
from stimulator.exercise_plan import BY_ATTEMPT, BY_BUTTON, BY_TIME, IN_TURN, checked
from stimulator.exercise_pulses import ALL, ExercisePulses
from stimulator.seated import EXPLAINED_US, SEATED, WALKING, Attempt, SeatedWatch

# Where an exercise stands; what its output does, and how it leaves.
IDLE = 0  # off; `start`
COUNT_DOWN = 1  # off; when the seconds are over
WAIT = 2  # off, the cue was given; button, try or the end of the window
BURST = 3  # pulses; after the fall
REST = 4  # off; when the rest is over and nobody walks
SET_PAUSE = 5  # off; as REST
ON_HOLD = 6  # falls, then off; `resume`
OVER = 7  # off; `start`, for `ended_by` says how the last one ended
PHASE_NAMES = (
    "idle",
    "countdown",
    "your turn",
    "stimulation",
    "rest",
    "pause between sets",
    "paused",
    "over",
)

NOT_ENDED = 0
DONE = 1
STOPPED = 2
SEEN_WALKING = 3
NO_MOVEMENT = 4
NOT_ARMED = 5
PAUSED_LONG = 6
TOO_LONG = 7
CUT = 8
HELD_LONG = 9
NOT_HELPED = 10

ENDS = (
    "The exercise has not ended.",
    "The exercise is done. Look at the skin under the electrodes.",
    "The exercise was stopped. Start it again when the person sits and is ready.",
    "Steps were seen, so the exercise has ended: nobody walks in it. Sit down, then start it again; to walk with "
    "help, choose walking.",
    "No button and no movement came, several times on end. Rest; lower attempt_cdps, or let the device help anyway.",
    "The device is not armed for an exercise. Look at its fault, arm for an exercise, then start it again.",
    "The pause lasted 5 min. Start the exercise again.",
    "The exercise has run for 30 min. Look at the skin, rest, then start another one if it is meant.",
    "Another mode took over. Start the exercise again when it is in charge.",
    "For 10 s the foot did not come to rest, or its sensor did not answer. Let the foot rest, look at the sensor, "
    "then start again.",
    "Two bursts on end gave no pulse. Look whether the level is 0 % and what the device says, then start again.",
)

PAUSED_MAX_US = 300_000_000  # assumed: whoever comes back later sits down and starts anew
RUN_MAX_S = 1_800  # exercise_plan.TOTAL_MAX_S; with missed cues a plan has no length of its own
UNHELPED_MAX = 2  # bursts on end; as for steps in `firmware_py.unhelped_steps`
HELD_MAX_US = 10_000_000  # assumed: how long a repetition waits for a foot at rest
COUNT_MAX = 0xFFFF


class Exercise:
    """Ask for the pulses of a plan. A scheduler of the control cycle.

    plan              stimulator.exercise_plan.ExercisePlan, checked here with `prescription`
    cycle_us          of the control cycle
    current_step_ua   of the device: nothing below one step is asked for
    supervisor        what says `state` and `mode`: armed for an exercise and nothing else. A burst counts
                      if it was STIMULATING in it
    is_foot           the IMU sits on the foot; only there can an own try be seen
    cues_out          stimulator.cues.Cues
    start(), stop(), pause(), resume(), button()   what people do; stop is zero now
    step(t_us, dt_us, state, sure)                 as `stimulator.walk.WalkScheduler`
    envelope    Bout;  phase  IDLE to OVER;  ended_by  index of ENDS;  tone  TONE_* to be heard now
    set_number  1 to plan.sets;  done  repetitions of this set;  done_total, missed_total  of the exercise
    left_s()    seconds until this phase ends by itself
    Not tried: people. What a seated person does with the other leg is not seen.
    """

    def __init__(
        self, plan, prescription, cycle_us: int, current_step_ua: int, supervisor, is_foot, cues_out
    ):
        self.cycle_us: int = cycle_us
        self.envelope = Bout()
        self.count: int = 0
        self.phase: int = IDLE
        self.ended_by: int = NOT_ENDED
        self.tone: int = cues.TONE_NONE
        self.mode: int = EXERCISE
        self.set_number: int = 0
        self.done: int = 0
        self.done_total: int = 0
        self.missed_total: int = 0
        self._supervisor = supervisor
        self._step_ua: int = current_step_ua
        self._is_foot: bool = is_foot
        self._cues = cues_out
        self._watch = SeatedWatch(is_foot)
        self._attempt = Attempt()
        self._left_us: int = 0  # of this phase
        self._held_us: int = 0  # how long a repetition has waited for a foot at rest
        self._turn: int = 0  # whose burst it is, if they come in turn
        self._missed: int = 0  # on end
        self._unhelped: int = 0  # on end
        self._is_helped: bool = False  # the guard let a pulse of this burst through
        self._has_pressed: bool = False
        self._run_s: int = 0
        self._run_us: int = 0
        self.set(plan, prescription)

    def set(self, plan, prescription) -> None:
        """Take another plan over. ValueError while one runs, PrescriptionError if it must not be used."""
        if self.is_running():
            raise ValueError("An exercise runs; another plan is taken over after it. Stop it first.")
        checked(plan, prescription, self._step_ua)
        if plan.trigger == BY_ATTEMPT and not self._is_foot:
            raise ValueError(
                "trigger is 2 (own attempt); a sensor on the shank cannot see the foot lift. "
                "Put the sensor on the foot, or choose 0 (time) or 1 (button)."
            )
        self.plan = plan
        self.prescription = prescription
        self._pulses = ExercisePulses(plan, prescription, self.cycle_us, self._step_ua)
        self.requests = self._pulses.requests

    # What a person does ---------------------------------------------------------------------------

    def start(self) -> None:
        """Begin from the first set with the countdown; nothing if one runs. A deliberate act of a person."""
        if self.is_running():
            return
        self.ended_by = NOT_ENDED
        self.set_number = 1
        self.done = 0
        self.done_total = 0
        self.missed_total = 0
        self._missed = 0
        self._unhelped = 0
        self._turn = 0
        self._run_s = 0
        self._run_us = 0
        self._watch.restart()
        self.tone = cues.TONE_EXERCISE
        self._count_down()

    def stop(self) -> None:
        """Zero now, and over."""
        if self.is_running():
            self._end(STOPPED)

    def pause(self, is_heard: bool = True) -> None:
        """The wearer wants a rest: the running burst falls and is repeated later. `is_heard`: with its cue."""
        if self.is_running() and self.phase != ON_HOLD:
            self.envelope.fall()
            self._watch.expect(self.plan.fall_ms * 1000 + EXPLAINED_US)
            self._enter(ON_HOLD, PAUSED_MAX_US)
            if is_heard:
                self._cues.give(cues.PAUSED)

    def resume(self, is_heard: bool = True) -> None:
        """Go on, after the countdown, with the burst that was left out; nothing while that one still falls."""
        if self.phase == ON_HOLD and self.envelope.state == OFF:
            if is_heard:
                self._cues.give(cues.RESUMED)
            self._count_down()

    def button(self) -> None:
        """The hand button goes down. Between cues it means nothing."""
        self._has_pressed = self.phase == WAIT

    def cut(self) -> None:
        """Another mode is or was in charge: nothing more until a new start."""
        self.count = 0
        if self.is_running():
            self._end(CUT)

    # What an app shows ----------------------------------------------------------------------------

    def is_running(self) -> bool:
        """Whether it was started and is not over."""
        return self.phase != IDLE and self.phase != OVER

    def left_s(self) -> int:
        """Return how many seconds this phase still lasts by itself, rounded up; 0 where nothing runs."""
        return (self._left_us + 999_999) // 1_000_000

    # Time -----------------------------------------------------------------------------------------

    def step(self, t_us: int, dt_us: int, state, sure: bool) -> int:
        """Fill `requests` for this cycle; return how many."""
        self.count = 0
        if not self.is_running():
            return 0
        sup = self._supervisor
        if sup.mode != EXERCISE or not ARMED <= sup.state <= PAUSED:
            self._end(NOT_ARMED)
            return 0
        if sup.state == PAUSED:
            self.pause()
        elif sup.state == STIMULATING:
            self._is_helped = True
        if dt_us > PAUSE_US:  # for the gate this burst is over; the next one begins from zero
            self.envelope.cut()
        dt_us = max(0, min(dt_us, 100_000))
        self._count_run(dt_us)
        is_strict = self.phase == WAIT or self.phase == BURST or self.phase == REST
        seen = self._watch.step(dt_us, state, sure, is_strict)
        if seen == WALKING:
            self._end(SEEN_WALKING)
        elif self._run_s >= RUN_MAX_S:
            self._end(TOO_LONG)
        else:
            self._move(dt_us, state, sure, seen == SEATED)
        if self.envelope.state != OFF:
            only = self._turn if self.plan.order == IN_TURN else ALL
            self.count = self._pulses.step(t_us, self.envelope.level, only)
        return self.count

    def _count_run(self, dt_us: int) -> None:
        self._run_us += dt_us
        if self._run_us >= 1_000_000:
            self._run_us -= 1_000_000
            self._run_s += 1

    def _move(self, dt_us: int, state, sure: bool, is_seated: bool) -> None:
        before_s = self.left_s()
        self._left_us = max(0, self._left_us - dt_us)
        phase = self.phase
        shape = self.envelope.state
        self.envelope.step(dt_us)
        if shape == HOLD and self.envelope.state == FALL:
            self._watch.expect(self.plan.fall_ms * 1000 + EXPLAINED_US)
        if phase == COUNT_DOWN and self._left_us > 0 and self.left_s() != before_s:
            self._cues.give(cues.COUNTDOWN)
        if phase == BURST:
            if self.envelope.state == OFF:
                self._finish_burst()
        elif phase == WAIT:
            self._look_for_trigger(dt_us, state, sure, is_seated)
        elif self._left_us == 0:
            if phase == ON_HOLD:
                self._end(PAUSED_LONG)
            elif self._may_go_on(dt_us, is_seated):
                self._next()

    def _may_go_on(self, dt_us: int, is_seated: bool) -> bool:
        """Whether the next burst or cue may come; the wait for a foot at rest has an end."""
        self._held_us += dt_us
        if is_seated:
            return True
        if self._held_us > HELD_MAX_US:
            self._end(HELD_LONG)
        return False

    def _next(self) -> None:
        """The rest is over: a cue, or the burst itself."""
        if self._turn == 0 and self.plan.trigger != BY_TIME:
            window_us = self.plan.window_ms * 1000
            self._has_pressed = False
            self._attempt.begin(self.plan.attempt_cdps)
            self._cues.give(cues.YOUR_TURN)
            self._enter(WAIT, window_us)
        else:
            self._begin_burst()

    def _look_for_trigger(self, dt_us: int, state, sure: bool, is_seated: bool) -> None:
        if self.plan.trigger == BY_BUTTON:
            is_begun = self._has_pressed
        else:
            self._watch.expect(EXPLAINED_US)  # a try is a swing to the detector
            is_begun = self._attempt.step(dt_us, state.rate_cdps if sure else 0)
        if is_begun:
            self._missed = 0
        elif self._left_us > 0:
            return
        else:
            self.missed_total = min(self.missed_total + 1, COUNT_MAX)
            self._missed += 1
            self._cues.give(cues.MISSED)
            is_begun = self.plan.helps_anyway == 1
        if is_begun and is_seated:
            self._begin_burst()
        elif self._missed >= self.plan.missed_max and not self.plan.helps_anyway:
            self._end(NO_MOVEMENT)
        else:
            self._enter(REST, self.plan.off_ms * 1000)

    def _begin_burst(self) -> None:
        plan = self.plan
        self._pulses.restart()
        self._is_helped = False
        self.envelope.begin(plan.rise_ms, plan.on_ms, plan.fall_ms)
        self._watch.expect(plan.rise_ms * 1000 + EXPLAINED_US)
        if self._turn == 0:
            self._cues.give(cues.REPETITION)
        self._enter(BURST, (plan.rise_ms + plan.on_ms + plan.fall_ms) * 1000)

    def _finish_burst(self) -> None:
        """The burst is over. One that was cut by a late cycle counts; one that the guard held back does not."""
        plan = self.plan
        rest_us = plan.off_ms * 1000
        if not self._is_helped:
            self._unhelped += 1
            if self._unhelped >= UNHELPED_MAX:
                self._end(NOT_HELPED)
            else:
                self._enter(REST, rest_us)
            return
        self._unhelped = 0
        if plan.order == IN_TURN and self._turn + 1 < len(plan.channels):
            self._turn += 1
            self._enter(REST, rest_us)
            return
        self._turn = 0
        self.done += 1
        self.done_total = min(self.done_total + 1, COUNT_MAX)
        if self.done < plan.repetitions:
            self._enter(REST, rest_us)
        elif self.set_number < plan.sets:
            self._cues.give(cues.SET_DONE)
            self.set_number += 1
            self.done = 0
            self._enter(SET_PAUSE, plan.set_pause_s * 1_000_000)
        else:
            self._end(DONE)

    def _count_down(self) -> None:
        self._cues.give(cues.COUNTDOWN)
        self._enter(COUNT_DOWN, self.plan.countdown_s * 1_000_000)

    def _enter(self, phase: int, left_us: int) -> None:
        self.phase = phase
        self._left_us = left_us
        self._held_us = 0

    def _end(self, why: int) -> None:
        """Over: zero in this step, and quiet."""
        self.envelope.cut()
        self.ended_by = why
        self.tone = cues.TONE_NONE
        self._enter(OVER, 0)
        self._cues.give(cues.ALL_DONE if why == DONE else cues.ENDED_EARLY)
