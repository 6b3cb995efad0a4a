"""The settings store's files on a Pi: each write is on the card before it returns, the folder's entry too."""

import os
from pathlib import Path

from firmware_py.pi.console import UserError
from firmware_py.settings import Files, SettingsStore


def opened(folder: Path) -> SettingsStore:
    """Return the settings kept in `folder`; UserError if they cannot be read. Damage is for the store to say."""
    try:
        return SettingsStore(FolderFiles(folder))
    except OSError as e:
        raise UserError(
            f"{e.filename or folder} cannot be used ({e.strerror}). Give the folder of the settings to the user who "
            "runs the device (install-service does), or name another one in [files]."
        ) from e


class FolderFiles(Files):
    """Files in `folder`, which is made if needed. Every trouble is an OSError."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)  # keys and bonds are nobody else's
        self._folder = folder

    def size(self, name: str) -> int:
        """Return how many bytes the file has; -1 if there is none."""
        try:
            return (self._folder / name).stat().st_size
        except FileNotFoundError:
            return -1

    def read(self, name: str, at: int, n: int) -> bytes:
        """Return up to `n` bytes from `at` on."""
        with (self._folder / name).open("rb") as file:
            file.seek(at)
            return file.read(n)

    def write(self, name: str, at: int, data: bytes) -> None:
        """Put `data` at `at`, which is then the end of the file, and return when the card has it."""
        path = self._folder / name
        is_new = not path.exists()
        fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(fd, data[written:], at + written)
            os.ftruncate(fd, at + len(data))
            os.fsync(fd)
        finally:
            os.close(fd)
        if is_new:
            self._sync_folder()

    def _sync_folder(self) -> None:
        fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
