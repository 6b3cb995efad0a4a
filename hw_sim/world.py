"""The world around the loop: time, a leg or a recording, and the emulated stimulator, in lock-step.

Time moves only by `advance`. It goes from event to event (control cycle, due pulse, deed or answer of the
stimulator), brings the leg up to it, and waits until every byte written on either side has been read. So a slow
machine changes nothing: same seed, same bytes; and neither does the length of the steps in which time moves.

The guard runs as on a board: after every control cycle, when a pulse is due, when the stimulator has answered.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from firmware_py.blackbox import RowRing
from firmware_py.compose import compose_walk
from firmware_py.cycle import CYCLE_US
from firmware_py.hal import Port, Sensors
from firmware_py.loop import Loop
from firmware_py.pi.about import about_log
from firmware_py.pi.log_file import LogFile
from hw_sim.emulators.pty_link import Link
from hw_sim.row_counts import RowCounts
from safety.clock import HALF_WRAP_US, WRAP_MASK_US
from stimulator.drivers.devices import Device
from stimulator.drivers.one_pulse import OnePulseDriver
from stimulator.drivers.sciencemode4_check import FrameCheck
from stimulator.prescription import Prescription

T_START_US = WRAP_MASK_US - 4_999_999  # the clock wraps after five seconds of every run
LEG_STEP_US = 1_000
DRAIN_US = 1_000_000  # the log is brought to disk every second
IDLE_US = CYCLE_US
NEVER_US = 1 << 62
CONNECT_MAX_US = 2_000_000


class Leg(Protocol):
    """What moves between two samples."""

    def advance(self, dt_us: int) -> None: ...


class StimulatorNotReady(RuntimeError):
    """The emulated stimulator did not answer as it should; the text says what the driver saw."""

    is_for_people = True


class World:
    """Run one loop against one link.

    sensors       HAL sensors that know the world's time through `now_us` of the leg or the recording
    port, link    the two ends of the way to the device
    leg           moves in whole milliseconds, or None (recordings move by themselves)
    side          the leg that the device is set to
    switch_foot   "own" or "other": under which heel the switch is
    device        which stimulator the loop is made for (stimulator.drivers.devices.choose), default a P24
    was_checked   a session before has checked leg and channels (hw_sim.check_flow shows how)
    log_path      black box file, or None to keep rows in memory only
    keeps_rows    False: rows are counted (`counts`) and forgotten, for campaigns and long walks
    driver, check   of `link`, if it has its own (`hw_sim.emulators.transports`)
    """

    def __init__(
        self,
        *,
        sensors: Sensors,
        port: Port,
        link: Link,
        prescription: Prescription,
        place: str,
        has_switch: bool,
        side: str = "right",
        switch_foot: str = "own",
        was_checked: bool = True,
        leg: Leg | None = None,
        log_path: Path | None = None,
        about: dict | None = None,
        device: Device | None = None,
        driver: OnePulseDriver | None = None,
        check: FrameCheck | None = None,
        keeps_rows: bool = True,
    ) -> None:
        self.now_us = 0  # does not wrap
        self._is_replayable = keeps_rows
        self.rows = bytearray()  # every row of the black box so far, drained
        self.ring = RowRing(4096 if keeps_rows else 1)
        self.counts = RowCounts(now_us=self._now, ring=self.ring if keeps_rows else None)
        self.loop: Loop = compose_walk(
            sensors=sensors,
            port=port,
            log=self.counts,
            prescription=prescription,
            place=place,
            has_switch=has_switch,
            side=side,
            switch_foot=switch_foot,
            was_checked=was_checked,
            device=device,
            driver=driver,
            check=check,
            is_replayable=keeps_rows,
        )
        self._port, self._link, self._leg = port, link, leg
        self._next_cycle_us = 0
        self._guard_due_us = 0
        self._link_due_us = 0
        self._link_urgent_us = 0
        self._written_total = 0
        self._leg_us = 0
        self._next_drain_us = DRAIN_US
        known = self.loop.about | {"t_start_us": T_START_US}
        self._file = LogFile(log_path, about_log(known | (about or {}))) if log_path else None

    def _now(self) -> int:
        return self.now_us

    @property
    def t_us(self) -> int:
        """The clock reading that the loop sees now, us, wraps."""
        return t_us_at(self.now_us)

    def connect(self) -> None:
        """Let the driver find and prepare the stimulator; StimulatorNotReady if it does not get there."""
        driver = self.loop.guard.driver
        self.loop.guard.open()
        deadline_us = self.now_us + CONNECT_MAX_US
        while not driver.is_ready():
            if driver.fault or self.now_us >= deadline_us:
                raise StimulatorNotReady(self.device_sentence())
            self.advance(CYCLE_US)

    def arm(self) -> None:
        """A person acknowledges and arms; StimulatorNotReady if it will not."""
        self.loop.guard.acknowledge()
        if not self.loop.arm_walk():
            raise StimulatorNotReady(self.loop.mounting_sentence() or self.device_sentence())

    def device_sentence(self) -> str:
        """Say in words how the driver stands."""
        driver = self.loop.guard.driver
        if driver.fault:
            return driver.FAULTS[driver.fault]
        return f"The stimulator is {driver.STATE_NAMES[driver.state]}."

    def advance(self, dt_us: int) -> None:
        """Let `dt_us` of virtual time pass."""
        end_us = self.now_us + dt_us
        at_us = self._next_event_us()
        while at_us <= end_us:
            self._move_to(at_us)
            at_us = self._next_event_us()
        self._move_leg(end_us)
        self.now_us = end_us

    def act(self, deed: Callable[[], object]) -> None:
        """Let a person or an accident do something now; the guard looks right before and right after."""
        self.loop.guard.step(self.t_us)
        deed()
        self.loop.guard.step(self.t_us)
        self._guard_due_us = self.now_us + self.loop.guard.due_us(IDLE_US)
        self._pump(self.now_us)

    def close(self) -> None:
        """Bring the log to its end."""
        if self._is_replayable:
            self.loop.log.flush()
        self._drain()
        if self._file:
            self._file.close()

    def _next_event_us(self) -> int:
        at_us = self._next_cycle_us
        if self._guard_due_us < at_us:
            at_us = self._guard_due_us
        if self._link_urgent_us < at_us:
            at_us = self._link_urgent_us
        return at_us if at_us > self.now_us else self.now_us + 1

    def _move_to(self, at_us: int) -> None:
        self._move_leg(at_us)
        self.now_us = at_us
        is_due = at_us >= self._guard_due_us
        if at_us >= self._link_due_us:
            is_due = self._pump(at_us) or is_due
        if at_us >= self._next_cycle_us:
            self._next_cycle_us += CYCLE_US
            self.loop.cycle.step(self.t_us)
            is_due = True
        if is_due:
            self.loop.guard.step(self.t_us)
            self._guard_due_us = at_us + self.loop.guard.due_us(IDLE_US)
            if self._port.written_total != self._written_total:
                self._pump(at_us)
            elif self._link_due_us < self._link_urgent_us:
                self._look_ahead(at_us)  # the guard may wait now for what it did not need to hear before
        if at_us >= self._next_drain_us:
            self._next_drain_us += DRAIN_US
            self._drain()

    def _pump(self, at_us: int) -> bool:
        """Carry bytes; return whether some came that the guard should hear at once."""
        self._written_total = self._port.written_total
        has_word = self._link.pump(at_us, self._written_total) > 0
        self._look_ahead(at_us)
        return has_word

    def _look_ahead(self, at_us: int) -> None:
        due_us, urgent_us = self._link.due_us(at_us), self._link.urgent_us(at_us)
        self._link_due_us = NEVER_US if due_us is None else due_us
        self._link_urgent_us = NEVER_US if urgent_us is None else urgent_us

    def _move_leg(self, at_us: int) -> None:
        """Bring the leg to the last whole millisecond: the link must never see it later than that."""
        behind_us = at_us - self._leg_us
        if behind_us >= LEG_STEP_US and self._leg is not None:
            behind_us -= behind_us % LEG_STEP_US
            self._leg_us += behind_us
            self._leg.advance(behind_us)

    def _drain(self) -> None:
        rows = self.ring.drain()
        self.rows += rows
        if self._file:
            self._file.append(rows)


def t_us_at(now_us: int) -> int:
    """Return the loop's wrapping clock reading at the world's time `now_us`."""
    return (T_START_US + now_us) & WRAP_MASK_US


def world_us(t_us: int, near_us: int) -> int:
    """Return the world's time of the clock reading `t_us`, the one nearest to `near_us`."""
    d = (t_us - t_us_at(near_us)) & WRAP_MASK_US
    return near_us + (d if d < HALF_WRAP_US else d - WRAP_MASK_US - 1)
