"""The HAL's `Signals` on a board: a piezo on a PWM pin, a vibration motor and a light."""

from firmware_py.hal import Signals
from safety import supervisor
from safety.clock import Age
from stimulator import cues

LOUD = 32_768  # duty of 65536: the loudest a piezo gets
QUIET = 4_096
LOW_HZ, MID_HZ, HIGH_HZ = 800, 1_600, 2_400

# Tone -> frequency, duty, on ms, off ms. The alarms are the loudest and never pause for long.
TONES = (
    (supervisor.SOUND_HELD, MID_HZ, LOUD, 120, 380),
    (supervisor.SOUND_LOST, HIGH_HZ, LOUD, 250, 100),
    (cues.TONE_EXERCISE, LOW_HZ, QUIET, 120, 1_880),
    (cues.TONE_TEST, LOW_HZ, QUIET, 120, 380),
)
# Cue -> frequency, how many beeps, ms of each. Cues that are not here are one click.
BEEPS = (
    (cues.LEVEL_CHANGED, MID_HZ, 1, 60),
    (cues.LEVEL_HALF, MID_HZ, 2, 60),
    (cues.LEVEL_ZERO, LOW_HZ, 2, 60),
    (cues.LEVEL_END, LOW_HZ, 1, 250),
    (cues.KEY_LOCKED, LOW_HZ, 2, 250),
    (cues.UNLOCKED, HIGH_HZ, 1, 250),
    (cues.PAUSED, LOW_HZ, 1, 400),
    (cues.RESUMED, HIGH_HZ, 2, 60),
    (cues.ENDED_EARLY, LOW_HZ, 1, 900),
)
CLICK = (cues.CLICK, HIGH_HZ, 1, 20)
GAP_US = 90_000


class Sounds(Signals):
    """Sound the alarm or tone of the moment; cues are played over it, one at a time.

    pwm          machine.PWM of the piezo;  motor, light  machine.Pin as outputs, None if there is none
    step(dt_us)  once a cycle
    """

    def __init__(self, pwm, motor, light) -> None:
        self._pwm = pwm
        self._motor = motor
        self._light = light
        self._tone = None
        self._tone_age = Age()
        self._cue = CLICK
        self._cue_left: int = 0  # beeps
        self._cue_age = Age()
        self._felt_left: int = 0
        self._frequency: int = 0
        self._duty: int = -1

    def tone(self, number: int) -> None:
        """Sound this until told another."""
        self._tone = None
        for one in TONES:
            if one[0] == number:
                self._tone = one
        self._tone_age.restart()

    def beep(self, cue: int) -> None:
        """Play one cue over the tone."""
        self._cue = CLICK
        for one in BEEPS:
            if one[0] == cue:
                self._cue = one
        self._cue_left = self._cue[2]
        self._cue_age.restart()

    def vibrate(self, cue: int) -> None:
        """Let it be felt."""
        self._felt_left = 200_000

    def step(self, dt_us: int) -> None:
        """Move on; set the pins if anything changes."""
        self._tone_age.advance(dt_us)
        self._cue_age.advance(dt_us)
        self._felt_left = max(0, self._felt_left - dt_us)
        tone = self._tone
        frequency = 0
        duty = 0
        if tone is not None:
            period_us = (tone[3] + tone[4]) * 1000
            if self._tone_age.us >= period_us:
                self._tone_age.restart()
            if self._tone_age.us < tone[3] * 1000:
                frequency, duty = tone[1], tone[2]
        if self._cue_left > 0 and duty == 0:
            length_us = self._cue[3] * 1000
            if self._cue_age.us < length_us:
                frequency, duty = self._cue[1], QUIET
            elif self._cue_age.us >= length_us + GAP_US:
                self._cue_left -= 1
                self._cue_age.restart()
        self._set(frequency, duty)
        if self._motor is not None:
            self._motor.value(1 if self._felt_left > 0 else 0)

    def show(self, is_armed: bool) -> None:
        """Light while armed."""
        if self._light is not None:
            self._light.value(1 if is_armed else 0)

    def _set(self, frequency: int, duty: int) -> None:
        if duty and frequency != self._frequency:
            self._frequency = frequency
            self._pwm.freq(frequency)
        if duty != self._duty:
            self._duty = duty
            self._pwm.duty_u16(duty)
