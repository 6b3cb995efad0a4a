"""`./swingphase run`: the device, on a Raspberry Pi or PC, or all of it against a simulated person (`--sim`)."""

import argparse
import contextlib
import dataclasses
import json
import os
import select
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from firmware_py import messages
from firmware_py.messages import StatusFrame
from firmware_py.pi.battery import Battery
from firmware_py.pi.console import UserError
from firmware_py.pi.guardian.ports import monotonic_us
from firmware_py.pi.link_store import FileStore, default_folder
from firmware_py.pi.link_users import ROLES, add_user, chosen_pin
from firmware_py.pi.log_folder import new_session
from firmware_py.pi.run.body import Body
from firmware_py.pi.run.check import MISSING, look, may_start, plan_of, prescription_of
from firmware_py.pi.run.checked import Check
from firmware_py.pi.run.config import Link, RunConfig, load_config
from firmware_py.pi.run.console import HELP, NOW, Console, VirtualPerson, exercises, standing, wearers
from firmware_py.pi.run.launch import LinkPlace, Processes, launch
from firmware_py.pi.run.link import BATTERY, PAIR
from firmware_py.pi.run.link_launch import not_the_file, started_with, take_without
from firmware_py.pi.run.summary import is_too_late, summary
from firmware_py.pi.run.wiring import Places
from firmware_py.pi.settings_files import FolderFiles
from firmware_py.profile import profile_hash, was_checked
from firmware_py.settings import SettingsStore
from gait_detect import mounting_problems
from stimulator.prescription import Prescription

LOOK_S = 0.1
BATTERY_EVERY_US = 10_000_000
FOR_TEST = 2


class Stop:
    """SIGINT, SIGTERM and SIGHUP (the terminal closed), remembered."""

    def __init__(self) -> None:
        self.is_wanted = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._want)

    def _want(self, *_: object) -> None:
        self.is_wanted = True


def main(arguments: list[str]) -> int:
    """Check, run until Ctrl-C, say how it went. 1 if something is missing, ended by itself or was too late."""
    parser = argparse.ArgumentParser(
        prog="./swingphase run",
        description=__doc__,
        epilog="Commands while it runs:\n" + HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--config", default="swingphase.toml", metavar="FILE", help="see docs/configuration.md"
    )
    parser.add_argument("--check", action="store_true", help="say what is wired and what is missing, and end")
    parser.add_argument("--sim", action="store_true", help="a simulated person, sensors and stimulator")
    parser.add_argument(
        "--for",
        dest="seconds",
        type=float,
        metavar="SECONDS",
        help="end by itself (default: runs until Ctrl-C)",
    )
    parser.add_argument("--severity", default="severe", help="of the simulated foot drop (default severe)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, at the end")
    parser.add_argument("--seed", type=int, default=1, help="of the simulated walk (default 1)")
    parser.add_argument(
        "--seated", action="store_true", help="with --sim: the person sits, for test bursts and exercises"
    )
    parser.add_argument(
        "--by-hand",
        action="store_true",
        help="with --sim: you are at the keyboard, or at the link, and nobody else",
    )
    parser.add_argument(
        "--air",
        type=Path,
        metavar="FOLDER",
        help="with --sim: of the virtual radio (default: one of your own)",
    )
    parser.add_argument(
        "--add-user", metavar="NAME:ROLE", help="let somebody (therapist, engineer) unlock the link, and end"
    )
    parser.add_argument(
        "--pin-file", type=Path, help="file with the PIN for --add-user; else it is asked for"
    )
    chosen = parser.parse_args(arguments)
    if chosen.seconds is not None and not chosen.seconds > 0:
        raise UserError(f"--for is {chosen.seconds}; it must be above 0. Leave it out to run until Ctrl-C.")
    config = _config(Path(chosen.config), chosen.sim)
    if chosen.add_user:
        return _add_user(config, chosen)
    findings = list(look(config, is_sim=chosen.sim))
    is_missing = any(one.state == MISSING for one in findings)
    if chosen.check or is_missing:
        for one in findings:
            print(one.line())
        print("Something that is needed is missing." if is_missing else "Nothing that is needed is missing.")
        return int(is_missing)
    with _body(config, chosen) as body:
        return _run(config, body, chosen)


def _config(path: Path, is_sim: bool) -> RunConfig:
    """Return the configuration; a simulation does without a file."""
    if is_sim and not path.exists():
        return RunConfig(link=Link(enabled=True))
    return load_config(path)


