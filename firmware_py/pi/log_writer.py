"""Bring rows that another process hands over to the disk: `fdatasync` may wait here, where nobody waits for it.

python -m firmware_py.pi.log_writer FILE ABOUT   rows of `firmware_py.blackbox` come on standard input
"""

import json
import os
import select
import signal
import sys
import time
from pathlib import Path

from firmware_py.blackbox import ROW_BYTES
from firmware_py.pi.log_file import LogFile

SYNC_S = 0.2  # at most this much of a log is lost with the power
CHUNK_N = 1 << 16


def copy_rows(fd: int, file: LogFile) -> None:
    """Append everything that comes on `fd`, in whole rows, until it ends."""
    waiting = b""
    last_s = time.monotonic()
    while True:
        if select.select((fd,), (), (), SYNC_S)[0]:
            data = os.read(fd, CHUNK_N)
            if not data:
                break
            waiting += data
        if time.monotonic() - last_s >= SYNC_S:
            last_s = time.monotonic()
            whole = len(waiting) - len(waiting) % ROW_BYTES
            file.append(waiting[:whole])
            waiting = waiting[whole:]
    file.append(waiting[: len(waiting) - len(waiting) % ROW_BYTES])


def main(arguments: list[str]) -> int:
    """Write one log file from standard input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; this one ends with its input
    file = LogFile(Path(arguments[0]), json.loads(arguments[1]))
    copy_rows(sys.stdin.fileno(), file)
    file.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
