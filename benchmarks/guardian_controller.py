"""A controller for the guardian's bench: 200 Hz, samples of a stepping foot, pulses on two channels; can misbehave.

python -m benchmarks.guardian_controller FD FILE   FD: socket to the guardian; FILE: each request, as made
Standard input: one letter per change of mode (MODES). Every request carries its number in its width, so that
each pulse at the stimulator can be told apart; requests made while misbehaving carry another gap.
"""

import os
import random
import select
import socket
import struct
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from firmware_py.frames import FrameWriter
from firmware_py.messages import CycleFrame
from firmware_py.pi.guardian.core import Pace
from firmware_py.pi.guardian_link import GuardianLink
from safety.clock import WRAP_MASK_US
from safety.gate import SEQUENCE_MASK
from safety.pulse import PulseRequest
from safety.sample import HEEL_DOWN, HEEL_UP, Sample

MODES = {
    "n": "normal",
    "s": "silent",  # runs, its socket open, and sends nothing
    "f": "flood",
    "g": "garbage",
    "p": "replayed",
    "o": "reordered",
    "l": "late",
    "u": "future",
}
CYCLE_US = 5_000
BEAT_US = 12_500  # between two requests; two channels, so 40 Hz on each
AHEAD_US = 2_000
# One very long step, so that a trial always falls into it: a limit on a burst is 4 s, on its duty 7.5 s of 10.
STANCE_US, PUSH_US, STRIDE_US = 100_000, 50_000, 3_600_000
NUMBERS = 200
WIDTH_FIRST_US, CURRENT_UA = 100, 10_000
GAP_US, GAP_BAD_US = 100, 200
FLOOD_BATCH = 50
ROW = struct.Struct("<qq")


@dataclass(frozen=True, slots=True)
class Request:
    """A request that was made in normal mode: when (CLOCK_MONOTONIC, us), and its number."""

    made_us: int
    number: int


def read_requests(path: Path) -> list[Request]:
    """Return what the controller wrote down, oldest first."""
    data = path.read_bytes()
    return [Request(*row) for row in ROW.iter_unpack(data[: len(data) - len(data) % ROW.size])]


def now_us() -> int:
    """Return CLOCK_MONOTONIC in us."""
    return time.monotonic_ns() // 1000


