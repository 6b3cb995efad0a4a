"""An emulated stimulator in a process of its own that writes down when each pulse starts, in CLOCK_MONOTONIC.

python -m benchmarks.guardian_emulator FILE [DEVICE LEAST_US MOST_US [PRIORITY]]
prints the path of its pty, then serves until SIGTERM. LEAST_US, MOST_US: its answer times; PRIORITY: SCHED_FIFO.
"""

import contextlib
import os
import signal
import struct
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from hw_sim.emulators.load import DeliveredPulse
from hw_sim.emulators.p24 import P24
from hw_sim.emulators.rehastim2 import RehaStim2
from hw_sim.emulators.serve import serve
from stimulator.drivers import devices

ROW = struct.Struct("<qiiii")  # start_us, channel, current_ua, width_us, gap_us


@dataclass(frozen=True, slots=True)
class Pulse:
    """A pulse that left the emulator. start_us is CLOCK_MONOTONIC: when its bytes were read, plus 1 ms."""

    start_us: int
    channel: int
    current_ua: int
    width_us: int
    gap_us: int


class Stamped:
    """The pen: writes down a device's pulses in CLOCK_MONOTONIC."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        self._offset_us: int | None = None

    def clock(self, now_us: int) -> None:
        """Hear what the device's time is just now."""
        if self._offset_us is None:
            self._offset_us = time.monotonic_ns() // 1000 - now_us

    def note(self, p: DeliveredPulse) -> None:
        """Write a pulse down."""
        start_us = (self._offset_us or 0) + p.start_us
        os.write(self._file, ROW.pack(start_us, p.channel, round(p.current_ma * 1000), p.width_us, p.gap_us))


def read_pulses(path: Path, skip: int = 0) -> list[Pulse]:
    """Return the pulses in the emulator's file but the first `skip`."""
    data = path.read_bytes()[skip * ROW.size :]
    return [Pulse(*row) for row in ROW.iter_unpack(data[: len(data) - len(data) % ROW.size])]


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM."""
    path, name, *more = (*arguments, devices.P24)[: max(2, len(arguments))]
    latency_us = (int(more[0]), int(more[1])) if more else None
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if len(more) > 2:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(int(more[2])))
    stamped = Stamped(Path(path))
    if name == devices.REHASTIM2:
        latency_us = latency_us or (5_000, 20_000)
        # One command delay for all, so that what is measured is the host's doing.
        device = RehaStim2(
            ack_latency_us=latency_us,
            command_delay_us=(latency_us[0] // 2, latency_us[0] // 2),
            on_pulse=stamped.note,
        )
    else:
        device = (
            P24(ack_latency_us=latency_us, on_pulse=stamped.note)
            if latency_us
            else P24(on_pulse=stamped.note)
        )
    serve(device, stopped.is_set, on_ready=lambda path: print(path, flush=True), on_look=stamped.clock)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
