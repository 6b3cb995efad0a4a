"""Sensors that break while a person walks: a wrapper around any sensors, moved by a script or by hand.

It changes what is read, never the leg: a heel switch that hangs still belongs to a foot that moves.
"""

import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from firmware_py.hal import Sensors
from safety.clock import elapsed_us
from safety.sample import HEEL_DOWN, HEEL_NONE, HEEL_UP, Sample

# Heel switch
STUCK_OPEN = "stuck open"
STUCK_CLOSED = "stuck closed"
BOUNCING = "bouncing"  # another level with every other reading, at random
UNPLUGGED = "unplugged"
LATE = "late"  # amount: ms
# IMU
FROZEN = "frozen"  # the six axes keep their last values
STALE = "stale"  # no reading of the IMU; the switch goes on
FAST = "too fast"  # a rate that no part gives
HEAVY = "too heavy"  # 40 g
WEIGHTLESS = "weightless"  # the accelerometer says 0
AT_THE_RAIL = "at the rail"  # all rates at full scale, 2000 deg/s
CLIPPED = "clipped"  # amount: full scale in deg/s, as with a wrong range setting
AXIS_DEAD = "axis dead"  # the sagittal rate is 0
SPIKES = "spikes"  # amount: per cent of readings that are wild
FACTOR = "unit error"  # amount: all rates times this
TURNED = "turned by 180 deg"  # about Z: strapped on back to front
UPSIDE_DOWN = "upside down"  # about X
# Both
BOTH_GONE = "both gone"  # no reading at all

KINDS = (
    *(STUCK_OPEN, STUCK_CLOSED, BOUNCING, UNPLUGGED, LATE, FROZEN, STALE, FAST, HEAVY, WEIGHTLESS),
    *(AT_THE_RAIL, CLIPPED, AXIS_DEAD, SPIKES, FACTOR, TURNED, UPSIDE_DOWN, BOTH_GONE),
)

FAST_CDPS = 450_000
HEAVY_MG = 40_000
RAIL_CDPS = 200_000
SPIKE_CDPS = 150_000
SPIKE_MG = 12_000
HISTORY_MAX = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """One fault from one time to another, us since the first reading; `amount` as the kind says."""

    kind: str
    from_us: int
    until_us: int | None = None
    amount: float = 0.0


class FaultySensors(Sensors):
    """What `inner` says, with faults. `begin` and `end` at any time, or a script of Spells.

    ValueError for a kind that is not in KINDS.
    """

    def __init__(self, inner: Sensors, script: Iterable[Spell] = (), *, seed: int = 1) -> None:
        self._inner = inner
        self._script = tuple(script)
        for spell in self._script:
            _check(spell.kind)
        self._by_hand: dict[str, float] = {}
        self._random = random.Random(f"faulty sensors {seed}")
        self._last_t_us: int | None = None
        self._now_us = 0
        self._held: tuple[int, ...] | None = None
        self._heels: deque[tuple[int, int]] = deque(maxlen=HISTORY_MAX)

    def begin(self, kind: str, amount: float = 0.0) -> None:
        """From the next reading on."""
        _check(kind)
        self._by_hand[kind] = amount

    def end(self, kind: str) -> None:
        """From the next reading on, no more."""
        _check(kind)
        self._by_hand.pop(kind, None)

    def read(self, sample: Sample) -> bool:
        while self._inner.read(sample):
            if self._last_t_us is not None:
                self._now_us += elapsed_us(sample.t_us, self._last_t_us)
            self._last_t_us = sample.t_us
            if self._spoil(sample):
                return True
        return False

    def _active(self) -> dict[str, float]:
        active = dict(self._by_hand)
        for spell in self._script:
            if spell.from_us <= self._now_us and (spell.until_us is None or self._now_us < spell.until_us):
                active[spell.kind] = spell.amount
        return active

    def _spoil(self, s: Sample) -> bool:
        """Change the reading; False if nobody gets to see it."""
        active = self._active()
        self._heels.append((self._now_us, s.heel))
        if FROZEN not in active or self._held is None:
            self._held = _axes(s)
        if BOTH_GONE in active:
            return False
        if s.heel != HEEL_NONE:
            self._spoil_heel(s, active)
        if STALE in active:
            s.has_imu = 0
            return s.heel != HEEL_NONE
        if s.has_imu:
            self._spoil_imu(s, active)
        return True

    def _spoil_heel(self, s: Sample, active: dict[str, float]) -> None:
        if LATE in active:
            seen = [heel for at_us, heel in self._heels if at_us <= self._now_us - active[LATE] * 1000]
            s.heel = seen[-1] if seen else s.heel
        if BOUNCING in active:
            s.heel = self._random.choice((HEEL_UP, HEEL_DOWN))
        if STUCK_OPEN in active:
            s.heel = HEEL_UP
        if STUCK_CLOSED in active:
            s.heel = HEEL_DOWN
        if UNPLUGGED in active:
            s.heel = HEEL_NONE

    def _spoil_imu(self, s: Sample, active: dict[str, float]) -> None:
        if FROZEN in active and self._held is not None:
            _set_axes(s, self._held)
        if FACTOR in active:
            for name in ("gyro_x_cdps", "gyro_y_cdps", "gyro_z_cdps"):
                setattr(s, name, round(getattr(s, name) * active[FACTOR]))
        if CLIPPED in active:
            top_cdps = round(active[CLIPPED] * 100)
            for name in ("gyro_x_cdps", "gyro_y_cdps", "gyro_z_cdps"):
                setattr(s, name, max(-top_cdps, min(top_cdps, getattr(s, name))))
        if TURNED in active:
            s.gyro_x_cdps, s.gyro_y_cdps = -s.gyro_x_cdps, -s.gyro_y_cdps
            s.acc_x_mg, s.acc_y_mg = -s.acc_x_mg, -s.acc_y_mg
        if UPSIDE_DOWN in active:
            s.gyro_y_cdps, s.gyro_z_cdps = -s.gyro_y_cdps, -s.gyro_z_cdps
            s.acc_y_mg, s.acc_z_mg = -s.acc_y_mg, -s.acc_z_mg
        if AXIS_DEAD in active:
            s.gyro_y_cdps = 0
        if SPIKES in active and self._random.random() * 100 < active[SPIKES]:
            s.gyro_y_cdps = self._random.choice((-SPIKE_CDPS, SPIKE_CDPS))
            s.acc_z_mg = self._random.choice((-SPIKE_MG, SPIKE_MG))
        if AT_THE_RAIL in active:
            s.gyro_x_cdps = s.gyro_y_cdps = s.gyro_z_cdps = RAIL_CDPS
        if FAST in active:
            s.gyro_y_cdps = FAST_CDPS
        if HEAVY in active:
            s.acc_z_mg = HEAVY_MG
        if WEIGHTLESS in active:
            s.acc_x_mg = s.acc_y_mg = s.acc_z_mg = 0


def _axes(s: Sample) -> tuple[int, ...]:
    return s.gyro_x_cdps, s.gyro_y_cdps, s.gyro_z_cdps, s.acc_x_mg, s.acc_y_mg, s.acc_z_mg


def _set_axes(s: Sample, axes: tuple[int, ...]) -> None:
    s.gyro_x_cdps, s.gyro_y_cdps, s.gyro_z_cdps, s.acc_x_mg, s.acc_y_mg, s.acc_z_mg = axes


def _check(kind: str) -> None:
    if kind not in KINDS:
        raise ValueError(f"kind is '{kind}'; known are {', '.join(KINDS)}. Name one of these.")
