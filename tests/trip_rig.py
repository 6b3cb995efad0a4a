"""Long walks and recorded walks through the whole loop, without any fault: what was found and refused all the same."""

import random
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from firmware_py import blackbox
from hw_sim.demo import demo_prescription
from hw_sim.electrode import ElectrodeLoad
from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.emulators.p24 import P24
from hw_sim.recordings import Recording
from hw_sim.replay import LEAD_US, PULSE_AFTER_SWING_US, PULSES_FOR_A_STEP, RecordingSensors
from hw_sim.sensors import SimSensors
from hw_sim.severity import SEVERITIES
from hw_sim.stop_and_go import stop_and_go_leg
from hw_sim.tally import pulses_per_swing, tally_rows
from hw_sim.walker import WalkerSettings
from hw_sim.world import T_START_US, World, world_us
from safety import faults, reasons
from stimulator.prescription import default_prescription

FREE_STEPS = 2  # of each bout: the first may have to show that it is one
ARMED_AT_US = 1_000_000
HANGS_US = 230_000  # R20 says 250 ms; two readings less, for their own distance


@dataclass(slots=True)
class Trips:
    """What came up without a reason.

    faults    name of the fault -> how often it came up
    hung      how often "IMU frozen" came up where the recording itself holds six equal readings for 0.25 s
    refused   reason -> pulses refused after arming
    steps     steps in all;  helped: of these, with at least three pulses on each channel
    missed    world us of steps after the first two of a bout that were not helped
    held      world us of pulses refused because the samples did not look like a step (R17)
    late_held of these, later than two strides after the person began to walk
    bouts     how often the person began to walk
    """

    faults: Counter[str] = field(default_factory=Counter)
    refused: Counter[int] = field(default_factory=Counter)
    steps: int = 0
    helped: int = 0
    missed: list[int] = field(default_factory=list)
    hung: int = 0
    held: list[int] = field(default_factory=list)
    late_held: int = 0
    bouts: int = 0
    at_us: list[tuple[int, str]] = field(default_factory=list)

    def add(self, other: "Trips") -> None:
        """Take over the counts of `other`."""
        self.faults += other.faults
        self.refused += other.refused
        self.steps += other.steps
        self.helped += other.helped
        self.missed += other.missed
        self.held += other.held
        self.hung += other.hung
        self.late_held += other.late_held
        self.bouts += other.bouts
        self.at_us += other.at_us

    def count_rows(self, rows: bytes) -> None:
        """Read faults, holds and refusals out of the black box."""
        last, now_us = (0, 0), 0
        is_armed = False
        for kind, t_us, values in blackbox.rows(rows):
            now_us = world_us(t_us, now_us)
            if kind == blackbox.ARMED:
                is_armed = bool(values[0])
                for before, after in zip(last, values[3:5], strict=True):
                    if after and after != before:
                        self.faults[faults.FAULTS[after].name] += 1
                        self.at_us.append((now_us, faults.FAULTS[after].name))
                last = values[3], values[4]
            elif kind == blackbox.RESULT and values[3] == 0 and values[5] != reasons.DISARMED:
                self.refused[values[5]] += 1
                if values[5] == reasons.NOT_PLAUSIBLE:
                    self.held.append(now_us)
            elif kind == blackbox.LOST:
                raise AssertionError("the black box lost rows")
        if not is_armed:
            self.faults["not armed at the end"] += 1


def drawn_walker(seed: int) -> tuple[WalkerSettings, str, bool]:
    """Return who walks, where the IMU sits and whether a switch is fitted."""
    draw = random.Random(f"walker {seed}")
    settings = WalkerSettings(
        side=draw.choice(("left", "right")),
        severity=draw.choice(tuple(SEVERITIES)),
        stride_s=draw.uniform(0.9, 2.0),
        stand_s=draw.uniform(2.0, 6.0),
        seed=seed,
    )
    return settings, draw.choice(("foot", "shank")), draw.random() < 0.5