def _link_folder(config: RunConfig, chosen: argparse.Namespace) -> Path:
    """Return where the link keeps bonds, PINs and prescriptions; those of a simulation never count for a person."""
    if not chosen.sim:
        return Path(config.files.settings) / "link"
    _air(chosen).mkdir(mode=0o700, parents=True, exist_ok=True)
    return _air(chosen) / "device" / "link"


def _air(chosen: argparse.Namespace) -> Path:
    return chosen.air or default_folder()


def _add_user(config: RunConfig, chosen: argparse.Namespace) -> int:
    name, _, role = chosen.add_user.partition(":")
    if not name or role not in ROLES:
        raise UserError(
            f"--add-user is {chosen.add_user}; allowed is NAME:{' or NAME:'.join(ROLES)}. Write one."
        )
    add_user(FileStore(_link_folder(config, chosen)), name, role, chosen_pin(chosen.pin_file, name))
    print(f"{name} may unlock the link as {role}, from the next start on.")
    return 0


@contextlib.contextmanager
def _body(config: RunConfig, chosen: argparse.Namespace) -> Iterator[Body | None]:
    if not chosen.sim:
        yield None
        return
    with (
        tempfile.TemporaryDirectory(prefix="swingphase-sim-") as folder,
        Body(Path(folder), config, severity=chosen.severity, seed=chosen.seed, seated=chosen.seated) as body,
    ):
        yield body


def _run(config: RunConfig, body: Body | None, chosen: argparse.Namespace) -> int:
    stop, seconds, json_path = Stop(), chosen.seconds, chosen.json
    named = prescription_of(config)
    if body is not None and not config.files.prescription:
        named = body.prescription
    prescription, place = _with_link(config, named, chosen)
    session = new_session(Path(config.files.logs).resolve())
    # A simulated person's check must never count for a real one.
    settings = Path(config.files.settings) if body is None else session / "settings"
    store = SettingsStore(FolderFiles(settings))
    name = profile_hash(config.profile(), prescription)
    is_known = was_checked(store, name, prescription)
    processes = launch(
        config,
        prescription,
        port=body.port if body is not None else config.stimulator.port,
        places=body.places if body is not None else Places(),
        session=session,
        was_checked=is_known or body is not None,
        is_sim=body is not None,
        plan=plan_of(config, prescription),
        link=place,
    )
    check = Check(store, name, prescription, is_known)
    watch = Watch(config, processes, body, check, is_by_hand=body is None or chosen.by_hand)
    began_us = monotonic_us()
    try:
        while not (ended := _why_end(stop, watch, began_us, seconds)):
            watch.once()
    finally:
        processes.close()
        check.close()
        if body is not None:
            body.end()
    ran_s = (monotonic_us() - began_us) / 1e6
    told = body.told if body is not None else None
    for line in summary(processes.report, ran_s, told, watch.armed_again):
        print(line)
    print(f"Logs: {session} (./swingphase log info, and ./swingphase replay --verify)")
    print(f"Ended: {ended}", file=sys.stderr if watch.problem else sys.stdout)
    if json_path is not None:
        figures = {"ran_s": ran_s, "ended": ended, "armed_again": watch.armed_again, "leg": told}
        text = json.dumps(dataclasses.asdict(processes.report) | figures, indent=1)
        json_path.write_text(text, encoding="utf-8")
    return int(bool(watch.problem) or is_too_late(processes.report))


def _with_link(
    config: RunConfig, named: Prescription, chosen: argparse.Namespace
) -> tuple[Prescription, LinkPlace | None]:
    """Return the prescription to start with, and where the link keeps its things; None without a link."""
    folder = _link_folder(config, chosen)
    if not config.link.enabled and not folder.exists():
        return named, None
    store = FileStore(folder)
    if config.link.enabled:
        prescription = started_with(store, named)
    else:
        prescription = take_without(store, named, config.device().capability)
    prescription = may_start(prescription, config)
    if said := not_the_file(prescription, named):
        print(said, flush=True)
    if not config.link.enabled:
        return prescription, None
    return prescription, LinkPlace(store=folder, air=str(_air(chosen)) if chosen.sim else "", named=named)


