"""Anything may happen in any order; an observer at the stimulator, with its own arithmetic, sees no violation.

The machine drives the whole guard (gate, ledger, supervisor, plausibility, driver) against the emulated
P24. The observer knows only the pulses that were delivered and what a person did (arm, stop). It is
written in floats and plain sums, and shares no code with `safety`.
"""

import os

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from firmware_py.blackbox import NoLog
from firmware_py.guard import Guard
from hw_sim.emulators.memory_link import MemoryLink
from hw_sim.emulators.p24 import P24
from safety.limits import make_limits
from safety.pulse import PulseRequest
from safety.sample import HEEL_DOWN, HEEL_UP, Sample
from stimulator.drivers.sciencemode4 import ScienceMode4
from stimulator.drivers.sciencemode4_check import FrameCheck
from tests.safety_rig import arm_on_purpose

MASK = 2**30 - 1
T0_US = 2**30 - 2_000_000
STEP_US = 2_500
STEPS_SEEN = {"steps": 0, "pulses": 0}

# The promises, restated.
CURRENT_MAX_MA, WIDTH_US, CHARGE_MAX_UC = 60.0, (50, 450), 20.0
SECOND_PHASE_MAX_US = 1800
INTERVAL_MIN_MS, RISE_MAX_MA, RISE_MAX_UC = 16.6, 15.0, 4.5
RISE_MA_PER_MS, RISE_UC_PER_MS, PAUSE_MS = 0.5, 0.15, 80.0
RMS_MAX_MA, SECOND_MAX_MC, BURST_MAX_S, PERMIT_MS = 20.0, 3.0, 5.1, 100.0
JITTER_MS = 1.0  # the device starts a pulse up to this much after the write


class Observer:
    """Looks at each delivered pulse once, in order."""

    def __init__(self):
        self.seen = []
        self.forbidden_from_us: int | None = (
            0  # since when a person (or a fault) has wanted no current; None: armed
        )
        self.cycle_ended_us = -(10**12)

    def watch(self, pulses):
        for pulse in pulses[len(self.seen) :]:
            self._judge(pulse)
            self.seen.append(pulse)
            STEPS_SEEN["pulses"] += 1

    def _judge(self, p):
        t_ms, current_ma = p.start_us / 1000, abs(p.current_ma)
        charge_uc = current_ma * p.width_us / 1000
        second_us = p.duration_us - p.width_us - p.gap_us
        said = f"{p} after {self.seen[-3:]}"
        assert 0 < current_ma <= CURRENT_MAX_MA, said
        assert p.width_us <= second_us <= min(SECOND_PHASE_MAX_US, 4 * p.width_us), said
        assert WIDTH_US[0] <= p.width_us <= WIDTH_US[1], said
        assert charge_uc <= CHARGE_MAX_UC + 1e-9, said
        assert p.net_charge_nc == 0, said
        assert self.forbidden_from_us is None or p.start_us < self.forbidden_from_us + 1000 * JITTER_MS, said
        assert p.start_us - self.cycle_ended_us <= 1000 * (PERMIT_MS + JITTER_MS) + STEP_US, said
        mine = [q for q in self.seen if q.channel == p.channel]
        from_ma = from_uc = 0.0
        gap_ms = PAUSE_MS
        if mine:
            gap_ms = t_ms - mine[-1].start_us / 1000
            assert gap_ms >= INTERVAL_MIN_MS - JITTER_MS, said
            if gap_ms < PAUSE_MS - JITTER_MS:
                from_ma = abs(mine[-1].current_ma)
                from_uc = from_ma * mine[-1].width_us / 1000
        gap_ms += JITTER_MS
        assert current_ma - from_ma <= min(RISE_MAX_MA, gap_ms * RISE_MA_PER_MS) + 1e-9, said
        assert charge_uc - from_uc <= min(RISE_MAX_UC, gap_ms * RISE_UC_PER_MS) + 1e-9, said
        second = [*(q for q in self.seen if q.start_us > p.start_us - 1_000_000 + 1000 * JITTER_MS), p]
        rms_ma = (sum(_heat(q) for q in second) / 1e6) ** 0.5
        assert rms_ma <= RMS_MAX_MA, said
        charge_mc = sum(2 * abs(q.current_ma) * q.width_us / 1e6 for q in second if q.channel == p.channel)
        assert charge_mc <= SECOND_MAX_MC, said
        begun_us = p.start_us
        for q in reversed(mine):
            if begun_us - q.start_us >= 1000 * (PAUSE_MS - JITTER_MS):
                break
            begun_us = q.start_us
        assert p.start_us - begun_us <= 1e6 * BURST_MAX_S + 1000 * PAUSE_MS, said


