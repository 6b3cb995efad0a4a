"""The pulse program of a maker's output stage as RP2040 and RP2350 take it: opcodes, and how to load them.

`output_stage.pio` is the text and says what the program promises; a test assembles it to these numbers, and
another runs every word through an emulator. A board loads them one by one: `rp2.asm_pio` with
`out_shiftdir=PIO.SHIFT_RIGHT`, `set_init` and `out_init` low, and `word(opcode)` for each.
"""

# fmt: off
OPCODES = (
    0x80A0, 0xA0C7, 0x6002, 0x6045, 0x6027, 0xE001, 0x0246, 0x6026, 0x0048, 0xE000, 0xA0E6, 0x6667,
    0x098C, 0x6027, 0xE002, 0x024F, 0x6026, 0x0051, 0xE000, 0xE027, 0xE05F, 0x1F95, 0x0054,
)
# fmt: on
WRAP_TARGET = 0
WRAP = 22
CLOCK_HZ = 1_000_000  # of the state machine; every time below counts its cycles
SET_PINS = 2  # side A, side B
OUT_PINS = 2  # select lines

# What the board tells at `hello`, so that nobody drives another program: the opcodes' sum, 16 bits.
CHECKSUM = sum(OPCODES) & 0xFFFF
