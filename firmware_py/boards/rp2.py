"""Pico W and Pico 2 W: builds the Board with its own output stage. The pins stand in `pins_rp2.py`."""

import sys
from time import sleep_ms, ticks_us  # pyright: ignore[reportAttributeAccessIssue]

import machine
from machine import ADC, I2C, PWM, WDT, Pin

from firmware_py.boards import pins_rp2 as pins
from firmware_py.boards.battery import Battery
from firmware_py.boards.board import Board
from firmware_py.boards.bridge import Bridge
from firmware_py.boards.buttons import Key, StopButton
from firmware_py.boards.imu import Imu
from firmware_py.boards.leg_sensors import LegSensors
from firmware_py.boards.sounds import Sounds
from firmware_py.boards.stage import Stage, StagePort

I2C_HZ = 400_000
I2C_TIMEOUT_US = 3_000  # a stuck bus must not cost more than a part of a cycle
# The first scratch register of the watchdog keeps its value through a reset and none through a loss of power.
# Addresses by chip; the register lies 12 bytes above the block's base.
SCRATCH_RP2040 = 0x4005_800C
SCRATCH_RP2350 = 0x400D_800C
IN_SESSION = 0x5745  # any number that power-on does not give


class Rp2Board(Board):
    """See the module.

    setup    firmware_py.board_setup.Setup;  part, axes   of its IMU
    """

    def __init__(self, setup, part, axes) -> None:
        super().__init__()
        self._bridge = Bridge()
        self.stage = Stage(self._bridge)
        self.port = StagePort(self.stage, ticks_us)
        i2c = I2C(0, sda=Pin(pins.I2C_SDA), scl=Pin(pins.I2C_SCL), freq=I2C_HZ, timeout=I2C_TIMEOUT_US)
        self.imu = Imu(i2c, part, axes, ticks_us, sleep_ms)
        heel = Pin(pins.HEEL, Pin.IN, Pin.PULL_UP) if setup.has_switch else None
        self.sensors = LegSensors(self.imu, heel, ticks_us)
        self.stop = StopButton(Pin(pins.STOP, Pin.IN, Pin.PULL_UP))
        self.key = Key(Pin(pins.KEY, Pin.IN, Pin.PULL_UP))
        self.test_key = Key(Pin(pins.TEST, Pin.IN, Pin.PULL_UP))
        self.sounds = Sounds(
            PWM(Pin(pins.BUZZER), freq=1_600, duty_u16=0),
            Pin(pins.MOTOR, Pin.OUT, value=0),
            Pin(pins.LED, Pin.OUT, value=0),
        )
        if setup.battery_full_mv:
            self.battery = Battery(ADC(Pin(pins.BATTERY)), setup.battery_empty_mv, setup.battery_full_mv)
        self._watchdog = None
        is_2350 = "RP2350" in getattr(sys.implementation, "_machine", "")
        self._scratch: int = SCRATCH_RP2350 if is_2350 else SCRATCH_RP2040

    def ticks_us(self) -> int:
        """Return the clock."""
        return ticks_us()

    def step(self, t_us: int) -> None:
        """A pulse that waits for its rest begins, one that has run is answered."""
        if self.stage.is_busy():
            self.stage.step(t_us)

    def outputs_off(self) -> None:
        """Enable line, state machine, both sides."""
        self.stage.off()

    def watch(self, timeout_ms: int) -> None:
        """Start it anew: the same block with another time."""
        self._watchdog = WDT(timeout=timeout_ms)

    def feed(self) -> None:
        """A whole cycle has finished."""
        if self._watchdog is not None:
            self._watchdog.feed()

    def mark_session(self, is_armed: bool) -> None:
        """Written with each arm and disarm."""
        machine.mem32[self._scratch] = IN_SESSION if is_armed else 0

    def was_in_session(self) -> bool:
        """A register that power-on clears."""
        return machine.mem32[self._scratch] == IN_SESSION
