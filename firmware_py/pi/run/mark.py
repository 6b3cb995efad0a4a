"""That somebody is being helped, kept on the card: a start that finds it says that the last session was cut.

Power that fails, a parent that is killed: nothing could be heard then. The next start sounds it (`Processes.noticed`).
"""

from firmware_py.messages import StatusFrame
from firmware_py.pi.run.card import Card
from firmware_py.settings import SettingsStore
from safety.supervisor import SOUND_LOST

NAME = "in session"  # in the settings store
CUT = (
    "The last session was cut while somebody was being helped. The alarm sounds until a line is typed here, the stop "
    "or a key of the wearer's is pressed, or somebody arms. Ask how the wearer is."
)
NOT_KEPT = "if this session is cut, the next start will not say so."


class Mark:
    """Hears how the guardian stands, and sets the mark or takes it away.

    is_cut   the last session was cut, and nobody has noticed it yet
    """

    def __init__(self, store: SettingsStore, card: Card) -> None:
        self._store, self._card = store, card
        self.is_cut = _is_set(store)
        self._is_set = self.is_cut
        self._is_used = False

    def hear(self, status: StatusFrame) -> None:
        """Armed: from now on it would be a cut; not any more once the loss has been sounded."""
        if status.armed or status.stops:
            self.is_cut = False
        self._is_used = bool(status.armed) or (self._is_used and status.sound == SOUND_LOST)
        self._set(self._is_used or self.is_cut)

    def noticed(self) -> None:
        """Somebody has touched a key."""
        self.is_cut = False
        self._set(self._is_used)

    def end(self, *, is_noticed: bool) -> None:
        """The session ends; is_noticed: somebody wanted it, or has heard that it does. Else the mark stays as it is."""
        if is_noticed:
            self._set(False)

    def _set(self, is_set: bool) -> None:
        if is_set != self._is_set:
            self._is_set = is_set
            self._card.later(lambda: self._store.save(NAME, b"1" if is_set else b""), NOT_KEPT)


def _is_set(store: SettingsStore) -> bool:
    try:
        return bool(store.load(NAME))
    except ValueError:  # both copies are damaged: nothing is known, and channels are asked for again
        return False
