"""`./swingphase run --sim`: the whole device in real time, and what is left when one of its processes is killed.

Counts, separation, current and logs are asserted, never how quick this machine is: lateness is printed.
"""

import json
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from firmware_py.blackbox import ROW_BYTES, ROW_FORMAT
from firmware_py.pi.console import ROOT
from firmware_py.pi.log_file import read_log
from firmware_py.pi.log_paths import logs_at
from firmware_py.pi.log_rows import pieces_of
from firmware_py.pi.replay.handover import compare_processes, heard_cycles, made_cycles
from firmware_py.pi.replay.verify import verify
from firmware_py.pi.run import mark
from firmware_py.pi.run.config import RunConfig
from firmware_py.pi.settings_files import FolderFiles
from firmware_py.profile import CHECKED, profile_hash
from firmware_py.settings import SettingsStore
from safety.clock import WRAP_MASK_US, elapsed_us
from stimulator.prescription import from_bytes

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/cmdline").exists(), reason="the device runs on Linux only"
)

WALK_S = 600 if os.environ.get("SWINGPHASE_ALL") == "1" else 60
PROGRAMS = {
    "guardian": "firmware_py.pi.guardian",
    "controller": "firmware_py.pi.run.controller",
    "log writer": "firmware_py.pi.log_writer",
    "person": "hw_sim.live_body",
}


