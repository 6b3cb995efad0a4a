"""Three ways from the guard to the emulated P24, one interface: a pty, memory, and numbers without bytes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from firmware_py.hal import Port
from hw_sim.emulators.load import DeliveredPulse, Load
from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.emulators.p24 import P24
from hw_sim.emulators.pty_link import Link, PtyLink
from hw_sim.emulators.request_link import RequestLink, RequestP24
from stimulator.drivers.sciencemode4 import ScienceMode4
from stimulator.drivers.sciencemode4_check import FrameCheck

Transport = Literal["pty", "memory", "request"]
TRANSPORTS: tuple[Transport, ...] = ("pty", "memory", "request")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """An emulated P24 and everything between it and the guard.

    driver, check   None: the guard's usual ones
    """

    device: P24
    link: Link
    port: Port
    driver: ScienceMode4 | None = None
    check: FrameCheck | None = None

    def close(self) -> None:
        """Let go of everything. Safe to call twice."""
        self.port.close()
        self.link.close()


def way_to_p24(
    transport: Transport, *, load: Load, seed: int, on_pulse: Callable[[DeliveredPulse], None] | None = None
) -> Way:
    """Return a new emulated P24 with `load` on its outputs, reached by `transport`.

    pty       pyserial, a pseudo-terminal, frames as on the wire
    memory    the same frames without an operating system
    request   no bytes for pulses; the same pulses at the same time, for campaigns
    """
    if transport == "request":
        device = RequestP24(load=load, seed=seed, on_pulse=on_pulse)
        link = RequestLink(device)
        return Way(device=device, link=link, port=link.open_port(), driver=link.driver, check=link.check)
    device = P24(load=load, seed=seed, on_pulse=on_pulse)
    link = PtyLink(device) if transport == "pty" else MemoryLink(device)
    return Way(device=device, link=link, port=link.open_port())
