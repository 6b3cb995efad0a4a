"""That leg and channels were checked outlives the session, until a lead is handled; writing it holds nothing up."""

import queue
import threading
from collections.abc import Callable

from firmware_py.messages import StatusFrame
from firmware_py.profile import forget_checked, keep_checked
from firmware_py.settings import SettingsStore
from safety import faults
from stimulator.prescription import Prescription

FOR_WALK = 1
END_S = 3.0  # for a card to write what waits


class Check:
    """Hears how the guardian stands, and keeps the check or forgets it.

    store, name    the settings, and the hash of the profile;  prescription   what the session runs with
    is_known       it was checked before, and the guardian was told so;  say   shows a sentence
    The card may take seconds to write, or hang, and this process reads the keyboard's stop: a thread writes.
    """

    def __init__(
        self,
        store: SettingsStore,
        name: str,
        prescription: Prescription,
        is_known: bool,
        say: Callable[[str], None],
    ) -> None:
        self._store, self._name, self._prescription = store, name, prescription
        self._is_kept, self._say = is_known, say
        self._to_write: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="check", daemon=True)
        self._writer.start()
        self._is_open_lead = False

    def hear(self, status: StatusFrame) -> None:
        """Armed for walking shows that the guardian counts it as checked; after an open lead it does not."""
        is_open_lead = status.fault == faults.LEAD_OPEN
        if is_open_lead and not self._is_open_lead:
            self._is_kept = False
            self._to_write.put(lambda: forget_checked(self._store))
        self._is_open_lead = is_open_lead
        if status.armed == FOR_WALK and not self._is_kept:
            self._is_kept = True
            self._to_write.put(lambda: keep_checked(self._store, self._name, self._prescription))

    def close(self) -> None:
        """Wait until all is written; not for ever for a card that hangs."""
        self._to_write.put(None)
        self._writer.join(END_S)

    def _write(self) -> None:
        while (what := self._to_write.get()) is not None:
            try:
                what()
            except OSError as e:
                self._say(f"The check cannot be kept ({e.strerror}); it will be asked for again.")
