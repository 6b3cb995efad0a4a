"""The far end of a test button: beats that prove that somebody holds it now, not some time ago.

Each answer of the device carries a ticket, and the next beat must bring it back. So the device knows that whoever
sent the beat was alive after the ticket was made, however long the radio kept the beat. LIFE_MAX_US after that
moment the button counts as released, whether beats wait in a queue or not. The control cycle has its own limit
on top (`stimulator.test_burst`): it ends the burst by itself if this code does not run at all.
"""

from firmware_py.link import ops
from safety.clock import Age

LIFE_MAX_US = 575_000  # off within 600 ms of a cut: a cycle and a waiting pulse come on top


class Bursts:
    """One press at a time.

    device    firmware_py.link.contracts.Device;  chance  for tokens
    hold(channel, current_max_ua), beat(token, ticket), release()
    step(dt_us)   in the control cycle; allocates nothing
    is_held       True from hold to release;  left_us  until the burst ends without a beat
    """

    def __init__(self, device, chance) -> None:
        self.is_held: bool = False
        self.token: int = 0
        self.ticket: int = 0
        self._device = device
        self._chance = chance
        self._ticket = Age()  # since the newest ticket was made
        self._life = Age()  # since the ticket of the newest beat was made

    @property
    def left_us(self) -> int:
        """How long the burst goes on without a beat, us."""
        return max(0, LIFE_MAX_US - self._life.us) if self.is_held else 0

    def hold(self, channel: int, current_max_ua: int):
        """The button goes down; return (result, sentence)."""
        if self.is_held:
            return ops.WRONG_STATE, ""
        self._device.release()  # a press that was cut off elsewhere must not block this one
        try:
            self._device.hold(channel, current_max_ua)
        except ValueError as e:
            return ops.BAD_VALUE, str(e)
        b = self._chance.fill(4)
        self.token = b[0] | b[1] << 8
        self.ticket = b[2] | b[3] << 8
        self._ticket.restart()
        self._life.restart()
        self.is_held = True
        return ops.OK, ""

    def beat(self, token: int, ticket: int) -> int:
        """Somebody still holds the button. Anything that does not fit is no beat."""
        if not self.is_held or token != self.token or ticket != self.ticket:
            return ops.STALE
        self._life.us = self._ticket.us
        self.ticket = (ticket + 1) & 0xFFFF
        self._ticket.restart()
        self._device.beat()
        return ops.OK

    def release(self) -> None:
        """The button is up. Allocates nothing."""
        self.is_held = False
        self._device.release()

    def step(self, dt_us: int) -> None:
        """Let `dt_us` pass."""
        if self.is_held:
            self._ticket.advance(dt_us)
            self._life.advance(dt_us)
            if self._life.us > LIFE_MAX_US:
                self.release()
