"""A person, sensors and stimulator for `./swingphase run --sim`, in a process of its own and in real time.

python -m hw_sim.live_body FOLDER   (--help names the options)
Makes in FOLDER what a Pi's kernel would show (fake IIO folders, a pipe of the heel switch's edges), prints one JSON
line with the places, the stimulator's port and the prescription that was fitted to this leg, walks until standard
input ends, and prints a JSON line of what became of the steps. So the device's processes run the same code as on a
Pi, up to open() and read().
"""

import argparse
import contextlib
import json
import os
import select
import signal
import sys
import time
from collections import deque
from pathlib import Path

from firmware_py.cycle import CYCLE_US
from firmware_py.pi.guardian.real_time import ask_for_real_time
from firmware_py.pi.sensors.contacts import EDGE
from firmware_py.pi.sensors.parts import LSM6DSOX
from hw_sim.demo import demo_prescription, fitted
from hw_sim.electrode import ElectrodeLoad
from hw_sim.emulators.catalogue import emulated
from hw_sim.emulators.load import DeliveredPulse
from hw_sim.emulators.pty_link import PtyLink
from hw_sim.fake_iio import FakeIio
from hw_sim.leg import Leg
from hw_sim.seated import SeatedLeg
from hw_sim.sensors import SimSensors
from hw_sim.walker import WalkerSettings
from safety.sample import HEEL_DOWN, Sample
from stimulator.drivers import devices
from stimulator.prescription import canonical_bytes

PRIORITY = 40  # below guardian and controller; a stimulator of silicon does not wait for a processor
RATE_HZ = 208.0  # of the part that is stood in for
NEWEST_N = 64  # pulses whose times are told


