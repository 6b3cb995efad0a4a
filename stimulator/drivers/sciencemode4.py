"""Driver of a ScienceMode 4 stimulator (P24) on its low level: one command is one pulse.

A state machine without I/O and without a clock: bytes in by `receive`, bytes out in `tx`, time by
`step(dt_us)`. It connects, keeps at most one pulse unacknowledged, and on any doubt latches a fault, after
which it produces one "stop" and nothing more until a person clears it and starts again. Each
stimulation frame is built once, with a packet number of its own. Nothing allocates after `__init__`.
Use in each cycle: `receive` what has arrived, `step`, write what it returns, then at most one pulse:
`encode_pulse`, check `tx`, write, `pulse_written`.
"""

from safety.clock import Age
from safety.pulse import SYMMETRIC
from stimulator.drivers import sciencemode4_codec as codec
from stimulator.drivers import sciencemode4_faults as faults
from stimulator.drivers import sciencemode4_states as states
from stimulator.drivers.capability import P24
from stimulator.drivers.sciencemode4_frame import COUNT_MAX, PACKET_NUMBER_MAX, FrameReader, FrameWriter

PULSE_ACK_MAX_US = 100_000  # as for every command: users measured 5 to 15 ms on a P24
PROTOCOL_MAJOR = 4
TX_N = 64  # longest frame we send: a pulse with every byte escaped is 40
RX_N = 64  # longest answer we ask for: 40; only a measurement would be longer, and we ask for none
NOBODY = -1  # no packet number


