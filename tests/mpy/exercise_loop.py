"""Run exercises and the wearer's keys against the real gate; print what was asked, granted, counted and heard.

The same file runs under CPython (imported by a test) and under MicroPython (as __main__, with the heap
locked in every cycle and every deed of a person).
"""

import sys

from gait_detect.state import GaitState
from safety.clock import after_us, elapsed_us
from safety.gate import Gate
from safety.pulse import PulseResult
from safety.supervisor import ARMED, EXERCISE, STIMULATING
from stimulator.cues import Cues, Speaker
from stimulator.drivers.capability import P24
from stimulator.exercise import Exercise
from stimulator.exercise_plan import (
    BY_ATTEMPT,
    EXERCISE_PARAMETERS,
    ExercisePlan,
    canonical_bytes,
    default_plan,
    from_bytes,
    plan_hash,
    problems,
)
from stimulator.parameters import CHANNEL_PARAMETERS, WALK_PARAMETERS
from stimulator.prescription import ChannelSetting, Prescription, channel_limits, default_prescription
from stimulator.wearer import DOWN, MUTE, PAUSE, UP, Corridor, Wearer, WithLevel

try:
    from micropython import heap_lock, heap_unlock
except ImportError:

    def heap_lock():
        """CPython has no heap to lock."""

    def heap_unlock():
        """CPython has no heap to lock."""


CYCLE_US = 5_000
T_START_US = 0x3FFFFFFF - 4_999_999  # the clock wraps in the first burst
PAUSE_US = 80_000
LENGTH_MS = 60_000
# ms, key, how long it is held
PRESSES = (
    (1_000, MUTE, 2_100),
    (3_200, DOWN, 100),
    (3_400, DOWN, 100),
    (9_000, UP, 2_100),
    (11_200, UP, 50),
    (30_000, PAUSE, 100),
    (34_000, PAUSE, 2_200),
    (36_500, PAUSE, 100),
)


class Armed:
    """Stands for a supervisor that is armed for an exercise."""

    def __init__(self):
        self.state = ARMED
        self.mode = EXERCISE


class Ears:
    """A buzzer and a motor that add up what they are told."""

    def __init__(self):
        self.sum = 0

    def tone(self, number):
        self.sum = (self.sum * 31 + number) & 0xFFFFFF

    def beep(self, cue):
        self.sum = (self.sum * 31 + 64 + cue) & 0xFFFFFF

    def vibrate(self, cue):
        self.sum = (self.sum * 31 + 128 + cue) & 0xFFFFFF


