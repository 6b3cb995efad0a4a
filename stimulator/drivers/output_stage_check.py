"""A second opinion on a finished frame, before it is handed to a maker's output stage.

This decoder shares no code and no constants with the encoder, so that one bug cannot fool both. The guard
compares what stands here with what the gate granted. Whatever is not understood counts as able to stimulate.
That both phases are equal and opposite is the pulse program's doing (`output_stage.pio`); no frame can ask for
anything else. Nothing here allocates after `__init__`.
"""

from stimulator.drivers.sciencemode4_check import REMAINDER

HARMLESS = (10, 12, 14)  # hello, enable, disable: no current flows without a word


class FrameCheck:
    """Reads one finished frame and says what it would make the stage do.

    read(buf, n) -> bool   True if the first n bytes are exactly one well-formed frame, and, if it is a pulse,
                           one that the pulse program gives as it is asked. False: never write it.
      packet_number        int, 0 to 255
      command              int, 0 to 255
      can_stimulate        False only for a frame known to be harmless
      is_pulse             True for a pulse; then
      channel              int, 0 to 3
      current_ua           int, each phase, 0 to 100000, uA
      width_us             int, each phase, 6 to 450
      gap_us               int, 20 to 330
      shape                int, 1: two equal phases
      net_charge_pc        int, 0: see the module's first lines
    After False, can_stimulate is True and the pulse fields are 0 or what was found so far.
    """

    __slots__ = (
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
        self.net_charge_pc: int = 0
        self.shape: int = 1
        self._forget()

    def read(self, buf: bytearray, n: int) -> bool:
        """Look at the first `n` bytes of `buf`; fill the fields; return whether they may be trusted."""
        self._forget()
        if n != 11 or n > len(buf) or buf[0] != 90:
            return False
        if buf[9] * 256 + buf[10] != self._remainder(buf):
            return False
        self.command = buf[1]
        self.packet_number = buf[2]
        dac = buf[4]  # 200 at most, so the byte before is 0
        word = buf[6] * 65536 + buf[7] * 256 + buf[8]
        if buf[3] or buf[5] or word >= 1048576:
            return False
        if self.command == 16:
            return self._read_pulse(dac, word)
        if dac or word:
            return False
        for command in HARMLESS:
            if command == self.command:
                self.can_stimulate = False
        return True

    def _forget(self) -> None:
        self.packet_number: int = 0
        self.command: int = 0
        self.can_stimulate: bool = True
        self.is_pulse: bool = False
        self.channel: int = 0
        self.current_ua: int = 0
        self.width_us: int = 0
        self.gap_us: int = 0

    def _remainder(self, buf: bytearray) -> int:
        r = 65535
        for i in range(1, 9):
            r = r % 4096 * 16 ^ REMAINDER[r // 4096 ^ buf[i] // 16]
            r = r % 4096 * 16 ^ REMAINDER[r // 4096 ^ buf[i] % 16]
        return r

    def _read_pulse(self, dac: int, word: int) -> bool:
        """The program counts 3 us and 1 us for each phase, 10 us for the pause, and adds what it needs itself."""
        self.channel = word % 4
        self.gap_us = word // 4 % 32 * 10 + 20
        self.width_us = word // 128 % 128 * 3 + word // 16384 + 6
        self.current_ua = dac * 500
        if dac > 200:
            return False
        self.is_pulse = True
        return True
