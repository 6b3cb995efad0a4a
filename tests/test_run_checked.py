"""A check of leg and channels is kept for the next start, until a lead was handled."""

import threading

import pytest

from firmware_py.messages import StatusFrame
from firmware_py.pi.run.card import Card
from firmware_py.pi.run.checked import Check
from firmware_py.profile import keep_checked, was_checked
from firmware_py.settings import SettingsStore
from safety import faults
from stimulator.prescription import default_prescription
from tests.torn_disk import Disk

PRESCRIPTION = default_prescription()


def status(armed=0, fault=0):
    told = StatusFrame()
    told.armed, told.fault = armed, fault
    return told


def check_of(store, prescription=PRESCRIPTION, is_known=False, say=print):
    return Check(store, "name", prescription, is_known, Card(say))


def heard(check, *said):
    for one in said:
        check.hear(one)
    written = threading.Event()
    check._card.later(written.set, "")
    assert written.wait(60)


@pytest.mark.parametrize("armed", [0, 1, 2, 3])
def test_only_armed_for_walking_shows_that_it_was_checked(armed):
    store = SettingsStore(Disk())
    heard(check_of(store), status(armed))
    assert was_checked(store, "name", PRESCRIPTION) == (armed == 1)


def test_a_check_of_before_is_not_kept_anew_with_more_current():
    store = SettingsStore(Disk())
    weak = PRESCRIPTION._replace(
        channels=tuple(one._replace(current_ua=2_000) for one in PRESCRIPTION.channels)
    )
    keep_checked(store, "name", weak)
    stronger = PRESCRIPTION._replace(
        channels=tuple(one._replace(current_ua=4_000) for one in PRESCRIPTION.channels)
    )
    heard(check_of(store, stronger, was_checked(store, "name", stronger)), status(1))
    assert was_checked(store, "name", stronger)
    assert not was_checked(store, "name", PRESCRIPTION), "or it would creep from start to start"


def test_an_open_lead_undoes_it_until_it_is_armed_for_walking_again():
    store = SettingsStore(Disk())
    check = check_of(store)
    heard(check, status(1), status(0, faults.LEAD_OPEN), status(0, faults.LEAD_OPEN))
    assert not was_checked(store, "name", PRESCRIPTION)
    heard(check, status(0), status(1))
    assert was_checked(store, "name", PRESCRIPTION)
    heard(check, status(0, faults.DEVICE_FAULT))
    assert was_checked(store, "name", PRESCRIPTION)


def test_a_card_that_cannot_be_written_is_said_so(capsys, monkeypatch):
    disk = Disk()

    def full(name, at, data):
        raise OSError(28, "no room")

    monkeypatch.setattr(disk, "write", full)
    heard(check_of(SettingsStore(disk)), status(1))
    assert "(no room): leg and channels will be asked for again" in capsys.readouterr().out


def test_a_card_that_hangs_holds_nobody_up_however_often_there_is_something_to_write(monkeypatch):
    may_write, disk = threading.Event(), Disk()
    write = disk.write
    monkeypatch.setattr(disk, "write", lambda *what: (may_write.wait(60), write(*what))[1])
    store = SettingsStore(disk)
    check = check_of(store)
    for one in (status(1), status(0, faults.LEAD_OPEN), status(0), status(1)):
        check.hear(one)  # would wait for ever here
    may_write.set()
    check._card.close()
    assert was_checked(store, "name", PRESCRIPTION)
