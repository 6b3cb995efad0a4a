"""Emulated stimulator, guardian and controller as three processes, to be frozen, killed and lied to.

Only processes started here are signalled, each by its own id.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from benchmarks.guardian_controller import Request, now_us, read_requests
from benchmarks.guardian_emulator import Pulse, read_pulses
from firmware_py.messages import ACKNOWLEDGE, ARM, CLEAR
from firmware_py.pi.guardian.settings import GuardianSettings
from firmware_py.pi.guardian_launch import ROOT, LaunchedGuardian, OperatorLink, launch_guardian, settings_for
from stimulator.drivers import devices
from stimulator.prescription import default_prescription

PATIENCE_S = 30.0  # only a machine under heavy load comes near it
LOOK_S = 0.01
CLEARED_S = 0.5  # two tries of 100 ms, then the high voltage


class RigError(RuntimeError):
    """Something did not come about in time; the text says what."""

    is_for_people = True


class Rig:
    """Three processes and their files in `folder`. Use as a context manager."""

    guardian_module = "firmware_py.pi.guardian"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.n_guardians = 0
        self.emulator: subprocess.Popen | None = None
        self.controller: subprocess.Popen | None = None
        self.guardian: LaunchedGuardian | None = None
        self.operator: OperatorLink | None = None
        self._port = ""
        self._pulses_before = 0

    def __enter__(self) -> Self:
        self.emulator = subprocess.Popen(self.emulator_command(), stdout=subprocess.PIPE, text=True, cwd=ROOT)
        if self.emulator.stdout is not None:
            self._port = self.emulator.stdout.readline().strip()
        if not self._port:
            raise RigError("The emulated stimulator did not start.")
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        if self.emulator is not None:
            self.emulator.terminate()
            self.emulator.wait()
            if self.emulator.stdout is not None:
                self.emulator.stdout.close()

    # What another bench does differently ----------------------------------------------------------------

    def emulator_command(self) -> list[str]:
        """Return what starts the emulated stimulator; it prints its port and writes `pulses.bin`."""
        return [sys.executable, "-m", "benchmarks.guardian_emulator", str(self.folder / "pulses.bin")]

    def controller_command(self, fd: int) -> list[str]:
        """Return what starts the controller, with its socket to the guardian."""
        return [sys.executable, "-m", "benchmarks.guardian_controller", str(fd), str(self._requests_path())]

    def settings(self) -> GuardianSettings:
        """Return what the guardian is told."""
        device = devices.choose(devices.P24)
        return settings_for(default_prescription(), device, has_imu=True, has_switch=True, was_checked=True)

    def before_arming(self) -> None:
        """Do what must be done once the processes run."""

    @property
    def guardian_folder(self) -> Path:
        """Where the newest guardian's files are."""
        return self.folder / f"guardian{self.n_guardians}"

    # Getting there -------------------------------------------------------------------------------------

    def get_armed(self) -> None:
        """Start a fresh guardian and controller, arm, and wait until pulses flow."""
        self.end()
        self._begin_pair()
        self.until(self._is_ready, "the stimulator is ready")
        self.before_arming()
        operator = self._operator()
        operator.send(ACKNOWLEDGE)
        self.until(self.arm, "the guardian armed")
        self.until(self._flows, "pulses flow")

    def _is_ready(self) -> bool:
        """Whether the stimulator is ready. On a machine that is too busy it may answer late: clear, try again."""
        status = self.hear()
        if status.device_fault:
            self.send(CLEAR)
            self.wait(CLEARED_S)
        return bool(status.is_ready)

    def _flows(self) -> bool:
        """Whether pulses flow. A machine that is too busy may lose the arming once more: arm again."""
        return self.arm() and len(self.pulses()) >= self._pulses_before + 5

    def arm(self) -> bool:
        """Ask the guardian to arm; True once it has."""
        operator = self._operator()
        if not self.hear().armed:
            self._is_ready()  # clears a fault of the device
            operator.send(ARM)  # also switches a stimulator on again that was stopped
            select.select((operator.sock,), (), (), 0.05)
        return bool(self.hear().armed)

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until `holds()`; RigError if it does not within PATIENCE_S."""
        end_s = time.monotonic() + PATIENCE_S
        while not holds():
            if time.monotonic() > end_s:
                raise RigError(f"Within {PATIENCE_S} s it did not come about that {what}: {self.story()}")
            self.wait(LOOK_S)

    def story(self) -> str:
        """Say how the guardian stands."""
        status = self._operator().status
        return (
            f"armed {status.armed}, ready {status.is_ready}, disarmed by reason {status.disarmed_by}, "
            f"supervisor state {status.state}, fault {status.fault}, driver fault {status.device_fault}, "
            f"{status.refused} frames refused"
        )

    def hear(self):
        """Return the guardian's newest status, as the operator heard it."""
        operator = self._operator()
        for _ in operator.hear():
            pass
        return operator.status

    def wait(self, seconds: float) -> None:
        """Let real time pass."""
        time.sleep(seconds)

    # What happened -------------------------------------------------------------------------------------

    def pulses(self, since_us: int = 0) -> list[Pulse]:
        """Return the pulses that started at the stimulator after `since_us`, oldest first."""
        return [p for p in read_pulses(self.folder / "pulses.bin") if p.start_us > since_us]

    def requests(self) -> list[Request]:
        """Return every request of the sound controller so far."""
        return read_requests(self._requests_path())

    # What is done to them ------------------------------------------------------------------------------

    def set_mode(self, letter: str) -> None:
        """Tell the controller how to behave (`guardian_controller.MODES`)."""
        if self.controller is not None and self.controller.stdin is not None:
            self.controller.stdin.write(letter.encode())
            self.controller.stdin.flush()

    def signal_controller(self, number: int) -> None:
        """Send a signal to the controller."""
        if self.controller is not None:
            self.controller.send_signal(number)

    def signal_guardian(self, number: int) -> None:
        """Send a signal to the guardian."""
        if self.guardian is not None:
            self.guardian.process.send_signal(number)

    def send(self, kind: int) -> None:
        """Give the guardian a command as the operator."""
        self._operator().send(kind)

    def press_button(self) -> None:
        """Press the stop button once."""
        if self.guardian is not None:
            os.write(self.guardian.button_fd, b"!")

    def _operator(self) -> OperatorLink:
        if self.operator is None:
            raise RigError("There is no guardian yet.")
        return self.operator

    def _requests_path(self) -> Path:
        return self.folder / "requests.bin"

    def _begin_pair(self) -> None:
        """Start guardian and controller with new sockets between them."""
        self.n_guardians += 1
        self._pulses_before = len(self.pulses())
        folder = self.guardian_folder
        folder.mkdir()
        self.guardian = launch_guardian(self.settings(), self._port, folder, module=self.guardian_module)
        self.operator = OperatorLink(self.guardian.operator, now_us)
        self._requests_path().write_bytes(b"")
        with contextlib.closing(self.guardian.controller) as end:
            command = self.controller_command(end.fileno())
            self.controller = subprocess.Popen(
                command, stdin=subprocess.PIPE, pass_fds=[end.fileno()], cwd=ROOT
            )

    def end(self) -> None:
        """End guardian and controller; their files are whole then."""
        if self.controller is not None:
            if self.controller.poll() is None:
                self.controller.kill()
            self.controller.wait()
            if self.controller.stdin is not None:
                with contextlib.suppress(OSError):
                    self.controller.stdin.close()
            self.controller = None
        if self.guardian is not None:
            if self.guardian.process.poll() is None:
                self.guardian.process.send_signal(signal.SIGCONT)
            self.guardian.close()
            self.guardian = None
