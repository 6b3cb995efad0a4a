"""ScienceMode 2 frames (RehaStim2): wrap a command into bytes, and find commands in a stream of bytes.

On the wire: 0xF0, checksum, length, body, 0x0F. Checksum and length are one byte each, always escaped as
`0x81, byte ^ 0x55`; in the body only 0xF0, 0x0F and 0x81 are. The length counts the escaped bytes of the
body; the checksum is CRC-8 (polynomial 0x07, start 0) over them. The body starts with packet number and
command, one byte each. Two-byte numbers are big endian, whatever the document's prose says: its tables
and two independent clients agree.
Source: ScienceMode2, Description and Protocol v1.24 (2012); the golden frames in `tests/golden` come from
independent peers. Nothing here allocates after `__init__`.
"""

START = 0xF0
STOP = 0x0F
STUFF = 0x81
KEY = 0x55

HEADER_N = 5  # start, 2 bytes of checksum, 2 bytes of length
FRAME_MIN_N = 8  # header, 2 bytes of body, stop
FRAME_MAX_N = 69  # escapes included
PACKET_NUMBER_MAX = 255
COUNT_MAX = (1 << 20) - 1  # counters stop here; far above anything a session reaches


def crc8_step(crc: int, byte: int) -> int:
    """Return the checksum (0 to 0xFF) after one more byte."""
    crc ^= byte
    for _ in range(8):
        crc = (crc << 1) ^ (0x107 if crc & 0x80 else 0)
    return crc


class FrameWriter:
    """Builds one frame in `buf`: begin, put every data byte, finish.

    A byte out of 0 to 255, a frame longer than `max_n` or `refuse()` spoil the frame:
    `finish` then returns 0, and nothing may be sent.
    """

    __slots__ = ("_crc", "_n", "_spoilt", "buf")

    def __init__(self, max_n: int) -> None:
        if not FRAME_MIN_N <= max_n <= FRAME_MAX_N:
            raise ValueError("max_n allows 8 to 69 bytes. Choose a frame length in that range.")
        self.buf = bytearray(max_n)
        self._n: int = 0
        self._crc: int = 0
        self._spoilt: bool = True  # nothing begun yet

    def begin(self, packet_number: int, command: int) -> None:
        """Start a new frame. packet_number and command 0 to 255; else the frame is spoilt."""
        self._n = HEADER_N
        self._crc = 0
        self._spoilt = False
        self.put(packet_number)
        self.put(command)

    def put(self, byte: int) -> None:
        """Append one data byte (0 to 255), escaped where needed."""
        if byte == START or byte == STOP or byte == STUFF:  # a tuple here would be made anew on a board
            self._put_wire(STUFF)
            self._put_wire(byte ^ KEY)
        elif 0 <= byte <= 0xFF:
            self._put_wire(byte)
        else:
            self._spoilt = True

    def put_word(self, value: int) -> None:
        """Append two bytes, big endian (0 to 65535)."""
        self.put(value >> 8)
        self.put(value & 0xFF)

    def refuse(self) -> None:
        """Spoil the frame: its content cannot be expressed exactly."""
        self._spoilt = True

    def finish(self) -> int:
        """Close the frame; return its length in bytes, or 0 if it was spoilt. Once per `begin`."""
        if self._spoilt:
            return 0
        self._spoilt = True
        n = self._n
        self.buf[n] = STOP
        self.buf[0] = START
        self.buf[1] = STUFF
        self.buf[2] = self._crc ^ KEY
        self.buf[3] = STUFF
        self.buf[4] = (n - HEADER_N) ^ KEY
        return n + 1

    def _put_wire(self, byte: int) -> None:
        if self._n >= len(self.buf) - 1:  # the last place is for STOP
            self._spoilt = True
            return
        self.buf[self._n] = byte
        self._n += 1
        self._crc = crc8_step(self._crc, byte)


class FrameReader:
    """Finds frames in a stream, byte by byte.

    feed(byte) -> bool   True when this byte completed a valid frame. Then, until the next feed:
      packet_number      int, 0 to 255
      command            int, 0 to 255
      data, data_n       bytearray and how many of its bytes belong to the frame
    errors               frames with a wrong length or checksum, too long, or cut off by a new start
    noise_n              bytes outside any frame
    The byte after an escape is never looked at as a start or a stop: checksum and length may hold
    a raw 0xF0 or 0x0F there. An escape that was not needed is understood; some peers make them.
    """

    __slots__ = (
        "_body_n",
        "_crc",
        "_crc_said",
        "_escaped",
        "_inside",
        "_length_said",
        "_max_n",
        "_n",
        "_whole",
        "command",
        "data",
        "data_n",
        "errors",
        "noise_n",
        "packet_number",
    )

    def __init__(self, max_n: int) -> None:
        if not FRAME_MIN_N <= max_n <= FRAME_MAX_N:
            raise ValueError("max_n allows 8 to 69 bytes. Choose a frame length in that range.")
        self._max_n: int = max_n
        self.data = bytearray(max_n - FRAME_MIN_N)
        self.packet_number: int = 0
        self.command: int = 0
        self.errors: int = 0
        self.noise_n: int = 0
        self._start()
        self._inside: bool = False

    def reset(self) -> None:
        """Forget a frame that has begun; counters stay."""
        self._inside = False

    def feed(self, byte: int) -> bool:
        """Take one byte (0 to 255); return True if it completed a valid frame."""
        if not self._inside:
            if byte == START:
                self._start()
            elif self.noise_n < COUNT_MAX:
                self.noise_n += 1
            return False
        self._n += 1
        if byte == START and not self._escaped:
            self._count_error()
            self._start()
        elif self._n >= self._max_n and (self._escaped or byte != STOP):
            self._inside = False  # only a stop fits into the last place
            self._count_error()
        elif self._escaped:
            self._escaped = False
            self._take(byte ^ KEY, byte)
        elif byte == STUFF:
            self._escaped = True
            if self._n > HEADER_N:
                self._crc = crc8_step(self._crc, byte)
        elif byte == STOP:
            self._inside = False
            return self._end()
        else:
            if self._n <= HEADER_N:
                self._whole = False  # checksum and length are always escaped
            self._take(byte, byte)
        return False

    def _start(self) -> None:
        self._inside = True
        self._escaped: bool = False
        self._whole: bool = True
        self._n: int = 1
        self._crc: int = 0
        self._crc_said: int = 0
        self._length_said: int = 0
        self._body_n: int = 0
        self.data_n: int = 0

    def _take(self, value: int, wire: int) -> None:
        if self._n == 3:
            self._crc_said = value
        elif self._n <= HEADER_N:
            self._length_said = value
        else:
            self._crc = crc8_step(self._crc, wire)
            if self._body_n == 0:
                self.packet_number = value
            elif self._body_n == 1:
                self.command = value
            else:
                self.data[self._body_n - 2] = value
            self._body_n += 1

    def _end(self) -> bool:
        length = self._n - HEADER_N - 1  # without the stop
        if self._whole and self._body_n >= 2 and self._length_said == length and self._crc_said == self._crc:
            self.data_n = self._body_n - 2
            return True
        self._count_error()
        return False

    def _count_error(self) -> None:
        if self.errors < COUNT_MAX:
            self.errors += 1
