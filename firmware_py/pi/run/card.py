"""What is to be kept on the card: it may take seconds to write, or hang, and the parent reads the keyboard's stop."""

import queue
import threading
from collections.abc import Callable

END_S = 3.0  # for a card to write what waits


class Card:
    """A thread that does, one after the other, what waits for the card.

    say   shows a sentence, and never waits
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._to_do: queue.SimpleQueue[tuple[Callable[[], None], str] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="card", daemon=True)
        self._thread.start()

    def later(self, what: Callable[[], None], otherwise: str) -> None:
        """Do it as soon as the card allows; `otherwise`: what it means if the card refuses."""
        self._to_do.put((what, otherwise))

    def close(self) -> None:
        """Wait until all is written; not for ever for a card that hangs."""
        self._to_do.put(None)
        self._thread.join(END_S)

    def _run(self) -> None:
        while (asked := self._to_do.get()) is not None:
            what, otherwise = asked
            try:
                what()
            except OSError as e:
                self._say(f"The card refuses to keep something ({e.strerror}): {otherwise}")
