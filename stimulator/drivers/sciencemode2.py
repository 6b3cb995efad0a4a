"""Driver of a RehaStim2 (ScienceMode 2): one command is one pulse, the device's channel list is never used.

It answers the device's Init and asks for its mode. In the state ready a watchdog goes out after 400 ms without
any other frame. It only keeps the connection: no current flows without a command, and the guard calls `stop`
when the control cycle fails. See `one_pulse` for what all drivers share.
"""

from safety.pulse import SYMMETRIC
from stimulator.drivers import faults
from stimulator.drivers import sciencemode2_codec as codec
from stimulator.drivers import sciencemode2_faults as words
from stimulator.drivers import sciencemode2_states as states
from stimulator.drivers.capability import REHASTIM2
from stimulator.drivers.one_pulse import NOBODY, OnePulseDriver
from stimulator.drivers.sciencemode2_frame import FRAME_MAX_N, PACKET_NUMBER_MAX, FrameReader, FrameWriter

WATCHDOG_AFTER_US = 400_000  # a third of the device's own time-out: two may be lost or late
TX_N = 20  # longest frame we send: a pulse with every byte escaped is 18


class ScienceMode2(OnePulseDriver):
    """One RehaStim2. `last_result` is signed; at an error, which names no channel, `error_channel` is the pulse's."""

    __slots__ = ("_init_packet", "_writer")
    STATE_NAMES = states.STATE_NAMES
    FAULTS = words.FAULTS

    def __init__(self, capability=REHASTIM2) -> None:
        writer = FrameWriter(TX_N)
        super().__init__(  # capability: `capability.rehastim2`, for a device that was measured
            capability,
            states.TABLE,
            writer.buf,
            FrameReader(FRAME_MAX_N),
            number_max=PACKET_NUMBER_MAX,
            pulse_ack_max_us=states.ANSWER_MAX_US,
        )
        self._writer = writer
        self._init_packet: int = 0  # of the Init to be answered

    def _encode_pulse(
        self, number: int, channel: int, current_ua: int, width_us: int, gap_us: int, shape: int
    ) -> int:
        """gap_us is 0 and shape SYMMETRIC: pause and second phase are the device's own. Odd mA and more than
        126 mA have a place in the frame, but the device would quietly do something else.
        """
        if gap_us != 0 or shape != SYMMETRIC or current_ua != self.quantise_current_ua(current_ua):
            return 0
        return codec.encode_pulse(self._writer, number, channel, current_ua, width_us)

    def _encode_command(self, command: int) -> int:
        if command == codec.INIT_ACK:
            n = codec.encode_init_ack(self._writer, self._init_packet, codec.RESULT_OK)
            self._go(states.EVENT_DONE)  # it has no answer
            return n
        return codec.encode_plain(self._writer, self._ask(), command)

    def _idle(self) -> int:
        if not self.can_pulse() or self._said_age.us < WATCHDOG_AFTER_US:
            return 0
        self._encoded_packet = NOBODY  # a pulse that stood in tx is overwritten
        self._said_age.restart()
        return codec.encode_plain(self._writer, self._take_packet_number(), codec.WATCHDOG)

    def _hear(self) -> None:
        command = self.reader.command
        if self.state == states.FAULT:
            return  # what led here stays readable; the answer to the last stop is not needed
        self.last_command = command
        self.last_result = codec.signed(self.reader.data[0]) if self.reader.data_n else -1
        if self.state == states.OFF:
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
        if self.reader.data_n == 1 and self.last_result == codec.RESULT_OK:
            self._pulse_given()
        else:
            self.error_channel = self._pulse_channel
            self._pulse_failed(self._fault_of_answer())

    def _take_answer(self) -> None:
        """The answer to this state's own command."""
        is_whole = self.reader.data_n == states.COMMANDS[self.state][1]
        if self.state == states.STOPPING and is_whole and self.last_result == codec.RESULT_WRONG_MODE:
            self._go(states.EVENT_DONE)  # no list was on: as good as stopped
        elif not is_whole or self.last_result != codec.RESULT_OK:
            self._fail(self._fault_of_answer())
        elif self.state == states.ASK_MODE and self.reader.data[1] != codec.MODE_START:
            self._fail(faults.FAULT_UNKNOWN_STATUS)
        else:
            self._go(states.EVENT_DONE)

    def _take_unasked(self, command: int) -> None:
        """The two errors the device sends on its own account say themselves what is wrong."""
        if self.reader.data_n == 1 and command == codec.STIMULATION_ERROR:
            self.error_channel = (
                self._pulse_channel if self._pulse_packet != NOBODY else self.last_ack_channel
            )
            self._fail(words.fault_of_error(self.last_result))
        elif command == codec.UNKNOWN_COMMAND:
            self._fail(faults.FAULT_DEVICE_ERROR)
        else:
            self._fail(faults.FAULT_UNMATCHED_ANSWER)

    def _fault_of_answer(self) -> int:
        """The cause in an answer that is not a plain yes: its result says why, or its length is wrong."""
        if self.reader.data_n == 1 and self.last_result != codec.RESULT_OK:
            return words.fault_of_result(self.last_result)
        return faults.FAULT_ANSWER_INCOMPLETE