def _why_end(stop: Stop, watch: "Watch", began_us: int, seconds: float | None) -> str:
    """Return why to end, "" to go on."""
    if watch.problem:
        return watch.problem
    if stop.is_wanted:
        return "by a signal (Ctrl-C)."
    if watch.wants_to_end:
        return "as asked for at the keyboard."
    is_time = seconds is not None and monotonic_us() - began_us > seconds * 1e6
    return "after the time asked for." if is_time else ""


class Watch:
    """The parent's part while the device runs: keyboard, what the guardian says, who has died, the battery."""

    def __init__(
        self,
        config: RunConfig,
        processes: Processes,
        body: Body | None,
        check: Check,
        *,
        is_by_hand: bool,
    ) -> None:
        """is_by_hand: a person is at the keyboard; else a simulated one."""
        self._processes, self._body, self._check = processes, body, check
        self._console = Console(self._send, processes.order, print, self._doubt, self._in_charge, self._pair)
        self._person = None if is_by_hand else VirtualPerson(self._console)
        has_keyboard = is_by_hand and sys.stdin is not None and (body is not None or sys.stdin.isatty())
        self._stdin = 0 if has_keyboard else -1
        self._battery = Battery(config.supply.battery) if processes.battery_fd >= 0 else None
        self._battery_us = 0
        self._told = self._wearer = self._exercise = ""
        self.problem = ""
        if self._stdin >= 0:
            print(HELP)

    @property
    def wants_to_end(self) -> bool:
        """Whether a person does."""
        return self._console.wants_to_end

    @property
    def armed_again(self) -> int:
        """How often the simulated person had to arm again."""
        return self._person.armed_again if self._person is not None else 0

    def once(self) -> None:
        """Wait for something to happen, LOOK_S at most, and take care of it."""
        processes = self._processes
        fds: list = [processes.operator.sock, processes.orders]
        if self._stdin >= 0 and processes.has_begun:
            fds.append(self._stdin)
        ready = select.select(fds, (), (), LOOK_S)[0]
        self._show_wearer(wearers(processes.hear()))
        self._show_exercise(exercises(processes.report))
        for status in processes.operator.hear():
            self._show(standing(status))
            self._check.hear(status)
        if self._stdin in ready:
            self._read_keyboard()
        now_us, status = monotonic_us(), processes.operator.status  # after what was typed
        if processes.has_begun:  # armed before, the guard would miss its cycles
            if self._person is not None:
                self._person.step(now_us, status)
            self._console.step(now_us, status)
        self._tell_battery(now_us)
        self._look_after_link(status)
        dead = processes.dead()
        if dead:
            self.problem = (
                f"the {dead} has ended by itself; what it said stands above. Everything was stopped."
            )
        elif self._body is not None and self._body.is_dead():
            self.problem = "the simulated person has ended by itself; what it said stands above."

    def _look_after_link(self, status: StatusFrame) -> None:
        link = self._processes.link
        if link is not None and link.mend() and status.armed == FOR_TEST:
            self._send(messages.DISARM, NOW)  # whoever armed for a test over the radio is gone

    def _doubt(self) -> str:
        problem = self._processes.report.mounting
        return "" if problem == mounting_problems.OK else mounting_problems.PROBLEMS[problem]

    def _in_charge(self) -> int:
        return self._processes.report.in_charge

    def _pair(self) -> bool:
        link = self._processes.link
        if link is not None:
            link.tell(PAIR)
        return link is not None

    def _send(self, kind: int, asked_us: int) -> None:
        with contextlib.suppress(OSError):
            self._processes.operator.send(kind, asked_us)

    def _read_keyboard(self) -> None:
        data = os.read(self._stdin, 4096)
        if not data:
            self._stdin = -1
        for line in data.decode(errors="replace").splitlines():
            self._console.take(line)

    def _show(self, line: str) -> None:
        if line != self._told:
            self._told = line
            print(line, flush=True)

    def _show_wearer(self, line: str) -> None:
        if line != self._wearer:
            if self._wearer:  # not what it is at the start
                print(line, flush=True)
            self._wearer = line

    def _show_exercise(self, line: str) -> None:
        if line != self._exercise:
            print(line, flush=True)
            self._exercise = line

    def _tell_battery(self, now_us: int) -> None:
        if self._battery is not None and now_us >= self._battery_us:
            self._battery_us = now_us + BATTERY_EVERY_US
            with contextlib.suppress(OSError):
                charge = bytes((self._battery.percent(),))
                if self._processes.link is not None:
                    self._processes.link.tell(BATTERY + charge)
                os.write(self._processes.battery_fd, charge)
