"""The guardian's log replayed: random steps, bad packets, stops, gaps, a port that fails; decided again as before."""

import random
from dataclasses import replace

import pytest

from firmware_py import blackbox, messages
from firmware_py.blackbox import RowRing
from firmware_py.pi.guardian.build import make_guard
from firmware_py.pi.guardian.core import GuardianCore, Incoming
from firmware_py.pi.guardian.record import Recorder
from firmware_py.pi.guardian_launch import about_guardian, settings_for
from firmware_py.pi.log_file import LogFile
from firmware_py.pi.log_paths import OneLog, logs_at
from firmware_py.pi.log_rows import records
from firmware_py.pi.replay.handover import Cycle, compare_processes, heard_cycles
from firmware_py.pi.replay.verify import verify
from firmware_py.recorded_port import RecordedPort
from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.emulators.p24 import P24
from stimulator.drivers import devices
from stimulator.prescription import default_prescription
from tests.guardian_frames import command, cycle, request, sample

START_US = 5 * 2**30 - 700_000  # the wrapping clock wraps
SETTINGS = settings_for(
    default_prescription(), devices.choose(devices.P24), has_imu=True, has_switch=True, was_checked=True
)
STEP_US, CYCLE_US = 1_000, 5_000


class Session:
    """A guardian's core on an emulated P24, with everything that may go wrong drawn from `seed`."""

    def __init__(self, seed):
        self.draw = random.Random(seed)
        self.device = P24(ack_latency_us=(1_500, 3_000), seed=seed)
        self.link = MemoryLink(self.device)
        self.port = self.link.open_port()
        self.ring, self.rows = RowRing(8192), b""
        self.record = Recorder(self.ring)
        guard = make_guard(
            SETTINGS,
            devices.make_check(SETTINGS.chosen()),
            RecordedPort(self.port, self.record.steps),
            self.record.steps,
        )
        self.core = GuardianCore(guard)
        self.now_us, self.sequence, self.pulses = START_US, 0, [0, 0]
        self.core.open()

    def run(self, ms):
        for i in range(ms):
            dt_us = STEP_US + self.draw.randrange(-200, 200)
            if self.draw.random() < 0.0003:
                dt_us = self.draw.randrange(90_000, 300_000)
            self.now_us += dt_us
            incoming = self.incoming(i)
            if i == ms * 3 // 4:
                self.link.unplug()
            self.link.pump(self.now_us, self.port.written_total)
            self.record.note(self.now_us, incoming)
            self.core.step(self.now_us, incoming)
            if self.link.is_plugged:
                self.link.pump(self.now_us, self.port.written_total)
            if i % 100 == 0:
                self.rows += self.ring.drain()
        self.record.steps.flush()
        self.rows += self.ring.drain()
        return self

    def incoming(self, i):
        draw, now_us, incoming = self.draw, self.now_us, Incoming()
        if i % 1_500 in (400, 404, 408):
            kind = {400: messages.ACKNOWLEDGE, 404: messages.CLEAR, 408: messages.ARM}[i % 1_500]
            incoming.operator += (command(kind, now_us),)
        if i % 1_500 == 700:
            incoming.operator += (command(messages.ARM, now_us),)
        if draw.random() < 0.0003:
            incoming.operator += (
                command(draw.choice((messages.STOP, messages.PAUSE, messages.RESUME)), now_us),
            )
        incoming.stop = draw.random() < 0.0002
        incoming.slept = draw.random() < 0.0001
        if i == 1_234:
            incoming.battery = 4
        if i % 5 == 0:
            incoming.controller += (self.frame(),)
            if draw.random() < 0.002:
                incoming.controller += (draw.randbytes(draw.randrange(1, 900)),)
        return incoming

    def frame(self):
        up = self.now_us % 1_200_000 > 450_000
        requests = []
        for channel in (0, 1):
            if up and self.draw.random() < 0.25:
                self.pulses[channel] += 1
                requests.append(
                    request(channel=channel, sequence=self.pulses[channel], fire_at_us=self.now_us % 2**30)
                )
        self.sequence += 1
        return cycle(
            self.sequence, self.now_us, swing=int(up), samples=[sample(self.now_us, up)], requests=requests
        )

    def kept(self, path):
        log = LogFile(path, about_guardian(SETTINGS))
        log.append(self.rows)
        log.close()
        return path


