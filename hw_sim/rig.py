"""A person who walks, sensors, the real loop and an emulated stimulator, put together; everything can break.

Demo, scenarios and campaigns walk in it. What may break is chosen when it is made, so that a walk in which nothing
breaks costs nothing for what might.
"""

from collections.abc import Callable
from pathlib import Path

from firmware_py.cycle import CYCLE_US
from hw_sim.breaks import CONTROLLER, HEEL, IMU
from hw_sim.electrode import ElectrodeLoad
from hw_sim.emulators.load import DeliveredPulse
from hw_sim.emulators.transports import Transport, way_to
from hw_sim.faulty_controller import FaultyController, FaultyWorld
from hw_sim.faulty_sensors import FaultySensors
from hw_sim.leg import Leg
from hw_sim.metrics import WalkMeter
from hw_sim.reach import Arrival, reach, straight
from hw_sim.sensors import SimSensors
from hw_sim.world import T_START_US
from safety import supervisor
from stimulator.drivers import devices
from stimulator.drivers.devices import Device
from stimulator.prescription import Prescription

PulseFilter = Callable[[DeliveredPulse], Arrival | None]
LOOK_US = 200_000  # sound within this time counts as heard (DESIGN section 2)
ASK_MAX_US = 3_000_000  # the stimulator needs a moment after a stop (assumed patience)
SILENT_MAX = 1000


class Rig:
    """See the module. `connect`, `arm`, then `advance_to`; `close` at the end.

    leg                  who walks (hw_sim.leg.Leg)
    place, has_switch    where the IMU sits, whether a heel switch is fitted
    transport            how pulses travel: hw_sim.emulators.transports
    device               which stimulator is emulated (stimulator.drivers.devices.choose), default a P24
    on_its_way           may change or drop pulses between stimulator and leg
    can_break            groups of hw_sim.breaks that will break; others cannot
    keeps_all            keep rows, pulses and steps; False for campaigns and long walks
    meter                hw_sim.metrics.WalkMeter of this walk
    silent_steps         when swings began that got no help and no sound, us
    """

    def __init__(
        self,
        leg: Leg,
        *,
        prescription: Prescription,
        place: str = "foot",
        has_switch: bool = True,
        transport: Transport = "memory",
        device: Device | None = None,
        on_its_way: PulseFilter = straight,
        can_break: frozenset[str] = frozenset(),
        keeps_all: bool = True,
        log_path: Path | None = None,
        about: dict | None = None,
    ) -> None:
        seed = leg.settings.seed
        self.leg = leg
        self.load = ElectrodeLoad()
        self.open_leads: frozenset[int] = frozenset()
        self.meter = WalkMeter(leg, prescription, keeps_steps=keeps_all)
        self.silent_steps: list[int] = []
        self._on_its_way = on_its_way
        self._keeps_all = keeps_all
        self._was_heard = False
        self._asks_until_us = 0
        device = device or devices.choose(devices.P24)
        self.way = way_to(device, transport, load=self.load, seed=seed, on_pulse=self.deliver)
        self.device, self.link = self.way.device, self.way.link
        inner = SimSensors(leg, place=place, t_us_start=T_START_US, has_heel=has_switch)
        self.sensors = FaultySensors(inner, seed=seed)
        sensors = self.sensors if can_break & {HEEL, IMU} else inner
        self.world = FaultyWorld(
            sensors=sensors,
            port=self.way.port,
            link=self.link,
            device=device,
            driver=self.way.driver,
            check=self.way.check,
            prescription=prescription,
            place=place,
            has_switch=has_switch,
            side=leg.settings.side,
            leg=leg,
            log_path=log_path,
            about=about,
            keeps_rows=keeps_all,
        )
        self.guard = self.world.loop.guard
        if CONTROLLER in can_break:
            self.controller = FaultyController(self.world, sensors)

    def connect(self) -> None:
        """Let the driver find and prepare the stimulator."""
        self.world.connect()

    def arm(self) -> None:
        """A person acknowledges and arms; hw_sim.world.StimulatorNotReady if it will not."""
        self.world.arm()

    def ask_to_arm(self) -> None:
        """A person asks to be armed, and asks again until it is so or ASK_MAX_US have passed."""
        self._asks_until_us = self.world.now_us + ASK_MAX_US

    def advance_to(self, until_us: int) -> None:
        """Let time pass until `until_us`, looking at the walk every LOOK_US."""
        world = self.world
        while world.now_us < until_us:
            next_us = min(until_us, world.now_us - world.now_us % LOOK_US + LOOK_US)
            while self._asks_until_us > world.now_us and world.now_us < next_us:
                world.advance(min(CYCLE_US, next_us - world.now_us))
                if world.loop.arm_walk():
                    self._asks_until_us = 0
            world.advance(next_us - world.now_us)
            self._look()

    def close(self) -> None:
        """Bring the log to its end and let go of everything."""
        self.world.close()
        self.way.close()

    def deliver(self, pulse: DeliveredPulse) -> None:
        """A pulse has left the stimulator: it reaches the meter and, on its way, the leg."""
        self.meter.pulse(pulse)
        arrival = self._on_its_way(pulse)
        if arrival is not None:
            reach(self.leg, arrival)

    def _look(self) -> None:
        is_heard = self.guard.sound() != supervisor.SOUND_NONE
        self._was_heard = self._was_heard or is_heard
        for step in self.meter.look():
            if not step.is_helped and not self._was_heard and len(self.silent_steps) < SILENT_MAX:
                self.silent_steps.append(step.at_us)
            self._was_heard = is_heard
        if not self._keeps_all:
            self.device.pulses.clear()
