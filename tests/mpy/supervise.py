"""Drive supervisor and plausibility through made walks and mischief; print a checksum of every answer.

The same file runs under CPython (imported by a test) and under MicroPython (as __main__, with the heap
locked in every step).
"""

import sys

from safety.clock import after_us
from safety.plausibility import Plausibility
from safety.sample import Sample
from safety.supervisor import (
    ACKNOWLEDGED,
    ARM,
    BURST_BEGAN,
    BURST_ENDED,
    CHANNELS_CHECKED,
    CLEAR,
    POWER_ON,
    RESUME,
    SELF_TEST_PASSED,
    STEP_ENDED,
    UNKNOWN,
    Supervisor,
)

try:
    from micropython import heap_lock, heap_unlock
except ImportError:

    def heap_lock():
        """CPython has no heap to lock."""

    def heap_unlock():
        """CPython has no heap to lock."""


STEPS = 10_000  # of 10 ms
T_START_US = 0x3FFFFFFF - 4_999_999
STRIDE = 110  # steps
MISCHIEF = 10  # kinds, 0 is none
CARE = (RESUME, CLEAR, POWER_ON, SELF_TEST_PASSED, ACKNOWLEDGED, CHANNELS_CHECKED, ARM)


class Walk:
    """A foot that walks, with a mischief now and then; every answer goes into `sum`."""

    def __init__(self, seed, has_imu, has_switch):
        self.plausibility = Plausibility(has_imu, has_switch)
        self.supervisor = Supervisor()
        self.sample = Sample()
        self.sample.has_imu = 1
        self.random = seed
        self.t_us = T_START_US
        self.phase = 0
        self.trouble = 0  # which mischief is on
        self.is_burst = False
        self.sum = 0
        self.starts = 0
        self.faults_seen = 0
        self.states_seen = 0

    def draw(self, n):
        """Return a number, 0 to n - 1."""
        self.random = (self.random * 1021 + 24_631) & 0x7FFFF
        return (self.random >> 6) % n

    def step(self):
        p = self.plausibility
        s = self.supervisor
        dt_us = 200_000 if self.draw(4_000) == 0 else 10_000
        self.t_us = after_us(self.t_us, dt_us)
        self.phase = (self.phase + 1) % STRIDE
        if self.phase == 0 and self.draw(4) == 0:
            self.trouble = (self.trouble + 1) % MISCHIEF
        p.advance(dt_us)
        s.advance(dt_us)
        self.move()
        if self.trouble != 1:
            p.see(self.sample)
        is_swing = 1 if 50 <= self.phase < 100 else 0
        p.swing(is_swing)
        if self.phase == 100:
            s.event(STEP_ENDED)
        self.burst(is_swing)
        fault_id = p.take_fault()
        while fault_id:
            self.faults_seen |= 1 << fault_id
            s.fault(fault_id)
            self.mix(fault_id)
            fault_id = p.take_fault()
        self.people()
        self.states_seen |= 1 << s.state
        self.mix(s.state)
        self.mix(s.sound * 4 + s.may_pulse * 2 + s.may_start_burst)
        self.mix(s.fault_id)
        self.mix(s.held_by)

    def move(self):
        """Fill the sample: stance, push-off, swing, contact; then the mischief."""
        s = self.sample
        s.t_us = self.t_us
        s.heel = 0 if 50 <= self.phase < 100 else 1
        s.gyro_y_cdps = 0
        if 50 <= self.phase < 70:
            s.gyro_y_cdps = -8_000
        elif 70 <= self.phase < 95 and self.trouble != 2:
            s.gyro_y_cdps = 15_000 - self.draw(900)
        elif 95 <= self.phase < 100:
            s.gyro_y_cdps = -5_000
        if self.trouble != 3:
            s.gyro_x_cdps = self.draw(50)
            s.acc_z_mg = 1_000 + self.draw(50)
        else:
            s.gyro_y_cdps = 700
        if self.trouble == 4:
            s.acc_z_mg = 31_000
        elif self.trouble == 5:
            s.heel = 0
        elif self.trouble == 6:
            s.heel = 1
        elif self.trouble == 7:
            s.heel = self.draw(2)
        elif self.trouble == 8:
            s.heel = -1
        elif self.trouble == 9:
            s.heel = 0
            s.gyro_y_cdps = 0

    def burst(self, is_swing):
        if is_swing and not self.is_burst and self.plausibility.may_start and self.supervisor.may_start_burst:
            self.is_burst = True
            self.starts += 1
            self.supervisor.event(BURST_BEGAN)
            self.plausibility.burst_began()
        elif self.is_burst and (not is_swing or not self.supervisor.may_pulse):
            self.is_burst = False
            self.supervisor.event(BURST_ENDED)
            self.plausibility.burst_ended()

    def people(self):
        """Now and then an event or fault out of nowhere; else someone brings the device back to work."""
        if self.draw(500) == 0:
            self.supervisor.event(self.draw(UNKNOWN + 2))
        elif self.draw(2_000) == 0:
            self.supervisor.fault(self.draw(31))
        elif self.draw(20) == 0:
            event = CARE[self.draw(7)]
            if (
                event > SELF_TEST_PASSED or self.supervisor.state == event
            ):  # those two belong to OFF and SELF_TEST
                self.supervisor.event(event)

    def mix(self, value):
        self.sum = (self.sum * 31 + value) & 0xFFFFFF


def run(seed):
    """Return the lines that say what was seen, and the checksum."""
    faults_seen = 0
    states_seen = 0
    starts = 0
    total = 0
    for has_imu, has_switch in ((True, True), (True, False), (False, True)):
        walk = Walk(seed, has_imu, has_switch)
        for _ in range(STEPS):
            heap_lock()
            try:
                walk.step()
            finally:
                heap_unlock()
        faults_seen |= walk.faults_seen
        states_seen |= walk.states_seen
        starts += walk.starts
        total = (total * 31 + walk.sum) & 0xFFFFFF
    return (
        "faults " + " ".join([str(i) for i in range(30) if faults_seen >> i & 1]),
        "states " + " ".join([str(i) for i in range(7) if states_seen >> i & 1]),
        "starts %d" % starts,
        "checksum %06x" % total,
    )


if __name__ == "__main__":
    for line in run(int(sys.argv[1])):
        print(line)
