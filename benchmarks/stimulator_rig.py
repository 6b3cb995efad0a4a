"""Emulated stimulator, guardian and controller (or another client) as processes, on a PC that is kept busy.

Only processes started here are signalled, each by its own id.
"""

import json
import os
import signal
import subprocess
import sys
import time
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.guardian_emulator import Pulse, read_pulses
from benchmarks.guardian_rig import Rig, RigError
from benchmarks.stimulator_controller import Asked, prescription, read_asked
from firmware_py.pi.guardian.settings import GuardianSettings
from firmware_py.pi.guardian_launch import ROOT, settings_for
from stimulator.drivers import devices
from stimulator.drivers.devices import Device

EMULATOR_PRIORITY, CONTROLLER_PRIORITY = 60, 40  # the guardian asks for 50 itself
WALK_MARGIN_S = 20.0  # standing, arming and the two steps that release it
ARM_AGAIN_S = 0.2
POLICIES = {os.SCHED_OTHER: "ordinary", os.SCHED_FIFO: "FIFO"}


class WalkRig(Rig):
    """The guardian's rig with a controller that walks. answer_us: least and most of the stimulator's answers."""

    guardian_module = "benchmarks.stimulator_guardian"

    def __init__(
        self,
        folder: Path,
        device: Device,
        rate_hz: int,
        seconds: float,
        answer_us: tuple[int, int],
        *,
        fifo: bool,
    ) -> None:
        super().__init__(folder)
        os.environ["SWINGPHASE_TAP"] = str(folder / "tap.bin")
        self.device, self.rate_hz, self.seconds = device, rate_hz, seconds
        self.answer_us, self.fifo = answer_us, fifo
        self.scheduled = ""
        self.n_stops = (
            0  # the guardian stopped by itself: a loop that was too slow, a command without an answer
        )

    def emulator_command(self) -> list[str]:
        """As in `Rig`, another device and its answer times."""
        return emulator_command(self.folder / "pulses.bin", self.device.name, self.answer_us, fifo=self.fifo)

    def controller_command(self, fd: int) -> list[str]:
        """As in `Rig`, the walking controller."""
        command = [
            sys.executable,
            "-m",
            "benchmarks.stimulator_controller",
            str(fd),
            str(self._requests_path()),
        ]
        return [*command, self.device.name, str(self.rate_hz), str(self.seconds + WALK_MARGIN_S)]

    def settings(self) -> GuardianSettings:
        """As in `Rig`, for this device and rate."""
        wanted = prescription(self.device, self.rate_hz)
        return settings_for(wanted, self.device, has_imu=True, has_switch=True, was_checked=True)

    def asked(self) -> list[Asked]:
        """Return every request so far."""
        return read_asked(self._requests_path())

    def before_arming(self) -> None:
        """Give the controller its priority, or take the guardian's away."""
        if self.fifo and self.controller is not None:
            with suppress(OSError):
                os.sched_setscheduler(self.controller.pid, os.SCHED_FIFO, os.sched_param(CONTROLLER_PRIORITY))
        elif self.guardian is not None:
            os.sched_setscheduler(self.guardian.process.pid, os.SCHED_OTHER, os.sched_param(0))
        processes = (
            ("guardian", self.guardian.process if self.guardian else None),
            ("controller", self.controller),
            ("emulator", self.emulator),
        )
        self.scheduled = ", ".join(
            f"{name} {POLICIES.get(os.sched_getscheduler(p.pid) & ~os.SCHED_RESET_ON_FORK, 'other')}"
            for name, p in processes
            if p
        )

    def walk(self) -> tuple[list[Asked], list[Pulse], list[Pulse]]:
        """Walk; return what was asked, what the guardian wrote, what was delivered.

        Whenever the guardian stops, it is armed again.
        """
        self.get_armed()
        first = len(self.asked())
        end_s = time.monotonic() + self.seconds
        while time.monotonic() < end_s:
            self.wait(ARM_AGAIN_S)
            if not self.hear().armed:
                self.n_stops += 1
                self.until(self.arm, "the guardian armed again")
        asked = self.asked()[first:]
        self.wait(ARM_AGAIN_S)
        since_us = asked[0].made_us - 1_000 if asked else 0
        written = [p for p in read_pulses(self.folder / "tap.bin") if p.start_us > since_us]
        pulses = self.pulses(since_us)
        self.end()
        return asked, written, pulses


