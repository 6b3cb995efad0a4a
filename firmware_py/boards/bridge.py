"""The pins of a maker's output stage on RP2040 and RP2350: the pulse program, a DAC, a comparator, an enable line.

The one file that needs `rp2`. The pulse program has a state machine for itself. A second one counts how often the
comparator saw the current, so that nobody has to be quick enough to look: each phase must be seen.
"""

import rp2
from machine import SPI, Pin

from firmware_py.boards import pins_rp2 as pins
from stimulator.drivers import output_stage_program as program

MACHINE = 0  # of PIO block 0; the radio of a Pico W has another block
WATCHER = 1
# While the comparator's pin is low wait; then keep one word; then wait until it is low again.
WATCH_OPCODES = (0x20A0, 0x8000, 0x2020)
WATCH_HZ = 1_000_000
PHASES = 2
PULL = 0x8080  # pull noblock
SIDES_OFF = 0xE000  # set pins, 0
DAC_CONFIG = 0x3000  # MCP4921: one gain, not shut down
DAC_PER_CODE = 20  # 12 bits; code 200 (100 mA) is 4000 of 4095: the sense resistor decides what that is in mA
SPI_HZ = 1_000_000


def assembled(opcodes, **where):
    """Return a program for `rp2.StateMachine`: each opcode put in as it is, jumps relative to its begin."""

    # asm_pio runs `body` with its own globals, so that nothing but what stands here can be reached.
    def body():
        wrap_target()  # noqa: F821 # pyright: ignore[reportUndefinedVariable]
        for opcode in opcodes:
            word(opcode)  # noqa: F821 # pyright: ignore[reportUndefinedVariable]
        wrap()  # noqa: F821 # pyright: ignore[reportUndefinedVariable]

    return rp2.asm_pio(**where)(body)


class Bridge:
    """See the module. Off from the first moment: `main.py` has already pulled every line low."""

    def __init__(self) -> None:
        low = rp2.PIO.OUT_LOW
        self._enable = Pin(pins.ENABLE, Pin.OUT, value=0)
        self._supply = Pin(pins.SUPPLY_GOOD, Pin.IN, Pin.PULL_DOWN)
        self._cs = Pin(pins.DAC_CS, Pin.OUT, value=1)
        self._spi = SPI(0, baudrate=SPI_HZ, sck=Pin(pins.DAC_SCK), mosi=Pin(pins.DAC_MOSI))
        self._dac = bytearray(2)
        self._set_dac(0)
        self._program = assembled(
            program.OPCODES,
            set_init=(low,) * program.SET_PINS,
            out_init=(low,) * program.OUT_PINS,
            out_shiftdir=rp2.PIO.SHIFT_RIGHT,
        )
        self._machine = rp2.StateMachine(
            MACHINE,
            self._program,
            freq=program.CLOCK_HZ,
            set_base=Pin(pins.SIDE_A),
            out_base=Pin(pins.SELECT_0),
        )
        comparator = Pin(pins.COMPARATOR, Pin.IN, Pin.PULL_DOWN)
        self._watcher = rp2.StateMachine(WATCHER, assembled(WATCH_OPCODES), freq=WATCH_HZ, in_base=comparator)
        self._watcher.active(1)

    def opcodes(self):
        """Return what was given to the chip."""
        return self._program[0]

    def has_supply(self) -> bool:
        """Whether the high voltage is there."""
        return self._supply.value() == 1

    def enable(self) -> None:
        """Queue empty, both sides off, DAC 0, then the enable line on."""
        self.disable()
        machine = self._machine
        machine.active(0)
        while machine.tx_fifo():
            machine.exec(PULL)
        machine.restart()
        machine.exec(SIDES_OFF)
        machine.active(1)
        self._enable.value(1)

    def disable(self) -> None:
        """Enable line off; called when no pulse runs."""
        self._enable.value(0)
        self._set_dac(0)

    def off(self) -> None:
        """Off at once: enable line first, then the state machine, then both sides."""
        self._enable.value(0)
        self._machine.active(0)
        self._machine.exec(SIDES_OFF)
        self._set_dac(0)

    def fire(self, dac: int, word: int) -> None:
        """Set the current and give the pulse program its word, which it takes at once."""
        self._forget()
        self._set_dac(dac * DAC_PER_CODE)
        self._machine.put(word)

    def is_over(self) -> bool:
        """Whether the word has come back."""
        return self._machine.rx_fifo() > 0

    def word(self) -> int:
        """Return the word that came back, and set the current to 0."""
        self._set_dac(0)
        return self._machine.get()

    def was_reached(self) -> bool:
        """Whether the comparator saw the current in each phase."""
        return self._watcher.rx_fifo() >= PHASES

    def _forget(self) -> None:
        while self._machine.rx_fifo():
            self._machine.get()
        while self._watcher.rx_fifo():
            self._watcher.get()

    def _set_dac(self, value: int) -> None:
        value |= DAC_CONFIG
        self._dac[0] = value >> 8
        self._dac[1] = value & 0xFF
        self._cs.value(0)
        self._spi.write(self._dac)
        self._cs.value(1)
