"""One leg's loop as people use it: arm, test, exercise, commit, compare. `firmware_py.compose` builds it."""

from firmware_py.modes import Modes
from gait_detect.mounting_problems import OK, PROBLEMS
from safety.supervisor import ARMED, EXERCISE, PAUSED, TEST, WALK


class Loop(Modes):
    """Everything that runs for one leg: `cycle` asks, `guard` decides and sends.

    mounting      gait_detect.mounting.Mounting: `stage` says how much is known of how the sensor sits
    arm_walk(), arm_test(), arm_exercise()   what a person asks for: who is in charge and how the guard is armed go
                  together
    log           takes every row of this loop, inputs and decisions
    about         what it was built from, for the head of its log: enough to build it again
    """

    def __init__(
        self, cycle, guard, capability, *, limits, burst, check, place, log, about, hears_other=False
    ) -> None:
        super().__init__(
            cycle,
            capability,
            supervisor=guard.supervisor,
            sounding=guard,
            limits=limits,
            burst=burst,
            check=check,
            place=place,
            hears_other=hears_other,
        )
        self.guard = guard
        self.mounting = cycle.detector.mounting
        self.log = log
        self.about = about

    def mounting_sentence(self) -> str:
        """Say in words what cannot be right about the sensor, "" if nothing is: then walking may be armed."""
        return "" if self.mounting.problem == OK else PROBLEMS[self.mounting.problem]

    def restart_mounting(self) -> None:
        """A person has put the sensor on anew: find out again how it sits. Disarm first."""
        self.cycle.restart_mounting()

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
        if self.exercising is None or self._is_armed_but_for(EXERCISE):
            return False
        self.cycle.use(self.exercising)
        return self.cycle.scheduler is self.exercising and self.guard.arm(EXERCISE)

    def arm_test(self) -> bool:
        """Arm for one test burst; True if it is armed then. Never while armed for something else: disarm first.

        False at first, while the stimulator wakes up or a step still ends: ask again in the next cycle, but
        not if `guard.ends` has changed since: somebody wants no stimulation.
        """
        if self._is_armed_but_for(TEST):
            return False  # the wearer may be walking, and would lose the help without a sound
        self.cycle.use(self.burst)
        return self.cycle.scheduler is self.burst and self.guard.arm(TEST)

    def _is_armed_but_for(self, mode: int) -> bool:
        sup = self.guard.supervisor
        return ARMED <= sup.state <= PAUSED and sup.mode != mode
