"""The table of `firmware_py.link.gatt` in the form that MicroPython's `bluetooth` takes, and an advertisement."""

from firmware_py.link import gatt

# Flags of `bluetooth`, which has no names for the upper ones.
SECURE_READ = 0x0200 | 0x0400  # encrypted, with a key from a passkey or comparison
SECURE_WRITE = 0x1000 | 0x2000

ADVERTISE_US = 100_000
NAME_MAX = 8  # what is left of 31 bytes beside flags and the service's UUID
_SIG_TAIL = "-0000-1000-8000-00805f9b34fb"


def definition(services, make_uuid):
    """Return the argument of `gatts_register_services`.

    services    of `gatt.table`;  make_uuid   `bluetooth.UUID`
    """
    found = []
    for service in services:
        characteristics = []
        for c in service.characteristics:
            characteristics.append((_uuid(c.uuid, make_uuid), flags_of(c)))
        found.append((_uuid(service.uuid, make_uuid), tuple(characteristics)))
    return tuple(found)


def flags_of(c) -> int:
    """Return the flags of a characteristic: its properties, and the proof that each access needs."""
    flags = c.properties
    if c.is_secure and flags & gatt.READ:
        flags |= SECURE_READ
    if c.is_secure and flags & gatt.WRITE:
        flags |= SECURE_WRITE
    return flags


def handles_in(services, registered):
    """Return {key: value handle} from what `gatts_register_services` returned."""
    handles = {}
    for i in range(len(services)):
        characteristics = services[i].characteristics
        for j in range(len(characteristics)):
            handles[characteristics[j].key] = registered[i][j]
    return handles


def advertisement(uuid: str, name: str) -> bytes:
    """Return 31 bytes at most: flags, the service to look for, a short name. Nothing of therapy."""
    short = name.encode("utf-8")[:NAME_MAX]
    digits = uuid.replace("-", "")
    backwards = bytes([int(digits[i : i + 2], 16) for i in range(30, -2, -2)])
    return b"\x02\x01\x06\x11\x07" + backwards + bytes([1 + len(short), 0x09]) + short


def _uuid(text: str, make_uuid):
    return make_uuid(int(text[4:8], 16) if text.endswith(_SIG_TAIL) else text)
