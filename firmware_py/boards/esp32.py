"""ESP32 (WROOM-32): builds the Board, with an output stage on a Pico at its UART. The pins stand in `pins_esp32.py`.

No maker's stimulator with a USB plug can be reached from a UART pin (docs/boards.md).
"""

from time import sleep_ms, ticks_us  # pyright: ignore[reportAttributeAccessIssue]

from machine import ADC, I2C, PWM, RTC, UART, WDT, Pin

from firmware_py.boards import pins_esp32 as pins
from firmware_py.boards.battery import Battery
from firmware_py.boards.board import Board
from firmware_py.boards.buttons import Key, StopButton
from firmware_py.boards.imu import Imu
from firmware_py.boards.leg_sensors import LegSensors
from firmware_py.boards.sounds import Sounds
from firmware_py.boards.uart_port import UartPort

I2C_HZ = 400_000
I2C_TIMEOUT_US = 3_000
UART_BAUD = 115_200
IN_SESSION = b"armed"


class Esp32Board(Board):
    """See the module; arguments as of `rp2.Rp2Board`."""

    watch_armed_ms = 1_000  # the least that every firmware allows here

    def __init__(self, setup, part, axes) -> None:
        super().__init__()
        self._permit = Pin(pins.PERMIT, Pin.OUT, value=0)
        uart = UART(2, baudrate=UART_BAUD, tx=pins.STAGE_TX, rx=pins.STAGE_RX, timeout=0)
        self.port = UartPort(uart)
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
            adc = ADC(Pin(pins.BATTERY), atten=ADC.ATTN_11DB)
            self.battery = Battery(adc, setup.battery_empty_mv, setup.battery_full_mv)
        self._watchdog = None
        self._rtc = RTC()

    def ticks_us(self) -> int:
        """Return the clock."""
        return ticks_us()

    def outputs_off(self) -> None:
        """The permit line; the stage gives no pulse by itself either."""
        self._permit.value(0)

    def allow(self, is_armed: bool) -> None:
        """The permit line, beside the stage's own enable."""
        self._permit.value(1 if is_armed else 0)

    def watch(self, timeout_ms: int) -> None:
        """Start it anew with another time."""
        self._watchdog = WDT(timeout=timeout_ms)

    def feed(self) -> None:
        """A whole cycle has finished."""
        if self._watchdog is not None:
            self._watchdog.feed()

    def mark_session(self, is_armed: bool) -> None:
        """Written with each arm and disarm."""
        self._rtc.memory(IN_SESSION if is_armed else b"")

    def was_in_session(self) -> bool:
        """Memory of the clock, which power-on clears."""
        return self._rtc.memory() == IN_SESSION
