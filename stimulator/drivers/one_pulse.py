"""What every driver shares: one command is one pulse, at most one is unacknowledged, every doubt latches a fault.

A state machine without I/O and without a clock: bytes in by `receive`, bytes out in `tx`, time by
`step(dt_us)`. After a fault it produces one "stop" and nothing more until a person clears it and starts again.
Each stimulation frame is built once, with a packet number of its own. Nothing allocates after `__init__`.
Use in each cycle: `receive` what has arrived, `step`, write what it returns, then at most one pulse:
`encode_pulse`, check `tx`, write, `pulse_written`.
"""

from collections import namedtuple

from safety.clock import Age
from safety.pulse import SYMMETRIC
from stimulator.drivers import faults

OFF = 0  # this state has the same number in every driver
EVENT_START = 0  # and so have these events; a driver's own follow
EVENT_STOP = 1
EVENT_CLEAR = 2
EVENT_FAIL = 3
COUNT_MAX = (1 << 20) - 1  # counters stop here; far above anything a session reaches
NOBODY = -1  # no packet number

# ready, stopping, fault   int, the states with these meanings
# next                     next[state][event]: the state that follows
# commands                 per state: the command sent on entering (-1 none), data bytes of its answer, time
#                          allowed for it in us (0: nothing is awaited), tries
Table = namedtuple("Table", ("ready", "stopping", "fault", "next", "commands"))


