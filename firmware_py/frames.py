"""Frames between two processes: sync, kind, length, payload, checksum. Nothing allocates after `__init__`.

A frame is 0xC5 0x3A, kind (u8), payload length (u16), payload, CRC-16 (CCITT, start 0xFFFF) over kind,
length and payload; all little-endian. Whole numbers are u8, u16, or four bytes of which only values
below 2**30 (`u30`) or of 30 bits with sign (`i30`) are taken, so that a board can hold them all.
"""

from array import array

SYNC_0 = 0xC5
SYNC_1 = 0x3A
HEAD_N = 5
CRC_N = 2
PAYLOAD_MAX_N = 400
FRAME_MAX_N = HEAD_N + PAYLOAD_MAX_N + CRC_N
BUFFER_N = 4 * FRAME_MAX_N  # bytes that wait for the rest of their frame, and some to spare
COUNT_MAX = 0xFFFFFFF


def _crc_table() -> array:
    table = array("H")
    for byte in range(256):
        crc = byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
        table.append(crc & 0xFFFF)
    return table


_CRC = _crc_table()


def crc_16(buf: bytes | bytearray, start: int, end: int) -> int:
    """Return the checksum of buf[start] to buf[end - 1]."""
    crc = 0xFFFF
    for i in range(start, end):
        crc = ((crc << 8) & 0xFF00) ^ _CRC[(crc >> 8) ^ buf[i]]
    return crc


class FrameWriter:
    """Build one frame in `buf`: `begin`, then `put_*`, then `finish`, which returns its length.

    A value that does not fit its field makes `finish` return 0: no frame rather than a wrong one.
    """

    __slots__ = ("_fits", "_n", "buf")

    def __init__(self) -> None:
        self.buf = bytearray(FRAME_MAX_N)
        self._n: int = 0
        self._fits: bool = False

    def begin(self, kind: int) -> None:
        """Start a new frame of this kind (u8); one that was not finished is forgotten."""
        self._n = 2
        self._fits = True
        self.put_u8(kind)
        self._n = HEAD_N

    def put_u8(self, value: int) -> None:
        """Append 0 to 255."""
        if not 0 <= value <= 0xFF or self._n >= FRAME_MAX_N - CRC_N:
            self._fits = False
            return
        self.buf[self._n] = value
        self._n += 1

    def put_u16(self, value: int) -> None:
        """Append 0 to 65535."""
        self.put_u8(value & 0xFF)
        self.put_u8(value >> 8)

    def put_u30(self, value: int) -> None:
        """Append 0 to 2**30 - 1."""
        if not 0 <= value <= 0x3FFFFFFF:
            self._fits = False
        self._put_four(value)

    def put_i30(self, value: int) -> None:
        """Append -2**29 to 2**29 - 1."""
        if not -0x20000000 <= value <= 0x1FFFFFFF:
            self._fits = False
        self._put_four(value)

    def finish(self) -> int:
        """Complete the frame; return how many bytes of `buf` to send, 0 if a value did not fit."""
        if not self._fits:
            return 0
        length = self._n - HEAD_N
        self.buf[0] = SYNC_0
        self.buf[1] = SYNC_1
        self.buf[3] = length & 0xFF
        self.buf[4] = length >> 8
        crc = crc_16(self.buf, 2, self._n)
        self.buf[self._n] = crc & 0xFF
        self.buf[self._n + 1] = crc >> 8
        self._fits = False
        return self._n + CRC_N

    def _put_four(self, value: int) -> None:
        self.put_u16(value & 0xFFFF)
        self.put_u16((value >> 16) & 0xFFFF)


