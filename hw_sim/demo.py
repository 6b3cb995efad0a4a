"""Sixty seconds of virtual walking with a severe foot drop: first without stimulation, then with it.

The loop is closed: pulses that the emulated stimulator delivers move the simulated foot, and the
sensors on that foot trigger the next pulses.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hw_sim.emulators.load import DeliveredPulse
from hw_sim.leg import Leg
from hw_sim.reach import straight
from hw_sim.rig import PulseFilter, Rig
from hw_sim.strides import StrideRecord
from hw_sim.tally import Tally, tally_rows
from hw_sim.walker import WalkerSettings
from stimulator.drivers import devices
from stimulator.drivers.capability import Capability
from stimulator.drivers.devices import Device
from stimulator.prescription import Prescription, channel_name, default_prescription

WALK_S = 60
OFF_S = 20  # stimulation is off until then
RISE_MS = 100
TIBIALIS_UA, PERONEAL_UA = 26_000, 17_000


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

    A steeper rise and a little more tibialis, because swing is found some 140 ms before toe-off and the muscles
    need all of that time; and less peroneal, so that the foot lands almost level instead of on its inner edge.
    """
    default = default_prescription()
    tibialis, peroneal = default.channels
    channels = (tibialis._replace(current_ua=TIBIALIS_UA), peroneal._replace(current_ua=PERONEAL_UA))
    return default._replace(rise_ms=RISE_MS, channels=channels)


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
    leg = Leg(WalkerSettings(severity=severity, seed=seed))
    rig = Rig(
        leg,
        prescription=prescription,
        transport="pty",
        on_its_way=on_its_way,
        log_path=log_path,
        about={"walker": severity, "seed": seed},
        device=device or devices.choose(devices.P24),
    )
    off_us, length_us = round(off_s * 1e6), round(walk_s * 1e6)
    try:
        rig.connect()
        _walk_to(rig, off_us, length_us, progress)
        rig.arm()
        _walk_to(rig, length_us, length_us, progress)
        device_sentence = rig.world.device_sentence()
    finally:
        rig.close()
    rows = bytes(rig.world.rows)
    return DemoRun(
        leg=leg,
        tally=tally_rows(rows),
        pulses=rig.device.pulses,
        strides_off=[s for s in leg.strides if s.swing_end_us <= off_us],
        strides_on=[s for s in leg.strides if s.start_us >= off_us],
        on_from_us=off_us,
        length_us=length_us,
        device=device_sentence,
        rows=rows,
    )


def _walk_to(rig: Rig, until_us: int, length_us: int, progress: Callable[[float], None] | None) -> None:
    while rig.world.now_us < until_us:
        rig.advance_to(min(rig.world.now_us + 1_000_000, until_us))
        if progress:
            progress(rig.world.now_us / length_us)
