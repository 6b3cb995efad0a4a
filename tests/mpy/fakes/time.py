"""A stand-in of MicroPython's `time` for its wasm build; under CPython `tests/fake_board.py` adds these names."""

from chip import CHIP, READ_COSTS_US, WRAP_MASK_US


def ticks_us():
    CHIP.pass_us(READ_COSTS_US)
    return CHIP.now_us


def ticks_diff(later, earlier):
    d = (later - earlier) & WRAP_MASK_US
    return d - WRAP_MASK_US - 1 if d > WRAP_MASK_US >> 1 else d


def sleep_ms(ms):
    CHIP.pass_us(ms * 1000)


def sleep(s):
    CHIP.slept_ms += s * 1000
