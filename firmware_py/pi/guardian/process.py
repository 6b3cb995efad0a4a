"""The guardian's process: wait for bytes, signals, the button or a deadline, step the core, answer.

Controller and operator each have their own socket (AF_UNIX, SOCK_SEQPACKET, inherited from the parent):
only the operator's may arm or clear; every one may stop. Losing the operator changes nothing; losing the
controller disarms.
"""

import argparse
import select
import signal
import socket
import sys
from pathlib import Path

from firmware_py.frames import FrameWriter
from firmware_py.guard import Guard
from firmware_py.messages import StatusFrame
from firmware_py.pi.guardian.core import Deadline, GuardianCore, Incoming
from firmware_py.pi.guardian.log_port import LogPort
from firmware_py.pi.guardian.ports import (
    FileSign,
    LastLookPort,
    Signals,
    StopButton,
    monotonic_us,
    slept_us,
)
from firmware_py.pi.guardian.real_time import ask_for_real_time
from firmware_py.pi.guardian.settings import FLAGS, SettingsError, load_settings
from firmware_py.pi.serial_port import PortError
from stimulator.drivers import devices

IDLE_US = 5_000  # the driver's deadlines are tens of milliseconds; the permit's is 100
PACKETS_MAX = 8  # from one socket in one step: a flood must not hold up a stop
PACKET_N = 2048
BACKLOG_MAX = 4096  # packets thrown away after a gap; a full socket holds far fewer
END_US = 400_000  # time for the stimulator to confirm its last stop
LATE_SENTENCE = (
    "this process was kept from running for over 10 ms just before a pulse; the pulse was not written and a "
    "fault is latched. Look for what else runs on this machine, then clear the fault and arm again."
)


