"""The pulse program of a maker's output stage as RP2040 and RP2350 take it: opcodes, and how to load them.

`output_stage.pio` is the text and says what the program promises; a test assembles it to these numbers, and
another runs every width and garbage through an emulator. A board loads them one by one: `rp2.asm_pio` with
`out_shiftdir=PIO.SHIFT_RIGHT`, `set_init` and `out_init` low, and `word(opcode)` for each.
"""

from stimulator.drivers.sciencemode4_frame import crc16_step

# fmt: off
OPCODES = (
    0x80A0, 0xA0C7, 0x6002, 0x6045, 0x6027, 0xE001, 0x0246, 0x6026, 0x0048, 0xE000, 0xA0E6, 0x6667,
    0x098C, 0x6027, 0xE002, 0x024F, 0x6026, 0x0051, 0xE000, 0x8000, 0xE027, 0xE05F, 0x1F96, 0x0055,
)
# fmt: on
WRAP_TARGET = 0
WRAP = 23
CLOCK_HZ = 1_000_000  # of the state machine; every time of the program counts its cycles
SET_PINS = 2  # side A, side B
OUT_PINS = 2  # select lines


def checksum(opcodes) -> int:
    """Return what a board tells of the program it has loaded: CRC-16 over the opcodes, high byte first."""
    crc = 0
    for opcode in opcodes:
        crc = crc16_step(crc16_step(crc, opcode >> 8), opcode & 0xFF)
    return crc
