"""The wearer's hand: the stop, which acts on its edge, and keys that are read once a cycle."""

from safety.clock import Age

LONG_US = 2_000_000  # assumed, as of the wearer's keys: longer than a key is pressed by clothes or by chance
BOUNCE_US = 30_000

NOTHING = 0
SHORT = 1  # let go before LONG_US
LONG = 2  # has been down for LONG_US; once


class StopButton:
    """A contact that is closed at rest: pressed, a broken wire and a lost plug all read as "stop".

    pin   machine.Pin as input with pull-up, contact to ground. An interrupt catches presses shorter than a cycle.
    """

    def __init__(self, pin) -> None:
        self._pin = pin
        self._was_seen: bool = False
        pin.irq(self._seen, pin.IRQ_RISING)

    def take(self) -> bool:
        """Whether it is pressed now, or was since the last call."""
        is_pressed = self._was_seen or self._pin.value() != 0
        self._was_seen = False
        return is_pressed

    def _seen(self, pin) -> None:
        self._was_seen = True


class Key:
    """A contact that is open at rest, between pin (pull-up) and ground.

    step(dt_us) -> NOTHING, SHORT or LONG;  is_down
    """

    def __init__(self, pin) -> None:
        self._pin = pin
        self._level = Age()  # how long it reads other than `is_down`
        self._level.restart()
        self._held = Age()
        self._is_told: bool = True  # a key that is down at power-on says nothing until it was up
        self.is_down: bool = pin.value() == 0

    def step(self, dt_us: int) -> int:
        """Read it; time has passed since the last call."""
        self._held.advance(dt_us)
        is_down = self._pin.value() == 0
        if is_down == self.is_down:
            self._level.restart()
        else:
            self._level.advance(dt_us)
            if self._level.us >= BOUNCE_US:
                return self._changed(is_down)
        if self.is_down and not self._is_told and self._held.us >= LONG_US:
            self._is_told = True
            return LONG
        return NOTHING

    def _changed(self, is_down: bool) -> int:
        self.is_down = is_down
        self._level.restart()
        if is_down:
            self._held.restart()
            self._is_told = False
            return NOTHING
        is_short = not self._is_told
        self._is_told = True
        return SHORT if is_short else NOTHING
