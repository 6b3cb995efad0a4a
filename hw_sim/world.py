"""The world around the loop: time, a leg or a recording, and the emulated stimulator, in lock-step.

Time moves only by `advance`. It goes from event to event (control cycle, due pulse, answer of the
stimulator, millisecond of the leg) and at each event waits until every byte written on either side
has been read. So a slow machine changes nothing: same seed, same bytes.
"""

from pathlib import Path
from typing import Protocol

from firmware_py.blackbox import RowRing
from firmware_py.compose import Loop, compose_walk
from firmware_py.cycle import CYCLE_US
from firmware_py.hal import Port, Sensors
from firmware_py.pi.log_file import LogFile
from hw_sim.emulators.pty_link import Link
from safety.clock import HALF_WRAP_US, WRAP_MASK_US
from stimulator.drivers.devices import Device
from stimulator.prescription import Prescription, prescription_hash

T_START_US = WRAP_MASK_US - 4_999_999  # the clock wraps after five seconds of every run
LEG_STEP_US = 1_000
DRAIN_US = 1_000_000  # the log is brought to disk every second
IDLE_US = CYCLE_US
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
    leg           moved every millisecond, or None (recordings move by themselves)
    side          the leg that the device is set to
    device        which stimulator the loop is made for (stimulator.drivers.devices.choose), default a P24
    was_checked   a session before has checked leg and channels (hw_sim.check_flow shows how)
    log_path      black box file, or None to keep rows in memory only
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
        was_checked: bool = True,
        leg: Leg | None = None,
        log_path: Path | None = None,
        about: dict | None = None,
        device: Device | None = None,
    ) -> None:
        self.now_us = 0  # does not wrap
        self.rows = bytearray()  # every row of the black box so far, drained
        self.ring = RowRing(4096)
        self.loop: Loop = compose_walk(
            sensors=sensors,
            port=port,
            log=self.ring,
            prescription=prescription,
            place=place,
            has_switch=has_switch,
            side=side,
            was_checked=was_checked,
            device=device,
        )
        self._port, self._link, self._leg = port, link, leg
        self._next_cycle_us = 0
        self._next_drain_us = DRAIN_US
        known = {"prescription": prescription_hash(prescription), "place": place, "t_start_us": T_START_US}
        if device is not None:
            known["device"] = device.name
        self._file = LogFile(log_path, known | (about or {})) if log_path else None

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
            raise StimulatorNotReady(self.device_sentence())

    def device_sentence(self) -> str:
        """Say in words how the driver stands."""
        driver = self.loop.guard.driver
        if driver.fault:
            return driver.FAULTS[driver.fault]
        return f"The stimulator is {driver.STATE_NAMES[driver.state]}."

    def advance(self, dt_us: int) -> None:
        """Let `dt_us` of virtual time pass."""
        end_us = self.now_us + dt_us
        while self.now_us < end_us:
            self._move_to(self._next_event_us(end_us))

    def close(self) -> None:
        """Bring the log to its end."""
        self._drain()
        if self._file:
            self._file.close()

    def _next_event_us(self, end_us: int) -> int:
        at_us = min(end_us, self._next_cycle_us, self.now_us + self.loop.guard.due_us(IDLE_US))
        if self._leg is not None:
            at_us = min(at_us, self.now_us - self.now_us % LEG_STEP_US + LEG_STEP_US)
        due_us = self._link.due_us(self.now_us)
        if due_us is not None:
            at_us = min(at_us, due_us)
        return max(at_us, self.now_us + 1)

    def _move_to(self, at_us: int) -> None:
        self.now_us = at_us
        if self._leg is not None and at_us % LEG_STEP_US == 0:
            self._leg.advance(LEG_STEP_US)
        self._link.pump(at_us, self._port.written_total)
        if at_us >= self._next_cycle_us:
            self._next_cycle_us += CYCLE_US
            self.loop.cycle.step(self.t_us)
        self.loop.guard.step(self.t_us)
        self._link.pump(at_us, self._port.written_total)
        if at_us >= self._next_drain_us:
            self._next_drain_us += DRAIN_US
            self._drain()

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
