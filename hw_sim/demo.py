"""Sixty seconds of virtual walking with a severe foot drop: first without stimulation, then with it.

The loop is closed: pulses that the emulated stimulator delivers move the simulated foot, and the
sensors on that foot trigger the next pulses.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hw_sim.electrode import ElectrodeLoad
from hw_sim.emulators.catalogue import emulated
from hw_sim.emulators.load import DeliveredPulse
from hw_sim.emulators.pty_link import PtyLink
from hw_sim.leg import Leg
from hw_sim.sensors import SimSensors
from hw_sim.strides import StrideRecord
from hw_sim.tally import Tally, tally_rows
from hw_sim.walker import WalkerSettings
from hw_sim.world import T_START_US, World
from stimulator.drivers import devices
from stimulator.drivers.capability import Capability
from stimulator.drivers.devices import Device
from stimulator.prescription import Prescription, channel_name, default_prescription

WALK_S = 60
OFF_S = 20  # stimulation is off until then
RISE_MS = 150
PERONEAL_UA = 17_000
PulseFilter = Callable[[DeliveredPulse], tuple[int, int, float, float] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRun:
    """What happened. Times are world us; `strides_off` and `strides_on` leave out the one in between."""

    leg: Leg
    tally: Tally
    pulses: list[DeliveredPulse]
    strides_off: list[StrideRecord]
    strides_on: list[StrideRecord]
    on_from_us: int
    length_us: int
    device: str
    rows: bytes


def demo_prescription() -> Prescription:
    """Return the defaults, fitted to the simulated leg as a therapist would fit them to a person.

    A steeper rise, because this leg's muscles need all of the time before toe-off, and less peroneal,
    so that the foot lands almost level (3 to 4 deg everted) instead of on its inner edge.
    """
    default = default_prescription()
    tibialis, peroneal = default.channels
    return default._replace(rise_ms=RISE_MS, channels=(tibialis, peroneal._replace(current_ua=PERONEAL_UA)))


def fitted(prescription: Prescription, capability: Capability) -> tuple[Prescription, list[str]]:
    """Return the prescription as near as this stimulator comes, and a sentence for each thing that was changed.

    Only for demonstrations: a prescription for a person is refused, not changed.
    """
    said: list[str] = []
    rate_max_hz = capability.commands_per_s_max
    is_shared = sum(c.rate_hz for c in prescription.channels if c.current_ua > 0) > rate_max_hz
    channels = []
    for index, c in enumerate(prescription.channels):
        name = channel_name(index)
        new = c._replace(
            rate_hz=min(c.rate_hz, rate_max_hz),
            current_ua=c.current_ua - c.current_ua % capability.current_step_ua,
            gap_us=c.gap_us
            if capability.gap_min_us <= c.gap_us <= capability.gap_max_us
            else capability.gap_min_us,
        )
        if is_shared and index > 0:
            new = new._replace(current_ua=0, rate_hz=c.rate_hz)
            said.append(f"{name} is off: a {capability.name} gives {rate_max_hz} pulses a second in all.")
        else:
            said += [
                f"{name}: {field} is {getattr(new, field)} in place of {getattr(c, field)}, for a {capability.name}."
                for field in c._fields
                if getattr(new, field) != getattr(c, field)
            ]
        channels.append(new)
    return prescription._replace(channels=tuple(channels)), said


def straight(pulse: DeliveredPulse) -> tuple[int, int, float, float] | None:
    """Let a delivered pulse reach the leg as it is: (time us, channel, mA, us)."""
    return pulse.start_us, pulse.channel, pulse.reached_ma, pulse.width_us


def run_demo(
    prescription: Prescription,
    *,
    severity: str = "severe",
    seed: int = 1,
    walk_s: float = WALK_S,
    off_s: float = OFF_S,
    log_path: Path | None = None,
    progress: Callable[[float], None] | None = None,
    on_its_way: PulseFilter = straight,
    device: Device | None = None,
) -> DemoRun:
    """Walk `walk_s` seconds, armed from `off_s` on, with `device` (a P24). `on_its_way` may change or drop pulses."""
    device = device or devices.choose(devices.P24)
    leg = Leg(WalkerSettings(severity=severity, seed=seed))

    def reaches_leg(pulse: DeliveredPulse) -> None:
        arrival = on_its_way(pulse)
        if arrival is not None:
            leg.deliver(*arrival)

    stimulator = emulated(device, ElectrodeLoad(), seed=seed, on_pulse=reaches_leg)
    link = PtyLink(stimulator)
    port = link.open_port()
    world = World(
        sensors=SimSensors(leg, place="foot", t_us_start=T_START_US),
        port=port,
        link=link,
        prescription=prescription,
        place="foot",
        has_switch=True,
        leg=leg,
        log_path=log_path,
        about={"walker": severity, "seed": seed},
        device=device,
    )
    off_us, length_us = round(off_s * 1e6), round(walk_s * 1e6)
    try:
        world.connect()
        _walk_to(world, off_us, length_us, progress)
        world.arm()
        _walk_to(world, length_us, length_us, progress)
        device_sentence = world.device_sentence()
    finally:
        world.close()
        port.close()
        link.close()
    return DemoRun(
        leg=leg,
        tally=tally_rows(bytes(world.rows)),
        pulses=stimulator.pulses,
        strides_off=[s for s in leg.strides if s.swing_end_us <= off_us],
        strides_on=[s for s in leg.strides if s.start_us >= off_us],
        on_from_us=off_us,
        length_us=length_us,
        device=device_sentence,
        rows=bytes(world.rows),
    )


def _walk_to(world: World, until_us: int, length_us: int, progress: Callable[[float], None] | None) -> None:
    while world.now_us < until_us:
        world.advance(min(1_000_000, until_us - world.now_us))
        if progress:
            progress(world.now_us / length_us)


def drag_share(strides: list[StrideRecord]) -> float:
    """Return the share of strides whose toe touched the ground in mid-swing, 0 to 1; 0 without strides."""
    return sum(s.dragged for s in strides) / max(1, len(strides))
