"""The parent's part while the device runs: keyboard, what the guardian says, who has died, the battery."""

import contextlib
import os
import select
import sys

from firmware_py import messages
from firmware_py.messages import StatusFrame
from firmware_py.pi import words
from firmware_py.pi.battery import UNKNOWN, Battery
from firmware_py.pi.guardian.ports import monotonic_us
from firmware_py.pi.run.body import Body
from firmware_py.pi.run.checked import Check
from firmware_py.pi.run.config import RunConfig
from firmware_py.pi.run.console import HELP, NOW, Console, VirtualPerson, exercises, standing, wearers
from firmware_py.pi.run.launch import Processes
from firmware_py.pi.run.link import BATTERY, PAIR
from firmware_py.pi.run.mark import Mark
from firmware_py.pi.run.voice import Voice
from gait_detect import mounting_problems
from safety.supervisor import SOUND_LOST

LOOK_S = 0.1
BATTERY_EVERY_US = 10_000_000
FOR_TEST = 2
SILENT = "The battery's gauge says nothing any more: a low battery will not be announced. Look at its board and cable."


class Watch:
    """Looks after the processes and the keyboard, `once` after `once`, and waits for none of them."""

    def __init__(
        self,
        config: RunConfig,
        processes: Processes,
        body: Body | None,
        check: Check,
        mark: Mark,
        say: Voice,
        *,
        is_by_hand: bool,
    ) -> None:
        """say: never waits. is_by_hand: a person is at the keyboard; else a simulated one."""
        self._processes, self._body, self._say = processes, body, say
        self._check, self._mark = check, mark
        self._console = Console(self._send, processes.order, say, self._doubt, self._in_charge, self._pair)
        self._person = None if is_by_hand else VirtualPerson(self._console)
        has_keyboard = is_by_hand and sys.stdin is not None and (body is not None or sys.stdin.isatty())
        self._stdin = 0 if has_keyboard else -1
        self._is_terminal = has_keyboard and os.isatty(0)
        self._battery = Battery(config.supply.battery) if processes.battery_fd >= 0 else None
        self._battery_us, self._is_battery_silent = 0, False
        self._told = self._wearer = self._exercise = ""
        self._warned = 0  # of what was warned and still is
        self.problem = ""
        self.was_touched = False  # at the end
        if self._stdin >= 0:
            say(HELP)

    @property
    def wants_to_end(self) -> bool:
        """Whether a person does."""
        return self._console.wants_to_end

    @property
    def armed_again(self) -> int:
        """How often the simulated person had to arm again."""
        return self._person.armed_again if self._person is not None else 0

    def pass_on(self) -> None:
        """Say what guardian and controller have said."""
        for text, to in self._processes.hear_said():
            self._say(text, to)

    def is_lost(self) -> bool:
        """Say whether somebody was being helped, or has just lost that help, by what was heard last."""
        status = self._processes.operator.status
        return bool(status.armed) or status.sound == SOUND_LOST

    def is_noticed(self, wait_s: float) -> bool:
        """Wait so long at most, at the end; return whether somebody has typed a line (then `was_touched`, too), or
        nothing sounds any more.
        """
        keyboard = [self._stdin] if self._stdin >= 0 else []
        self.pass_on()
        if list(self._processes.operator.hear()) and not self.is_lost():
            return True  # such as a test that was stopped
        if not select.select(keyboard, (), (), wait_s)[0]:
            return False
        self.was_touched = bool(self._read())
        return self.was_touched

    def once(self) -> None:
        """Wait for something to happen, LOOK_S at most, and take care of it."""
        processes = self._processes
        fds: list = [processes.operator.sock, processes.orders]
        if self._stdin >= 0 and processes.has_begun:
            fds.append(self._stdin)
        ready = select.select(fds, (), (), LOOK_S)[0]
        report = processes.hear()
        if processes.has_begun:
            self._show_wearer(wearers(report))
        self._show_exercise(exercises(processes.report))
        for status in processes.operator.hear():
            self._show(standing(status))
            self._warn(status.warnings)
            self._check.hear(status)
            self._mark.hear(status)
            if not self._mark.is_cut:
                processes.noticed()
        if self._stdin in ready:
            self._read_keyboard()
        self.pass_on()
        now_us, status = monotonic_us(), processes.operator.status  # after what was typed
        if processes.has_begun:  # armed before, the guard would miss its cycles
            if self._person is not None:
                self._person.step(now_us, status)
            self._console.step(now_us, status)
        self._tell_battery(now_us)
        self._look_after_link(status)
        dead = processes.dead()
        if dead:
            self.problem = (
                f"the {dead} has ended by itself; what it said stands above. Everything was stopped."
            )
        elif self._body is not None and self._body.is_dead():
            self.problem = "the simulated person has ended by itself; what it said stands above."

    def _look_after_link(self, status: StatusFrame) -> None:
        link = self._processes.link
        if link is not None and link.mend() and status.armed == FOR_TEST:
            self._send(messages.DISARM, NOW)  # whoever armed for a test over the radio is gone

    def _doubt(self) -> str:
        problem = self._processes.report.mounting
        return "" if problem == mounting_problems.OK else mounting_problems.PROBLEMS[problem]

    def _in_charge(self) -> int:
        return self._processes.report.in_charge

    def _pair(self) -> bool:
        link = self._processes.link
        if link is not None:
            link.tell(PAIR)
        return link is not None

    def _notice(self) -> None:
        """Somebody has touched a key."""
        self._mark.noticed()
        self._processes.noticed()

    def _send(self, kind: int, asked_us: int) -> None:
        with contextlib.suppress(OSError):
            self._processes.operator.send(kind, asked_us)

    def _read_keyboard(self) -> None:
        data = self._read()
        if not data and self._is_terminal:  # Ctrl-D, or it is gone: nobody can stop here any more
            self._send(messages.STOP, NOW)
            self._say("The keyboard has ended (Ctrl-D), so it stopped. Ctrl-C ends; then start again.")
        for line in data.decode(errors="replace").splitlines():
            self._console.take(line)
        if data:
            self._notice()

    def _read(self) -> bytes:
        """Return what was typed, b"" if nothing will be any more."""
        try:
            data = os.read(self._stdin, 4096)
        except OSError:
            data = b""
        if not data:
            self._stdin = -1
        return data

    def _show(self, line: str) -> None:
        if line != self._told:
            self._told = line
            self._say(line)

    def _warn(self, warnings: int) -> None:
        """Say what runs out, once; help goes on, and the line that changes with each step is no place for it."""
        for sentence in words.of_warnings(warnings & ~self._warned):
            self._say(sentence)
        self._warned = warnings

    def _show_wearer(self, line: str) -> None:
        if line != self._wearer:
            if self._wearer:  # not what it is at the start
                if line != self._wearer.replace("keys free", "keys locked"):  # they lock by themselves
                    self._notice()
                self._say(line)
            self._wearer = line

    def _show_exercise(self, line: str) -> None:
        if line != self._exercise:
            self._say(line)
            self._exercise = line

    def _tell_battery(self, now_us: int) -> None:
        if self._battery is None or now_us < self._battery_us:
            return
        self._battery_us = now_us + BATTERY_EVERY_US
        percent = self._battery.percent()
        if (percent == UNKNOWN) != self._is_battery_silent:
            self._is_battery_silent = percent == UNKNOWN
            self._say(SILENT if self._is_battery_silent else "The battery's gauge answers again.")
        if self._processes.link is not None:
            self._processes.link.tell(BATTERY + bytes((percent,)))
        if percent != UNKNOWN:  # for the guardian it is what it was: one that was low stays low
            with contextlib.suppress(OSError):
                os.write(self._processes.battery_fd, bytes((percent,)))
