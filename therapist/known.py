"""What a laptop remembers of devices: whom it has met, and what their users' PINs are made into keys with."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmware_py.pi.console import UserError


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """A device that answered this laptop.

    pins   user -> (salt, rounds) that the device asked for when it last proved that it knows the PIN
    """

    address: str
    name: str
    pins: dict[str, tuple[bytes, int]] = field(default_factory=dict)


class Known:
    """Keep in `path`, mode 0600, whom this laptop has met. The file is read when it is needed, and need not exist.

    Every trouble is a UserError that names the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> list[Met]:
        """Return everybody."""
        try:
            return [_met(row) for row in json.loads(self._path.read_text(encoding="utf-8"))]
        except FileNotFoundError:
            return []
        except OSError as e:
            raise UserError(f"{self._path} cannot be read ({e.strerror}). Make it readable for you.") from e
        except (ValueError, TypeError, KeyError) as e:
            raise UserError(
                f"{self._path} is damaged, so nobody knows which devices this laptop has met. Look at each device's "
                "label, delete the file, and name the device once with --address."
            ) from e

    def at(self, address: str) -> Met | None:
        """Return the device with `address`."""
        return next((met for met in self.all() if met.address == address.upper()), None)

    def meet(self, address: str, name: str) -> None:
        """Remember a device, or its new name."""
        met = self.at(address)
        if met is None or (name and met.name != name):
            self._put(Met(address=address.upper(), name=name, pins={} if met is None else met.pins))

    def forget(self, address: str) -> None:
        """Remember it no more."""
        self._save([met for met in self.all() if met.address != address.upper()])

    def keep_pin(self, address: str, user: str, made_with: tuple[bytes, int]) -> None:
        """Remember (salt, rounds) of a user's PIN."""
        met = self.at(address) or Met(address=address.upper(), name="")
        if met.pins.get(user) != made_with:
            self._put(Met(address=met.address, name=met.name, pins={**met.pins, user: made_with}))

    def _put(self, new: Met) -> None:
        self._save([*(met for met in self.all() if met.address != new.address), new])

    def _save(self, everybody: list[Met]) -> None:
        text = json.dumps([_row(met) for met in everybody], indent=1)
        beside = self._path.with_name(self._path.name + ".new")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            beside.unlink(missing_ok=True)
            fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(fd, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
        except OSError as e:
            raise UserError(
                f"{self._path} cannot be written ({e.strerror}). Give its folder space and rights for you."
            ) from e


def default_path() -> Path:
    """Return where this user's laptop keeps it."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share", "swingphase/devices.json")


def _met(row: dict[str, Any]) -> Met:
    pins = {user: (bytes.fromhex(salt), int(rounds)) for user, (salt, rounds) in row["pins"].items()}
    return Met(address=str(row["address"]).upper(), name=str(row["name"]), pins=pins)


def _row(met: Met) -> dict[str, Any]:
    pins = {user: [salt.hex(), rounds] for user, (salt, rounds) in met.pins.items()}
    return {"address": met.address, "name": met.name, "pins": pins}
