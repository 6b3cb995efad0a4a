"""A whole simulated device with a link: person, loop, emulated stimulator, session; time moves as the wall clock does.

The radio is in the same program here, but the control cycle asks nothing of it: what it decides is the same with
and without (tests/test_link_chaos.py). On a Pi the link is a process of its own.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from pathlib import Path

from firmware_py.blackbox import ROW_BYTES
from firmware_py.cycle import CYCLE_US
from firmware_py.link import values
from firmware_py.link.contracts import FOR_WALK, Display, LogSource
from firmware_py.link.kept import confirmed_in
from firmware_py.link.loop_device import LoopDevice
from firmware_py.link.session import Session
from firmware_py.pi.console import version
from firmware_py.pi.link_store import FileStore, SystemChance
from hw_sim.demo import demo_prescription
from hw_sim.electrode import ElectrodeLoad
from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.emulators.p24 import P24
from hw_sim.radio.person import Person
from hw_sim.world import T_START_US, World
from stimulator.cues import Cues
from stimulator.wearer import DEFAULT_CORRIDOR, Wearer

MAKER = "Swingphase"
FEATURES = values.HAS_LOG | values.HAS_TEST | values.HAS_LEVEL
ROWS_MAX = 200_000  # half an hour
BEHIND_MAX_US = 100_000  # a machine that cannot keep up lets simulated time go slower


class RowLog(LogSource):
    """The newest rows of the black box, in memory."""

    def __init__(self) -> None:
        self.epoch = secrets.token_bytes(4)
        self._rows: deque[bytes] = deque(maxlen=ROWS_MAX)
        self._end = 0

    def keep(self, data: bytes) -> None:
        """Take whole rows."""
        for at in range(0, len(data), ROW_BYTES):
            self._rows.append(data[at : at + ROW_BYTES])
        self._end += len(data) // ROW_BYTES

    def first(self) -> int:
        """Return the number of the oldest row."""
        return self._end - len(self._rows)

    def end(self) -> int:
        """Return the number after the newest."""
        return self._end

    def read(self, number: int) -> bytes | None:
        """Return one row."""
        at = number - self.first()
        return self._rows[at] if 0 <= at < len(self._rows) else None


class SimDevice:
    """A device that a therapist can talk to.

    folder        where the link keeps its things
    display       firmware_py.link.contracts.Display
    on_cycle      called after every control cycle, or None
    """

    def __init__(
        self,
        folder: Path,
        display: Display,
        *,
        severity: str = "severe",
        side: str = "right",
        seed: int = 1,
        on_cycle: Callable[[], None] | None = None,
    ) -> None:
        self.store = FileStore(folder)
        self.log = RowLog()
        self.person = Person(severity=severity, side=side, seed=seed, t_us_start=T_START_US)
        stimulator = P24(
            load=ElectrodeLoad(),
            seed=seed,
            on_pulse=lambda p: self.person.deliver(p.start_us, p.channel, p.reached_ma, p.width_us),
        )
        link = MemoryLink(stimulator)
        self.stimulator = stimulator
        self.world = World(
            sensors=self.person,
            port=link.open_port(),
            link=link,
            prescription=confirmed_in(self.store, demo_prescription()),
            place="foot",
            has_switch=True,
            side=side,
            was_checked=False,
            leg=self.person,
        )
        cues = Cues()
        self.wearer = Wearer(DEFAULT_CORRIDOR, cues)
        self.world.loop.wear(self.wearer, cues)
        self.device = LoopDevice(self.world.loop, self.wearer)
        serial = secrets.token_bytes(4) if self.store.load("serial") is None else self.store.load("serial")
        assert serial is not None
        self.store.save("serial", serial)
        self.name = "SWP-" + serial.hex()[:4].upper()
        about = (serial, MAKER, "P24, simulated", version()[:32])
        self.session = Session(
            self.device, self.store, SystemChance(), display, self.log, about=about, features=FEATURES
        )
        self._on_cycle = on_cycle
        self.world.connect()

    def cycle(self) -> None:
        """Let one control cycle pass, with everything around it."""
        world = self.world
        world.advance(CYCLE_US)
        self.device.after_cycle(world.t_us, self.session.telemetry)
        self.session.step(world.t_us, CYCLE_US)
        self.person.goes(self.session.status.armed == FOR_WALK)
        if world.rows:
            self.log.keep(bytes(world.rows))
            world.rows.clear()
        if self._on_cycle is not None:
            self._on_cycle()

    async def run(self) -> None:
        """Let time pass as the wall clock does, until cancelled."""
        loop = asyncio.get_running_loop()
        began_s, began_us = loop.time(), self.world.now_us
        while True:
            due_us = began_us + int((loop.time() - began_s) * 1e6)
            if due_us - self.world.now_us > BEHIND_MAX_US:
                began_s, began_us = loop.time(), self.world.now_us
                due_us = began_us
            while self.world.now_us + CYCLE_US <= due_us:
                self.cycle()
            await asyncio.sleep(CYCLE_US / 1e6)
