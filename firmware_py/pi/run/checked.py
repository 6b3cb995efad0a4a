"""That leg and channels were checked outlives the session, until a lead is handled; writing it holds nothing up."""

from firmware_py.messages import StatusFrame
from firmware_py.pi.run.card import Card
from firmware_py.profile import forget_checked, keep_checked
from firmware_py.settings import SettingsStore
from safety import faults
from stimulator.prescription import Prescription

FOR_WALK = 1
FORGOTTEN = "a lead was open; check leg and channels at the next start, even if it does not ask."
NOT_KEPT = "leg and channels will be asked for again at the next start."


class Check:
    """Hears how the guardian stands, and keeps the check or forgets it.

    store, name    the settings, and the hash of the profile;  prescription   what the session runs with
    is_known       it was checked before, and the guardian was told so;  card   writes
    """

    def __init__(
        self,
        store: SettingsStore,
        name: str,
        prescription: Prescription,
        is_known: bool,
        card: Card,
    ) -> None:
        self._store, self._name, self._prescription = store, name, prescription
        self._is_kept, self._card = is_known, card
        self._is_open_lead = False

    def hear(self, status: StatusFrame) -> None:
        """Armed for walking shows that the guardian counts it as checked; after an open lead it does not."""
        is_open_lead = status.fault == faults.LEAD_OPEN
        if is_open_lead and not self._is_open_lead:
            self._is_kept = False
            self._card.later(lambda: forget_checked(self._store), FORGOTTEN)
        self._is_open_lead = is_open_lead
        if status.armed == FOR_WALK and not self._is_kept:
            self._is_kept = True
            self._card.later(lambda: keep_checked(self._store, self._name, self._prescription), NOT_KEPT)
