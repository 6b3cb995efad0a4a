"""The keys of paired centrals in a file that only its owner can read; bumble's own file is open to everybody."""

import json
import os
from pathlib import Path
from typing import Any

from bumble.keys import JsonKeyStore, PairingKeys


class PrivateKeyStore(JsonKeyStore):
    """Keep keys in `path`, mode 0600, written whole or not at all; know by heart who is authenticated."""

    def __init__(self, namespace: str, path: Path) -> None:
        super().__init__(namespace, str(path))
        self._authenticated: set[str] = set()

    async def remember(self) -> None:
        """Read who is paired."""
        self._authenticated = {name for name, keys in await self.get_all() if _is_authenticated(keys)}

    def is_authenticated(self, name: str) -> bool:
        """Whether `name` has a key from a passkey or comparison."""
        return name in self._authenticated

    async def save(self, db: dict[str, dict[str, dict[str, Any]]]) -> None:
        """Write the file anew, beside the old one, then in its place."""
        path = Path(self.filename)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = path.with_name(path.name + ".new")
        beside.unlink(missing_ok=True)
        fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump(db, file, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        await self.remember()


def _is_authenticated(keys: PairingKeys) -> bool:
    return keys.ltk is not None and bool(keys.ltk.authenticated) and len(keys.ltk.value) == 16
