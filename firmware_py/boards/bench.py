"""Measure the loop on a real board, without moving a single output. Sent by `./swingphase board bench`.

The whole superloop runs as it is, with made-up samples and a stage that has no pins. It is armed for test bursts all
the time, so that requests, gate, frames and answers are part of every tick's time. Prints one JSON line at the end.
"""

import gc
import json
import os
import sys
from time import ticks_us  # pyright: ignore[reportAttributeAccessIssue]

from firmware_py.boards.board import Board
from firmware_py.boards.person import Person
from firmware_py.boards.ram_log import LogWriter, RamLog
from firmware_py.boards.stage import Stage, StagePort
from firmware_py.boards.superloop import Superloop
from firmware_py.compose import compose_walk
from firmware_py.hal import Sensors
from firmware_py.settings import Files, SettingsStore
from safety.clock import elapsed_us
from stimulator.drivers import devices
from stimulator.drivers import output_stage_program as program
from stimulator.prescription import default_prescription

BIN_US = 250
BINS = 60  # the last one takes all that is longer
GC_TIMES = 8
PAGES = 16
PAGE_N = 256
FILE = "/bench.tmp"
HOLD_CYCLES = 300  # of a test burst
SPARE_CYCLES = 100


class NoPins:
    """A bridge without pins: every pulse is over at once."""

    def __init__(self) -> None:
        self._word: int = 0
        self._is_over: bool = False

    def opcodes(self):
        return program.OPCODES

    def has_supply(self) -> bool:
        return True

    def enable(self) -> None:
        pass

    def disable(self) -> None:
        pass

    def off(self) -> None:
        pass

    def fire(self, dac: int, word: int) -> None:
        self._word = word
        self._is_over = True

    def is_over(self) -> bool:
        return self._is_over

    def word(self) -> int:
        self._is_over = False
        return self._word

    def was_reached(self) -> bool:
        return True


class MadeUp(Sensors):
    """A foot that turns to and fro, one sample a cycle."""

    def __init__(self) -> None:
        self._n: int = 0
        self._has_told: bool = False

    def read(self, sample) -> bool:
        self._has_told = not self._has_told
        if not self._has_told:
            return False
        self._n = (self._n + 1) % 220
        sample.t_us = ticks_us()
        sample.gyro_y_cdps = (self._n - 110) * 150
        sample.gyro_x_cdps = self._n * 7
        sample.acc_z_mg = 1_000 + self._n % 50
        sample.heel = 1 if self._n < 110 else 0
        sample.has_imu = 1
        return True


class Nothing:
    """Stands for what makes sounds, and for a stop that nobody presses."""

    def tone(self, number: int) -> None:
        pass

    def beep(self, cue: int) -> None:
        pass

    def vibrate(self, cue: int) -> None:
        pass

    def show(self, is_armed: bool) -> None:
        pass

    def step(self, dt_us: int) -> None:
        pass

    def take(self) -> bool:
        return False


class NoFiles(Files):
    """A medium that keeps nothing."""

    def size(self, name: str) -> int:
        return -1

    def write(self, name: str, at: int, data: bytes) -> None:
        pass


class BenchBoard(Board):
    """A board with a clock, and nothing else that is real."""

    def __init__(self, feed) -> None:
        super().__init__()
        self._feed = feed
        self.stage = Stage(NoPins())
        self.port = StagePort(self.stage, ticks_us)
        self.sensors = MadeUp()
        self.sounds = Nothing()
        self.stop = Nothing()

    def ticks_us(self) -> int:
        return ticks_us()

    def step(self, t_us: int) -> None:
        if self.stage.is_busy():
            self.stage.step(t_us)

    def outputs_off(self) -> None:
        self.stage.off()

    def watch(self, timeout_ms: int) -> None:
        pass

    def feed(self) -> None:
        self._feed()

    def mark_session(self, is_armed: bool) -> None:
        pass


