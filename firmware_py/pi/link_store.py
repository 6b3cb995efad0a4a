"""What the link keeps over power cycles, as files of one folder that only its owner may enter.

Every file carries a checksum: damage is noticed and said, never taken for a value. A value is written beside the
old one and then put in its place; a list only grows, and an entry that was cut off by a power failure is dropped.
"""

import contextlib
import os
import struct
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from firmware_py.link.contracts import Chance, Store
from firmware_py.pi.console import UserError

CRC = struct.Struct("<I")
HEAD = struct.Struct("<II")  # length and checksum of an entry
ENTRY_MAX_N = 1 << 16  # more than any entry has; a longer one on the disk is damage
NAME_CHARACTERS = set("abcdefghijklmnopqrstuvwxyz_")


class FileStore(Store):
    """Keep things in `folder`, which is made if needed."""

    def __init__(self, folder: Path) -> None:
        with _readable():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            is_open = folder.stat().st_mode & 0o077
            list(folder.iterdir())
        if is_open:
            raise UserError(f"{folder} can be entered by others. Make it private: chmod 700 {folder}")
        self._folder = folder
        self._lists: dict[str, list[bytes]] = {}
        self._ends: dict[str, int] = {}  # where the next entry goes; what lies behind it never counted

    def load(self, name: str) -> bytes | None:
        """Return what was saved last; UserError if it is damaged or may not be read."""
        path = self._path(name, ".bin")
        with _readable():
            data = path.read_bytes() if path.exists() else None
        if data is None:
            return None
        if len(data) < CRC.size or CRC.unpack_from(data)[0] != zlib.crc32(data[CRC.size :]):
            raise UserError(f"{path} is damaged. Look at the disk, then set the device up anew.")
        return data[CRC.size :]

    def save(self, name: str, data: bytes) -> None:
        """Keep `data`; on the disk when this returns."""
        path = self._path(name, ".bin")
        beside = path.with_suffix(".new")
        self._write(beside, CRC.pack(zlib.crc32(data)) + data, 0)
        beside.replace(path)
        self._sync_folder()

    def append(self, name: str, entry: bytes) -> None:
        """Add an entry of 1 to ENTRY_MAX_N bytes; on the disk when this returns. OSError if not: then it never was."""
        if not 0 < len(entry) <= ENTRY_MAX_N:
            raise ValueError(f"The entry has {len(entry)} bytes; allowed are 1 to {ENTRY_MAX_N}. Keep less.")
        entries = self._entries(name)
        path, data = self._path(name, ".list"), HEAD.pack(len(entry), zlib.crc32(entry)) + entry
        self._write(path, data, self._ends[name])
        self._ends[name] += len(data)
        entries.append(entry)

    def count(self, name: str) -> int:
        """Return how many entries there are."""
        return len(self._entries(name))

    def entry(self, name: str, index: int) -> bytes:
        """Return one entry."""
        return self._entries(name)[index]

    def _entries(self, name: str) -> list[bytes]:
        if name not in self._lists:
            self._lists[name], self._ends[name] = self._read_list(name)
        return self._lists[name]

    def _read_list(self, name: str) -> tuple[list[bytes], int]:
        """Return the entries, and where they end. After a power cut an entry may be cut off, or be zeros to its end."""
        path = self._path(name, ".list")
        with _readable():
            data = path.read_bytes() if path.exists() else b""
        found, at = [], 0
        while at < len(data):
            head = data[at : at + HEAD.size]
            length, crc = HEAD.unpack(head) if len(head) == HEAD.size else (0, 0)
            end = at + HEAD.size + length
            entry = data[at + HEAD.size : end]
            if not entry or len(entry) != length or zlib.crc32(entry) != crc:
                if (end < len(data) or length > ENTRY_MAX_N) and any(data[at:]):
                    raise UserError(f"{path} is damaged. Look at the disk; the history is not whole.")
                break  # a power cut in the middle of this entry: it never counted
            found.append(entry)
            at = end
        return found, at

    def _path(self, name: str, suffix: str) -> Path:
        if not name or not set(name) <= NAME_CHARACTERS:
            raise ValueError(f"'{name}' is no name of a thing to keep. Use small letters and _.")
        return self._folder / (name + suffix)

    @staticmethod
    def _write(path: Path, data: bytes, at: int) -> None:
        """Make `data` the end of the file, from `at` on."""
        fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.ftruncate(fd, at)
            done = 0
            while done < len(data):
                done += os.pwrite(fd, data[done:], at + done)
            os.fsync(fd)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(fd, at)  # half an entry would be damage to the next start
            raise
        finally:
            os.close(fd)

    def _sync_folder(self) -> None:
        fd = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except OSError as e:
        raise UserError(
            f"{e.filename} of the link cannot be used ({e.strerror}). Give it to the user who runs the device "
            "(install-service does), or move it away and set the link up anew."
        ) from e


def default_folder() -> Path:
    """Return the folder of this user's virtual radio, in which simulated devices also keep their things."""
    return Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir(), f"swingphase-{os.getuid()}")


class SystemChance(Chance):
    """The operating system's random bytes."""

    def fill(self, n: int) -> bytes:
        """Return `n` of them."""
        return os.urandom(n)