class Controller:
    """See the module's first lines."""

    def __init__(self, sock: socket.socket, path: Path) -> None:
        self._sock = sock
        self._link = GuardianLink(sock, now_us)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._random = random.Random(1)
        self._pace = Pace()
        self._is_flood = False
        self._mode = "n"
        self._began_us = now_us()
        self._cycle = 0
        self._number = 0
        self._sequences = [0, 0]
        self._asked_us = 0
        self._sample, self._request = Sample(), PulseRequest()
        self._writer = FrameWriter()
        self._sent: list[bytes] = []  # the newest frames, for a replay
        self._held: bytes | None = None

    def run(self) -> None:
        """Cycle until standard input ends. A beat that was missed is left out, never made up for."""
        beat_us = now_us()
        while True:
            beat_us = max(beat_us + CYCLE_US, now_us())
            while (wait_us := beat_us - now_us()) > 0 or self._mode == "f":
                if select.select((0,), (), (), max(0, wait_us) / 1e6)[0]:
                    letters = os.read(0, 100)
                    if not letters:
                        return
                    self._mode = letters.decode()[-1]
                if wait_us <= 0:
                    break
            self._one_cycle(now_us())

    def _one_cycle(self, t_us: int) -> None:
        while self._link.hear():
            pass
        if self._mode == "n":
            self._normal(t_us)
        elif self._mode == "f":
            for _ in range(FLOOD_BATCH):
                t_us = now_us()
                self._is_flood |= not self._pace.take(t_us)
                self._push(self._bad_frame(t_us, is_valid=not self._is_flood))
        elif self._mode == "g":
            for _ in range(10):
                self._push(self._garbage())
        elif self._mode == "p" and self._sent:
            for frame in self._sent[-2:]:
                self._push(frame)
        elif self._mode == "o":
            frame = self._bad_frame(t_us)
            if self._held is None:
                self._held = frame
            else:
                self._push(frame)
                self._push(self._held)
                self._held = None
        elif self._mode == "l":
            self._push(self._bad_frame(t_us - self._random.randint(101_000, 500_000)))
        elif self._mode == "u":
            self._push(self._bad_frame(t_us + self._random.randint(3_000, 500_000)))

    def _normal(self, t_us: int) -> None:
        """What a sound controller does, through the link that the real one uses, and a copy for the replay."""
        copy = CycleFrame()
        self._fill_sample(t_us)
        copy.swing = int(self._phase_us(t_us) >= STANCE_US)
        copy.add_sample(self._sample)
        self._link.take_sample(self._sample)
        self._link.take_swing(copy.swing)
        if copy.swing and t_us - self._asked_us >= BEAT_US:
            self._asked_us = t_us
            self._number += 1
            self._fill_request(self._number % 2, t_us, GAP_US)
            copy.add_request(self._request)
            self._link.take(self._request)
            os.write(self._file, ROW.pack(t_us, self._number))
        self._link.cycle_finished(self._cycle)
        self._pace.take(t_us)
        copy.sequence, copy.t_us = self._cycle, t_us & WRAP_MASK_US
        self._sent = [*self._sent[-19:], self._encoded(copy)]
        self._cycle = (self._cycle + 1) & SEQUENCE_MASK

    def _bad_frame(self, made_us: int, is_valid: bool = False) -> bytes:
        """Return a frame in sequence that claims to be made at `made_us`, with a request due now.

        The first frames of a flood are no flood yet: those count as valid.
        """
        frame = CycleFrame()
        frame.swing = 1
        frame.sequence, frame.t_us = self._cycle, made_us & WRAP_MASK_US
        self._cycle = (self._cycle + 1) & SEQUENCE_MASK
        self._fill_sample(made_us)
        frame.add_sample(self._sample)
        self._number += 1
        self._fill_request(self._cycle % 2, now_us() - AHEAD_US, GAP_US if is_valid else GAP_BAD_US)
        frame.add_request(self._request)
        if is_valid:
            os.write(self._file, ROW.pack(made_us, self._number))
        return self._encoded(frame)

    def _garbage(self) -> bytes:
        """Return noise, a frame with one bit turned, or a piece of a frame."""
        kind = self._random.randrange(3)
        if kind == 0:
            return self._random.randbytes(self._random.randint(1, 400))
        frame = bytearray(self._bad_frame(now_us()))
        if kind == 1:
            at = self._random.randrange(len(frame) * 8)
            frame[at // 8] ^= 1 << at % 8
            return bytes(frame)
        return bytes(frame[: self._random.randint(1, len(frame) - 1)])

    def _encoded(self, frame: CycleFrame) -> bytes:
        return bytes(self._writer.buf[: frame.encode(self._writer)])

    def _push(self, packet: bytes) -> None:
        try:
            self._sock.send(packet)
        except BlockingIOError:
            return

    def _phase_us(self, t_us: int) -> int:
        return (t_us - self._began_us) % STRIDE_US

    def _fill_sample(self, t_us: int) -> None:
        phase_us = self._phase_us(t_us)
        s = self._sample
        s.t_us = t_us & WRAP_MASK_US
        s.has_imu = 1
        s.heel = HEEL_DOWN if phase_us < STANCE_US else HEEL_UP
        s.gyro_x_cdps = self._random.randint(-300, 300)
        s.gyro_z_cdps = self._random.randint(-300, 300)
        turning = 0 if phase_us < STANCE_US else -15_000 if phase_us < STANCE_US + PUSH_US else 25_000
        s.gyro_y_cdps = turning + self._random.randint(-300, 300)
        s.acc_x_mg = self._random.randint(-30, 30)
        s.acc_y_mg = self._random.randint(-30, 30)
        s.acc_z_mg = 1000 + self._random.randint(-30, 30)

    def _fill_request(self, channel: int, t_us: int, gap_us: int) -> None:
        r = self._request
        r.channel = channel
        r.sequence = self._sequences[channel]
        self._sequences[channel] = (r.sequence + 1) & SEQUENCE_MASK
        r.fire_at_us = (t_us + AHEAD_US) & WRAP_MASK_US
        r.current_ua = CURRENT_UA
        r.width_us = WIDTH_FIRST_US + self._number % NUMBERS
        r.gap_us = gap_us


def main(arguments: list[str]) -> int:
    """Run until standard input ends."""
    Controller(socket.socket(fileno=int(arguments[0])), Path(arguments[1])).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
