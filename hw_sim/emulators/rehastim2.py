"""An emulated RehaStim2: bytes in, bytes out, pulses onto a load, all in explicit virtual time.

It follows the maker's protocol document, not our driver: it begins the conversation (Init every 500 ms),
forgets everything after 1.2 s without a sound frame, answers after 20 to 100 ms, gives single pulses or
repeats a channel list, and reports the quick stop and poor electrodes on its own account.
Tested against independent clients and their frames (`tests/golden`), never against a device.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from hw_sim.emulators.line import Line, LineFaults
from hw_sim.emulators.load import DeliveredPulse, Load, ResistorLoad
from hw_sim.emulators.p24_output import OutputStage
from hw_sim.emulators.rehastim2_list import MODE_START, ChannelList, pulse_points, read_pulse
from hw_sim.emulators.rehastim2_wire import FrameSplitter, WireFrame, encode_frame

INIT_PERIOD_US = 500_000
TIMEOUT_US = 1_200_000
BOOT_US = 1_000_000  # deaf and mute after its power came back (assumed)
ACK_LATENCY_US = (20_000, 100_000)  # from a command to its answer, as users measured
COMMAND_DELAY_US = (10_000, 24_000)  # from a command to its pulse (maker)
MOTOMED_PERIOD_US = 20_000

OK, TRANSFER, PARAMETER, WRONG_MODE, BUSY = 0, -1, -2, -3, -8
QUICK_STOP, ELECTRODE, MODULE = -1, -2, -3
INIT, INIT_ACK, UNKNOWN_COMMAND, WATCHDOG, GET_MODE = 1, 2, 3, 4, 10
LIST_INIT, LIST_START, LIST_STOP, SINGLE_PULSE, STIMULATION_ERROR = 30, 32, 34, 36, 38
MOTOMED_VALUES = 60


@dataclass(slots=True, kw_only=True)
class RehaStim2Faults(LineFaults):
    """What is wrong with the device or the line. Every field may be changed at any time."""

    version: int = 1  # what its Init says
    motomed: bool = False  # a leg trainer is connected: its values come every 20 ms


class RehaStim2:
    """The device. Order of use, for one point in time: `feed(now_us, bytes)`, then `step(now_us)`.

    load             what hangs on the outputs, default a resistor of 1 kohm
    ack_latency_us   (least, most) from a command to its answer, drawn from `seed`; equal values make it fixed
    command_delay_us (least, most) from a command to its pulse, at most the time of its answer
    on_pulse         called with each DeliveredPulse, in the order of their start
    pulses           list of all DeliveredPulse
    faults           RehaStim2Faults, to be changed at any time; leads: `set_open_channels`
    now_us never runs backwards and does not wrap. The first Init comes at 0.
    """

    def __init__(
        self,
        load: Load | None = None,
        *,
        ack_latency_us: tuple[int, int] = ACK_LATENCY_US,
        command_delay_us: tuple[int, int] = COMMAND_DELAY_US,
        seed: int = 0,
        on_pulse: Callable[[DeliveredPulse], None] | None = None,
    ) -> None:
        for name, value in (("ack_latency_us", ack_latency_us), ("command_delay_us", command_delay_us)):
            if not 0 <= value[0] <= value[1]:
                raise ValueError(f"{name} is {value}; give (least, most) with 0 <= least <= most.")
        self._stage = OutputStage(load or ResistorLoad(), on_pulse)
        self._list = ChannelList(self._stage)
        self._splitter = FrameSplitter()
        self._random = random.Random(seed)
        self._ack_latency_us = ack_latency_us
        self._command_delay_us = command_delay_us
        self.faults = RehaStim2Faults()
        self._is_stop_pressed = False
        self._line = Line(255, 2)
        self._motomed_us = 0  # when the leg trainer speaks next
        self._begin(0)

    @property
    def pulses(self) -> list[DeliveredPulse]:
        """Every pulse delivered so far, oldest first."""
        return self._stage.pulses

    @property
    def is_connected(self) -> bool:
        """True from the host's InitAck until 1.2 s without a sound frame."""
        return self._connected

    @property
    def mode(self) -> int:
        """0 at the start, 1 with a list prepared, 2 with a list running."""
        return self._list.mode

    def set_open_channels(self, *channels: int) -> None:
        """Take the leads of these channels off (none: all are on again)."""
        self._stage.open_channels = frozenset(channels)

    def set_quick_stop(self, now_us: int, *, pressed: bool) -> None:
        """Press or release the red button. Pressed, it ends all stimulation and says so."""
        self._run_until(now_us)
        if pressed and not self._is_stop_pressed and self._connected:
            self._stimulation_error(now_us, QUICK_STOP)
        self._is_stop_pressed = pressed

    def break_module(self, now_us: int) -> None:
        """Let the output module fail once."""
        self._run_until(now_us)
        self._stimulation_error(now_us, MODULE)

    def power_cycle(self, now_us: int, boot_us: int = BOOT_US) -> None:
        """Lose power and come back: nothing is remembered, answers under way are lost."""
        self._run_until(now_us)
        self._splitter.reset()
        self._line.clear()
        self._stage.free_us = min(self._stage.free_us, now_us)
        self._begin(now_us + boot_us)

    def feed(self, now_us: int, data: bytes) -> None:
        """Take bytes that reach the device at `now_us`."""
        self._run_until(now_us)
        if self.faults.silent or now_us < self._awake_us:
            return
        for frame in self._splitter.feed(data):
            self._obey(now_us, frame)

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

    # Time ----------------------------------------------------------------------------------------------

    def _begin(self, awake_us: int) -> None:
        """As after power-on: say Init from `awake_us` on, until the host accepts."""
        self._awake_us = awake_us
        self._connected = False
        self._init_us = awake_us  # when the next Init is due
        self._init_packet = 0
        self._packet_number = 0  # of its own messages
        self._heard_us = awake_us
        self._answered_us = awake_us
        self._pulse: tuple[int, int, int, int] | None = None  # time, channel, width us, current mA
        self._busy_until_us = 0
        self._list.reset()

    def _run_until(self, now_us: int) -> None:
        while True:
            at_us, action = min(self._events(), key=lambda event: event[0], default=(now_us + 1, None))
            if action is None or at_us > now_us:
                break
            self._line.run_until(at_us)  # what was on the line before has left, whatever happens now
            action(at_us)
        self._line.run_until(now_us)

    def _events(self) -> list[tuple[int, Callable[[int], None]]]:
        """What comes next of each kind; the end of the connection comes first of what is due together."""
        if not self._connected:
            return [(self._init_us, self._say_init)]
        events: list[tuple[int, Callable[[int], None]]] = [(self._heard_us + TIMEOUT_US, self._time_out)]
        if self._pulse:
            events.append((max(self._pulse[0], self._stage.free_us), self._fire))
        list_us = self._list.due_us()
        if list_us is not None:
            events.append((list_us, self._run_list))
        if self.faults.motomed:
            events.append((max(self._heard_us, self._motomed_us), self._say_motomed))
        return events

    def _say_init(self, now_us: int) -> None:
        self._init_us = now_us + INIT_PERIOD_US
        self._init_packet = self._say(now_us, INIT, bytes((self.faults.version,)))

    def _say_motomed(self, now_us: int) -> None:
        self._motomed_us = now_us + MOTOMED_PERIOD_US
        self._say(now_us, MOTOMED_VALUES, bytes((0x00, 0x81, 0x0F, 0xF0)))

    def _time_out(self, now_us: int) -> None:
        self._line.clear()
        self._begin(now_us)

    def _fire(self, now_us: int) -> None:
        if self._pulse:
            _, channel, width_us, current_ma = self._pulse
            self._pulse = None
            points = pulse_points(width_us, current_ma)
            if width_us and current_ma and not self._stage.fire(now_us, channel, points):
                self._stimulation_error(self._stage.free_us, ELECTRODE)

    def _run_list(self, now_us: int) -> None:
        if not self._list.run(now_us):
            self._stimulation_error(self._stage.free_us, ELECTRODE)

    def _stimulation_error(self, now_us: int, error: int) -> None:
        """Stop whatever runs, go back to the start mode, tell the host."""
        self._pulse = None
        self._list.reset()
        self._say(now_us, STIMULATION_ERROR, bytes((error & 0xFF,)))

    # Commands ------------------------------------------------------------------------------------------

    def _obey(self, now_us: int, frame: WireFrame) -> None:
        if not self._connected:
            is_sound = frame.is_sound and not self.faults.corrupt_heard
            is_accepted = is_sound and frame.command == INIT_ACK and frame.data == b"\x00"
            if is_accepted and frame.packet_number == self._init_packet:
                self._connected = True
                self._heard_us = now_us
            return
        if not frame.is_sound or self.faults.corrupt_heard:
            if frame.command in (GET_MODE, LIST_INIT, LIST_START, LIST_STOP, SINGLE_PULSE):
                self._answer(now_us, frame, TRANSFER)
            return
        self._heard_us = now_us
        if frame.command == GET_MODE:
            self._answer(now_us, frame, OK, bytes((self._list.mode,)))
        elif frame.command == LIST_STOP:
            self._pulse = None
            self._list.reset()
            self._answer(now_us, frame, OK)
        elif frame.command in (LIST_INIT, LIST_START, SINGLE_PULSE):
            self._answer(now_us, frame, self._stimulate(now_us, frame))
        elif frame.command not in (INIT_ACK, WATCHDOG):
            self._say(now_us, UNKNOWN_COMMAND, bytes((frame.command,)))

    def _stimulate(self, now_us: int, frame: WireFrame) -> int:
        if self.faults.busy:
            return BUSY
        if self._is_stop_pressed:
            self._stimulation_error(now_us, QUICK_STOP)
            return WRONG_MODE
        if frame.command == LIST_START:
            if self._list.mode == MODE_START:
                return WRONG_MODE
            return OK if self._list.start(now_us, frame.data) else PARAMETER
        if self._list.mode != MODE_START:
            return WRONG_MODE
        if frame.command == LIST_INIT:
            return OK if self._list.init(frame.data) else PARAMETER
        pulse = read_pulse(frame.data[1:]) if len(frame.data) == 4 and frame.data[0] < 8 else None
        if pulse is None:
            return PARAMETER
        if self._pulse or now_us < self._busy_until_us:
            return BUSY  # the pulse before has not been answered yet (assumed)
        self._pulse = (now_us + self._random.randint(*self._command_delay_us), frame.data[0], *pulse)
        return OK

    def _answer(self, now_us: int, frame: WireFrame, result: int, more: bytes = b"") -> None:
        """Send a result some latency after the command, in order, through whatever is wrong with the line."""
        at_us = max(self._answered_us, now_us + self._random.randint(*self._ack_latency_us))
        if frame.command == SINGLE_PULSE and self._pulse and result == OK:
            at_us = max(at_us, self._pulse[0] + 1_200)  # not before its pulse has run
            self._busy_until_us = at_us
        self._answered_us = at_us
        if frame.command == SINGLE_PULSE and result == OK and self.faults.pulse_result is not None:
            result = self.faults.pulse_result
        data = bytes((result & 0xFF,)) + (more if result == OK else b"")
        self._line.answer(
            at_us,
            frame.command,
            frame.packet_number,
            lambda number: encode_frame(number, frame.command + 1, data),
            self.faults,
        )

    def _say(self, now_us: int, command: int, data: bytes) -> int:
        """Send a message of its own; return its packet number."""
        number = self._packet_number
        self._packet_number = number + 1 & 0xFF
        if not self.faults.silent:
            self._line.send(now_us, encode_frame(number, command, data))
        return number
