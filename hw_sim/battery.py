"""A battery that empties: what is left in per cent, by time and by what the pulses cost."""

from dataclasses import dataclass
from typing import Annotated

from .setting import NO_OTHER_KEYS, check, number

CELL_V = 3.7
EFFICIENCY = 0.5  # of the step up to the stimulator's voltage (assumed)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatterySettings:
    """The battery of a worn device. The usual one lasts some six hours of walking (assumed)."""

    __pydantic_config__ = NO_OTHER_KEYS

    capacity_mah: Annotated[float, number(10, 20_000, "mAh", "charge of a full battery")] = 600.0
    idle_ma: Annotated[float, number(0, 2000, "mA", "drawn all the time")] = 40.0
    full_percent: Annotated[float, number(0, 100, "%", "charged to at the start")] = 100.0
    rail_v: Annotated[float, number(20, 500, "V", "voltage from which the pulses are made")] = 150.0

    def __post_init__(self) -> None:
        check(self)


class Battery:
    """`advance` time, note each `pulse`, read `percent`. May be emptied at once by setting `left_mah`."""

    def __init__(self, settings: BatterySettings | None = None) -> None:
        self.settings = settings if settings is not None else BatterySettings()
        self.left_mah = self.settings.capacity_mah * self.settings.full_percent / 100.0

    def advance(self, dt_us: int) -> None:
        """Let `dt_us` pass."""
        self._draw_mas(self.settings.idle_ma * dt_us * 1e-6)

    def pulse(self, current_ma: float, width_us: float) -> None:
        """Pay for one balanced pulse: both phases are drawn from the rail."""
        charge_mas = 2.0 * abs(current_ma) * width_us * 1e-6
        self._draw_mas(charge_mas * self.settings.rail_v / CELL_V / EFFICIENCY)

    @property
    def percent(self) -> int:
        """What is left, 0 to 100."""
        return round(100.0 * self.left_mah / self.settings.capacity_mah)

    def _draw_mas(self, charge_mas: float) -> None:
        self.left_mah = max(0.0, self.left_mah - charge_mas / 3600.0)
