"""A link that never rests, for `./swingphase bench jitter --link`: python -m benchmarks.jitter_link FD, until killed.

It reads all news, presses keys, holds, beats and asks as fast as an impolite laptop could make the link's process ask,
in a process of its own, and has no radio: bumble's or BlueZ's own work is not in it (`bench link` has that).
"""

import contextlib
import socket
import sys
import time

from firmware_py.link.contracts import TestOutcome
from firmware_py.pi.guardian.ports import monotonic_us
from firmware_py.pi.guardian_launch import OperatorLink
from firmware_py.pi.run.link_device import ProcessDevice
from hw_sim.demo import demo_prescription
from stimulator.drivers import devices
from stimulator.prescription import channel_limits

NAP_S = 0.005


def main(arguments: list[str]) -> int:
    """Ask until killed."""
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    prescription, capability = demo_prescription(), devices.choose(devices.P24).capability
    device = ProcessDevice(
        socket.socket(fileno=int(arguments[0])),
        OperatorLink(near, monotonic_us),
        monotonic_us,
        capability=capability,
        limits=channel_limits(prescription, capability),
        hears_other=False,
    )
    shown, level = TestOutcome(), 100
    with far:
        while not device.is_lost:
            level = 195 - level  # 100, 95, 100, ...
            device.hear()
            device.set_level(level)
            with contextlib.suppress(ValueError):  # not armed for a test, as far as it has heard
                device.hold(0, 100_000)
            device.beat()
            device.release()
            with contextlib.suppress(OSError, ValueError):
                device.fill_outcome(shown)
                device.commit(prescription)
            time.sleep(NAP_S)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
