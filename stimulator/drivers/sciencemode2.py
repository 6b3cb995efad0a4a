"""Driver of a RehaStim2 (ScienceMode 2): one command is one pulse, the device's channel list is never used.

A state machine without I/O and without a clock, with the calls of `ScienceMode4`, so that the guard can use
either: bytes in by `receive`, bytes out in `tx`, time by `step(dt_us)`. It answers the device's Init, keeps
at most one pulse unacknowledged, and on any doubt latches a fault, after which it produces one "stop" and
nothing more until a person clears it and starts again. Each stimulation frame is built once, with a packet
number of its own. In the state ready a watchdog goes out after 400 ms without any other frame. It only keeps
the connection: no current flows without a command, and the guard calls `stop` when the control cycle fails.
Nothing allocates after `__init__`.
Use in each cycle: `receive` what has arrived, `step`, write what it returns, then at most one pulse:
`encode_pulse`, check `tx`, write, `pulse_written`.
"""

from safety.clock import Age
from safety.pulse import SYMMETRIC
from stimulator.drivers import sciencemode2_codec as codec
from stimulator.drivers import sciencemode2_faults as faults
from stimulator.drivers import sciencemode2_states as states
from stimulator.drivers.capability import REHASTIM2
from stimulator.drivers.sciencemode2_frame import (
    COUNT_MAX,
    FRAME_MAX_N,
    PACKET_NUMBER_MAX,
    FrameReader,
    FrameWriter,
)

PULSE_ACK_MAX_US = states.ANSWER_MAX_US
WATCHDOG_AFTER_US = 400_000  # a third of the device's own time-out: two may be lost or late
TX_N = 20  # longest frame we send: a pulse with every byte escaped is 18
NOBODY = -1  # no packet number