class Run:
    """`./swingphase run --sim` under way in `folder`."""

    def __init__(self, folder, seconds):
        self.folder = folder
        self.config = folder / "swingphase.toml"
        self.config.write_text('[wearer]\ncode = "sim"\n', encoding="utf-8")
        command = [sys.executable, str(ROOT / "swingphase.py"), "run", "--sim", "--for", str(seconds)]
        command += ["--config", str(self.config), "--json", str(folder / "run.json")]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder
        )
        assert self.process.stdout is not None
        self.lines = self.process.stdout
        self.said = []
        self.middle, self.figures = {}, {}

    def wait_for(self, text):
        """Read on until a line says so."""
        for line in self.lines:
            self.said.append(line)
            if text in line:
                return
        raise AssertionError(f"it ended without {text!r}: {self.said[-20:]}")

    def pids(self):
        """Return program -> process numbers of this run's children."""
        found = {name: [] for name in PROGRAMS}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text().rpartition(")")[2].split()[1])
                words = (stat.parent / "cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue  # it ended meanwhile
            for name, program in PROGRAMS.items():
                if parent == self.process.pid and program in words:
                    found[name].append(int(stat.parent.name))
        return found

    def kill(self, name):
        (pid,) = self.pids()[name]
        os.kill(pid, signal.SIGKILL)
        return pid

    def end(self):
        """Wait for the end and return its figures."""
        self.said += self.lines
        self.lines.close()
        self.process.wait()
        return json.loads((self.folder / "run.json").read_text(encoding="utf-8"))

    def logs(self):
        return {one.name: one for one in logs_at(self.folder / "logs" / "session-000001")}

    def kept(self, name):
        return SettingsStore(FolderFiles(self.folder / "logs/session-000001/settings")).load(name)


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """A whole walk: the run, its processes in the middle, its figures at the end."""
    run = Run(tmp_path_factory.mktemp("walk"), WALK_S)
    run.wait_for("Stimulating")
    run.middle = run.pids()
    run.figures = run.end()
    print("".join(run.said[-20:]))  # lateness, for the reader of a CI log
    return run


def test_every_part_of_the_device_is_a_process_of_its_own(walk):
    assert {name: len(pids) for name, pids in walk.middle.items()} == dict.fromkeys(PROGRAMS, 1)


def test_the_person_walks_to_the_end_and_is_helped(walk):
    figures, leg = walk.figures, walk.figures["leg"]
    assert figures["ended"] == "after the time asked for.", walk.said[-5:]
    assert figures["ran_s"] >= WALK_S
    assert walk.kept(mark.NAME) == b"", "an end that was asked for is no cut"
    assert leg["steps"] >= 0.65 * WALK_S, "a step in 1.2 s, after a start from standing"
    assert leg["pulses"] > 5 * WALK_S
    # A pulse that was granted and could not leave in time is held back, and the guardian needs a new arm.
    assert 0 <= figures["granted"] - leg["pulses"] <= 1 + figures["armed_again"]
    assert figures["steps"] > 0.5 * leg["steps"]


def test_no_pulse_is_other_than_prescribed(walk):
    leg = walk.figures["leg"]
    assert 0 < leg["current_max_ma"] <= 26.0
    assert 0 < leg["width_max_us"] <= 300
    assert leg["net_charge_max_nc"] == 0


def test_both_logs_are_whole_agree_and_are_decided_again_as_they_were(walk):
    logs = walk.logs()
    for name in ("controller", "guardian"):
        assert (logs[name].found.rows_lost, logs[name].found.bytes_lost) == (0, 0)
        assert logs[name].found.is_ended
        verdict = verify(logs[name])
        assert (verdict.problem, verdict.checked_n) == ("", verdict.rows_n), verdict.line()
    text, is_same = compare_processes(logs["controller"], logs["guardian"])
    assert is_same, text
    assert walk.figures["granted"] == 0 or verdict.decisions_n > walk.figures["granted"]


def stopped_by_the_kill_of(run, name):
    """Kill one process while the parent cannot react, wait, and return the pulses that came after, and the figures."""
    run.wait_for("Stimulating")
    os.kill(run.process.pid, signal.SIGSTOP)
    try:
        run.kill(name)
        killed_us = time.monotonic_ns() // 1000
        time.sleep(1.0)  # the leg walks on, in real time: what has no end would show
    finally:
        os.kill(run.process.pid, signal.SIGCONT)
    figures = run.end()
    newest_us = figures["leg"]["newest_pulses_us"]
    assert any(t_us > killed_us - 2_000_000 for t_us in newest_us), "pulses must have flowed until then"
    assert figures["ended"].startswith(f"the {name} has ended by itself"), run.said[-5:]
    assert run.process.returncode == 1
    return [t_us - killed_us for t_us in newest_us if t_us > killed_us], killed_us


def assert_kept_until(killed_us, log):
    """The last row on the disk was made less than a second before, or after."""
    last_us = struct.unpack(ROW_FORMAT, log.found.rows[-ROW_BYTES:])[3]
    assert elapsed_us(killed_us & WRAP_MASK_US, last_us) < 1_000_000, log.name


def check_of_settings(run):
    about = run.logs()["controller"].found.about
    profile = RunConfig.model_validate({"wearer": {"code": "sim"}}).profile()
    prescription = from_bytes(bytes.fromhex(about["prescription_bytes"]))
    charges_nc = [one.current_ua * one.width_us // 1000 for one in prescription.channels]
    return " ".join((profile_hash(profile, prescription), *map(str, charges_nc))).encode()


def test_a_killed_guardian_ends_the_current_and_loses_neither_log_nor_settings(tmp_path):
    run = Run(tmp_path, 60)
    after, killed_us = stopped_by_the_kill_of(run, "guardian")
    assert len(after) <= 1, "at most the pulse whose command had left"
    for log in run.logs().values():
        assert log.found.rows_lost == 0
        assert_kept_until(killed_us, log)
    assert run.kept(CHECKED) == check_of_settings(run)


def test_a_killed_log_writer_is_replaced_and_a_killed_controller_ends_the_current(tmp_path):
    run = Run(tmp_path, 60)
    run.wait_for("Stimulating")
    killed = run.kill("log writer")
    for _ in range(3):
        run.wait_for("Stimulating")
    (writer,) = run.pids()["log writer"]
    assert writer != killed
    after, killed_us = stopped_by_the_kill_of(run, "controller")
    assert len(after) <= 2, "at most one for each channel that had been granted"
    logs = run.logs()
    told = (tmp_path / "logs/session-000001/sign.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in told if int(line.split()[0]) > killed_us][-1].endswith("armed 0 sound 2")
    last_us = struct.unpack(ROW_FORMAT, logs["guardian"].found.rows[-ROW_BYTES:])[3]
    sounded_us = elapsed_us(last_us, killed_us & WRAP_MASK_US)
    assert run.kept(mark.NAME) == b"1", "nobody has noticed: the next start would sound it, too"
    assert sounded_us > 4_000_000, (
        "the guardian is left to sound the loss; it is not cut off with the first beep"
    )
    for name, cycles_of in (("controller", made_cycles), ("guardian", heard_cycles)):
        assert_kept_until(killed_us, logs[name])
        before, after_it = [list(cycles_of(pieces_of(read_log(file).rows))) for file in logs[name].files]
        lost = after_it[0].sequence - before[-1].sequence - 1
        assert 0 <= lost <= 200, f"{name}: {lost} cycles, 200 are a second"
    assert run.kept(CHECKED) == check_of_settings(run)
