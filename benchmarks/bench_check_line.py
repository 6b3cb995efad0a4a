"""A stimulator on the bench: driver, check and port, moved by hand, in real time or in the emulator's own.

The gate does not stand between: this is for a resistor. The separate check reads every frame back all the same.
"""

import time
from typing import Protocol

from firmware_py.hal import Port
from firmware_py.pi.serial_port import SerialPort
from firmware_py.read_back import reads_back
from hw_sim.emulators.catalogue import Emulator, emulated
from hw_sim.emulators.load import ResistorLoad
from hw_sim.emulators.memory_link import MemoryLink
from safety.pulse import PulseRequest
from stimulator.drivers import devices
from stimulator.drivers.devices import Device
from stimulator.drivers.one_pulse import OFF

TICK_US = 1_000
CONNECT_S = 4.0  # a RehaStim2 may first time out an earlier session


class Cable(Protocol):
    """Where the bytes go, and how time passes."""

    def open(self) -> Port:
        """Open the port; OSError if it is not there."""
        ...

    def wait(self, port: Port) -> int:
        """Let about a millisecond pass; return how much it was, us."""
        ...


class RealCable:
    """A serial port and the real clock."""

    def __init__(self, path: str, device: Device) -> None:
        self._path, self._device = path, device
        self._last_ns = time.monotonic_ns()

    def open(self) -> Port:
        """Open the port with the settings of the device."""
        return SerialPort(self._path, self._device.port)

    def wait(self, port: Port) -> int:
        """Sleep for a millisecond."""
        time.sleep(TICK_US / 1e6)
        now_ns = time.monotonic_ns()
        dt_us = (now_ns - self._last_ns) // 1000
        self._last_ns = now_ns
        return dt_us


class EmulatedCable:
    """An emulated stimulator and its own time. ohm: what really hangs on its outputs."""

    def __init__(self, device: Device, ohm: float, seed: int = 1) -> None:
        self.device: Emulator = emulated(device, ResistorLoad(ohm), seed=seed)
        self.ohm = ohm
        self.now_us = 0
        self.is_plugged = True
        self._link = MemoryLink(self.device)

    def open(self) -> Port:
        """Open the memory port, of a new cable if the old one was pulled."""
        if not self.is_plugged:
            self._link = MemoryLink(self.device)
            self.is_plugged = True
        return self._link.open_port()

    def wait(self, port: Port) -> int:
        """Let a millisecond of the device's time pass."""
        self.now_us += TICK_US
        self._link.pump(self.now_us, port.written_total)
        return TICK_US

    def unplug(self) -> None:
        """Pull the cable out."""
        self.is_plugged = False
        self._link.unplug()


class Line:
    """The stimulator as the bench check uses it. answer_us: how long each answered pulse took."""

    def __init__(self, device: Device, cable: Cable) -> None:
        self.device, self.cable = device, cable
        self.driver = devices.make_driver(device)
        self._check = devices.make_check(device)
        self._request = PulseRequest()
        self._rx = bytearray(256)
        self._acked = 0
        self._since_pulse_us = 1_000_000
        self._is_open = False
        self.answer_us: list[int] = []
        self.sent = 0
        self.port: Port = Port()

    def open(self) -> None:
        """Open the port; OSError if it cannot be."""
        self.port = self.cable.open()
        self._is_open = True

    def close(self) -> None:
        """Let go of the port."""
        if self._is_open:
            self.port.close()

    def tick(self) -> None:
        """Let about a millisecond pass: hear, step, write."""
        dt_us = self.cable.wait(self.port)
        self._since_pulse_us += dt_us
        driver = self.driver
        try:
            while n := self.port.readinto(self._rx):
                driver.receive(self._rx, n)
            n = driver.step(dt_us)
            if n:
                if not self._check.read(driver.tx, n) or self._check.can_stimulate:
                    raise RuntimeError(
                        "The driver built a command that could stimulate. Report it with this sheet."
                    )
                self.port.write(driver.tx, n)
        except OSError:
            driver.port_gone()
        if driver.pulses_acked != self._acked:
            self._acked = driver.pulses_acked
            self.answer_us.append(driver.last_ack_age_us)

    def ticks(self, ms: int) -> None:
        """Let `ms` pass."""
        for _ in range(ms):
            self.tick()

    def silence(self, ms: int) -> None:
        """Let `ms` pass without a word, as if this computer had died."""
        for _ in range(ms):
            self.cable.wait(self.port)

    def connect(self) -> bool:
        """Clear, start and wait until ready; False if it does not get there (`story` says why)."""
        self.driver.clear_fault()
        for _ in range(500):
            if self.driver.state == OFF:
                break
            self.tick()
        self.driver.start()
        for _ in range(round(CONNECT_S * 1000)):
            if self.driver.is_ready() or self.driver.fault:
                break
            self.tick()
        return self.driver.is_ready()

    def story(self) -> str:
        """Say how the driver stands."""
        if self.driver.fault:
            return self.driver.FAULTS[self.driver.fault]
        return f"The stimulator is {self.driver.STATE_NAMES[self.driver.state]}."

    def pulse(self, channel: int, current_ma: float, width_us: int) -> bool:
        """Give one pulse if the stimulator can take one now; return whether it was written."""
        driver, record, r = self.driver, self.device.capability, self._request
        if not driver.can_pulse():
            return False
        r.channel, r.width_us = channel, width_us
        r.gap_us = 100 if record.gap_min_us <= 100 <= record.gap_max_us else 0
        r.current_ua = driver.quantise_current_ua(round(1000 * current_ma))
        n = driver.encode_pulse(channel, r.current_ua, width_us, r.gap_us)
        if not n or not reads_back(self._check, driver.tx, n, r, r.current_ua):
            raise RuntimeError("A pulse did not read back as it was meant. Report it with this sheet.")
        driver.pulse_written()
        try:
            self.port.write(driver.tx, n)
        except OSError:
            driver.port_gone()
        self._since_pulse_us = 0
        self.sent += 1
        return True

    def train(self, channel: int, current_ma: float, width_us: int, rate_hz: int) -> None:
        """One tick of a train of pulses."""
        if self._since_pulse_us >= 1_000_000 // rate_hz:
            self.pulse(channel, current_ma, width_us)
        self.tick()
