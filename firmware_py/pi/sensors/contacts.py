"""Contacts that are no GPIO line: edges from a list (tests) or from a pipe (the simulation)."""

import os
import struct
from collections.abc import Iterable

from firmware_py.pi.gpio_port import Contact

EDGE = struct.Struct("<qB")  # t_us, is_closed: what the simulation writes into the pipe
CHUNK_N = 4096


class EdgeList(Contact):
    """A contact whose edges are known beforehand; `clock_us` says which of them have happened.

    edges   (t_us, is_closed), in the order of time
    """

    def __init__(self, edges: Iterable[tuple[int, bool]], clock_us, is_closed: bool = True) -> None:
        self._waiting = list(edges)
        self._clock_us = clock_us
        self.is_closed = is_closed
        self.is_gone = False

    def fileno(self) -> int:
        raise OSError("A list of edges has no descriptor.")

    def read(self) -> list[tuple[int, bool]]:
        now_us = self._clock_us()
        n = sum(t_us <= now_us for t_us, _ in self._waiting)
        found, self._waiting = self._waiting[:n], self._waiting[n:]
        if found:
            self.is_closed = found[-1][1]
        return found

    def level(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        pass


class EdgePipe(Contact):
    """A contact at the other end of a named pipe: records of EDGE. The end of the pipe is a contact that is gone."""

    def __init__(self, path: str | os.PathLike[str], is_closed: bool = True) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self._rest = b""
        self._has_begun = False
        self.is_closed = is_closed
        self.is_gone = False

    def fileno(self) -> int:
        return self._fd

    def read(self) -> list[tuple[int, bool]]:
        try:
            data = os.read(self._fd, CHUNK_N)
            self.is_gone |= self._has_begun and not data
        except BlockingIOError:
            data = b""
        except OSError:
            self.is_gone = True
            data = b""
        self._has_begun |= bool(data)
        data = self._rest + data
        whole = len(data) - len(data) % EDGE.size
        self._rest = data[whole:]
        found = [(t_us, bool(closed)) for t_us, closed in EDGE.iter_unpack(data[:whole])]
        if found:
            self.is_closed = found[-1][1]
        return found

    def level(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
