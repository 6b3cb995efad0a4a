"""What the running parent says, on a terminal that may take nothing (Ctrl-S, Scroll Lock, a USB console unread).

The parent reads the keyboard's stop, so it must never wait for a terminal: a thread does, and what it cannot get rid of
in time is left out, oldest first.
"""

import os
import threading
from collections import deque
from collections.abc import Callable

LINES_MAX = 200
END_S = 2.0  # for a terminal to take the last words
STDOUT, STDERR = 1, 2


def write_all(text: str, fd: int) -> None:
    """Write a line and wait until all of it is taken; a terminal that is gone hears nothing."""
    data = text.encode(errors="replace") + b"\n"
    try:
        while data:
            data = data[os.write(fd, data) :]
    except OSError:
        return


class Voice:
    """Call it with a sentence; it never waits.

    write   writes a line to a descriptor, STDOUT or STDERR, and may take for ever
    """

    def __init__(self, write: Callable[[str, int], None] = write_all) -> None:
        self._write = write
        self._lines: deque[tuple[str, int]] = deque()
        self._left_out = 0
        self._is_over = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="voice", daemon=True)
        self._thread.start()

    def __call__(self, text: str, fd: int = STDOUT) -> None:
        """Say it as soon as the terminal takes it; a service's journal takes what goes to STDERR."""
        with self._news:
            if len(self._lines) >= LINES_MAX:
                self._lines.popleft()
                self._left_out += 1
            self._lines.append((text, fd))
            self._news.notify()

    def close(self) -> None:
        """Let the last words out; not for ever for a terminal that takes none."""
        with self._news:
            self._is_over = True
            self._news.notify()
        self._thread.join(END_S)

    def _run(self) -> None:
        while True:
            with self._news:
                while not self._lines and not self._is_over:
                    self._news.wait()
                if not self._lines:
                    return
                left_out, self._left_out = self._left_out, 0
                text, fd = self._lines.popleft()
            if left_out:
                self._write(
                    f"({left_out} lines are left out here: the terminal did not take them in time.)", fd
                )
            self._write(text, fd)