def walked(seed: int, seconds: float) -> Trips:
    """Let the walker of `seed` stop and go for `seconds`."""
    settings, place, has_switch = drawn_walker(seed)
    leg, walker = stop_and_go_leg(settings)
    device = P24(
        load=ElectrodeLoad(),
        seed=seed,
        on_pulse=lambda p: leg.deliver(p.start_us, p.channel, p.reached_ma, p.width_us),
    )
    link = MemoryLink(device)
    port = link.open_port()
    world = World(
        sensors=SimSensors(leg, place=place, t_us_start=T_START_US, has_heel=has_switch),
        port=port,
        link=link,
        prescription=demo_prescription(),
        place=place,
        has_switch=has_switch,
        leg=leg,
    )
    world.connect()
    world.advance(ARMED_AT_US - world.now_us)
    world.arm()
    world.advance(round(seconds * 1e6) - world.now_us)
    world.close()
    found = Trips()
    found.count_rows(bytes(world.rows))
    bouts_us = np.array(walker.bouts_us)
    found.bouts = len(bouts_us)
    found.late_held = _late_held(found.held, bouts_us, settings.stride_s)
    first_of = -1
    of_bout = 0
    for stride in leg.strides:
        bout = int(np.searchsorted(bouts_us, stride.swing_start_us))
        of_bout = of_bout + 1 if bout == first_of else 1
        first_of = bout
        found.steps += 1
        if min(stride.pulses) >= PULSES_FOR_A_STEP:
            found.helped += 1
        elif of_bout > FREE_STEPS:
            found.missed.append(stride.swing_start_us)
    return found


def _late_held(held: list[int], bouts_us: np.ndarray, stride_s: float) -> int:
    times = np.array(held, dtype=np.int64)
    began_us = bouts_us[np.maximum(0, np.searchsorted(bouts_us, times) - 1)]
    return int((times - began_us > FREE_STEPS * stride_s * 1.15e6).sum())


def replayed(recording: Recording) -> Trips:
    """Run a recording; steps are swings that the detector found."""
    device = P24(seed=1)
    link = MemoryLink(device)
    port = link.open_port()
    sensors = RecordingSensors(recording, LEAD_US)
    world = World(
        sensors=sensors,
        port=port,
        link=link,
        prescription=default_prescription(),
        place=recording.place,
        has_switch=recording.heel_counts is not None,
    )
    sensors.clock = lambda: world.now_us
    world.connect()
    world.advance(LEAD_US + 50_000 - world.now_us)
    world.arm()
    # To the last sample and no further: without samples the IMU is stale, and rightly so.
    world.advance(LEAD_US + round((recording.n_samples - 1) / recording.fs * 1e6) - world.now_us)
    world.close()
    found = Trips()
    rows = bytes(world.rows)
    found.count_rows(rows)
    swings = tally_rows(rows).swings
    reached = np.ones(len(swings), dtype=bool)
    for channel in (0, 1):
        starts = np.array([p.start_us for p in device.pulses if p.channel == channel], dtype=np.int64)
        reached &= pulses_per_swing(swings, starts, PULSE_AFTER_SWING_US) >= PULSES_FOR_A_STEP
    for at_us, name in found.at_us:
        if name == faults.FAULTS[faults.IMU_FROZEN].name and _hangs(recording, at_us - LEAD_US):
            found.hung += 1
            found.faults[name] -= 1
    found.faults = +found.faults  # without those that are zero now
    found.steps = len(swings)
    found.helped = int(reached.sum())
    found.missed = [s.start_us for s, fine in zip(swings, reached, strict=True) if not fine]
    return found


def _hangs(recording: Recording, at_us: int) -> bool:
    """Say whether the recorded sensor itself gave the same six numbers for HANGS_US until `at_us`."""
    last = min(recording.n_samples - 1, int(at_us * recording.fs / 1e6))
    first = int((at_us - HANGS_US) * recording.fs / 1e6)
    gyro, acc = recording.gyro_counts[first : last + 1], recording.acc_counts[first : last + 1]
    return bool((gyro == gyro[0]).all() and (acc == acc[0]).all())
