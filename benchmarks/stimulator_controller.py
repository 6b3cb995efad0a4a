"""The real control cycle on a simulated foot that walks in real time, for `bench stimulator`.

python -m benchmarks.stimulator_controller FD FILE DEVICE RATE_HZ SECONDS
FD: socket to the guardian; FILE: each request, as made. Standard input: its end is the end.
Every request carries its number in its width, so that each pulse at the stimulator can be told apart.
"""

import os
import select
import socket
import struct
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from firmware_py.blackbox import NoLog
from firmware_py.cycle import CYCLE_US, ControlCycle
from firmware_py.hal import Sensors
from firmware_py.pi.guardian_link import GuardianLink
from gait_detect.detector import GaitDetector
from hw_sim.gait_simulated import simulated_recording
from hw_sim.recording import Recording
from hw_sim.walker_settings import WalkerSettings
from safety.clock import WRAP_MASK_US, elapsed_us
from safety.sample import Sample
from stimulator.drivers import devices
from stimulator.prescription import Prescription, default_prescription
from stimulator.walk import WalkScheduler

SAMPLE_HZ = 200
STRIDE_S = 1.2
WIDTH_FIRST_US, NUMBERS = 200, 100
CURRENT_UA = 16_000
ROW = struct.Struct("<qqqii")  # sample_us, due_us, made_us, channel, number


@dataclass(frozen=True, slots=True)
class Asked:
    """A request; CLOCK_MONOTONIC, us: the newest sample it rests on, when its pulse is due, when it was made."""

    sample_us: int
    due_us: int
    made_us: int
    channel: int
    number: int


def read_asked(path: Path) -> list[Asked]:
    """Return what the controller wrote down, oldest first."""
    data = path.read_bytes()
    return [Asked(*row) for row in ROW.iter_unpack(data[: len(data) - len(data) % ROW.size])]


def prescription(device: devices.Device, rate_hz: int) -> Prescription:
    """Return two channels at this rate, that this stimulator can do."""
    base = default_prescription()
    gap_us = 100 if device.capability.gap_max_us else 0
    channels = tuple(
        c._replace(rate_hz=rate_hz, current_ua=CURRENT_UA, width_us=WIDTH_FIRST_US, gap_us=gap_us)
        for c in base.channels
    )
    return base._replace(channels=channels)


def now_us() -> int:
    """Return CLOCK_MONOTONIC in us."""
    return time.monotonic_ns() // 1000


class WalkingSensors(Sensors):
    """Samples of a simulated walk, each there from its time on."""

    def __init__(self, recording: Recording, start_us: int) -> None:
        self._recording, self._start_us, self._next = recording, start_us, 0

    def read(self, sample: Sample) -> bool:
        """Fill in the oldest sample whose time has come."""
        if self._next >= self._recording.n_samples:
            return False
        self._recording.fill(self._next, sample)
        at_us = self._start_us + sample.t_us
        if at_us > now_us():
            return False
        sample.t_us = at_us & WRAP_MASK_US
        self._next += 1
        return True


class WatchedLink(GuardianLink):
    """The way to the guardian, with a note of each request."""

    def __init__(self, sock: socket.socket, path: Path) -> None:
        super().__init__(sock, now_us)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._sample_us = 0
        self._number = 0

    def take_sample(self, sample: Sample) -> None:
        """Remember when the newest sample was."""
        super().take_sample(sample)
        now = now_us()
        self._sample_us = now - elapsed_us(now & WRAP_MASK_US, sample.t_us)

    def take(self, request) -> None:
        """Number the request in its width, write it down, pass it on."""
        self._number += 1
        request.width_us = WIDTH_FIRST_US + self._number % NUMBERS
        now = now_us()
        due_us = now - elapsed_us(now & WRAP_MASK_US, request.fire_at_us)
        os.write(self._file, ROW.pack(self._sample_us, due_us, now, request.channel, self._number))
        super().take(request)


def main(arguments: list[str]) -> int:
    """Walk until standard input or the walk ends."""
    fd, path, name, rate_hz, seconds = arguments
    answer_max_ms = 20 if name == devices.REHASTIM2 else 0
    device = devices.choose(name, answer_max_ms=answer_max_ms)
    settings = WalkerSettings(severity="moderate", stride_s=STRIDE_S)
    recording = simulated_recording(settings, seconds=float(seconds), rate_hz=SAMPLE_HZ)
    link = WatchedLink(socket.socket(fileno=int(fd)), Path(path))
    scheduler = WalkScheduler(prescription(device, int(rate_hz)), CYCLE_US, device.capability.current_step_ua)
    beat_us = now_us()
    sensors = WalkingSensors(recording, beat_us)
    cycle = ControlCycle(sensors, GaitDetector(place="foot"), scheduler, link, NoLog())
    while True:
        beat_us = max(beat_us + CYCLE_US, now_us())  # a beat that was missed is left out, never made up for
        while (wait_us := beat_us - now_us()) > 0:
            if select.select((0,), (), (), wait_us / 1e6)[0]:
                return 0
        while link.hear():
            pass
        cycle.step(now_us() & WRAP_MASK_US)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
