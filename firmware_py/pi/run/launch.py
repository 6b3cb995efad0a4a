"""Start the processes of the device, each with its own ends, and end them in order: stimulator first, log last.

"First" is meant: a stop leaves before anything is waited for, and nobody else is waited for before the guardian.

The link (Bluetooth), if there is one, has a second operator's socket to the guardian and one to the controller
(`firmware_py.pi.run.link_packets`), all made here. It may end and begin again; nobody else notices.
"""

import contextlib
import dataclasses
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from firmware_py import messages
from firmware_py.compose_controller import about_controller
from firmware_py.link.kept import hash_of
from firmware_py.pi.console import ROOT
from firmware_py.pi.guardian.ports import monotonic_us
from firmware_py.pi.guardian.settings import GuardianSettings
from firmware_py.pi.guardian_launch import (
    LaunchedGuardian,
    OperatorLink,
    about_guardian,
    launch_guardian,
    settings_for,
)
from firmware_py.pi.log_launch import LaunchedWriter, launch_log_writer
from firmware_py.pi.run.config import RunConfig, line_of
from firmware_py.pi.run.controller import Report, Spec
from firmware_py.pi.run.link_launch import LaunchedLink, launch_link, pair
from firmware_py.pi.run.voice import STDERR, STDOUT
from firmware_py.pi.run.wiring import Places
from stimulator.exercise_plan import ExercisePlan
from stimulator.prescription import Prescription, canonical_bytes

END_S = 3.0  # for a process to end by itself
SAID_N = 1 << 16  # what a pipe holds


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPlace:
    """store   folder of what the link keeps;  air   of the virtual radio, "" for Bluetooth
    named      the prescription that the configuration names
    """

    store: Path
    air: str
    named: Prescription


@dataclass(slots=True)
class Processes:
    """guardian, controller, writer   the processes
    operator   to the guardian;  orders   socket to the controller, which reports on it
    session    folder of the logs
    report     the newest of the controller;  has_begun   there is one
    cut_fd     the guardian sounds that the last session was cut while this is open, -1 if it was not
    battery_fd   write the charge as one byte, -1 if no battery was named
    link       None without one
    has_lines  beeper and lamp are real
    said       pipes with what guardian and controller say, for which they never wait, and where it is to be said
    """

    guardian: LaunchedGuardian
    controller: subprocess.Popen
    writer: LaunchedWriter
    operator: OperatorLink
    orders: socket.socket
    session: Path
    battery_fd: int
    link: LaunchedLink | None
    report: Report = dataclasses.field(default_factory=Report)
    has_begun: bool = False
    has_lines: bool = False
    cut_fd: int = -1
    said: list[tuple[int, int]] = dataclasses.field(default_factory=list)

    def dead(self) -> str:
        """Return which process has ended by itself, "" if none; a log writer is replaced."""
        self.writer.mend()
        if not self.is_guarded():
            return "guardian"
        return "controller" if self.controller.poll() is not None else ""

    def is_guarded(self) -> bool:
        """Say whether the guardian lives."""
        return self.guardian.process.poll() is None

    def hear(self) -> Report:
        """Return the newest report of the controller."""
        with contextlib.suppress(OSError, ValueError):
            while data := self.orders.recv(1 << 16):
                self.report = Report(**json.loads(data))
                self.has_begun = True
        return self.report

    def hear_said(self) -> Iterator[tuple[str, int]]:
        """Yield what guardian and controller have said, and to which of STDOUT and STDERR."""
        for fd, to in tuple(self.said):
            with contextlib.suppress(BlockingIOError):
                while data := os.read(fd, SAID_N):
                    yield data.decode(errors="replace").rstrip("\n"), to
                os.close(fd)  # both are dead
                self.said.remove((fd, to))

    def order(self, packet: bytes) -> None:
        """Give the controller an order; a controller that is gone misses it."""
        with contextlib.suppress(OSError):
            self.orders.send(packet)

    def noticed(self) -> None:
        """Somebody has noticed that the last session was cut. Safe to call twice."""
        if self.cut_fd >= 0:
            os.close(self.cut_fd)
            self.cut_fd = -1

    def stop(self) -> None:
        """Stop the stimulation; a guardian that is gone has ended it."""
        with contextlib.suppress(OSError):
            self.operator.send(messages.STOP)

    def close_link(self) -> None:
        """End the link: from then on nobody but the parent can arm. Safe to call twice."""
        if self.link is not None:
            self.link.close()

    def close(self) -> None:
        """End everything in order. Safe to call twice."""
        self.stop()
        if self.is_guarded():
            self.guardian.process.terminate()  # stops, tells the stimulator, ends
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.guardian.process.wait(END_S)
        self.close_link()
        with contextlib.suppress(OSError):
            self.orders.shutdown(socket.SHUT_WR)
        try:
            self.controller.wait(END_S)
        except subprocess.TimeoutExpired:
            self.controller.kill()
            self.controller.wait()
        self.hear()
        self.orders.close()
        self.guardian.close()
        self.noticed()
        self.writer.close()
        if self.battery_fd >= 0:
            os.close(self.battery_fd)
            self.battery_fd = -1


