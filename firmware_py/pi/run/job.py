"""`./swingphase run`: the device, on a Raspberry Pi or PC, or all of it against a simulated person (`--sim`)."""

import argparse
import contextlib
import dataclasses
import json
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from firmware_py import messages
from firmware_py.pi.console import UserError
from firmware_py.pi.guardian.ports import monotonic_us
from firmware_py.pi.guardian_launch import OperatorLink
from firmware_py.pi.link_store import FileStore, default_folder
from firmware_py.pi.link_users import ROLES, add_user, chosen_pin
from firmware_py.pi.log_session import begin_session
from firmware_py.pi.run.alarm import ALARM_US, open_sign, sound_loss
from firmware_py.pi.run.body import Body
from firmware_py.pi.run.card import Card
from firmware_py.pi.run.check import MISSING, look, may_start, plan_of, prescription_of
from firmware_py.pi.run.checked import Check
from firmware_py.pi.run.config import Link, RunConfig, load_config
from firmware_py.pi.run.console import HELP
from firmware_py.pi.run.launch import LinkPlace, Processes, launch
from firmware_py.pi.run.link_launch import begun_with, not_the_file, started_with, take_without
from firmware_py.pi.run.mark import CUT, Mark
from firmware_py.pi.run.only_one import AS_THAT_USER, only_one
from firmware_py.pi.run.summary import is_too_late, summary
from firmware_py.pi.run.voice import STDERR, STDOUT, Voice
from firmware_py.pi.run.watch import Watch
from firmware_py.pi.run.wiring import Places
from firmware_py.pi.settings_files import opened
from firmware_py.profile import profile_hash, was_checked
from stimulator.prescription import Prescription


class Stop:
    """SIGINT, SIGTERM and SIGHUP (the terminal closed), remembered; and the stimulation stopped at that very moment.

    is_by_hand   somebody at the keyboard wants it (Ctrl-C); else a service, or a terminal that is gone
    at_once      what stops it, once there is something to stop: an operator's end of its own, as the signal may come
                 while another command is being written
    """

    def __init__(self) -> None:
        self.is_wanted = self.is_by_hand = False
        self.at_once: OperatorLink | None = None
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._want)

    def _want(self, number: int, _: object) -> None:
        self.is_wanted = True
        self.is_by_hand |= number == signal.SIGINT
        if self.at_once is not None:
            with contextlib.suppress(OSError):  # a guardian that is gone has stopped
                self.at_once.send(messages.STOP)


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
    with contextlib.nullcontext() if chosen.sim else only_one(Path(config.files.settings)):
        return _look_and_run(config, chosen)


def _look_and_run(config: RunConfig, chosen: argparse.Namespace) -> int:
    """Return the exit code. Nobody else has the parts meanwhile."""
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
    pin = chosen_pin(chosen.pin_file, name)
    try:
        add_user(FileStore(_link_folder(config, chosen)), name, role, pin)
    except PermissionError as e:
        raise UserError(f"{e.filename} is another user's. {AS_THAT_USER}") from e
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


def _with_link(
    config: RunConfig, named: Prescription, chosen: argparse.Namespace
) -> tuple[Prescription, LinkPlace | None, bool]:
    """Return the prescription to start with, where the link keeps its things (None without a link), and is_sure.

    is_sure   False if what was confirmed over the link cannot be read: leg and channels have to be checked again
    """
    folder = _link_folder(config, chosen)
    if not config.link.enabled and not folder.exists():
        return named, None, True

    def begin() -> Prescription:
        store = FileStore(folder)
        if config.link.enabled:
            return started_with(store, named)
        return take_without(store, named, config.device().capability)

    begun, said = begun_with(begin, named)
    if said:
        print(said, file=sys.stderr, flush=True)
        return named, None, False
    prescription = may_start(begun, config)
    if instead := not_the_file(prescription, named):
        print(instead, flush=True)
    if not config.link.enabled:
        return prescription, None, True
    place = LinkPlace(store=folder, air=str(_air(chosen)) if chosen.sim else "", named=named)
    return prescription, place, True


