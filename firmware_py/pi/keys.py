"""The wearer's keys on GPIO lines: contacts that are open at rest, without their bouncing."""

from collections.abc import Callable

from firmware_py.pi.gpio_port import Contact

BOUNCE_US = 30_000  # so long a level has to last before it counts


class Key:
    """One key. `step(now_us)` returns True when it has gone down, False when it has come up, None for no change.

    A key that is down at the start says nothing until it was up; one that cannot be read any more counts as up.
    """

    def __init__(self, contact: Contact) -> None:
        self._contact = contact
        self._is_closed = contact.is_closed
        self._since_us = 0
        self._was_up = not contact.is_closed
        self._is_down = False

    def step(self, now_us: int) -> bool | None:
        """Look at the edges until `now_us` (does not wrap)."""
        for t_us, is_closed in self._contact.read():
            if is_closed != self._is_closed:
                self._is_closed, self._since_us = is_closed, t_us
        if self._contact.is_gone:
            self._is_closed = False
        if now_us - self._since_us < BOUNCE_US:
            return None
        self._was_up |= not self._is_closed
        if self._is_closed == self._is_down or not self._was_up:
            return None
        self._is_down = self._is_closed
        return self._is_down

    def close(self) -> None:
        """Let go of the line."""
        self._contact.close()


class Keys:
    """All keys of the wearer, read once a cycle.

    keys   pairs of a contact and what to tell at each change: tell(is_down)
    """

    def __init__(self, keys: list[tuple[Contact, Callable[[bool], object]]]) -> None:
        self._keys = [(Key(contact), tell) for contact, tell in keys]

    def step(self, now_us: int) -> None:
        """Tell what has changed."""
        for key, tell in self._keys:
            is_down = key.step(now_us)
            if is_down is not None:
                tell(is_down)

    def close(self) -> None:
        """Let go of all lines."""
        for key, _ in self._keys:
            key.close()
