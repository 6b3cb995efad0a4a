"""Bring rows that other processes hand over to the disk: `fdatasync` may wait here, where nobody waits for it.

python -m firmware_py.pi.log_writer SPEC [again]   again: the one before was killed. SPEC is a JSON file: {"root":
folder of all sessions, "folder": of this one, "size_max": bytes, "segment_max": bytes, "inputs": [{"name", "fd",
"about"}]}. Rows of `firmware_py.blackbox` come on each `fd`; it ends when all of them have ended, with LOST if the disk
did not take everything.
"""

import contextlib
import json
import os
import select
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from firmware_py.blackbox import ROW_BYTES
from firmware_py.pi.log_folder import Room, SegmentedLog

SYNC_S = 0.5  # so long rows wait at most; with the power goes at most this and what waits in the pipe
ROWS_MAX = 600  # nor do more rows than this wait: less than the busiest process makes in a second
PIPE_N = 1 << 15  # of a pipe to this process: 900 rows
LOST = 3  # exit code


@dataclass(slots=True)
class Input:
    """One process's pipe, and the log it goes to."""

    fd: int
    log: SegmentedLog
    waiting: bytearray = field(default_factory=bytearray)

    def take(self) -> bool:
        """Read what has come, up to ROWS_MAX rows that wait; False at the end."""
        data = os.read(self.fd, ROWS_MAX * ROW_BYTES - len(self.waiting))
        self.waiting += data
        return bool(data)

    def sync(self) -> None:
        """Bring whole rows to the disk."""
        whole = len(self.waiting) - len(self.waiting) % ROW_BYTES
        self.log.append(bytes(self.waiting[:whole]))
        del self.waiting[:whole]


def copy(inputs: list[Input]) -> None:
    """Append everything that comes until every input has ended."""
    begun_s = time.monotonic()  # when the oldest row that waits came
    while inputs:
        ready = select.select([one.fd for one in inputs], (), (), SYNC_S)[0]
        for one in [one for one in inputs if one.fd in ready]:
            if not one.take():
                one.sync()
                one.log.close()
                inputs.remove(one)
        is_time = time.monotonic() - begun_s >= SYNC_S
        for one in inputs:
            if is_time or len(one.waiting) >= ROWS_MAX * ROW_BYTES:
                one.sync()
        if is_time:
            begun_s = time.monotonic()


def main(arguments: list[str]) -> int:
    """Write the logs of one session."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; this one ends with its input
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    spec = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    room = Room(Path(spec["root"]), spec["size_max"])
    folder, segment_max = Path(spec["folder"]), spec["segment_max"]
    how = {"say": say, "is_again": "again" in arguments[1:]}
    inputs = [
        Input(one["fd"], SegmentedLog(folder, one["name"], one["about"], room, segment_max, **how))
        for one in spec["inputs"]
    ]
    copy(list(inputs))
    return LOST if any(one.log.lost for one in inputs) else 0


def say(sentence: str) -> None:
    """Tell whoever stands at the console; one that is gone misses it."""
    with contextlib.suppress(OSError):
        print(f"log writer: {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
