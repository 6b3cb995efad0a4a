"""What the stand-ins of MicroPython's modules share: one chip, its time, its pins and what is wired to them.

Runs under CPython and under MicroPython; what is called in the tick allocates nothing, as on a chip. Time moves
when somebody reads it, a little, so that a loop that waits comes to an end.
"""

WRAP_MASK_US = 0x3FFFFFFF
READ_COSTS_US = 7
PINS = 48


def after_us(t_us, us):
    """Add without leaving MicroPython's small whole numbers."""
    return (t_us - (1 << 29) - (1 << 29) + us) & WRAP_MASK_US


class Chip:
    """See the module.

    now_us      virtual time, us, wraps; levels   of each pin; modes   "in", "out" or "" of each pin
    on_level    called with (pin, level) when an output changes, None for nothing
    parts       {I2C address: part with read(register, buf) and write(register, data)}
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """As after power-on."""
        self.now_us = 0
        self.levels = [0] * PINS
        self.modes = [""] * PINS
        self.handlers = [None] * PINS
        self.pin_objects = [None] * PINS
        self.on_level = None
        self.on_time = None
        self.parts = {}
        self.analog = [0] * PINS
        self.duty = [0] * PINS
        self.frequency = [0] * PINS
        self.spi = bytearray(2)
        self.spi_writes = 0
        self.memory = {}
        self.rtc = b""
        self.watchdog_ms = 0
        self.watchdogs = 0
        self.fed_us = -1
        self.feeds = 0
        self.resets = 0
        self.uart_in = bytearray(256)
        self.uart_in_n = 0
        self.uart_out = bytearray(4096)
        self.uart_out_n = 0
        self.typed = bytearray(256)
        self.typed_n = 0
        self.kbd_intr = 3
        self.slept_ms = 0
        self.pulses_n = 0

    def pass_us(self, us: int) -> None:
        """Let time pass."""
        self.now_us = after_us(self.now_us, us)
        if self.on_time is not None:
            self.on_time(us)

    def set_input(self, number: int, level: int) -> None:
        """The outside world moves a line; an interrupt fires on the edge."""
        before = self.levels[number]
        self.levels[number] = level
        handler = self.handlers[number]
        if handler is not None and level and not before:
            handler(self.pin_objects[number])

    def set_output(self, number: int, level: int) -> None:
        """The program moves a line."""
        if self.levels[number] != level:
            self.levels[number] = level
            if self.on_level is not None:
                self.on_level(number, level)

    def type(self, text: str) -> None:
        """Somebody types on the USB console."""
        for byte in text.encode():
            self.typed[self.typed_n] = byte
            self.typed_n += 1


CHIP = Chip()
