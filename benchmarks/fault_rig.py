"""A person with a severe foot drop who walks with help, and everything that can be broken on the way."""

from hw_sim.breaks import CONTROLLER, HEEL, IMU
from hw_sim.demo import demo_prescription
from hw_sim.foot import GROUND, LOADING, SWING
from hw_sim.leg import Leg
from hw_sim.rig import Rig
from hw_sim.walker import WalkerSettings

PLACES = ("foot", "shank")
PHASES = ("standing", "stance", "heel-off", "swing", "loading")
STAND_S = 4.0
ARMED_AT_US = 1_000_000
STANDING_AT_US = 3_000_000  # a second before the first step
WALKED_US = 10_000_000  # five steps, all with help


class FaultRig(Rig):
    """A Rig that looks after every event, and that has been armed."""

    def __init__(self, place: str, has_switch: bool, seed: int) -> None:
        self.place, self.has_switch = place, has_switch
        super().__init__(
            Leg(WalkerSettings(severity="severe", seed=seed, stand_s=STAND_S), keeps_trace=False),
            prescription=demo_prescription(),
            place=place,
            has_switch=has_switch,
            can_break=frozenset((HEEL, IMU, CONTROLLER)),
        )
        self.observer = self.meter.observer
        self.port = self.way.port
        self.world.look = self.look
        self.connect()
        self.world.advance(ARMED_AT_US - self.world.now_us)
        self.arm()

    def go_to(self, phase: str) -> None:
        """Walk until the foot is in `phase`."""
        if phase == "standing":
            self.world.advance(STANDING_AT_US - self.world.now_us)
            return
        self.world.advance(WALKED_US - self.world.now_us)
        was_other = False
        for _ in range(5_000):
            is_there = self._is_in(phase)
            if is_there and was_other:
                return
            was_other = was_other or not is_there
            self.world.advance(1_000)
        raise RuntimeError(f"The walker never came to {phase}.")

    def _is_in(self, phase: str) -> bool:
        foot, walker = self.leg.foot, self.leg.walker
        if phase == "stance":
            return foot.mode == GROUND and walker.phase >= 0.3
        if phase == "heel-off":
            return foot.mode == GROUND and foot.heel_m > 0.015
        if phase == "swing":
            return foot.mode == SWING and walker.swing_share >= 0.4
        return foot.mode == LOADING

    def look(self, now_us: int) -> None:
        """Something has happened; time is `now_us`."""
        self.observer.look(now_us)
