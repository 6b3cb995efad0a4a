"""A stand-in of MicroPython's `select`, for the USB console alone."""

from chip import CHIP

POLLIN = 1


class _Ready:
    """An iterator that is there once for all, as on a chip: it is asked without allocation."""

    def __init__(self):
        self.left = 0

    def __iter__(self):
        return self

    def __next__(self):
        if self.left == 0:
            raise StopIteration
        self.left = 0
        return self


class poll:
    def __init__(self):
        self._ready = _Ready()

    def register(self, stream, events=1):
        pass

    def ipoll(self, timeout=0):
        self._ready.left = 1 if CHIP.typed_n else 0
        return self._ready
