"""How the guardian stands, as the controller heard it: a mirror of its supervisor that is written into the log."""

from firmware_py import blackbox

NO_MODE = -1
FOR_WALK = 1  # StatusFrame.armed


class Standing:
    """`state`, `mode` and `sound()` as schedulers and `Wearing` read them; `mode` is NO_MODE while not armed.

    log   firmware_py.hal.Log
    """

    def __init__(self, log) -> None:
        self._log = log
        self.state = 0
        self.mode = NO_MODE
        self._sound = 0
        self._heard = (0,) * 5

    def hear(self, t_us: int, armed: int, is_ready: int, state: int, fault: int, sound: int) -> bool:
        """Take in what a status says (`firmware_py.messages.StatusFrame`); what is new is noted.

        Return whether somebody has armed for walking: the walk begins anew then.
        """
        heard = (armed, is_ready, state, fault, sound)
        if heard == self._heard:
            return False
        is_new = armed == FOR_WALK and self._heard[0] != FOR_WALK
        self._heard = heard
        self.state = state
        self.mode = armed - 1
        self._sound = sound
        self._log.note(blackbox.HEARD, t_us, *heard)
        return is_new

    def sound(self) -> int:
        """Return what the guardian sounds."""
        return self._sound
