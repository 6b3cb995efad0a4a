"""The charge of the supply, as the kernel tells it: a file `capacity` with 0 to 100 in /sys/class/power_supply."""

from pathlib import Path

SYS = Path("/sys/class/power_supply")
UNKNOWN = 255


class BatteryError(OSError):
    """The battery named in the configuration is not there. The text is one sentence for a person."""

    is_for_people = True


class Battery:
    """`percent()` returns 0 to 100, or UNKNOWN: a gauge that does not answer, or says nonsense, says nothing.

    name   of the supply, a folder in /sys/class/power_supply (`ls` shows it); BatteryError if it is silent already
    """

    def __init__(self, name: str, root: Path = SYS) -> None:
        self._file = root / name / "capacity"
        if self.percent() == UNKNOWN:
            shown = ", ".join(sorted(one.name for one in root.glob("*"))) or "nothing"
            raise BatteryError(
                f"{self._file} says no charge; {root} shows {shown}. Load the driver of the battery board, or leave "
                "battery in [supply] empty."
            )

    def percent(self) -> int:
        """Ask the gauge."""
        try:
            percent = int(self._file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return UNKNOWN
        return percent if 0 <= percent <= 100 else UNKNOWN
