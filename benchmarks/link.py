"""`./swingphase bench link`: how quick the link is on an air with connection intervals, and what it costs the loop.

An air without them proves nothing. The device is a process of its own; the client is the therapist's, unmodified.
Ages are from the control cycle that made a sample to the client's callback, on one clock.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from firmware_py.blackbox import ROW_BYTES
from firmware_py.link import control, gatt, ops
from firmware_py.pi.console import ROOT
from hw_sim.radio import link_sim
from safety.clock import elapsed_us
from therapist.client import LinkClient
from therapist.log_download import download_log
from therapist.press import press

USER, PIN = "Therapist", "481516"
WRITES = 60
WATCH_S = 10.0
LOG_ROWS = 8_000
PACES = {"fast": "15 ms x 6 packets", "slow": "50 ms x 2 packets"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure and, if there is one, its target: met if `value` is at most (or at least) `target`."""

    what: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the target is met; True without one."""
        if self.target is None:
            return True
        return self.value >= self.target if self.at_least else self.value <= self.target


class Device:
    """The device's process, and its clock."""

    def __init__(self, folder: Path, pace: str) -> None:
        folder.mkdir(mode=0o700, parents=True)
        (folder / "air").mkdir(mode=0o700)
        self.folder = folder
        self.late_us: list[int] = []
        self._clock = (0, 0.0)
        self._ready = threading.Event()
        command = [sys.executable, "-m", "benchmarks.link_device", str(folder), pace, USER, PIN]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._ready.wait(60):
            raise RuntimeError("The device's process does not begin.")

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said = json.loads(line)
            self._clock = (said["t_us"], said["now_s"])
            self.late_us += said["late_us"]
            self._ready.set()

    def age_ms(self, t_us: int) -> float:
        """Return how long ago the loop's clock stood at `t_us`."""
        at_us, at_s = self._clock
        return (time.monotonic() - at_s) * 1e3 - elapsed_us(t_us, at_us) / 1e3

    async def passkey(self) -> int:
        """Read the display."""
        path = self.folder / "display"
        while not (path.exists() and path.read_text()):
            await asyncio.sleep(0.02)
        return int(path.read_text())

    def end(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(20)
        self._reader.join(5)
        if self.process.stdout is not None:
            self.process.stdout.close()


@contextlib.asynccontextmanager
async def paired(device: Device) -> AsyncIterator[None]:
    """A laptop that is paired with the device."""
    async with link_sim.laptop(device.folder / "air", device.folder / "laptop.json", device.passkey):
        async with LinkClient(link_sim.ADDRESS, says_hello=False, scan_s=20) as link:
            device.process.send_signal(signal.SIGUSR1)
            await link.pair()
        await asyncio.sleep(0.5)
        yield


async def round_trips_ms(link: LinkClient) -> list[float]:
    """Return how long writes with response take."""
    channel = link._there
    found = []
    for _ in range(WRITES):
        channel.seq += 1
        data = control.request_bytes(ops.BY_CODE[ops.LEVEL], channel.seq, channel.session, b"", 100)
        began = time.perf_counter()
        await channel.write(gatt.CONTROL, data)
        found.append((time.perf_counter() - began) * 1e3)
        await asyncio.sleep(0.05)  # its answer passes meanwhile
    return found


async def watched(link: LinkClient, device: Device, seconds: float) -> tuple[list[float], int]:
    """Return the age of every sample, ms, and how many are missing."""
    ages: list[float] = []
    missing, expected = 0, None
    async with link.watching() as following:
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            number, samples = await asyncio.wait_for(following(), 5)
            if expected is not None:
                missing += (number - expected) & 0xFFFF
            expected = (number + len(samples)) & 0xFFFF
            ages += [device.age_ms(s.t_us) for s in samples]
    return ages, missing


async def first_sample_s() -> float:
    """Return the time from asking for a connection to a bonded device until its first sample is there."""
    async with LinkClient(link_sim.ADDRESS, scan_s=20) as link:
        target = link._target
    await asyncio.sleep(0.5)
    began = time.perf_counter()
    async with LinkClient(target) as link, link.watching() as following:
        await following()
        return time.perf_counter() - began


async def measure(device: Device, pace: str, seconds: float) -> list[Row]:
    """Return the rows of one pace."""
    is_fast = pace == "fast"
    rows: list[Row] = []

    def row(what: str, value: float, unit: str, target: float | None = None, at_least: bool = False) -> None:
        rows.append(
            Row(what=f"{PACES[pace]}: {what}", value=value, unit=unit, target=target, at_least=at_least)
        )

    async with paired(device):
        row("connect to first sample", await first_sample_s(), "s", 1.5 if is_fast else None)
        async with LinkClient(link_sim.ADDRESS, scan_s=20) as link:
            trips_ms = await round_trips_ms(link)
            row("write with response, median", statistics.median(trips_ms), "ms", 35 if is_fast else None)
            ages_ms, missing = await watched(link, device, seconds)
            third = len(ages_ms) // 3
            growth_ms = statistics.mean(ages_ms[-third:]) - statistics.mean(ages_ms[:third])
            row("samples a second", len(ages_ms) / seconds, "1/s")
            row("samples lost", missing, "", 0)
            row("age of a sample, median", statistics.median(ages_ms), "ms")
            row("age of a sample, p99", percentile_99(ages_ms), "ms", 60 if is_fast else 150)
            row("age, last third less first third", growth_ms, "ms", 20)
            await link.unlock(USER, PIN)
            began = time.perf_counter()
            await download_log(link, device.folder / "log.swp", last=LOG_ROWS)
            spent_s = time.perf_counter() - began
            row("log", LOG_ROWS * ROW_BYTES / 1e3 / spent_s, "kB/s", 80 if is_fast else None, at_least=True)
            await link.ask(ops.ACKNOWLEDGE)
            await link.arm(ops.ARM_TEST)
            shown = await press(link, 0)
            row("pulses of a test burst of 2 s", shown.granted, "")
    return rows


def percentile_99(values: list[float]) -> float:
    """Return the value that 99 of 100 do not exceed."""
    return sorted(values)[int(0.99 * (len(values) - 1))]


def lateness(device: Device, what: str) -> list[Row]:
    """Return how late the control cycles of a device began."""
    late_ms = [us / 1e3 for us in device.late_us]
    return [
        Row(what=f"{what}: cycle late, p99", value=percentile_99(late_ms), unit="ms"),
        Row(what=f"{what}: cycle late, worst", value=max(late_ms), unit="ms"),
    ]


def table(rows: list[Row]) -> str:
    """Return the rows as a table for a page."""
    lines = ["| figure | value | target | |", "|---|---|---|---|"]
    for row in rows:
        sign = "at least" if row.at_least else "at most"
        target = "" if row.target is None else f"{sign} {row.target:g} {row.unit}".rstrip()
        met = "" if row.target is None else ("met" if row.is_met else "**not met**")
        lines.append(f"| {row.what} | {row.value:.4g} {row.unit} | {target} | {met} |")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Print the table; exit code 1 if a target is not met."""
    parser = argparse.ArgumentParser(prog="./swingphase bench link", description=__doc__)
    parser.add_argument("--seconds", type=float, default=WATCH_S, help="of telemetry a pace (default 10)")
    parser.add_argument("--pace", choices=(*PACES, "both"), default="both")
    chosen = parser.parse_args(arguments)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        # Beside the measured ones runs a loop without any radio in its process, as the controller's does on a Pi.
        apart = Device(Path(name, "apart"), "off")
        for pace in PACES if chosen.pace == "both" else (chosen.pace,):
            device = Device(Path(name, pace), pace)
            device.late_us.clear()
            apart.late_us.clear()
            try:
                rows += asyncio.run(measure(device, pace, chosen.seconds))
            finally:
                device.end()
            rows += lateness(device, f"{PACES[pace]}: link in the loop's process")
            rows += lateness(apart, f"{PACES[pace]}: link in a process of its own")
        apart.end()
    print(table(rows))
    return 0 if all(row.is_met for row in rows) else 1
