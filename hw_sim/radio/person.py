"""A simulated person who sits while nobody has armed a walk, and walks while it is armed; with one pair of sensors.

The change from sitting to walking takes no time. Getting up is not simulated.
"""

from firmware_py.hal import Sensors
from hw_sim.leg import Leg
from hw_sim.seated import SeatedLeg
from hw_sim.sensors import SimSensors
from hw_sim.walker_settings import WalkerSettings
from safety.clock import WRAP_MASK_US

STAND_S = 1.0


class Person(Sensors):
    """Leg and sensors in one: `advance` and `deliver` for the world, `read` for the loop.

    t_us_start   clock reading at time 0
    goes(walks)  sits down or gets up, if that is something else than before
    """

    def __init__(self, *, severity: str, side: str, seed: int, t_us_start: int) -> None:
        self._severity, self._side, self._seed = severity, side, seed
        self._t_us_start = t_us_start
        self._now_us = 0
        self.is_walking = False
        self._be(SeatedLeg(severity=severity, side=side, seed=seed))

    def goes(self, walks: bool) -> None:
        """Walk from now on, or sit."""
        if walks == self.is_walking:
            return
        self.is_walking = walks
        if walks:
            settings = WalkerSettings(
                severity=self._severity, side=self._side, seed=self._seed, stand_s=STAND_S
            )
            self._be(Leg(settings, keeps_trace=False))
        else:
            self._be(SeatedLeg(severity=self._severity, side=self._side, seed=self._seed))

    def advance(self, dt_us: int) -> None:
        """Let time pass."""
        self._now_us += dt_us
        self._leg.advance(dt_us)

    def deliver(self, now_us: int, channel: int, current_ma: float, width_us: float) -> None:
        """Take a pulse that the stimulator delivered."""
        if now_us >= self._since_us:
            self._leg.deliver(now_us - self._since_us, channel, current_ma, width_us)

    def read(self, sample) -> bool:
        """As the HAL says."""
        return self._sensors.read(sample)

    def _be(self, leg: Leg) -> None:
        self._since_us = self._now_us
        self._leg = leg
        t_us = (self._t_us_start + self._now_us) & WRAP_MASK_US
        self._sensors = SimSensors(leg, place="foot", t_us_start=t_us, has_heel=True)
