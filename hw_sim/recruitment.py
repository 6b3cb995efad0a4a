"""How much of a muscle a pulse reaches, by current and width: two published shapes."""

import math
from dataclasses import dataclass

CHRONAXIE_US = 200.0  # assumed, motor nerve through the skin


@dataclass(frozen=True, slots=True, kw_only=True)
class Recruitment:
    """Strength and duration after Lapicque and Weiss: z = current / (1 + chronaxie / width), mA, on a sigmoid.

    threshold_ma  z at which force begins;  half_ma  z in the middle;  spread_ma  width of the sigmoid (assumed)
    """

    threshold_ma: float
    half_ma: float
    spread_ma: float

    def share(self, current_ma: float, width_us: float) -> float:
        """Return the recruited share, 0 to 1, of one pulse."""
        if current_ma <= 0.0 or width_us <= 0.0:
            return 0.0
        z_ma = current_ma / (1.0 + CHRONAXIE_US / width_us)
        floor = self._sigmoid(self.threshold_ma)
        return min(1.0, max(0.0, (self._sigmoid(z_ma) - floor) / (1.0 - floor)))

    def current_of(self, share: float, width_us: float) -> float:
        """Return the current, mA, that recruits `share` (above 0, below 1) at `width_us`."""
        floor = self._sigmoid(self.threshold_ma)
        s = floor + share * (1.0 - floor)
        z_ma = self.half_ma + self.spread_ma * math.log(s / (1.0 - s))
        return z_ma * (1.0 + CHRONAXIE_US / width_us)

    def _sigmoid(self, z_ma: float) -> float:
        return 1.0 / (1.0 + math.exp(-(z_ma - self.half_ma) / self.spread_ma))


TIBIALIS_ANTERIOR = Recruitment(threshold_ma=10.0, half_ma=16.0, spread_ma=2.2)
PERONEAL = Recruitment(threshold_ma=7.0, half_ma=11.0, spread_ma=1.6)
PLANTARFLEXORS = Recruitment(
    threshold_ma=14.0, half_ma=24.0, spread_ma=3.5
)  # a large muscle under thicker skin


def hmed_share(current_ma: float) -> float:
    """Return the share by current alone of a quadriceps: Hmed et al. 2018, Comput Biol Med 101:218."""
    return 0.586 * (math.tanh(0.026 * (current_ma - 63.1)) + 0.833)
