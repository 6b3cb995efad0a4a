"""What may come into charge of one leg, and what a person may change in it: walk, test burst, exercise, comparison.

The same wherever the guard runs: in line (`firmware_py.loop`), or in a process of its own, where `supervisor` mirrors
what it says (`firmware_py.compose_controller`). What not every device has (keys, exercises, comparisons) is imported
where it is built, so that a board without them does not load their code.
"""

from firmware_py.cycle import CYCLE_US
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


class Modes:
    """The schedulers of one leg, of which `cycle` has one in charge.

    walk, burst   schedulers; `walk` is in charge from the start
    check         watches every sample and judges the test bursts
    wearing       the wearer's keys, cues and tones, None before `wear`
    exercise      stimulator.exercise.Exercise, None before `prepare_exercise`
    exercising    the exercise under the wearer's level, as `cycle.use` takes it
    supervisor    what says `state` and `mode`;  sounding  what says `sound()`
    limits        the gate's, per channel, for as long as this leg's guard lives
    """

    def __init__(
        self, cycle, capability, *, supervisor, sounding, limits, burst, check, place, hears_other=False
    ) -> None:
        self.cycle = cycle
        self.capability = capability
        self.supervisor = supervisor
        self.limits = limits
        self.walk = self._plain_walk = cycle.scheduler
        self.burst = burst
        self.check = check
        self.wearing = None
        self.exercise = None
        self.exercising = None
        self._sounding = sounding
        self._place = place
        self._hears_other = hears_other  # the other heel

    def wear(self, wearer, cues, signals=None) -> None:
        """Let the wearer's level and pause govern the walk; before the first cycle.

        wearer    stimulator.wearer.Wearer;  cues  the stimulator.cues.Cues that it gives into
        signals   firmware_py.hal.Signals, or None
        """
        from firmware_py.wearing import Wearing
        from stimulator.wearer import WithLevel

        step_ua = self.capability.current_step_ua
        self.walk = WithLevel(self.walk, wearer, step_ua, cues, supervisor=self.supervisor)
        self.cycle.start_with(self.walk)
        self.wearing = Wearing(wearer, cues, signals, self._sounding)
        self.cycle.attend(self.wearing)

    def wear_keys(self, corridor, signals=None) -> None:
        """As `wear`, with a new wearer inside `corridor` (stimulator.wearer.Corridor)."""
        from stimulator.cues import Cues
        from stimulator.wearer import Wearer

        cues = Cues()
        self.wear(Wearer(corridor, cues), cues, signals)

    @property
    def wearer(self):
        """stimulator.wearer.Wearer, None before `wear`."""
        return None if self.wearing is None else self.wearing.wearer

    @property
    def in_charge(self) -> int:
        """Who asks now: supervisor.WALK, TEST or EXERCISE."""
        scheduler = self.cycle.scheduler
        if scheduler is self.burst:
            return TEST
        return EXERCISE if scheduler is self.exercising else WALK

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
            plan, self.walk.prescription, CYCLE_US, step_ua, self.supervisor, is_foot, cues
        )
        self.wearing.take_exercise(self.exercise)
        self.exercising = WithLevel(self.exercise, self.wearing.wearer, step_ua, cues, is_exercise=True)
        self.cycle.knows_exercise(self.exercising)

    def problems(self, prescription) -> list:
        """Return what forbids taking `prescription` over now, as sentences; empty if it may be.

        It must be valid, gentle (`safety.changes`) after the last helped step, and within what the guard was started
        with: more is a new profile.
        """
        found = self._forbidden(prescription)
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
        found = self._forbidden(other)
        if found:
            raise PrescriptionError(found)
        sup = self.supervisor
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

    def _forbidden(self, prescription) -> list:
        return profile_problems(prescription, self.capability, self.limits, self._hears_other)

    def _refit_exercise(self, prescription) -> None:
        """A plan that does not fit the new prescription must be loaded again before anybody arms for it."""
        if self.exercise is None or self.wearing is None:
            return
        try:
            self.exercise.set(self.exercise.plan, prescription)
        except PrescriptionError:
            self.wearing.drop_exercise(self.exercise)
            self.exercise = None
            self.exercising = None


def profile_problems(prescription, capability, limits, hears_other: bool) -> list:
    """Return why it is not valid, or more than the guard was started with (`limits`, per channel), as sentences."""
    found = problems(prescription, capability)
    if found:
        return found
    count = len(limits)
    if len(prescription.channels) != count:
        return [
            f"The prescription has {len(prescription.channels)} channels; this device was started with {count}. "
            "Send as many, or load it as a new profile."
        ]
    new = channel_limits(prescription, capability)
    for index in range(count):
        for name in LIMITS_OF_A_PROFILE:
            asked, allowed = getattr(new[index], name), getattr(limits[index], name)
            if asked > allowed:
                found.append(
                    f"channel {channel_name(index)}: {name} is {asked}; the guard was started with {allowed}. "
                    "Lower it, or stop and load the prescription as a new profile."
                )
    return found + start_problems(prescription, hears_other)


def start_problems(prescription, hears_other: bool) -> list:
    """Return what forbids the start of a step with these sensors, as sentences."""
    if prescription.start_at != AT_OTHER_CONTACT or hears_other:
        return []
    return [
        "start_at is 1 (contact of the other heel); without a switch under that heel allowed is 0. Choose 0, or fit "
        "the switch there and say so (switch_foot other)."
    ]
