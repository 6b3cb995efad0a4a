"""An emulated P24 stimulator: bytes in, bytes out, pulses onto a load, all in explicit virtual time.

It follows the maker's protocol document, not our driver: low and mid level, which exclude each other,
40 ms to switch the high voltage, a queue of ten low level commands, answers after the pulse has run.
Tested against the maker's own and independent clients' frames (`tests/golden`), never against a device.
"""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from hw_sim.emulators.line import Line, LineFaults
from hw_sim.emulators.load import DeliveredPulse, Load, ResistorLoad
from hw_sim.emulators.p24_mid_level import MidLevel
from hw_sim.emulators.p24_output import OutputStage, Point, read_points
from hw_sim.emulators.sciencemode_wire import FrameSplitter, WireFrame, encode_frame

HIGH_VOLTAGE_US = 40_000  # to switch it on or off; ml_init needs it twice
QUEUE_MAX = 10
BOOT_US = 1_000_000  # deaf after its power came back (assumed; a RehaMove3 takes 10 to 15 s)
ACK_LATENCY_US = (1_000, 13_000)  # after the pulse; users measured 5 to 15 ms for the whole round trip
COMMAND_DELAY_US = 1_000  # from the command to its pulse (maker's figure for the RehaMove3)

OK, TRANSFER, PARAMETER, NOT_INITIALISED = 0, 1, 2, 7
HIGH_VOLTAGE, ELECTRODE, INVALID_COMMAND, BUSY = 8, 10, 11, 21
LL_INIT, LL_CHANNEL_CONFIG, LL_STOP, ML_INIT, ML_UPDATE, ML_STOP, ML_GET = 0, 2, 4, 30, 32, 34, 36
RESET, GENERAL_ERROR, UNKNOWN_COMMAND = 58, 66, 67
FIRMWARE = bytes((1, 2, 3))
VOLTS = (150.0, 0.0, 30.0, 60.0, 90.0, 120.0, 150.0)  # of ll_init: standard, off, and steps


@dataclass(slots=True, kw_only=True)
class P24Faults(LineFaults):
    """What is wrong with the device or the line. Every field may be changed at any time."""

    high_voltage: bool = False  # it fails: every init is answered with result 8
    protocol: bytes = b""  # what the device says of its protocol, three numbers; empty: the truth


@dataclass(slots=True)
class Queued:
    """A pulse command that waits for its time."""

    ready_us: int
    frame: WireFrame
    channel: int
    points: list[Point]


