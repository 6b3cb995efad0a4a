"""Start the guardian as a process of its own, with its sockets, its stop line and its log writer.

The parent (`./swingphase run`, a bench) checks the prescription, derives the limits from it and calls
this. It keeps the operator's end and the stop line; the controller's end goes to the controller.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from firmware_py.frames import FrameReader, FrameWriter
from firmware_py.messages import CommandFrame, StatusFrame
from firmware_py.pi.guardian.settings import GuardianSettings
from firmware_py.pi.log_launch import LaunchedWriter, launch_log_writer
from safety.clock import WRAP_MASK_US
from stimulator.drivers.devices import TAIL_MAX_MS, Device
from stimulator.prescription import Prescription, channel_limits, prescription_hash

ROOT = Path(__file__).resolve().parents[2]


def settings_for(
    prescription: Prescription, device: Device, *, allow_host_death_tail_ms: int = TAIL_MAX_MS, **flags: bool
) -> GuardianSettings:
    """Return what the guardian must know of a checked prescription.

    device   of stimulator.drivers.devices.choose
    flags    those of GuardianSettings: has_imu, has_switch, is_shank, was_checked
    """
    return GuardianSettings(
        device=device.name,
        answer_max_ms=device.answer_max_ms,
        prescription=prescription_hash(prescription),
        channels=channel_limits(prescription, device.capability),
        allow_host_death_tail_ms=allow_host_death_tail_ms,
        **flags,
    )


def about_guardian(settings: GuardianSettings) -> dict:
    """Return what the head of the guardian's log says: enough to build its guard again."""
    return {
        "process": "guardian",
        "device": settings.device,
        "prescription": settings.prescription,
        "settings": settings.digest(),
        "settings_json": settings.to_bytes().decode(),
    }


class OperatorLink:
    """The operator's end: stop, clear, arm, and hear how the guardian stands."""

    def __init__(self, sock: socket.socket, clock_us) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.status = StatusFrame()
        self._clock_us = clock_us
        self._command = CommandFrame()
        self._writer = FrameWriter()
        self._reader = FrameReader()

    def send(self, kind: int, asked_us: int = -1) -> None:
        """Give a command (`firmware_py.messages`: STOP to ARM_EXERCISE); OSError if the guardian is gone.

        asked_us   clock reading at which a person first asked for it, -1 for now. Whoever gives an arm again
                   must keep it: a stop in between ends the wish.
        """
        command = self._command
        command.kind = kind
        now_us = self._clock_us()
        command.t_us = now_us & WRAP_MASK_US
        command.asked_us = (now_us if asked_us < 0 else asked_us) & WRAP_MASK_US
        self.sock.send(memoryview(self._writer.buf)[: command.encode(self._writer)])

    def hear(self) -> Iterator[StatusFrame]:
        """Yield each status that has arrived; it is filled again by the next one."""
        while True:
            try:
                packet = self.sock.recv(2048)
            except OSError:
                return
            if not packet:
                return
            self._reader.feed(packet, 0, len(packet))
            while self._reader.next():
                if self.status.decode(self._reader):
                    yield self.status


@dataclass(slots=True)
class LaunchedGuardian:
    """process      the guardian
    log_writer   its log writer, None without a log
    controller   socket for the controller, to be inherited by it
    operator     socket for the operator, see `OperatorLink`
    button_fd    write one byte, or close it, to stop
    """

    process: subprocess.Popen
    log_writer: LaunchedWriter | None
    controller: socket.socket
    operator: socket.socket
    button_fd: int

    def close(self) -> None:
        """End the guardian in good order, then let go of everything. Safe to call twice."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(2.0)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        if self.log_writer is not None:
            self.log_writer.close()
        self.controller.close()
        self.operator.close()
        if self.button_fd >= 0:
            os.close(self.button_fd)
            self.button_fd = -1


def launch_guardian(
    settings: GuardianSettings,
    port: str,
    folder: Path,
    *,
    log: bool = True,
    log_end: int | None = None,
    parts: tuple[str, ...] = (),
    pass_fds: tuple[int, ...] = (),
    operator_fds: tuple[int, ...] = (),
    says: tuple[int | None, int | None] = (None, None),
    module: str = "firmware_py.pi.guardian",
) -> LaunchedGuardian:
    """Start a guardian for the stimulator at `port`; its files go into `folder`.

    log        start a log writer for it alone, into `folder`
    log_end    or this descriptor of a log writer that there is
    parts      more of its options: lines of beeper, lamp and stop contact (default: a sign in a file, and a pipe
               that stands for the stop button), with the descriptors that they name in `pass_fds`
    operator_fds   ends of sockets of more operators
    says       where its words and its errors go; must not block, if a terminal that takes none shall not hold it up.
               Default: where this process' own go
    module     what is started; a bench puts its own around the guardian
    """
    settings_path = folder / "guardian.json"
    settings_path.write_bytes(settings.to_bytes())
    controller, controller_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    operator, operator_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    button_end, button_fd = os.pipe()
    given = [controller_end.fileno(), operator_end.fileno(), *operator_fds, *pass_fds]
    command = [sys.executable, "-m", module, "--port", port]
    command += ["--settings", str(settings_path)]
    command += ["--controller-fd", str(given[0]), "--operator-fd", str(given[1])]
    for fd in operator_fds:
        command += ["--operator-fd", str(fd)]
    if "--stop-line" not in parts:
        given.append(button_end)
        command += ["--button-fd", str(button_end)]
    command += parts or ("--sign-file", str(folder / "sign.txt"))
    log_writer = None
    if log and log_end is None:
        log_writer = launch_log_writer(folder, {"guardian": about_guardian(settings)})
        log_end = log_writer.ends["guardian"]
    if log_end is not None:
        given.append(log_end)
        command += ["--log-fd", str(log_end)]
    try:
        process = subprocess.Popen(command, pass_fds=given, cwd=ROOT, stdout=says[0], stderr=says[1])
    finally:
        controller_end.close()
        operator_end.close()
        os.close(button_end)
    return LaunchedGuardian(process, log_writer, controller, operator, button_fd)