def launch(
    config: RunConfig,
    prescription: Prescription,
    *,
    port: str,
    places: Places,
    session: Path,
    was_checked: bool,
    is_sim: bool,
    was_cut: bool = False,
    plan: ExercisePlan | None = None,
    link: LinkPlace | None = None,
    say: Callable[[str], None] = print,
) -> Processes:
    """Start log writer, guardian, controller, and the link if it has a place.

    was_cut   the last session was: it is sounded until `Processes.noticed`
    say    shows a sentence;  plan   of the exercise, None for none
    `config` has passed `check`; in a simulation lines are not touched.
    """
    device = config.device()
    settings = settings_of(config, prescription, was_checked)
    known = {
        "place": config.imu.place,
        "side": config.wearer.side,
        "has_switch": bool(config.lines.heel_switch),
    }
    known["switch_foot"] = config.lines.heel_switch_foot
    known |= {"corridor": config.corridor(), "plan": plan}
    about = {
        "guardian": about_guardian(settings),
        "controller": about_controller(device, prescription, **known),
    }
    for told in about.values():
        told |= {"wearer": config.wearer.code, "is_simulated": is_sim}
    writer = launch_log_writer(session, about, root=session.parent, size_max=config.files.logs_max_mib << 20)
    parts, given, battery_fd, cut_fd = _parts(config, is_sim, was_cut)
    link_guardian, guardian_end = pair()
    link_controller, controller_end = pair()
    said, says = _pipes()
    guardian = launch_guardian(
        settings,
        port,
        session,
        log_end=writer.ends["guardian"],
        parts=parts,
        pass_fds=given,
        operator_fds=(guardian_end.fileno(),) if link is not None else (),
        says=says,
    )
    for fd in given:
        os.close(fd)
    orders, orders_end = pair()
    orders.setblocking(False)
    spec = Spec(
        config=config.model_dump(),
        places=dataclasses.asdict(places),
        prescription=canonical_bytes(prescription).hex(),
        guardian_fd=guardian.controller.fileno(),
        orders_fd=orders_end.fileno(),
        log_fd=writer.ends["controller"],
        plan=about["controller"]["plan"],
        link_fd=controller_end.fileno() if link is not None else -1,
    )
    path = session / "controller.json"
    path.write_text(json.dumps(dataclasses.asdict(spec)), encoding="utf-8")
    controller = subprocess.Popen(
        [sys.executable, "-m", "firmware_py.pi.run.controller", str(path)],
        pass_fds=[fd for fd in (spec.guardian_fd, spec.orders_fd, spec.log_fd, spec.link_fd) if fd >= 0],
        cwd=ROOT,
        stdout=says[0],
        stderr=says[1],
    )
    for fd in says:
        os.close(fd)
    for one in (orders_end, guardian_end, controller_end):
        one.close()
    launched = None
    if link is not None:
        launched = launch_link(
            link_controller,
            link_guardian,
            store=link.store,
            session=session,
            air=link.air,
            config=spec.config,
            prescription=spec.prescription,
            file=hash_of(link.named).hex(),
            is_sim=is_sim,
            say=say,
        )
    else:
        link_controller.close()
        link_guardian.close()
    guardian.controller.close()  # so that the guardian hears when the controller is gone
    writer.let_go_of_ends()  # and the log writer, when they all are
    operator = OperatorLink(guardian.operator, monotonic_us)
    return Processes(
        guardian=guardian,
        controller=controller,
        writer=writer,
        operator=operator,
        orders=orders,
        session=session,
        battery_fd=battery_fd,
        link=launched,
        has_lines=not is_sim,
        cut_fd=cut_fd,
        said=said,
    )


def _pipes() -> tuple[list[tuple[int, int]], tuple[int, int]]:
    """Return the ends to hear, each with where it belongs, and those to say words and errors into; none ever waits."""
    words, errors = os.pipe(), os.pipe()
    for fd in (*words, *errors):
        os.set_blocking(fd, False)
    return [(words[0], STDOUT), (errors[0], STDERR)], (words[1], errors[1])


def settings_of(config: RunConfig, prescription: Prescription, was_checked: bool) -> GuardianSettings:
    """Return what the guardian is told. Of a switch under the other heel it is told nothing: its rules are for the own.

    See `firmware_py.compose.compose_walk`, switch_foot, for what is lost with that.
    """
    return settings_for(
        prescription,
        config.device(),
        allow_host_death_tail_ms=config.stimulator.allow_host_death_tail_ms,
        has_imu=True,
        has_switch=bool(config.lines.heel_switch) and not config.hears_other,
        is_shank=config.imu.place == "shank",
        was_checked=was_checked,
    )


def _parts(
    config: RunConfig, is_sim: bool, was_cut: bool
) -> tuple[tuple[str, ...], tuple[int, ...], int, int]:
    """Return the guardian's options for its lines, descriptors to inherit, battery_fd and cut_fd of `Processes`."""
    if is_sim:
        return (), (), -1, -1
    words: list[str] = []
    given: list[int] = []
    for option, line in (
        ("--stop-line", config.lines.stop),
        ("--beeper-line", config.lines.beeper),
        ("--lamp-line", config.lines.lamp),
    ):
        if line:
            chip, number = line_of(line)
            words += [option, f"{chip}:{number}"]
    battery_fd = cut_fd = -1
    if config.supply.battery:
        read, battery_fd = os.pipe()
        os.set_blocking(battery_fd, False)
        words += ["--battery-fd", str(read)]
        given.append(read)
    if was_cut and (config.lines.beeper or config.lines.lamp):
        read, cut_fd = os.pipe()
        words += ["--cut-fd", str(read)]
        given.append(read)
    return tuple(words), tuple(given), battery_fd, cut_fd
