"""Simulated ends of the link for the front door: `./swingphase link serve-sim`, and a laptop for `--sim`.

`on_air` serves any session, so that another program can offer the same link from a process of its own.
"""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from firmware_py.link.session import Session
from firmware_py.pi.link_display import TerminalDisplay
from firmware_py.pi.link_store import default_folder
from firmware_py.pi.link_users import ROLES, add_user, chosen_pin
from hw_sim.radio.air import FAST, SLOW, Air, RadioController
from hw_sim.radio.air_port import AirPort, visit
from hw_sim.radio.bleak_backend import AskPasskey, Laptop
from hw_sim.radio.peripheral import Peripheral
from hw_sim.severity import SEVERITIES

if TYPE_CHECKING:
    from hw_sim.radio.sim_device import SimDevice

ADDRESS = "F0:5A:C0:00:00:01"
SUPERVISION_S = 2.0
PACES = {"none": None, "fast": FAST, "slow": SLOW}


@contextlib.asynccontextmanager
async def on_air(
    session: Session, folder: Path, *, name: str, keys_path: Path, pace: str = "none", address: str = ADDRESS
) -> AsyncIterator[Air]:
    """Serve `session` to every program that visits the air of `folder`; whoever owns the loop steps the session."""
    air = Air(pace=PACES[pace], supervision_s=SUPERVISION_S)
    controller = RadioController("device", air)
    peripheral = Peripheral(session, controller, controller, address=address, name=name, keys_path=keys_path)
    async with AirPort(air, folder):
        await peripheral.start()
        try:
            yield air
        finally:
            await peripheral.stop()


@contextlib.asynccontextmanager
async def laptop(
    folder: Path, keys_path: Path, passkey: AskPasskey, on_lost: Callable[[], None] | None = None
) -> AsyncIterator[Laptop]:
    """Let bleak use a simulated laptop in the air of `folder`."""
    transport = await visit(folder)
    try:
        async with Laptop(transport.source, transport.sink, keys_path=keys_path, passkey=passkey) as made:
            with made.installed():
                yield made
    finally:
        await transport.close()


def serve_sim(arguments: list[str]) -> int:
    """Run a simulated device until it is told to end."""
    from hw_sim.radio.sim_device import SimDevice  # a laptop needs no muscles: scipy takes its time to load

    parser = argparse.ArgumentParser(
        prog="./swingphase link serve-sim",
        description="A simulated device with a software radio, for `./swingphase link ... --sim`. "
        "Return opens the pairing window, as the device's button does; Ctrl-C ends it.",
    )
    parser.add_argument("--air", type=Path, help="folder of the air (default: one of your own)")
    parser.add_argument("--state", type=Path, help="folder where the device keeps bonds, PINs, prescription")
    parser.add_argument("--severity", default="severe", choices=tuple(SEVERITIES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pace", default="fast", choices=tuple(PACES), help="of the radio (default fast)")
    parser.add_argument(
        "--user", metavar="NAME:ROLE", default="Therapist:therapist", help="who may unlock, and as what"
    )
    parser.add_argument(
        "--pin-file", type=Path, help="file that holds the PIN of --user; else it is asked for"
    )
    parser.add_argument("--display", type=Path, help="file that stands for the display (tests)")
    chosen = parser.parse_args(arguments)
    air = chosen.air or default_folder()
    state = chosen.state or air / "device"
    for folder in (air, state):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    device = SimDevice(
        state / "link", TerminalDisplay(chosen.display), severity=chosen.severity, seed=chosen.seed
    )
    name, _, role = chosen.user.partition(":")
    if role not in ROLES:
        parser.error(f"--user is {chosen.user}; NAME:therapist or NAME:engineer is allowed")
    if device.session.unlock.users.find(name) is None or chosen.pin_file:
        add_user(device.store, name, role, chosen_pin(chosen.pin_file, name))
        device.session.unlock.users.reload()
    asyncio.run(_serve(device, air, state, chosen.pace))
    return 0


async def _serve(device: "SimDevice", air: Path, state: Path, pace: str) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    with contextlib.suppress(OSError, PermissionError, ValueError):
        loop.add_reader(sys.stdin.fileno(), _button, device, loop)
    loop.add_signal_handler(signal.SIGUSR1, device.session.pairing.button)
    async with on_air(device.session, air, name=device.name, keys_path=state / "bonds.json", pace=pace):
        print(f"{device.name} is in the air of {air}. Return: pairing window. Ctrl-C: end.", flush=True)
        running = loop.create_task(device.run())
        await asyncio.wait({running, loop.create_task(ended.wait())}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        running.cancel()


def _button(device: "SimDevice", loop: asyncio.AbstractEventLoop) -> None:
    if not sys.stdin.readline():
        loop.remove_reader(sys.stdin.fileno())
        return
    device.session.pairing.button()
    print("The pairing window is open for a minute.", flush=True)
