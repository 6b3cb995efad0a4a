"""The settings store's files on a board: littlefs, which keeps the old version until the new one is closed."""

import os

from firmware_py.settings import Files

NEW = ".new"
CHUNK = 256


class BoardFiles(Files):
    """Files in `folder`, which is made if needed. Every trouble is an OSError.

    Adding to a file's end is an append; anything else writes a new file and renames it over the old one. Both
    are whole or not there after a power cut, as littlefs promises; a FAT file system does not.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        try:
            os.mkdir(folder)
        except OSError:
            os.stat(folder)  # it is there, or this says what is wrong

    def size(self, name: str) -> int:
        """Return how many bytes the file has; -1 if there is none."""
        try:
            return os.stat(self._path(name))[6]
        except OSError:
            return -1

    def read(self, name: str, at: int, n: int) -> bytes:
        """Return up to `n` bytes from `at` on."""
        with open(self._path(name), "rb") as file:
            file.seek(at)
            return file.read(n)

    def write(self, name: str, at: int, data: bytes) -> None:
        """Put `data` at `at`, which is then the end of the file, and return when the flash has it."""
        path = self._path(name)
        if at > 0 and at == self.size(name):
            with open(path, "ab") as file:
                file.write(data)
            return
        with open(path + NEW, "wb") as new:
            done = 0
            while done < at:
                part = self.read(name, done, min(CHUNK, at - done))
                if not part:
                    raise OSError(5)
                new.write(part)
                done += len(part)
            new.write(data)
        os.rename(path + NEW, path)

    def _path(self, name: str) -> str:
        return self._folder + "/" + name
