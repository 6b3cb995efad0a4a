"""Call gate, supervisor and plausibility in a long random order and print a checksum over all they say.

The same file runs under CPython (imported by a test) and under MicroPython (as __main__), where every call
is made with the heap locked. The order comes from a small generator of its own, so both draw alike.
"""

import sys

from safety import faults, supervisor
from safety.clock import after_us
from safety.gate import SEQUENCE_MASK, Gate
from safety.limits import make_limits
from safety.plausibility import Plausibility
from safety.pulse import PulseRequest, PulseResult
from safety.sample import Sample
from safety.supervisor import Supervisor

try:
    from micropython import heap_lock, heap_unlock
except ImportError:

    def heap_lock():
        """CPython has no heap to lock."""

    def heap_unlock():
        """CPython has no heap to lock."""


T_START_US = 0x3FFFFFFF - 2_000_000  # the clock wraps on the way
DT_US = (
    0,
    1,
    500,
    5_000,
    5_000,
    5_000,
    10_000,
    25_000,
    79_999,
    80_000,
    100_000,
    100_001,
    -1,
    1_000_000,
    0x1FFFFFFF,
)
ORDINARY = 8  # so many of the steps above are of ordinary life
BATCH = 100  # calls with the heap locked at a time


class Draw:
    """A linear congruential generator in 24 bits: every product stays below 2**30."""

    def __init__(self, seed):
        self.x = seed & 0xFFFFFF

    def below(self, n):
        """Return a whole number from 0 to n - 1, n up to 4096."""
        # 24 bits times 37 fit into the board's small whole numbers; the shuffle makes up for so small a factor.
        x = self.x
        x = (x * 37 + 0x3C6EF3) & 0xFFFFFF
        x = ((x >> 7) | (x & 0x7F) << 17) ^ (x & 0xFF)
        self.x = x
        return (x >> 6) % n

    def chance(self, percent):
        return self.below(100) < percent


