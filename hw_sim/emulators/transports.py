"""Three ways from the guard to an emulated stimulator, one interface: a pty, memory, and numbers without bytes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from firmware_py.hal import Port
from hw_sim.emulators.catalogue import Emulator, emulated
from hw_sim.emulators.load import DeliveredPulse, Load
from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.emulators.pty_link import Link, PtyLink
from hw_sim.emulators.request_link import RequestLink, RequestP24
from stimulator.drivers import devices
from stimulator.drivers.devices import Device
from stimulator.drivers.one_pulse import OnePulseDriver
from stimulator.drivers.sciencemode4_check import FrameCheck

Transport = Literal["pty", "memory", "request"]
TRANSPORTS: tuple[Transport, ...] = ("pty", "memory", "request")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """An emulated stimulator and everything between it and the guard.

    driver, check   None: the guard's usual ones
    """

    device: Emulator
    link: Link
    port: Port
    driver: OnePulseDriver | None = None
    check: FrameCheck | None = None

    def close(self) -> None:
        """Let go of everything. Safe to call twice."""
        self.port.close()
        self.link.close()


def way_to(
    device: Device,
    transport: Transport,
    *,
    load: Load,
    seed: int,
    on_pulse: Callable[[DeliveredPulse], None] | None = None,
) -> Way:
    """Return a new emulated `device` with `load` on its outputs, reached by `transport`.

    pty       pyserial, a pseudo-terminal, frames as on the wire
    memory    the same frames without an operating system
    request   no bytes for pulses; the same pulses at the same time, for campaigns. A P24 only: ValueError else
    """
    if transport == "request":
        if device.name != devices.P24:
            raise ValueError(
                f"transport is request and device {device.name}; only a p24 is reached so. Use memory."
            )
        p24 = RequestP24(load=load, seed=seed, on_pulse=on_pulse)
        link = RequestLink(p24)
        return Way(device=p24, link=link, port=link.open_port(), driver=link.driver, check=link.check)
    stimulator = emulated(device, load, seed=seed, on_pulse=on_pulse)
    link = PtyLink(stimulator) if transport == "pty" else MemoryLink(stimulator)
    return Way(device=stimulator, link=link, port=link.open_port())
