"""How full the battery is, from its voltage behind a divider of two equal resistors."""

AVERAGED = 16  # readings, one a look: noise of the converter, dips while the piezo sounds
REFERENCE_MV = 3_300


class Battery:
    """Percent of a battery, linear between its empty and full voltage.

    adc   machine.ADC;  empty_mv, full_mv  of the battery itself
    look() -> int   read once; 0 to 100, -1 before the first full average
    """

    def __init__(self, adc, empty_mv: int, full_mv: int) -> None:
        self._adc = adc
        self._empty_mv = empty_mv
        self._full_mv = full_mv
        self._sum: int = 0
        self._n: int = 0
        self.mv: int = 0
        self._percent: int = -1

    def look(self) -> int:
        """Take one reading; return the percent of the last average."""
        self._sum += self._adc.read_u16()
        self._n += 1
        if self._n == AVERAGED:
            self.mv = self._sum // AVERAGED * REFERENCE_MV // 65_535 * 2
            self._percent = (self.mv - self._empty_mv) * 100 // (self._full_mv - self._empty_mv)
            self._percent = max(0, min(self._percent, 100))
            self._sum = 0
            self._n = 0
        return self._percent
