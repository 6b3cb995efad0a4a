"""The controller's process without its process: what it asks for, whom it obeys, what it hears, and its replay."""

import json

import pytest

from firmware_py import acts, blackbox
from firmware_py.frames import FrameWriter
from firmware_py.messages import StatusFrame
from firmware_py.pi.about import about_log
from firmware_py.pi.log_file import LogFile
from firmware_py.pi.log_paths import logs_at
from firmware_py.pi.log_rows import records
from firmware_py.pi.replay.verify import verify
from firmware_py.pi.run import controller as process_module
from firmware_py.pi.run.orders import TEST, WALK, obey, order
from safety import supervisor
from stimulator.envelope import OFF
from tests.run_rig import ARMED, FOR_TEST, START_US, Rig


@pytest.fixture
def rig():
    found = Rig()
    yield found
    found.close()


def test_every_cycle_reaches_the_guardian_with_its_samples_and_requests(rig):
    rig.run(8_000, ARMED)
    assert [f[0] for f in rig.frames] == list(range(1600))
    assert sum(f[2] for f in rig.frames) >= 8 * 208
    assert sum(f[3] for f in rig.frames) > 50
    assert sum(f[1] for f in rig.frames) > 100, "there must be swing"


@pytest.mark.parametrize(
    ("status", "is_mended"), [({"is_ready": 1}, True), (ARMED, False), (FOR_TEST, False)]
)
def test_a_sensor_is_set_up_again_only_while_nobody_is_armed(rig, monkeypatch, status, is_mended):
    mended, steps = [], []
    monkeypatch.setattr(rig.process._sensors, "mend", lambda: mended.append(True))
    rig.tell(**status)

    def step(t_us):
        steps.append(t_us)
        if len(steps) == 3:
            rig.person.close()  # the process ends with its parent

    monkeypatch.setattr(rig.controller.cycle, "step", step)
    rig.process.run()
    assert len(steps) == 3
    assert bool(mended) == is_mended


def test_a_test_burst_needs_its_button_and_an_arm_for_a_test(rig):
    burst = rig.controller.burst
    assert obey(rig.controller, order(acts.ACT_USE, TEST))
    rig.run(1_000, ARMED)
    obey(rig.controller, order(acts.ACT_HOLD, 0))
    rig.run(100, ARMED)
    assert burst.envelope.state == OFF, "armed for walking is not armed for a test"
    obey(rig.controller, order(acts.ACT_RELEASE))
    obey(rig.controller, order(acts.ACT_HOLD, 1))
    before = len(rig.frames)
    rig.run(400, FOR_TEST)
    assert burst.envelope.state != OFF
    assert any(f[3] for f in rig.frames[before:])
    rig.run(200, FOR_TEST)
    assert burst.envelope.state == OFF, "no heartbeat for 500 ms"
    obey(rig.controller, order(acts.ACT_USE, WALK))
    rig.run(50)
    assert rig.controller.cycle.scheduler is rig.controller.walk


@pytest.mark.parametrize("packet", [b"", b"x", order(acts.ACT_ARM), order(acts.ACT_OPEN), bytes(20)])
def test_what_is_no_order_does_nothing(rig, packet):
    assert not obey(rig.controller, packet)


def test_a_channel_that_does_not_exist_is_not_held(rig):
    obey(rig.controller, order(acts.ACT_HOLD, 7))
    assert rig.controller.burst.envelope.state == OFF


def test_the_watchdog_is_fed_with_what_the_guardian_accepted_and_pulses_are_counted(rig):
    rig.run(10)
    assert rig.fed == []
    rig.tell(sequence=3, **ARMED)
    rig.process._hear(rig.walk.us)
    assert rig.fed == [3]
    status, writer = StatusFrame(), FrameWriter()
    status.results_n = 2
    status.results[0].granted_ua = 9_000
    rig.guardian.send(bytes(writer.buf[: status.encode(writer)]))
    rig.process._hear(rig.walk.us)
    assert (rig.process.report.granted, rig.process.report.refused) == (1, 1)


def test_what_the_guardian_says_is_noted_when_it_changes(rig):
    rig.run(500, ARMED)
    rig.run(500, FOR_TEST)
    heard = [row for row in records(rig.rows) if row.kind == blackbox.HEARD]
    assert [row.values[0] for row in heard] == [1, 2]
    assert rig.standing.mode == supervisor.TEST


def test_it_ends_with_its_parent_and_with_its_guardian(rig):
    rig.person.close()
    rig.process._wait(1_000)
    assert rig.process._is_over
    rig.guardian.close()
    rig.process._hear(rig.walk.us)
    assert rig.link.is_gone


def test_it_tells_the_parent_how_it_goes(rig, monkeypatch):
    monkeypatch.setattr(process_module, "monotonic_us", rig.walk.clock)
    rig.process._wait = lambda us: rig.walk.move(us + 200 if rig.walk.us < START_US + 2_100_000 else us)
    cycle = rig.controller.cycle.step

    def step(t_us):
        cycle(t_us)
        if rig.walk.us > START_US + 1_500_000:
            rig.walk.move(11_000)  # takes more than two beats
        if rig.walk.us > START_US + 2_000_000:
            rig.process._is_over = True

    rig.controller.cycle.step = step
    rig.process.run()
    told = json.loads(rig.person.recv(1 << 16))
    assert (told["cycles"], told["lost"]) == (0, 0), "it says that it begins"
    told = json.loads(rig.person.recv(1 << 16))
    assert told["lost"] == 0
    last = json.loads(rig.person.recv(1 << 16))
    assert last["cycles"] + last["lost"] == pytest.approx(400, abs=4)
    assert last["lost"] > 50
    assert last["late_max_us"] > 1_000
    assert last["histogram"]
    assert last["mounting"] == rig.controller.cycle.detector.mounting.problem


def kept(rig, path, rows):
    log = LogFile(path, about_log(rig.controller.about))
    log.append(rows)
    log.close()
    (found,) = logs_at(path)
    return verify(found)


def test_its_log_is_decided_again_and_a_changed_sample_is_found_out(rig, tmp_path):
    obey(rig.controller, order(acts.ACT_USE, TEST))
    rig.run(2_500, FOR_TEST)
    obey(rig.controller, order(acts.ACT_HOLD, 0))
    rig.run(300, FOR_TEST)
    obey(rig.controller, order(acts.ACT_BEAT))
    obey(rig.controller, order(acts.ACT_RELEASE))
    obey(rig.controller, order(acts.ACT_DOUBTED, 1))
    obey(rig.controller, order(acts.ACT_USE, WALK))
    rig.run(2_500, ARMED)
    obey(rig.controller, order(acts.ACT_MOUNTING))
    assert rig.controller.cycle.detector.mounting.stage == 0
    rig.run(2_500, ARMED)
    found = kept(rig, tmp_path / "a.swp", rig.rows)
    assert found.problem == "", found.line()
    assert found.checked_n == found.rows_n > 3_000
    rows = bytearray(rig.rows)
    at = next(r.number for r in records(rig.rows) if r.kind == blackbox.REQUEST) * blackbox.ROW_BYTES
    rows[at + 20] ^= 1  # its current
    said = kept(rig, tmp_path / "b.swp", bytes(rows)).problem
    assert "request: current_ua is" in said
    assert "by today's code" in said
