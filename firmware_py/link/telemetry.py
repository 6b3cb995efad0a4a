"""The foot on a screen, 100 times a second, without ever waiting for the radio.

The control cycle puts samples into a ring; whoever sends takes as many as fit into one notification. On a slow
link a notification so holds more samples, not later ones; if even that is too slow the oldest are dropped and
counted.
"""

import struct

from firmware_py.link.values import TELEMETRY_HEAD
from firmware_py.link.wire import with_version
from safety.clock import elapsed_us

ROOM = 128  # samples, 1.3 s
HEAD_N = 2 + 8
ROW_HEAD = "<iBBHhh"  # t_us (not sent), ms since the first, flags, level, pitch, rate
ROW_HEAD_N = 12
T_N = 4
DT_MAX_MS = 255
GATHER_US = 30_000  # so long the first sample of a notification waits for others
CURRENT_STEP_UA = 10
RATE_STEP_CDPS = 10


class Telemetry:
    """A ring of samples.

    channels        currents in each sample
    current_ua      list to be filled before `add`: the last current granted on each channel, 0 without one
    add(...)        in the control cycle; allocates nothing
    take(n_max)     the next notification of at most `n_max` bytes; None if no sample waits
    lost            samples dropped since `start`, saturates
    """

    def __init__(self, channels: int) -> None:
        self.channels: int = channels
        self.current_ua = [0] * channels
        self.lost: int = 0
        self.is_on: bool = False
        self._row_n: int = ROW_HEAD_N + 2 * channels
        self._ring = bytearray(ROOM * self._row_n)
        self._head: int = 0  # where the next sample goes
        self._waiting: int = 0
        self._seq: int = 0  # of the oldest that waits

    def start(self) -> None:
        """Somebody watches from now on."""
        self.is_on = True
        self._waiting = 0
        self._seq = 0
        self.lost = 0

    def stop(self) -> None:
        """Nobody watches."""
        self.is_on = False
        self._waiting = 0

    def add(
        self,
        t_us: int,
        phase: int,
        swing: int,
        envelope_state: int,
        level: int,
        pitch_cdeg: int,
        rate_cdps: int,
    ) -> None:
        """Take one sample; the oldest goes if there is no room."""
        if not self.is_on:
            return
        at = self._head * self._row_n
        struct.pack_into(
            ROW_HEAD,
            self._ring,
            at,
            t_us,
            0,
            (phase & 7) | (swing & 1) << 3 | (envelope_state & 7) << 4,
            level & 0xFFFF,
            _i16(pitch_cdeg),
            _i16(rate_cdps // RATE_STEP_CDPS),
        )
        at += ROW_HEAD_N
        for ua in self.current_ua:
            value = min(ua // CURRENT_STEP_UA, 0xFFFF)
            self._ring[at] = value & 0xFF
            self._ring[at + 1] = value >> 8
            at += 2
        self._head = self._head + 1 if self._head + 1 < ROOM else 0
        if self._waiting < ROOM:
            self._waiting += 1
        else:
            self._seq = (self._seq + 1) & 0xFFFF
            self.lost = min(self.lost + 1, 0xFFFF)

    def is_due(self, t_us: int) -> bool:
        """Say whether the oldest sample has waited long enough for others."""
        return self._waiting > 0 and elapsed_us(t_us, self._t_us(self._first())) >= GATHER_US

    def take(self, n_max: int) -> bytes | None:
        """Return the next notification and forget its samples."""
        size = self._row_n - T_N
        count = min(self._waiting, (n_max - HEAD_N) // size, 0xFF)
        if count <= 0:
            return None
        first = self._first()
        began_us = self._t_us(first)
        rows = []
        for i in range(count):
            index = (first + i) % ROOM
            dt_ms = (elapsed_us(self._t_us(index), began_us) + 500) // 1000
            if not 0 <= dt_ms <= DT_MAX_MS:
                count = i
                break
            at = index * self._row_n + T_N
            rows.append(bytes([dt_ms]))
            rows.append(bytes(self._ring[at + 1 : at + size]))
        head = with_version(TELEMETRY_HEAD, count, self.channels, self._seq, began_us)
        self._waiting -= count
        self._seq = (self._seq + count) & 0xFFFF
        return head + b"".join(rows)

    def _first(self) -> int:
        first = self._head - self._waiting
        return first if first >= 0 else first + ROOM

    def _t_us(self, index: int) -> int:
        at = index * self._row_n
        b = self._ring
        return b[at] | b[at + 1] << 8 | b[at + 2] << 16 | b[at + 3] << 24


def _i16(value: int) -> int:
    return max(-0x8000, min(value, 0x7FFF))
