"""A Pico that is nothing but the output stage of another computer: frames in over USB or UART, answers back.

Over USB it also understands the two words that `./swingphase board deploy` needs, `state` and `leave`.
"""

import sys
from time import ticks_us  # pyright: ignore[reportAttributeAccessIssue]

import micropython
from machine import UART, WDT

from firmware_py.boards import pins_rp2 as pins
from firmware_py.boards.bridge import Bridge
from firmware_py.boards.console import UsbBytes
from firmware_py.boards.stage import Stage
from firmware_py.boards.uart_port import UartPort
from safety.clock import WRAP_MASK_US
from stimulator.drivers.output_stage_codec import FRAME_N

UART_BAUD = 115_200
WATCH_MS = 250
WATCH_LEFT_MS = 8_000  # it cannot be stopped: time for `board deploy`, which then starts it anew
BYTES_MAX = 64  # of one turn
STATE = b"state\n"
LEAVE = b"leave\n"


class Alone:
    """The stage with its two lines; answers go to where the last byte came from.

    turn()   once round;  is_left   True after `leave`
    """

    def __init__(self, stage, usb, uart, out) -> None:
        self.stage = stage
        self._usb = usb
        self._uart = uart
        self._out = out
        self._heard = bytearray(BYTES_MAX)
        self._answer = bytearray(FRAME_N)
        self._words = bytearray(len(LEAVE))  # the newest bytes over USB
        self._is_usb: bool = True
        self._watchdog = None
        self.is_left: bool = False

    def turn(self) -> None:
        """Hear, do, answer; with the heap locked."""
        now_us = ticks_us() & WRAP_MASK_US
        micropython.heap_lock()
        try:
            self._hear(now_us)
            self.stage.step(now_us)
            n = self.stage.take(self._answer)
            if n and self._is_usb:
                self._out.write(self._answer)
            elif n:
                self._uart.write(self._answer, n)
        finally:
            micropython.heap_unlock()
        if self.stage.is_enabled and self._watchdog is None:
            self._watchdog = WDT(timeout=WATCH_MS)
        if self._watchdog is not None:
            if self.is_left:
                self._watchdog = WDT(timeout=WATCH_LEFT_MS)
            self._watchdog.feed()

    def _hear(self, now_us: int) -> None:
        n = self._uart.readinto(self._heard)
        for i in range(n):
            self._is_usb = False
            self.stage.feed(self._heard[i], now_us)
        for _ in range(BYTES_MAX):
            byte = self._usb.take()
            if byte < 0:
                return
            self._is_usb = True
            self.stage.feed(byte, now_us)
            self._hear_word(byte)

    def _hear_word(self, byte: int) -> None:
        words = self._words
        for i in range(len(words) - 1):
            words[i] = words[i + 1]
        words[len(words) - 1] = byte
        if words == STATE:
            self._out.write(b"swingphase armed=1\n" if self.stage.is_enabled else b"swingphase armed=0\n")
        elif words == LEAVE and not self.stage.is_enabled:
            self.is_left = True


def run() -> None:
    """Run until `leave`."""
    usb = UsbBytes()
    uart = UartPort(UART(0, baudrate=UART_BAUD, tx=pins.STAGE_TX, rx=pins.STAGE_RX, timeout=0))
    alone = Alone(Stage(Bridge()), usb, uart, sys.stdout.buffer)
    try:
        while not alone.is_left:
            alone.turn()
    finally:
        alone.stage.off()
        usb.leave()
