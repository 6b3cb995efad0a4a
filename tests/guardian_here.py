"""A guardian's process without the process: its sockets and signals in this program, its core a stand-in."""

import contextlib
from collections.abc import Iterator
from typing import Any

from firmware_py.pi.guardian import process as guardian
from firmware_py.pi.guardian.process import GuardianProcess

SIGNALS = (1, 2, 10, 15)  # HUP, INT, USR1, TERM


@contextlib.contextmanager
def guardian_here(core: Any, sign: Any = None) -> Iterator[GuardianProcess]:
    """Yield it; what it does to this program's signals is undone."""
    nothing: Any = None
    before = {number: guardian.signal.getsignal(number) for number in SIGNALS}
    wakes = guardian.signal.set_wakeup_fd(-1)
    process = None
    try:
        process = GuardianProcess(core, nothing, nothing, sign, nothing)
        yield process
    finally:
        guardian.signal.set_wakeup_fd(wakes)
        for number, handler in before.items():
            guardian.signal.signal(number, handler)
        if process is not None:
            process._signals._read.close()
            process._signals._write.close()
