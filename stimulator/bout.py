"""The trapezoid of one burst of an exercise: rise, hold, fall. It needs no step to begin and none to end."""

from stimulator.envelope import LEVEL_FULL, OFF

RISE = 1
HOLD = 2
FALL = 3


class Bout:
    """The trapezoid of one burst; stands where walking has its `Envelope`.

    begin(rise_ms, on_ms, fall_ms)   from zero;  fall()  down from where it is;  cut()  zero now
    step(dt_us) -> int               level, 0 to LEVEL_FULL
    state                            OFF, RISE, HOLD or FALL
    """

    def __init__(self) -> None:
        self.state: int = OFF
        self.level: int = 0
        self._state_us: int = 0
        self._from: int = 0  # level at which the fall began
        self._rise_ms: int = 0
        self._on_ms: int = 0
        self._fall_ms: int = 0

    def begin(self, rise_ms: int, on_ms: int, fall_ms: int) -> None:
        """A new burst; whole tens of ms."""
        self._rise_ms = rise_ms
        self._on_ms = on_ms
        self._fall_ms = fall_ms
        self.level = 0
        self._enter(RISE)

    def fall(self) -> None:
        """The rest of the burst is left out."""
        if self.state == RISE or self.state == HOLD:
            self._from = self.level
            self._enter(FALL)

    def cut(self) -> None:
        """Zero in this step."""
        self.level = 0
        self._enter(OFF)

    def step(self, dt_us: int) -> int:
        """Let `dt_us`, 0 to 100 ms, pass."""
        self._state_us += max(0, min(dt_us, 100_000))
        if self.state == RISE:
            self.level = min(LEVEL_FULL, self._state_us // (self._rise_ms // 10))
            if self._state_us >= self._rise_ms * 1000:
                self._enter(HOLD)
        elif self.state == HOLD:
            if self._state_us >= self._on_ms * 1000:
                self.fall()
        elif self.state == FALL:
            self.level = max(0, self._from - self._state_us // (self._fall_ms // 10))
            if self.level == 0:
                self._enter(OFF)
        return self.level

    def _enter(self, state: int) -> None:
        self.state = state
        self._state_us = 0
