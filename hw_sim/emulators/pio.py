"""One state machine of an RP2040's PIO block, cycle by cycle: enough of it to run our pulse program.

An instruction takes one cycle and its delay; what it does to a pin shows at the end of that one cycle.
Knows jmp, out, pull, push, mov and set without side-set, autopull or interrupts; refuses every other opcode, so a
program that needs more cannot seem to work. Source: RP2040 datasheet, chapter PIO.
"""

from collections import deque
from collections.abc import Sequence

FIFO_MAX = 4
WORD = 0xFFFF_FFFF
JMP, OUT, MOV, SET = 0, 3, 5, 7
PULL_BLOCK, PUSH_NOBLOCK = 0x80A0, 0x8000
PINS, X, Y, NULL = 0, 1, 2, 3  # destinations of out and set
MOV_TO = {1: "x", 2: "y", 6: "isr", 7: "osr"}
MOV_FROM = {1: "x", 2: "y", 3: "", 6: "isr", 7: "osr"}


class PioError(ValueError):
    """The program does something that this emulator does not know."""


class StateMachine:
    """Run `program` (opcodes). Time is its own clock, in cycles.

    set_pins, out_pins   pins of each kind; those of `out` lie above those of `set`
    pins                 int, the levels now: set pins in the lowest bits, out pins above
    edges                list of (cycle, pins): every change of a pin, oldest first
    pushed               deque of (cycle, word): what the program gave back and nobody has taken, four at most
    clock                cycles so far
    """

    def __init__(
        self,
        program: Sequence[int],
        *,
        wrap_target: int,
        wrap: int,
        set_pins: int,
        out_pins: int,
    ) -> None:
        self._program = tuple(program)
        self._wrap_target, self._wrap = wrap_target, wrap
        self._set_mask, self._out_at = (1 << set_pins) - 1, set_pins
        self._out_mask = ((1 << out_pins) - 1) << set_pins
        self.clock = 0
        self.pins = 0
        self.edges: list[tuple[int, int]] = []
        self.pushed: deque[tuple[int, int]] = deque()
        self._fifo: deque[int] = deque()
        self._pc = wrap_target
        self._x = self._y = self._isr = self._osr = 0

    @property
    def fifo_n(self) -> int:
        """Words that wait."""
        return len(self._fifo)

    @property
    def is_waiting(self) -> bool:
        """True if it stands at a pull and there is no word."""
        return not self._fifo and self._program[self._pc] == PULL_BLOCK

    def put(self, word: int) -> bool:
        """Put a word into the FIFO; False (and nothing happens) if it is full, as on the chip without a wait."""
        if len(self._fifo) >= FIFO_MAX:
            return False
        self._fifo.append(word & WORD)
        return True

    def run_until(self, cycle: int) -> None:
        """Run to `cycle`; an instruction that has begun by then is run to its end."""
        while self.clock < cycle:
            if self.is_waiting:
                self.clock = cycle
                return
            self._step(cycle)

    def _step(self, cycle: int) -> None:
        opcode = self._program[self._pc]
        kind, low, operand = opcode >> 13, opcode & 31, opcode >> 5 & 7
        cycles = 1 + (opcode >> 8 & 31)
        to = self._wrap_target if self._pc == self._wrap else self._pc + 1
        if kind == JMP:
            to = self._jump(operand, low, to, cycles, cycle)
        elif opcode & 0xE0FF == PULL_BLOCK:
            self._osr = self._fifo.popleft()
        elif opcode & 0xE0FF == PUSH_NOBLOCK:
            if len(self.pushed) < FIFO_MAX:
                self.pushed.append((self.clock + 1, self._isr))
            self._isr = 0
        elif kind == OUT:
            self._out(operand, low or 32)
        elif kind == MOV and low & 24 == 0 and operand in MOV_TO and low in MOV_FROM:
            setattr(self, "_" + MOV_TO[operand], getattr(self, "_" + MOV_FROM[low]) if MOV_FROM[low] else 0)
        elif kind == SET and operand in (PINS, X, Y):
            self._write(operand, low)
        else:
            raise PioError(
                f"opcode {opcode:#06x} at {self._pc} is not known. Teach it to hw_sim/emulators/pio.py."
            )
        self._pc = to
        self.clock += cycles

    def _jump(self, condition: int, target: int, onward: int, cycles: int, cycle: int) -> int:
        """Return where to go on. A loop of one instruction is run in one go, up to `cycle`."""
        if condition == 0:
            return target
        if condition in (1, 3):  # !x, !y
            return onward if (self._x if condition == 1 else self._y) else target
        if condition == 5:
            return target if self._x != self._y else onward
        if condition not in (2, 4):
            raise PioError(f"jmp condition {condition} is not known. Teach it to hw_sim/emulators/pio.py.")
        name = "_x" if condition == 2 else "_y"
        count = getattr(self, name)
        if target == self._pc:
            turns = min(count, max(0, (cycle - self.clock) // cycles))
            self.clock += turns * cycles
            count -= turns
        setattr(self, name, count - 1 & WORD)
        return target if count else onward

    def _out(self, destination: int, n: int) -> None:
        value = self._osr & (1 << n) - 1
        self._osr >>= n
        if destination == PINS:
            self._show(self.pins & ~self._out_mask | value << self._out_at & self._out_mask)
        elif destination in (X, Y):
            self._write(destination, value)
        elif destination != NULL:
            raise PioError(f"out to {destination} is not known. Teach it to hw_sim/emulators/pio.py.")

    def _write(self, destination: int, value: int) -> None:
        if destination == PINS:
            self._show(self.pins & ~self._set_mask | value & self._set_mask)
        elif destination == X:
            self._x = value
        else:
            self._y = value

    def _show(self, pins: int) -> None:
        if pins != self.pins:
            self.pins = pins
            self.edges.append((self.clock + 1, pins))
