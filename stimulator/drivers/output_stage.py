"""Driver of a maker's output stage: an H-bridge whose pulses are made by the PIO of an RP2040 or RP2350.

The pulse program caps every phase, keeps both equal and rests after each pulse, whatever it is told; what this
driver adds is what all drivers do (`one_pulse`). It asks the stage for its version and for the checksum of the
program that it has loaded, and compares the word that comes back after each pulse with the one that was sent.
"""

from safety.pulse import SYMMETRIC
from stimulator.drivers import faults
from stimulator.drivers import output_stage_codec as codec
from stimulator.drivers import output_stage_faults as words
from stimulator.drivers.capability import OUTPUT_STAGE
from stimulator.drivers.one_pulse import OFF, OnePulseDriver, Table
from stimulator.drivers.output_stage_program import OPCODES, checksum

PULSE_ACK_MAX_US = 100_000
PROGRAM_CHECKSUM = checksum(OPCODES)

ASK = 1
ENABLING = 2
READY = 3
STOPPING = 4
FAULT = 5
STATE_NAMES = (
    "off",  # power-on; writes nothing; start leads on
    "asking for version and pulse program",
    "enabling",  # the enable line goes on, no current flows
    "ready",  # the only state in which pulses can be encoded
    "stopping",  # disable is written; leaves to off when it is confirmed
    "fault",  # one disable, then silence; leaves only by clear_fault
)
EVENT_DONE = 4

# fmt: off
NEXT = (  # NEXT[state][event]; what cannot happen leads to FAULT
    # start    stop      clear     fail   done
    (ASK,      OFF,      OFF,      FAULT, FAULT),     # OFF
    (ASK,      OFF,      ASK,      FAULT, ENABLING),  # ASK
    (ENABLING, STOPPING, ENABLING, FAULT, READY),     # ENABLING
    (READY,    STOPPING, READY,    FAULT, FAULT),     # READY
    (STOPPING, STOPPING, STOPPING, FAULT, OFF),       # STOPPING
    (FAULT,    FAULT,    OFF,      FAULT, FAULT),     # FAULT
)
# Per state: the command sent on entering (-1 none), bytes of its answer, time allowed, tries.
COMMANDS = (
    (-1, 0, 0, 0),
    (codec.HELLO, codec.FRAME_N, 100_000, 2),
    (codec.ENABLE, codec.FRAME_N, 200_000, 1),
    (-1, 0, 0, 0),
    (codec.DISABLE, codec.FRAME_N, 200_000, 1),
    (codec.DISABLE, codec.FRAME_N, 0, 1),
)
# fmt: on
TABLE = Table(READY, STOPPING, FAULT, NEXT, COMMANDS)


class OutputStage(OnePulseDriver):
    """One output stage."""

    __slots__ = ("_pulse_word",)
    STATE_NAMES = STATE_NAMES
    FAULTS = words.FAULTS

    def __init__(self) -> None:
        super().__init__(
            OUTPUT_STAGE,
            TABLE,
            bytearray(codec.FRAME_N),
            codec.AnswerReader(),
            number_max=codec.PACKET_NUMBER_MAX,
            pulse_ack_max_us=PULSE_ACK_MAX_US,
        )
        self._pulse_word: int = -1  # of the pulse that was encoded last

    def _encode_pulse(
        self, number: int, channel: int, current_ua: int, width_us: int, gap_us: int, shape: int
    ) -> int:
        if shape != SYMMETRIC:
            return 0  # the program can do nothing else
        self._pulse_word = codec.word_of(channel, width_us, gap_us)
        return codec.encode_pulse(self.tx, number, channel, current_ua, width_us, gap_us)

    def _encode_command(self, command: int) -> int:
        return codec.encode_plain(self.tx, self._ask(), command)

    def _hear(self) -> None:
        reader = self.reader
        if self.state == FAULT:
            return  # what led here stays readable; the answer to the last stop is not needed
        self.last_command = reader.command
        self.last_result = reader.result
        if self.state == OFF:
            return
        if self._is_answer(codec.PULSE, self._pulse_packet):
            self._take_pulse_ack()
        elif self._asked and self._is_answer(COMMANDS[self.state][0], self._asked_packet):
            self._take_answer()
        elif self.state != ASK and self.state != STOPPING:
            # In ASK, answers to an earlier session; in STOPPING, to what the stop overtook.
            self._fail(faults.FAULT_UNMATCHED_ANSWER)

    def _take_pulse_ack(self) -> None:
        if self.last_result != codec.RESULT_OK:
            self.error_channel = self._pulse_channel
            self._pulse_failed(words.fault_of_result(self.last_result))
        elif self.reader.word != self._pulse_word:
            self._pulse_failed(faults.FAULT_WRONG_CHANNEL)
        else:
            self._pulse_given()

    def _take_answer(self) -> None:
        """The answer to this state's own command."""
        if self.state == STOPPING and self.last_result == codec.RESULT_NOT_ENABLED:
            self._go(EVENT_DONE)  # nothing was on: as good as stopped
        elif self.last_result != codec.RESULT_OK:
            self._fail(words.fault_of_result(self.last_result))
        elif self.state == ASK:
            self._judge_stage()
        else:
            self._go(EVENT_DONE)

    def _judge_stage(self) -> None:
        """Go on only if it speaks our version and has loaded the program that was tested."""
        self.protocol_major = self.reader.value
        if self.protocol_major != codec.VERSION:
            self._fail(faults.FAULT_WRONG_PROTOCOL)
        elif self.reader.word != PROGRAM_CHECKSUM:
            self._fail(faults.FAULT_UNKNOWN_STATUS)
        else:
            self._go(EVENT_DONE)