def _heat(p) -> float:
    """Return the square of the current times time over both phases, mA2 us."""
    second_us = p.duration_us - p.width_us - p.gap_us
    second_ma = p.current_ma * p.width_us / second_us
    return p.current_ma**2 * p.width_us + second_ma**2 * second_us


class SafetyMachine(RuleBasedStateMachine):
    """A controller that may do anything, a stimulator that may fail, a person who arms and stops."""

    @initialize()
    def begin(self):
        self.device = P24(ack_latency_us=(1_000, 1_000), command_delay_us=0)
        self.link = MemoryLink(self.device)
        self.port = self.link.open_port()
        self.driver = ScienceMode4()
        limits = (make_limits(), make_limits())
        self.guard = Guard(
            limits,
            self.driver,
            FrameCheck(),
            self.port,
            NoLog(),
            has_imu=False,
            has_switch=True,
            was_checked=True,
        )
        self.gate = self.guard.gate
        self.sample = Sample()
        self.observer = Observer()
        self.now_us, self.clock_us, self.cycle = 0, 0, 0
        self.sequence = [0, 0]
        self.runs = True
        self.guard.open()
        self.run(400_000)

    # Time -----------------------------------------------------------------------------------------

    @property
    def t_us(self):
        return (T0_US + self.clock_us) & MASK

    def run(self, us, asks=None, swing=0):
        """Let time pass in small steps; the controller finishes a cycle every 5 ms while it runs."""
        end_us = self.now_us + us
        while self.now_us < end_us:
            self.now_us += STEP_US
            self.clock_us += STEP_US
            STEPS_SEEN["steps"] += 1
            self.link.pump(self.now_us, self.port.written_total)
            if self.runs and self.now_us % 5_000 == 0:
                self.sample.t_us = self.t_us
                self.sample.heel = HEEL_UP if swing else HEEL_DOWN
                self.guard.take_sample(self.sample)
                self.guard.take_swing(swing)
                if asks:
                    asks()
                self.guard.cycle_finished(self.cycle)
                self.cycle = (self.cycle + 1) & 0xFFFFF
                self.observer.cycle_ended_us = self.now_us
            self.guard.step(self.t_us)
            self.link.pump(self.now_us, self.port.written_total)
            if not self.gate.armed and self.observer.forbidden_from_us is None:
                self.observer.forbidden_from_us = self.now_us
            self.observer.watch(self.device.pulses)

    def ask(self, channel, current_ua, width_us, gap_us=100, in_us=0, step=1, shape=1):
        request = PulseRequest()
        self.sequence[channel & 1] = (self.sequence[channel & 1] + step) & 0xFFFFF
        request.sequence = self.sequence[channel & 1]
        request.channel = channel
        request.fire_at_us = (self.t_us + in_us) & MASK
        request.current_ua, request.width_us, request.gap_us = current_ua, width_us, gap_us
        request.shape = shape
        self.guard.take(request)

    # What people do ---------------------------------------------------------------------------------

    @rule()
    def arm(self):
        was_armed = self.gate.armed
        if arm_on_purpose(self.guard) and not was_armed:
            self.cycle = 0
            self.observer.forbidden_from_us = None

    @rule(current_ua=st.integers(5_000, 60_000), width_us=st.integers(100, 450))
    def arm_and_walk(self, current_ua, width_us):
        self.guard.clear()
        self.run(500_000)
        self.arm()
        self.walk(6, current_ua, width_us, 25_000, 500, 300)

    @rule()
    def stop(self):
        self.guard.stop()
        self.observer.forbidden_from_us = self.now_us
        self.run(100_000)
        self.guard.open()
        self.run(400_000)

    @rule(ms=st.integers(1, 400))
    def wait(self, ms):
        self.run(ms * 1000)

    # What a controller may do -----------------------------------------------------------------------

    @rule(
        steps=st.integers(1, 4),
        current_ua=st.integers(500, 70_000),
        width_us=st.integers(45, 460),
        period_us=st.sampled_from([15_000, 20_000, 25_000, 50_000]),
        swing_ms=st.integers(100, 900),
        rest_ms=st.integers(20, 500),
        shape=st.sampled_from([1, 1, -1, 4, -2]),
    )
    def walk(self, steps, current_ua, width_us, period_us, swing_ms, rest_ms, shape=1):
        for _ in range(steps):
            due = [self.now_us, self.now_us + period_us // 2]

            def asks(due=due):
                for channel in (0, 1):
                    if self.now_us >= due[channel]:
                        due[channel] += period_us
                        self.ask(channel, current_ua, width_us, shape=shape)

            self.run(swing_ms * 1000, asks, swing=1)
            self.run(rest_ms * 1000)

    @rule(
        channel=st.integers(-1, 3),
        current_ua=st.integers(-1000, 200_000),
        width_us=st.integers(-10, 5000),
        gap_us=st.integers(-5, 600),
        in_us=st.integers(-200_000, 200_000),
        step=st.integers(-3, 3),
        shape=st.integers(-6, 6),
    )
    def ask_anything(self, channel, current_ua, width_us, gap_us, in_us, step, shape):
        self.ask(channel, current_ua, width_us, gap_us, in_us, step, shape)
        self.run(30_000)

    @rule(n=st.integers(2, 40))
    def flood(self, n):
        for _ in range(n):
            self.ask(0, 30_000, 300)
            self.guard.step(self.t_us)
        self.run(50_000)

    @rule(ms=st.integers(5, 400))
    def stall(self, ms):
        self.runs = False
        self.ask(0, 20_000, 300, in_us=ms * 500)
        self.run(ms * 1000)
        self.runs = True
        self.run(20_000)

    @rule(by=st.integers(-5, 5))
    def skip_cycles(self, by):
        self.cycle = (self.cycle + by) & 0xFFFFF
        self.run(10_000)

    @rule(by_us=st.integers(-(2**29), 2**29 - 1))
    def jump_the_clock(self, by_us):
        self.ask(1, 20_000, 300, in_us=5_000)
        self.clock_us += by_us
        self.run(30_000)

    # What a stimulator may do -----------------------------------------------------------------------

    @rule(
        fault=st.sampled_from(["busy", "drop_answers", "corrupt_checksum", "wrong_packet_number", "silent"])
    )
    def break_the_device(self, fault):
        setattr(self.device.faults, fault, True)
        self.ask(0, 20_000, 300)
        self.run(150_000)
        setattr(self.device.faults, fault, False)
        self.guard.clear()
        self.run(500_000)

    @rule(late_us=st.integers(0, 60_000))
    def answer_late(self, late_us):
        self.device.faults.late_us = late_us

    @rule()
    def lose_power(self):
        self.device.power_cycle(self.now_us, 50_000)
        self.run(100_000)

    @invariant()
    def the_observer_has_seen_everything(self):
        if hasattr(self, "observer"):
            self.observer.watch(self.device.pulses)


ALL = os.environ.get("SWINGPHASE_ALL") == "1"
TestSafetyMachine = SafetyMachine.TestCase
TestSafetyMachine.settings = settings(
    max_examples=4000 if ALL else 70, stateful_step_count=50, deadline=None, print_blob=True
)


def test_z_the_machine_took_enough_steps_and_delivered_pulses(record_property):
    """Runs last in this file: a machine that never stimulates would prove nothing."""
    if STEPS_SEEN["steps"] == 0:
        TestSafetyMachine("runTest").runTest()
    assert STEPS_SEEN["steps"] >= (10_000_000 if ALL else 200_000), STEPS_SEEN
    assert STEPS_SEEN["pulses"] >= 5_000, STEPS_SEEN
    for name, n in STEPS_SEEN.items():
        record_property(name, n)