def _run(config: RunConfig, body: Body | None, chosen: argparse.Namespace) -> int:
    stop, seconds, json_path = Stop(), chosen.seconds, chosen.json
    named = prescription_of(config)
    if body is not None and not config.files.prescription:
        named = body.prescription
    prescription, place, is_sure = _with_link(config, named, chosen)
    begun = begin_session(Path(config.files.logs).resolve())
    session = begun.folder
    # A simulated person's check must never count for a real one.
    settings = Path(config.files.settings) if body is None else session / "settings"
    store = opened(settings)
    name = profile_hash(config.profile(), prescription)
    is_known = is_sure and was_checked(store, name, prescription)
    say = Voice()
    if begun.problem:
        say(begun.problem, STDERR)
    card = Card(say)
    mark = Mark(store, card)
    if mark.is_cut:
        say(CUT)
    processes = launch(
        config,
        prescription,
        port=body.port if body is not None else config.stimulator.port,
        places=body.places if body is not None else Places(),
        session=session,
        was_checked=is_known or body is not None,
        is_sim=body is not None,
        was_cut=mark.is_cut,
        plan=plan_of(config, prescription),
        link=place,
        say=say,
    )
    stop.at_once = OperatorLink(processes.operator.sock, monotonic_us)
    check = Check(store, name, prescription, is_known, card)
    watch = Watch(config, processes, body, check, mark, say, is_by_hand=body is None or chosen.by_hand)
    began_us = monotonic_us()
    ended = ""
    try:
        while not (ended := _why_end(stop, watch, began_us, seconds)):
            watch.once()
    finally:
        processes.stop()
        try:
            is_noticed = _is_ordered(ended, watch.problem, stop)
            if watch.is_lost() and not is_noticed:
                is_noticed = _let_hear(config, processes, watch, stop, say)
            mark.end(is_noticed=is_noticed)
        finally:
            processes.close()
        watch.pass_on()  # their last words
        card.close()
        if body is not None:
            body.end()
    ran_s = (monotonic_us() - began_us) / 1e6
    told = body.told if body is not None else None
    for line in summary(processes.report, ran_s, told, watch.armed_again, processes.writer.has_lost):
        say(line)
    say(f"Logs: {session} (./swingphase log info, and ./swingphase replay --verify)")
    say(f"Ended: {ended}", STDERR if watch.problem else STDOUT)
    if json_path is not None:
        figures = {"ran_s": ran_s, "ended": ended, "armed_again": watch.armed_again, "leg": told}
        text = json.dumps(dataclasses.asdict(processes.report) | figures, indent=1)
        json_path.write_text(text, encoding="utf-8")
    say.close()
    return int(bool(watch.problem) or is_too_late(processes.report))


def _is_ordered(ended: str, problem: str, stop: Stop) -> bool:
    """Say whether somebody at the keyboard wanted the end; not a dead process, a service, an error ("") here."""
    return bool(ended) and not problem and (stop.is_by_hand or not stop.is_wanted)


def _let_hear(config: RunConfig, processes: Processes, watch: Watch, stop: Stop, say: Voice) -> bool:
    """Let the loss of help be heard before all ends; True if somebody has noticed it.

    No SIGTERM ends it: a systemd that misses the dead controller's word sends one after a second.
    """
    processes.close_link()  # or it could arm meanwhile
    processes.stop()
    lines = config if processes.has_lines else None
    if processes.is_guarded() or lines is not None:
        say(f"Help has ended: the alarm sounds for {ALARM_US // 1_000_000} s. Enter or Ctrl-C ends it.")
    sound_loss(
        processes.is_guarded,
        lambda wait_s: watch.is_noticed(wait_s) or stop.is_by_hand,
        lambda: open_sign(lines, say) if lines is not None else None,
        monotonic_us,
    )
    return watch.was_touched or stop.is_by_hand


def _why_end(stop: Stop, watch: Watch, began_us: int, seconds: float | None) -> str:
    """Return why to end, "" to go on."""
    if watch.problem:
        return watch.problem
    if stop.is_wanted:
        return "by a signal (Ctrl-C)."
    if watch.wants_to_end:
        return "as asked for at the keyboard."
    is_time = seconds is not None and monotonic_us() - began_us > seconds * 1e6
    return "after the time asked for." if is_time else ""
