"""What `./swingphase run` is made of besides its loop: the beat, systemd's watchdog, what is said at the end."""

import ctypes
import gc
import os
import socket

import pytest

import swingphase
from firmware_py.pi.guardian.real_time import ask_for_real_time
from firmware_py.pi.run.controller import Report
from firmware_py.pi.run.lateness import Beat, Lateness
from firmware_py.pi.run.notify import FEED_EVERY_US, Notify
from firmware_py.pi.run.summary import is_too_late, summary


class Clock:
    """Moves when the beat waits, by `extra_us` more."""

    def __init__(self, extra_us=0):
        self.us = 1_000_000
        self.extra_us = extra_us

    def read(self):
        return self.us

    def wait(self, us):
        self.us += us + self.extra_us


def test_beats_come_on_their_grid_and_lateness_does_not_add_up():
    clock = Clock(extra_us=180)
    beat = Beat(5_000, clock.read, clock.wait)
    times = [beat.next() for _ in range(400)]
    assert times[0] == 1_005_180
    assert times[-1] == 1_000_000 + 400 * 5_000 + 180
    assert (beat.beats, beat.lost, beat.lateness.max_us) == (400, 0, 180)


@pytest.mark.parametrize(
    ("busy_us", "lost"), [(5_000, 0), (9_999, 0), (10_000, 1), (15_001, 2), (104_000, 19)]
)
def test_a_beat_that_is_missed_is_left_out_and_counted_never_made_up_for(busy_us, lost):
    clock = Clock()
    beat = Beat(5_000, clock.read, clock.wait)
    beat.next()
    clock.us += busy_us
    beat.next()
    assert beat.lost == lost
    after = beat.next()
    assert (after - 1_000_000) % 5_000 == 0, "back on the grid"
    assert (beat.beats, beat.lost) == (3, lost)


def test_waking_early_is_not_a_beat():
    clock = Clock(extra_us=-3)
    clock.wait = lambda us: setattr(clock, "us", clock.us + max(1, us // 2))
    assert Beat(5_000, clock.read, clock.wait).next() == 1_005_000


def test_lateness_is_told_by_class_and_never_better_than_it_was():
    found = Lateness()
    for late_us in [10] * 98 + [150, 30_000]:
        found.note(late_us)
    assert found.at_most_us(0.98) == 50
    assert found.at_most_us(0.99) == 200
    assert found.at_most_us(1.0) == 30_000, "the class ends at 50 ms, the latest was earlier"
    assert [line.split()[4] for line in found.lines()] == ["98", "1", "1"]
    found.note(200_000)
    assert "and more" in found.lines()[-1]
    assert Lateness().at_most_us(0.99) == 0


@pytest.fixture
def systemd(tmp_path):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    sock.bind(str(tmp_path / "notify"))
    yield sock
    sock.close()


def heard(sock):
    found = []
    while True:
        try:
            found.append(sock.recv(200).decode())
        except BlockingIOError:
            return found


def test_systemd_hears_ready_and_is_fed_only_by_cycles_that_the_guardian_accepted(systemd):
    notify = Notify(systemd.getsockname())
    assert heard(systemd) == [], "nothing before a cycle went all the way"
    notify.accepted(1_000_000, 0)
    assert heard(systemd) == ["READY=1\nWATCHDOG=1"]
    for k in range(1, 41):  # 40 cycles: 200 ms
        notify.accepted(1_000_000 + 5_000 * k, k)
    assert heard(systemd) == ["WATCHDOG=1"]
    for k in range(1_000):
        notify.accepted(2_000_000 + 5_000 * k, 40)
    assert heard(systemd) == [], "the same cycle again shows only that somebody repeats it"
    notify.accepted(9_000_000, 41)
    assert heard(systemd) == ["WATCHDOG=1"]
    assert FEED_EVERY_US * 4 < 1_000_000
    notify.close()
    notify.say("nothing any more")


def test_a_systemd_that_is_not_there_or_gone_changes_nothing(tmp_path):
    for address in ("", str(tmp_path / "nobody")):
        notify = Notify(address)
        notify.accepted(0, 1)
        notify.close()


@pytest.mark.parametrize(("lost", "is_late"), [(0, False), (10, False), (11, True)])
def test_more_than_one_cycle_in_a_hundred_left_out_is_too_late(lost, is_late):
    report = Report(cycles=1_000 - lost, lost=lost)
    assert is_too_late(report) is is_late
    said = " ".join(summary(report, 5.0, None, 0))
    assert ("not good enough" in said) is is_late
    assert f"missed: {lost} " in said


def test_a_run_that_never_began_is_told_without_trouble():
    assert not is_too_late(Report())
    assert summary(Report(), 0.1, None, 0)


def test_the_summary_tells_pulses_steps_and_what_went_wrong():
    leg = {"pulses": 7, "steps": 9, "steps_since_first_pulse": 5, "dragged_since_first_pulse": 2}
    report = Report(cycles=2_000, granted=7, refused=3, steps=9, late_us=200, late_max_us=640, frames_lost=4)
    said = "\n".join(summary(report, 10.0, leg, 2))
    for text in (
        "7 granted, 3 refused",
        "the latest 640 us",
        "2 dragged the toe",
        "again 2 times",
        "Frames lost: 4.",
        "in processes of their own",
    ):
        assert text in said, text


class Libc:
    """Stands for the C library; `result` of mlockall."""

    def __init__(self, result):
        self.result = result
        self.flags = None

    def mlockall(self, flags):
        self.flags = flags
        return self.result


def asked(monkeypatch, *, priority_error, locked):
    tried, libc = [], Libc(locked)

    def schedule(pid, policy, parameter):
        tried.append((pid, policy, parameter.sched_priority))
        if priority_error:
            raise priority_error

    monkeypatch.setattr(os, "sched_setscheduler", schedule)
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: libc)
    try:
        return ask_for_real_time(45), tried, libc
    finally:
        gc.unfreeze()


def test_real_time_is_asked_for_and_children_do_not_inherit_it(monkeypatch):
    said, tried, libc = asked(monkeypatch, priority_error=None, locked=0)
    assert said == ["Real-time priority 45 (SCHED_FIFO).", "Memory is locked."]
    assert tried == [(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, 45)]
    assert libc.flags == 3


def test_what_was_not_permitted_is_said_in_words(monkeypatch):
    said, _, _ = asked(monkeypatch, priority_error=PermissionError(1, "Operation not permitted"), locked=-1)
    assert "SCHED_FIFO was refused (Operation not permitted)" in said[0]
    assert "mlockall was refused" in said[1]
    assert all("Grant it in the service file." in one for one in said)


def test_a_person_that_cannot_be_simulated_is_refused_in_one_sentence(tmp_path, capfd):
    config = tmp_path / "swingphase.toml"
    config.write_text('[wearer]\ncode = "sim"\n', encoding="utf-8")
    words = ["run", "--sim", "--config", str(config), "--severity", "wrong"]
    assert swingphase.main(words) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("swingphase: severity is 'wrong'; known are healthy, ")
    assert err.count("\n") == 1
