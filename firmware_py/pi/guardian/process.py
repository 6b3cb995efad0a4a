"""The guardian's process: wait for bytes, signals, the button or a deadline, step the core, answer.

Controller and operator each have their own socket (AF_UNIX, SOCK_SEQPACKET, inherited from the parent):
only the operator's may arm or clear; every one may stop. Losing the operator changes nothing; losing the
controller disarms.
"""

import argparse
import contextlib
import os
import select
import signal
import socket
from pathlib import Path

from firmware_py.frames import FrameWriter
from firmware_py.messages import StatusFrame
from firmware_py.pi.gpio_port import GpioError, Output, StopLine, open_contact, open_output
from firmware_py.pi.guardian.build import make_guard
from firmware_py.pi.guardian.core import Deadline, GuardianCore, Incoming
from firmware_py.pi.guardian.log_port import LogPort
from firmware_py.pi.guardian.ports import (
    BYTES_MAX,
    FileSign,
    LastLookPort,
    Signals,
    StopButton,
    monotonic_us,
    slept_us,
)
from firmware_py.pi.guardian.real_time import ask_for_real_time
from firmware_py.pi.guardian.record import Recorder
from firmware_py.pi.guardian.settings import SettingsError, load_settings
from firmware_py.pi.guardian.sign import GpioSign
from firmware_py.pi.serial_port import PortError
from firmware_py.recorded_port import RecordedPort
from safety.supervisor import SOUND_LOST
from stimulator.drivers import devices

IDLE_US = 5_000  # the driver's deadlines are tens of milliseconds; the permit's is 100
PACKETS_MAX = 8  # from one socket in one step: a flood must not hold up a stop
PACKET_N = 2048
BACKLOG_MAX = 4096  # packets thrown away after a gap; a full socket holds far fewer
END_US = 400_000  # time for the stimulator to confirm its last stop
ALONE_US = 10_000_000  # once nobody is left who could arm: so long the loss of help is heard
STDOUT, STDERR = 1, 2
LATE_SENTENCE = (
    "this process was kept from running for over 10 ms just before a pulse; the pulse was not written and a "
    "fault is latched. Look for what else runs on this machine, then clear the fault and arm again."
)


class Alone:
    """Once controller and operators are gone nobody can ever arm: the loss is heard for ALONE_US, then it is over."""

    def __init__(self) -> None:
        self._until_us = 0

    def is_over(self, now_us: int, is_alone: bool) -> bool:
        """Return True once it has been alone for so long."""
        if is_alone and not self._until_us:
            self._until_us = now_us + ALONE_US
        return is_alone and now_us > self._until_us


