"""A person with a severe foot drop who walks with help, and everything that can be broken on the way."""

from benchmarks.fault_observer import FaultObserver
from hw_sim.demo import demo_prescription
from hw_sim.electrode import ElectrodeLoad
from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.emulators.p24 import P24, DeliveredPulse
from hw_sim.faulty_controller import FaultyController, FaultyWorld
from hw_sim.faulty_sensors import FaultySensors
from hw_sim.foot import GROUND, LOADING, SWING
from hw_sim.leg import Leg
from hw_sim.sensors import SimSensors
from hw_sim.walker import WalkerSettings
from hw_sim.world import T_START_US

PLACES = ("foot", "shank")
PHASES = ("standing", "stance", "heel-off", "swing", "loading")
STAND_S = 4.0
ARMED_AT_US = 1_000_000
STANDING_AT_US = 3_000_000  # a second before the first step
WALKED_US = 10_000_000  # five steps, all with help


class FaultRig:
    """A leg, its faulty sensors, a faulty controller, the real guard and the emulated stimulator."""

    def __init__(self, place: str, has_switch: bool, seed: int) -> None:
        self.place, self.has_switch = place, has_switch
        self.leg = Leg(WalkerSettings(severity="severe", seed=seed, stand_s=STAND_S), keeps_trace=False)
        self.observer = FaultObserver(self.leg)
        self.device = P24(load=ElectrodeLoad(), seed=seed, on_pulse=self.deliver)
        self.link = MemoryLink(self.device)
        self.port = self.link.open_port()
        inner = SimSensors(self.leg, place=place, t_us_start=T_START_US, has_heel=has_switch)
        self.sensors = FaultySensors(inner, seed=seed)
        self.world = FaultyWorld(
            sensors=self.sensors,
            port=self.port,
            link=self.link,
            prescription=demo_prescription(),
            place=place,
            has_switch=has_switch,
            leg=self.leg,
        )
        self.guard = self.world.loop.guard
        self.controller = FaultyController(self.world, self.sensors)
        self.world.look = self.look
        self.world.connect()
        self.world.advance(ARMED_AT_US - self.world.now_us)
        self.world.arm()

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

    def deliver(self, p: DeliveredPulse) -> None:
        """A pulse has left the stimulator: it reaches the observer and the leg."""
        self.observer.pulse(p)
        self.leg.deliver(p.start_us, p.channel, p.reached_ma, p.width_us)

    def look(self, now_us: int) -> None:
        """Something has happened; time is `now_us`."""
        self.observer.look(now_us)
