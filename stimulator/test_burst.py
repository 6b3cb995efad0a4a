"""Test burst: one channel, while a person holds a button, so that everybody can see what it moves.

It rises from zero within a second, and is over at once when the button is let go, when the person's
heartbeat has been missing for 500 ms, when the guard is not armed for a test, and after 2 s. Then a
new press is needed: a button that sticks, or a message that is sent again, repeats nothing.
"""

from safety.clock import Age, after_us, elapsed_us
from safety.limits import CURRENT_ABS_UA, FIRST_MAX_NC, FIRST_MAX_UA, PAUSE_US
from safety.pulse import PulseRequest
from safety.supervisor import ARMED, STIMULATING, TEST
from stimulator.cues import TONE_NONE, TONE_TEST
from stimulator.envelope import LEVEL_FULL, OFF
from stimulator.waveform import recharge_of, shape_of

HELD = 1  # the button is down and the burst runs; the other state of a press is OFF

PRESS_MAX_US = 2_000_000  # R11; the supervisor ends a test burst at the same length
BEAT_MAX_US = 500_000  # beats come every 200 ms: two may be lost, and the output is off 600 ms after a cut
# From nothing to full. So slow that the strongest setting that may be prescribed (100 mA or 30 uC) at the
# lowest rate (15 Hz) rises by 6.7 mA and 2.0 uC from pulse to pulse: the gate has nothing to lower.
RISE_US = 1_000_000

NOT_ENDED = 0
RELEASED = 1
TIME_UP = 2
BEAT_LOST = 3
NOT_ARMED = 4
TWO_BUTTONS = 5
TOO_LATE = 6
CUT = 7

ENDS = (
    "The burst has not ended.",
    "The button was let go. Press again for another burst.",
    "A test burst lasts 2 s at most. Let go, then press again for another one.",
    "The heartbeat was missing for 500 ms. Check the connection, let go, then press again.",
    "The device is not armed for a test. Look at its fault, arm for a test, let go, then press again.",
    "Two channels were asked for at once. Let go of both, then press one.",
    "The control cycle came so late that the guard has ended the burst. Let go, then press again.",
    "Another mode took over. Let go, then press again when the test is on.",
)


