"""A session that was cut is sounded at the next start, until somebody has noticed it."""

import os
import socket
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from firmware_py.messages import StatusFrame
from firmware_py.pi.guardian import process as guardian
from firmware_py.pi.guardian_launch import OperatorLink
from firmware_py.pi.run.card import Card
from firmware_py.pi.run.config import RunConfig
from firmware_py.pi.run.controller import Report
from firmware_py.pi.run.launch import Processes, _parts
from firmware_py.pi.run.mark import Mark
from firmware_py.pi.run.watch import Watch
from firmware_py.settings import SettingsStore
from safety.supervisor import SOUND_LOST, SOUND_NONE
from tests.guardian_frames import frame_bytes
from tests.guardian_here import guardian_here
from tests.torn_disk import Disk


def status(armed=0, sound=SOUND_NONE, stops=0, warnings=0):
    told = StatusFrame()
    told.armed, told.sound, told.stops, told.warnings = armed, sound, stops, warnings
    return told


class Session:
    """One session on a card; `next` is the one after it."""

    def __init__(self, disk=None):
        self.disk = disk or Disk()
        self.card = Card(print)
        self.mark = Mark(SettingsStore(self.disk), self.card)

    def hear(self, *said):
        for one in said:
            self.mark.hear(one)
        return self

    def next(self):
        written = threading.Event()
        self.card.later(written.set, "")
        assert written.wait(60)
        self.card.close()
        return Session(self.disk)


@pytest.mark.parametrize("armed", [1, 2, 3])
def test_a_session_that_is_cut_while_armed_is_known_at_the_next_start(armed):
    assert not Session().mark.is_cut
    assert Session().hear(status(armed)).next().mark.is_cut


def test_a_session_that_was_not_armed_or_not_any_more_was_not_cut():
    assert not Session().hear(status()).next().mark.is_cut
    assert not Session().hear(status(1), status()).next().mark.is_cut
    assert not Session().hear(status(sound=SOUND_LOST)).next().mark.is_cut, "of a fault before"


def test_a_loss_that_still_sounds_is_a_cut_until_it_has_sounded():
    session = Session().hear(status(1), status(sound=SOUND_LOST))
    assert session.next().mark.is_cut
    session = Session().hear(status(1), status(sound=SOUND_LOST), status())
    assert not session.next().mark.is_cut


@pytest.mark.parametrize("is_noticed", [True, False])
def test_an_end_that_was_wanted_or_heard_is_no_cut(is_noticed):
    session = Session().hear(status(1))
    session.mark.end(is_noticed=is_noticed)
    assert session.next().mark.is_cut is not is_noticed


def test_a_cut_stays_until_somebody_has_noticed_whatever_the_next_start_comes_to():
    again = Session().hear(status(1)).next().hear(status()).next()
    assert again.mark.is_cut, "nobody has touched a key yet"
    again.mark.noticed()
    assert not again.mark.is_cut
    assert not again.next().mark.is_cut
    assert not Session().hear(status(1)).next().hear(status(stops=1)).next().mark.is_cut, (
        "the stop was pressed"
    )
    again = Session().hear(status(1)).next().hear(status(1))
    assert not again.mark.is_cut, "somebody has armed"
    assert again.next().mark.is_cut, "and that was cut, too"
    again = Session().hear(status(1)).next().hear(status(1))
    again.mark.noticed()
    assert again.next().mark.is_cut, "a key that is touched while armed does not unmark"


def test_settings_that_are_damaged_claim_no_cut():
    session = Session().hear(status(1))
    session.next()
    for name in list(session.disk.files):
        session.disk.files[name] = b"nonsense"
    assert SettingsStore(session.disk).is_damaged
    assert not Session(session.disk).mark.is_cut


# Who sounds it, and who notices it -------------------------------------------------------------------