def emulator_command(path: Path, name: str, answer_us: tuple[int, int], *, fifo: bool) -> list[str]:
    """Return what starts an emulated stimulator that writes its pulses to `path`."""
    command = [sys.executable, "-m", "benchmarks.guardian_emulator", str(path), name, *map(str, answer_us)]
    return [*command, str(EMULATOR_PRIORITY)] if fifo else command


def peer_run(
    client: str, folder: Path, period_ms: int, seconds: float, answer_us: tuple[int, int], *, fifo: bool
) -> tuple[list[Pulse], list[tuple[int, int]]]:
    """Let another client stimulate; return its pulses and its changes (when, mA). RigError if it fails."""
    path = folder / "peer.bin"
    name = devices.REHASTIM2 if client == "pysciencemode" else devices.P24
    emulator = subprocess.Popen(
        emulator_command(path, name, answer_us, fifo=fifo), stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        port = emulator.stdout.readline().strip() if emulator.stdout else ""
        command = [
            sys.executable,
            "-m",
            "benchmarks.stimulator_peers",
            client,
            port,
            str(period_ms),
            str(seconds),
        ]
        peer = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
        if fifo:
            with suppress(OSError):
                os.sched_setscheduler(peer.pid, os.SCHED_FIFO, os.sched_param(CONTROLLER_PRIORITY))
        try:
            said, complaint = peer.communicate(timeout=seconds + 30)
        except subprocess.TimeoutExpired:
            peer.kill()
            said, complaint = peer.communicate()
    finally:
        emulator.terminate()
        emulator.wait()
        if emulator.stdout:
            emulator.stdout.close()
    if not said.strip():
        raise RigError(
            f"{client} did not come to its end: {complaint.strip().splitlines()[-1:] or 'no word'}"
        )
    return read_pulses(path), [tuple(change) for change in json.loads(said)]


@contextmanager
def busy_pc(n: int) -> Iterator[Sequence[subprocess.Popen]]:
    """Keep `n` processes counting for nothing, and end them, by their ids."""
    command = [sys.executable, "-c", "while True: pass"]
    processes = [subprocess.Popen(command) for _ in range(n)]
    try:
        yield processes
    finally:
        for process in processes:
            process.send_signal(signal.SIGKILL)
            process.wait()


@contextmanager
def as_real_time() -> Iterator[None]:
    """Run at the controller's priority for a moment, where that is permitted."""
    policy, param = os.sched_getscheduler(0), os.sched_getparam(0)
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(CONTROLLER_PRIORITY))
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, param)


def wake_ups_us(n: int = 2000) -> list[int]:
    """Return how late a process that sleeps until each 5 ms wakes up on this machine, us."""
    found = []
    with as_real_time():
        due_ns = time.monotonic_ns()
        for _ in range(n):
            due_ns += 5_000_000
            time.sleep(max(0, due_ns - time.monotonic_ns()) / 1e9)
            found.append(max(0, time.monotonic_ns() - due_ns) // 1000)
    return found


PTY_READER = """
import os, select, sys, time
fd, n = int(sys.argv[1]), int(sys.argv[2])
try:
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(60))
except OSError:
    pass
print(flush=True)
while n > 0:
    select.select((fd,), (), ())
    data, now = os.read(fd, 4096), time.monotonic_ns()
    for i in range(0, len(data) // 28 * 28, 28):
        print((now - int.from_bytes(data[i:i + 8], "little")) // 1000)
        n -= 1
"""


def pty_transit_us(n: int = 500) -> list[int]:
    """Return how long frames of 28 bytes take through a pty alone, us: the emulator's clock stands behind it."""
    master, slave = os.openpty()
    for fd in (master, slave):
        tty.setraw(fd)
    command = [sys.executable, "-c", PTY_READER, str(master), str(n)]
    reader = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, pass_fds=[master])
    if reader.stdout:
        reader.stdout.readline()
    with as_real_time():
        for _ in range(n):
            time.sleep(0.005)
            os.write(slave, time.monotonic_ns().to_bytes(8, "little") + bytes(20))
    said, _ = reader.communicate()
    for fd in (master, slave):
        os.close(fd)
    return [int(line) for line in said.split()]
