"""The passkey on the device's own terminal: its screen, or its USB console. Never in a file, never in a journal."""

import os
import sys
from pathlib import Path

from firmware_py.link.contracts import Display


class TerminalDisplay(Display):
    """The six digits on the terminal that the device was started from.

    Nothing is shown if that is no terminal: a passkey never goes into a file by accident. `path`, if given, is
    the display instead: a file that only its owner can read, for tests.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    def show_passkey(self, passkey: int) -> None:
        """Show it."""
        self._show(f"{passkey:06d}")

    def clear(self) -> None:
        """Show it no longer."""
        self._show("")

    def _show(self, text: str) -> None:
        if self._path is not None:
            beside = self._path.with_suffix(".new")
            fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.write(fd, text.encode())
            os.close(fd)
            beside.replace(self._path)
            return
        for terminal in (
            sys.stdout,
            sys.stderr,
        ):  # a service's errors go to the journal, its words to the console
            if terminal.isatty():
                terminal.write(f"\r\x1b[K{f'Passkey: {text}' if text else ''}")
                terminal.flush()
                return


def has_terminal() -> bool:
    """Say whether a passkey could be shown."""
    return sys.stdout.isatty() or sys.stderr.isatty()
