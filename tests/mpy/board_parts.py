"""What is wired to the stand-in chip of `fakes/`: an IMU that plays a stored walk, and a USB console.

Runs under CPython and under MicroPython; what is called in the tick allocates nothing.
"""

from chip import CHIP, after_us

WRAP_MASK_US = 0x3FFFFFFF
ROW_BYTES = 18  # dt_us u16, gyro x y z i24 in cdps, acc x y z i16 in mg, heel i8 + 1; little-endian

NAK = 1
STUCK = 2


class Lsm6dsox:
    """The registers of an LSM6DSOX whose readings are a trace, each new from its time on.

    heel_pin   line that shows the trace's heel switch, -1 for none
    trouble    0, NAK (the part does not answer) or STUCK (the bus hangs until its time-out)
    who        what it calls itself;  stuck_bits   bits that a written register loses
    """

    def __init__(self, trace, t_start_us, heel_pin=-1):
        self.registers = bytearray(128)
        self.who = 0x6C
        self.trouble = 0
        self.stuck_bits = 0
        self.is_dead = False  # answers, and measures nothing
        self.reads = 0
        self.writes = 0
        self._trace = trace
        self._at = 0
        self._t_us = t_start_us
        self._is_new = False
        self._heel_pin = heel_pin
        self._values = [0] * 6
        self.forget()

    def forget(self):
        """As after its own power-on: the narrowest ranges, and off."""
        for i in range(128):
            self.registers[i] = 0
        self.registers[0x0F] = self.who

    def is_over(self):
        return self._at >= len(self._trace)

    def read(self, register, buf):
        self._fail()
        self.reads += 1
        self._move()
        if register == 0x1E:
            self._block(buf)
            return
        for i in range(len(buf)):
            buf[i] = self.registers[register + i]
        if register == 0x0F:
            buf[0] = self.who

    def write(self, register, data):
        self._fail()
        self.writes += 1
        if register == 0x12 and data[0] & 1:
            self.forget()
            return
        self.registers[register] = data[0] & ~self.stuck_bits

    def _fail(self):
        if self.trouble == STUCK:
            CHIP.pass_us(3_000)
        if self.trouble:
            raise OSError(5)

    def _move(self):
        """Take every row of the trace whose time has come."""
        b = self._trace
        while self._at < len(b):
            at = self._at
            t_us = after_us(self._t_us, b[at] | b[at + 1] << 8)
            if (CHIP.now_us - t_us) & WRAP_MASK_US > WRAP_MASK_US >> 1:
                return
            self._t_us = t_us
            self._at = at + ROW_BYTES
            for i in range(3):
                v = b[at + 2 + 3 * i] | b[at + 3 + 3 * i] << 8 | b[at + 4 + 3 * i] << 16
                v = v - 0x1000000 if v & 0x800000 else v
                self._values[i] = max(-32_768, min((2 * v + 7) // 14, 32_767))
                v = b[at + 11 + 2 * i] | b[at + 12 + 2 * i] << 8
                v = v - 0x10000 if v & 0x8000 else v
                self._values[3 + i] = max(-32_768, min((2 * v * 125 + 61) // 122, 32_767))
            self._is_new = True
            if self._heel_pin >= 0:
                CHIP.levels[self._heel_pin] = 1 if b[at + 17] == 1 else 0  # up: open

    def _block(self, buf):
        is_on = self.registers[0x10] >> 4 and self.registers[0x11] >> 4
        is_new = self._is_new and is_on and not self.is_dead
        self._is_new = False
        buf[0] = 3 if is_new else 0
        for i in range(6):
            value = self._values[i] & 0xFFFF
            buf[4 + 2 * i] = value & 0xFF
            buf[5 + 2 * i] = value >> 8


class Typed:
    """Stands for `sys.stdin`: what CHIP.type has typed."""

    def __init__(self):
        self.buffer = self

    def readinto(self, buf):
        if not CHIP.typed_n:
            return 0
        buf[0] = CHIP.typed[0]
        for i in range(CHIP.typed_n - 1):
            CHIP.typed[i] = CHIP.typed[i + 1]
        CHIP.typed_n -= 1
        return 1


class System:
    """Stands for `sys` in the console."""

    def __init__(self):
        self.stdin = Typed()
