"""A board at a serial port: asked in words while its loop runs, then by MicroPython's own console (mpremote).

The loop does not hear Ctrl-C, so nothing here can interrupt a walk: `ask_state` asks, `leave` asks to end, and the
board refuses while it is armed.
"""

import contextlib
import io
import json
import re
import time
from dataclasses import dataclass
from typing import Any

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from firmware_py.pi.console import UserError

ANSWER_S = 1.5
CONSOLE_S = 10
SILENT_S = 5.0  # a board that says nothing for so long is gone
STATE = re.compile(r"swingphase armed=(\d)(?: state=(\S+))?")


@dataclass(frozen=True, slots=True)
class State:
    """What the running loop says of itself."""

    is_armed: bool
    text: str


class BoardLine:
    """Open `port`; UserError if that fails. Use as a context manager."""

    def __init__(self, port: str) -> None:
        try:
            self._transport = SerialTransport(port)
        except (TransportError, OSError) as e:
            raise UserError(
                f"{port} cannot be opened ({e}). Plug the board in, and close other programs that use the port."
            ) from e
        self._port = port
        self._serial: Any = self._transport.serial
        self._serial.timeout = SILENT_S

    def __enter__(self) -> "BoardLine":
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()

    def ask_state(self) -> State | None:
        """Return how the loop stands; None if no loop answers."""
        self._write(b"\nstate\n")
        found = self._wait_for(STATE)
        return State(found[1] == "1", found[0]) if found else None

    def leave(self) -> None:
        """Let the loop end; UserError if it refuses."""
        self._write(b"leave\n")
        said = self._wait_for(re.compile(r"^no: .*$|>>> ", re.MULTILINE))
        if said and said[0].startswith("no: "):
            raise UserError(f"The board refuses to stop its loop: {said[0][4:]}")

    def enter_console(self) -> None:
        """Get MicroPython's raw console, with a fresh heap and without running main.py."""
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # mpremote prints what it did not expect
                self._transport.enter_raw_repl(soft_reset=True, timeout_overall=CONSOLE_S)
        except TransportError as e:
            raise UserError(
                f"MicroPython does not answer at {self._port} ({e}). Check that it runs MicroPython 1.27 or newer, "
                "unplug it, plug it in, and begin again."
            ) from e

    def run(self, code: str) -> str:
        """Run code on the board; return what it printed. UserError if it raised there, or nobody answers any more."""
        try:
            return self._transport.exec(code).decode("utf-8", "replace")
        except TransportExecError as e:
            raise UserError(f"The board said: {e.error_output.strip().splitlines()[-1]}") from e
        except (TransportError, OSError) as e:
            raise UserError(f"The board at {self._port} is gone ({e}). Plug it in and begin again.") from e

    def ask(self, code: str) -> Any:
        """Run code that prints one JSON value; return it."""
        said = self.run(code)
        try:
            return json.loads(said.strip().splitlines()[-1])
        except (ValueError, IndexError) as e:
            raise UserError(
                f"The board answered {said.strip()[:80]!r}, which is not expected. Begin again."
            ) from e

    def reset(self) -> None:
        """Restart the board; it does not answer any more."""
        try:
            self._transport.exec_raw_no_follow("import machine\nmachine.reset()")
        except (TransportError, OSError):
            pass  # it went away while it was told to

    def _write(self, data: bytes) -> None:
        try:
            self._serial.write(data)
        except OSError as e:
            raise UserError(f"{self._port} is gone ({e}). Plug the board in and begin again.") from e

    def _wait_for(self, wanted: re.Pattern[str]) -> re.Match[str] | None:
        """Read until `wanted` was said, at most ANSWER_S."""
        heard = ""
        end_s = time.monotonic() + ANSWER_S
        while time.monotonic() < end_s:
            waiting = self._serial.in_waiting
            if waiting:
                heard += self._serial.read(waiting).decode("utf-8", "replace").replace("\r", "")
                found = wanted.search(heard)
                if found:
                    return found
            else:
                time.sleep(0.005)
        return None
