"""A simulated walk through the whole loop over a cable in memory, for pictures and tests of what settings do."""

from collections.abc import Callable
from dataclasses import replace

from firmware_py.cycle import CYCLE_US
from firmware_py.hal import Sensors
from hw_sim.electrode import ElectrodeLoad
from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.emulators.p24 import P24
from hw_sim.exercise_signals import RecordedSignals
from hw_sim.leg import Leg
from hw_sim.reach import reach, straight
from hw_sim.sensors import SimSensors
from hw_sim.walker import WalkerSettings
from hw_sim.world import T_START_US, World
from hw_sim.world import Leg as Legs
from safety.sample import Sample
from stimulator.cues import Cues
from stimulator.prescription import Prescription
from stimulator.wearer import DEFAULT_CORRIDOR, Corridor, Wearer

ARMED_AT_US = 1_000_000


class OtherHeel(Sensors):
    """The IMU of one leg with the heel switch of the other, which is sampled at the same times."""

    def __init__(self, own: Sensors, other: Sensors) -> None:
        self._own, self._other = own, other
        self._heard = Sample()

    def read(self, sample: Sample) -> bool:
        """Fill `sample` with the oldest unread reading; False if there is none."""
        if not self._own.read(sample):
            return False
        self._other.read(self._heard)
        sample.heel = self._heard.heel
        return True


class Pair:
    """Two legs that move together."""

    def __init__(self, *legs: Leg) -> None:
        self.legs = legs

    def advance(self, dt_us: int) -> None:
        """Let time pass for both."""
        for leg in self.legs:
            leg.advance(dt_us)


class WalkRun:
    """Somebody with a dropped foot stands, is armed after 1 s, and walks.

    walker    who walks;  corridor  of the keys;  switch_foot  under which heel the switch is
    other_behind   of the other leg, in strides; its steps follow half a stride later in an even walk
    deeds     called in each control cycle with this run: what a person does
    device.pulses, leg, signals.told, world.rows   say what came of it
    """

    def __init__(
        self,
        prescription: Prescription,
        walker: WalkerSettings,
        *,
        corridor: Corridor = DEFAULT_CORRIDOR,
        switch_foot: str = "own",
        other_behind: float = 0.5,
        deeds: Callable[["WalkRun"], None] = lambda run: None,
    ) -> None:
        self.prescription = prescription
        self.leg = Leg(walker)
        self.device = P24(load=ElectrodeLoad(), seed=1, on_pulse=lambda p: reach(self.leg, straight(p)))
        link = MemoryLink(self.device)
        sensors: Sensors = SimSensors(self.leg, place="foot", t_us_start=T_START_US)
        moving: Legs = self.leg
        self._other_leg: Leg | None = None
        if switch_foot == "other":
            other = self._other_leg = Leg(
                replace(walker, side="left", stand_s=walker.stand_s + walker.stride_s * other_behind)
            )
            sensors = OtherHeel(sensors, SimSensors(other, place="foot", t_us_start=T_START_US))
            moving = Pair(self.leg, other)
        self.world = World(
            sensors=sensors,
            port=link.open_port(),
            link=link,
            prescription=prescription,
            place="foot",
            has_switch=True,
            switch_foot=switch_foot,
            leg=moving,
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

    def other_contacts_s(self) -> list[float]:
        """Return when the other heel met the ground, s."""
        return [] if self._other_leg is None else [s.swing_end_us / 1e6 for s in self._other_leg.strides]

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
