"""`./swingphase run --sim` with its link, as a program on a terminal of its own, and a laptop beside it."""

import asyncio
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from firmware_py.link import ops
from firmware_py.pi.console import ROOT
from firmware_py.pi.log_paths import logs_at
from firmware_py.pi.run import job
from hw_sim.radio import link_sim
from therapist.client import LinkClient

PIN = "481516"
CONFIG = '[wearer]\ncode = "sim"\n[link]\nenabled = true\n'
SAYS_S = 60


class RunWithLink:
    """The device in `folder`; its terminal is where a person types, and where a passkey is shown."""

    def __init__(self, folder: Path, *more: str, config: str = CONFIG) -> None:
        self.folder, self.air = folder, folder / "air"
        (folder / "swingphase.toml").write_text(config, encoding="utf-8")
        (folder / "pin").write_text(PIN)
        self.options = ["--config", str(folder / "swingphase.toml"), "--sim", "--air", str(self.air)]
        user = ["--add-user", "Therapist:therapist", "--pin-file", str(folder / "pin")]
        assert job.main([*self.options, *user]) == 0
        self.said = ""
        self._terminal, far = pty.openpty()
        command = [sys.executable, str(ROOT / "swingphase.py"), "run", *self.options, "--by-hand", *more]
        command += ["--json", str(folder / "run.json")]
        self.process = subprocess.Popen(command, stdin=far, stdout=far, stderr=far, cwd=folder)
        os.close(far)

    def types(self, line: str) -> None:
        """A person types a line."""
        os.write(self._terminal, line.encode() + b"\n")

    def reads(self, wait_s: float = 0.0) -> str:
        """Return all that the terminal has shown so far."""
        while select.select((self._terminal,), (), (), wait_s)[0]:
            try:
                data = os.read(self._terminal, 4096)
            except OSError:  # the far end is closed
                break
            self.said += data.decode(errors="replace")
            wait_s = 0.0
        return self.said

    def waits_for(self, text: str) -> None:
        """Wait until the terminal shows it, after what was waited for before."""
        until_s = time.monotonic() + SAYS_S
        while text not in self.reads(0.1):
            assert time.monotonic() < until_s, f"no {text!r}: {self.said[-2000:]}"
            assert self.process.poll() is None, self.said[-2000:]
        self.said = self.said.partition(text)[2]

    async def passkey(self) -> int:
        """What a person does who looks at the terminal."""
        while not (found := re.search(r"Passkey: (\d{6})", self.reads())):
            await asyncio.sleep(0.02)
        self.said = ""
        return int(found[1])

    def laptop(self):
        """A laptop with its bonds in the same folder."""
        return link_sim.laptop(self.air, self.folder / "laptop.json", self.passkey)

    async def pairs(self) -> None:
        """Pair the laptop."""
        async with self.laptop(), LinkClient(link_sim.ADDRESS, says_hello=False, scan_s=20) as link:
            self.types("pair")
            await link.pair()

    def pid(self, program: str) -> int:
        """Return the process of a program of this run."""
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text().rpartition(")")[2].split()[1])
                words = (stat.parent / "cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue  # it ended meanwhile
            if parent == self.process.pid and program in words:
                return int(stat.parent.name)
        raise AssertionError(f"{program} does not run")

    def signal_link(self, number: int) -> int:
        """Send a signal to the link's process; return when, us."""
        os.kill(self.pid("hw_sim.radio.live_link"), number)
        return time.monotonic_ns() // 1000

    def end(self) -> dict:
        """End it as Ctrl-C does, and return its figures."""
        self.process.send_signal(signal.SIGINT)
        while self.process.poll() is None:
            self.reads(0.1)
        self.reads()
        os.close(self._terminal)
        return json.loads((self.folder / "run.json").read_text(encoding="utf-8"))

    def logs(self) -> dict:
        """Return process -> log."""
        return {one.name: one for one in logs_at(self.folder / "logs" / "session-000001")}


async def arms(link: LinkClient, what) -> None:
    """Unlock, acknowledge, arm."""
    await link.unlock("Therapist", PIN)
    await link.ask(ops.ACKNOWLEDGE)
    await link.arm(what)
