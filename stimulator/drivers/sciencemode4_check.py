"""A second opinion on a finished ScienceMode 4 frame, before it is written to the stimulator.

This decoder shares no code and no constants with the encoder, so that one bug cannot fool both. The guard
compares what stands here with what the gate granted. Whatever is not understood counts as able to stimulate.
Source: P24 Science, Instructions for Use v1.1, protocol chapter. Nothing here allocates after `__init__`.
"""

NET_STEPS_MAX = (
    1_064_700  # 130 mA for 4095 us, in 0.5 mA x us: one phase at most; 532 uC in pC is below 2**30
)
BODY_KEPT_N = 15  # packet number and command 2, head 1, three points of 4

# Checksum remainder of each half byte (polynomial 0x1021); the encoder computes it another way.
# fmt: off
REMAINDER = (
    0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50A5, 0x60C6, 0x70E7,
    0x8108, 0x9129, 0xA14A, 0xB16B, 0xC18C, 0xD1AD, 0xE1CE, 0xF1EF,
)
# fmt: on

# Commands that cannot make current flow, and how many data bytes each must have. Not in this list, so
# counted as stimulating: everything of the mid level but its stop (even asking it keeps it running).
HARMLESS = (
    (0, 1),  # ll_init
    (4, 0),  # ll_stop
    (34, 0),  # ml_stop
    (50, 0),  # get_version_main
    (52, 0),  # get_device_id
    (54, 0),  # get_battery_status
    (60, 0),  # get_version_stim
    (62, 0),  # get_stim_status
    (68, 0),  # get_extended_version
)


class FrameCheck:
    """Reads one finished frame and says what it would make the stimulator do.

    read(buf, n) -> bool   True if the first n bytes are exactly one well-formed frame, and, if it is a pulse,
                           one balanced biphasic pulse that runs at once. False: never write it.
      packet_number        int, 0 to 63
      command              int, 0 to 1023
      can_stimulate        False only for a frame known to be harmless
      is_pulse             True for a balanced pulse; then
      channel              int, 0 to 7
      current_ua           int, first phase without its sign, 0 to 130000, uA
      width_us             int, first phase, 10 to 4095
      shape                int, 1 to 4: the second phase is so many times longer and weaker; negative if the
                           first phase is the negative one
      gap_us               int, 0 or 10 to 4095
      net_charge_pc        int, sum over the points of current x duration, pC, stops at +-532_350_000;
                           0 in every accepted pulse
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
        self._forget()

    def read(self, buf: bytearray, n: int) -> bool:
        """Look at the first `n` bytes of `buf`; fill the fields; return whether they may be trusted."""
        self._forget()
        if not 12 <= n <= 1200 or n > len(buf):
            return False
        if buf[0] != 0xF0 or buf[n - 1] != 0x0F:
            return False
        if buf[1] != 0x81 or buf[3] != 0x81 or buf[5] != 0x81 or buf[7] != 0x81:
            return False
        if (buf[2] ^ 0x55) * 256 + (buf[4] ^ 0x55) != n:
            return False
        if (buf[6] ^ 0x55) * 256 + (buf[8] ^ 0x55) != self._remainder(buf, n):
            return False
        if not self._open_body(buf, n):
            return False
        self.packet_number = self._body[0] // 4
        self.command = self._body[0] % 4 * 256 + self._body[1]
        if self.command == 2:
            return self._read_pulse()
        for command, data_n in HARMLESS:
            if command == self.command:
                if self._body_n != data_n + 2 or (command == 0 and self._body[2] & 0x81):
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
        self.gap_us: int = 0
        self.shape: int = 0
        self.net_charge_pc: int = 0

    def _remainder(self, buf: bytearray, n: int) -> int:
        r = 0
        for i in range(9, n - 1):
            r = (r << 4 & 0xFFFF) ^ REMAINDER[r >> 12 ^ buf[i] >> 4]
            r = (r << 4 & 0xFFFF) ^ REMAINDER[r >> 12 ^ buf[i] & 15]
        return r

    def _open_body(self, buf: bytearray, n: int) -> bool:
        """Undo the escapes; refuse a bare start, stop or escape byte, and an escape that was not needed."""
        i = 9
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
        head = self._body[2]
        n_points = head % 16 + 1
        if self._body_n != 3 + 4 * n_points or not 2 <= n_points <= 3 or head < 128:
            return False
        for i in range(3, self._body_n, 4):  # what is no duration and no current must be 0
            if self._body[i + 2] & 3 or self._body[i + 3]:
                return False
        last = 4 * n_points - 1
        width_us = self._duration_us(3)
        steps = self._current_steps(3)
        last_us = self._duration_us(last)
        last_steps = self._current_steps(last)
        gap_us = 0
        gap_steps = 0
        if n_points == 3:
            gap_us = self._duration_us(7)
            gap_steps = self._current_steps(7)
            if gap_us < 10:
                return False
        self.channel = head // 32 % 4 + head // 16 % 2 * 4
        self.current_ua = abs(steps) * 500
        self.width_us = width_us
        self.gap_us = gap_us
        net = steps * width_us + gap_steps * gap_us + last_steps * last_us  # in 0.5 mA x us = 500 pC
        self.net_charge_pc = 500 * max(-NET_STEPS_MAX, min(NET_STEPS_MAX, net))
        if not -260 <= steps <= 260 or gap_steps != 0 or width_us < 10 or net != 0:
            return False
        times = last_us // width_us
        if not 1 <= times <= 4 or steps != -times * last_steps:
            return False
        self.shape = times if steps >= 0 else -times
        self.is_pulse = True
        return True

    def _duration_us(self, at: int) -> int:
        return self._body[at] * 16 + self._body[at + 1] // 16

    def _current_steps(self, at: int) -> int:
        """Return the current of the point at body[at], in 0.5 mA, -300 to 723 (10 bits less 300)."""
        return self._body[at + 1] % 16 * 64 + self._body[at + 2] // 4 - 300


class RehaMove3Check(FrameCheck):
    """The same for a RehaMove3: four channels, and an ll_init that asks for the high voltage and nothing else."""

    __slots__ = ()

    def read(self, buf: bytearray, n: int) -> bool:
        """As `FrameCheck.read`; refuses besides the second connector, and a denervation mode."""
        if not FrameCheck.read(self, buf, n):
            return False
        if self.channel > 3 or (self.command == 0 and self._body[2] & 0x70):
            self.can_stimulate = True
            self.is_pulse = False
            return False
        return True
