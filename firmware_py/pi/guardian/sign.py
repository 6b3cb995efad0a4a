"""What the wearer hears and sees of the guard: a beeper and a lamp on GPIO lines.

The patterns tell the sounds apart by ear: held is a short beep now and then, lost is half on, half off. The lamp
is on while armed, blinks while help is lost, and is off else.
"""

from firmware_py.pi.gpio_port import Output
from safety.supervisor import SOUND_HELD, SOUND_LOST, SOUND_NONE

# Sound -> (time on, time off), us, again and again. An active beeper: it needs no tone from us.
PATTERNS = {
    SOUND_NONE: (0, 1_000_000),
    SOUND_HELD: (80_000, 1_420_000),
    SOUND_LOST: (250_000, 250_000),
}


class GpioSign:
    """Beeper and lamp; either may be None. `step` moves the patterns, at every turn of the guardian's loop."""

    def __init__(self, beeper: Output | None, lamp: Output | None) -> None:
        self._beeper, self._lamp = beeper, lamp
        self._armed = False
        self._sound = SOUND_NONE
        self._since_us = 0
        self._beeps = self._shines = False

    def show(self, t_us: int, armed: bool, sound: int) -> None:
        """Change what is seen and heard, from now on: armed or not, and which sound of the supervisor."""
        self._armed = armed
        if sound != self._sound:
            self._sound = sound if sound in PATTERNS else SOUND_LOST
            self._since_us = t_us
        self.step(t_us)

    def step(self, now_us: int) -> None:
        """Move the pattern to `now_us` (same clock as `show`, does not wrap)."""
        on_us, off_us = PATTERNS[self._sound]
        beeps = (now_us - self._since_us) % (on_us + off_us) < on_us
        shines = self._armed or (beeps and self._sound == SOUND_LOST)
        if self._beeper is not None and beeps != self._beeps:
            self._beeper.set(beeps)
        if self._lamp is not None and shines != self._shines:
            self._lamp.set(shines)
        self._beeps, self._shines = beeps, shines

    def close(self) -> None:
        """Silence. Safe to call twice."""
        for one in (self._beeper, self._lamp):
            if one is not None:
                one.close()
