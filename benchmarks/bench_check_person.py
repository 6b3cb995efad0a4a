"""Who stands at the bench: a person at the keyboard, or one who reads the emulated stimulator's own load."""

import select
import sys
from collections.abc import Callable
from typing import Protocol

from benchmarks.bench_check_line import EmulatedCable
from firmware_py.pi.console import UserError
from hw_sim.emulators.rehastim2 import RehaStim2

Tick = Callable[[], None]
CONFIRMATION = "RESISTOR, NO PERSON"


class Person(Protocol):
    """Reads the meter and moves the leads. `tick` keeps the stimulator going until the answer."""

    def confirm(self) -> str:
        """Return what was typed to confirm that a resistor and no person is connected."""
        ...

    def read(self, prompt: str, channel: int, tick: Tick) -> str:
        """Return a reading: volts of the first phase, volts of the second, width in us."""
        ...

    def act(self, deed: str, prompt: str, tick: Tick) -> None:
        """Do something: move, lead off, lead on, stop, release, unplug, plug."""
        ...

    def saw_end(self, prompt: str, since: int) -> bool:
        """Say whether the pulses ended."""
        ...


class Keyboard:
    """A person at a terminal."""

    def confirm(self) -> str:
        """Ask for the words."""
        return input(f"Type {CONFIRMATION} to begin: ")

    def read(self, prompt: str, channel: int, tick: Tick) -> str:
        """Ask while the pulses go on."""
        return self._line(prompt, tick)

    def act(self, deed: str, prompt: str, tick: Tick) -> None:
        """Say what to do, and wait for Enter while the pulses go on."""
        self._line(f"{prompt} Then press Enter.", tick)

    def saw_end(self, prompt: str, since: int) -> bool:
        """Ask yes or no."""
        while True:
            answer = input(f"{prompt} (y/n) ").strip().lower()
            if answer in ("y", "yes", "n", "no"):
                return answer.startswith("y")

    def _line(self, prompt: str, tick: Tick) -> str:
        print(prompt, end=" ", flush=True)
        while not select.select((sys.stdin,), (), (), 0)[0]:
            tick()
        typed = sys.stdin.readline()
        if not typed:
            raise UserError("The keyboard is gone: nobody watches the bench. Begin again at a terminal.")
        return typed.strip()


class AtTheEmulator:
    """Somebody who reads what the emulated load says, and does at the emulated device what is asked."""

    LOOK_TICKS = 400

    def __init__(self, cable: EmulatedCable) -> None:
        self._cable = cable

    def confirm(self) -> str:
        """No person can be connected to an emulator."""
        return CONFIRMATION

    def read(self, prompt: str, channel: int, tick: Tick) -> str:
        """Let some pulses pass and read the last one on this channel."""
        for _ in range(self.LOOK_TICKS):
            tick()
        pulses = [p for p in self._cable.device.pulses if p.channel == channel]
        if not pulses:
            return "0 0 0"
        volts = pulses[-1].reached_ma * self._cable.ohm / 1000.0
        return f"{volts:.2f} {-volts:.2f} {pulses[-1].width_us}"

    def act(self, deed: str, prompt: str, tick: Tick) -> None:
        """Do it at the device, then look on for a while."""
        device = self._cable.device
        for _ in range(self.LOOK_TICKS // 4):
            tick()
        if deed == "lead off":
            device.set_open_channels(*range(8))
        elif deed == "stop" and isinstance(device, RehaStim2):
            device.set_quick_stop(self._cable.now_us, pressed=True)
        elif deed == "stop":
            device.set_open_channels(*range(8))  # the switch that opens the lead
        elif deed == "unplug":
            self._cable.unplug()
        else:
            device.set_open_channels()
            if isinstance(device, RehaStim2):
                device.set_quick_stop(self._cable.now_us, pressed=False)
        for _ in range(self.LOOK_TICKS):
            tick()

    def saw_end(self, prompt: str, since: int) -> bool:
        """Whether no current flowed in the last 200 ms, counted at the device."""
        self._cable.device.step(self._cable.now_us)
        pulses = self._cable.device.pulses
        return not pulses or pulses[-1].start_us < self._cable.now_us - 200_000 or pulses[-1].reached_ma == 0