class TimedLoop(Superloop):
    """The superloop, with a stopwatch at each tick and each step of the guard between two."""

    def __init__(self, board, loop, log, writer, person) -> None:
        self.bins = [0] * BINS
        self.longest_us: int = 0
        self.sum_us: int = 0
        self.steps: int = 0
        super().__init__(board, loop, log, writer, person)

    def _tick(self, now_us: int, late_us: int) -> None:
        began_us = ticks_us()
        super()._tick(now_us, late_us)
        spent_us = elapsed_us(ticks_us(), began_us)
        self.bins[min(spent_us // BIN_US, BINS - 1)] += 1
        self.longest_us = max(self.longest_us, spent_us)
        self.sum_us += spent_us

    def _step_guard(self, now_us: int) -> None:
        self.steps += 1
        super()._step_guard(now_us)

    def _may_write(self) -> bool:
        return False


def run(cycles: int, radio: bool, feed) -> None:
    """Run so many cycles; print what was measured. `feed` feeds a watchdog that may run from before."""
    gc.collect()
    free_before = gc.mem_free()  # pyright: ignore[reportAttributeAccessIssue]
    superloop = _make(feed)
    gc.collect()
    found = {
        "machine": getattr(sys.implementation, "_machine", sys.platform),
        "heap_used": gc.mem_alloc(),  # pyright: ignore[reportAttributeAccessIssue]
        "heap_free": gc.mem_free(),  # pyright: ignore[reportAttributeAccessIssue]
        "objects": free_before - gc.mem_free(),  # pyright: ignore[reportAttributeAccessIssue]
        "radio": _start_radio() if radio else "off",
        "gc_us": _time_collections(),
    }
    gc.collect()
    gc.disable()
    _walk(superloop, cycles)
    gc.enable()
    found["cycles"] = superloop.cycles
    found["guard_steps"] = superloop.steps
    found["pulses"] = superloop.guard.driver.pulses_acked
    found["bins"] = superloop.bins
    found["bin_us"] = BIN_US
    found["longest_us"] = superloop.longest_us
    found["mean_us"] = superloop.sum_us // max(1, superloop.cycles)
    found["late_us"] = superloop.late_us
    found["left_out"] = superloop.overruns
    found["page_us"] = _time_pages()
    print("\n" + json.dumps(found))


def _make(feed):
    board = BenchBoard(feed)
    log = RamLog(300)
    loop = compose_walk(
        sensors=board.sensors,
        port=board.port,
        log=log,
        prescription=default_prescription(),
        place="foot",
        has_switch=True,
        device=devices.choose(devices.OUTPUT_STAGE),
        is_replayable=False,
    )
    person = Person(loop, SettingsStore(NoFiles()), "bench")
    return TimedLoop(board, loop, log, LogWriter(log, b"bench"), person)


def _walk(superloop, cycles: int) -> None:
    guard = superloop.guard
    burst = superloop.loop.burst
    told = 0
    while superloop.cycles < cycles:
        before = superloop.cycles
        superloop.turn()
        if superloop.cycles == before:
            continue
        phase = before % (HOLD_CYCLES + SPARE_CYCLES)
        if phase == 0:
            burst.release()
            guard.acknowledge()
        elif phase < SPARE_CYCLES:
            if superloop.loop.arm_test() and phase == SPARE_CYCLES - 1:
                burst.hold(0)
        elif burst.envelope.state:
            burst.beat()
        if before // 200 != told:
            told = before // 200
            print(".", end="")  # a sign of life for the other end of the line


def _time_collections():
    found = []
    for _ in range(GC_TIMES):
        began_us = ticks_us()
        gc.collect()
        found.append(elapsed_us(ticks_us(), began_us))
    return found


def _time_pages():
    """Write to the flash as the log does; nobody is armed then."""
    found = []
    page = bytes(PAGE_N)
    try:
        for _ in range(PAGES):
            began_us = ticks_us()
            with open(FILE, "ab") as file:
                file.write(page)
            found.append(elapsed_us(ticks_us(), began_us))
        os.remove(FILE)
    except OSError:
        pass
    return found


def _start_radio() -> str:
    """Advertise as often as is allowed; say "on", or why not."""
    try:
        import bluetooth

        ble = bluetooth.BLE()
        ble.active(True)
        ble.gap_advertise(20_000, b"\x02\x01\x06")
        return "on"
    except (ImportError, OSError) as e:
        return "not there: %s" % e
