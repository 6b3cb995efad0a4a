"""The store of a link that must hear a stop: writing keeps nobody waiting for longer than WAIT_MAX_S.

A card may take seconds to write, or hang, and the thread that asks for it is the one that hears the radio. So another
thread writes, and whoever asks waits a short while. What is not on the disk by then is refused (OSError), as everything
is until the disk has come to an end with it. What was refused is undone, so that the disk holds what the link goes by:
a value is written again as it was, an entry is cut off its list.
If the power is cut or the process killed while a refused write hangs, the disk may hold it afterwards, whole: as after
a power cut just before the answer.
"""

import contextlib
import errno
import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from firmware_py.link.contracts import Store
from firmware_py.pi.link_store import HEAD, FileStore

WAIT_MAX_S = 0.4  # assumed: a try of a PIN saves twice, each a file and its folder, 0.1 s each on a slow card
Deed = Callable[[], None]


@dataclass(slots=True)
class _Write:
    """prepare() looks how it was before and returns what undoes do()."""

    prepare: Callable[[], Deed]
    do: Deed
    ended: threading.Event = field(default_factory=threading.Event)
    is_over: bool = False
    is_refused: bool = False
    error: Exception | None = None


class TimedStore(Store):
    """Keep things in `folder`, as FileStore does, which has the only word on how.

    wait_max_s   how long writes that follow each other may keep the caller, together; time in which nobody waits gives
                 as much back. None: as long as it takes, for a start, while there is no radio to hear
    """

    def __init__(self, folder: Path, wait_max_s: float | None = None) -> None:
        self.wait_max_s = wait_max_s
        self._folder = folder
        self._store = FileStore(folder)
        self._writes: queue.SimpleQueue[_Write] = queue.SimpleQueue()
        self._lock = threading.Lock()  # for `_is_busy` and how a write stands, which both threads change
        self._is_busy = False
        self._undo: Deed | None = None  # due before anything else is written; of the writing thread
        self._waited_s, self._since_s = 0.0, time.monotonic()
        threading.Thread(target=self._work, name="store", daemon=True).start()

    def load(self, name: str) -> bytes | None:
        """As FileStore."""
        return self._store.load(name)

    def save(self, name: str, data: bytes) -> None:
        """As FileStore, in time."""
        self._write(_Write(lambda: self._before_save(name), lambda: self._store.save(name, data)))

    def append(self, name: str, entry: bytes) -> None:
        """As FileStore, in time."""
        self._write(_Write(lambda: self._before_append(name), lambda: self._store.append(name, entry)))

    def count(self, name: str) -> int:
        """As FileStore."""
        return self._store.count(name)

    def entry(self, name: str, index: int) -> bytes:
        """As FileStore."""
        return self._store.entry(name, index)

    # Whoever asks -----------------------------------------------------------------------------------

    def _write(self, write: _Write) -> None:
        with self._lock:
            if self._is_busy:
                raise OSError(errno.EBUSY, "The disk has not come to an end with what was written before")
            self._is_busy = True
        self._writes.put(write)
        write.ended.wait(self._may_wait_s())
        self._has_waited()
        with self._lock:
            write.is_refused = not write.is_over
        if write.is_refused:
            raise OSError(errno.ETIMEDOUT, "The disk takes too long to write")
        if write.error is not None:
            raise write.error

    def _may_wait_s(self) -> float | None:
        now_s = time.monotonic()
        self._waited_s = max(0.0, self._waited_s - (now_s - self._since_s))
        self._since_s = now_s
        return None if self.wait_max_s is None else max(0.0, self.wait_max_s - self._waited_s)

    def _has_waited(self) -> None:
        now_s = time.monotonic()
        self._waited_s += now_s - self._since_s
        self._since_s = now_s

    # The thread that writes -------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            write = self._writes.get()
            try:
                self._mend()
                self._undo = write.prepare()
                write.do()
            except (OSError, ValueError) as e:
                write.error = e
                self._try_to_mend()
            with self._lock:
                write.is_over = not write.is_refused
                self._is_busy = write.is_refused
            if write.is_refused:
                self._try_to_mend()
                with self._lock:
                    self._is_busy = False
            elif write.error is None:
                self._undo = None
            write.ended.set()

    def _mend(self) -> None:
        """Undo what does not count; OSError if that cannot be: it is due before the next write again."""
        if self._undo is not None:
            self._undo()
            self._undo = None

    def _try_to_mend(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._mend()

    def _before_save(self, name: str) -> Deed:
        try:
            before = self._store.load(name)
        except ValueError:  # it is damaged: whatever is there afterwards is no worse
            return lambda: None
        if before is None:
            return lambda: (self._folder / f"{name}.bin").unlink(missing_ok=True)
        return lambda: self._store.save(name, before)

    def _before_append(self, name: str) -> Deed:
        count = self._store.count(name)
        path = self._folder / f"{name}.list"
        size = sum(HEAD.size + len(self._store.entry(name, i)) for i in range(count))

        def undo() -> None:
            if path.exists() and path.stat().st_size > size:
                os.truncate(path, size)
            fresh = FileStore(self._folder)
            if fresh.count(name) != count:
                raise OSError(errno.EIO, f"{path} does not hold what it held")
            self._store = fresh

        return undo
