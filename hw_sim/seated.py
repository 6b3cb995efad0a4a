"""A person who sits for the check: thigh level, shank upright and still, the foot hanging free in the air.

The smallest honest leg for a test burst. The foot is the same body as in swing (`ankle.py`): gravity,
passive tissue, subtalar spring and the stimulated muscles turn it; the wearer's own muscles are silent,
whatever the severity. Not simulated: a shank that sways, a wearer who helps or is startled.
"""

import math
from dataclasses import replace

from .ankle import FreeFoot, inversion_torque_nm, lift_torque_nm
from .foot import SWING
from .geometry import STANDING_HIP_M
from .leg import Leg
from .severity import severity_named
from .walker import WalkerSettings

THIGH_RAD = math.radians(90.0)
CLEAR_OF_FLOOR_M = 0.1  # the heel switch is open
STILL_S = 3600.0
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
        settings = WalkerSettings(side=side, severity=severity, seed=seed, stand_s=STILL_S)
        super().__init__(settings, muscle_gains=muscle_gains, keeps_trace=False)
        self.wiring = wiring
        self.push_nm = 0.0
        relaxed = replace(severity_named(severity), has_control=False, residual_nm=0.0)
        self._hanging = FreeFoot(relaxed)
        self.walker.thigh_rad = THIGH_RAD
        self.walker.hip_m = STANDING_HIP_M
        self.foot.mode = SWING  # nothing holds it
        self.foot.toe_m = self.foot.heel_m = CLEAR_OF_FLOOR_M
        self.settle()

    def settle(self) -> None:
        """Let the foot come to rest without any time passing."""
        for _ in range(5_000):
            self._turn(0.0, 0.0)
        self._hanging.pitch_rate = self._hanging.roll_rate = 0.0
        self._show()

    def deliver(self, now_us: int, channel: int, current_ma: float, width_us: float) -> None:
        """Take one delivered pulse where its lead really ends."""
        muscle = self.wiring[channel] if channel in (0, 1) else channel
        if muscle is not None:
            super().deliver(now_us, muscle, current_ma, width_us)

    def _step(self) -> None:
        self.walker.step()
        now_us = self.walker.now_us
        self._turn(self.muscles[0].step(now_us), self.muscles[1].step(now_us))
        self._show()
        for sensors in self._sensors:
            sensors.look(self)

    def _turn(self, tibialis: float, peroneal: float) -> None:
        lift_nm = lift_torque_nm(tibialis, peroneal) + self.push_nm
        invert_nm = inversion_torque_nm(tibialis, peroneal)
        self._hanging.step(lift_nm, invert_nm, 0.0, 0.0, THIGH_RAD, 0.0, 0.0, None)

    def _show(self) -> None:
        foot, hanging = self.foot, self._hanging
        foot.pitch_rad, foot.pitch_rate, foot.pitch_acc = (
            hanging.pitch_rad,
            hanging.pitch_rate,
            hanging.pitch_acc,
        )
        foot.roll_rad, foot.roll_rate = hanging.roll_rad, hanging.roll_rate
