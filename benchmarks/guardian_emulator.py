"""An emulated P24 in a process of its own that writes down when each pulse starts, in CLOCK_MONOTONIC.

python -m benchmarks.guardian_emulator FILE   prints the path of its pty, then serves until SIGTERM
"""

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
from hw_sim.emulators.serve import serve

ROW = struct.Struct("<qiiii")  # start_us, channel, current_ua, width_us, gap_us


@dataclass(frozen=True, slots=True)
class Pulse:
    """A pulse that left the emulator. start_us is CLOCK_MONOTONIC: when its bytes were read, plus 1 ms."""

    start_us: int
    channel: int
    current_ua: int
    width_us: int
    gap_us: int


class StampedP24(P24):
    """A P24 that knows what its own time is in CLOCK_MONOTONIC."""

    def __init__(self, path: Path) -> None:
        super().__init__(on_pulse=self._note)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        self._offset_us = 0

    def feed(self, now_us: int, data: bytes) -> None:
        """Take bytes that were read just now."""
        self._offset_us = time.monotonic_ns() // 1000 - now_us
        super().feed(now_us, data)

    def _note(self, p: DeliveredPulse) -> None:
        start_us = self._offset_us + p.start_us
        os.write(self._file, ROW.pack(start_us, p.channel, round(p.current_ma * 1000), p.width_us, p.gap_us))


def read_pulses(path: Path, skip: int = 0) -> list[Pulse]:
    """Return the pulses in the emulator's file but the first `skip`."""
    data = path.read_bytes()[skip * ROW.size :]
    return [Pulse(*row) for row in ROW.iter_unpack(data[: len(data) - len(data) % ROW.size])]


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM."""
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(StampedP24(Path(arguments[0])), stopped.is_set, on_ready=lambda path: print(path, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
