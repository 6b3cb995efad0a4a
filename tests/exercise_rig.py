"""What the tests of exercises share: a supervisor's face, a detector's state that can be told to step, the gate."""

from collections import Counter

from gait_detect.state import PHASE_NOT_WALKING, GaitState
from safety import limits, supervisor
from safety.clock import elapsed_us
from safety.gate import Gate
from safety.pulse import PulseResult
from stimulator.cues import Cues
from stimulator.drivers.capability import P24
from stimulator.exercise import OVER, Exercise
from stimulator.exercise_plan import default_plan
from stimulator.prescription import channel_limits, default_prescription

MASK = 2**30 - 1
CYCLE_US = 5_000
T0_US = 2**30 - 1_000_000  # the clock wraps in the countdown


class Armed:
    """Stands for a supervisor that is armed for an exercise."""

    def __init__(self):
        self.state = supervisor.ARMED
        self.mode = supervisor.EXERCISE


class Bench:
    """An exercise with the real gate behind it; `plan` changes the defaults."""

    def __init__(self, plan=None, prescription=None, is_foot: object = True, step_ua: int = 500, **changes):
        self.prescription = prescription or default_prescription()
        self.plan = (plan or default_plan(len(self.prescription.channels)))._replace(**changes)
        self.supervisor = Armed()
        self.cues = Cues()
        self.exercise = Exercise(
            self.plan, self.prescription, CYCLE_US, step_ua, self.supervisor, is_foot, self.cues
        )
        self.state = GaitState()
        self.state.phase, self.state.confidence = PHASE_NOT_WALKING, 100
        self.gate = Gate(channel_limits(self.prescription, P24._replace(current_step_ua=step_ua)))
        self.gate.arm()
        self.step_ua = step_ua
        self.now_us = 0
        self.cycle_number = 0
        self.sequences = [0, 0, 0, 0]
        self.asked = []  # (world us due, channel, current_ua)
        self.answers = Counter()  # reason -> pulses
        self.heard = []  # (world us, cue)
        self.phases = []  # (world us, phase), each change
        self.is_sure = True
        self._since_granted_us = 0
        self._gate_us = 0  # world time of the gate
        self._result = PulseResult()

    def cycle(self, dt_us=CYCLE_US):
        self.now_us += dt_us
        t_us = (T0_US + self.now_us) & MASK
        exercise, gate = self.exercise, self.gate
        self._gate_to(self.now_us)
        n = exercise.step(t_us, dt_us, self.state, self.is_sure)
        gate.swing = self.state.swing
        gate.cycle_finished(self.cycle_number)
        self.cycle_number = (self.cycle_number + 1) & 0xFFFFF
        due = sorted((elapsed_us(r.fire_at_us, t_us), i) for i, r in enumerate(exercise.requests[:n]))
        for wait_us, i in due:
            assert 0 <= wait_us < CYCLE_US
            request = exercise.requests[i]
            self.asked.append((self.now_us + wait_us, request.channel, request.current_ua))
            request.current_ua -= request.current_ua % self.step_ua
            request.sequence = self.sequences[request.channel]
            self.sequences[request.channel] = (request.sequence + 1) & 0xFFFFF
            self._gate_to(self.now_us + wait_us)
            gate.judge(request.fire_at_us, request, self._result)
            self.answers[self._result.reason] += 1
            if self._result.granted_ua > 0:
                self._since_granted_us = 0
        self._since_granted_us += dt_us
        if self.supervisor.state == supervisor.ARMED or self.supervisor.state == supervisor.STIMULATING:
            is_on = self._since_granted_us < limits.PAUSE_US and self.now_us > limits.PAUSE_US
            self.supervisor.state = supervisor.STIMULATING if is_on else supervisor.ARMED
        cue = self.cues.take()
        while cue:
            self.heard.append((self.now_us, cue))
            cue = self.cues.take()
        if not self.phases or self.phases[-1][1] != exercise.phase:
            self.phases.append((self.now_us, exercise.phase))

    def _gate_to(self, at_us):
        self.gate.advance(at_us - self._gate_us)
        self._gate_us = at_us

    def go(self, ms):
        for _ in range(ms * 1000 // CYCLE_US):
            self.cycle()
        return self

    def until(self, phase, ms_max=120_000):
        for _ in range(ms_max * 1000 // CYCLE_US):
            if self.exercise.phase == phase:
                return self
            self.cycle()
        raise AssertionError(f"phase {phase} was not reached; it is {self.exercise.phase}")

    def to_end(self, s_max=2_000):
        return self.until(OVER, s_max * 1000)

    def swing(self):
        """The detector says that a swing has begun."""
        self.state.steps += 1

    def bursts(self, channel=None):
        """Return [(first us, last us, peak uA)] of the bursts asked for, parted by 0.5 s without a pulse."""
        found = []
        for due_us, on, current_ua in self.asked:
            if channel is not None and on != channel:
                continue
            if found and due_us - found[-1][1] < 500_000:
                found[-1] = (found[-1][0], due_us, max(found[-1][2], current_ua))
            else:
                found.append((due_us, due_us, current_ua))
        return found
