"""The loss of help is heard when `./swingphase run` ends and nobody ordered that."""

import os
import socket
from types import SimpleNamespace
from typing import Any

import pytest

from firmware_py.messages import StatusFrame
from firmware_py.pi.gpio_port import GpioError
from firmware_py.pi.guardian.sign import GpioSign
from firmware_py.pi.guardian_launch import OperatorLink
from firmware_py.pi.run import alarm, card, job, launch
from firmware_py.pi.run.alarm import ALARM_US, open_sign, sound_loss
from firmware_py.pi.run.config import RunConfig
from firmware_py.pi.run.service import UNIT_TEXT
from firmware_py.pi.run.watch import Watch
from safety.supervisor import SOUND_HELD, SOUND_LOST, SOUND_NONE
from tests.guardian_frames import frame_bytes


class Output:
    def __init__(self):
        self.on_s, self.is_closed, self.changes = 0.0, False, []

    def set(self, is_on):
        self.changes.append(is_on)

    def close(self):
        self.is_closed = True


class End:
    """An end under way: a clock that waiting moves, a guardian that dies, somebody who types."""

    def __init__(self, *, dies_s=1e9, types_s=1e9, sign=None):
        self.s, self.dies_s, self.types_s = 0.0, dies_s, types_s
        self.sign, self.opened_s = sign, []

    def heard(self):
        return sound_loss(lambda: self.s < self.dies_s, self.wait, self.open, lambda: round(self.s * 1e6))

    def wait(self, wait_s):
        self.s += wait_s
        return self.s >= self.types_s

    def open(self):
        self.opened_s.append(self.s)
        return self.sign


def test_a_guardian_that_lives_is_left_to_sound_for_eight_seconds_or_until_somebody_has_noticed():
    end = End()
    assert not end.heard()
    assert 7.9 < end.s < 8.2
    assert end.opened_s == [], "it has the beeper"
    end = End(types_s=3.0)
    assert end.heard()
    assert 3.0 <= end.s < 3.2


def test_the_parent_sounds_for_a_guardian_that_is_dead_or_dies_meanwhile():
    for dies_s in (0.0, 2.0):
        beeper, lamp = Output(), Output()
        end = End(dies_s=dies_s, sign=GpioSign(beeper, lamp))
        assert not end.heard()
        assert len(end.opened_s) == 1
        assert dies_s <= end.opened_s[0] < dies_s + 0.2
        assert 7.9 < end.s < 8.2
        assert beeper.changes.count(True) >= 2 * (8 - dies_s) - 1, "twice a second"
        assert lamp.changes == beeper.changes
        assert beeper.is_closed


def test_without_guardian_and_without_beeper_nothing_is_waited_for():
    end = End(dies_s=0.0)
    assert not end.heard()
    assert end.s == 0.0


def test_a_beeper_is_closed_also_when_somebody_has_noticed():
    beeper = Output()
    assert End(dies_s=0.0, types_s=1.0, sign=GpioSign(beeper, None)).heard()
    assert beeper.is_closed


def test_the_parents_beeper_is_the_guardians_and_one_that_cannot_be_had_is_said(monkeypatch):
    opened, said = [], []

    def open_output(chip, line, what):
        if what == "beeper":
            raise GpioError(16, "Line 22 is busy.")
        opened.append((chip, line, what))
        return Output()

    monkeypatch.setattr(alarm, "open_output", open_output)
    config = RunConfig.model_validate({"lines": {"beeper": "22", "lamp": "23"}})
    assert open_sign(config, said.append) is not None
    assert opened == [("/dev/gpiochip0", 23, "lamp")]
    assert said == ["Line 22 is busy."]
    config = RunConfig.model_validate({"lines": {"beeper": "22", "lamp": ""}})
    assert open_sign(config, said.append) is None


# What is a loss, and who has noticed it --------------------------------------------------------------


@pytest.mark.parametrize(
    ("ended", "problem", "signals", "is_ordered"),
    [
        ("as asked for at the keyboard.", "", "", True),
        ("after the time asked for.", "", "", True),
        ("by a signal (Ctrl-C).", "", "hand", True),
        ("by a signal (Ctrl-C).", "", "service", False),
        ("the controller has ended", "the controller has ended", "", False),
        ("the controller has ended", "the controller has ended", "hand", False),
        ("", "", "", False),
    ],
)
def test_only_an_end_at_the_keyboard_is_ordered(ended, problem, signals, is_ordered):
    stop: Any = SimpleNamespace(is_wanted=bool(signals), is_by_hand=signals == "hand")
    assert job._is_ordered(ended, problem, stop) == is_ordered


@pytest.fixture
def watch():
    """A parent's watch beside a guardian whose end the test holds; `types` at its keyboard."""
    own, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    processes: Any = SimpleNamespace(
        operator=OperatorLink(own, lambda: 0), battery_fd=-1, order=None, link=None, hear_said=tuple
    )
    check: Any = None
    mark: Any = None
    say: Any = print
    found = Watch(RunConfig(), processes, None, check, mark, say, is_by_hand=False)
    found._stdin, keys = os.pipe()

    def tell(armed, sound):
        status = StatusFrame()
        status.armed, status.sound = armed, sound
        far.send(frame_bytes(status))

    yield SimpleNamespace(watch=found, tell=tell, types=lambda: os.write(keys, b"\n"))
    for fd in (found._stdin, keys):
        if fd >= 0:
            os.close(fd)
    own.close()
    far.close()


@pytest.mark.parametrize(
    ("armed", "sound", "is_lost"),
    [
        (0, SOUND_NONE, False),
        (0, SOUND_HELD, False),
        (1, SOUND_NONE, True),
        (0, SOUND_LOST, True),
        (3, 0, True),
    ],
)
def test_help_is_lost_for_whoever_was_armed_or_still_hears_that_it_was(watch, armed, sound, is_lost):
    watch.tell(armed, sound)
    assert list(watch.watch._processes.operator.hear())
    assert watch.watch.is_lost() == is_lost


def test_it_is_noticed_by_a_line_that_is_typed_or_when_nothing_sounds(watch):
    assert not watch.watch.is_noticed(0)
    watch.tell(0, SOUND_NONE)
    watch.tell(0, SOUND_LOST)
    assert not watch.watch.is_noticed(0), "the newest counts"
    watch.tell(0, SOUND_NONE)
    assert watch.watch.is_noticed(0)
    assert not watch.watch.was_touched
    watch.types()
    assert watch.watch.is_noticed(0)
    assert watch.watch.was_touched
    assert not watch.watch.is_noticed(0)


def test_the_service_gives_the_end_as_long_as_it_may_take():
    (said,) = [line for line in UNIT_TEXT.splitlines() if line.startswith("TimeoutStopSec=")]
    at_most_s = ALARM_US / 1e6 + 3 * launch.END_S + 2.0 + 5.0 + card.END_S
    assert float(said.partition("=")[2]) >= at_most_s, "guardian, link, controller; guardian, writer, card"