class GuardianProcess:
    """Everything between the operating system and `GuardianCore`."""

    def __init__(
        self,
        core: GuardianCore,
        port: LastLookPort,
        log: LogPort,
        sign: FileSign | GpioSign | None,
        record: Recorder,
        *,
        at_arming: str = "",
    ) -> None:
        """at_arming: what a person must be told at each arming, "" if nothing."""
        self.core = core
        self._port = port
        self._log = log
        self._sign = sign
        self._at_arming = at_arming
        self._record = record
        self._signals = Signals()
        self._controller: socket.socket | None = None
        self._operators: list[socket.socket] = []
        self._button: StopButton | StopLine | None = None
        self._battery_fd = self._cut_fd = -1
        self._status = StatusFrame()
        self._writer = FrameWriter()
        self._told = (-1,) * 10
        self._shown = -1  # sound
        self._owes = False  # an operator was too busy to hear the newest status
        self._slept_us = slept_us()
        self._end_us = 0  # once asked to end: the latest moment
        self._alone = Alone()

    def listen(
        self,
        controller: socket.socket,
        operators: list[socket.socket],
        button: StopButton | StopLine | None,
        battery_fd: int | None = None,
        cut_fd: int | None = None,
    ) -> None:
        """Say whom to hear; a byte on `battery_fd` is the charge in percent.

        cut_fd   until its other end is closed the loss of help is shown: the last session was cut
        """
        for one in (controller, *operators):
            one.setblocking(False)
        self._controller, self._operators, self._button = controller, operators, button
        if battery_fd is not None:
            os.set_blocking(battery_fd, False)
            self._battery_fd = battery_fd
        if cut_fd is not None:
            self._cut_fd = cut_fd

    def run(self) -> None:
        """Guard until a signal ends it; the stimulator has been told to stop when this returns."""
        late_total = 0
        self.core.open()
        while not self._is_over():
            incoming = self._collect()
            taken = self.core.frames_taken
            # The clock is read after the sockets: what they held was made before this moment.
            now_us = monotonic_us()
            self._record.note(now_us, incoming)
            self.core.step(now_us, incoming)
            if self.core.had_gap:
                self._throw_away_backlog()
            if self._sign is not None:
                self._sign.step(now_us)
            self._tell(now_us, self.core.frames_taken != taken, bool(incoming.operator))
            self._log.flush()
            if self._port.late_total != late_total:
                late_total = self._port.late_total
                say(LATE_SENTENCE, STDERR)
        self._record.steps.flush()
        self._log.flush()
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
        if self._battery_fd >= 0:
            fds.append(self._battery_fd)
        if self._cut_fd >= 0:
            fds.append(self._cut_fd)
        ready = select.select(fds, (), (), self.core.guard.due_us(IDLE_US) / 1e6)[0]
        incoming = Incoming()
        numbers = self._signals.take()
        is_alone = self._controller is None and not self._operators
        is_to_end = self._alone.is_over(monotonic_us(), is_alone) or bool(
            numbers.strip(bytes((signal.SIGUSR1,)))
        )
        if numbers or is_to_end:
            incoming.stop = True
        if is_to_end and not self._end_us:
            self._end_us = monotonic_us() + END_US
        if self._button is not None and (self._button in ready or self._button.is_broken):
            incoming.stop |= self._button.was_pressed()
        for one in [one for one in self._operators if one in ready]:
            packets, is_gone = _receive(one)
            incoming.operator += packets
            if is_gone:
                self._operators.remove(one)
        if self._end_us:
            incoming.operator = ()  # it has stopped; nobody arms what is about to end
        if self._controller is not None and self._controller in ready:
            incoming.controller, incoming.controller_gone = _receive(self._controller)
            if incoming.controller_gone:
                self._controller.close()
                self._controller = None
        if self._battery_fd in ready:
            incoming.battery = self._hear_battery()
        if self._cut_fd in ready:  # nothing is ever written there
            os.close(self._cut_fd)
            self._cut_fd = -1
        slept = slept_us()
        incoming.slept = slept - self._slept_us > IDLE_US
        self._slept_us = slept
        return incoming

    def _hear_battery(self) -> int:
        """Return the newest charge, -1 for none. Whoever read the battery may be gone: then it is what it was."""
        try:
            data = os.read(self._battery_fd, BYTES_MAX)
        except BlockingIOError:
            return -1
        except OSError:
            data = b""
        if not data:
            self._battery_fd = -1
            return -1
        return min(data[-1], 100)

    def _throw_away_backlog(self) -> None:
        if self._controller is not None:
            for _ in range(BACKLOG_MAX // PACKETS_MAX):
                if not _receive(self._controller)[0]:
                    return

    def _tell(self, now_us: int, has_frames: bool, was_asked: bool) -> None:
        status = self._status
        self.core.fill_status(status)
        told = (
            *(status.armed, status.is_ready, status.disarmed_by),
            *(status.state, status.fault, status.sound, status.device_fault),
            *(status.held_by, status.warnings, status.stops, status.ends),
        )
        if told != self._told or was_asked or self._owes:
            n = status.encode(self._writer)
            self._owes = False
            for one in self._operators:
                self._owes |= not _send(one, self._writer.buf, n)
        if self._at_arming and status.armed and self._told[0] <= 0:
            say(self._at_arming)
        sound = SOUND_LOST if self._cut_fd >= 0 else status.sound
        if self._sign is not None and (told != self._told or sound != self._shown):
            self._shown = sound
            self._sign.show(now_us, bool(status.armed), sound)
        if self._controller is not None and (has_frames or told != self._told):
            self.core.fill_results(status)
            _send(self._controller, self._writer.buf, status.encode(self._writer))
        self._told = told


def say(sentence: str, fd: int = STDOUT) -> None:
    """Tell a person. The parent gives pipes that are never waited for, and says it: what they do not take is lost."""
    with contextlib.suppress(OSError):
        os.write(fd, f"guardian: {sentence}\n".encode())


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


def _send(one: socket.socket, buf: bytearray, n: int) -> bool:
    """Send one packet; whoever does not read loses it. False if it may be tried again."""
    try:
        one.send(memoryview(buf)[:n])
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def main(arguments: list[str] | None = None) -> int:
    """Run the guardian; 0 after an ordered end, 2 if it cannot begin."""
    chosen = _parser().parse_args(arguments)
    try:
        settings = load_settings(Path(chosen.settings))
        deadline = Deadline()
        device = settings.chosen()
        check = devices.make_check(device)
        log = LogPort(chosen.log_fd)
        record = Recorder(log)
        port = LastLookPort(chosen.port, check, deadline, device.port)
        button = _button(chosen)
        sign = _sign(chosen)
    except (SettingsError, PortError, GpioError) as e:
        say(str(e), STDERR)
        return 2
    guard = make_guard(settings, check, RecordedPort(port, record.steps), record.steps)
    at_arming = devices.tail_sentence(device.capability)
    process = GuardianProcess(GuardianCore(guard, deadline), port, log, sign, record, at_arming=at_arming)
    process.listen(
        socket.socket(fileno=chosen.controller_fd),
        [socket.socket(fileno=fd) for fd in chosen.operator_fd],
        button,
        chosen.battery_fd,
        chosen.cut_fd,
    )
    for sentence in ask_for_real_time():
        say(sentence)
    process.run()
    return 0


def _button(chosen: argparse.Namespace) -> StopButton | StopLine | None:
    if chosen.stop_line is not None:
        return StopLine(open_contact(*_line(chosen.stop_line), "stop contact"))
    return StopButton(chosen.button_fd) if chosen.button_fd is not None else None


def _sign(chosen: argparse.Namespace) -> FileSign | GpioSign | None:
    if chosen.sign_file:
        return FileSign(Path(chosen.sign_file))
    parts: list[Output | None] = [
        open_output(*_line(line), what) if line is not None else None
        for line, what in ((chosen.beeper_line, "beeper"), (chosen.lamp_line, "lamp"))
    ]
    return GpioSign(*parts) if any(parts) else None


def _line(text: str) -> tuple[str, int]:
    """Read CHIP:LINE, as the parent has checked it."""
    chip, _, line = text.rpartition(":")
    return chip, int(line)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="guardian", description=__doc__)
    parser.add_argument("--port", required=True, help="the stimulator's serial port")
    parser.add_argument("--settings", required=True, help="JSON file with the limits, from the parent")
    parser.add_argument("--controller-fd", type=int, required=True, help="inherited SOCK_SEQPACKET socket")
    parser.add_argument(
        "--operator-fd", type=int, action="append", default=[], help="the same, may arm; repeatable"
    )
    parser.add_argument("--button-fd", type=int, help="a byte on it, or its end, is a stop")
    parser.add_argument(
        "--stop-line", help="CHIP:LINE of a stop contact, closed at rest; in place of a button"
    )
    parser.add_argument("--beeper-line", help="CHIP:LINE of the beeper")
    parser.add_argument("--lamp-line", help="CHIP:LINE of the lamp")
    parser.add_argument("--battery-fd", type=int, help="pipe with the charge of the supply, a byte each")
    parser.add_argument("--cut-fd", type=int, help="until this ends: the last session was cut, sound it")
    parser.add_argument("--log-fd", type=int, help="pipe to the log writer")
    parser.add_argument("--sign-file", help="file that stands in for beeper and lamp")
    return parser