class GuardianProcess:
    """Everything between the operating system and `GuardianCore`."""

    def __init__(
        self,
        core: GuardianCore,
        port: LastLookPort,
        log: LogPort,
        sign: FileSign | None,
        *,
        at_arming: str = "",
    ) -> None:
        """at_arming: what a person must be told at each arming, "" if nothing."""
        self.core = core
        self._port = port
        self._log = log
        self._sign = sign
        self._at_arming = at_arming
        self._signals = Signals()
        self._controller: socket.socket | None = None
        self._operators: list[socket.socket] = []
        self._button: StopButton | None = None
        self._status = StatusFrame()
        self._writer = FrameWriter()
        self._told = (-1,) * 7
        self._slept_us = slept_us()
        self._end_us = 0  # once asked to end: the latest moment

    def listen(self, controller: socket.socket, operators: list[socket.socket], button: StopButton | None):
        """Say whom to hear."""
        for one in (controller, *operators):
            one.setblocking(False)
        self._controller, self._operators, self._button = controller, operators, button

    def run(self) -> None:
        """Guard until a signal ends it; the stimulator has been told to stop when this returns."""
        late_total = 0
        self.core.open()
        while not self._is_over():
            incoming = self._collect()
            taken = self.core.frames_taken
            # The clock is read after the sockets: what they held was made before this moment.
            self.core.step(monotonic_us(), incoming)
            if self.core.had_gap:
                self._throw_away_backlog()
            self._tell(self.core.frames_taken != taken, bool(incoming.operator))
            self._log.flush()
            if self._port.late_total != late_total:
                late_total = self._port.late_total
                print(f"guardian: {LATE_SENTENCE}", file=sys.stderr, flush=True)
        self._port.close()
        if self._sign is not None:
            self._sign.close()

    def _is_over(self) -> bool:
        driver = self.core.guard.driver
        is_quiet = driver.state == 0 or bool(driver.fault)
        return bool(self._end_us) and (is_quiet or monotonic_us() > self._end_us)

    def _collect(self) -> Incoming:
        fds: list = [self._signals, *self._operators]
        if self._controller is not None:
            fds.append(self._controller)
        if self._button is not None and not self._button.is_broken:
            fds.append(self._button)
        if not self.core.guard.driver.fault:
            fds.append(self._port)
        ready = select.select(fds, (), (), self.core.guard.due_us(IDLE_US) / 1e6)[0]
        incoming = Incoming()
        numbers = self._signals.take()
        if numbers:
            incoming.stop = True
            if numbers.strip(bytes((signal.SIGUSR1,))) and not self._end_us:
                self._end_us = monotonic_us() + END_US
        if self._button is not None and (self._button in ready or self._button.is_broken):
            incoming.stop |= self._button.was_pressed()
        for one in [one for one in self._operators if one in ready]:
            packets, is_gone = _receive(one)
            incoming.operator += packets
            if is_gone:
                self._operators.remove(one)
        if self._controller is not None and self._controller in ready:
            incoming.controller, incoming.controller_gone = _receive(self._controller)
            if incoming.controller_gone:
                self._controller.close()
                self._controller = None
        slept = slept_us()
        incoming.slept = slept - self._slept_us > IDLE_US
        self._slept_us = slept
        return incoming

    def _throw_away_backlog(self) -> None:
        if self._controller is not None:
            for _ in range(BACKLOG_MAX // PACKETS_MAX):
                if not _receive(self._controller)[0]:
                    return

    def _tell(self, has_frames: bool, was_asked: bool) -> None:
        status = self._status
        self.core.fill_status(status)
        told = (
            *(status.armed, status.is_ready, status.disarmed_by),
            *(status.state, status.fault, status.sound, status.device_fault),
        )
        if told != self._told or was_asked:
            n = status.encode(self._writer)
            for one in self._operators:
                _send(one, self._writer.buf, n)
        if self._at_arming and status.armed and self._told[0] <= 0:
            print(f"guardian: {self._at_arming}", flush=True)
        if self._sign is not None and told != self._told:
            self._sign.show(status.t_us, bool(status.armed), status.sound)
        if self._controller is not None and (has_frames or told != self._told):
            self.core.fill_results(status)
            _send(self._controller, self._writer.buf, status.encode(self._writer))
        self._told = told


def _receive(one: socket.socket) -> tuple[tuple[bytes, ...], bool]:
    """Return what waits in the socket, up to PACKETS_MAX packets, and whether its other end is gone."""
    packets: tuple[bytes, ...] = ()
    try:
        for _ in range(PACKETS_MAX):
            packet = one.recv(PACKET_N)
            if not packet:
                return packets, True
            packets += (packet,)
    except BlockingIOError:
        return packets, False
    except OSError:
        return packets, True
    return packets, False


def _send(one: socket.socket, buf: bytearray, n: int) -> None:
    """Send one packet; whoever does not read loses it."""
    try:
        one.send(memoryview(buf)[:n])
    except OSError:
        return


def main(arguments: list[str] | None = None) -> int:
    """Run the guardian; 0 after an ordered end, 2 if it cannot begin."""
    chosen = _parser().parse_args(arguments)
    try:
        settings = load_settings(Path(chosen.settings))
        deadline = Deadline()
        device = settings.chosen()
        check = devices.make_check(device)
        log = LogPort(chosen.log_fd)
        port = LastLookPort(chosen.port, check, deadline, device.port)
    except (SettingsError, PortError) as e:
        print(f"guardian: {e}", file=sys.stderr)
        return 2
    guard = Guard(
        settings.channels,
        devices.make_driver(device),
        check,
        port,
        log,
        **{flag: getattr(settings, flag) for flag in FLAGS},
    )
    sign = FileSign(Path(chosen.sign_file)) if chosen.sign_file else None
    at_arming = devices.tail_sentence(device.capability)
    process = GuardianProcess(GuardianCore(guard, deadline), port, log, sign, at_arming=at_arming)
    process.listen(
        socket.socket(fileno=chosen.controller_fd),
        [socket.socket(fileno=fd) for fd in chosen.operator_fd],
        StopButton(chosen.button_fd) if chosen.button_fd is not None else None,
    )
    for sentence in ask_for_real_time():
        print(f"guardian: {sentence}", flush=True)
    process.run()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="guardian", description=__doc__)
    parser.add_argument("--port", required=True, help="the stimulator's serial port")
    parser.add_argument("--settings", required=True, help="JSON file with the limits, from the parent")
    parser.add_argument("--controller-fd", type=int, required=True, help="inherited SOCK_SEQPACKET socket")
    parser.add_argument(
        "--operator-fd", type=int, action="append", default=[], help="the same, may arm; repeatable"
    )
    parser.add_argument("--button-fd", type=int, help="a byte on it, or its end, is a stop")
    parser.add_argument("--log-fd", type=int, help="pipe to the log writer")
    parser.add_argument("--sign-file", help="file that stands in for beeper and lamp")
    return parser
