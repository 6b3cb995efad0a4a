"""`./swingphase bench jitter`: is this machine quick and steady enough to help somebody walk?

The controller's own loop, 200 times a second, with the detector and schedule on a simulated walk, real-time priority
and locked memory if they are granted; `--busy N` runs N processes beside it that only burn time; `--link` lets a link
ask and order as fast as it can, which the controller answers between its cycles. Figures are how late
each cycle began, and how long from a sample's being read until the request is handed over.
"""

import argparse
import gc
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from firmware_py.blackbox import NoLog
from firmware_py.compose_controller import compose_controller
from firmware_py.cycle import CYCLE_US
from firmware_py.hal import Sensors
from firmware_py.pi.console import ROOT, UserError
from firmware_py.pi.guardian.ports import monotonic_us
from firmware_py.pi.guardian.real_time import ask_for_real_time
from firmware_py.pi.run.controller import PRIORITY
from firmware_py.pi.run.lateness import Beat, Lateness
from firmware_py.pi.run.link_end import LinkEnd
from firmware_py.pi.run.summary import JITTER_BUDGET
from hw_sim.demo import demo_prescription
from hw_sim.leg import Leg
from hw_sim.sensors import SimSensors
from hw_sim.walker import WalkerSettings
from safety import supervisor
from safety.clock import WRAP_MASK_US
from safety.sample import Sample
from stimulator.drivers import devices
from stimulator.wearer import DEFAULT_CORRIDOR

SECONDS, SECONDS_MAX, BUSY_MAX = 20.0, 600.0, 64
P99_MAX_US = 1_000
REQUEST_MAX_US = 200  # median, from a sample's being read to its request
LATE_US, LATE_MAX = (
    2 * CYCLE_US,
    3,
)  # so many cycles so far apart in a second end help (firmware_py/cycle_pace.py)
SECOND_US = 1_000_000
ASK_BEGIN_S = 60.0
ASK = [sys.executable, "-m", "benchmarks.jitter_link"]
BURN = [sys.executable, "-c", "while True: pass"]


class Tape(Sensors):
    """A simulated walk, made beforehand, and read as time passes. start_us  of the walk, CLOCK_MONOTONIC."""

    def __init__(self, seconds: float) -> None:
        leg = Leg(WalkerSettings(severity="severe", seed=1), keeps_trace=False)
        sensors, sample = SimSensors(leg, rate_hz=208.0, t_us_start=0), Sample()
        self._rows: list[tuple[int, tuple]] = []
        for _ in range(round(seconds * 1e6 / CYCLE_US)):
            leg.advance(CYCLE_US)
            while sensors.read(sample):
                self._rows.append((sample.t_us, tuple(getattr(sample, name) for name in Sample.__slots__)))
        self._at = 0
        self.start_us = 0
        self.now_us = 0

    def read(self, sample) -> bool:
        """As `firmware_py.hal.Sensors`: what is older than `now_us`."""
        if self._at >= len(self._rows) or self.start_us + self._rows[self._at][0] > self.now_us:
            return False
        t_us, values = self._rows[self._at]
        for name, value in zip(Sample.__slots__, values, strict=True):
            setattr(sample, name, value)
        sample.t_us = (self.start_us + t_us) & WRAP_MASK_US
        self._at += 1
        return True


