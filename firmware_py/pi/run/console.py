"""The keyboard of `./swingphase run`: acknowledge, test, arm, stop. And the person who does so in a simulation."""

from collections.abc import Callable

from firmware_py import acts, messages
from firmware_py.messages import StatusFrame
from firmware_py.pi import words
from firmware_py.pi.run.controller import Report
from firmware_py.pi.run.orders import EXERCISE, TEST, WALK, order
from safety import faults, supervisor
from stimulator.exercise import ENDS, IDLE, OVER, PHASE_NAMES
from stimulator.parameters import CHANNEL_NAMES

ASK_EVERY_US = 200_000
ASK_MAX_US = 3_000_000  # after a stop the stimulator takes a moment
BEAT_EVERY_US = 200_000
TEST_US = 1_800_000  # R11 ends a burst at 2 s
NOW = -1
HELP = f"""Enter alone   stop; so does `stop`, and whatever is no command
ack           the contraindications were read and acknowledged, for this wearer
test CHANNEL  one test burst of 2 s ({" or ".join(CHANNEL_NAMES)})
checked       the right leg moved, and as it should, in a test burst of each channel
arm           stimulate while walking, from now on
arm anyway    although the sensor cannot be right; the log keeps it
worn          the sensor was put on anew: disarms, and finds out again how it sits
pause, resume, disarm
clear         the cause of a fault was mended
exercise      arm for the exercise of the configuration, and begin it (the person sits)
button        the hand button of a triggered exercise;  end  ends the exercise
key KEY       the wearer's key (up, down, pause, mute); `key KEY long` holds it, which frees locked keys
pair          a laptop may pair for a minute, by the number that is shown here
quit
help          this list, and nothing else"""
NO_EXERCISE = (
    "No exercise came into charge. Name a plan by exercise in [files], or wait for the end of the step."
)
PAIRING = "The pairing window is open for a minute; the passkey is shown here."
NO_LINK = "There is no link. Set enabled in [link] of the configuration to true, then start again."
KEYS = ("up", "down", "pause", "mute")  # in the order of `stimulator.wearer`
TAP_US, LONG_US = 100_000, 2_200_000
PLAIN = {
    "ack": messages.ACKNOWLEDGE,
    "checked": messages.CHANNELS_CHECKED,
    "pause": messages.PAUSE,
    "resume": messages.RESUME,
    "disarm": messages.DISARM,
    "clear": messages.CLEAR,
}
ARMED_BY = {messages.ARM: 1, messages.ARM_TEST: 2, messages.ARM_EXERCISE: 3}
ARMED_FOR = {0: "not armed", 1: "ARMED for walking", 2: "ARMED for a test", 3: "ARMED for exercise"}


