"""The board's half of the output stage: frames of `stimulator.drivers.output_stage_codec` in, pulses and answers out.

It gives one pulse at a time and never lets a word wait in the pulse program: a disable drops what has not begun,
and what has begun runs to its end. What it cannot do it says in its answer. Nothing allocates after `__init__`.
"""

from firmware_py.hal import Port
from safety.clock import elapsed_us
from stimulator.drivers import output_stage_codec as codec
from stimulator.drivers import output_stage_program as program
from stimulator.drivers.sciencemode4_frame import crc16_step

REST_US = 8_400  # after a pulse: the program rests 8216 us, and a word put in then would wait in it
PULSE_MAX_US = 5_000  # 1.3 ms by the program; longer means that it does not run
SEEN_FROM_DAC = 10  # the comparator sees 5 mA and more
DAC_MAX = codec.CURRENT_MAX_UA // codec.CURRENT_STEP_UA
ANSWERS = 4
NOBODY = -1


class Stage:
    """One output stage, whose pins `bridge` moves.

    bridge     firmware_py.boards.bridge.Bridge, or what stands for it
    feed(byte, t_us), step(t_us)   what has been heard; then what is due
    take(buf) -> int               put one waiting answer into `buf`, 0 if there is none
    is_enabled                     True between enable and disable
    """

    def __init__(self, bridge) -> None:
        self._bridge = bridge
        self._frame = bytearray(codec.FRAME_N)
        self._n: int = 0
        self._answers = tuple([bytearray(codec.FRAME_N) for _ in range(ANSWERS)])
        self._first: int = 0
        self._waiting: int = 0
        self._pulse: int = NOBODY  # packet number of the pulse that was asked for
        self._dac: int = 0
        self._word: int = 0
        self._has_begun: bool = False
        self._begun_us: int = 0
        self._is_resting: bool = False
        self._ended_us: int = 0
        self._disable: int = NOBODY  # packet number of a disable that waits for the pulse's end
        self.is_enabled: bool = False
        self._loaded: int = program.checksum(bridge.opcodes())

    def feed(self, byte: int, t_us: int) -> None:
        """Take one byte; a whole frame is obeyed at once."""
        frame = self._frame
        frame[self._n] = byte
        self._n += 1
        if frame[0] != codec.START_TO_STAGE:
            self._n = 0
        elif self._n == codec.FRAME_N:
            self._n = 0
            if frame[9] << 8 | frame[10] == _checksum(frame):
                self._obey(t_us)
            else:
                self._search_on()

    def step(self, t_us: int) -> None:
        """Begin a pulse that is due, notice the end of one, and disable when it has ended."""
        if self._is_resting and not 0 <= elapsed_us(t_us, self._ended_us) < REST_US:
            self._is_resting = False
        if self._pulse == NOBODY:
            return
        if not self._has_begun:
            if not self._is_resting:
                self._has_begun = True
                self._begun_us = t_us
                self._bridge.fire(self._dac, self._word)
        elif self._bridge.is_over():
            self._end_pulse(t_us)
        elif not 0 <= elapsed_us(t_us, self._begun_us) < PULSE_MAX_US:
            self.off()  # and no answer: whether it ran is not known

    def take(self, buf: bytearray) -> int:
        """Put the oldest waiting answer into `buf`; return its length, 0 if there is none."""
        if self._waiting == 0:
            return 0
        answer = self._answers[self._first]
        for i in range(codec.FRAME_N):
            buf[i] = answer[i]
        self._first = (self._first + 1) % ANSWERS
        self._waiting -= 1
        return codec.FRAME_N

    def off(self) -> None:
        """Everything off at once, a pulse in its middle too: for faults only."""
        self._bridge.off()
        self.is_enabled = False
        self._pulse = NOBODY
        self._has_begun = False
        self._disable = NOBODY

    def is_busy(self) -> bool:
        """Whether something is under way, so that `step` should be called soon."""
        return self._pulse != NOBODY or self._waiting > 0

    def _obey(self, t_us: int) -> None:
        frame = self._frame
        command = frame[1]
        number = frame[2]
        if command == codec.HELLO:
            self._answer(command, number, codec.RESULT_OK, codec.VERSION, self._loaded)
        elif command == codec.ENABLE:
            self._enable(number)
        elif command == codec.DISABLE:
            self._disable_when_over(number)
        elif command == codec.PULSE:
            result = self._take_pulse(number)
            if result != codec.RESULT_OK:
                self._answer(command, number, result, 0, 0)
            else:
                self.step(t_us)
        else:
            self._answer(command, number, codec.RESULT_PARAMETER, 0, 0)

    def _enable(self, number: int) -> None:
        if self._has_begun:
            self._answer(codec.ENABLE, number, codec.RESULT_BUSY, 0, 0)
            return
        self._pulse = NOBODY
        if not self._bridge.has_supply():
            self._answer(codec.ENABLE, number, codec.RESULT_SUPPLY, 0, 0)
            return
        self._bridge.enable()
        self.is_enabled = True
        self._answer(codec.ENABLE, number, codec.RESULT_OK, 0, 0)

    def _disable_when_over(self, number: int) -> None:
        if self._has_begun:
            self._disable = number
            return
        self._pulse = NOBODY
        result = codec.RESULT_OK if self.is_enabled else codec.RESULT_NOT_ENABLED
        self.is_enabled = False
        self._bridge.disable()
        self._answer(codec.DISABLE, number, result, 0, 0)

    def _take_pulse(self, number: int) -> int:
        frame = self._frame
        dac = frame[3] << 8 | frame[4]
        if not self.is_enabled or self._disable != NOBODY:
            return codec.RESULT_NOT_ENABLED
        if dac > DAC_MAX or frame[5] or frame[6] > 15:
            return codec.RESULT_PARAMETER
        if self._pulse != NOBODY:
            return codec.RESULT_BUSY
        if not self._bridge.has_supply():
            return codec.RESULT_SUPPLY
        self._pulse = number
        self._dac = dac
        self._word = frame[6] << 16 | frame[7] << 8 | frame[8]
        self._has_begun = False
        return codec.RESULT_OK

    def _end_pulse(self, t_us: int) -> None:
        word = self._bridge.word()
        is_given = self._dac < SEEN_FROM_DAC or self._bridge.was_reached()
        result = codec.RESULT_OK if is_given else codec.RESULT_LOW_CURRENT
        self._answer(codec.PULSE, self._pulse, result, 0, word & 0xFFFFF)
        self._pulse = NOBODY
        self._has_begun = False
        self._is_resting = True
        self._ended_us = t_us
        if self._disable != NOBODY:
            number = self._disable
            self._disable = NOBODY
            self._disable_when_over(number)

    def _answer(self, command: int, number: int, result: int, value: int, word: int) -> None:
        if self._waiting == ANSWERS:
            return  # nobody reads: the driver will miss it, which is a fault
        buf = self._answers[(self._first + self._waiting) % ANSWERS]
        self._waiting += 1
        buf[0] = codec.START_FROM_STAGE
        buf[1] = (command + 1) & 0xFF
        buf[2] = number
        buf[3] = result
        buf[4] = value
        buf[5] = 0
        buf[6] = word >> 16
        buf[7] = word >> 8 & 0xFF
        buf[8] = word & 0xFF
        crc = _checksum(buf)
        buf[9] = crc >> 8
        buf[10] = crc & 0xFF

    def _search_on(self) -> None:
        """After a wrong checksum, look for a start byte among the same bytes."""
        frame = self._frame
        first = 1
        while first < codec.FRAME_N and frame[first] != codec.START_TO_STAGE:
            first += 1
        self._n = codec.FRAME_N - first
        for i in range(self._n):
            frame[i] = frame[first + i]


class StagePort(Port):
    """The stage on the same chip as the loop: what is written is obeyed at once.

    ticks_us   the clock
    """

    def __init__(self, stage, ticks_us) -> None:
        self.written_total: int = 0
        self._stage = stage
        self._ticks_us = ticks_us

    def write(self, buf: bytearray, n: int) -> None:
        """Hand over the first `n` bytes."""
        t_us = self._ticks_us()
        for i in range(n):
            self._stage.feed(buf[i], t_us)
        self.written_total = (self.written_total + n) & 0xFFFFFFF

    def readinto(self, buf: bytearray) -> int:
        """Put an answer into `buf`, 0 bytes if none has come."""
        self._stage.step(self._ticks_us())
        return self._stage.take(buf)

    def close(self) -> None:
        """Everything off."""
        self._stage.off()


def _checksum(buf: bytearray) -> int:
    crc = 0xFFFF
    for i in range(1, codec.FRAME_N - 2):
        crc = crc16_step(crc, buf[i])
    return crc
