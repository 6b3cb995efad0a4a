"""An emulated output stage: a board with the pulse program in an emulated PIO, a DAC, a bridge and a comparator.

The pulses that reach the load are read off the emulated pins. The rest follows the contract in
docs/stimulators.md, "Output stage"; no such board was built.
"""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from hw_sim.emulators.line import Line, LineFaults
from hw_sim.emulators.load import DeliveredPulse, Load, ResistorLoad
from hw_sim.emulators.output_stage_wire import FrameSplitter, WireFrame, encode_answer
from hw_sim.emulators.p24_output import OutputStage as Outputs
from hw_sim.emulators.pio import StateMachine
from stimulator.drivers import output_stage_program as program  # it is what the board has loaded

BOOT_US = 1_000_000  # deaf after its power came back (assumed)
BOARD_US = (200, 1_500)  # until the board's loop has done what it was told (assumed)
SUPPLY_V = 150.0  # the maker's choice
DAC_MAX, DAC_STEP_MA = 200, 0.5
COMPARATOR_FROM_MA = 5.0
HELLO, ENABLE, DISABLE, PULSE = 10, 12, 14, 16
OK, PARAMETER, NOT_ENABLED, SUPPLY, BUSY, LOW_CURRENT = 0, 2, 7, 8, 21, 28


@dataclass(slots=True, kw_only=True)
class StageFaults(LineFaults):
    """What is wrong with the board or the line. Every field may be changed at any time."""

    supply: bool = False  # no high voltage: enable is answered with result 8
    version: int = 1  # what hello says
    opcodes: tuple[int, ...] = program.OPCODES  # what it has loaded
    other_word: int = 0  # changes these bits of every word on its way into the PIO


@dataclass(slots=True)
class _Given:
    """A pulse of the PIO: begin and end in us, the output, both phases and the pause."""

    begin_us: int
    end_us: int
    output: int
    current_ma: float
    phase_a_us: int
    gap_us: int
    phase_b_us: int
    word: int


