"""What only a microcontroller with MicroPython has: its radio, pins and timers."""
