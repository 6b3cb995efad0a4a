"""A second opinion on a finished ScienceMode 2 frame, before it is written to the stimulator.

This decoder shares no code and no constants with the encoder, so that one bug cannot fool both. The guard
compares what stands here with what the gate granted. Whatever is not understood counts as able to stimulate.
A single pulse names channel, width and current of its first phase; the second, opposite phase is made by
the device itself, so its charge balance rests on the maker's word and is not visible in any frame.
Source: ScienceMode2, Description and Protocol v1.24 (2012). Nothing here allocates after `__init__`.
"""

BODY_KEPT_N = 6  # packet number, command, channel, width (2), current

# Checksum remainder of each half byte (polynomial 0x07); the encoder computes it another way.
REMAINDER = (0x00, 0x07, 0x0E, 0x09, 0x1C, 0x1B, 0x12, 0x15, 0x38, 0x3F, 0x36, 0x31, 0x24, 0x23, 0x2A, 0x2D)

# Commands that cannot make current flow, and how many data bytes each must have. The channel list is not
# here, not even its preparation, and nothing of the leg trainer: it moves a person's legs.
HARMLESS = (
    (2, 1),  # InitAck
    (4, 0),  # Watchdog
    (10, 0),  # GetStimulationMode
    (34, 0),  # StopChannelListMode
)


class FrameCheck:
    """Reads one finished frame and says what it would make the stimulator do.

    read(buf, n) -> bool   True if the first n bytes are exactly one well-formed frame, and, if it is a pulse,
                           one that the device gives as it is asked. False: never write it.
      packet_number        int, 0 to 255
      command              int, 0 to 255
      can_stimulate        False only for a frame known to be harmless
      is_pulse             True for a single pulse; then
      channel              int, 0 to 7
      current_ua           int, each phase, 0 to 126000 in steps of 2000 (what the device really does), uA
      width_us             int, each phase, 20 to 500
      gap_us, shape        int, 0 and 1: the frame has no word for them
      net_charge_pc        int, 0: see the module's first lines
    After False, can_stimulate is True and the pulse fields are 0 or what was found so far.
    """

    __slots__ = (
        "_body",
        "_body_n",
        "can_stimulate",
        "channel",
        "command",
        "current_ua",
        "gap_us",
        "is_pulse",
        "net_charge_pc",
        "packet_number",
        "shape",
        "width_us",
    )

    def __init__(self) -> None:
        self._body = bytearray(BODY_KEPT_N)
        self.gap_us: int = 0
        self.net_charge_pc: int = 0
        self.shape: int = 1
        self._forget()

    def read(self, buf: bytearray, n: int) -> bool:
        """Look at the first `n` bytes of `buf`; fill the fields; return whether they may be trusted."""
        self._forget()
        if not 8 <= n <= 69 or n > len(buf):
            return False
        if buf[0] != 0xF0 or buf[1] != 0x81 or buf[3] != 0x81 or buf[n - 1] != 0x0F:
            return False
        if buf[4] ^ 0x55 != n - 6 or buf[2] ^ 0x55 != self._remainder(buf, n):
            return False
        if not self._open_body(buf, n):
            return False
        self.packet_number = self._body[0]
        self.command = self._body[1]
        if self.command == 36:
            return self._read_pulse()
        for command, data_n in HARMLESS:
            if command == self.command:
                if self._body_n != data_n + 2 or (command == 2 and self._body[2] != 0):
                    return False
                self.can_stimulate = False
        return True

    def _forget(self) -> None:
        self._body_n: int = 0
        self.packet_number: int = 0
        self.command: int = 0
        self.can_stimulate: bool = True
        self.is_pulse: bool = False
        self.channel: int = 0
        self.current_ua: int = 0
        self.width_us: int = 0

    def _remainder(self, buf: bytearray, n: int) -> int:
        r = 0
        for i in range(5, n - 1):
            r = r % 16 * 16 ^ REMAINDER[r // 16 ^ buf[i] // 16]
            r = r % 16 * 16 ^ REMAINDER[r // 16 ^ buf[i] % 16]
        return r

    def _open_body(self, buf: bytearray, n: int) -> bool:
        """Undo the escapes; refuse a bare start, stop or escape byte, and an escape that was not needed."""
        i = 5
        while i < n - 1:
            b = buf[i]
            if b == 0x81:
                i += 1
                b = buf[i] ^ 0x55  # if this is the stop byte, b is 0x5A and refused below
                if b != 0xF0 and b != 0x0F and b != 0x81:
                    return False
            elif b == 0xF0 or b == 0x0F:
                return False
            if self._body_n < BODY_KEPT_N:
                self._body[self._body_n] = b
            self._body_n += 1
            i += 1
        return self._body_n >= 2

    def _read_pulse(self) -> bool:
        if self._body_n != 6:
            return False
        self.channel = self._body[2]
        self.width_us = self._body[3] * 256 + self._body[4]
        self.current_ua = self._body[5] * 1000
        if self.channel > 7 or not 20 <= self.width_us <= 500:
            return False
        if self._body[5] % 2 or self._body[5] // 2 > 63:  # the device would quietly do something else
            return False
        self.is_pulse = True
        return True
