"""The pairing window: open by a button for a minute, three attempts, a fresh passkey for each.

A passkey that stays the same is found in 13 attempts, because each failed one tells a bit of it; so none is ever
used twice, and none is written anywhere but on the display.
"""

from firmware_py.link.clocks import Countdown

WINDOW_S = 60
ATTEMPTS_MAX = 3
PASSKEY_MAX = 999_999


class Pairing:
    """Say whether a central may pair now, and with which passkey.

    chance, display   of `firmware_py.link.contracts`
    button()          a person at the device allows it for WINDOW_S
    begin()           a central asks to pair: False if it must be refused
    fresh()           a passkey for this attempt, which is shown; or
    show(passkey)     the one that the Bluetooth stack has made
    end(is_paired)    the attempt is over: nothing is shown any longer; after a success the window is closed
    """

    def __init__(self, chance, display) -> None:
        self._chance = chance
        self._display = display
        self._window = Countdown()
        self._attempts: int = 0
        self._is_shown: bool = False

    @property
    def is_open(self) -> bool:
        """Whether a central may pair now."""
        return self._window.left_s > 0 and self._attempts < ATTEMPTS_MAX

    def button(self) -> None:
        """Open the window."""
        self._window.start(WINDOW_S)
        self._attempts = 0

    def begin(self) -> bool:
        """Count an attempt; say whether it may go on."""
        if not self.is_open:
            return False
        self._attempts += 1
        return True

    def fresh(self) -> int:
        """Return a new passkey, 1 to 999999, and show it."""
        passkey = new_passkey(self._chance)
        self.show(passkey)
        return passkey

    def show(self, passkey: int) -> None:
        """Show the passkey of this attempt."""
        self._is_shown = True
        self._display.show_passkey(passkey)

    def end(self, is_paired: bool) -> None:
        """The attempt is over."""
        if is_paired:
            self._window.start(0)
        if self._is_shown:
            self._is_shown = False
            self._display.clear()

    def advance(self, dt_us: int) -> None:
        """Let `dt_us` pass."""
        self._window.advance(dt_us)


def new_passkey(chance) -> int:
    """Return a number from 1 to 999999, each as likely as the others; 0 is none: a stack was seen to hang at it."""
    while True:
        b = chance.fill(3)
        value = (b[0] | b[1] << 8 | b[2] << 16) & 0xFFFFF
        if 1 <= value <= PASSKEY_MAX:
            return value
