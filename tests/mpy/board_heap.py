"""How much heap a whole board needs: its files loaded, its loop built, and a walk. For MicroPython only.

What stands for the chip, and the stored walk, are there before the count begins. `again` does one part at a time,
because this build of MicroPython collects memory only between two calls from outside. Prints bytes: the code that was
loaded, code and loop built, and the most that was in use during the walk, garbage included: memory is collected only
where the superloop itself collects it.
"""

# pyright: reportOptionalMemberAccess=false, reportOptionalSubscript=false
import gc
import sys

import board_parts  # noqa: F401 - part of the chip
import rp2
from board_loop import ARM_AT_CYCLE, Platform, make, turn, write_files
from chip import CHIP

CYCLES_AT_ONCE = 10


def in_use():
    return gc.mem_alloc()  # pyright: ignore[reportAttributeAccessIssue]


class Count:
    """One part after the other; each returns False when it is the last."""

    def __init__(self, walk_name, prescription_name):
        with open(walk_name, "rb") as f:
            self._trace = f.read()
        with open(prescription_name, "rb") as f:
            write_files("", "rp2", f.read())
        rp2.reset()  # pyright: ignore[reportAttributeAccessIssue]
        self._do = self._load
        self._before = self._loaded = self._built = self._most = 0
        self._other = 0  # what the calls from outside leave behind
        self._end = 0
        self._superloop = self._part = self._modules = None
        gc.collect()

    def again(self):
        return self._do()

    def _load(self):
        self._before = in_use()
        import stimulator.drivers.output_stage
        import stimulator.drivers.output_stage_check  # noqa: F401
        from firmware_py.boards import console, pins_rp2, ram_log, start, whole

        whole.sys = Platform()
        self._modules = {
            "start": start,
            "whole": whole,
            "ram_log": ram_log,
            "console": console,
            "pins": pins_rp2,
        }
        self._do = self._build
        gc.collect()
        return True

    def _build(self):
        self._loaded = in_use() - self._before
        modules = self._modules
        self._superloop, self._part, _ = make("", self._trace, modules["pins"], modules.get)
        self._do = self._begin
        gc.collect()
        return True

    def _begin(self):
        self._built = in_use() - self._before
        gc.disable()  # as `Superloop.run` does
        self._end = in_use()
        self._do = self._walk
        return True

    def _walk(self):
        superloop = self._superloop
        self._other = max(0, self._other + in_use() - self._end)
        end = superloop.cycles + CYCLES_AT_ONCE
        while superloop.cycles < end and not self._part.is_over():
            turn(superloop, CHIP)
            if superloop.cycles == ARM_AT_CYCLE and not superloop.person._is_known:
                superloop.person._is_known = True
                superloop.person.acknowledge()
                superloop.loop.guard._was_checked = True
                superloop.person.arm()
        self._end = in_use()
        self._most = max(self._most, self._end - self._before - self._other)
        if not self._part.is_over():
            return True
        print(
            "loaded %d built %d most %d collections %d pulses %d cycles %d"
            % (self._loaded, self._built, self._most, superloop.collections, CHIP.pulses_n, superloop.cycles)
        )
        return False


again = Count(sys.argv[1], sys.argv[2]).again
