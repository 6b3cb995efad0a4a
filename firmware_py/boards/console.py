"""Words over USB: for a person with a terminal, and for `./swingphase board deploy`.

Ctrl-C and Ctrl-D do nothing while the loop runs: nobody stops a walk by opening a terminal. `leave` gives the
board back to MicroPython, and is refused while armed.
"""

import select
import sys

import micropython

from firmware_py import channel_check
from safety import supervisor

LINE_MAX = 40
STOP = b"stop"
CTRL_C = 3
NOBODY = -1
STATES = ("off", "self-test", "ready", "armed", "stimulating", "paused", "fault")
HELP = "state, acknowledge, test CHANNEL, confirm, arm, disarm, pause, resume, stop, clear, leave"


class UsbBytes:
    """What has been typed, byte by byte, without waiting and without allocation."""

    def __init__(self) -> None:
        micropython.kbd_intr(NOBODY)
        self._stdin = sys.stdin.buffer
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)
        self._one = bytearray(1)
        self._poll.ipoll(0)  # makes its tuple now  # pyright: ignore[reportAttributeAccessIssue]

    def take(self) -> int:
        """Return the next byte, -1 if there is none."""
        for _ in self._poll.ipoll(0):  # pyright: ignore[reportAttributeAccessIssue]
            if self._stdin.readinto(self._one) == 1:  # pyright: ignore[reportAttributeAccessIssue]
                return self._one[0]
        return NOBODY

    def leave(self) -> None:
        """Ctrl-C works again."""
        micropython.kbd_intr(CTRL_C)


class Console:
    """Collect lines; obey them when there is time.

    source           UsbBytes, or what stands for it;  say   called with each line of an answer
    hear()           in the cycle: take what has come; `stop` acts at its last letter, wherever it stands
    answer()         between cycles: obey a whole line; allocates
    wants_to_leave   True after `leave` was granted
    """

    def __init__(self, source, loop, person, name: str, say=print) -> None:
        self._source = source
        self._loop = loop
        self._person = person
        self._name = name
        self._say = say
        self._line = bytearray(LINE_MAX)
        self._n: int = 0
        self._is_whole: bool = False
        self._is_cut: bool = False  # the rest of a line whose beginning was not kept
        self._is_lost: bool = False  # a line began while another one waited
        self._stop_n: int = 0  # letters of STOP, just heard
        self.wants_to_leave: bool = False

    def hear(self) -> None:
        """Take what has come, at most a line. While a whole one waits, only `stop` is heard of what follows."""
        for _ in range(LINE_MAX):
            byte = self._source.take()
            if byte < 0:
                return
            is_end = byte == 13 or byte == 10
            if self._hears_stop(byte | 32):  # capitals too
                self._loop.guard.stop()
                self._person.forget_wish()
                self._n = 0  # what waits was asked for before it
                self._is_whole = self._is_cut = True
                self._is_lost = False
            elif self._is_whole or self._is_cut:
                self._is_lost = self._is_lost or not (self._is_cut or is_end)
                self._is_cut = not is_end
            elif is_end and self._n:
                self._is_whole = True
                return
            elif not is_end and self._n < LINE_MAX:
                self._line[self._n] = byte
                self._n += 1

    def answer(self) -> bool:
        """Obey a line that waits; True if there was one."""
        if self._person.is_new:
            self._person.is_new = False
            channel = self._person.channel
            self._say(
                "channel %d: %s" % (channel, channel_check.VERDICT_NAMES[self._person.verdicts[channel]])
            )
            return True
        if not self._is_whole:
            return False
        words = bytes(self._line[: self._n]).split()
        self._n = 0
        self._is_whole = False
        try:
            self._obey(words)
        except (ValueError, OSError) as e:
            self._say("no: " + str(e))
        if self._is_lost:
            self._is_lost = False
            self._say("no: the line after it came too soon. Type it again.")
        return True

    def _hears_stop(self, letter: int) -> bool:
        n = self._stop_n
        self._stop_n = n + 1 if letter == STOP[n] else 1 if letter == STOP[0] else 0
        if self._stop_n < len(STOP):
            return False
        self._stop_n = 0
        return True

    def _obey(self, words) -> None:
        if not words:  # a stop, which has acted
            self._say("ok")
            return
        word = words[0]
        guard = self._loop.guard
        person = self._person
        if word == b"state":
            self._say(self._state())
            return
        if word == b"leave":
            if guard.gate.armed or self._is_armed():
                raise ValueError("armed. Disarm or stop first.")
            self.wants_to_leave = True
        elif word == b"acknowledge":
            if self._is_armed():
                raise ValueError("armed. Disarm first: it is written to the flash.")
            person.acknowledge()
        elif word == b"test" and len(words) == 2:
            person.test(int(words[1]))
        elif word == b"confirm":
            person.confirm()
        elif word == b"arm":
            person.arm()
        elif word == b"disarm":
            guard.disarm()
        elif word == b"pause":
            guard.pause()
        elif word == b"resume":
            guard.resume()
        elif word == b"clear":
            guard.clear()
        else:
            raise ValueError("known are " + HELP)
        self._say("ok")

    def _is_armed(self) -> bool:
        return supervisor.ARMED <= self._loop.guard.supervisor.state <= supervisor.PAUSED

    def _state(self) -> str:
        """One short line, so that it never fills the USB buffer while armed."""
        sup = self._loop.guard.supervisor
        return "swingphase armed=%d state=%s fault=%d driver=%d sound=%d steps=%d build=%s" % (
            1 if self._is_armed() else 0,
            STATES[sup.state],
            sup.fault_id,
            self._loop.guard.driver.fault,
            self._loop.guard.sound(),
            self._loop.cycle.detector.state.steps,
            self._name,
        )