class OutputStage:
    """The device. Order of use, for one point in time: `feed(now_us, bytes)`, then `step(now_us)`.

    load             what hangs on the outputs, default a resistor of 1 kohm
    ack_latency_us   (least, most) of the board's loop, drawn from `seed`, for what it hears and what it says
    on_pulse         called with each DeliveredPulse, in the order of their start
    pulses           list of all DeliveredPulse
    faults           StageFaults, to be changed at any time; leads: `set_open_channels`
    now_us never runs backwards and does not wrap.
    """

    def __init__(
        self,
        load: Load | None = None,
        *,
        ack_latency_us: tuple[int, int] = BOARD_US,
        seed: int = 0,
        on_pulse: Callable[[DeliveredPulse], None] | None = None,
    ) -> None:
        if not 0 <= ack_latency_us[0] <= ack_latency_us[1]:
            raise ValueError(
                f"ack_latency_us is {ack_latency_us}; give (least, most) with 0 <= least <= most."
            )
        self._outputs = Outputs(load or ResistorLoad(), on_pulse, COMPARATOR_FROM_MA)
        self._outputs.high_voltage_v = SUPPLY_V
        self._splitter = FrameSplitter()
        self._random = random.Random(seed)
        self._latency_us = ack_latency_us
        self._line = Line(255, 9)
        self.faults = StageFaults()
        self._deaf_until_us = 0
        self._forget_everything()

    @property
    def pulses(self) -> list[DeliveredPulse]:
        """Every pulse delivered so far, oldest first."""
        return self._outputs.pulses

    @property
    def is_enabled(self) -> bool:
        """True between enable and disable."""
        return self._machine is not None

    def set_open_channels(self, *channels: int) -> None:
        """Take the leads of these outputs off (none: all are on again)."""
        self._outputs.open_channels = frozenset(channels)

    def power_cycle(self, now_us: int, boot_us: int = BOOT_US) -> None:
        """Lose power and come back: nothing is remembered, answers under way are lost, deaf for `boot_us`."""
        self._run_until(now_us)
        self._forget_everything()
        self._outputs.free_us = min(self._outputs.free_us, now_us)
        self._deaf_until_us = now_us + boot_us

    def feed(self, now_us: int, data: bytes) -> None:
        """Take bytes that reach the board at `now_us`."""
        self._run_until(now_us)
        if self.faults.silent or now_us < self._deaf_until_us or self.faults.corrupt_heard:
            return
        for frame in self._splitter.feed(data):
            last_us = self._inbox[-1][0] if self._inbox else 0
            self._inbox.append((max(last_us, now_us + self._random.randint(*self._latency_us)), frame))

    def due_us(self, now_us: int) -> int | None:
        """Return when the device next does something by itself (at least `now_us`), None if never."""
        times = [at_us for at_us, _ in self._events()]
        leaves_us = self._line.due_us()
        if leaves_us is not None:
            times.append(leaves_us)
        return max(now_us, min(times)) if times else None

    def step(self, now_us: int) -> bytes:
        """Do everything that is due until `now_us`, in order of time; return what is sent until then."""
        self._run_until(now_us)
        return self._line.take()

    # Inside --------------------------------------------------------------------------------------------

    def _forget_everything(self) -> None:
        self._splitter.reset()
        self._line.clear()
        self._inbox: deque[tuple[int, WireFrame]] = deque()
        self._machine: StateMachine | None = None
        self._machine_from_us = 0  # when its clock was 0
        self._coming: _Given | None = None  # its word has been put, it has not begun
        self._running: tuple[_Given, WireFrame, bool] | None = None  # and whether the current was reached
        self._frame: WireFrame | None = None  # that asked for it

    def _run_until(self, now_us: int) -> None:
        while True:
            at_us, action = min(self._events(), key=lambda event: event[0], default=(now_us + 1, None))
            if action is None or at_us > now_us:
                break
            action(at_us)
        self._line.run_until(now_us)

    def _events(self) -> list[tuple[int, Callable[[int], None]]]:
        """What comes next of each kind. A command comes before a pulse of the same moment, so a stop wins."""
        events: list[tuple[int, Callable[[int], None]]] = []
        if self._inbox:
            events.append((self._inbox[0][0], self._obey_next))
        if self._coming:
            events.append((self._coming.begin_us, self._begin_pulse))
        if self._running:
            events.append((self._running[0].end_us, self._end_pulse))
        return events

    def _obey_next(self, now_us: int) -> None:
        _, frame = self._inbox.popleft()
        if frame.command == HELLO:
            loaded = program.checksum(self.faults.opcodes)
            self._answer(now_us, frame, OK, self.faults.version, loaded)
        elif frame.command == ENABLE:
            self._enable(now_us, frame)
        elif frame.command == DISABLE:
            self._disable(now_us, frame)
        elif frame.command == PULSE:
            result = self._take_pulse(now_us, frame)
            if result != OK:
                self._answer(now_us, frame, result)
        else:
            self._answer(now_us, frame, PARAMETER)

    def _enable(self, now_us: int, frame: WireFrame) -> None:
        self._coming = None
        if self.faults.supply:
            self._answer(now_us, frame, SUPPLY)
            return
        self._machine = StateMachine(
            program.OPCODES,
            wrap_target=program.WRAP_TARGET,
            wrap=program.WRAP,
            set_pins=program.SET_PINS,
            out_pins=program.OUT_PINS,
        )
        self._machine_from_us = max(now_us, self._outputs.free_us)
        self._answer(now_us, frame, OK)

    def _disable(self, now_us: int, frame: WireFrame) -> None:
        """The queue is emptied; a pulse under way runs to its end."""
        result = OK if self._machine else NOT_ENABLED
        self._coming = None
        self._machine = None
        self._answer(max(now_us, self._outputs.free_us), frame, result)

    def _take_pulse(self, now_us: int, frame: WireFrame) -> int:
        """Set the DAC and put the word. The PIO is run ahead: nothing but a loss of power can change its pulse."""
        machine = self._machine
        if machine is None:
            return NOT_ENABLED
        if frame.dac > DAC_MAX or frame.word >= 1 << 20:
            return PARAMETER
        if self.faults.busy or self._coming or self._running:
            return BUSY
        machine.run_until(now_us - self._machine_from_us)
        machine.edges.clear()  # select lines, then side A on and off, side B on and off
        machine.put(frame.word ^ self.faults.other_word)
        while not machine.pushed:
            machine.run_until(machine.clock + 100)
        _, word = machine.pushed.popleft()
        (a_on, pins), (a_off, _), (b_on, _), (b_off, _) = machine.edges[-4:]
        from_us = self._machine_from_us
        self._coming = _Given(
            begin_us=from_us + a_on,
            end_us=from_us + b_off,
            output=pins >> program.SET_PINS,
            current_ma=frame.dac * DAC_STEP_MA,
            phase_a_us=a_off - a_on,
            gap_us=b_on - a_off,
            phase_b_us=b_off - b_on,
            word=word,
        )
        self._frame = frame
        return OK

    def _begin_pulse(self, now_us: int) -> None:
        given, frame = self._coming, self._frame
        if given is None or frame is None:
            return
        self._coming = None
        points = [
            (given.phase_a_us, given.current_ma),
            (given.gap_us, 0.0),
            (given.phase_b_us, -given.current_ma),
        ]
        is_reached = self._outputs.fire(now_us, given.output, points)
        self._running = given, frame, is_reached

    def _end_pulse(self, now_us: int) -> None:
        if self._running is None:
            return
        given, frame, is_reached = self._running
        self._running = None
        result = OK if is_reached else LOW_CURRENT
        if self.faults.pulse_result is not None:
            result = self.faults.pulse_result
        self._answer(now_us, frame, result, 0, given.word)

    def _answer(self, done_us: int, frame: WireFrame, result: int, value: int = 0, word: int = 0) -> None:
        self._line.answer(
            done_us + self._random.randint(*self._latency_us),
            frame.command,
            frame.packet_number,
            lambda number: encode_answer(frame.command + 1 & 0xFF, number, result, value, word),
            self.faults,
        )
