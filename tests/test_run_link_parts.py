"""The link of `./swingphase run` besides its two ends: where it starts, when again, who may unlock, what is shown."""

import argparse
import errno
import io
import socket
import sys
from pathlib import Path

import pytest

from firmware_py.link import history
from firmware_py.link.kept import NAME, SETTLED, UNCONFIRMED, Damaged, Kept, hash_of
from firmware_py.link.unlock import Users
from firmware_py.link.values import TRIAL
from firmware_py.pi.console import UserError
from firmware_py.pi.link_display import TerminalDisplay, has_terminal
from firmware_py.pi.link_store import FileStore
from firmware_py.pi.run import job, link_launch
from firmware_py.pi.run.config import Link, RunConfig
from firmware_py.pi.run.link import FILE
from firmware_py.pi.run.link_launch import (
    LaunchedLink,
    begun_with,
    started_with,
    started_without,
    take_without,
)
from stimulator.drivers.capability import P24
from stimulator.prescription import default_prescription
from tests.link_rig import NotedDevice, Rig, entry_of, in_use
from tests.mpy.link_session import changed, new_store

OLD = default_prescription()
MORE = changed(OLD, 0, current_ua=28_000)
LESS = changed(OLD, 0, current_ua=20_000)


# Where it starts -------------------------------------------------------------------------------------


def test_the_device_starts_with_what_was_confirmed_until_its_file_changes():
    store = new_store()
    assert started_with(store, OLD) == OLD
    store.save(NAME, Kept(UNCONFIRMED, 4, MORE, LESS).to_bytes())
    assert started_with(store, OLD) == OLD, "nobody has said yet that the file was taken over"
    store.save(FILE, hash_of(OLD))
    assert started_with(store, OLD) == MORE, "a trial that nobody confirmed does not outlive a start"
    assert started_with(store, LESS) == LESS, "whoever has written another file means it"


@pytest.mark.parametrize(
    ("phase", "confirmed", "runs", "starts"),
    [(SETTLED, LESS, LESS, LESS), (TRIAL, OLD, MORE, OLD), (UNCONFIRMED, MORE, LESS, LESS)],
)
def test_switching_the_link_off_brings_nothing_back_that_is_more_than_what_was_decided_over_it(
    phase, confirmed, runs, starts
):
    store = new_store()
    assert take_without(store, OLD, P24) == OLD
    store.save(FILE, hash_of(OLD))
    assert take_without(store, OLD, P24) == OLD
    store.save(NAME, Kept(phase, 4, confirmed, runs).to_bytes())
    assert take_without(store, OLD, P24) == started_without(store, OLD, P24) == starts
    other = changed(OLD, 0, current_ua=24_000)
    assert started_without(store, other, P24) == other, "whoever has written another file means it"
    assert started_without(store, OLD, P24) == starts, "a look alone takes nothing over"
    assert take_without(store, other, P24) == other
    assert take_without(store, OLD, P24) == OLD, "and what was confirmed before never comes back"
    assert started_with(store, OLD) == OLD


@pytest.mark.parametrize("enabled", [False, True])
def test_a_run_starts_with_what_was_confirmed_with_and_without_the_link_and_says_so(
    tmp_path, capsys, enabled
):
    chosen = argparse.Namespace(sim=True, air=tmp_path / "air")
    config = RunConfig(link=Link(enabled=enabled))
    assert job._with_link(config, OLD, chosen)[0] == OLD
    store = FileStore(job._link_folder(config, chosen))
    store.save(FILE, hash_of(OLD))
    store.save(NAME, Kept(SETTLED, 4, LESS, LESS).to_bytes())
    prescription, place, _ = job._with_link(config, OLD, chosen)
    assert (prescription, place is not None) == (LESS, enabled)
    assert "tibialis_anterior current_ua 20000 (file: 25000)" in capsys.readouterr().out
    assert (
        job._with_link(config, changed(OLD, 0, current_ua=24_000), chosen)[0].channels[0].current_ua == 24_000
    )
    assert capsys.readouterr().out == ""


def test_a_store_that_is_damaged_lets_nothing_run_on_a_guess():
    store = new_store()
    store.save(FILE, hash_of(OLD))
    store.save(NAME, b"nonsense")
    with pytest.raises(Damaged):
        started_with(store, OLD)
    with pytest.raises(Damaged):
        take_without(store, OLD, P24)


@pytest.mark.parametrize("name", ["file.bin", "prescription.bin"])
def test_a_store_that_is_damaged_keeps_nobody_from_walking_after_a_check(tmp_path, name, capsys):
    folder = tmp_path / "settings" / "link"
    store = FileStore(folder)
    store.save(NAME, Kept(SETTLED, 4, MORE, MORE).to_bytes())
    store.save(FILE, hash_of(OLD))

    def begin():
        return started_with(FileStore(folder), OLD)

    assert begun_with(begin, OLD) == (MORE, "")
    sections = {"files": {"settings": str(tmp_path / "settings")}, "link": {"enabled": True}}
    config, chosen = RunConfig.model_validate(sections), argparse.Namespace(sim=False, air=None)
    assert job._with_link(config, OLD, chosen)[::2] == (MORE, True)
    (folder / name).write_bytes(b"nonsense")
    named, said = begun_with(begin, OLD)
    assert named == OLD
    assert "damaged" in said
    assert "leg and channels have to be checked again" in said
    assert job._with_link(config, OLD, chosen) == (OLD, None, False), (
        "the link stays off, and all is checked again"
    )
    assert "damaged" in capsys.readouterr().err


