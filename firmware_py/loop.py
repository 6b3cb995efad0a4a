"""One leg's loop as people use it: arm, test, exercise, commit, compare. `firmware_py.compose` builds it.

What not every device has (keys, exercises, comparisons) is imported where it is built, so that a board without them
does not load their code.
"""

from firmware_py.cycle import CYCLE_US
from gait_detect.mounting_problems import OK, PROBLEMS
from safety.supervisor import ARMED, EXERCISE, PAUSED, TEST, WALK
from stimulator.envelope import OFF
from stimulator.parameters import AT_OTHER_CONTACT
from stimulator.prescription import (
    PrescriptionError,
    channel_limits,
    channel_name,
    problems,
)

LIMITS_OF_A_PROFILE = ("current_max_ua", "width_max_us", "charge_max_nc", "doublet")  # of the gate's


class Loop:
    """Everything that runs for one leg: `cycle` asks, `guard` decides and sends.

    walk, burst   schedulers; `walk` is in charge from the start
    check         watches every sample and judges the test bursts
    mounting      gait_detect.mounting.Mounting: `stage` says how much is known of how the sensor sits
    wearing       the wearer's keys, cues and tones, None before `wear`
    exercise      stimulator.exercise.Exercise, None before `prepare_exercise`
    arm_walk(), arm_test(), arm_exercise()   what a person asks for: who is in charge and how the guard is armed go
                  together
    log           takes every row of this loop, inputs and decisions
    about         what it was built from, for the head of its log: enough to build it again
    """

    def __init__(
        self, cycle, guard, capability, *, limits, burst, check, place, log, about, hears_other=False
    ) -> None:
        self.cycle = cycle
        self.guard = guard
        self.capability = capability
        self.limits = limits  # the gate's, per channel, for as long as this loop lives
        self.walk = self._plain_walk = cycle.scheduler
        self.burst = burst
        self.check = check
        self.mounting = cycle.detector.mounting
        self.log = log
        self.about = about
        self.wearing = None
        self.exercise = None
        self._place = place
        self._hears_other = hears_other  # the other heel
        self._exercising = None  # the exercise under the wearer's level

    def mounting_sentence(self) -> str:
        """Say in words what cannot be right about the sensor, "" if nothing is: then walking may be armed."""
        return "" if self.mounting.problem == OK else PROBLEMS[self.mounting.problem]

    def restart_mounting(self) -> None:
        """A person has put the sensor on anew: find out again how it sits. Disarm first."""
        self.cycle.restart_mounting()

    def wear(self, wearer, cues, signals=None) -> None:
        """Let the wearer's level and pause govern the walk from its next step on; before the first arm.

        wearer    stimulator.wearer.Wearer;  cues  the stimulator.cues.Cues that it gives into
        signals   firmware_py.hal.Signals, or None
        """
        from firmware_py.wearing import Wearing
        from stimulator.wearer import WithLevel

        step_ua = self.capability.current_step_ua
        self.walk = WithLevel(self.walk, wearer, step_ua, cues, supervisor=self.guard.supervisor)
        self.cycle.use(self.walk)
        self.wearing = Wearing(wearer, cues, signals, self.guard)
        self.cycle.attend(self.wearing)

    def take_turns(self, turn: int, turns: int) -> None:
        """Share the stimulator with other legs; before the walk, as `WalkScheduler.take_turns`."""
        self._plain_walk.take_turns(turn, turns)

    def prepare_exercise(self, plan) -> None:
        """Load a plan (stimulator.exercise_plan), so that `arm_exercise` and `exercise.start` may follow.

        PrescriptionError if it must not run with this prescription. ValueError while one runs, for an own attempt
        with the sensor on the shank, and before `wear`: an exercise has keys and a tone of its own.
        """
        if self.wearing is None:
            raise ValueError("Nobody wears the keys yet, and an exercise needs them. Call wear first.")
        if self.exercise is not None:
            self.exercise.set(plan, self.walk.prescription)
            return
        from stimulator.exercise import Exercise
        from stimulator.wearer import WithLevel

        step_ua = self.capability.current_step_ua
        cues = self.wearing.cues
        is_foot = self._place == "foot"
        self.exercise = Exercise(
            plan, self.walk.prescription, CYCLE_US, step_ua, self.guard.supervisor, is_foot, cues
        )
        self.wearing.take_exercise(self.exercise)
        self._exercising = WithLevel(self.exercise, self.wearing.wearer, step_ua, cues, is_exercise=True)

    def arm_walk(self, accept_mounting: bool = False) -> bool:
        """Arm for walking; True if it is armed then. Never while armed for something else: disarm first.

        False also while something about the sensor cannot be right (`mounting_sentence`), as standing and the first
        steps have shown. `accept_mounting` is a person who knows better, by name and for this once; the log keeps it.
        """
        if self._is_armed_but_for(WALK):
            return False  # and the walk does not come into charge of that arm
        if self.mounting.problem != OK:
            self.cycle.doubted(1 if accept_mounting else 0)
            if not accept_mounting:
                return False
        self.cycle.use(self.walk)
        was_armed = self.guard.gate.armed
        is_armed = self.guard.arm()
        if is_armed and not was_armed:
            self.walk.restart()
        return is_armed

    def arm_exercise(self) -> bool:
        """Arm for exercises of a seated person; True if it is armed then, and `exercise.start()` may follow.

        False at first, as `arm_test`; and without a plan that fits the prescription (`prepare_exercise`).
        """
        if self._exercising is None or self._is_armed_but_for(EXERCISE):
            return False
        self.cycle.use(self._exercising)
        return self.cycle.scheduler is self._exercising and self.guard.arm(EXERCISE)

    def problems(self, prescription) -> list:
        """Return what forbids taking `prescription` over now, as sentences; empty if it may be.

        It must be valid, gentle (`safety.changes`) after the last helped step, and within what the guard was started
        with: more is a new profile.
        """
        found = self._profile_problems(prescription)
        return found if found else self._plain_walk.steep_changes(prescription)

    def commit(self, prescription) -> None:
        """Take a change over for walking, tests and exercises, between steps.

        PrescriptionError with `problems`. ValueError while a test burst or an exercise runs; while a comparison runs,
        unless it is no more than what runs: that ends the comparison.
        """
        found = self.problems(prescription)
        if found:
            raise PrescriptionError(found)
        if self.burst.envelope.state != OFF:
            raise ValueError("A test burst runs; a change is taken over after it. Let go first.")
        if self.exercise is not None and self.exercise.is_running():
            raise ValueError("An exercise runs; a change is taken over after it. Stop it first.")
        self.cycle.committed(prescription)
        self.walk.commit(prescription)
        self.burst.set(prescription)
        self._refit_exercise(prescription)

    def compare(self, other, strides: int, blocks: int) -> None:
        """Let what is committed (A) and `other` (B) take turns in this walk; it ends by itself with A.

        strides, blocks   stimulator.comparison.COMPARISON_PARAMETERS
        PrescriptionError unless B is valid and within what the guard was started with. ValueError if they do not
        compare, if one runs already, or while not armed for walking.
        """
        found = self._profile_problems(other)
        if found:
            raise PrescriptionError(found)
        sup = self.guard.supervisor
        if sup.mode != WALK or not ARMED <= sup.state <= PAUSED:
            raise ValueError("It is not armed for walking, so nothing can be compared. Arm, then compare.")
        walk = self._plain_walk
        if walk.comparison is not None:
            raise ValueError("Two prescriptions are compared already. End that first, or wait for its end.")
        if walk.is_waiting():
            raise ValueError("A change waits for the pause between two steps. Let a step pass, then compare.")
        from stimulator.comparison import Comparison

        comparison = Comparison(walk.prescription, other, strides, blocks, self.capability, sup)
        walk.compare(comparison)
        self.cycle.compare(comparison)

    def in_play(self) -> tuple:
        """Return the prescriptions that steps from here on may have without another commit."""
        return self._plain_walk.in_play()

    def end_comparison(self) -> None:
        """A person has seen enough: back to A, stride by stride."""
        if self._plain_walk.comparison is not None:
            self._plain_walk.comparison.end()

    def _profile_problems(self, prescription) -> list:
        """Return why it is not valid, or more than the guard was started with."""
        found = problems(prescription, self.capability)
        if found:
            return found
        count = len(self.limits)
        if len(prescription.channels) != count:
            return [
                f"The prescription has {len(prescription.channels)} channels; this device was started with {count}. "
                "Send as many, or load it as a new profile."
            ]
        new = channel_limits(prescription, self.capability)
        for index in range(count):
            for name in LIMITS_OF_A_PROFILE:
                asked, allowed = getattr(new[index], name), getattr(self.limits[index], name)
                if asked > allowed:
                    found.append(
                        f"channel {channel_name(index)}: {name} is {asked}; the guard was started with {allowed}. "
                        "Lower it, or stop and load the prescription as a new profile."
                    )
        return found + start_problems(prescription, self._hears_other)

    def _refit_exercise(self, prescription) -> None:
        """A plan that does not fit the new prescription must be loaded again before anybody arms for it."""
        if self.exercise is None or self.wearing is None:
            return
        try:
            self.exercise.set(self.exercise.plan, prescription)
        except PrescriptionError:
            self.wearing.drop_exercise(self.exercise)
            self.exercise = None
            self._exercising = None

    def _is_armed_but_for(self, mode: int) -> bool:
        sup = self.guard.supervisor
        return ARMED <= sup.state <= PAUSED and sup.mode != mode

    def arm_test(self) -> bool:
        """Arm for one test burst; True if it is armed then. Never while armed for something else: disarm first.

        False at first, while the stimulator wakes up or a step still ends: ask again in the next cycle, but
        not if `guard.ends` has changed since: somebody wants no stimulation.
        """
        if self._is_armed_but_for(TEST):
            return False  # the wearer may be walking, and would lose the help without a sound
        self.cycle.use(self.burst)
        return self.cycle.scheduler is self.burst and self.guard.arm(TEST)


def start_problems(prescription, hears_other: bool) -> list:
    """Return what forbids the start of a step with these sensors, as sentences."""
    if prescription.start_at != AT_OTHER_CONTACT or hears_other:
        return []
    return [
        "start_at is 1 (contact of the other heel); without a switch under that heel allowed is 0. Choose 0, or fit "
        "the switch there and say so (switch_foot other)."
    ]
