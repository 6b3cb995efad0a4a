"""Who is there and what that allows: a table of (state, event) -> state. A pair that is not in it leads to LEAVING.

ALONE        nobody is connected; leaves when a central connects
STRANGER     connected, not paired: may read what is open, is dropped after 20 s; leaves when the link is encrypted
             with a key from a passkey or comparison
WEARER       paired: status, telemetry, level, pause, stop; leaves by PIN
THERAPIST    by PIN: prescription, tests, arming, log; back to WEARER by itself, by request and with a new hello
ENGINEER     by PIN: besides, users and bonds
LEAVING      is being disconnected: nothing is allowed but stop; leaves when the link is gone
"""

from firmware_py.link import ops
from firmware_py.link.clocks import Countdown

# fmt: off
ALONE, STRANGER, WEARER, THERAPIST, ENGINEER, LEAVING = range(6)
CONNECTED, SECURED, UNLOCKED, UNLOCKED_ENGINEER, LOCKED, TIME_UP, DISCONNECTED, UNKNOWN = range(8)

____ = LEAVING  # not in the table
NEXT = (  # ALONE  STRANGER  WEARER     THERAPIST  ENGINEER   LEAVING
    (STRANGER, ____,     ____,      ____,      ____,      LEAVING),  # CONNECTED
    (____,     WEARER,   WEARER,    THERAPIST, ENGINEER,  LEAVING),  # SECURED: the key may be refreshed
    (____,     ____,     THERAPIST, THERAPIST, THERAPIST, LEAVING),  # UNLOCKED
    (____,     ____,     ENGINEER,  ENGINEER,  ENGINEER,  LEAVING),  # UNLOCKED_ENGINEER
    (____,     ____,     WEARER,    WEARER,    WEARER,    LEAVING),  # LOCKED: asked for, or too long idle
    (____,     LEAVING,  WEARER,    THERAPIST, ENGINEER,  LEAVING),  # TIME_UP: of a stranger
    (ALONE,    ALONE,    ALONE,     ALONE,     ALONE,     ALONE),    # DISCONNECTED
    (____,     ____,     ____,      ____,      ____,      ____),     # UNKNOWN: any other number
)
# fmt: on

STRANGER_MAX_S = 20
TYPING_MAX_S = 60  # from the begin of the first pairing: somebody reads six digits and types them
UNLOCKED_MAX_S = (
    15 * 60
)  # assumed: without an operation; a therapist who walked away has left the laptop open


class Access:
    """The state, and the two clocks that move it.

    state         ALONE to LEAVING
    event(e)      something happened
    advance(dt)   time passes; True if a role was locked by it
    types()       somebody has begun to pair, and needs time to type
    used()        the one who unlocked is still at work
    """

    def __init__(self) -> None:
        self.state: int = ALONE
        self._stranger = Countdown()
        self._has_typed: bool = False
        self._unlocked = Countdown()

    def event(self, event: int) -> None:
        """Move on; an unknown event leads to LEAVING."""
        if not 0 <= event < UNKNOWN:
            event = UNKNOWN
        old = self.state
        self.state = NEXT[event][old]
        if self.state == STRANGER and old != STRANGER:
            self._stranger.start(STRANGER_MAX_S)
            self._has_typed = False
        if event == UNLOCKED or event == UNLOCKED_ENGINEER:
            self.used()

    def types(self) -> None:
        """A stranger pairs; patience is longer for as long as it may take, once a connection."""
        if self.state == STRANGER and not self._has_typed:
            self._has_typed = True
            self._stranger.start(TYPING_MAX_S)

    def used(self) -> None:
        """Begin the idle time anew."""
        self._unlocked.start(UNLOCKED_MAX_S)

    def advance(self, dt_us: int) -> bool:
        """Let `dt_us` pass. Allocates nothing."""
        if self.state == STRANGER:
            if self._stranger.advance(dt_us):
                self.event(TIME_UP)
        elif (self.state == THERAPIST or self.state == ENGINEER) and self._unlocked.advance(dt_us):
            self.event(LOCKED)
            return True
        return False

    def may(self, op) -> bool:
        """Say whether whoever is there may ask for `op` (its proof comes on top)."""
        return WEARER <= self.state <= ENGINEER and self.state >= op.role

    def may_read(self, is_secure: bool) -> bool:
        """Say whether a characteristic may be read, written or subscribed to."""
        if is_secure:
            return WEARER <= self.state <= ENGINEER
        return STRANGER <= self.state <= ENGINEER


if (ops.WEARER, ops.THERAPIST, ops.ENGINEER) != (WEARER, THERAPIST, ENGINEER):
    raise ValueError("Roles of firmware_py.link.ops and states of firmware_py.link.access differ.")