@pytest.mark.parametrize(("runs", "phase", "ends_as"), [(MORE, SETTLED, OLD), (LESS, UNCONFIRMED, LESS)])
def test_a_link_that_begins_again_ends_what_was_on_trial(runs, phase, ends_as):
    first = Rig()
    first.therapist()
    first.commit(runs)
    again = Rig(device=NotedDevice(runs), store=first.store, is_again=True)
    changes = again.session.changes
    assert (changes.phase, changes.confirmed, in_use(again)) == (phase, OLD, ends_as)
    assert entry_of(again).action == history.ENDED


def test_a_link_that_begins_again_without_a_trial_changes_nothing():
    first = Rig()
    again = Rig(device=NotedDevice(OLD), store=first.store, is_again=True)
    assert (again.session.changes.revision, again.device.told) == (first.session.changes.revision, [])


def test_a_confirmation_that_cannot_be_written_down_leaves_a_trial_also_for_the_device():
    rig = Rig()
    rig.therapist()
    rig.commit(MORE)
    assert rig.device.falls_back_on == OLD
    rig.device.refuses_confirmation = ValueError("it has ended")
    assert rig.session.changes.confirm(hash_of(MORE), rig.session.changes.revision) != 0
    rig.device.refuses_confirmation = None
    rig.store.save = lambda name, data: (_ for _ in ()).throw(OSError("full"))
    assert rig.session.changes.confirm(hash_of(MORE), rig.session.changes.revision) != 0
    assert rig.device.falls_back_on == OLD, "if the link is lost now, the smaller runs"
    del rig.store.save
    assert rig.session.changes.confirm(hash_of(MORE), rig.session.changes.revision) == 0
    assert rig.device.falls_back_on is None


# A process that ends ---------------------------------------------------------------------------------


def full_disk(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


class Child:
    """A process that lives or not."""

    started = 0

    spec = ""

    def __init__(self, command, **_):
        Child.started += 1
        Child.spec = command[-1]
        self.returncode = None

    def poll(self):
        return self.returncode

    def wait(self, s=0):
        return self.returncode


def test_a_link_that_ends_is_started_again_and_not_too_often(tmp_path, monkeypatch, capsys):
    now = [0]
    Child.started = 0
    monkeypatch.setattr(link_launch.subprocess, "Popen", Child)
    monkeypatch.setattr(link_launch, "monotonic_us", lambda: now[0])
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    told = {"config": {}, "prescription": "", "file": "", "is_sim": True, "air": ""}
    link = link_launch.launch_link(near, far, store=tmp_path, session=tmp_path, **told)
    assert isinstance(link, LaunchedLink)
    assert '"is_again": false' in Path(Child.spec).read_text()
    monkeypatch.setattr(Path, "write_text", full_disk)  # from here on nothing more can be written
    starts = []
    for _ in range(4):
        link.process.returncode = 1
        assert link.mend(), "it is said once"
        began_us, before = now[0], Child.started
        while Child.started == before:
            now[0] += 100_000
            assert not link.mend()
        starts.append(round((now[0] - began_us) / 1e6))
    assert starts == [1, 2, 4, 8], "a link that cannot start is not tried all the time"
    assert '"is_again": true' in Path(Child.spec).read_text()
    assert "therapy goes on" in capsys.readouterr().out
    link.tell(b"p")
    link.process.returncode = 0
    link.close()
    link.tell(b"p")


# Who may unlock, and what is shown -------------------------------------------------------------------


def test_a_user_is_added_at_the_device_and_a_wrong_one_is_refused(tmp_path, capsys):
    (tmp_path / "pin").write_text("481516\n")
    where = ["--sim", "--config", str(tmp_path / "none.toml"), "--air", str(tmp_path / "air")]
    pin = ["--pin-file", str(tmp_path / "pin")]
    assert job.main([*where, "--add-user", "Ada:engineer", *pin]) == 0
    assert "Ada may unlock" in capsys.readouterr().out
    assert Users(FileStore(tmp_path / "air/device/link")).find("Ada") is not None
    assert (tmp_path / "air").stat().st_mode & 0o077 == 0
    for wrong, sentence in (
        ("Ada", "--add-user is Ada"),
        (":engineer", "NAME:"),
        ("Ada:boss", "NAME:therapist"),
    ):
        with pytest.raises(UserError, match=sentence):
            job.main([*where, "--add-user", wrong, *pin])
    with pytest.raises(UserError, match="cannot be read"):
        job.main([*where, "--add-user", "Ada:engineer", "--pin-file", str(tmp_path / "nowhere")])


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_passkey_is_shown_on_a_terminal_and_goes_into_no_file_or_journal(monkeypatch):
    for out, err, where in ((Terminal(), io.StringIO(), 0), (io.StringIO(), Terminal(), 1)):
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        TerminalDisplay().show_passkey(4_711)
        assert has_terminal()
        TerminalDisplay().clear()
        shown, other = (out, err) if where == 0 else (err, out)
        assert "Passkey: 004711" in shown.getvalue()
        assert shown.getvalue().endswith("\x1b[K"), "and is wiped out"
        assert other.getvalue() == ""
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    TerminalDisplay().show_passkey(4_711)
    assert (out.getvalue(), err.getvalue(), has_terminal()) == ("", "", False)
