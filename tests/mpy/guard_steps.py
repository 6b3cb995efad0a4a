"""Drive the guard in line, as a board does, from a stored row of steps, and print a checksum of every byte written.

The same file runs under CPython (imported by a test) and under MicroPython (as __main__, with the heap
locked in every step). A row is: dt_us (u24), length of a frame (u16, 0 for none), the frame.
"""

import sys

from firmware_py import messages
from firmware_py.blackbox import RowRing
from firmware_py.frames import FrameReader
from firmware_py.guard import Guard
from firmware_py.messages import CommandFrame, CycleFrame
from safety.clock import after_us
from safety.limits import make_limits
from stimulator.drivers.sciencemode4 import ScienceMode4
from stimulator.drivers.sciencemode4_check import FrameCheck

try:
    from tests.mpy.whole_loop import T_START_US, AnsweringPort, heap_lock, heap_unlock
except ImportError:
    from whole_loop import T_START_US, AnsweringPort, heap_lock, heap_unlock


def make_guard(port):
    """Return the guard that both sides of the comparison use."""
    limits = (make_limits(), make_limits())
    return Guard(
        limits,
        ScienceMode4(),
        FrameCheck(),
        port,
        RowRing(4),
        has_imu=True,
        has_switch=True,
        was_checked=True,
    )


def hand_over(guard, reader, cycle, command):
    """Do in line what the frame in `reader` says."""
    if cycle.decode(reader):
        for i in range(cycle.samples_n):
            guard.take_sample(cycle.samples[i])
        guard.take_swing(cycle.swing)
        guard.take_mode(cycle.mode)
        for i in range(cycle.requests_n):
            guard.take(cycle.requests[i])
        guard.cycle_finished(cycle.sequence)
    elif command.decode(reader):
        kind = command.kind
        if kind == messages.ARM:
            guard.arm()
        elif kind == messages.STOP:
            guard.stop()
        elif kind == messages.CLEAR:
            guard.clear()
        elif kind == messages.ACKNOWLEDGE:
            guard.acknowledge()
        elif kind == messages.CHANNELS_CHECKED:
            guard.channels_checked()


def wire_line(port, guard):
    """Return what both sides must agree on."""
    return "pulses %d written %d wire %06x results %d" % (
        port.pulses,
        port.written_total,
        port.wire_sum,
        guard.results_total,
    )


def run(trace):
    """Return `wire_line` after every step of `trace` (bytes)."""
    port = AnsweringPort()
    guard = make_guard(port)
    reader = FrameReader()
    cycle = CycleFrame()
    command = CommandFrame()
    t_us = T_START_US
    guard.open()
    at = 0
    while at < len(trace):
        dt_us = trace[at] | trace[at + 1] << 8 | trace[at + 2] << 16
        n = trace[at + 3] | trace[at + 4] << 8
        at += 5
        t_us = after_us(t_us, dt_us)
        port.now_us = t_us
        heap_lock()
        try:
            reader.feed(trace, at, at + n)
            while reader.next():
                hand_over(guard, reader, cycle, command)
            guard.step(t_us)
        finally:
            heap_unlock()
        at += n
    return wire_line(port, guard)


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as f:
        print(run(f.read()))
