"""A BlueZ server without a bus, and BlueZ's calls and signals, for tests."""

from types import SimpleNamespace
from typing import Any

from dbus_fast import Variant

from firmware_py.link import gatt
from firmware_py.pi.bluez_server import BluezServer
from tests.link_rig import Rig

DEVICE = "/org/bluez/hci0/dev_01_23_45_67_89_AB"
OTHER = "/org/bluez/hci0/dev_01_23_45_67_89_AC"
STOP = bytes.fromhex("01003f00")


class Bus:
    """Takes whatever is exported."""

    def export(self, path, interface):
        pass


def served(**more: Any) -> Any:
    rig = Rig()
    server = BluezServer(rig.session, Bus(), name="SWP-TEST", **more)  # type: ignore[arg-type]
    for c in server.characteristics.values():
        c.sent = []  # type: ignore[attr-defined]
        c.send = c.sent.append  # type: ignore[method-assign,attr-defined]
    return rig, server


def of(key):
    return next(c for s in gatt.table() for c in s.characteristics if c.key == key)


def options(device=DEVICE, **more):
    known = {"offset": "q", "mtu": "q", "type": "s", "prepare_authorize": "b"}
    return {"device": Variant("o", device)} | {
        k.replace("_", "-"): Variant(known[k], v) for k, v in more.items()
    }


def signal(member, path, *body):
    return SimpleNamespace(member=member, path=path, body=list(body))
