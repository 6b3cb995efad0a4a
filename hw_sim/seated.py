"""A person who sits for the check: thigh level, shank upright and still, the foot hanging free in the air.

The smallest honest leg for a test burst. The foot is the same body as in swing (`ankle.py`): gravity,
passive tissue, subtalar spring and the stimulated muscles turn it; the wearer's own muscles are silent,
whatever the severity. Not simulated: a shank that sways, a wearer who helps or is startled.
"""

import math
from dataclasses import replace

from .activities import Activity
from .ankle import Carriage, FreeFoot
from .leg import Leg
from .plan import FOREVER_S
from .severity import severity_named
from .style import Style
from .walker import WalkerSettings

THIGH_RAD = math.radians(90.0)
AS_WIRED = (0, 1)
SWAPPED = (1, 0)
OTHER_LEG = (None, None)


class SeatedLeg(Leg):
    """One leg of a seated person, with the sensors' view of `Leg`: `attach`, `deliver`, `advance`.

    side, severity   as in WalkerSettings
    wiring           per stimulator channel: the muscle that its pulses reach, 0 tibialis anterior, 1 peroneal,
                     None for somewhere else (the other leg). May be changed at any time.
    push_nm          torque that somebody or something else turns the toe up with, Nm; may be changed at any time
    """

    def __init__(
        self,
        *,
        side: str = "right",
        severity: str = "severe",
        seed: int = 1,
        wiring: tuple[int | None, int | None] = AS_WIRED,
        muscle_gains: tuple[float, float] = (1.0, 1.0),
    ) -> None:
        settings = WalkerSettings(side=side, severity=severity, seed=seed, style=Style())
        relaxed = replace(severity_named(severity), has_control=False, residual_nm=0.0)
        hangs = [Activity(do="hang", seconds=FOREVER_S)]
        super().__init__(
            settings, muscle_gains=muscle_gains, keeps_trace=False, activities=hangs, severity=relaxed
        )
        self.wiring = wiring
        rest = FreeFoot(relaxed)
        still = Carriage(shank_rad=0.0, shank_rate=0.0, knee_rad=THIGH_RAD)
        for _ in range(5_000):  # until it hangs still
            rest.step(0.0, 0.0, still)
        self._foot.hang(rest.pitch_rad, rest.roll_rad)
        self._foot.ahead_ms = 0  # `push_nm` may change at any time
        self._foot.run_to(0)

    @property
    def push_nm(self) -> float:
        """Torque that somebody or something else turns the toe up with, Nm."""
        return self._foot.outside_nm

    @push_nm.setter
    def push_nm(self, torque_nm: float) -> None:
        self._catch_up()
        self._foot.outside_nm = torque_nm

    def deliver(self, now_us: int, channel: int, current_ma: float, width_us: float) -> None:
        """Take one delivered pulse where its lead really ends."""
        muscle = self.wiring[channel] if channel in (0, 1) else channel
        if muscle is not None:
            super().deliver(now_us, muscle, current_ma, width_us)
            self._pulses.clear()  # no stride ends here