@pytest.mark.parametrize("seed", [0, 1, 3])
def test_the_guardian_decides_again_as_it_did(tmp_path, seed):
    session = Session(seed).run(6_000)
    assert len(session.device.pulses) > 20, "few pulses show little"
    (log,) = logs_at(session.kept(tmp_path / "guardian.swp"))
    found = verify(log)
    assert found.problem == "", found.line()
    assert found.checked_n == found.rows_n
    kinds = {row.kind for row in records(session.rows)}
    assert kinds >= {
        blackbox.CONTROLLER,
        blackbox.OPERATOR,
        blackbox.INPUTS,
        blackbox.RECEIVED,
        blackbox.SENT,
        blackbox.PORT,
        blackbox.STEPS,
        blackbox.RESULT,
    }


def test_another_settings_file_is_another_decision(tmp_path):
    """The same inputs with half the current allowed: the first grant differs, and is named."""
    session = Session(1).run(2_500)
    about = about_guardian(SETTINGS)
    lower = SETTINGS.channels[0]._replace(current_max_ua=SETTINGS.channels[0].current_max_ua // 8)
    other = replace(SETTINGS, channels=(lower, SETTINGS.channels[1]))
    log = LogFile(tmp_path / "a.swp", about | {"settings_json": other.to_bytes().decode()})
    log.append(session.rows)
    log.close()
    (read,) = logs_at(tmp_path / "a.swp")
    assert "by today's code" in verify(read).problem


def test_what_the_guardian_heard_is_read_back_from_its_log():
    session = Session(2).run(300)
    heard = list(heard_cycles(list(records(session.rows))))
    assert [c.sequence for c in heard] == list(range(1, 61))
    assert heard[-1].samples[0][-2:] in ((0, 1), (1, 1))


def made(**change):
    values = {"sequence": 5, "swing": 1, "samples": ((1, 2),), "requests": ((0, 1),)}
    return Cycle(**(values | change))


@pytest.mark.parametrize("change", [{"swing": 0}, {"samples": ()}, {"requests": ((0, 2),)}])
def test_a_difference_between_the_two_sides_is_named(change):
    assert made().difference(made()) == ""
    said = made().difference(made(**change))
    assert said.startswith(next(iter(change)))
    assert "in the guardian's" in said


def first_cycles(found, n):
    """Return a guardian's log that ends before its cycle n + 1."""
    rows = [row for row in records(found.rows) if row.kind == blackbox.CONTROLLER]
    last = next(row for row in rows if [c.sequence for c in heard_cycles([row])] == [n + 1])
    return replace(found, pieces=((0, found.rows[: last.number * blackbox.ROW_BYTES]),))


def test_two_sides_of_the_same_cycles_agree_and_lost_ones_are_counted(tmp_path):
    """A controller's rows made from the frames themselves; then one is left out, and one is changed."""
    session = Session(2).run(1_200)
    path = session.kept(tmp_path / "guardian.swp")

    def controller(change=None, leave_out=()):
        ring = RowRing(8000)
        for c in heard_cycles(list(records(session.rows))):
            for t_us, *numbers, heel, has_imu in c.samples:
                values = [*numbers, heel * 2 + has_imu]
                ring.note(blackbox.SAMPLE, t_us, *values)
            ring.note(blackbox.STATE, 0, 0, c.swing)
            for one in c.requests:
                ring.note(blackbox.REQUEST, 0, *one)
            sequence = c.sequence if c.sequence != change else c.sequence + 1_000
            if c.sequence not in leave_out:
                ring.note(blackbox.CYCLE, 0, sequence)
        target = tmp_path / f"controller{change}{len(leave_out)}.swp"
        log = LogFile(target, {"process": "controller"})
        log.append(ring.drain())
        log.close()
        return logs_at(target)[0]

    (guardian,) = logs_at(path)
    said, same = compare_processes(controller(), guardian)
    assert same
    assert "240 cycles the same on both sides." in said
    said, same = compare_processes(controller(leave_out=(240,)), guardian)
    assert (same, "that log ends before, by 1 cycles" in said) == (True, True)
    said, same = compare_processes(controller(leave_out=range(41, 241)), guardian)
    assert same, "a killed process may take a second along"
    said, same = compare_processes(controller(leave_out=range(40, 241)), guardian)
    assert (same, "does not hold" in said) == (False, True), "more than that is missing otherwise"
    shorter = OneLog(name="guardian", files=guardian.files, found=first_cycles(guardian.found, 230))
    said, same = compare_processes(controller(), shorter)
    assert (same, "10 that it made after these are not in the guardian's log" in said) == (True, True)
    said, same = compare_processes(controller(change=30), guardian)
    assert not same
    said, same = compare_processes(controller(leave_out=(30,)), guardian)
    assert not same
