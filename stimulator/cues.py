"""What the wearer hears and feels, as numbers: short cues, and tones that last as long as a mode does.

The board turns them into beeps and vibration (`firmware_py.hal.Signals`). Alarms are not here: they come
from the guard, by their own way, and nothing in this file can silence them.
"""

# fmt: off
(
    NO_CUE, CLICK, LEVEL_CHANGED, LEVEL_HALF, LEVEL_ZERO, LEVEL_END, KEY_LOCKED, UNLOCKED, PAUSED, RESUMED,
    MUTED, UNMUTED, COUNTDOWN, YOUR_TURN, REPETITION, MISSED, SET_DONE, ALL_DONE, ENDED_EARLY,
) = range(19)
# fmt: on
CUE_NAMES = (
    "nothing",
    "one click: a step is helped",
    "short beep: the level has changed",
    "one more beep: the level is 50 %",
    "double beep: the level is 0 %",
    "low beep: the level cannot go further",
    "two low beeps: the keys are locked, hold one for 2 s",
    "rising beep: the keys are free",
    "falling beep: paused",
    "rising double beep: goes on",
    "one buzz: muted, cues are felt from now on",
    "one beep: cues are heard again",
    "one beep a second: it begins soon",
    "bright beep: now move, or press",
    "click: a repetition begins",
    "low beep: no movement was seen",
    "two beeps: a set is done",
    "three beeps: all sets are done",
    "long low beep: the exercise has ended early",
)

# Tones go on in from where the alarms of `safety.supervisor` end (SOUND_NONE 0, SOUND_HELD 1, SOUND_LOST 2).
TONE_NONE = 0
TONE_EXERCISE = 3  # repeats while an exercise runs, never muted: nobody should get up and walk in it
TONE_TEST = 4  # while a test burst runs

CUES_KEPT = 8  # more in one cycle than a person can tell apart: what is above is dropped


class Cues:
    """A few cues that wait for the one who plays them; the oldest comes out first.

    give(cue)       nothing happens if there is no room, or no such cue
    take() -> int   NO_CUE if none waits
    """

    def __init__(self) -> None:
        self._kept = [NO_CUE] * CUES_KEPT
        self._first: int = 0
        self._waiting: int = 0

    def give(self, cue: int) -> None:
        """Let `cue` wait its turn."""
        if self._waiting < CUES_KEPT and NO_CUE < cue < len(CUE_NAMES):
            self._kept[(self._first + self._waiting) % CUES_KEPT] = cue
            self._waiting += 1

    def take(self) -> int:
        """Return the oldest cue and forget it."""
        if self._waiting == 0:
            return NO_CUE
        cue = self._kept[self._first]
        self._first = (self._first + 1) % CUES_KEPT
        self._waiting -= 1
        return cue


class Speaker:
    """Say what is heard and felt now; the alarm of the guard comes before every tone of a mode.

    signals   firmware_py.hal.Signals;  cues  Cues
    step(alarm, tone, is_muted)
        alarm      SOUND_* of the guard;  tone  TONE_* of the mode in charge
        is_muted   cues are felt, not heard; alarms and tones are heard all the same
    """

    def __init__(self, signals, cues) -> None:
        self._signals = signals
        self._cues = cues
        self._tone: int = TONE_NONE

    def step(self, alarm: int, tone: int, is_muted: bool) -> None:
        """Pass on what has changed since the last step."""
        if alarm != TONE_NONE:
            tone = alarm
        if tone != self._tone:
            self._tone = tone
            self._signals.tone(tone)
        cue = self._cues.take()
        while cue != NO_CUE:
            if not is_muted:
                self._signals.beep(cue)
            self._signals.vibrate(cue)
            cue = self._cues.take()
