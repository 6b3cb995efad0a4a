"""Who has paired without being allowed to, until BlueZ says that it is forgotten; kept, as BlueZ keeps the pairing."""

import contextlib

from firmware_py.link.contracts import Store

NAME = "refused"


class Refused:
    """Paths of devices.

    store       None: they are known as long as this process lives
    is_damaged  what was kept cannot be read: whoever is paired may be one of them
    """

    def __init__(self, store: Store | None) -> None:
        self.is_damaged = False
        self._store = store
        self._devices: set[str] = set()
        try:
            kept = (store and store.load(NAME)) or b""
            self._devices = set(kept.decode("ascii").split())
        except (ValueError, OSError):
            self.is_damaged = True

    def __contains__(self, device: str) -> bool:
        return device in self._devices

    def all(self) -> tuple[str, ...]:
        """Return them."""
        return tuple(sorted(self._devices))

    def add(self, device: str) -> None:
        """It must get nothing."""
        self._keep(self._devices | {device})

    def discard(self, device: str) -> None:
        """BlueZ has forgotten it: it is a stranger like any other."""
        self._keep(self._devices - {device})

    def _keep(self, devices: set[str]) -> None:
        if devices != self._devices:
            self._devices = devices
            if self._store is not None:
                with contextlib.suppress(OSError):  # it is known at least as long as this process lives
                    self._store.save(NAME, " ".join(self.all()).encode("ascii"))
