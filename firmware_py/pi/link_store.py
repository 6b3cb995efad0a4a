"""What the link keeps over power cycles, as files of one folder that only its owner may enter.

Every file carries a checksum: damage is noticed and said, never taken for a value. A value is written beside the
old one and then put in its place; a list only grows, and an entry that was cut off by a power failure is dropped.
"""

import os
import struct
import tempfile
import zlib
from pathlib import Path

from firmware_py.link.contracts import Chance, Store
from firmware_py.pi.console import UserError

CRC = struct.Struct("<I")
HEAD = struct.Struct("<II")  # length and checksum of an entry
NAME_CHARACTERS = set("abcdefghijklmnopqrstuvwxyz_")


class FileStore(Store):
    """Keep things in `folder`, which is made if needed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            raise UserError(f"{folder} can be entered by others. Make it private: chmod 700 {folder}")
        self._folder = folder
        self._lists: dict[str, list[bytes]] = {}

    def load(self, name: str) -> bytes | None:
        """Return what was saved last; ValueError if it is damaged."""
        try:
            data = self._path(name, ".bin").read_bytes()
        except FileNotFoundError:
            return None
        if len(data) < CRC.size or CRC.unpack_from(data)[0] != zlib.crc32(data[CRC.size :]):
            raise ValueError(
                f"{self._path(name, '.bin')} is damaged. Look at the disk, then set the device up anew."
            )
        return data[CRC.size :]

    def save(self, name: str, data: bytes) -> None:
        """Keep `data`; on the disk when this returns."""
        path = self._path(name, ".bin")
        beside = path.with_suffix(".new")
        self._write(beside, CRC.pack(zlib.crc32(data)) + data, os.O_TRUNC)
        beside.replace(path)
        self._sync_folder()

    def append(self, name: str, entry: bytes) -> None:
        """Add an entry; on the disk when this returns."""
        entries = self._entries(name)
        self._write(self._path(name, ".list"), HEAD.pack(len(entry), zlib.crc32(entry)) + entry, os.O_APPEND)
        entries.append(entry)

    def count(self, name: str) -> int:
        """Return how many entries there are."""
        return len(self._entries(name))

    def entry(self, name: str, index: int) -> bytes:
        """Return one entry."""
        return self._entries(name)[index]

    def _entries(self, name: str) -> list[bytes]:
        if name not in self._lists:
            self._lists[name] = self._read_list(name)
        return self._lists[name]

    def _read_list(self, name: str) -> list[bytes]:
        path = self._path(name, ".list")
        data = path.read_bytes() if path.exists() else b""
        found, at = [], 0
        while at < len(data):
            head = data[at : at + HEAD.size]
            length, crc = HEAD.unpack(head) if len(head) == HEAD.size else (len(data), 0)
            entry = data[at + HEAD.size : at + HEAD.size + length]
            is_last = at + HEAD.size + length >= len(data)
            if len(entry) != length or zlib.crc32(entry) != crc:
                if not is_last:
                    raise ValueError(f"{path} is damaged. Look at the disk; the history is not whole.")
                os.truncate(path, at)  # a power cut in the middle of this entry: it never counted
                break
            found.append(entry)
            at += HEAD.size + length
        return found

    def _path(self, name: str, suffix: str) -> Path:
        if not name or not set(name) <= NAME_CHARACTERS:
            raise ValueError(f"'{name}' is no name of a thing to keep. Use small letters and _.")
        return self._folder / (name + suffix)

    @staticmethod
    def _write(path: Path, data: bytes, flag: int) -> None:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | flag, 0o600)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view) :]
            os.fsync(fd)
        finally:
            os.close(fd)

    def _sync_folder(self) -> None:
        fd = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def default_folder() -> Path:
    """Return the folder of this user's virtual radio, in which simulated devices also keep their things."""
    return Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir(), f"swingphase-{os.getuid()}")


class SystemChance(Chance):
    """The operating system's random bytes."""

    def fill(self, n: int) -> bytes:
        """Return `n` of them."""
        return os.urandom(n)