class Bench:
    """An exercise under the wearer's level, with the gate behind it."""

    def __init__(self, trigger, order, waveform):
        default = default_prescription()
        channels = []
        for c in default.channels:  # MicroPython's namedtuple has no _replace
            own = {"waveform": waveform, "current_ua": c.current_ua // 2_000 * 2_000}
            channels.append(
                ChannelSetting(*[own.get(p.name, getattr(c, p.name)) for p in CHANNEL_PARAMETERS])
            )
        walk = [getattr(default, p.name) for p in WALK_PARAMETERS]
        prescription = Prescription(*walk, tuple(channels))
        changes = {"repetitions": 2, "sets": 2, "set_pause_s": 5, "countdown_s": 3, "helps_anyway": 0}
        changes["trigger"] = trigger
        changes["order"] = order
        values = [changes.get(p.name, p.default) for p in EXERCISE_PARAMETERS]
        plan = ExercisePlan(*values, default_plan().channels)
        plan = from_bytes(canonical_bytes(plan))
        self.plan = plan
        self.prescription = prescription
        self.supervisor = Armed()
        cues = Cues()
        self.ears = Ears()
        self.speaker = Speaker(self.ears, cues)
        self.exercise = Exercise(plan, prescription, CYCLE_US, 500, self.supervisor, True, cues)
        self.wearer = Wearer(Corridor(20, 100, 60), cues)
        self.level = WithLevel(self.exercise, self.wearer, 500, cues, True)
        self.state = GaitState()
        self.gate = Gate(channel_limits(prescription, P24))
        self.gate.arm()
        self.result = PulseResult()
        self.sequences = [0, 0]
        self.asked = 0
        self.granted = 0
        self.sum = 0  # over every request and answer, in order
        self.cycle_number = 0
        self.since_us = PAUSE_US

    def cycle(self, t_us, ms):
        self.persons(ms)
        self.wearer.step(CYCLE_US)
        n = self.level.step(t_us, CYCLE_US, self.state, True)
        self.gate.cycle_finished(self.cycle_number)
        self.cycle_number = (self.cycle_number + 1) & 0xFFFFF
        self.since_us = min(self.since_us + CYCLE_US, PAUSE_US)
        for wait_us in range(0, CYCLE_US, 1_250):
            for i in range(n):
                request = self.level.requests[i]
                late_us = elapsed_us(after_us(t_us, wait_us), request.fire_at_us)
                if 0 <= late_us < 1_250:
                    self.judge(after_us(t_us, wait_us), request)
            self.gate.advance(1_250)
        if self.supervisor.state == ARMED or self.supervisor.state == STIMULATING:
            self.supervisor.state = STIMULATING if self.since_us < PAUSE_US else ARMED
        self.speaker.step(0, self.exercise.tone, self.wearer.is_muted)

    def judge(self, t_us, request):
        request.current_ua -= request.current_ua % (500 * abs(request.shape))
        if request.current_ua == 0:
            return
        request.sequence = self.sequences[request.channel]
        self.sequences[request.channel] += 1
        self.asked += 1
        if self.gate.judge(t_us, request, self.result):
            self.granted += 1
            self.since_us = 0
        self.add(request.fire_at_us)
        self.add(request.current_ua)
        self.add(request.shape & 0xFF)
        self.add(self.result.granted_ua)
        self.add(self.result.reason)

    def add(self, value):
        self.sum = ((self.sum & 0x3FFFFF) * 31 + (value & 0xFFFFFFF)) & 0xFFFFFFF

    def persons(self, ms):
        """Do what is due at `ms`: keys, the hand button, the foot's own try, the pause of the exercise."""
        for press in PRESSES:
            if ms == press[0]:
                self.wearer.key_down(press[1])
            elif ms == press[0] + press[2]:
                self.wearer.key_up(press[1])
        if self.wearer.is_paused and ms == 30_005:
            self.exercise.pause()
        elif not self.wearer.is_paused and ms == 38_000:
            self.exercise.resume()
        if ms % 4_000 == 2_000:
            self.exercise.button()
        is_try = ms % 6_000 >= 3_000 and ms % 6_000 < 3_100
        self.state.rate_cdps = 6_000 if is_try else 20
        walks = ms >= 50_000 and ms % 1_200 == 0  # at the end the person gets up
        if walks or (self.plan.trigger == BY_ATTEMPT and is_try and ms % 6_000 == 3_000):
            self.state.steps += 1
        if ms == 50:
            self.exercise.start()


def run(trigger, order, waveform=0):
    """Return the lines that name what happened."""
    bench = Bench(trigger, order, waveform)
    lines = ["plan %s %d" % (plan_hash(bench.plan), len(problems(bench.plan, bench.prescription)))]
    t_us = T_START_US
    for ms in range(0, LENGTH_MS, 5):
        heap_lock()
        try:
            bench.cycle(t_us, ms)
        finally:
            heap_unlock()
        t_us = after_us(t_us, CYCLE_US)
        if ms % 5_000 == 0:
            e = bench.exercise
            lines.append(
                "%d phase %d set %d done %d missed %d left %d level %d share %d asked %d granted %d sum %07x heard %06x"
                % (
                    ms,
                    e.phase,
                    e.set_number,
                    e.done,
                    e.missed_total,
                    e.left_s(),
                    bench.wearer.level,
                    bench.level.share_percent,
                    bench.asked,
                    bench.granted,
                    bench.sum,
                    bench.ears.sum,
                )
            )
    lines.append("ended_by %d total %d" % (bench.exercise.ended_by, bench.exercise.done_total))
    return lines


if __name__ == "__main__":
    for line in run(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])):
        print(line)
