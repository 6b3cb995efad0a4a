"""What is said to a maker's output stage, and what it answers: frames of 11 bytes. Bytes only, no I/O.

The stage sits on the same board, or on a Pico at a USB port; whoever drives its pins is the other end of these
frames (docs/stimulators.md, "Output stage", holds its contract). No escapes: a frame has one length, a start
byte and a checksum (CRC-16, polynomial 0x1021, start 0xFFFF, over the eight bytes between).

    to the stage    0x5A  command    packet number  DAC code (u16)         word (u32)  checksum (u16)
    from the stage  0xA5  command+1  packet number  result (u8) value (u8)  word (u32)  checksum (u16)

Numbers are big endian. The DAC code is the current in steps of 0.5 mA; the word is what `output_stage.pio` takes.
Every encoder is exact: what cannot be expressed gives length 0, it is never rounded.
"""

from stimulator.drivers.sciencemode4_frame import COUNT_MAX, crc16_step

START_TO_STAGE = 0x5A
START_FROM_STAGE = 0xA5
FRAME_N = 11
PACKET_NUMBER_MAX = 255

HELLO = 10  # answer: value = version of these frames, word = checksum of the pulse program that is loaded
ENABLE = 12  # queue emptied, both sides off, DAC 0, then the enable line on
DISABLE = 14  # queue emptied; a pulse under way runs to its end, then the enable line off
PULSE = 16  # answer when the pulse has run: word = what the pulse program gives back
VERSION = 1

RESULT_OK = 0
RESULT_PARAMETER = 2
RESULT_NOT_ENABLED = 7
RESULT_SUPPLY = 8
RESULT_BUSY = 21  # a word still waits
RESULT_LOW_CURRENT = 28  # the comparator did not see the current: lead off, or supply too low

OUTPUT_MAX = 3
CURRENT_STEP_UA = 500
CURRENT_MAX_UA = 100_000
WIDTH_MIN_US = 6
WIDTH_MAX_US = 450
COARSE_MAX = 127
GAP_MIN_US = 20
GAP_MAX_US = 330
GAP_STEP_US = 10


def word_of(output: int, width_us: int, gap_us: int) -> int:
    """Return the pulse program's word, -1 if it cannot be expressed.

    output     int, 0 to 3
    width_us   int, each phase, 6 to 450
    gap_us     int, 20 to 330 in steps of 10
    """
    if (
        not 0 <= output <= OUTPUT_MAX
        or not WIDTH_MIN_US <= width_us <= WIDTH_MAX_US
        or not GAP_MIN_US <= gap_us <= GAP_MAX_US
        or gap_us % GAP_STEP_US != 0
    ):
        return -1
    coarse = min(COARSE_MAX, (width_us - WIDTH_MIN_US) // 3)
    fine = width_us - WIDTH_MIN_US - 3 * coarse
    return output | (gap_us - GAP_MIN_US) // GAP_STEP_US << 2 | coarse << 7 | fine << 14


def encode_pulse(
    buf: bytearray, packet_number: int, output: int, current_ua: int, width_us: int, gap_us: int
) -> int:
    """Put one pulse of two equal phases into `buf`; return 11, or 0 if it cannot be expressed exactly.

    current_ua   int, 0 to 100000, a multiple of 500; the others as `word_of` takes them
    """
    word = word_of(output, width_us, gap_us)
    if word < 0 or not 0 <= current_ua <= CURRENT_MAX_UA or current_ua % CURRENT_STEP_UA != 0:
        return 0
    return _encode(buf, packet_number, PULSE, current_ua // CURRENT_STEP_UA, word)


def encode_plain(buf: bytearray, packet_number: int, command: int) -> int:
    """Put HELLO, ENABLE or DISABLE into `buf`; return 11, or 0 if it is another command."""
    if command != HELLO and command != ENABLE and command != DISABLE:
        return 0
    return _encode(buf, packet_number, command, 0, 0)


def _encode(buf: bytearray, packet_number: int, command: int, dac: int, word: int) -> int:
    if not 0 <= packet_number <= PACKET_NUMBER_MAX:
        return 0
    buf[0] = START_TO_STAGE
    buf[1] = command
    buf[2] = packet_number
    buf[3] = 0  # the DAC code has 8 bits
    buf[4] = dac
    buf[5] = 0  # the word has 20 bits
    buf[6] = word >> 16
    buf[7] = word >> 8 & 0xFF
    buf[8] = word & 0xFF
    crc = _checksum(buf)
    buf[9] = crc >> 8
    buf[10] = crc & 0xFF
    return FRAME_N


def _checksum(buf: bytearray) -> int:
    crc = 0xFFFF  # so that a row of zeros is no frame
    for i in range(1, FRAME_N - 2):
        crc = crc16_step(crc, buf[i])
    return crc


class AnswerReader:
    """Finds answers in a stream, byte by byte.

    feed(byte) -> bool   True when this byte completed a valid answer. Then, until the next one:
      packet_number, command, result, value, word   int; a word above 20 bits reads as -1
    errors               answers with a wrong checksum
    noise_n              bytes outside any answer
    After a wrong checksum the search goes on inside the same bytes: a start byte may stand in what was noise.
    """

    __slots__ = ("_buf", "_n", "command", "errors", "noise_n", "packet_number", "result", "value", "word")

    def __init__(self) -> None:
        self._buf = bytearray(FRAME_N)
        self._n: int = 0
        self.packet_number: int = 0
        self.command: int = 0
        self.result: int = 0
        self.value: int = 0
        self.word: int = 0
        self.errors: int = 0
        self.noise_n: int = 0

    def reset(self) -> None:
        """Forget an answer that has begun; counters stay."""
        self._n = 0

    def feed(self, byte: int) -> bool:
        """Take one byte (0 to 255); return True if it completed a valid answer."""
        self._buf[self._n] = byte
        self._n += 1
        if self._n == 1 and byte != START_FROM_STAGE:
            self._n = 0
            if self.noise_n < COUNT_MAX:
                self.noise_n += 1
        if self._n < FRAME_N:
            return False
        buf = self._buf
        if buf[9] << 8 | buf[10] != _checksum(buf):
            if self.errors < COUNT_MAX:
                self.errors += 1
            self._search_on()
            return False
        self._n = 0
        self.command = buf[1]
        self.packet_number = buf[2]
        self.result = buf[3]
        self.value = buf[4]
        self.word = -1 if buf[5] or buf[6] > 15 else buf[6] << 16 | buf[7] << 8 | buf[8]
        return True

    def _search_on(self) -> None:
        """Drop the first byte and all before the next start byte."""
        buf = self._buf
        first = 1
        while first < FRAME_N and buf[first] != START_FROM_STAGE:
            first += 1
        self._n = FRAME_N - first
        for i in range(self._n):
            buf[i] = buf[first + i]
