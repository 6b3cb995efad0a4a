"""A simulated device in a process of its own for `benchmarks/link.py`: tells its time and how late its cycles are.

One JSON object a line on stdout, every half second: `t_us` (the loop's clock) at `now_s` (CLOCK_MONOTONIC), and the
lateness of the control cycles since the line before, in us.
"""

import asyncio
import contextlib
import json
import signal
import sys
import time
from pathlib import Path

from firmware_py.cycle import CYCLE_US
from firmware_py.link.contracts import Display
from firmware_py.pi.link_users import add_user
from hw_sim.radio.link_sim import on_air
from hw_sim.radio.sim_device import SimDevice

REPORT_S = 0.5


class FileDisplay(Display):
    """The display as a file; a bench types what stands there."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def show_passkey(self, passkey: int) -> None:
        """Show it."""
        self._path.write_text(str(passkey))

    def clear(self) -> None:
        """Show it no longer."""
        self._path.write_text("")


async def serve(folder: Path, pace: str, user: str, pin: str) -> None:
    """Run until SIGTERM; pace "off" has no radio at all."""
    device = SimDevice(folder / "link", FileDisplay(folder / "display"))
    add_user(device.store, user, "therapist", pin)
    device.session.unlock.users.reload()
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    loop.add_signal_handler(signal.SIGUSR1, device.session.pairing.button)
    async with contextlib.AsyncExitStack() as stack:
        if pace != "off":
            keys = folder / "bonds.json"
            await stack.enter_async_context(
                on_air(device.session, folder / "air", name=device.name, keys_path=keys, pace=pace)
            )
        running = loop.create_task(cycles(device))
        await ended.wait()
        running.cancel()


async def cycles(device: SimDevice) -> None:
    """One cycle every 5 ms of the wall clock; a cycle that is late is not left out."""
    began_s = time.monotonic()
    lateness_us: list[int] = []
    count = 0
    report_s = began_s
    while True:
        due_s = began_s + count * CYCLE_US / 1e6
        wait_s = due_s - time.monotonic()
        await asyncio.sleep(max(0.0, wait_s))
        now_s = time.monotonic()
        lateness_us.append(int((now_s - due_s) * 1e6))
        device.cycle()
        count += 1
        if now_s >= report_s:
            report_s = now_s + REPORT_S
            line = {"t_us": device.world.t_us, "now_s": now_s, "late_us": lateness_us}
            print(json.dumps(line), flush=True)
            lateness_us = []


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]))
