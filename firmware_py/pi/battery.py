"""The charge of the supply, as the kernel tells it: a file `capacity` with 0 to 100 in /sys/class/power_supply."""

from pathlib import Path

SYS = Path("/sys/class/power_supply")


class BatteryError(OSError):
    """The battery named in the configuration is not there. The text is one sentence for a person."""

    is_for_people = True


class Battery:
    """`percent()` returns 0 to 100; a gauge that does not answer any more counts as what it said last.

    name   of the supply, a folder in /sys/class/power_supply (`ls` shows it)
    """

    def __init__(self, name: str, root: Path = SYS) -> None:
        self._file = root / name / "capacity"
        self.is_silent = False
        self._percent = 0
        self._percent = self._read()
        if self.is_silent:
            shown = ", ".join(sorted(one.name for one in root.glob("*"))) or "nothing"
            raise BatteryError(
                f"{self._file} says no charge; {root} shows {shown}. Load the driver of the battery board, or leave "
                "battery in [supply] empty."
            )

    def percent(self) -> int:
        """Ask the gauge."""
        self._percent = self._read()
        return self._percent

    def _read(self) -> int:
        try:
            percent = int(self._file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            percent = -1
        self.is_silent = not 0 <= percent <= 100
        return self._percent if self.is_silent else percent
