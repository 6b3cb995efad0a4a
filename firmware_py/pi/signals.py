"""The HAL's `Signals` on a Pi: cues as pulses of a vibration motor and of a second, quiet beeper.

The loud beeper belongs to the guardian, which sounds alarms with the controller dead or not. Tones of a mode
(`stimulator.cues`, TONE_*) are slow beeps of the quiet one.
"""

from firmware_py.hal import Signals
from firmware_py.pi.gpio_port import Output
from stimulator import cues

SHORT_MS, LONG_MS, GAP_MS = 60, 250, 90
# Cue -> lengths of its beeps, ms. What rises or falls in pitch on a board with tones is longer or shorter here.
PATTERNS: dict[int, tuple[int, ...]] = {
    cues.CLICK: (20,),
    cues.LEVEL_CHANGED: (SHORT_MS,),
    cues.LEVEL_HALF: (SHORT_MS, SHORT_MS),
    cues.LEVEL_ZERO: (SHORT_MS, SHORT_MS, SHORT_MS),
    cues.LEVEL_END: (LONG_MS,),
    cues.KEY_LOCKED: (LONG_MS, LONG_MS),
    cues.UNLOCKED: (SHORT_MS, LONG_MS),
    cues.PAUSED: (LONG_MS, SHORT_MS),
    cues.RESUMED: (SHORT_MS, LONG_MS, SHORT_MS),
    cues.MUTED: (LONG_MS,),
    cues.UNMUTED: (SHORT_MS,),
    cues.COUNTDOWN: (SHORT_MS,),
    cues.YOUR_TURN: (LONG_MS, SHORT_MS, SHORT_MS),
    cues.REPETITION: (20,),
    cues.MISSED: (LONG_MS,),
    cues.SET_DONE: (LONG_MS, LONG_MS),
    cues.ALL_DONE: (LONG_MS, LONG_MS, LONG_MS),
    cues.ENDED_EARLY: (3 * LONG_MS,),
}
TONES = {cues.TONE_EXERCISE: (120_000, 1_880_000), cues.TONE_TEST: (120_000, 380_000)}  # on, off, us
TRAIN_MAX = 8  # cues that wait on one line: more is noise


class _Line:
    """One output with a train of pulses that waits its turn."""

    def __init__(self, output: Output | None) -> None:
        self._output = output
        self._train: list[tuple[int, bool]] = []  # (until us, on)
        self._is_on = False

    def play(self, now_us: int, lengths_ms: tuple[int, ...]) -> None:
        if len(self._train) > TRAIN_MAX * 4:
            return
        at_us = max(now_us, self._train[-1][0] if self._train else now_us)
        for length_ms in lengths_ms:
            self._train += [(at_us + length_ms * 1000, True), (at_us + (length_ms + GAP_MS) * 1000, False)]
            at_us += (length_ms + GAP_MS) * 1000

    def step(self, now_us: int, tone_on: bool) -> None:
        while self._train and self._train[0][0] <= now_us:
            self._train.pop(0)
        is_on = self._train[0][1] if self._train else tone_on
        if self._output is not None and is_on != self._is_on:
            self._output.set(is_on)
        self._is_on = is_on

    def close(self) -> None:
        if self._output is not None:
            self._output.close()


class PiSignals(Signals):
    """Beeper and vibration motor of the controller; either may be None. `step(now_us)` once a cycle."""

    def __init__(self, beeper: Output | None, motor: Output | None) -> None:
        self._beeper, self._motor = _Line(beeper), _Line(motor)
        self._tone = cues.TONE_NONE
        self._now_us = 0

    def tone(self, number: int) -> None:
        """Sound this until told another. The guard's own alarms are the guardian's to sound."""
        self._tone = number

    def beep(self, cue: int) -> None:
        """Play one cue."""
        self._beeper.play(self._now_us, PATTERNS.get(cue, ()))

    def vibrate(self, cue: int) -> None:
        """Let the same cue be felt."""
        self._motor.play(self._now_us, PATTERNS.get(cue, ()))

    def step(self, now_us: int) -> None:
        """Move to `now_us` (does not wrap)."""
        self._now_us = now_us
        on_us, off_us = TONES.get(self._tone, (0, 1))
        self._beeper.step(now_us, now_us % (on_us + off_us) < on_us)
        self._motor.step(now_us, False)

    def close(self) -> None:
        """Silence. Safe to call twice."""
        self._beeper.close()
        self._motor.close()
