"""What the wearer presses, hears and feels, once in every control cycle, whatever mode is in charge."""

from stimulator.cues import NO_CUE, Speaker
from stimulator.exercise import ON_HOLD
from stimulator.wearer import Wearer


class Wearing:
    """Let the keys' time pass, pause an exercise with them, and pass on cue, tone and alarm.

    wearer    stimulator.wearer.Wearer
    cues      stimulator.cues.Cues, into which wearer and schedulers give
    signals   firmware_py.hal.Signals, or None: cues are dropped and nothing is heard
    guard     firmware_py.guard.Guard, or what mirrors its sound()
    take_exercise(exercise), drop_exercise(exercise)   the stimulator.exercise.Exercise of each leg: the keys pause
              whichever runs
    """

    def __init__(self, wearer: Wearer, cues, signals, guard) -> None:
        self.wearer = wearer
        self.cues = cues
        self._exercises = []
        self._has_paused = []  # each of them, and it has not gone on since
        self._guard = guard
        self._speaker = None if signals is None else Speaker(signals, cues)

    def take_exercise(self, exercise) -> None:
        """From now on the keys pause this one too."""
        self._exercises.append(exercise)
        self._has_paused.append(False)

    def drop_exercise(self, exercise) -> None:
        """It is not used any more; the other leg's stays."""
        self._has_paused.pop(self._exercises.index(exercise))
        self._exercises.remove(exercise)

    def step(self, dt_us: int, scheduler) -> None:
        """Let `dt_us` pass; `scheduler` is the one in charge."""
        self.wearer.step(dt_us)
        for index in range(len(self._exercises)):
            self._pause_exercise(index)
        if self._speaker is not None:
            self._speaker.step(self._guard.sound(), scheduler.tone, self.wearer.is_muted)
        else:
            while self.cues.take() != NO_CUE:
                pass

    def _pause_exercise(self, index: int) -> None:
        """The key has been heard already, so the exercise says nothing more."""
        exercise = self._exercises[index]
        if not exercise.is_running():
            self._has_paused[index] = False
        elif self.wearer.is_paused:
            if not self._has_paused[index]:
                self._has_paused[index] = True
                exercise.pause(is_heard=False)
        elif self._has_paused[index]:
            exercise.resume(is_heard=False)  # nothing while the burst still falls: asked again
            self._has_paused[index] = exercise.phase == ON_HOLD
