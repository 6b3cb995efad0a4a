"""A simulated person whose feet both drop: two legs in turn, two loops, one emulated P24."""

from collections.abc import Callable

from firmware_py.blackbox import RowRing
from firmware_py.both_legs import CHANNELS_EACH, LEG_NAMES
from firmware_py.compose import compose_both_legs
from firmware_py.cycle import CYCLE_US
from hw_sim.electrode import ElectrodeLoad
from hw_sim.emulators.load import DeliveredPulse
from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.emulators.p24 import P24
from hw_sim.exercise_signals import RecordedSignals
from hw_sim.faulty_sensors import FaultySensors
from hw_sim.leg import Leg
from hw_sim.sensors import SimSensors
from hw_sim.walker import WalkerSettings
from hw_sim.world import T_START_US, t_us_at
from stimulator.cues import Cues
from stimulator.drivers.sciencemode4_faults import FAULTS
from stimulator.prescription import Prescription, default_prescription
from stimulator.wearer import DEFAULT_CORRIDOR, Wearer

LEG_STEP_US = 1_000
CONNECT_MAX_US = 2_000_000
# Two legs with two channels each: 20 Hz is what a P24 answers. The slower rate lifts less, so there is more current.
RATE_HZ = 20
CURRENTS_UA = (30_000, 20_000)


class BothWorld:
    """Run both legs against one stimulator; time moves only by `advance`.

    legs      simulated legs, left and right, the right half a stride behind
    sensors   FaultySensors of each, so that one may go wrong
    rows      black box rows of each leg
    pulses(leg)   what the emulated stimulator delivered to that leg: (world us, its channel, mA)
    """

    def __init__(
        self,
        prescriptions: tuple[Prescription, Prescription],
        *,
        severity: str = "moderate",
        stride_s: float = 1.2,
        seed: int = 1,
        varies: bool = True,
        was_checked: bool = True,
    ) -> None:
        self.now_us = 0
        behind_s = (0.0, stride_s / 2)
        self.legs = tuple(
            Leg(
                WalkerSettings(
                    side=side,
                    severity=severity,
                    stride_s=stride_s,
                    stand_s=2.0 + behind,
                    seed=seed + i,
                    varies=varies,
                )
            )
            for i, (side, behind) in enumerate(zip(LEG_NAMES, behind_s, strict=True))
        )
        self.device = P24(load=ElectrodeLoad(), seed=seed, on_pulse=self._reach)
        self.link = MemoryLink(self.device)
        self._port = self.link.open_port()
        self.sensors = tuple(
            FaultySensors(SimSensors(leg, place="foot", t_us_start=T_START_US)) for leg in self.legs
        )
        self._rings = (RowRing(20_000), RowRing(20_000))
        self.rows = (bytearray(), bytearray())
        hows = [
            {
                "sensors": self.sensors[i],
                "log": self._rings[i],
                "prescription": prescriptions[i],
                "place": "foot",
                "has_switch": True,
                "was_checked": was_checked,
            }
            for i in (0, 1)
        ]
        self.both = compose_both_legs(port=self._port, left=hows[0], right=hows[1])
        self.signals = RecordedSignals(lambda: self.now_us)
        cues = Cues()
        self.wearer = Wearer(DEFAULT_CORRIDOR, cues)
        self.both.wear(self.wearer, cues, self.signals)
        self._next_cycle_us = 0

    def connect(self) -> None:
        """Let the driver find and prepare the stimulator; RuntimeError if it does not get there."""
        self.both.open()
        driver = self.both.legs[0].guard.driver
        deadline_us = self.now_us + CONNECT_MAX_US
        while not driver.is_ready():
            if driver.fault or self.now_us >= deadline_us:
                raise RuntimeError(FAULTS[driver.fault])
            self.advance(CYCLE_US)

    def arm(self) -> bool:
        """A person acknowledges and arms both legs."""
        self.both.acknowledge()
        deadline_us = self.now_us + CONNECT_MAX_US
        while not self.both.arm_walk():
            if self.now_us >= deadline_us:
                return False
            self.advance(CYCLE_US)
        return True

    def advance(self, dt_us: int, deed: Callable[[], None] = lambda: None) -> None:
        """Let `dt_us` of virtual time pass; `deed` is done before each control cycle."""
        end_us = self.now_us + dt_us
        while self.now_us < end_us:
            due_us = self.now_us + self.both.due_us(CYCLE_US)
            at_us = min(
                end_us, self._next_cycle_us, due_us, self.now_us - self.now_us % LEG_STEP_US + LEG_STEP_US
            )
            device_us = self.link.due_us(self.now_us)
            if device_us is not None:
                at_us = min(at_us, device_us)
            self._move_to(max(at_us, self.now_us + 1), deed)
        for ring, rows in zip(self._rings, self.rows, strict=True):
            rows += ring.drain()

    def pulses(self, leg: int) -> list[tuple[int, int, float]]:
        """Return the pulses that were delivered to one leg."""
        return [
            (p.start_us, p.channel % CHANNELS_EACH, abs(p.current_ma))
            for p in self.device.pulses
            if p.channel // CHANNELS_EACH == leg
        ]

    def _move_to(self, at_us: int, deed: Callable[[], None]) -> None:
        self.now_us = at_us
        if at_us % LEG_STEP_US == 0:
            for leg in self.legs:
                leg.advance(LEG_STEP_US)
        self.link.pump(at_us, self._port.written_total)
        if at_us >= self._next_cycle_us:
            self._next_cycle_us += CYCLE_US
            deed()
            self.both.cycle(t_us_at(at_us))
        self.both.step(t_us_at(at_us))
        self.link.pump(at_us, self._port.written_total)

    def _reach(self, pulse: DeliveredPulse) -> None:
        leg, channel = divmod(pulse.channel, CHANNELS_EACH)
        if channel < len(self.legs[leg].muscles):
            self.legs[leg].deliver(pulse.start_us, channel, abs(pulse.reached_ma), pulse.width_us)


def usual_prescription() -> Prescription:
    """Return the defaults at a rate that one P24 can give to four channels."""
    default = default_prescription()
    channels = tuple(
        c._replace(rate_hz=RATE_HZ, current_ua=ua)
        for c, ua in zip(default.channels, CURRENTS_UA, strict=True)
    )
    return default._replace(rise_ms=150, channels=channels)


def main_lines(seconds: float = 40.0, severity: str = "moderate", seed: int = 1) -> list[str]:
    """Walk with both legs, armed after a third of the time; return what a person reads."""
    world = BothWorld((usual_prescription(), usual_prescription()), severity=severity, seed=seed)
    world.connect()
    world.advance(round(seconds / 3 * 1e6) - world.now_us)
    armed_us = world.now_us
    is_armed = world.arm()
    world.advance(round(seconds * 1e6) - world.now_us)
    lines = [f"{seconds:.0f} s of walking with two dropped feet ({severity}), one emulated P24."]
    if not is_armed:
        lines.append("Walking could not be armed.")
    for name, leg, index in zip(LEG_NAMES, world.legs, (0, 1), strict=True):
        off = [s for s in leg.strides if s.swing_end_us <= armed_us]
        on = [s for s in leg.strides if s.start_us >= armed_us + 1_000_000]
        lines.append(
            f"{name}: toe drags in {sum(s.dragged for s in off)} of {len(off)} steps without stimulation, in "
            f"{sum(s.dragged for s in on)} of {len(on)} with it; {len(world.pulses(index))} pulses"
        )
    return lines
