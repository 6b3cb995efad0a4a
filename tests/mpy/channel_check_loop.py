"""Run the check of leg and channels in the whole on-board loop over a stored trace; print verdicts and checksums.

The same file runs under CPython (imported by a test) and under MicroPython (as __main__, with the heap
locked in every cycle and every deed of the person). The foot in the trace moves at the times of the presses.
"""

import hashlib
import sys

from firmware_py.blackbox import RowRing
from firmware_py.channel_check import VERDICT_NAMES
from firmware_py.compose import compose_walk
from firmware_py.cycle import CYCLE_US
from safety.clock import after_us
from stimulator.prescription import default_prescription

try:
    from tests.mpy import whole_loop
except ImportError:
    import whole_loop  # placed beside this file under MicroPython

PRESS_MS = (2_000, 9_500)  # the button of channel 0, then of channel 1
HELD_MS = 1_950
LENGTH_MS = 12_000
ARM_FROM_MS = (1_000, 8_500)


def run(trace, side, place, beats_until_ms=LENGTH_MS):
    """Return the lines that name what was asked for, granted and judged; beats stop at `beats_until_ms`."""
    ring = RowRing(4000)
    sensors = whole_loop.TraceSensors(trace)
    port = whole_loop.AnsweringPort()
    loop = compose_walk(
        sensors=sensors,
        port=port,
        log=ring,
        prescription=default_prescription(),
        place=place,
        has_switch=False,
        side=side,
    )
    guard = loop.guard
    guard.open()
    digest = hashlib.sha256()
    lines = []
    t_us = whole_loop.T_START_US
    seen = granted = armed = 0
    press_total = 0
    for ms in range(0, LENGTH_MS, 5):
        whole_loop.heap_lock()
        try:
            if armed < len(ARM_FROM_MS) and ms >= ARM_FROM_MS[armed]:
                guard.acknowledge()
                if loop.arm_test():
                    armed += 1
            person(loop.burst, ms, beats_until_ms)
            whole_loop.one_cycle(loop, guard, sensors, port, t_us)
            verdict = loop.check.judge(granted)
        finally:
            whole_loop.heap_unlock()
        t_us = after_us(t_us, CYCLE_US)
        if press_total != loop.burst.envelope.presses:
            press_total = loop.burst.envelope.presses
            granted = 0
        while seen != guard.results_total:
            if guard.results[seen % len(guard.results)].granted_ua > 0:
                granted += 1
            seen += 1
        for press_ms in PRESS_MS:
            if ms == press_ms + HELD_MS + 300:
                lines.append(
                    "channel %d %s granted %d lift %d evert %d ended_by %d"
                    % (
                        loop.burst.channel,
                        VERDICT_NAMES[verdict],
                        granted,
                        loop.check.lift_udeg,
                        loop.check.evert_udeg,
                        loop.burst.envelope.ended_by,
                    )
                )
        if ms % 1000 == 0:
            digest.update(ring.drain())
    digest.update(ring.drain())
    lines.append("pulses %d lost %d wire %06x" % (port.pulses, ring.lost, port.wire_sum))
    lines.append("checksum " + "".join(["%02x" % b for b in digest.digest()]))
    return lines


def person(burst, ms, beats_until_ms):
    """Do with the buttons what is due at `ms`."""
    for channel in range(2):
        since_ms = ms - PRESS_MS[channel]
        if since_ms == 0:
            burst.release()
            burst.hold(channel)
        elif 0 < since_ms < HELD_MS and since_ms % 200 == 0 and ms < beats_until_ms:
            burst.beat()
        elif since_ms == HELD_MS:
            burst.release()


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as f:
        for line in run(f.read(), sys.argv[2], sys.argv[3], int(sys.argv[4])):
            print(line)