class P24:
    """The device. Order of use, for one point in time: `feed(now_us, bytes)`, then `step(now_us)`.

    load             what hangs on the outputs, default a resistor of 1 kohm
    ack_latency_us   (least, most) delay of an answer, drawn from `seed`; equal values make it fixed
    on_pulse         called with each DeliveredPulse, in the order of their start
    pulses           list of all DeliveredPulse
    faults           P24Faults, to be changed at any time; electrode leads: `set_open_channels`
    now_us never runs backwards and does not wrap.
    """

    CHANNELS = 8
    LL_INIT_MORE = b""  # in the answer, after the result
    PROTOCOL = bytes((4, 0, 0))
    BOOT_US = BOOT_US

    def __init__(
        self,
        load: Load | None = None,
        *,
        ack_latency_us: tuple[int, int] = ACK_LATENCY_US,
        command_delay_us: int = COMMAND_DELAY_US,
        seed: int = 0,
        on_pulse: Callable[[DeliveredPulse], None] | None = None,
    ) -> None:
        if not 0 <= ack_latency_us[0] <= ack_latency_us[1]:
            raise ValueError(
                f"ack_latency_us is {ack_latency_us}; give (least, most) with 0 <= least <= most."
            )
        self._stage = OutputStage(load or ResistorLoad(), on_pulse)
        self._mid = MidLevel(self._stage, self.CHANNELS)
        self._splitter = FrameSplitter()
        self._random = random.Random(seed)
        self._ack_latency_us = ack_latency_us
        self._command_delay_us = command_delay_us
        self.faults = P24Faults()
        self._line = Line(63, 6)
        self._deaf_until_us = 0
        self._forget_everything()

    @property
    def pulses(self) -> list[DeliveredPulse]:
        """Every pulse delivered so far, oldest first."""
        return self._stage.pulses

    @property
    def is_low_level_on(self) -> bool:
        """True between ll_init and ll_stop."""
        return self._low_on

    @property
    def is_mid_level_running(self) -> bool:
        """True while the device repeats pulses by itself."""
        return self._mid.is_running

    def set_open_channels(self, *channels: int) -> None:
        """Take the leads of these channels off (none: all are on again)."""
        self._stage.open_channels = frozenset(channels)

    def power_cycle(self, now_us: int, boot_us: int | None = None) -> None:
        """Lose power and come back: nothing is remembered, answers under way are lost, deaf for `boot_us`."""
        self._forget_everything()
        self._stage.free_us = min(self._stage.free_us, now_us)
        self._deaf_until_us = now_us + (self.BOOT_US if boot_us is None else boot_us)

    def feed(self, now_us: int, data: bytes) -> None:
        """Take bytes that reach the device at `now_us`."""
        self._run_until(now_us)  # a reset that is under way decides whether these bytes are heard
        if self.faults.silent or now_us < self._deaf_until_us:
            return
        for frame in self._splitter.feed(data):
            is_sound = frame.is_sound and not self.faults.corrupt_heard
            self._inbox.append((now_us, replace(frame, is_sound=is_sound)))

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

    def _run_until(self, now_us: int) -> None:
        while True:
            at_us, action = min(self._events(), key=lambda event: event[0], default=(now_us + 1, None))
            if action is None or at_us > now_us:
                break
            action(at_us)
        self._send_until(now_us)

    def _send_until(self, now_us: int) -> None:
        self._line.run_until(now_us)

    def _forget_everything(self) -> None:
        self._splitter.reset()
        self._mid.stop()
        self._low_on = False
        self._inbox: deque[tuple[int, WireFrame]] = deque()
        self._queue: deque[Queued] = deque()
        self._line.clear()
        self._switching_until_us = 0  # high voltage on its way up or down: commands wait
        self._answered_us = 0

    def _events(self) -> list[tuple[int, Callable[[int], None]]]:
        """What comes next of each kind. A command comes before a pulse of the same moment, so a stop wins."""
        events: list[tuple[int, Callable[[int], None]]] = []
        if self._inbox:
            events.append((max(self._inbox[0][0], self._switching_until_us), self._obey_next))
        if self._queue:
            events.append((max(self._queue[0].ready_us, self._stage.free_us), self._fire_next))
        mid_us = self._mid.due_us()
        if mid_us is not None:
            events.append((mid_us, self._mid.run))
        return events

    def _obey_next(self, now_us: int) -> None:
        _, frame = self._inbox.popleft()
        if not frame.is_sound:
            self._answer(now_us, frame, bytes((TRANSFER,)), GENERAL_ERROR)
        elif frame.command in (LL_INIT, ML_INIT):
            self._init(now_us, frame)
        elif frame.command in (LL_STOP, ML_STOP):
            self._stop(now_us, frame)
        elif frame.command == LL_CHANNEL_CONFIG:
            self._channel_config(now_us, frame)
        elif frame.command == ML_UPDATE:
            self._answer(now_us, frame, bytes((self._update(now_us, frame.data),)))
        elif frame.command == ML_GET:
            self._answer(now_us, frame, self._current_data(now_us, frame.data))
        else:
            self._inform(now_us, frame)

    def _init(self, now_us: int, frame: WireFrame) -> None:
        is_low = frame.command == LL_INIT
        if self._mid.is_on if is_low else self._low_on:
            self._answer(now_us, frame, bytes((NOT_INITIALISED,)))
        elif len(frame.data) != 1 or not (self._is_ll_init(frame.data[0]) if is_low else frame.data[0] < 2):
            self._answer(now_us, frame, bytes((PARAMETER,)))
        elif self.faults.high_voltage:
            self._answer(now_us + HIGH_VOLTAGE_US, frame, bytes((HIGH_VOLTAGE,)))
        elif is_low:
            self._low_on = True
            self._stage.high_voltage_v = VOLTS[frame.data[0] >> 1 & 7]
            self._switch_high_voltage(now_us, frame, HIGH_VOLTAGE_US, self.LL_INIT_MORE)
        else:
            self._mid.init(stop_all_on_error=bool(frame.data[0]))
            self._stage.high_voltage_v = VOLTS[0]
            self._switch_high_voltage(now_us, frame, 2 * HIGH_VOLTAGE_US)

    def _is_ll_init(self, byte: int) -> bool:
        """Bits 3 to 1 are the voltage. The others are reserved, or ask for what is not emulated: a measurement (P24),
        denervation (RehaMove3); both are refused here (assumed).
        """
        return not byte & 0xF1 and byte >> 1 < len(VOLTS)

    def _stop(self, now_us: int, frame: WireFrame) -> None:
        """A pulse under way runs to its end; queued ones are dropped, unanswered (assumed)."""
        if not (self._low_on if frame.command == LL_STOP else self._mid.is_on):
            self._answer(now_us, frame, bytes((NOT_INITIALISED,)))
            return
        self._low_on = False
        self._queue.clear()
        self._mid.stop()
        self._switch_high_voltage(max(now_us, self._stage.free_us), frame, HIGH_VOLTAGE_US)

    def _switch_high_voltage(
        self, now_us: int, frame: WireFrame, duration_us: int, more: bytes = b""
    ) -> None:
        self._switching_until_us = now_us + duration_us
        self._answer(self._switching_until_us, frame, bytes((OK,)) + more)

    def _channel_config(self, now_us: int, frame: WireFrame) -> None:
        head = frame.data[0] if frame.data else 0
        points = read_points(frame.data[1:])
        if not self._low_on:
            result = NOT_INITIALISED
        elif self.faults.busy or len(self._queue) >= QUEUE_MAX:
            result = BUSY  # for a full queue: assumed
        elif (
            head & 0x80
            and points is not None
            and len(points) == (head & 15) + 1
            and _channel(head) < self.CHANNELS
        ):
            self._queue.append(Queued(now_us + self._command_delay_us, frame, _channel(head), points))
            return  # the answer comes after the pulse
        else:  # without the execute bit nothing happens; clients send it with or without points
            result = OK if frame.data and not head & 0x80 else PARAMETER
        self._answer(now_us, frame, self._pulse_answer(result, head))

    def _fire_next(self, now_us: int) -> None:
        queued = self._queue.popleft()
        is_good = self._stage.fire(now_us, queued.channel, queued.points)
        result = OK if is_good else ELECTRODE
        if self.faults.pulse_result is not None:
            result = self.faults.pulse_result
        self._answer(self._stage.free_us, queued.frame, self._pulse_answer(result, queued.frame.data[0]))

    def _pulse_answer(self, result: int, head: int) -> bytes:
        """Result, (connector << 4) + channel, no measurement."""
        return bytes((result, (head >> 4 & 1) << 4 | (head >> 5 & 3), 0))

    def _update(self, now_us: int, data: bytes) -> int:
        if not self._mid.is_on:
            return NOT_INITIALISED
        if self.faults.busy:
            return BUSY
        return OK if self._mid.update(now_us, data) else PARAMETER

    def _current_data(self, now_us: int, data: bytes) -> bytes:
        if not self._mid.is_on:
            return bytes((NOT_INITIALISED,))
        found = self._mid.current_data(data[0]) if len(data) == 1 else None
        if found is None:
            return bytes((PARAMETER,))
        self._mid.heard(now_us)
        return bytes((OK,)) + found

    def _inform(self, now_us: int, frame: WireFrame) -> None:
        """The questions, which change nothing, and the reset."""
        version = FIRMWARE + (self.faults.protocol or self.PROTOCOL)
        status = 1 if self._low_on else 2 + self._mid.is_running if self._mid.is_on else 0
        data = self._answers_of(version, bytes((status, 6 if status else 1))).get(frame.command)
        if data is None:
            self._answer(now_us, frame, bytes((INVALID_COMMAND,)), UNKNOWN_COMMAND)
            return
        if frame.command == RESET:
            self._send_until(now_us)  # what is on the line has left
            self.power_cycle(now_us)
        self._answer(now_us, frame, bytes((OK,)) + data)

    def _answers_of(self, version: bytes, status: bytes) -> dict[int, bytes]:
        """Return what each question is answered with, after the result."""
        return {
            50: version,
            52: b"EMULATED24",
            54: bytes((100,)) + (5000).to_bytes(2, "big"),  # no battery: its 5 V supply (assumed)
            RESET: b"",
            60: version,
            62: status,
            68: version + bytes.fromhex("00000000 01 01"),
        }

    def _answer(self, done_us: int, frame: WireFrame, data: bytes, command: int | None = None) -> None:
        """Send `data` some latency after `done_us`, in order, through whatever is wrong with the line."""
        at_us = self._answered_at_us(done_us)
        said = frame.command + 1 if command is None else command
        self._line.answer(
            at_us,
            frame.command,
            frame.packet_number,
            lambda number: encode_frame(number, said, data),
            self.faults,
        )

    def _answered_at_us(self, done_us: int) -> int:
        """Draw when the next answer leaves: some latency after `done_us`, in order."""
        self._answered_us = max(self._answered_us, done_us + self._random.randint(*self._ack_latency_us))
        return self._answered_us


def _channel(head: int) -> int:
    return (head >> 4 & 1) * 4 + (head >> 5 & 3)
