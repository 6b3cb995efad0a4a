"""Centrals in other programs: a UNIX socket to the air, one fresh controller for each program that connects.

The socket stands in a folder that only its owner may enter. A program that ends without a word (`kill -9`) leaves
the air as a radio does that is switched off: its peer notices after the supervision time.
"""

import asyncio
import contextlib
from pathlib import Path

from bumble.transport.common import StreamPacketSink, StreamPacketSource, Transport
from bumble.transport.unix import open_unix_client_transport

from firmware_py.pi.console import UserError
from hw_sim.radio.air import Air, RadioController

NAME = "air.sock"


class _Visitor(StreamPacketSource):
    """One program that has connected."""

    def __init__(self, air: Air, number: int) -> None:
        super().__init__()
        self._air, self._number = air, number
        self._controller: RadioController | None = None
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Give it a controller of its own."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._controller = RadioController(
            f"visitor {self._number}",
            self._air,
            host_source=self,
            host_sink=StreamPacketSink(transport),
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone, with or without a word."""
        if self._controller is not None:
            self._controller.host = None
            self._air.leave(self._controller)

    def end(self) -> None:
        """The air is no more."""
        if self._transport is not None:
            self._transport.abort()


class AirPort:
    """Let other programs into `air` through a socket in `folder`. Use `async with`."""

    def __init__(self, air: Air, folder: Path) -> None:
        self.path = folder / NAME
        self._air = air
        self._visitors: list[_Visitor] = []
        self._server: asyncio.AbstractServer | None = None

    async def __aenter__(self) -> "AirPort":
        folder = self.path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            raise UserError(f"{folder} can be entered by others. Make it private: chmod 700 {folder}")
        if self.path.is_socket() and await _answers(self.path):
            raise UserError(
                f"Another simulated device uses {self.path}. End it, or choose another --air folder."
            )
        self.path.unlink(missing_ok=True)
        self._server = await asyncio.get_running_loop().create_unix_server(self._visit, str(self.path))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for _turn in range(4):  # whoever is just being let in is made known one turn of the loop later
            for visitor in self._visitors:
                visitor.end()
            await asyncio.sleep(0)
        self.path.unlink(missing_ok=True)

    def _visit(self) -> _Visitor:
        visitor = _Visitor(self._air, len(self._visitors) + 1)
        self._visitors.append(visitor)
        return visitor


async def _answers(path: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(str(path))
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    return True


async def visit(folder: Path) -> Transport:
    """Return HCI to a controller in the air of `folder`; UserError if there is none."""
    try:
        return await open_unix_client_transport(str(folder / NAME))
    except OSError as e:
        raise UserError(
            f"There is no simulated device at {folder} ({e.strerror}). Start one: ./swingphase link serve-sim"
        ) from e
