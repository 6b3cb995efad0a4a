"""An exercise on a simulated person on a chair, through the whole loop: keys, guard, driver, emulated P24, the foot."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from firmware_py import blackbox
from firmware_py.cycle import CYCLE_US
from hw_sim.electrode import ElectrodeLoad
from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.emulators.p24 import P24
from hw_sim.exercise_signals import RecordedSignals
from hw_sim.reach import reach, straight
from hw_sim.seated import SeatedLeg
from hw_sim.sensors import SimSensors
from hw_sim.world import T_START_US, StimulatorNotReady, World
from safety import reasons
from stimulator.cues import Cues
from stimulator.exercise_plan import ExercisePlan
from stimulator.prescription import Prescription, prescription_hash
from stimulator.wearer import DEFAULT_CORRIDOR, Corridor, Wearer

ARM_MAX_US = 2_000_000
AFTER_US = 1_000_000
DEG_PER_RAD = 57.29578


@dataclass(slots=True)
class Trace:
    """What happened, each with the time since `start` of the exercise, us."""

    phases: list[tuple[int, int]] = field(default_factory=list)
    toe_up_deg: list[tuple[int, float]] = field(default_factory=list)
    shares: list[tuple[int, int]] = field(default_factory=list)


class ExerciseRun:
    """Run `plan` once; `pulses()`, `trace`, `signals` and `refused()` say what came of it.

    deeds      called in each control cycle with this run: what the person does (push the foot, keys, button)
    log_path   black box file, or None
    now_us     since the start of the exercise
    """

    def __init__(
        self,
        plan: ExercisePlan,
        prescription: Prescription,
        *,
        corridor: Corridor = DEFAULT_CORRIDOR,
        deeds: Callable[["ExerciseRun"], None] = lambda run: None,
        log_path: Path | None = None,
    ) -> None:
        self.plan = plan
        self.prescription = prescription
        self.leg = SeatedLeg(severity="mild")
        self.device = P24(
            load=ElectrodeLoad(),
            seed=1,
            on_pulse=lambda p: reach(self.leg, straight(p)),
        )
        link = MemoryLink(self.device)
        self.world = World(
            sensors=SimSensors(self.leg, place="foot", t_us_start=T_START_US, has_heel=False),
            port=link.open_port(),
            link=link,
            prescription=prescription,
            place="foot",
            has_switch=False,
            leg=self.leg,
            log_path=log_path,
            about={"exercise": "seated", "prescription": prescription_hash(prescription)},
        )
        self.trace = Trace()
        self._zero_us = 0
        self.signals = RecordedSignals(lambda: self.now_us)
        cues = Cues()
        self.wearer = Wearer(corridor, cues)
        loop = self.world.loop
        loop.wear(self.wearer, cues, self.signals)
        loop.prepare_exercise(plan)
        assert loop.exercise is not None
        self.exercise = loop.exercise
        self._deeds = deeds

    @property
    def now_us(self) -> int:
        """Time since the start of the exercise, us."""
        return self.world.now_us - self._zero_us

    def run(self, progress: Callable[["ExerciseRun"], None] = lambda run: None) -> "ExerciseRun":
        """Connect, arm, start, and go on until the exercise is over; `progress` is called in each cycle."""
        self.world.connect()
        loop = self.world.loop
        loop.guard.acknowledge()
        deadline_us = self.world.now_us + ARM_MAX_US
        while not loop.arm_exercise():
            if self.world.now_us >= deadline_us:
                raise StimulatorNotReady(self.world.device_sentence())
            self.world.advance(CYCLE_US)
        self._zero_us = self.world.now_us
        self.exercise.start()
        while self.exercise.is_running():
            self._advance()
            progress(self)
        end_us = self.now_us + AFTER_US
        while self.now_us < end_us:  # the foot comes to rest
            self._advance()
        self.world.close()
        return self

    def pulses(self, channel: int) -> list[tuple[float, float]]:
        """Return what the emulated stimulator delivered on a channel: (s since the start, mA)."""
        return [
            ((p.start_us - self._zero_us) / 1e6, abs(p.current_ma))
            for p in self.device.pulses
            if p.channel == channel
        ]

    def refused(self) -> list[int]:
        """Return the reason of every pulse that was asked for while armed and not granted."""
        found = []
        for kind, _, values in blackbox.rows(bytes(self.world.rows)):
            if kind == blackbox.RESULT and values[3] == 0 and values[5] != reasons.DISARMED:
                found.append(values[5])
        return found

    def _advance(self) -> None:
        self._deeds(self)
        self.world.advance(CYCLE_US)
        trace, at_us = self.trace, self.now_us
        if not trace.phases or trace.phases[-1][1] != self.exercise.phase:
            trace.phases.append((at_us, self.exercise.phase))
        share = self.world.loop.cycle.scheduler.share_percent
        if not trace.shares or trace.shares[-1][1] != share:
            trace.shares.append((at_us, share))
        trace.toe_up_deg.append((at_us, self.leg.foot.pitch_rad * DEG_PER_RAD))