class OnePulseDriver:
    """One stimulator. See the module's first lines for the order of use.

    capability               of the device, see `capability`
    tx                       bytearray with the bytes to write now
    state, fault             int, STATE_NAMES and FAULTS name them; the first cause is kept until cleared
    pulses_acked             int, pulses that the device says it gave
    pulses_failed            int, pulses refused by the device, or whose answer never came
    last_ack_channel         int, channel of the last pulse given, -1 before the first
    last_ack_age_us          int, how long its answer took, as seen by `step`
    error_channel            int, channel of the pulse whose answer was an error, -1 if none was
    last_result, last_command   int, of the last frame that arrived before a fault, -1 before the first
    protocol_major           int, from the device, 0 before it said so
    reader                   finds frames in what arrives; its counters show noise and broken frames

    A driver of its own gives its words (STATE_NAMES, FAULTS), `_encode_pulse`, `_encode_command` and `_hear`,
    and may give `_idle`.
    """

    __slots__ = (
        "_age",
        "_asked",
        "_asked_packet",
        "_encoded_channel",
        "_encoded_packet",
        "_errors_before",
        "_number_mask",
        "_packet_number",
        "_port_gone",
        "_pulse_ack_max_us",
        "_pulse_age",
        "_pulse_channel",
        "_pulse_packet",
        "_said_age",
        "_table",
        "_to_send",
        "_tries_left",
        "capability",
        "error_channel",
        "fault",
        "last_ack_age_us",
        "last_ack_channel",
        "last_command",
        "last_result",
        "protocol_major",
        "pulses_acked",
        "pulses_failed",
        "reader",
        "state",
        "tx",
    )
    STATE_NAMES = ()
    FAULTS = ()

    def __init__(self, capability, table, tx, reader, *, number_max: int, pulse_ack_max_us: int) -> None:
        self.capability = capability
        self._table = table
        self.reader = reader
        self.tx = tx
        self._number_mask: int = number_max  # 2**n - 1
        self._pulse_ack_max_us: int = pulse_ack_max_us
        self.state: int = OFF
        self.fault: int = faults.FAULT_NONE
        self.pulses_acked: int = 0
        self.pulses_failed: int = 0
        self.last_ack_channel: int = -1
        self.last_ack_age_us: int = 0
        self.error_channel: int = -1
        self.last_result: int = -1
        self.last_command: int = -1
        self.protocol_major: int = 0
        self._packet_number: int = 0  # of the next frame; never starts over, so old answers do not match
        self._to_send: bool = False  # the command of this state is still to be written
        self._asked: bool = False  # something is awaited: the answer to this state's command, or a first word
        self._asked_packet: int = NOBODY
        self._tries_left: int = 0
        self._age = Age()
        self._said_age = Age()  # since the last frame of any kind
        self._errors_before: int = 0
        self._encoded_packet: int = NOBODY  # a pulse that stands in tx
        self._encoded_channel: int = 0
        self._pulse_packet: int = NOBODY  # a pulse that was written and not answered
        self._pulse_channel: int = 0
        self._pulse_age = Age()
        self._port_gone: bool = False

    # What the guard asks -------------------------------------------------------------------------------

    def is_ready(self) -> bool:
        """Return True if the device is connected, checked and switched on."""
        return self.state == self._table.ready

    def can_pulse(self) -> bool:
        """Return True if a pulse may be encoded now: ready, and nothing unacknowledged."""
        return self.state == self._table.ready and self._pulse_packet == NOBODY

    def quantise_current_ua(self, current_ua: int, shape: int = SYMMETRIC) -> int:
        """Return the largest current the device can do that is not above `current_ua`.

        A smaller second phase must be a whole number of the device's steps too.
        """
        step_ua = self.capability.current_step_ua * max(1, abs(shape))
        current_ua = max(0, min(current_ua, self.capability.current_max_ua))
        return current_ua - current_ua % step_ua

    def encode_pulse(
        self, channel: int, current_ua: int, width_us: int, gap_us: int, shape: int = SYMMETRIC
    ) -> int:
        """Put one pulse into `tx`; return its length, 0 if not now or not exactly expressible.

        Nothing is counted as sent until `pulse_written`; a pulse that is not written is forgotten.
        """
        self._encoded_packet = NOBODY
        if not self.can_pulse():
            return 0
        n = self._encode_pulse(self._packet_number, channel, current_ua, width_us, gap_us, shape)
        if n:
            self._encoded_packet = self._take_packet_number()
            self._encoded_channel = channel
        return n

    def pulse_written(self) -> None:
        """The pulse in `tx` went out: its answer is due. Once per `encode_pulse`."""
        if self._encoded_packet == NOBODY or not self.can_pulse():
            self._fail(faults.FAULT_MISUSE)
            return
        self._pulse_packet = self._encoded_packet
        self._pulse_channel = self._encoded_channel
        self._encoded_packet = NOBODY
        self._pulse_age.restart()
        self._said_age.restart()
        self._errors_before = self.reader.errors

    # What a person or the supervisor decides -----------------------------------------------------------

    def start(self) -> bool:
        """Begin to connect, if off; return whether it did. Does nothing in any other state."""
        if self.state != OFF:
            return False
        self.reader.reset()
        self._port_gone = False
        self.protocol_major = 0
        self.error_channel = -1
        self._go(EVENT_START)
        return True

    def stop(self) -> None:
        """Stop in good order: a stop at the next step, then off. Does nothing when off or in fault."""
        self._go(EVENT_STOP)

    def clear_fault(self) -> None:
        """A person has seen the fault: go to off. Does nothing without a fault."""
        if self.state == self._table.fault:
            self.fault = faults.FAULT_NONE
            self._go(EVENT_CLEAR)

    def port_gone(self) -> None:
        """The port raised: latch the fault; nothing is produced any more, not even a stop."""
        self._port_gone = True
        self._fail(faults.FAULT_PORT_GONE)

    # Time and bytes ------------------------------------------------------------------------------------

    def step(self, dt_us: int) -> int:
        """Let `dt_us` pass; return how many bytes of `tx` to write now (0: none). Never a pulse."""
        self._age.advance(dt_us)
        self._pulse_age.advance(dt_us)
        self._said_age.advance(dt_us)
        if self._asked and self._age.us >= self._table.commands[self.state][2]:
            self._overdue()
        if (
            self.state == self._table.ready
            and self._pulse_packet != NOBODY
            and self._pulse_age.us >= self._pulse_ack_max_us
        ):
            self._fail(self._silence(faults.FAULT_PULSE_NOT_ANSWERED))
        if not self._to_send:
            return self._idle()
        self._to_send = False
        if self._port_gone:
            return 0
        self._encoded_packet = NOBODY  # whatever stood in tx is overwritten
        self._said_age.restart()
        return self._encode_command(self._table.commands[self.state][0])

    def receive(self, buf: bytearray, n: int) -> None:
        """Take the first `n` bytes of `buf`, as they came from the device."""
        for i in range(n):
            if self.reader.feed(buf[i]):
                self._hear()

    # What a driver of its own gives --------------------------------------------------------------------

    def _encode_pulse(
        self, number: int, channel: int, current_ua: int, width_us: int, gap_us: int, shape: int
    ) -> int:
        """Put exactly this pulse into `tx`; return its length, 0 if it cannot be expressed."""
        raise NotImplementedError

    def _encode_command(self, command: int) -> int:
        """Put this state's command into `tx`; return its length. `_ask` gives its packet number."""
        raise NotImplementedError

    def _hear(self) -> None:
        """Take the frame that stands in `reader`."""
        raise NotImplementedError

    def _idle(self) -> int:
        """Return how many bytes of `tx` to write when nothing else is to be said."""
        return 0

    # Inside --------------------------------------------------------------------------------------------

    def _ask(self) -> int:
        """Return the packet number of a command whose answer is awaited from now on, but not in fault."""
        self._asked_packet = self._take_packet_number()
        self._asked = self.state != self._table.fault
        self._age.restart()
        self._errors_before = self.reader.errors
        return self._asked_packet

    def _is_answer(self, command: int, packet_number: int) -> bool:
        """Whether the frame in `reader` answers this: its command + 1, and its packet number."""
        return self.reader.command == command + 1 and self.reader.packet_number == packet_number

    def _pulse_given(self) -> None:
        """The device says that it gave the pulse under way."""
        self._pulse_packet = NOBODY
        self.last_ack_channel = self._pulse_channel
        self.last_ack_age_us = self._pulse_age.us
        if self.pulses_acked < COUNT_MAX:
            self.pulses_acked += 1

    def _pulse_failed(self, fault: int) -> None:
        """The device's answer to the pulse under way is a fault."""
        self._pulse_packet = NOBODY
        self._count_failed_pulse()
        self._fail(fault)

    def _overdue(self) -> None:
        if self._tries_left > 0:
            self._tries_left -= 1
            self._to_send = True
        elif self.state == self._table.stopping:
            self._fail(self._silence(faults.FAULT_STOP_NOT_CONFIRMED))
        else:
            self._fail(self._silence(faults.FAULT_NO_ANSWER))

    def _silence(self, fault: int) -> int:
        """Return `fault`, or "answer broken" if a damaged frame arrived while we waited."""
        return fault if self.reader.errors == self._errors_before else faults.FAULT_ANSWER_BROKEN

    def _fail(self, fault: int) -> None:
        if self.state != self._table.fault:
            self.fault = fault
            self._go(EVENT_FAIL)

    def _go(self, event: int) -> None:
        """Take one step of the table and prepare the new state's command."""
        before = self.state
        self.state = self._table.next[before][event]
        if self.state == before:
            return
        if self.state == self._table.fault and self.fault == faults.FAULT_NONE:
            self.fault = faults.FAULT_MISUSE  # a pair that is not allowed
        self._encoded_packet = NOBODY
        if self._pulse_packet != NOBODY and self.state != self._table.stopping:
            self._pulse_packet = NOBODY  # its answer never came
            self._count_failed_pulse()
        row = self._table.commands[self.state]
        self._to_send = row[0] >= 0
        self._asked = row[0] < 0 and row[2] > 0  # waiting for the device's first word begins at once
        if self._asked:
            self._age.restart()
            self._errors_before = self.reader.errors
        self._tries_left = row[3] - 1

    def _count_failed_pulse(self) -> None:
        if self.pulses_failed < COUNT_MAX:
            self.pulses_failed += 1

    def _take_packet_number(self) -> int:
        number = self._packet_number
        self._packet_number = (number + 1) & self._number_mask
        return number
