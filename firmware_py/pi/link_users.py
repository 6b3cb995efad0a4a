"""PINs: what makes a key of one, and how the first user comes onto a device.

A PIN is short, so whoever has its key can find it by trying; ROUNDS makes each try slow, and the device's lockout
makes tries few. docs/security.md says what that is worth.
"""

import getpass
import hashlib
import secrets
from pathlib import Path

from firmware_py.link import access
from firmware_py.link.contracts import Store
from firmware_py.link.unlock import ROUNDS_MIN, USER, Users
from firmware_py.pi.console import UserError

ROUNDS = ROUNDS_MIN
SALT_N = 8
PIN_MIN_N = 6
PIN_MAX_N = 64
ROLES = {"therapist": access.THERAPIST, "engineer": access.ENGINEER}


def key_of(pin: str, salt: bytes, rounds: int) -> bytes:
    """Return the 32 bytes that stand for a PIN."""
    return hashlib.pbkdf2_hmac("sha256", pin.encode("utf-8"), salt, rounds)


def checked_pin(pin: str) -> str:
    """Return `pin` if it may be one; UserError if not."""
    if not PIN_MIN_N <= len(pin) <= PIN_MAX_N:
        raise UserError(
            f"The PIN has {len(pin)} characters; allowed is {PIN_MIN_N} to {PIN_MAX_N}. Choose another one."
        )
    if len(set(pin)) < 3 or pin in "01234567890123456789" or pin in "98765432109876543210":
        raise UserError("This PIN is among the first that anybody would try. Choose another one.")
    return pin


def chosen_pin(path: Path | None, name: str) -> str:
    """Return a new PIN for `name` from a file, or as it is typed."""
    if path is None:
        return checked_pin(getpass.getpass(f"Choose a PIN for {name} (6 characters or more): "))
    try:
        return checked_pin(path.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError) as e:
        raise UserError(f"{path} cannot be read ({e}). Name a file that holds the PIN.") from e


def user_of(name: str, role: str, pin: str):
    """Return the record of a user with a fresh salt."""
    salt = secrets.token_bytes(SALT_N)
    return USER.record(name, ROLES[role], salt, ROUNDS, key_of(checked_pin(pin), salt, ROUNDS))


def add_user(store: Store, name: str, role: str, pin: str) -> None:
    """Put a user into the store of a device, as somebody who stands at it."""
    if not Users(store).put(user_of(name, role, pin)):
        raise UserError("The device has as many users as it can keep. Remove one first.")
