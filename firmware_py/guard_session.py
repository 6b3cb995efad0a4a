"""What runs out in use: the session's hour, the battery, the charge of the hour. It warns before it stops."""

from safety import faults
from safety.limits import SESSION_MAX_S

SESSION_WARN_S = 1_800  # R15
BATTERY_WARN_PERCENT = 15  # R22
BATTERY_LOW_PERCENT = 5

WARN_HOUR = 1  # this hour's charge is nearly used up
WARN_SESSION = 2
WARN_BATTERY = 4


class GuardSession:
    """Count the time since arming and hear the battery; both say which fault it is, 0 none."""

    def __init__(self) -> None:
        self._s: int = 0
        self._us: int = 0
        self._battery_percent: int = 100  # of a supply that nobody reads

    def restart(self) -> None:
        """A person has armed: that confirms a session."""
        self._s = 0
        self._us = 0

    def advance(self, dt_us: int) -> int:
        """Let armed time pass; return SESSION_OVER while the hour is up."""
        self._us += max(0, dt_us)
        if self._us >= 1_000_000:
            self._us -= 1_000_000
            self._s = min(self._s + 1, SESSION_MAX_S)
        return faults.SESSION_OVER if self._s >= SESSION_MAX_S else faults.NO_FAULT

    def take_battery(self, percent: int) -> None:
        """Hear the charge of the supply, 0 (too low for exact pulses) to 100 percent."""
        self._battery_percent = percent

    def battery_fault(self) -> int:
        """Return which fault the battery is, 0 none."""
        if self._battery_percent >= BATTERY_LOW_PERCENT:
            return faults.NO_FAULT
        return faults.BATTERY_LOW if self._battery_percent > 0 else faults.BATTERY_EMPTY

    def warnings(self, is_armed: bool, is_hour_nearly_up: bool) -> int:
        """Return the sum of WARN_*: what a person should be told without stopping."""
        hour = WARN_HOUR if is_hour_nearly_up else 0
        session = WARN_SESSION if is_armed and self._s >= SESSION_WARN_S else 0
        return hour + session + (WARN_BATTERY if self._battery_percent < BATTERY_WARN_PERCENT else 0)
