"""A buzzer and a vibration motor that write down what they were told, with the world's time."""

from collections.abc import Callable

from firmware_py.hal import Signals


class RecordedSignals(Signals):
    """Keep (world us, kind, number) for each tone, beep and vibration.

    now_us   returns the world's time, us, which does not wrap
    """

    def __init__(self, now_us: Callable[[], int]) -> None:
        self.told: list[tuple[int, str, int]] = []
        self._now_us = now_us

    def tone(self, number: int) -> None:
        self.told.append((self._now_us(), "tone", number))

    def beep(self, cue: int) -> None:
        self.told.append((self._now_us(), "beep", cue))

    def vibrate(self, cue: int) -> None:
        self.told.append((self._now_us(), "vibrate", cue))

    def numbers(self, kind: str) -> list[int]:
        """Return what was told of one kind, in order."""
        return [number for _, told, number in self.told if told == kind]

    def tone_at(self, at_us: int) -> int:
        """Return the tone that sounded at `at_us`."""
        tones = [number for when, kind, number in self.told if kind == "tone" and when <= at_us]
        return tones[-1] if tones else 0
