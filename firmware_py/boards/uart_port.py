"""A UART as the HAL's `Port`. What it reaches: an output stage on a Pico; no maker's stimulator with a USB plug."""

from firmware_py.hal import Port

WRITE_MAX = 64


class UartPort(Port):
    """Bytes to and from `uart` (machine.UART with timeout 0). Allocates nothing after `__init__`."""

    def __init__(self, uart) -> None:
        self.written_total: int = 0
        self._uart = uart
        self._out = bytearray(WRITE_MAX)
        out = memoryview(self._out)
        self._heads = [out[:n] for n in range(WRITE_MAX + 1)]  # a slice would allocate

    def write(self, buf: bytearray, n: int) -> None:
        """Hand over the first `n` bytes; OSError if they do not all fit."""
        if n > WRITE_MAX:
            raise OSError(5)
        for i in range(n):
            self._out[i] = buf[i]
        if self._uart.write(self._heads[n]) != n:
            raise OSError(5)
        self.written_total = (self.written_total + n) & 0xFFFFFFF

    def readinto(self, buf: bytearray) -> int:
        """Put what has arrived into `buf`; return how many bytes."""
        if not self._uart.any():
            return 0
        return self._uart.readinto(buf) or 0

    def close(self) -> None:
        """Nothing to let go of."""