class ScienceMode2:
    """One stimulator. See the module's first lines for the order of use.

    tx                       bytearray with the bytes to write now
    state, fault             int, STATE_NAMES and FAULTS name them; the first cause is kept until cleared
    pulses_acked             int, pulses that the device says it gave
    pulses_failed            int, pulses refused by the device, or whose answer never came
    last_ack_channel         int, channel of the last pulse given, -1 before the first
    last_ack_age_us          int, how long its answer took, as seen by `step`
    error_channel            int, channel of the pulse at an error (the device names none), -1 if none was
    last_result, last_command   int, of the last frame that arrived, -1 before the first; results are signed
    protocol_major           int, from the device's Init, 0 before it said so
    reader                   FrameReader; its counters show noise and broken frames
    """

    __slots__ = (
        "_age",
        "_asked",
        "_asked_packet",
        "_encoded_channel",
        "_encoded_packet",
        "_errors_before",
        "_init_packet",
        "_packet_number",
        "_port_gone",
        "_pulse_age",
        "_pulse_channel",
        "_pulse_packet",
        "_said_age",
        "_to_send",
        "_tries_left",
        "_writer",
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

    def __init__(self, capability=REHASTIM2) -> None:
        self.capability = capability  # `capability.rehastim2`, for a device that was measured
        self._writer = FrameWriter(TX_N)
        self.reader = FrameReader(FRAME_MAX_N)
        self.tx = self._writer.buf
        self.state: int = states.OFF
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
        self._init_packet: int = 0  # of the Init to be answered
        self._to_send: bool = False  # the command of this state is still to be written
        self._asked: bool = False  # something is awaited: an Init, or the answer to this state's command
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
        """Return True if the device is connected and checked."""
        return self.state == states.READY

    def can_pulse(self) -> bool:
        """Return True if a pulse may be encoded now: ready, and nothing unacknowledged."""
        return self.state == states.READY and self._pulse_packet == NOBODY

    def quantise_current_ua(self, current_ua: int, shape: int = SYMMETRIC) -> int:
        """Return the largest current the device can do that is not above `current_ua`, 0 to 126 mA."""
        if current_ua <= 0:
            return 0
        if current_ua >= self.capability.current_max_ua:
            return self.capability.current_max_ua
        return current_ua - current_ua % self.capability.current_step_ua

    def encode_pulse(
        self, channel: int, current_ua: int, width_us: int, gap_us: int, shape: int = SYMMETRIC
    ) -> int:
        """Put one pulse into `tx`; return its length, 0 if not now or not exactly expressible.

        gap_us is 0 and shape SYMMETRIC: pause and second phase are the device's own. Odd mA and more than 126 mA have a
        place in the frame, but the device would quietly do something else.
        Nothing is counted as sent until `pulse_written`; a pulse that is not written is forgotten.
        """
        self._encoded_packet = NOBODY
        is_own = gap_us == 0 and shape == SYMMETRIC
        if not self.can_pulse() or not is_own or current_ua != self.quantise_current_ua(current_ua):
            return 0
        n = codec.encode_pulse(self._writer, self._packet_number, channel, current_ua, width_us)
        if n:
            self._encoded_packet = self._take_packet_number()
            self._encoded_channel = channel
        return n

    def pulse_written(self) -> None:
        """The pulse in `tx` went out: its answer is due within 120 ms. Once per `encode_pulse`."""
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
        if self.state != states.OFF:
            return False
        self.reader.reset()
        self._port_gone = False
        self.protocol_major = 0
        self.error_channel = -1
        self._go(states.EVENT_START)
        return True

    def stop(self) -> None:
        """Stop in good order: a stop at the next step, then off. Does nothing when off or in fault."""
        self._go(states.EVENT_STOP)

    def clear_fault(self) -> None:
        """A person has seen the fault: go to off. Does nothing without a fault."""
        if self.state == states.FAULT:
            self.fault = faults.FAULT_NONE
            self._go(states.EVENT_CLEAR)

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
        if self._asked and self._age.us >= states.COMMANDS[self.state][1]:
            self._overdue()
        if (
            self.state == states.READY
            and self._pulse_packet != NOBODY
            and self._pulse_age.us >= PULSE_ACK_MAX_US
        ):
            self._fail(self._silence(faults.FAULT_PULSE_NOT_ANSWERED))
        if self._to_send:
            self._to_send = False
            return 0 if self._port_gone else self._encode_command()
        if self.can_pulse() and self._said_age.us >= WATCHDOG_AFTER_US:
            self._encoded_packet = NOBODY  # a pulse that stood in tx is overwritten
            self._said_age.restart()
            return codec.encode_plain(self._writer, self._take_packet_number(), codec.WATCHDOG)
        return 0

    def receive(self, buf: bytearray, n: int) -> None:
        """Take the first `n` bytes of `buf`, as they came from the device."""
        for i in range(n):
            if self.reader.feed(buf[i]):
                self._take_frame()

    def _encode_command(self) -> int:
        """Put the command of this state into `tx`; return its length."""
        self._encoded_packet = NOBODY  # whatever stood in tx is overwritten
        self._said_age.restart()
        command = states.COMMANDS[self.state][0]
        if command == codec.INIT_ACK:
            n = codec.encode_init_ack(self._writer, self._init_packet, codec.RESULT_OK)
            self._go(states.EVENT_DONE)
            return n
        self._asked_packet = self._take_packet_number()
        self._asked = self.state != states.FAULT  # in fault nobody waits for the answer
        self._age.restart()
        self._errors_before = self.reader.errors
        return codec.encode_plain(self._writer, self._asked_packet, command)

    def _take_frame(self) -> None:
        command = self.reader.command
        self.last_command = command
        self.last_result = codec.signed(self.reader.data[0]) if self.reader.data_n else -1
        if self.state == states.OFF or self.state == states.FAULT:
            return
        if (
            command == codec.MOTOMED_ACTUAL_VALUES
            or command == codec.MOTOMED_COMMAND_DONE
            or command == codec.MOTOMED_ERROR
        ):
            return  # a leg trainer at the same device talks on its own
        if command == codec.INIT:
            self._take_init()
        elif self.state == states.WAIT_INIT or self.state == states.ACCEPT:
            return  # left over from an earlier session
        elif self._pulse_packet != NOBODY and self._is_answer(codec.SINGLE_PULSE, self._pulse_packet):
            self._take_pulse_ack()
        elif self._asked and self._is_answer(states.COMMANDS[self.state][0], self._asked_packet):
            self._take_answer()
        elif self.state != states.STOPPING:
            # In STOPPING, answers to what the stop overtook; the stop's own deadline runs.
            self._take_unasked(command)

    def _is_answer(self, command: int, packet_number: int) -> bool:
        return self.reader.command == command + codec.ACK and self.reader.packet_number == packet_number

    def _take_init(self) -> None:
        """The device begins, or begins anew. Its packet number must come back in the answer."""
        if self.state == states.READY:
            self._fail(faults.FAULT_RESTARTED)
        elif self.state == states.STOPPING or self.state == states.ASK_MODE:
            self._go(states.EVENT_INIT)
        elif self.reader.data_n != 1:
            self._fail(faults.FAULT_ANSWER_INCOMPLETE)
        else:
            self.protocol_major = self.reader.data[0]
            self._init_packet = self.reader.packet_number
            if self.protocol_major != codec.PROTOCOL_VERSION:
                self._fail(faults.FAULT_WRONG_PROTOCOL)
            else:
                self._go(states.EVENT_INIT)

    def _take_pulse_ack(self) -> None:
        """The device's word on the pulse under way: its result."""
        channel = self._pulse_channel
        self._pulse_packet = NOBODY
        if self.reader.data_n == 1 and self.last_result == codec.RESULT_OK:
            self.last_ack_channel = channel
            self.last_ack_age_us = self._pulse_age.us
            if self.pulses_acked < COUNT_MAX:
                self.pulses_acked += 1
            return
        self._count_failed_pulse()
        self.error_channel = channel
        self._fail_by_result()

    def _take_answer(self) -> None:
        """The answer to this state's own command."""
        if self.state == states.STOPPING:
            if self.reader.data_n == 1 and self.last_result == codec.RESULT_WRONG_MODE:
                self._go(states.EVENT_DONE)  # no list was on: as good as stopped
            elif self.reader.data_n != 1 or self.last_result != codec.RESULT_OK:
                self._fail_by_result()
            else:
                self._go(states.EVENT_DONE)
        elif self.reader.data_n != 2 or self.last_result != codec.RESULT_OK:
            self._fail_by_result()
        elif self.reader.data[1] != codec.MODE_START:
            self._fail(faults.FAULT_UNKNOWN_STATUS)
        else:
            self._go(states.EVENT_DONE)

    def _take_unasked(self, command: int) -> None:
        """The two errors the device sends on its own account say themselves what is wrong."""
        if self.reader.data_n == 1 and command == codec.STIMULATION_ERROR:
            self.error_channel = (
                self._pulse_channel if self._pulse_packet != NOBODY else self.last_ack_channel
            )
            self._fail(faults.fault_of_error(self.last_result))
        elif command == codec.UNKNOWN_COMMAND:
            self._fail(faults.FAULT_UNKNOWN_COMMAND)
        else:
            self._fail(faults.FAULT_UNMATCHED_ANSWER)

    # Inside --------------------------------------------------------------------------------------------

    def _overdue(self) -> None:
        if self._tries_left > 0:
            self._tries_left -= 1
            self._to_send = True
        elif self.state == states.STOPPING:
            self._fail(self._silence(faults.FAULT_STOP_NOT_CONFIRMED))
        else:
            self._fail(self._silence(faults.FAULT_NO_ANSWER))

    def _silence(self, fault: int) -> int:
        """Return `fault`, or "answer broken" if a damaged frame arrived while we waited."""
        return fault if self.reader.errors == self._errors_before else faults.FAULT_ANSWER_BROKEN

    def _fail_by_result(self) -> None:
        """An answer that is not a plain yes: its result says why, or its length is wrong."""
        if self.reader.data_n == 1 and self.last_result != codec.RESULT_OK:
            self._fail(faults.fault_of_result(self.last_result))
        else:
            self._fail(faults.FAULT_ANSWER_INCOMPLETE)

    def _fail(self, fault: int) -> None:
        if self.state != states.FAULT:
            self.fault = fault
            self._go(states.EVENT_FAIL)

    def _go(self, event: int) -> None:
        """Take one step of the table and prepare the new state's command."""
        before = self.state
        self.state = states.NEXT[before][event]
        if self.state == before:
            return
        if self.state == states.FAULT and self.fault == faults.FAULT_NONE:
            self.fault = faults.FAULT_MISUSE  # a pair that is not allowed
        self._encoded_packet = NOBODY
        if self._pulse_packet != NOBODY and self.state != states.STOPPING:
            self._pulse_packet = NOBODY  # its answer never came
            self._count_failed_pulse()
        command, allowed_us, tries = states.COMMANDS[self.state]
        self._to_send = command >= 0
        self._asked = command < 0 and allowed_us > 0  # waiting for an Init begins at once
        if self._asked:
            self._age.restart()
            self._errors_before = self.reader.errors
        self._tries_left = tries - 1

    def _count_failed_pulse(self) -> None:
        if self.pulses_failed < COUNT_MAX:
            self.pulses_failed += 1

    def _take_packet_number(self) -> int:
        number = self._packet_number
        self._packet_number = (number + 1) & PACKET_NUMBER_MAX
        return number