class Stopwatch:
    """Stands where the guardian is: how long each request took since the cycle's samples began to be read."""

    def __init__(self) -> None:
        self.began_ns = 0
        self.request_us: list[int] = []

    def take_sample(self, sample) -> None:
        """Nothing."""

    def take_swing(self, swing: int) -> None:
        """Nothing."""

    def take_mode(self, mode: int) -> None:
        """Nothing."""

    def take(self, request) -> None:
        """A request is handed over."""
        self.request_us.append((time.perf_counter_ns() - self.began_ns) // 1000)

    def cycle_finished(self, sequence: int) -> None:
        """Nothing."""


class Armed:
    """Always armed for walking."""

    state, mode = supervisor.ARMED, supervisor.WALK

    def sound(self) -> int:
        """Nothing sounds."""
        return supervisor.SOUND_NONE


@dataclass(slots=True)
class Figures:
    """lateness, beats, lost   as of `firmware_py.pi.run.lateness.Beat`
    request_us     sorted, from reading a sample to its request
    late_in_second  most cycles more than LATE_US after the one before, in any second
    """

    lateness: Lateness
    beats: int
    lost: int
    request_us: list[int]
    late_in_second: int
    said: list[str] = field(default_factory=list)

    def problems(self) -> list[str]:
        """Return what makes this machine unfit, in sentences."""
        found = []
        p99_us = self.lateness.at_most_us(0.99)
        if p99_us > P99_MAX_US:
            found.append(f"1 % of the cycles began more than {P99_MAX_US} us late (99 % within {p99_us} us).")
        if self.lost > JITTER_BUDGET * (self.beats + self.lost):
            found.append(f"{self.lost} of {self.beats + self.lost} cycles were left out; 1 % may be.")
        if self.late_in_second >= LATE_MAX:
            found.append(
                f"{self.late_in_second} cycles within a second came over {LATE_US // 1000} ms after the one before: "
                f"from {LATE_MAX} on, help ends."
            )
        return found

    def lines(self) -> list[str]:
        """Return the figures and the verdict for a person."""
        n, late = len(self.request_us), self.lateness
        lines = [
            *self.said,
            f"{self.beats} cycles of {CYCLE_US / 1000:.0f} ms, {self.lost} left out. They began late by",
        ]
        lines += [f"  {line}" for line in late.lines()]
        lines.append(f"99 % within {late.at_most_us(0.99)} us, the latest {late.max_us} us.")
        if n:
            median_us, p99_us = self.request_us[n // 2], self.request_us[n * 99 // 100]
            is_met = "met" if median_us <= REQUEST_MAX_US else "not met"
            lines.append(
                f"From reading a sample to its request: median {median_us} us, 99 % within {p99_us} us, of {n} "
                f"(target: a median of {REQUEST_MAX_US} us: {is_met})."
            )
        found = self.problems()
        lines += found
        lines.append("This machine is not good enough." if found else "This machine is good enough.")
        return lines


def most_in_a_second(times_us: list[int]) -> int:
    """Return how many of these times, in order, lie within one second at most."""
    most = first = 0
    for i, t_us in enumerate(times_us):
        while t_us - times_us[first] > SECOND_US:
            first += 1
        most = max(most, i - first + 1)
    return most


def measure(
    seconds: float,
    *,
    clock_us=monotonic_us,
    wait=None,
    is_real_time: bool = True,
    link: socket.socket | None = None,
) -> Figures:
    """Run the loop for so long and return its figures; this process has real-time priority from then on.

    link   the controller's end of a link that is served meanwhile, or None
    """
    tape, watch = Tape(seconds + 1.0), Stopwatch()
    controller = compose_controller(
        sensors=tape,
        guard=watch,
        armed=Armed(),
        log=NoLog(),
        prescription=demo_prescription(),
        place="foot",
        has_switch=True,
        side="right",
        device=devices.choose(devices.P24),
        corridor=DEFAULT_CORRIDOR,
    )
    end = None if link is None else LinkEnd(link, controller, lambda: None)
    heard = [0]
    wait = wait or _waiter(end, clock_us, heard)
    said = ask_for_real_time(PRIORITY) if is_real_time else []
    gc.disable()
    try:
        beat = Beat(CYCLE_US, clock_us, wait)
        tape.start_us = before_us = clock_us()
        end_us = tape.start_us + round(seconds * 1e6)
        late_us = []
        while before_us < end_us:
            tape.now_us = now_us = beat.next()
            watch.began_ns = time.perf_counter_ns()
            controller.cycle.step(now_us & WRAP_MASK_US)
            if end is not None:
                end.step(now_us)
            if now_us - before_us > LATE_US:
                late_us.append(now_us)
            before_us = now_us
    finally:
        gc.enable()
    if end is not None:
        said.append(f"The link was served {heard[0]} times.")
    return Figures(
        beat.lateness, beat.beats, beat.lost, sorted(watch.request_us), most_in_a_second(late_us), said
    )


def _waiter(end: LinkEnd | None, clock_us: Callable[[], int], heard: list[int]) -> Callable[[int], object]:
    """Return how time passes until the next cycle: asleep, or in the service of the link; `heard[0]` counts that."""
    if end is None:
        return lambda us: time.sleep(us / 1e6)

    def wait(us: int) -> None:
        if select.select((end.sock,), (), (), us / 1e6)[0]:
            end.hear(clock_us())
            heard[0] += 1

    return wait


@contextmanager
def asking(is_wanted: bool) -> Iterator[socket.socket | None]:
    """Yield the controller's end of a link whose process never rests; None if none is wanted."""
    if not is_wanted:
        yield None
        return
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with near, far:
        one = subprocess.Popen([*ASK, str(far.fileno())], pass_fds=[far.fileno()], cwd=ROOT)
        try:
            select.select((near,), (), (), ASK_BEGIN_S)  # until it has begun
            yield near
        finally:
            one.kill()
            one.wait()


@contextmanager
def busy(n: int) -> Iterator[None]:
    """Burn time in `n` processes of ordinary priority."""
    burning = [subprocess.Popen(BURN) for _ in range(n)]
    try:
        yield
    finally:
        for one in burning:
            one.kill()
            one.wait()


def main(arguments: list[str]) -> int:
    """Measure and say; 1 if this machine is not good enough."""
    parser = argparse.ArgumentParser(prog="./swingphase bench jitter", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"how long (default {SECONDS:.0f})")
    parser.add_argument("--busy", type=int, default=0, metavar="N", help="processes beside it that burn time")
    parser.add_argument("--link", action="store_true", help="a link that asks as fast as it can")
    chosen = parser.parse_args(arguments)
    if not 1 <= chosen.seconds <= SECONDS_MAX:
        raise UserError(
            f"--seconds is {chosen.seconds}; allowed is 1 to {SECONDS_MAX:.0f}. Name another time."
        )
    if not 0 <= chosen.busy <= BUSY_MAX:
        raise UserError(f"--busy is {chosen.busy}; allowed is 0 to {BUSY_MAX}. Name another number.")
    with busy(chosen.busy), asking(chosen.link) as link:
        figures = measure(chosen.seconds, link=link)
    beside = f"{chosen.busy} busy processes{' and a link that never rests' if chosen.link else ''} beside it"
    print(f"bench jitter: {chosen.seconds:.0f} s, {beside}.")
    for line in figures.lines():
        print(line)
    return int(bool(figures.problems()))
