"""How `./swingphase run` ends: the stimulation first, whatever else is slow, stuck or dead."""

import signal
import socket
from pathlib import Path

import pytest

from firmware_py import messages
from firmware_py.frames import FrameReader
from firmware_py.pi.guardian_launch import OperatorLink
from firmware_py.pi.run import job
from firmware_py.pi.run.launch import Processes


class Done:
    """What a part of the device would be told, in the order in which it is."""

    def __init__(self):
        self.told = []

    def part(self, name, **methods):
        """Return a part that notes the name of each method that is called; `methods`: what they do or return."""
        return Part(name, self.told, methods)


class Part:
    def __init__(self, name, told, methods):
        self._name, self._told, self._methods = name, told, methods

    def __getattr__(self, called):
        def call(*_):
            self._told.append(f"{self._name} {called}")
            does = self._methods.get(called)
            return does() if callable(does) else does

        return call


def processes_of(done, operator, **guardian_does):
    guardian = done.part("guardian", **guardian_does)
    guardian.process = guardian
    orders, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    orders.setblocking(False)
    far.close()
    parts = {name: done.part(name) for name in ("controller", "writer", "link")}
    return Processes(
        guardian=guardian, operator=operator, orders=orders, session=Path(), battery_fd=-1, **parts
    )


def kinds_in(sock):
    """Return the commands that wait in the guardian's end."""
    sock.setblocking(False)
    reader, found = FrameReader(), []
    try:
        while packet := sock.recv(2048):
            reader.reset()
            reader.feed(packet, 0, len(packet))
            while reader.next():
                found.append(reader.kind)
    except BlockingIOError:
        pass
    return found


@pytest.fixture
def operator():
    """The operator's end, and the guardian's."""
    own, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    yield OperatorLink(own, lambda: 0), far
    own.close()
    far.close()


def test_the_end_stops_then_ends_the_guardian_and_waits_for_nobody_before():
    done = Done()
    processes_of(done, done.part("operator")).close()
    order = [
        done.told.index(one) for one in ("operator send", "guardian terminate", "guardian wait", "link close")
    ]
    assert order == sorted(order), done.told
    assert done.told[0] == "operator send"
    before_the_guardian_ended = done.told[: order[2]]
    assert not any("wait" in one or "link" in one for one in before_the_guardian_ended), done.told
    assert done.told[-1] == "writer close", "the last row is of the last moment"


def test_what_is_sent_at_the_end_is_a_stop_and_a_guardian_that_is_gone_is_no_hindrance(operator):
    link, far = operator
    done = Done()
    processes_of(done, link).close()
    assert kinds_in(far) == [messages.STOP]
    far.close()
    processes_of(done, link, poll=-9).close()
    assert done.told.count("guardian terminate") == 1, "it was dead already"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_at_that_very_moment_whatever_the_parent_is_doing(operator, number):
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    link, far = operator
    try:
        stop = job.Stop()
        signal.raise_signal(number)
        assert stop.is_wanted, "nothing to stop yet"
        stop = job.Stop()
        stop.at_once = link
        signal.raise_signal(number)
        assert stop.is_wanted
        assert kinds_in(far) == [messages.STOP]
        far.close()
        signal.raise_signal(number)
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