class Console:
    """Turn lines into commands and orders; `step` keeps on what takes time.

    send     gives the guardian a command that a person has asked for since then, us, -1: now
    order    gives the controller one
    say      shows a sentence;  doubt   returns what cannot be right about the sensor, "" if nothing
    in_charge   returns who asks for pulses (`orders.WALK` ...): the guardian is armed only once it is the right one, as
             a step that still ends must not stimulate in a test
    pair     opens the pairing window of the link; False if there is none
    """

    def __init__(
        self,
        send: Callable[[int, int], None],
        order_: Callable[[bytes], None],
        say: Callable[[str], None],
        doubt: Callable[[], str],
        in_charge: Callable[[], int],
        pair: Callable[[], bool] = lambda: False,
    ) -> None:
        self._send, self._order, self._say, self._doubt = send, order_, say, doubt
        self._in_charge, self._pair = in_charge, pair
        self.wants_to_end = False
        self._wish = 0  # messages.ARM or ARM_TEST, while it is being asked for
        self._wish_until_us = -1  # -1: asked for since the last step
        self._ask_us = 0
        self._channel = -1  # of the burst that is wished for or runs
        self._burst_until_us = self._beat_us = -1
        self._key, self._key_us = -1, 0  # of the wearer, that is down, and until when; below 0: for so long

    def take(self, line: str) -> None:
        """Do what a line says."""
        typed = line.split()
        if not typed or line.strip().lower() == "stop":
            self._stop()
        elif typed == ["help"]:
            self._say(HELP)
        elif typed[0] == "quit":
            self._stop()
            self.wants_to_end = True
        elif typed[0] in PLAIN and len(typed) == 1:
            self._cancel()
            self._send(PLAIN[typed[0]], NOW)
        elif typed == ["exercise"]:
            self._cancel()
            self._order(order(acts.ACT_USE, EXERCISE))
            self._begin(messages.ARM_EXERCISE)
        elif typed == ["end"]:
            self._cancel()
            self._order(order(acts.ACT_END))
            self._send(messages.DISARM, NOW)
        elif typed == ["button"]:
            self._order(order(acts.ACT_BUTTON))
        elif typed[0] == "key" and len(typed) > 1 and typed[1] in KEYS and typed[2:] in ([], ["long"]):
            self._key_up()
            self._key, self._key_us = KEYS.index(typed[1]), -LONG_US if typed[2:] else -TAP_US
            self._order(order(acts.ACT_KEY_DOWN, self._key))
        elif typed == ["pair"]:
            self._say(PAIRING if self._pair() else NO_LINK)
        elif typed == ["worn"]:
            self._cancel()
            # Until it is known again how the sensor sits, nobody is helped by it.
            self._send(messages.DISARM, NOW)
            self._order(order(acts.ACT_MOUNTING))
        elif typed == ["arm"] and self._doubt():
            self._cancel()
            self._say(f"It did not arm: {self._doubt()} Then type worn. If you know better, type arm anyway.")
        elif typed in (["arm"], ["arm", "anyway"]):
            self._cancel()
            if self._doubt():
                self._order(order(acts.ACT_DOUBTED, 1))
            self._order(order(acts.ACT_USE, WALK))
            self._begin(messages.ARM)
        elif typed[0] == "test" and len(typed) == 2 and typed[1] in CHANNEL_NAMES:
            self._cancel()
            self._channel = CHANNEL_NAMES.index(typed[1])
            self._order(order(acts.ACT_USE, TEST))
            self._begin(messages.ARM_TEST)
        else:  # in a hurry somebody hits other keys before Enter, or writes what they want
            self._stop()
            self._say(f"{line.strip()!r} is no command, so it stopped. Commands:\n{HELP}")

    def step(self, now_us: int, status: StatusFrame) -> None:
        """Move on: ask again, hold the button, let go of it, and of the wearer's key."""
        if self._key_us < 0:
            self._key_us = now_us - self._key_us  # it was pressed since the last step
        elif now_us >= self._key_us:
            self._key_up()
        if self._wish:
            self._ask(now_us, status)
        elif self._burst_until_us >= 0:
            self._hold(now_us, status)

    def _stop(self) -> None:
        self._send(messages.STOP, NOW)
        self._cancel()

    def _key_up(self) -> None:
        if self._key >= 0:
            self._order(order(acts.ACT_KEY_UP, self._key))
        self._key = -1

    def _begin(self, wish: int) -> None:
        self._wish = wish
        self._wish_until_us = -1

    def _cancel(self) -> None:
        self._wish = 0
        if self._burst_until_us >= 0:
            self._let_go()
        self._channel = -1

    def _ask(self, now_us: int, status: StatusFrame) -> None:
        if self._wish_until_us < 0:
            self._wish_until_us, self._ask_us = now_us + ASK_MAX_US, now_us
        armed_for = ARMED_BY[self._wish]
        if status.armed == armed_for:
            if self._wish == messages.ARM_EXERCISE:
                self._order(order(acts.ACT_START))
            if self._wish == messages.ARM_TEST:
                self._burst_until_us = now_us + TEST_US
                self._beat_us = -1
            self._wish = 0
        elif now_us > self._wish_until_us:
            is_alone = self._wish == messages.ARM_EXERCISE and self._in_charge() != EXERCISE
            self._wish = 0
            self._say(NO_EXERCISE if is_alone else f"It did not arm: {why_not(status)}")
        elif now_us >= self._ask_us and self._in_charge() == armed_for - 1:
            self._ask_us = now_us + ASK_EVERY_US
            self._send(self._wish, self._wish_until_us - ASK_MAX_US)  # a stop since then ends it

    def _hold(self, now_us: int, status: StatusFrame) -> None:
        if now_us > self._burst_until_us or status.armed != 2:
            self._let_go()
            self._send(messages.DISARM, NOW)
        elif now_us >= self._beat_us:
            act = acts.ACT_HOLD if self._beat_us < 0 else acts.ACT_BEAT
            self._beat_us = now_us + BEAT_EVERY_US
            self._order(order(act, self._channel) if act == acts.ACT_HOLD else order(act))

    def _let_go(self) -> None:
        self._burst_until_us = -1
        self._order(order(acts.ACT_RELEASE))


class VirtualPerson:
    """Who stands at the keyboard in a simulation: acknowledges, arms, and after a fault clears it and arms again.

    armed_again   int, how often it had to be
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._has_acknowledged = False
        self._was_armed = False
        self._next_us = 0
        self.armed_again = 0

    def step(self, now_us: int, status: StatusFrame) -> None:
        """Look at the device, and do what is to be done."""
        if status.armed:
            self._was_armed = True
            return
        if now_us < self._next_us:
            return
        self._next_us = now_us + ASK_MAX_US
        if status.device_fault or status.state == supervisor.FAULT:
            self._console.take("clear")
            self._next_us = now_us + ASK_EVERY_US
        elif status.is_ready or status.state == supervisor.READY:
            if not self._has_acknowledged:
                self._console.take("ack")
                self._has_acknowledged = True
            self.armed_again += self._was_armed
            self._was_armed = False
            self._console.take("arm")
        else:
            self._next_us = now_us + ASK_EVERY_US


def why_not(status: StatusFrame) -> str:
    """Return in words how the guardian stands."""
    if status.fault != faults.NO_FAULT:
        return words.of_fault(status.fault).wearer
    if not status.is_ready:
        return "The stimulator is not ready. Check its power and cable."
    return f"{words.of_state(status.state)} {words.of_reason(status.disarmed_by)}"


def wearers(report: Report) -> str:
    """Return a line about the wearer's level and keys."""
    said = f"Wearer: level {report.level} %, keys {'locked' if report.is_locked else 'free'}"
    return said + (", paused" if report.is_paused else "") + (", muted" if report.is_muted else "") + "."


def exercises(report: Report) -> str:
    """Return a line about the exercise, "" before the first."""
    if report.exercise == IDLE:
        return ""
    return f"Exercise: {ENDS[report.exercise_ended_by] if report.exercise == OVER else PHASE_NAMES[report.exercise]}"


def standing(status: StatusFrame) -> str:
    """Return a line for a person each time something changes."""
    told = f"{ARMED_FOR[status.armed]}. {words.of_state(status.state)}"
    return f"{told} {words.of_fault(status.fault).wearer}" if status.fault != faults.NO_FAULT else told
