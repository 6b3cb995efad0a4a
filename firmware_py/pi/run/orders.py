"""What a person, or a tool for a person, tells the controller: who comes into charge, and the buttons of a test burst.

One packet an order on an AF_UNIX SOCK_SEQPACKET socket: act (u8, ACT_* of `firmware_py.blackbox`), first (u8),
second (i32). The console gives them; the link will on the same socket. Arming, pausing and stopping go to the
guardian's own socket (`firmware_py.pi.guardian_launch.OperatorLink`), never through the controller.
"""

import contextlib
import struct

from firmware_py import acts
from firmware_py.compose_controller import Controller
from safety.limits import CURRENT_ABS_UA

ORDER = struct.Struct("<BBi")
KINDS = (
    *(acts.ACT_USE, acts.ACT_HOLD, acts.ACT_RELEASE, acts.ACT_BEAT),
    *(acts.ACT_MOUNTING, acts.ACT_DOUBTED),
)
WALK, TEST = 0, 1  # whom ACT_USE puts in charge


def order(act: int, first: int = 0, second: int = CURRENT_ABS_UA) -> bytes:
    """Return the packet of an order."""
    return ORDER.pack(act, first, second)


def obey(controller: Controller, packet: bytes) -> bool:
    """Do what a packet says; False if it is none."""
    if len(packet) != ORDER.size:
        return False
    act, first, second = ORDER.unpack(packet)
    return do(controller, act, first, second)


def do(controller: Controller, act: int, first: int, second: int) -> bool:
    """Do one order; False if it is none. What must not be now (a channel that does not exist) does nothing."""
    burst = controller.burst
    if act not in KINDS:
        return False
    with contextlib.suppress(ValueError):
        if act == acts.ACT_USE:
            controller.cycle.use(burst if first == TEST else controller.walk)
        elif act == acts.ACT_HOLD:
            burst.hold(first, second)
        elif act == acts.ACT_RELEASE:
            burst.release()
        elif act == acts.ACT_MOUNTING:
            controller.cycle.restart_mounting()
        elif act == acts.ACT_DOUBTED:
            controller.cycle.doubted(first)
        else:
            burst.beat()
    return True