def counts(sample: Sample) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Return a sample in the counts of an LSM6DSOX at 2000 deg/s and 16 g: rates and forces."""
    part = LSM6DSOX
    gyro = (sample.gyro_x_cdps, sample.gyro_y_cdps, sample.gyro_z_cdps)
    acc = (sample.acc_x_mg, sample.acc_y_mg, sample.acc_z_mg)
    x, y, z = (round(v * part.gyro_den / part.gyro_num) for v in gyro)
    u, v, w = (round(a * part.acc_den / part.acc_num) for a in acc)
    return (x, y, z), (u, v, w)


class LiveBody:
    """The whole of it, moved by `move(now_us)`, us since the start; `zero_us` is CLOCK_MONOTONIC then."""

    def __init__(
        self,
        folder: Path,
        zero_us: int,
        leg: Leg,
        device: devices.Device,
        place: str,
        seed: int,
        heel_foot: str,
    ) -> None:
        self.iio = FakeIio(folder)
        self.heel_path = folder / "heel"
        os.mkfifo(self.heel_path)
        self._heel_fd = os.open(self.heel_path, os.O_RDWR | os.O_NONBLOCK)
        self._zero_us = zero_us
        self.leg = leg
        self._sensors = SimSensors(self.leg, rate_hz=RATE_HZ, place=place, t_us_start=0, heel_foot=heel_foot)
        self.stimulator = emulated(device, ElectrodeLoad(), seed=seed, on_pulse=self._deliver)
        self.link = PtyLink(self.stimulator)
        self._sample = Sample()
        self._heel = HEEL_DOWN
        self._turns, self._last_us = 0, 0
        self.pulses = 0
        self.first_pulse_us = -1
        self._newest_us: deque[int] = deque(maxlen=NEWEST_N)
        self._largest = [0.0, 0.0, 0.0]  # mA, us, net nC of any pulse

    def move(self, now_us: int) -> None:
        """Bring leg and sensors up to now."""
        self.leg.advance(max(0, now_us - self.leg.now_us))
        sample = self._sample
        while self._sensors.read(sample):
            if sample.t_us < self._last_us:  # the sensors' clock wraps
                self._turns += 1
            self._last_us = sample.t_us
            t_us = self._zero_us + self._turns * (1 << 30) + sample.t_us
            if sample.heel != self._heel:
                self._heel = sample.heel
                os.write(self._heel_fd, EDGE.pack(t_us - 1, self._heel == HEEL_DOWN))
            self.iio.write(t_us, *counts(sample))

    def told(self) -> dict:
        """Return what became of the steps."""
        since = [s for s in self.leg.strides if self.first_pulse_us >= 0 and s.start_us > self.first_pulse_us]
        return {
            "pulses": self.pulses,
            "steps": len(self.leg.strides),
            "steps_since_first_pulse": len(since),
            "dragged_since_first_pulse": sum(s.dragged for s in since),
            "current_max_ma": self._largest[0],
            "width_max_us": self._largest[1],
            "net_charge_max_nc": self._largest[2],
            "newest_pulses_us": [self._zero_us + t_us for t_us in self._newest_us],
        }

    def close(self) -> None:
        """Let go of everything."""
        self.link.close()
        self.iio.close()
        os.close(self._heel_fd)

    def _deliver(self, pulse: DeliveredPulse) -> None:
        if self.first_pulse_us < 0:
            self.first_pulse_us = pulse.start_us
        self.pulses += 1
        self._newest_us.append(pulse.start_us)
        self.stimulator.pulses.clear()  # a day of them would fill the memory
        found = (abs(pulse.current_ma), float(pulse.width_us), abs(pulse.net_charge_nc))
        self._largest = [max(pair) for pair in zip(self._largest, found, strict=True)]
        self.leg.deliver(pulse.start_us, pulse.channel, pulse.reached_ma, pulse.width_us)


def monotonic_us() -> int:
    """Return CLOCK_MONOTONIC, us."""
    return time.monotonic_ns() // 1000


def live(body: LiveBody, zero_us: int) -> None:
    """Let real time pass until standard input ends."""
    next_us = CYCLE_US
    has_input = True
    while has_input:
        now_us = monotonic_us() - zero_us
        due_us = body.stimulator.due_us(now_us)
        at_us = next_us if due_us is None else min(next_us, due_us)
        heard = body.link.wait_for_host(max(0, at_us - now_us) / 1e6)
        now_us = monotonic_us() - zero_us
        body.move(now_us)  # first: a pulse must meet the leg as it is when the pulse begins
        if heard:
            body.stimulator.feed(now_us, heard)
        said = body.stimulator.step(now_us)
        if said:
            body.link.tell_host(said)
        if now_us >= next_us:
            next_us = now_us - now_us % CYCLE_US + CYCLE_US
            has_input = not select.select((0,), (), (), 0)[0] or bool(os.read(0, 100))


def main(arguments: list[str]) -> int:
    """Live as the parent says."""
    parser = argparse.ArgumentParser(prog="hw_sim.live_body", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--severity", default="severe")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default=devices.P24)
    parser.add_argument("--answer-max-ms", type=int, default=0)
    parser.add_argument("--place", default="foot")
    parser.add_argument("--side", default="right")
    parser.add_argument("--heel-foot", default="own")
    parser.add_argument("--seated", action="store_true")
    chosen = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it ends last, when the parent closes its standard input
    device = devices.choose(
        chosen.device,
        answer_max_ms=chosen.answer_max_ms,
        allow_host_death_tail_ms=devices.TAIL_ABS_MS,  # the guardian has judged that for itself
    )
    person = {"severity": chosen.severity, "seed": chosen.seed, "side": chosen.side}
    try:
        leg = SeatedLeg(**person) if chosen.seated else Leg(WalkerSettings(**person), keeps_trace=False)
    except ValueError as e:  # the parent says it to whoever asked for such a person
        print(json.dumps({"problem": str(e)}), flush=True)
        return 2
    zero_us = monotonic_us()
    body = LiveBody(chosen.folder, zero_us, leg, device, chosen.place, chosen.seed, chosen.heel_foot)
    body.move(0)
    told = {
        "port": body.link.path,
        "iio_sys": str(body.iio.root),
        "iio_dev": str(body.iio.dev),
        "heel_pipe": str(body.heel_path),
        "prescription": canonical_bytes(fitted(demo_prescription(), device.capability)[0]).hex(),
    }
    print(json.dumps(told), flush=True)
    ask_for_real_time(PRIORITY)
    live(body, zero_us)
    with contextlib.suppress(BrokenPipeError):  # a parent that was killed does not ask
        os.write(1, f"{json.dumps(body.told())}\n".encode())
    body.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
