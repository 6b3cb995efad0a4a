"""A recorded walk through the real loop: detector, scheduler, gate, driver, pyserial, emulated P24.

The person in the recording was not stimulated, so nothing comes back from the leg: what this shows is
when and how the device would have stimulated this walk.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from firmware_py.hal import Sensors
from hw_sim.emulators.load import DeliveredPulse
from hw_sim.emulators.p24 import P24
from hw_sim.emulators.pty_link import EmulatedDevice, Link, PtyLink
from hw_sim.recordings import Recording
from hw_sim.tally import Tally, pulses_per_swing, tally_rows
from hw_sim.world import World, t_us_at
from safety.clock import WRAP_MASK_US
from safety.sample import Sample
from stimulator.prescription import Prescription

LEAD_US = 500_000  # the stimulator is found before the walk begins
ARMED_AT_US = 550_000  # a person arms when the sensors are alive
TAIL_US = 500_000  # after the last sample the level falls to zero
PULSES_FOR_A_STEP = 3  # fewer than this many pulses of a channel do not lift a foot
PULSE_AFTER_SWING_US = 300_000  # extension and fall still belong to the step


class RecordingSensors(Sensors):
    """The sensors of a recording: each sample is there from its time on. `clock` gives the world's time."""

    def __init__(self, recording: Recording, start_us: int) -> None:
        self.clock: Callable[[], int] = lambda: 0
        self._recording = recording
        self._start_us = start_us
        self._next = 0

    def read(self, sample: Sample) -> bool:
        if self._next >= self._recording.n_samples:
            return False
        self._recording.fill(self._next, sample)
        if self._start_us + sample.t_us > self.clock():
            return False
        sample.t_us = t_us_at(self._start_us + sample.t_us) & WRAP_MASK_US
        self._next += 1
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What became of one recording.

    tally       from the black box; times are world us, sample time 0 is at `start_us`
    pulses      as the emulator delivered them
    steps_found swings outside the ranges that the labels call neither right nor wrong
    reached     of these, swings with at least three pulses of each prescribed channel
    device      how the driver stood at the end, in words
    """

    recording: Recording
    tally: Tally
    pulses: list[DeliveredPulse]
    start_us: int
    steps_labelled: int
    steps_found: int
    reached: int
    device: str
    rows: bytes


def replay(
    recording: Recording,
    prescription: Prescription,
    *,
    log_path: Path | None = None,
    progress: Callable[[float], None] | None = None,
    make_link: Callable[[EmulatedDevice], Link] = PtyLink,
) -> Replay:
    """Run `recording` through the loop on a pty; return what was found, granted and delivered.

    make_link   the cable: PtyLink with pyserial, or MemoryLink, which is quicker and carries the same bytes
    """
    device = P24(seed=1)
    link = make_link(device)
    port = link.open_port()
    sensors = RecordingSensors(recording, LEAD_US)
    world = World(
        sensors=sensors,
        port=port,
        link=link,
        prescription=prescription,
        place=recording.place,
        has_switch=recording.has_switch,
        log_path=log_path,
        about={"recording": recording.describe()},
    )
    sensors.clock = lambda: world.now_us
    try:
        world.connect()
        world.advance(ARMED_AT_US - world.now_us)
        world.arm()
        length_us = round(recording.n_samples / recording.fs * 1e6)
        end_us = LEAD_US + length_us + TAIL_US
        while world.now_us < end_us:
            world.advance(min(1_000_000, end_us - world.now_us))
            if progress:
                progress(min(1.0, world.now_us / end_us))
        sentence = world.device_sentence()
    finally:
        world.close()
        port.close()
        link.close()
    return _result(recording, prescription, bytes(world.rows), device.pulses, sentence)


def _result(
    recording: Recording,
    prescription: Prescription,
    rows: bytes,
    pulses: list[DeliveredPulse],
    sentence: str,
) -> Replay:
    tally = tally_rows(rows)
    ignore_us = [
        (LEAD_US + a / recording.fs * 1e6, LEAD_US + b / recording.fs * 1e6) for a, b in recording.ignore
    ]
    found = [s for s in tally.swings if not any(a <= s.start_us < b for a, b in ignore_us)]
    reached = np.ones(len(found), dtype=bool)
    for channel, setting in enumerate(prescription.channels):
        if setting.current_ua > 0:
            starts = np.array([p.start_us for p in pulses if p.channel == channel], dtype=np.int64)
            reached &= pulses_per_swing(found, starts, PULSE_AFTER_SWING_US) >= PULSES_FOR_A_STEP
    return Replay(
        recording=recording,
        tally=tally,
        pulses=pulses,
        start_us=LEAD_US,
        steps_labelled=len(recording.steps),
        steps_found=len(found),
        reached=int(reached.sum()),
        device=sentence,
        rows=rows,
    )