class Press:
    """One press of the button, moved in small pieces of time; stands where walking has its `Envelope`.

    level      0 to LEVEL_FULL
    state      OFF or HELD
    is_spent   True until the button is let go: what ended does not begin again
    ended_by   why the last burst ended, index of ENDS
    presses    how many there have been, 0 to 2**20 - 1, then again from 0
    """

    def __init__(self, cycle_us: int) -> None:
        self.state: int = OFF
        self.level: int = 0
        self.is_spent: bool = False
        self.ended_by: int = NOT_ENDED
        self.presses: int = 0
        self._cycle_us: int = cycle_us  # a pulse may be due so much after its step
        self._age = Age()  # of the press
        self._beat = Age()  # since the last sign of life

    def begin(self) -> None:
        """The button goes down; nothing if it has not been up since the last burst."""
        if self.state == OFF and not self.is_spent:
            self.state = HELD
            self.presses = (self.presses + 1) & 0xFFFFF
            self.ended_by = NOT_ENDED
            self._age.restart()
            self._beat.restart()

    def release(self) -> None:
        """The button is up: the only way to a new press."""
        self.end(RELEASED)
        self.is_spent = False

    def beat(self) -> None:
        """The person, or the person's device, is still there."""
        if self.state == HELD:
            self._beat.restart()

    def end(self, why: int) -> None:
        """Zero now."""
        if self.state == HELD:
            self.state = OFF
            self.is_spent = True
            self.ended_by = why
            self.level = 0

    def step(self, dt_us: int) -> None:
        """Let `dt_us` pass. A press or beat that came since the last step counts as old as that step."""
        if self.state != HELD:
            return
        self._age.advance(dt_us)
        self._beat.advance(dt_us)
        if self._age.us > PRESS_MAX_US - self._cycle_us:
            self.end(TIME_UP)
        elif self._beat.us > BEAT_MAX_US - self._cycle_us:
            self.end(BEAT_LOST)
        else:
            self.level = min(LEVEL_FULL, self._age.us // (RISE_US // LEVEL_FULL))


class TestBurst:
    """Ask for pulses on one channel while its button is held. A scheduler of the control cycle.

    prescription      its currents, widths, rates and waveforms; the current rises, whatever the walk controls, and
                      times and windows of walking and doublets do not count
    cycle_us          of the control cycle
    current_step_ua   of the device: nothing below one step is asked for
    supervisor        safety.supervisor.Supervisor, or what mirrors its `state` and `mode`
    hold(channel, current_max_ua), release(), beat()   what the person does; hold counts as the first beat
    step(t_us, dt_us, state, sure)   as `stimulator.walk.WalkScheduler`; a person watches, so gait and
                                     sensors do not count. The control cycle numbers the requests.
    envelope          Press;  channel  of the last press;  tone  TONE_* to be heard now
    """

    def __init__(self, prescription, cycle_us: int, current_step_ua: int, supervisor) -> None:
        self.prescription = prescription
        self.cycle_us: int = cycle_us
        self.envelope = Press(cycle_us)
        self.mode: int = TEST
        self.channel: int = 0
        self.count: int = 0
        self.requests = (PulseRequest(),)
        self._supervisor = supervisor
        self._step_ua: int = current_step_ua
        self._full_ua: int = 0
        self._least_ua: int = current_step_ua  # less is no pulse with this waveform
        self._is_odd: bool = False
        self._period_us: int = 0
        self._due_us: int = -1  # clock reading of the next pulse, -1 before the first step of a press
        self._has_asked: bool = False  # in this press
        self._since_asked = Age()

    @property
    def tone(self) -> int:
        """What is heard now."""
        return TONE_TEST if self.envelope.state == HELD else TONE_NONE

    def set(self, prescription) -> None:
        """Take `prescription` over. ValueError while the button is held."""
        if self.envelope.state != OFF:
            raise ValueError("A test burst runs; a new prescription is taken over after it. Let go first.")
        self.prescription = prescription

    def hold(self, channel: int, current_max_ua: int = CURRENT_ABS_UA) -> None:
        """The button of `channel` is down. Hearing this again changes nothing; for another channel it ends.

        current_max_ua   test with less than prescribed; more is never asked for. ValueError if there is no
                         such channel.
        """
        count = len(self.prescription.channels)
        if not 0 <= channel < count:
            self.envelope.end(TWO_BUTTONS)
            raise ValueError(
                f"channel is {channel}; the prescription has 0 to {count - 1}. Name one of these."
            )
        if self.envelope.state == HELD:
            if channel != self.channel:
                self.envelope.end(TWO_BUTTONS)
            return
        setting = self.prescription.channels[channel]
        self.channel = channel
        self._full_ua = min(setting.current_ua, current_max_ua)
        self._least_ua = self._step_ua * recharge_of(setting.waveform)
        self._period_us = 1_000_000 // setting.rate_hz
        self._due_us = -1
        self._has_asked = False
        self.envelope.begin()

    def release(self) -> None:
        """The button is up."""
        self.envelope.release()

    def beat(self) -> None:
        """The person is still there; expected every 200 ms."""
        self.envelope.beat()

    def cut(self) -> None:
        """Nothing more is asked for until a new press."""
        self.envelope.end(CUT)
        self.count = 0

    def step(self, t_us: int, dt_us: int, state, sure: bool) -> int:
        """Fill `requests` for this cycle; return how many, 0 or 1."""
        press = self.envelope
        self.count = 0
        self._since_asked.advance(dt_us)
        press.step(dt_us)
        if press.state == HELD:
            sup = self._supervisor
            if sup.mode == TEST and (sup.state == ARMED or sup.state == STIMULATING):
                self._ask(t_us)
            else:
                press.end(NOT_ARMED)
        return self.count

    def _ask(self, t_us: int) -> None:
        if self._due_us < 0:
            self._due_us = t_us
        wait_us = elapsed_us(self._due_us, t_us)
        if wait_us < 0:  # a cycle came late: never catch up with a bunch of pulses
            self._due_us = t_us
            wait_us = 0
        if wait_us >= self.cycle_us:
            return
        due_us = self._due_us
        self._due_us = after_us(due_us, self._period_us)
        current_ua = self._full_ua * self.envelope.level // LEVEL_FULL
        if current_ua < self._least_ua:
            return
        setting = self.prescription.channels[self.channel]
        if not self._has_asked:
            current_ua = min(current_ua, FIRST_MAX_UA, FIRST_MAX_NC * 1000 // setting.width_us)
        elif self._since_asked.us + wait_us >= PAUSE_US:
            self.envelope.end(TOO_LATE)  # for the guard one burst is over, and a test has only one
            return
        self._has_asked = True
        self._since_asked.restart()
        request = self.requests[0]
        self.count = 1
        request.channel = self.channel
        request.fire_at_us = due_us
        request.current_ua = current_ua
        request.width_us = setting.width_us
        request.gap_us = setting.gap_us
        request.shape = shape_of(setting.waveform, self._is_odd)
        self._is_odd = not self._is_odd
