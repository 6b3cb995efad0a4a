"""A stand-in of MicroPython's `machine`, the part that firmware_py/boards uses; the chip behind it is `chip`."""

from chip import CHIP

PWRON_RESET = 1
WDT_RESET = 3


class _Memory:
    def __getitem__(self, address):
        return CHIP.memory.get(address, 0)

    def __setitem__(self, address, value):
        CHIP.memory[address] = value


mem32 = _Memory()


def reset():
    CHIP.resets += 1


class Pin:
    IN = 0
    OUT = 1
    PULL_UP = 1
    PULL_DOWN = 2
    IRQ_RISING = 8
    IRQ_FALLING = 4

    def __init__(self, id, mode=-1, pull=-1, *, value=None):
        self.number = id
        CHIP.pin_objects[id] = self
        if mode == self.OUT:
            CHIP.modes[id] = "out"
            if value is not None:
                CHIP.set_output(id, value)
        elif mode == self.IN:
            CHIP.modes[id] = "in"
            if pull == self.PULL_UP and id not in CHIP.memory:
                CHIP.levels[id] = CHIP.levels[id]

    def value(self, x=None):
        if x is None:
            return CHIP.levels[self.number]
        CHIP.set_output(self.number, x)

    def irq(self, handler=None, trigger=12):
        CHIP.handlers[self.number] = handler


class ADC:
    ATTN_11DB = 3

    def __init__(self, id, *, atten=0):
        self.number = id.number

    def read_u16(self):
        return CHIP.analog[self.number]


class PWM:
    def __init__(self, dest, *, freq=0, duty_u16=0):
        self.number = dest.number
        CHIP.frequency[self.number] = freq
        CHIP.duty[self.number] = duty_u16

    def freq(self, value):
        CHIP.frequency[self.number] = value

    def duty_u16(self, value):
        CHIP.duty[self.number] = value

    def deinit(self):
        CHIP.duty[self.number] = 0


class I2C:
    """Every trouble is an OSError: nobody at the address, a line that hangs, a part that says no."""

    def __init__(self, id, *, scl, sda, freq=400_000, timeout=50_000):
        self.timeout_us = timeout

    def readfrom_mem_into(self, addr, memaddr, buf):
        CHIP.pass_us(25 * (len(buf) + 3))
        if addr not in CHIP.parts:
            raise OSError(5)
        CHIP.parts[addr].read(memaddr, buf)

    def writeto_mem(self, addr, memaddr, buf):
        CHIP.pass_us(25 * (len(buf) + 2))
        if addr not in CHIP.parts:
            raise OSError(5)
        CHIP.parts[addr].write(memaddr, buf)


class SPI:
    def __init__(self, id, *, baudrate=1_000_000, sck=None, mosi=None):
        pass

    def write(self, buf):
        CHIP.spi[0] = buf[0]
        CHIP.spi[1] = buf[1]
        CHIP.spi_writes += 1


class UART:
    def __init__(self, id, *, baudrate=9600, tx=0, rx=0, timeout=0):
        pass

    def any(self):
        return CHIP.uart_in_n

    def readinto(self, buf, nbytes=1024):
        n = min(len(buf), nbytes, CHIP.uart_in_n)
        if n == 0:
            return None
        for i in range(n):
            buf[i] = CHIP.uart_in[i]
        for i in range(CHIP.uart_in_n - n):
            CHIP.uart_in[i] = CHIP.uart_in[i + n]
        CHIP.uart_in_n -= n
        return n

    def write(self, buf):
        if CHIP.uart_out_n + len(buf) > len(CHIP.uart_out):
            return None
        for i in range(len(buf)):
            CHIP.uart_out[CHIP.uart_out_n + i] = buf[i]
        CHIP.uart_out_n += len(buf)
        return len(buf)


class WDT:
    def __init__(self, *, id=0, timeout=5000):
        CHIP.watchdog_ms = timeout
        CHIP.watchdogs += 1
        CHIP.fed_us = CHIP.now_us

    def feed(self):
        CHIP.feeds += 1
        CHIP.fed_us = CHIP.now_us


class RTC:
    def memory(self, data=None):
        if data is None:
            return CHIP.rtc
        CHIP.rtc = data
