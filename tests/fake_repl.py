"""A board at a serial port, for tests: the loop that answers words, then MicroPython's raw console (raw paste).

What is sent to the console runs under CPython against stand-ins of the board's modules, on a folder that stands for
the board's flash. `serial` takes the place of pyserial's port under mpremote's own transport.
"""

import builtins
import contextlib
import io
import os
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware_py.pi.board import line

WINDOW = b"\xff\x7f"
RAW = b"raw REPL; CTRL-B to exit\r\n"


class FakeRepl:
    """See the module.

    root       the flash;  state   what the loop answers, "" for no loop;  refuses   its answer to `leave`, "" for none
    platform, abi, room_n, heap_n   what the board says of itself;  is_mute   MicroPython does not answer either
    spoil      called with each (name, data) as a file is written; returns what the flash keeps
    codes      every program that ran;  resets   how often it was restarted
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(exist_ok=True)
        self.state = "swingphase armed=0 state=ready fault=0"
        self.refuses = ""
        self.platform, self.abi, self.room_n, self.heap_n = "rp2", 6, 1_000_000, 400_000
        self.is_mute = False
        self.spoil: Callable[[str, bytes], bytes] = lambda name, data: data
        self.modules: dict[str, Any] = {}
        self.codes: list[str] = []
        self.resets = self.feeds = 0
        self.timeout: float | None = None
        self._out = b""
        self._heard = b""
        self._is_looping = True
        self._names: dict[str, Any] = {}

    # pyserial's side --------------------------------------------------------------------------------

    @property
    def in_waiting(self) -> int:
        return len(self._out)

    def inWaiting(self) -> int:
        return len(self._out)

    def isOpen(self) -> bool:
        return True

    def close(self) -> None:
        pass

    def read(self, n: int = 1) -> bytes:
        data, self._out = self._out[:n], self._out[n:]
        return data

    def write(self, data: bytes) -> int:
        self._heard += data
        while self._heard and self._take():
            pass
        return len(data)

    # the board's side -------------------------------------------------------------------------------

    def _take(self) -> bool:
        if self._is_looping and self.state:
            word, found, self._heard = self._heard.partition(b"\n")
            if not found:
                self._heard = word  # Ctrl-C is just another byte to the loop
                return False
            self._obey(word.strip().decode())
            return True
        if self.is_mute:
            self._heard = b""
            return False
        if self._heard.startswith(b"\x05A\x01"):
            code, end, rest = self._heard[3:].partition(b"\x04")
            if not end:
                if not code and not self._out:
                    self._out += b"R\x01" + WINDOW
                return False
            self._heard = rest
            self._out += b"\x04"
            self._run(code.decode())
            return True
        byte, self._heard = self._heard[:1], self._heard[1:]
        if byte == b"\x01":
            self._out += RAW + b">"
        elif byte == b"\x04":
            self._names = {}
            self._out += b"OK\r\nMPY: soft reboot\r\n" + RAW + b">"
        return True

    def _obey(self, word: str) -> None:
        if word == "state":
            self._out += (self.state + "\r\n").encode()
        elif word == "leave" and self.refuses:
            self._out += f"no: {self.refuses}\r\n".encode()
        elif word == "leave":
            self._is_looping = False
            self._out += b"ok\r\n>>> "

    def _run(self, code: str) -> None:
        self.codes.append(code)
        said, wrong = io.StringIO(), ""
        self._names.setdefault(
            "__builtins__", {**vars(builtins), "__import__": self._import, "open": self._open}
        )
        with contextlib.redirect_stdout(said):
            try:
                exec(compile(code, "<board>", "exec"), self._names)
            except Exception as e:  # noqa: BLE001 - whatever a board's program raises
                wrong = f"Traceback (most recent call last):\r\n{type(e).__name__}: {e}\r\n"
        self._out += said.getvalue().replace("\n", "\r\n").encode() + b"\x04" + wrong.encode() + b"\x04>"

    def _import(self, name: str, *rest: Any) -> Any:
        if name in self.modules:
            return self.modules[name]
        if name == "os":
            return types.SimpleNamespace(
                ilistdir=self._ilistdir,
                listdir=lambda folder: sorted(os.listdir(self._path(folder))),
                statvfs=lambda _: (1, 1, 0, self.room_n),
                mkdir=lambda name: self._path(name).mkdir(),
                stat=lambda name: os.stat(self._path(name)),
                remove=lambda name: self._path(name).unlink(),
            )
        if name == "gc":
            return types.SimpleNamespace(collect=int, mem_free=lambda: self.heap_n, mem_alloc=int)
        if name == "sys":
            implementation = types.SimpleNamespace(_mpy=self.abi)
            return types.SimpleNamespace(platform=self.platform, implementation=implementation)
        if name == "machine":
            return types.SimpleNamespace(WDT=lambda timeout: self, reset=self._reset)
        return __import__(name, *rest)

    def feed(self) -> None:
        """The watchdog's."""
        self.feeds += 1

    def _reset(self) -> None:
        self.resets += 1

    def _path(self, name: str) -> Path:
        return self.root / name.lstrip("/")

    def _ilistdir(self, folder: str) -> Iterator[tuple[str, int]]:
        for path in sorted(self._path(folder).iterdir()):
            yield path.name, 0x4000 if path.is_dir() else 0x8000

    def _open(self, name: str, mode: str = "r") -> Any:
        if "w" not in mode:
            return open(self._path(name), mode)
        return _Written(self, name)


class _Written(io.BytesIO):
    """A file on the flash: kept when it is closed."""

    def __init__(self, board: FakeRepl, name: str) -> None:
        super().__init__()
        self._board, self._name = board, name

    def close(self) -> None:
        if not self.closed:
            self._board._path(self._name).write_bytes(self._board.spoil(self._name, self.getvalue()))
        super().close()


@contextlib.contextmanager
def at_port(board: FakeRepl, monkeypatch: pytest.MonkeyPatch) -> Iterator[line.BoardLine]:
    """Open the board as the tool does: mpremote's transport over the stand-in of a port."""
    import serial

    monkeypatch.setattr(serial, "serial_for_url", lambda *_, **__: board)
    monkeypatch.setattr(line, "ANSWER_S", 0.05)
    monkeypatch.setattr(line, "CONSOLE_S", 1)
    with line.BoardLine("/dev/ttyACM0") as opened:
        yield opened


def files_of(board: FakeRepl) -> dict[str, bytes]:
    """Return what is on the flash."""
    paths = [path for path in board.root.rglob("*") if path.is_file()]
    return {path.relative_to(board.root).as_posix(): path.read_bytes() for path in paths}
