"""Which emulated device stands for which stimulator of `stimulator.drivers.devices`."""

from collections.abc import Callable
from typing import Protocol

from hw_sim.emulators.line import LineFaults
from hw_sim.emulators.load import DeliveredPulse, Load
from hw_sim.emulators.output_stage import OutputStage
from hw_sim.emulators.p24 import P24
from hw_sim.emulators.pty_link import EmulatedDevice
from hw_sim.emulators.rehamove3 import RehaMove3
from hw_sim.emulators.rehastim2 import RehaStim2
from stimulator.drivers import devices
from stimulator.drivers.devices import Device

KINDS: dict[str, type[P24] | type[RehaStim2] | type[OutputStage]] = {
    devices.P24: P24,
    devices.REHAMOVE3: RehaMove3,
    devices.REHASTIM2: RehaStim2,
    devices.OUTPUT_STAGE: OutputStage,
}


class Emulator(EmulatedDevice, Protocol):
    """What all emulated stimulators have in common besides their line."""

    @property
    def faults(self) -> LineFaults:
        """What is wrong; to be changed at any time."""
        ...

    @property
    def pulses(self) -> list[DeliveredPulse]:
        """Every pulse delivered so far, oldest first."""
        ...

    def set_open_channels(self, *channels: int) -> None:
        """Take the leads of these channels off."""
        ...


def emulated(
    device: Device,
    load: Load | None = None,
    *,
    seed: int = 0,
    on_pulse: Callable[[DeliveredPulse], None] | None = None,
) -> Emulator:
    """Return an emulated stimulator of this kind; a RehaStim2 answers within `answer_max_ms` if that was given."""
    if device.name == devices.REHASTIM2 and device.answer_max_ms:
        slowest_us = 1000 * device.answer_max_ms
        return RehaStim2(
            load,
            ack_latency_us=(slowest_us // 2, slowest_us),
            command_delay_us=(slowest_us // 4, slowest_us // 2),
            seed=seed,
            on_pulse=on_pulse,
        )
    return KINDS[device.name](load, seed=seed, on_pulse=on_pulse)