class FrameReader:
    """Find frames in whatever arrives: `feed` bytes, then `next` until it says False. Never raises.

    After a True, `kind` is set and `get_*` read the payload in order; `is_fine` turns False on a value
    out of its range or beyond the payload, `is_all_read` says whether the payload is used up.
    What is no whole, sound frame is skipped byte by byte: a false sync never swallows a true frame.
    skipped   int, bytes that belonged to no frame, saturates
    """

    __slots__ = ("_at", "_buf", "_end", "_frame_n", "_start", "_stop", "is_fine", "kind", "skipped")

    def __init__(self) -> None:
        self._buf = bytearray(BUFFER_N)
        self._start: int = 0  # first byte not yet dealt with
        self._end: int = 0
        self._frame_n: int = 0  # bytes of the frame that was handed out last
        self._at: int = 0
        self._stop: int = 0
        self.kind: int = 0
        self.is_fine: bool = False
        self.skipped: int = 0

    def reset(self) -> None:
        """Forget every byte that waits."""
        self._start = self._end = self._frame_n = 0
        self._at = self._stop = 0
        self.is_fine = False

    def feed(self, data, start: int, end: int) -> int:
        """Take bytes of data[start:end]; return how many there was room for. Call `next` before the rest."""
        self._drop_frame()
        if self._end + end - start > BUFFER_N:
            self._move_down()
        count = min(end - start, BUFFER_N - self._end)
        buf = self._buf
        at = self._end
        for i in range(count):
            buf[at + i] = data[start + i]
        self._end = at + count
        return count

    def next(self) -> bool:
        """Move to the next sound frame; False if there is none yet."""
        self._drop_frame()
        buf = self._buf
        while self._start < self._end:
            at = self._start
            have = self._end - at
            if buf[at] == SYNC_0 and (have < 2 or buf[at + 1] == SYNC_1):
                if have < HEAD_N:
                    return False
                length = buf[at + 3] | buf[at + 4] << 8
                if length <= PAYLOAD_MAX_N:
                    stop = at + HEAD_N + length
                    if stop + CRC_N > self._end:
                        return False
                    if crc_16(buf, at + 2, stop) == buf[stop] | buf[stop + 1] << 8:
                        self.kind = buf[at + 2]
                        self._at = at + HEAD_N
                        self._stop = stop
                        self._frame_n = stop + CRC_N - at
                        self.is_fine = True
                        return True
            self._start = at + 1
            if self.skipped < COUNT_MAX:
                self.skipped += 1
        self._start = self._end = 0
        return False

    def is_empty(self) -> bool:
        """Return True if no byte of an unfinished frame waits."""
        return self._start >= self._end

    def is_all_read(self) -> bool:
        """Return True if every value was in range and none is left over."""
        return self.is_fine and self._at == self._stop

    def get_u8(self, value_max: int = 0xFF) -> int:
        """Return the next byte; 0 and not fine if it is above `value_max`."""
        if self._at >= self._stop or self._buf[self._at] > value_max:
            self.is_fine = False
            return 0
        self._at += 1
        return self._buf[self._at - 1]

    def get_u16(self) -> int:
        """Return the next two bytes."""
        low = self.get_u8()
        return low | self.get_u8() << 8

    def get_u30(self, value_max: int = 0x3FFFFFFF) -> int:
        """Return the next four bytes; 0 and not fine if above `value_max`."""
        low = self.get_u16()
        value = low | self.get_u8() << 16 | self.get_u8(0x3F) << 24
        if value > value_max:
            self.is_fine = False
            return 0
        return value

    def get_i30(self) -> int:
        """Return the next four bytes with sign; 0 and not fine if outside -2**29 to 2**29 - 1."""
        low = self.get_u16() | self.get_u8() << 16
        top = self.get_u8()
        if top >= 0xE0:
            return low + ((top - 0x100) << 24)
        if top >= 0x20:
            self.is_fine = False
            return 0
        return low | top << 24

    def _drop_frame(self) -> None:
        self._start += self._frame_n
        self._frame_n = 0

    def _move_down(self) -> None:
        buf = self._buf
        count = self._end - self._start
        for i in range(count):
            buf[i] = buf[self._start + i]
        self._start = 0
        self._end = count
