"""Arming takes a moment: the stimulator wakes up, a step still ends. Ask again until it is armed, for two seconds."""

from safety.clock import Age

ASK_MAX_US = 2_000_000


class Arming:
    """One wish to be armed, asked in every step until it is fulfilled.

    device        firmware_py.link.contracts.Device;  status  its DeviceStatus, filled before each step
    ask(is_test)  somebody wants to be armed
    end()         nobody does any more
    step(dt_us)   allocates nothing
    A stop or disarm by anybody ends the wish: whoever armed before it did not know of it.
    """

    def __init__(self, device, status) -> None:
        self.is_on: bool = False
        self._device = device
        self._status = status
        self._is_test: bool = False
        self._ends: int = 0
        self._age = Age()

    def ask(self, is_test: bool) -> None:
        """Begin to ask."""
        self._device.fill_status(self._status)
        self._ends = self._status.ends
        self._device.wish()
        self._is_test = is_test
        self._age.restart()
        self.is_on = True

    def end(self) -> None:
        """Ask no more."""
        self.is_on = False

    def step(self, dt_us: int) -> None:
        """Ask once more, if it is still wanted."""
        if not self.is_on:
            return
        self._age.advance(dt_us)
        if self._status.ends != self._ends or self._age.us > ASK_MAX_US:
            self.is_on = False
        elif self._is_test:
            self.is_on = not self._device.arm_test()
        else:
            self.is_on = not self._device.arm_walk()