def test_the_guardian_is_told_of_a_cut_only_where_something_can_sound():
    config = RunConfig.model_validate({"lines": {"beeper": "22", "lamp": ""}})
    mute = RunConfig.model_validate({"lines": {"beeper": "", "lamp": ""}})
    for chosen, is_sim, was_cut in ((config, False, False), (config, True, True), (mute, False, True)):
        words, given, _, cut_fd = _parts(chosen, is_sim, was_cut)
        assert ("--cut-fd" in words, given, cut_fd) == (False, (), -1)
    words, (read,), _, cut_fd = _parts(config, False, True)
    assert words[words.index("--cut-fd") + 1] == str(read)
    assert (
        guardian._parser()
        .parse_args(["--port", "p", "--settings", "s", "--controller-fd", "0", *words])
        .cut_fd
        == read
    )
    processes = Processes.__new__(Processes)
    processes.cut_fd = cut_fd
    processes.noticed()
    processes.noticed()
    assert os.read(read, 1) == b"", "the guardian hears that somebody has noticed"
    os.close(read)


def test_the_guardian_shows_the_loss_until_it_hears_that_it_was_noticed():
    shown = []
    told: Any = SimpleNamespace(armed=0, sound=SOUND_NONE)
    gate = SimpleNamespace(armed=False, disarmed_by=0)

    def fill(frame):
        frame.armed, frame.sound = told.armed, told.sound

    core: Any = SimpleNamespace(
        fill_status=fill,
        fill_results=lambda frame: None,
        guard=SimpleNamespace(driver=SimpleNamespace(fault=1), due_us=lambda us: us, gate=gate),
    )
    sign: Any = SimpleNamespace(show=lambda us, armed, sound: shown.append((armed, sound)))
    own, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    read, write = os.pipe()
    with guardian_here(core, sign) as process:
        process.listen(own, [], None, None, read)
        process._tell(1, False, False)
        process._collect()
        process._tell(2, False, False)
        assert shown == [(False, SOUND_LOST)]
        os.close(write)
        process._collect()
        process._tell(3, False, False)
        told.armed = 1
        process._tell(4, False, False)
        assert shown[1:] == [(False, SOUND_NONE), (True, SOUND_NONE)]
    own.close()
    far.close()


class Desk:
    """A parent's watch after a cut."""

    def __init__(self):
        self.own, self.far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.session = Session().hear(status(1)).next()
        self.noticed = []
        self.report = Report()
        self.processes: Any = SimpleNamespace(
            operator=OperatorLink(self.own, lambda: 0),
            orders=self.own,
            hear=lambda: self.report,
            has_begun=False,
            hear_said=tuple,
            order=lambda packet: None,
            dead=str,
            battery_fd=-1,
            link=None,
            noticed=lambda: self.noticed.append(True),
        )
        self.processes.report = self.report
        check: Any = SimpleNamespace(hear=lambda told: None)
        self.said = []
        say: Any = self.said.append
        self.watch = Watch(RunConfig(), self.processes, None, check, self.session.mark, say, is_by_hand=False)
        self.watch._person = None
        self.watch._stdin, self.keys = os.pipe()

    def once(self, **told):
        self.far.send(frame_bytes(status(**told)))
        self.watch.once()
        return bool(self.noticed)

    def close(self):
        for fd in (self.watch._stdin, self.keys):
            os.close(fd)
        self.own.close()
        self.far.close()


@pytest.mark.parametrize("how", ["armed", "stops", "typed", "level"])
def test_whoever_touches_a_key_ends_the_alarm(how):
    desk = Desk()
    assert not desk.once()
    desk.processes.has_begun = True
    desk.report.level, desk.report.is_locked = 60, False
    assert not desk.once(), "what the wearer's keys are like at the start"
    desk.report.is_locked = True
    assert not desk.once(), "they lock by themselves"
    if how == "typed":
        os.write(desk.keys, b"ack\n")
    elif how == "level":
        desk.report.level = 70
    assert desk.once(**({how: 1} if how in ("armed", "stops") else {}))
    assert not desk.session.mark.is_cut
    desk.close()


def test_what_runs_out_is_said_once_and_again_when_it_does_so_again():
    desk = Desk()
    heard = []
    for warnings in (0, 2, 2, 6, 2, 0, 2, 1):
        desk.said.clear()
        desk.once(warnings=warnings)
        heard.append([line.partition(":")[0] for line in desk.said])
    skin, battery, hour = "30 minutes of use", "The battery is low", "This hour's charge is nearly used up"
    assert heard[1:] == [[skin], [], [battery], [], [], [skin], [hour]]
    desk.close()
