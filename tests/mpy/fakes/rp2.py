"""A stand-in of MicroPython's `rp2`: enough of the assembler and of a state machine to run our pulse program.

A pulse takes its time; then its word comes back and the comparator's watcher has seen each phase that `SEEN`
says. A test on CPython may put a cycle-exact machine in place of this one (ENGINE).
"""

from array import array

from chip import CHIP

PULSE_MAX = 5
SEEN = 2  # phases in which the current is reached
ENGINE = None  # a class with put(word) -> us until the word is back, or None
PROGRAMS = [None] * 12  # what each state machine was given
REMOVED = []  # PIO blocks whose programs were removed
ACTIVE = [0] * 12
EXECUTED = array("H", [0] * 64)
EXECUTED_N = [0]


class PIO:
    IN_LOW = 0
    OUT_LOW = 2
    SHIFT_LEFT = 0
    SHIFT_RIGHT = 1

    def __init__(self, id):
        self.id = id

    def remove_program(self, program=None):
        REMOVED.append(self.id)


def asm_pio(*, set_init=None, out_init=None, out_shiftdir=0):
    """As on a chip: the body runs twice, with its globals replaced by the assembler's words."""
    opcodes = array("H")

    def decorate(body):
        names = {"wrap_target": lambda: None, "wrap": lambda: None, "word": opcodes.append}
        known = body.__globals__
        kept = known.copy()
        known.clear()
        known.update(names)
        body()
        known.clear()
        known.update(kept)
        return [opcodes, -1, -1, 0, out_shiftdir << 19, out_init, set_init, None]

    return decorate


class StateMachine:
    def __init__(self, id, program=None, freq=-1, *, set_base=None, out_base=None, in_base=None):
        self.id = id
        if program is None:
            return
        PROGRAMS[id] = program
        self._word = 0
        self._over_us = -1  # time left until the word is back, -1 if nothing runs
        self._back = 0
        self._set_base = set_base
        self._out_base = out_base
        self._machine = ENGINE() if ENGINE is not None and set_base is not None else None
        _MACHINES[id] = self

    def active(self, value=None):
        if value is not None:
            ACTIVE[self.id] = value
        return ACTIVE[self.id]

    def restart(self):
        pass

    def exec(self, instr):
        EXECUTED[EXECUTED_N[0] & 63] = instr
        EXECUTED_N[0] += 1

    def put(self, value, shift=0):
        if not ACTIVE[self.id]:
            return  # it waits for ever
        self._word = value
        if self._machine is not None:
            self._over_us = self._machine.put(value, CHIP.now_us)
        else:
            width_us = 3 * (value >> 7 & 127) + (value >> 14 & 63) + 6
            self._over_us = 2 * width_us + 10 * (value >> 2 & 31) + 20

    def tx_fifo(self):
        return 0

    def rx_fifo(self):
        if self._set_base is None:
            return _SEEN[0]
        return self._back

    def get(self):
        if self._set_base is None:
            _SEEN[0] -= 1
            return 0
        self._back -= 1
        return self._word

    def pass_us(self, us):
        if self._over_us >= 0:
            self._over_us -= us
            if self._over_us < 0:
                self._back = 1
                _SEEN[0] = SEEN
                CHIP.pulses_n += 1


_MACHINES = [None] * 12
_SEEN = [0]


def time_passes(us):
    """Called by the chip."""
    if _MACHINES[0] is not None:
        _MACHINES[0].pass_us(us)


def reset():
    """As after power-on."""
    for i in range(12):
        PROGRAMS[i] = _MACHINES[i] = None
        ACTIVE[i] = 0
    REMOVED.clear()
    EXECUTED_N[0] = 0
    _SEEN[0] = 0
    CHIP.pulses_n = 0
    CHIP.on_time = time_passes