class ScienceMode4:
    """One stimulator. See the module's first lines for the order of use.

    tx                       bytearray with the bytes to write now
    state, fault             int, STATE_NAMES and FAULTS name them; the first cause is kept until cleared
    pulses_acked             int, pulses that the device says it gave
    pulses_failed            int, pulses refused by the device, or whose answer never came
    last_ack_channel         int, channel of the last pulse given, -1 before the first
    last_ack_age_us          int, how long its answer took, as seen by `step`
    error_channel            int, channel of the pulse whose answer was an error, -1 if none was
    last_result, last_command   int, of the last frame that arrived, -1 before the first
    protocol_major           int, from the device, 0 before it said so
    device_id                bytearray, 10 characters
    reader                   FrameReader; its counters show noise and broken frames
    """

    __slots__ = (
        "_age",
        "_asked",
        "_asked_packet",
        "_encoded_channel",
        "_encoded_packet",
        "_errors_before",
        "_packet_number",
        "_port_gone",
        "_pulse_age",
        "_pulse_channel",
        "_pulse_packet",
        "_to_send",
        "_tries_left",
        "_writer",
        "capability",
        "device_id",
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

    def __init__(self) -> None:
        self.capability = P24
        self._writer = FrameWriter(TX_N)
        self.reader = FrameReader(RX_N)
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
        self.device_id = bytearray(10)
        self._packet_number: int = 0  # of the next frame; never starts over, so old answers do not match
        self._to_send: bool = False  # the command of this state is still to be written
        self._asked: bool = False  # it was written and its answer is awaited
        self._asked_packet: int = NOBODY
        self._tries_left: int = 0
        self._age = Age()
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
        return self.state == states.READY

    def can_pulse(self) -> bool:
        """Return True if a pulse may be encoded now: ready, and nothing unacknowledged."""
        return self.state == states.READY and self._pulse_packet == NOBODY

    def quantise_current_ua(self, current_ua: int, shape: int = SYMMETRIC) -> int:
        """Return the largest current the device can express that is not above `current_ua`, 0 to 130 mA.

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
        n = codec.encode_pulse(
            self._writer, self._packet_number, channel, current_ua, width_us, gap_us, shape
        )
        if n:
            self._encoded_packet = self._take_packet_number()
            self._encoded_channel = channel
        return n

    def pulse_written(self) -> None:
        """The pulse in `tx` went out: its answer is due within 100 ms. Once per `encode_pulse`."""
        if self._encoded_packet == NOBODY or not self.can_pulse():
            self._fail(faults.FAULT_MISUSE)
            return
        self._pulse_packet = self._encoded_packet
        self._pulse_channel = self._encoded_channel
        self._encoded_packet = NOBODY
        self._pulse_age.restart()
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
        """Stop in good order: ll_stop at the next step, then off. Does nothing when off or in fault."""
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
        if self._asked and self._age.us >= states.COMMANDS[self.state][2]:
            self._command_overdue()
        if (
            self.state == states.READY
            and self._pulse_packet != NOBODY
            and self._pulse_age.us >= PULSE_ACK_MAX_US
        ):
            self._fail(self._silence(faults.FAULT_PULSE_NOT_ANSWERED))
        if not self._to_send:
            return 0
        self._to_send = False
        if self._port_gone:
            return 0
        command = states.COMMANDS[self.state][0]
        self._asked_packet = self._take_packet_number()
        if command == codec.LL_INIT:
            n = codec.encode_ll_init(self._writer, self._asked_packet, codec.HIGH_VOLTAGE_STANDARD)
        else:
            n = codec.encode_plain(self._writer, self._asked_packet, command)
        self._asked = self.state != states.FAULT  # in fault nobody waits for the answer
        self._age.restart()
        self._errors_before = self.reader.errors
        return n

    def receive(self, buf: bytearray, n: int) -> None:
        """Take the first `n` bytes of `buf`, as they came from the device."""
        for i in range(n):
            if self.reader.feed(buf[i]):
                self._take_frame()

    def _take_frame(self) -> None:
        reader = self.reader
        self.last_command = reader.command
        self.last_result = reader.data[0] if reader.data_n else -1
        if self.state == states.OFF or self.state == states.FAULT:
            return
        if self._is_answer(codec.LL_CHANNEL_CONFIG, self._pulse_packet):
            self._take_pulse_ack()
        elif self._asked and self._is_answer(states.COMMANDS[self.state][0], self._asked_packet):
            self._take_answer()
        elif self.state != states.ASK_STATUS and self.state != states.STOPPING:
            # Before the first answer the pipe may hold an earlier session; in STOPPING, answers to what the
            # stop overtook. In both nothing can be started by them, and the stop's own deadline runs.
            # The two errors the device sends on its own account say themselves what is wrong.
            if self.last_result > 0 and codec.GENERAL_ERROR <= reader.command <= codec.UNKNOWN_COMMAND:
                self._fail(faults.fault_of_result(self.last_result))
            else:
                self._fail(faults.FAULT_UNMATCHED_ANSWER)

    def _is_answer(self, command: int, packet_number: int) -> bool:
        return self.reader.command == command + codec.ACK and self.reader.packet_number == packet_number

    def _take_pulse_ack(self) -> None:
        """The device's word on the pulse under way: result, channel, measurement type (0: none)."""
        self._pulse_packet = NOBODY
        if self.last_result != codec.RESULT_OK:
            self._count_failed_pulse()
            self.error_channel = self._pulse_channel
            self._fail_by_result()
        elif self.reader.data_n != 3 or self.reader.data[2] != 0:
            self._count_failed_pulse()
            self._fail(faults.FAULT_ANSWER_INCOMPLETE)
        elif codec.ack_channel(self.reader.data[1]) != self._pulse_channel:
            self._count_failed_pulse()
            self._fail(faults.FAULT_WRONG_CHANNEL)
        else:
            self.last_ack_channel = self._pulse_channel
            self.last_ack_age_us = self._pulse_age.us
            if self.pulses_acked < COUNT_MAX:
                self.pulses_acked += 1

    def _take_answer(self) -> None:
        """The answer to this state's own command."""
        if self.state == states.STOPPING and self.last_result == codec.RESULT_NOT_INITIALISED:
            self._go(states.EVENT_DONE)  # nothing was on: as good as stopped
        elif self.last_result != codec.RESULT_OK:
            self._fail_by_result()
        elif self.reader.data_n != states.COMMANDS[self.state][1]:
            self._fail(faults.FAULT_ANSWER_INCOMPLETE)
        elif self.state == states.ASK_STATUS:
            self._take_status(self.reader.data[1])
        elif self.state == states.ASK_VERSION and self.reader.data[4] != PROTOCOL_MAJOR:
            self.protocol_major = self.reader.data[4]
            self._fail(faults.FAULT_WRONG_PROTOCOL)
        else:
            if self.state == states.ASK_VERSION:
                self.protocol_major = PROTOCOL_MAJOR
            elif self.state == states.ASK_ID:
                for i in range(10):
                    self.device_id[i] = self.reader.data[i + 1]
            self._go(states.EVENT_DONE)

    def _take_status(self, active: int) -> None:
        if active == codec.ACTIVE_NONE:
            self._go(states.EVENT_NOTHING_ACTIVE)
        elif active == codec.ACTIVE_LOW_LEVEL:
            self._go(states.EVENT_LOW_ACTIVE)
        elif active == codec.ACTIVE_MID_LEVEL or active == codec.ACTIVE_MID_LEVEL_RUNNING:
            self._go(states.EVENT_MID_ACTIVE)
        else:
            self._fail(faults.FAULT_UNKNOWN_STATUS)

    # Inside --------------------------------------------------------------------------------------------

    def _command_overdue(self) -> None:
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
        if self.last_result < 0:  # an answer without a single data byte
            self._fail(faults.FAULT_ANSWER_INCOMPLETE)
        else:
            self._fail(faults.fault_of_result(self.last_result))

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
        self._asked = False
        self._encoded_packet = NOBODY
        if self._pulse_packet != NOBODY and self.state != states.STOPPING:
            self._pulse_packet = NOBODY  # its answer never came
            self._count_failed_pulse()
        self._to_send = states.COMMANDS[self.state][0] >= 0
        self._tries_left = states.COMMANDS[self.state][3] - 1

    def _count_failed_pulse(self) -> None:
        if self.pulses_failed < COUNT_MAX:
            self.pulses_failed += 1

    def _take_packet_number(self) -> int:
        number = self._packet_number
        self._packet_number = (number + 1) & PACKET_NUMBER_MAX
        return number
