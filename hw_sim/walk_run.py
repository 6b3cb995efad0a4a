"""A simulated walk through the whole loop over a cable in memory, for pictures and tests of what settings do."""

from collections.abc import Callable

from firmware_py.cycle import CYCLE_US
from hw_sim.electrode import ElectrodeLoad
from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.emulators.p24 import P24
from hw_sim.exercise_signals import RecordedSignals
from hw_sim.leg import Leg
from hw_sim.reach import reach
from hw_sim.sensors import SimSensors
from hw_sim.walker import WalkerSettings
from hw_sim.world import T_START_US, World
from stimulator.cues import Cues
from stimulator.prescription import Prescription
from stimulator.wearer import DEFAULT_CORRIDOR, Corridor, Wearer

ARMED_AT_US = 1_000_000


class WalkRun:
    """Somebody with a dropped foot stands, is armed after 1 s, and walks.

    walker    who walks;  corridor  of the keys;  has_switch  under the own heel
    deeds     called in each control cycle with this run: what a person does
    device.pulses, leg, signals.told, world.rows   say what came of it
    """

    def __init__(
        self,
        prescription: Prescription,
        walker: WalkerSettings,
        *,
        corridor: Corridor = DEFAULT_CORRIDOR,
        has_switch: bool = True,
        deeds: Callable[["WalkRun"], None] = lambda run: None,
    ) -> None:
        self.prescription = prescription
        self.leg = Leg(walker)
        self.device = P24(load=ElectrodeLoad(), seed=1, on_pulse=lambda p: reach(self.leg, p))
        link = MemoryLink(self.device)
        self.world = World(
            sensors=SimSensors(self.leg, place="foot", t_us_start=T_START_US, has_heel=has_switch),
            port=link.open_port(),
            link=link,
            prescription=prescription,
            place="foot",
            has_switch=has_switch,
            leg=self.leg,
        )
        self.signals = RecordedSignals(lambda: self.world.now_us)
        cues = Cues()
        self.wearer = Wearer(corridor, cues)
        self.world.loop.wear(self.wearer, cues, self.signals)
        self._deeds = deeds

    @property
    def now_us(self) -> int:
        """The world's time."""
        return self.world.now_us

    def run(self, seconds: float) -> "WalkRun":
        """Connect, arm, and walk until `seconds`."""
        world = self.world
        world.connect()
        world.advance(ARMED_AT_US - world.now_us)
        world.arm()
        while world.now_us < seconds * 1e6:
            self._deeds(self)
            world.advance(CYCLE_US)
        world.close()
        return self
