"""`./swingphase emulate`: an emulated stimulator on a pty in real time, for anybody's client."""

import argparse
import contextlib
import csv
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from firmware_py.pi.console import UserError
from hw_sim.emulators.catalogue import KINDS, emulated
from hw_sim.emulators.load import DeliveredPulse, ResistorLoad
from hw_sim.emulators.pty_link import EmulatedDevice, PtyLink
from hw_sim.emulators.wishes import HELP, obey
from stimulator.drivers import devices

LOOK_S = 0.05  # how often the stop flag and the keyboard are looked at when nothing happens
COLUMNS = ("start_us", "channel", "current_ma", "width_us", "gap_us", "net_charge_nc", "reached_ma")


def main(arguments: list[str]) -> int:
    """Serve one device until Ctrl-C, then say how many pulses it delivered."""
    parser = argparse.ArgumentParser(
        prog="./swingphase emulate",
        description=__doc__,
        epilog="While it runs, type what should go wrong:\n" + HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("device", choices=tuple(KINDS))
    parser.add_argument("--seed", type=int, default=1, help="of the answer times (default 1)")
    parser.add_argument("--ohm", type=float, default=1000.0, help="resistor on every channel (default 1000)")
    parser.add_argument(
        "--wrong", metavar="WISH", action="append", default=[], help="as if typed at the start"
    )
    parser.add_argument("--log", metavar="FILE", help="CSV: each pulse as it is delivered, with its time")
    chosen = parser.parse_args(arguments)
    device = devices.choose(chosen.device)
    if not chosen.ohm > 0:
        raise UserError(f"--ohm is {chosen.ohm}; it must be above 0. Give the resistor of your bench.")
    with contextlib.ExitStack() as stack:
        on_pulse = stack.enter_context(_pulse_log(Path(chosen.log))) if chosen.log else None
        stimulator = emulated(device, ResistorLoad(chosen.ohm), seed=chosen.seed, on_pulse=on_pulse)
        for wish in chosen.wrong:
            print(obey(stimulator, 0, wish))

        def ready(path: str) -> None:
            print(f"An emulated {device.capability.name} answers at {path} until Ctrl-C.", flush=True)

        def listen(now_us: int) -> None:
            for line in keyboard():
                try:
                    print(obey(stimulator, now_us, line), flush=True)
                except UserError as e:
                    print(e, flush=True)

        stopped = threading.Event()
        for sign in (signal.SIGINT, signal.SIGTERM):
            signal.signal(sign, lambda *_: stopped.set())
        keyboard = _Keyboard()
        serve(stimulator, stopped.is_set, on_ready=ready, on_look=listen)
    print(f"{len(stimulator.pulses)} pulses were delivered.")
    return 0


class _Keyboard:
    """Lines that were typed since the last call; none for ever once standard input has ended."""

    def __init__(self) -> None:
        self._is_open = sys.stdin is not None and not sys.stdin.closed
        self._begun = ""

    def __call__(self) -> list[str]:
        try:
            if not self._is_open or not select.select((sys.stdin,), (), (), 0)[0]:
                return []
            typed = os.read(sys.stdin.fileno(), 4096).decode(errors="replace")
        except (OSError, ValueError):
            typed = ""
        self._is_open = bool(typed)
        *lines, self._begun = (self._begun + typed).split("\n")
        return [line for line in lines if line.strip()]


@contextlib.contextmanager
def _pulse_log(path: Path):
    """Give a function that writes each delivered pulse as a row."""
    try:
        file = path.open("w", newline="", encoding="utf-8")
    except OSError as e:
        raise UserError(f"{path} cannot be written ({e.strerror}). Choose another file with --log.") from e
    with file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)

        def note(pulse: DeliveredPulse) -> None:
            rows.writerow([getattr(pulse, name) for name in COLUMNS])
            file.flush()

        yield note


def serve(
    device: EmulatedDevice,
    is_stopped: Callable[[], bool],
    *,
    on_ready: Callable[[str], None] = lambda path: None,
    on_look: Callable[[int], None] = lambda now_us: None,
    link_path: Path | None = None,
) -> None:
    """Run `device` against the real clock until `is_stopped()` is true.

    on_ready    called once with the path that a client opens
    on_look     called with the device's time again and again, at least every 50 ms
    link_path   a symbolic link to that path, for a name that stays the same; removed at the end
    Raises      OSError if `link_path` exists and is not a symbolic link
    The pty stays open between clients. A client that does not read loses bytes, as on a real line.
    """
    link = PtyLink(device)
    try:
        if link_path is not None:
            _point_to(link_path, link.path)
        on_ready(str(link_path or link.path))
        start_ns = time.monotonic_ns()
        while not is_stopped():
            now_us = (time.monotonic_ns() - start_ns) // 1000
            due_us = device.due_us(now_us)
            wait_s = LOOK_S if due_us is None else min(LOOK_S, (due_us - now_us) / 1e6)
            heard = link.wait_for_host(wait_s)
            now_us = (time.monotonic_ns() - start_ns) // 1000
            if heard:
                device.feed(now_us, heard)
            on_look(now_us)
            said = device.step(now_us)
            if said:
                link.tell_host(said)
    finally:
        link.close()
        if link_path is not None and link_path.is_symlink():
            link_path.unlink()


def _point_to(link_path: Path, target: str) -> None:
    if link_path.is_symlink():
        link_path.unlink()  # left over from an emulator that was killed
    if link_path.exists():
        raise FileExistsError(
            f"{link_path} exists and is no symbolic link. Choose another name for the port."
        )
    link_path.symlink_to(target)