class Calls:
    """The three of them, a stream of calls, and a checksum over everything they answer."""

    def __init__(self, seed):
        self.draw = Draw(seed)
        limits = make_limits(plateau_nc=6_000, doublet=True)
        self.gate = Gate((limits, make_limits(return_group=1)))
        self.supervisor = Supervisor()
        self.plausibility = Plausibility(True, True)
        self.request = PulseRequest()
        self.result = PulseResult()
        self.sample = Sample()
        self.t_us = T_START_US
        self.cycle = 0
        self.sequence = 0
        self.swing = 0
        self.sum = 1
        self.calls = 0
        self.granted = 0
        self.lowered = 0
        self.armed = 0
        self.found = 0  # one bit per fault that plausibility has named
        self.states = 0  # one bit per state of the supervisor that was reached
        self.reasons_low = 0  # one bit per reason given, 0 to 19
        self.reasons_high = 0  # 20 to 39

    def note(self, value):
        """Let `value` change the checksum."""
        self.sum = (self.sum * 61 + (value & 0xFFFFFF)) & 0xFFFFFF

    def run(self, n):
        for _ in range(n):
            self.one()

    def one(self):
        """One step of time, then some calls."""
        d = self.draw
        n = ORDINARY if not d.chance(2) else len(DT_US)
        dt_us = DT_US[d.below(n)]
        self.t_us = after_us(self.t_us, dt_us)
        self.gate.advance(dt_us)
        self.supervisor.advance(dt_us)
        self.plausibility.advance(dt_us)
        if d.chance(4):
            self.swing = 1 - self.swing
        self.see()
        if d.chance(70):
            self.end_cycle()
        if d.chance(50):
            self.ask()
        if d.chance(12):
            self.happen()
        self.judge_faults()
        self.look()
        self.calls += 1

    def see(self):
        d = self.draw
        s = self.sample
        s.t_us = after_us(self.t_us, -d.below(3) * 1_000)
        if not d.chance(5):
            s.gyro_x_cdps = (d.below(4000) - 2000) * 4
            s.gyro_y_cdps = (d.below(4000) - 2000) * (12 if d.chance(95) else 200)
            s.gyro_z_cdps = (d.below(4000) - 2000) * 4
            s.acc_x_mg = d.below(800) - 400
            s.acc_y_mg = d.below(800) - 400
            s.acc_z_mg = d.below(2000) if d.chance(95) else d.below(4000) * 10
        s.has_imu = 1 if d.chance(95) else 0
        if d.chance(5):
            s.heel = d.below(3) - 1
        self.plausibility.see(s)
        self.plausibility.swing(self.swing)
        self.gate.swing = self.swing

    def end_cycle(self):
        self.gate.cycle_finished(self.cycle)
        step = 1 if self.draw.chance(99) else self.draw.below(4)
        self.cycle = (self.cycle + step) & SEQUENCE_MASK

    def ask(self):
        d = self.draw
        r = self.request
        self.sequence = (self.sequence + (1 if d.chance(97) else d.below(3))) & SEQUENCE_MASK
        r.sequence = self.sequence
        r.channel = d.below(2) if d.chance(98) else d.below(8) - 2
        r.fire_at_us = after_us(
            self.t_us, -d.below(4) * 1_000 if d.chance(96) else (d.below(40) - 20) * 1_000
        )
        r.current_ua = 500 * d.below(61) if d.chance(97) else 500 * d.below(400)
        r.width_us = 50 + d.below(400) if d.chance(98) else d.below(600)
        r.gap_us = d.below(200) if d.chance(98) else d.below(1000)
        r.shape = d.below(9) - 4 if d.chance(10) else 1
        if self.gate.judge(self.t_us, r, self.result):
            self.granted += 1
            if self.result.granted_ua < r.current_ua:
                self.lowered += 1
            if d.chance(10):
                self.plausibility.burst_began()
                if self.supervisor.may_start_burst:
                    self.supervisor.event(supervisor.BURST_BEGAN)
            elif d.chance(2):
                self.gate.not_sent(r.channel)
        reason = self.result.reason
        if reason < 20:
            self.reasons_low |= 1 << reason
        else:
            self.reasons_high |= 1 << (reason - 20)
        self.note(self.result.granted_ua * 64 + reason)
        self.note(self.gate.wait_us(r))

    def happen(self):
        """Something that people, bursts or faults do."""
        d = self.draw
        what = d.below(8)
        sup = self.supervisor
        if what == 0:
            self.plausibility.burst_ended()
            sup.event(supervisor.BURST_ENDED)
        elif what == 1 and d.chance(10):
            sup.event(d.below(supervisor.UNKNOWN + 2) - 1)
        elif what == 2 and d.chance(5):
            sup.fault(d.below(len(faults.FAULTS) + 2) - 1)
        elif what == 3 and d.chance(10):
            self.gate.disarm(d.below(20))
        else:
            self.towards_armed()

    def towards_armed(self):
        sup = self.supervisor
        if sup.state == supervisor.OFF:
            sup.event(supervisor.POWER_ON)
        elif sup.state == supervisor.SELF_TEST:
            sup.event(supervisor.SELF_TEST_PASSED if self.draw.chance(95) else supervisor.SELF_TEST_FAILED)
        elif sup.state == supervisor.READY:
            sup.event(supervisor.ACKNOWLEDGED)
            sup.event(supervisor.CHANNELS_CHECKED)
            sup.event(supervisor.ARM)
        elif sup.state == supervisor.PAUSED:
            sup.event(supervisor.RESUME)
        elif sup.state == supervisor.FAULT:
            sup.event(supervisor.CLEAR)
        if not self.gate.armed:
            self.gate.arm()

    def judge_faults(self):
        fault_id = self.plausibility.take_fault()
        while fault_id:
            self.note(fault_id)
            self.found |= 1 << fault_id
            if self.draw.chance(5):
                self.supervisor.fault(fault_id)
            fault_id = self.plausibility.take_fault()

    def look(self):
        sup = self.supervisor
        self.states |= 1 << sup.state
        if self.gate.armed:
            self.armed += 1
        self.note(sup.state * 8 + sup.sound * 2 + (1 if sup.may_pulse else 0))
        self.note(sup.fault_id * 64 + sup.held_by)
        self.note((1 if sup.may_start_burst else 0) + (2 if self.plausibility.may_start else 0))
        self.note((1 if self.gate.armed else 0) + self.gate.disarmed_by * 2)
        self.note(1 if self.gate.ledger.hour_warning() else 0)


def run(seed, n_calls):
    """Return the lines that name what came of `n_calls` steps."""
    calls = Calls(seed)
    for _ in range(n_calls // BATCH):
        heap_lock()
        try:
            calls.run(BATCH)
        finally:
            heap_unlock()
    return (
        "calls %d granted %d lowered %d armed %d found %x states %x reasons %x %x"
        % (
            calls.calls,
            calls.granted,
            calls.lowered,
            calls.armed,
            calls.found,
            calls.states,
            calls.reasons_low,
            calls.reasons_high,
        ),
        "checksum %06x" % calls.sum,
    )


if __name__ == "__main__":
    for line in run(int(sys.argv[1]), int(sys.argv[2])):
        print(line)
