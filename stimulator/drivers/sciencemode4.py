"""Driver of a ScienceMode 4 or 3 stimulator (P24, RehaMove3) on its low level: one command is one pulse.

It asks what is active and stops it, asks who is there and which protocol it speaks, then switches the low
level on. See `one_pulse` for what all drivers share.
"""

from collections import namedtuple

from stimulator.drivers import faults
from stimulator.drivers import sciencemode4_codec as codec
from stimulator.drivers import sciencemode4_faults as words
from stimulator.drivers import sciencemode4_states as states
from stimulator.drivers.capability import P24, REHAMOVE3
from stimulator.drivers.one_pulse import OnePulseDriver
from stimulator.drivers.sciencemode4_frame import PACKET_NUMBER_MAX, FrameReader, FrameWriter

PULSE_ACK_MAX_US = 100_000  # as for every command: users measured 5 to 15 ms on a P24
TX_N = 64  # longest frame we send: a pulse with every byte escaped is 40

# Two devices, one driver.
# protocol_major   what the device must say of itself, in the answer to the command of the state ASK_VERSION
# table            of one_pulse.Table
# rx_n             longest answer to what we ask for, bytes on the wire
# ack_n            data bytes in the answer to a pulse
Profile = namedtuple("Profile", ("capability", "protocol_major", "table", "rx_n", "ack_n"))
P24_PROFILE = Profile(P24, 4, states.TABLE, 64, 3)  # 40: a name of ten special characters
REHAMOVE3_PROFILE = Profile(REHAMOVE3, 3, states.TABLE_REHAMOVE3, 120, 2)  # 116: ll_init, all escaped


class ScienceMode4(OnePulseDriver):
    """One P24, or one RehaMove3 with `REHAMOVE3_PROFILE`.

    device_id   bytearray, 10 characters, from the device
    """

    __slots__ = ("_profile", "_writer", "device_id")
    STATE_NAMES = states.STATE_NAMES
    FAULTS = words.FAULTS

    def __init__(self, profile=P24_PROFILE) -> None:
        writer = FrameWriter(TX_N)
        super().__init__(
            profile.capability,
            profile.table,
            writer.buf,
            FrameReader(profile.rx_n),
            number_max=PACKET_NUMBER_MAX,
            pulse_ack_max_us=PULSE_ACK_MAX_US,
        )
        self._writer = writer
        self._profile = profile
        self.device_id = bytearray(10)

    def _encode_pulse(
        self, number: int, channel: int, current_ua: int, width_us: int, gap_us: int, shape: int
    ) -> int:
        if channel >= self.capability.channels:
            return 0
        return codec.encode_pulse(self._writer, number, channel, current_ua, width_us, gap_us, shape)

    def _encode_command(self, command: int) -> int:
        number = self._ask()
        if command == codec.LL_INIT:
            return codec.encode_ll_init(self._writer, number, codec.HIGH_VOLTAGE_STANDARD)
        return codec.encode_plain(self._writer, number, command)

    def _hear(self) -> None:
        reader = self.reader
        if self.state == states.FAULT:
            return  # what led here stays readable; the answer to the last stop is not needed
        self.last_command = reader.command
        self.last_result = reader.data[0] if reader.data_n else -1
        if self.state == states.OFF:
            return
        if self._is_answer(codec.LL_CHANNEL_CONFIG, self._pulse_packet):
            self._take_pulse_ack()
        elif self._asked and self._is_answer(self._table.commands[self.state][0], self._asked_packet):
            self._take_answer()
        elif self.state != states.ASK_STATUS and self.state != states.STOPPING:
            # Before the first answer the pipe may hold an earlier session; in STOPPING, answers to what the
            # stop overtook. In both nothing can be started by them, and the stop's own deadline runs.
            # The two errors the device sends on its own account say themselves what is wrong.
            if reader.command == codec.UNKNOWN_COMMAND and self.state == states.ASK_VERSION:
                self._fail(faults.FAULT_WRONG_PROTOCOL)  # a RehaMove3 does not know a P24's question
            elif self.last_result > 0 and codec.GENERAL_ERROR <= reader.command <= codec.UNKNOWN_COMMAND:
                self._fail(words.fault_of_result(self.last_result))
            else:
                self._fail(faults.FAULT_UNMATCHED_ANSWER)

    def _take_pulse_ack(self) -> None:
        """The device's word on the pulse under way: result, channel and, from a P24, measurement type (0: none).

        A RehaMove3 names the channel only in an electrode error. One pulse is unanswered at most, so it is known.
        """
        data_n = self._profile.ack_n
        if self.last_result != codec.RESULT_OK:
            self.error_channel = self._pulse_channel
            self._pulse_failed(self._fault_of_answer())
        elif self.reader.data_n != data_n or (data_n == 3 and self.reader.data[2] != 0):
            self._pulse_failed(faults.FAULT_ANSWER_INCOMPLETE)
        elif data_n == 3 and codec.ack_channel(self.reader.data[1]) != self._pulse_channel:
            self._pulse_failed(faults.FAULT_WRONG_CHANNEL)
        else:
            self._pulse_given()

    def _take_answer(self) -> None:
        """The answer to this state's own command."""
        if self.state == states.STOPPING and self.last_result == codec.RESULT_NOT_INITIALISED:
            self._go(states.EVENT_DONE)  # nothing was on: as good as stopped
        elif self.last_result != codec.RESULT_OK:
            self._fail(self._fault_of_answer())
        elif self.reader.data_n != self._table.commands[self.state][1]:
            self._fail(faults.FAULT_ANSWER_INCOMPLETE)
        elif self.state == states.ASK_STATUS:
            self._take_status(self.reader.data[1])
        else:
            if self.state == states.ASK_VERSION:
                self.protocol_major = self.reader.data[4]  # after the firmware's three numbers
                if self.protocol_major != self._profile.protocol_major:
                    self._fail(faults.FAULT_WRONG_PROTOCOL)
                    return
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

    def _fault_of_answer(self) -> int:
        """The cause that stands in an answer other than "ok"; -1 is an answer without a single data byte."""
        return (
            faults.FAULT_ANSWER_INCOMPLETE
            if self.last_result < 0
            else words.fault_of_result(self.last_result)
        )
