"""ScienceMode 4 and 3 frames: wrap a command into bytes, and find commands in a stream of bytes.

On the wire: 0xF0, packet length (u16), checksum (u16), body, 0x0F. Length and checksum are always
escaped as `0x81, byte ^ 0x55`; in the body only 0xF0, 0x0F and 0x81 are. The length counts every
byte on the wire; the checksum is CRC-16 (polynomial 0x1021, start 0) over the escaped body. The body
starts with two bytes: packet number (6 bits) and command (10 bits). Numbers are big endian.
Source: P24 Science, Instructions for Use v1.1, protocol chapter; the golden frames in
`tests/golden` come from two independent peers. Nothing here allocates after `__init__`.
"""

START = 0xF0
STOP = 0x0F
STUFF = 0x81
KEY = 0x55

HEADER_N = 9  # start, 4 bytes of length, 4 bytes of checksum
FRAME_MIN_N = 12  # header, 2 bytes of body, stop
FRAME_MAX_N = 1200  # the maker's limit, escapes included
PACKET_NUMBER_MAX = 63
COMMAND_MAX = 1023
COUNT_MAX = (1 << 20) - 1  # counters stop here; far above anything a session reaches


def crc16_step(crc: int, byte: int) -> int:
    """Return the checksum (0 to 0xFFFF) after one more byte: eight steps of the polynomial at once."""
    x = (crc >> 8) ^ byte
    x = x ^ (x >> 4)
    return ((crc << 8) ^ (x << 12) ^ (x << 5) ^ x) & 0xFFFF


class FrameWriter:
    """Builds one frame in `buf`: begin, put every data byte, finish.

    A byte out of 0 to 255, a frame longer than `max_n` or `refuse()` spoil the frame:
    `finish` then returns 0, and nothing may be sent.
    """

    __slots__ = ("_crc", "_n", "_spoilt", "buf")

    def __init__(self, max_n: int) -> None:
        if not FRAME_MIN_N <= max_n <= FRAME_MAX_N:
            raise ValueError("max_n allows 12 to 1200 bytes. Choose a frame length in that range.")
        self.buf = bytearray(max_n)
        self._n: int = 0
        self._crc: int = 0
        self._spoilt: bool = True  # nothing begun yet

    def begin(self, packet_number: int, command: int) -> None:
        """Start a new frame. packet_number 0 to 63, command 0 to 1023; else the frame is spoilt."""
        self._n = HEADER_N
        self._crc = 0
        self._spoilt = not (0 <= packet_number <= PACKET_NUMBER_MAX and 0 <= command <= COMMAND_MAX)
        if not self._spoilt:
            self.put((packet_number << 2) | (command >> 8))
            self.put(command & 0xFF)

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
        n += 1
        self.buf[0] = START
        self._put_header(1, n)
        self._put_header(5, self._crc)
        return n

    def _put_wire(self, byte: int) -> None:
        if self._n >= len(self.buf) - 1:  # the last place is for STOP
            self._spoilt = True
            return
        self.buf[self._n] = byte
        self._n += 1
        self._crc = crc16_step(self._crc, byte)

    def _put_header(self, at: int, value: int) -> None:
        self.buf[at] = STUFF
        self.buf[at + 1] = (value >> 8) ^ KEY
        self.buf[at + 2] = STUFF
        self.buf[at + 3] = (value & 0xFF) ^ KEY


class FrameReader:
    """Finds frames in a stream, byte by byte.

    feed(byte) -> bool   True when this byte completed a valid frame. Then, until the next feed:
      packet_number      int, 0 to 63
      command            int, 0 to 1023
      data, data_n       bytearray and how many of its bytes belong to the frame
    errors               frames with a wrong length or checksum, too long, or cut off by a new start
    noise_n              bytes outside any frame
    The byte after an escape is never looked at as a start or a stop: length and checksum may hold
    a raw 0xF0 or 0x0F there.
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
            raise ValueError("max_n allows 12 to 1200 bytes. Choose a frame length in that range.")
        self._max_n: int = max_n
        self.data = bytearray(max_n - FRAME_MIN_N)
        self.data_n: int = 0
        self.packet_number: int = 0
        self.command: int = 0
        self.errors: int = 0
        self.noise_n: int = 0
        self._inside: bool = False
        self._start()
        self._inside = False

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
        if self._n >= self._max_n and (self._escaped or byte != STOP):
            self._inside = False  # only a stop fits into the last place
            self._count_error()
        elif self._escaped:
            self._escaped = False
            self._take(byte ^ KEY, byte)
        elif byte == STUFF:
            self._escaped = True
            if self._n > HEADER_N:
                self._crc = crc16_step(self._crc, byte)
        elif byte == START:
            self._count_error()
            self._start()
        elif byte == STOP:
            self._inside = False
            return self._end()
        else:
            if self._n <= HEADER_N:
                self._whole = False  # length and checksum are always escaped
            self._take(byte, byte)
        return False

    def _start(self) -> None:
        self._inside = True
        self._escaped = False
        self._whole = True
        self._n = 1
        self._crc = 0
        self._crc_said = 0
        self._length_said = 0
        self._body_n = 0
        self.data_n = 0

    def _take(self, value: int, wire: int) -> None:
        if self._n <= 5:
            self._length_said = ((self._length_said << 8) | value) & 0xFFFF
        elif self._n <= HEADER_N:
            self._crc_said = ((self._crc_said << 8) | value) & 0xFFFF
        else:
            self._crc = crc16_step(self._crc, wire)
            if self._body_n == 0:
                self.packet_number = value >> 2
                self.command = (value & 3) << 8
            elif self._body_n == 1:
                self.command |= value
            else:
                self.data[self._body_n - 2] = value
            self._body_n += 1

    def _end(self) -> bool:
        if self._whole and self._body_n >= 2 and self._length_said == self._n and self._crc_said == self._crc:
            self.data_n = self._body_n - 2
            return True
        self._count_error()
        return False

    def _count_error(self) -> None:
        if self.errors < COUNT_MAX:
            self.errors += 1
