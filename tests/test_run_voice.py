"""A terminal that takes nothing (Ctrl-S, Scroll Lock, nobody reads) holds up neither the stop nor the guardian."""

import os
import re
import socket
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from firmware_py import messages
from firmware_py.messages import StatusFrame
from firmware_py.pi.guardian import process as guardian
from firmware_py.pi.guardian_launch import OperatorLink
from firmware_py.pi.run import voice
from firmware_py.pi.run.config import RunConfig
from firmware_py.pi.run.controller import Report
from firmware_py.pi.run.launch import Processes, _pipes
from firmware_py.pi.run.voice import LINES_MAX, STDERR, STDOUT, Voice, write_all
from firmware_py.pi.run.watch import Watch
from tests.guardian_frames import command, frame_bytes
from tests.house import REPO

SOON_S = 60  # never waited for in full


class Terminal:
    """Takes lines once it `may`."""

    def __init__(self, *, may=True):
        self.lines, self.may, self.has_begun = [], threading.Event(), threading.Event()
        if may:
            self.may.set()

    def write(self, text, fd):
        self.has_begun.set()
        self.may.wait(SOON_S)
        self.lines.append((text, fd))


def test_what_is_said_comes_in_its_order_and_to_words_or_errors():
    terminal = Terminal()
    say = Voice(terminal.write)
    say("one")
    say("two", STDERR)
    say("three")
    say.close()
    assert terminal.lines == [("one", STDOUT), ("two", STDERR), ("three", STDOUT)]


def test_a_terminal_that_takes_nothing_holds_nobody_up_and_what_was_left_out_is_said():
    terminal = Terminal(may=False)
    say = Voice(terminal.write)
    say("first")
    assert terminal.has_begun.wait(SOON_S)
    for n in range(LINES_MAX + 7):
        say(str(n))  # would wait for ever here
    terminal.may.set()
    say.close()
    say._thread.join(SOON_S)
    told = [text for text, _ in terminal.lines]
    assert told[0] == "first"
    assert told[1].startswith("(7 lines are left out here")
    assert told[2:] == [str(n) for n in range(7, LINES_MAX + 7)], "the oldest are"


def test_the_end_does_not_wait_for_ever_for_a_terminal_that_takes_nothing(monkeypatch):
    monkeypatch.setattr(voice, "END_S", 0.01)
    terminal = Terminal(may=False)
    say = Voice(terminal.write)
    say("last words")
    say.close()
    assert terminal.lines == []
    terminal.may.set()


def test_a_line_is_written_whole_and_a_terminal_that_is_gone_hears_nothing():
    read, write = os.pipe()
    write_all("21 Ω", write)
    assert os.read(read, 99).decode() == "21 Ω\n"
    os.close(read)
    write_all("nobody is there", write)
    os.close(write)


@pytest.mark.parametrize("typed", [b"\n", b"stop\n", b"ar\n"])
def test_enter_stops_while_the_terminal_takes_nothing(typed):
    terminal = Terminal(may=False)
    say = Voice(terminal.write)
    own, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    stdin, keys = os.pipe()
    processes: Any = SimpleNamespace(operator=OperatorLink(own, lambda: 5), orders=own, has_begun=True)
    processes.report = Report()
    processes.hear = lambda: processes.report
    processes.order, processes.dead, processes.battery_fd, processes.link = print, str, -1, None
    processes.hear_said = lambda: [("guardian: kept from running", STDERR)]
    check: Any = SimpleNamespace(hear=lambda status: None)
    mark: Any = SimpleNamespace(hear=lambda status: None, noticed=tuple, is_cut=False)
    processes.noticed = tuple
    watch = Watch(RunConfig(), processes, None, check, mark, say, is_by_hand=False)
    watch._person, watch._stdin = None, stdin
    for armed in (0, 1):  # each is news, and is said
        status = StatusFrame()
        status.armed = armed
        far.send(frame_bytes(status))
    watch.once()
    assert terminal.has_begun.wait(SOON_S), "it hangs in its first line"
    os.write(keys, typed)
    watch.once()
    assert far.recv(2048) == command(messages.STOP, 5)
    terminal.may.set()
    say.close()
    assert ("guardian: kept from running", STDERR) in terminal.lines
    for fd in (stdin, keys):
        os.close(fd)
    own.close()
    far.close()


def test_ctrl_d_at_a_terminal_stops():
    own, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    master, slave = os.openpty()
    said = []
    processes: Any = SimpleNamespace(operator=OperatorLink(own, lambda: 5), order=None, battery_fd=-1)
    check: Any = None
    mark: Any = SimpleNamespace(noticed=tuple)
    processes.noticed = tuple
    say: Any = said.append
    watch = Watch(RunConfig(), processes, None, check, mark, say, is_by_hand=False)
    watch._stdin, watch._is_terminal = slave, True
    os.write(master, b"\x04")
    watch._read_keyboard()
    assert far.recv(2048) == command(messages.STOP, 5)
    assert "Ctrl-D" in said[0]
    watch._stdin = 10**6  # a terminal that is gone
    watch._read_keyboard()
    assert far.recv(2048) == command(messages.STOP, 5)
    assert watch._stdin == -1
    for one in (master, slave):
        os.close(one)
    own.close()
    far.close()


# The guardian ----------------------------------------------------------------------------------------


def test_the_guardian_drops_what_its_pipe_does_not_take_and_what_nobody_can_hear():
    heard, (words, errors) = _pipes()
    for _ in range(5_000):
        guardian.say(guardian.LATE_SENTENCE, errors)  # would wait for ever here
    guardian.say("Memory is locked.", words)
    processes = Processes.__new__(Processes)
    processes.said = heard
    told = list(processes.hear_said())
    assert ("guardian: Memory is locked.", STDOUT) in told
    assert told[-1][1] == STDERR
    assert guardian.LATE_SENTENCE in told[-1][0]
    os.close(words)
    os.close(errors)
    assert list(processes.hear_said()) == []
    assert processes.said == [], "both have ended"
    read, write = os.pipe()
    os.close(read)
    guardian.say("nobody is there", write)
    os.close(write)


def test_nothing_in_the_running_parent_or_in_the_guardian_writes_to_a_terminal_by_itself():
    run = REPO / "firmware_py/pi/run"
    parents = [
        run / f"{name}.py"
        for name in ("alarm", "card", "checked", "console", "launch", "link_launch", "mark", "watch")
    ]
    found = [
        path.name
        for path in (*parents, *guardians())
        if re.search(r"\bprint\(|\bsys\.std(out|err)", path.read_text())
    ]
    assert found == []
    running = (run / "job.py").read_text().partition("def _run(")[2]
    assert running
    assert "print(" not in running


def guardians() -> list[Path]:
    found = sorted((REPO / "firmware_py/pi/guardian").glob("*.py"))
    assert len(found) > 5
    return found
