"""Raspberry Pi and PC: the real ports behind the HAL."""
