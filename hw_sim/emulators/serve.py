"""`./swingphase emulate`: an emulated stimulator on a pty in real time, for anybody's client."""

import argparse
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from hw_sim.emulators.p24 import P24
from hw_sim.emulators.pty_link import EmulatedDevice, PtyLink
from hw_sim.emulators.rehastim2 import RehaStim2

LOOK_S = 0.05  # how often the stop flag is looked at when nothing happens
DEVICES = {"p24": (P24, "P24", "ScienceMode 4"), "rehastim2": (RehaStim2, "RehaStim2", "ScienceMode 2")}


def main(arguments: list[str]) -> int:
    """Serve one device until Ctrl-C, then say how many pulses it delivered."""
    parser = argparse.ArgumentParser(prog="./swingphase emulate", description=__doc__)
    parser.add_argument("device", choices=tuple(DEVICES))
    parser.add_argument("--seed", type=int, default=1, help="of the answer times (default 1)")
    chosen = parser.parse_args(arguments)
    make, name, protocol = DEVICES[chosen.device]
    device = make(seed=chosen.seed)

    def ready(path: str) -> None:
        print(f"An emulated {name} answers at {path} ({protocol}). Ctrl-C ends it.", flush=True)

    stopped = threading.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: stopped.set())
    serve(device, stopped.is_set, on_ready=ready)
    print(f"{len(device.pulses)} pulses were delivered.")
    return 0


def serve(
    device: EmulatedDevice,
    is_stopped: Callable[[], bool],
    *,
    on_ready: Callable[[str], None] = lambda path: None,
    link_path: Path | None = None,
) -> None:
    """Run `device` against the real clock until `is_stopped()` is true.

    on_ready    called once with the path that a client opens
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
