"""An exercise on a simulated person on a chair: plan, gate, driver, emulated P24, muscle and foot, step by step.

The guard has no part in it, because nothing here can go wrong on purpose: what the picture shows is the schedule
as the gate grants it and the stimulator delivers it. tests/test_exercise_loop.py goes through the guard.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from firmware_py.cycle import CYCLE_US
from gait_detect.detector import GaitDetector
from hw_sim.electrode import ElectrodeLoad
from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.emulators.p24 import P24
from hw_sim.exercise_signals import RecordedSignals
from hw_sim.seated import SeatedLeg
from hw_sim.sensors import SimSensors
from hw_sim.world import T_START_US, t_us_at
from safety import supervisor
from safety.clock import elapsed_us
from safety.gate import Gate
from safety.limits import PAUSE_US
from safety.pulse import PulseRequest, PulseResult
from safety.sample import Sample
from stimulator.cues import Cues, Speaker
from stimulator.drivers import capability
from stimulator.drivers.sciencemode4 import ScienceMode4
from stimulator.exercise import Exercise
from stimulator.exercise_plan import ExercisePlan
from stimulator.prescription import Prescription, channel_limits
from stimulator.wearer import DEFAULT_CORRIDOR, Corridor, Wearer, WithLevel

STEP_US = 1_000
CONNECT_US = 500_000
AFTER_US = 1_000_000
LENGTH_MAX_US = 2_000_000_000


@dataclass(slots=True)
class Armed:
    """Stands for a supervisor that is armed for an exercise."""

    state: int = supervisor.ARMED
    mode: int = supervisor.EXERCISE


@dataclass(slots=True)
class Trace:
    """What happened, each with the world's time, us."""

    phases: list[tuple[int, int]] = field(default_factory=list)
    toe_up_deg: list[tuple[int, float]] = field(default_factory=list)
    shares: list[tuple[int, int]] = field(default_factory=list)
    refused: list[tuple[int, int]] = field(default_factory=list)


class ExerciseRun:
    """Run `plan` once; `device.pulses`, `trace` and `signals.told` say what came of it.

    deeds   called in each control cycle with this run: what the person does (push the foot, keys, button)
    """

    def __init__(
        self,
        plan: ExercisePlan,
        prescription: Prescription,
        *,
        corridor: Corridor = DEFAULT_CORRIDOR,
        deeds: Callable[["ExerciseRun"], None] = lambda run: None,
    ) -> None:
        step_ua = capability.P24.current_step_ua
        self.now_us = 0
        self.plan = plan
        self.leg = SeatedLeg(severity="mild")
        self.device = P24(
            load=ElectrodeLoad(),
            seed=1,
            on_pulse=lambda p: self.leg.deliver(p.start_us, p.channel, p.reached_ma, p.width_us),
        )
        self.trace = Trace()
        self.signals = RecordedSignals(lambda: self.now_us)
        cues = Cues()
        self._armed = Armed()
        self.exercise = Exercise(plan, prescription, CYCLE_US, step_ua, self._armed, True, cues)
        self.wearer = Wearer(corridor, cues)
        self.level = WithLevel(self.exercise, self.wearer, step_ua, cues, is_exercise=True)
        self._deeds = deeds
        self._speaker = Speaker(self.signals, cues)
        self._detector = GaitDetector(place="foot")
        self._sensors = SimSensors(self.leg, place="foot", t_us_start=T_START_US, has_heel=False)
        self._sample = Sample()
        self._gate = Gate(channel_limits(prescription, capability.P24))
        self._driver = ScienceMode4()
        self._link = MemoryLink(self.device)
        self._port = self._link.open_port()
        self._rx = bytearray(256)
        self._waiting: list[PulseRequest] = []
        self._result = PulseResult()
        self._sequence = 0
        self._since_granted_us = PAUSE_US

    def run(self) -> "ExerciseRun":
        """Connect, start, and go on until the exercise is over."""
        self._driver.start()
        while self.now_us < CONNECT_US:
            self._advance()
        self._gate.arm()
        self.exercise.start()
        while self.exercise.is_running() and self.now_us < LENGTH_MAX_US:
            self._advance()
        end_us = self.now_us + AFTER_US
        while self.now_us < end_us:  # the foot comes to rest
            self._advance()
        return self

    def _advance(self) -> None:
        self.now_us += STEP_US
        self.leg.advance(STEP_US)
        self._gate.advance(STEP_US)
        self._since_granted_us = min(self._since_granted_us + STEP_US, PAUSE_US)
        self._link.pump(self.now_us, self._port.written_total)
        n = self._port.readinto(self._rx)
        while n > 0:
            self._driver.receive(self._rx, n)
            n = self._port.readinto(self._rx)
        n = self._driver.step(STEP_US)
        if n > 0:
            self._port.write(self._driver.tx, n)
        if self.now_us % CYCLE_US == 0:
            self._cycle()
        self._fire_due()
        self._link.pump(self.now_us, self._port.written_total)

    def _cycle(self) -> None:
        while self._sensors.read(self._sample):
            self._detector.step(self._sample)
        self._deeds(self)
        self.wearer.step(CYCLE_US)
        is_on = self._since_granted_us < PAUSE_US
        self._armed.state = supervisor.STIMULATING if is_on else supervisor.ARMED
        n = self.level.step(t_us_at(self.now_us), CYCLE_US, self._detector.state, True)
        for request in self.level.requests[:n]:
            kept = PulseRequest()
            kept.copy_from(request)
            self._waiting.append(kept)
        self._gate.cycle_finished((self.now_us // CYCLE_US) & 0xFFFFF)
        self._speaker.step(supervisor.SOUND_NONE, self.exercise.tone, self.wearer.is_muted)
        trace = self.trace
        if not trace.phases or trace.phases[-1][1] != self.exercise.phase:
            trace.phases.append((self.now_us, self.exercise.phase))
        trace.shares.append((self.now_us, self.level.share_percent))
        trace.toe_up_deg.append((self.now_us, self.leg.foot.pitch_rad * 57.29578))

    def _fire_due(self) -> None:
        for request in list(self._waiting):
            is_due = elapsed_us(t_us_at(self.now_us), request.fire_at_us) >= 0
            if not is_due or not self._driver.can_pulse() or self._gate.wait_us(request) > 0:
                continue
            self._waiting.remove(request)
            request.current_ua = self._driver.quantise_current_ua(request.current_ua)
            request.sequence = self._sequence
            self._sequence += 1
            if not self._gate.judge(t_us_at(self.now_us), request, self._result):
                self.trace.refused.append((self.now_us, self._result.reason))
                continue
            self._since_granted_us = 0
            granted_ua = self._result.granted_ua
            n = self._driver.encode_pulse(request.channel, granted_ua, request.width_us, request.gap_us)
            self._driver.pulse_written()
            self._port.write(self._driver.tx, n)
