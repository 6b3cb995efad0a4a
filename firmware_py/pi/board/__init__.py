"""MicroPython boards from a PC: build their files, copy them, measure on them."""
