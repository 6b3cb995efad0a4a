"""Sensors that break while a person walks: a wrapper around any sensors, moved by a script or by hand.

It changes what is read, never the leg: a heel switch that hangs still belongs to a foot that moves.
"""

import math
import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from firmware_py.hal import Sensors
from safety.clock import WRAP_MASK_US, elapsed_us
from safety.sample import HEEL_DOWN, HEEL_NONE, HEEL_UP, Sample

# Heel switch
STUCK_OPEN = "stuck open"
STUCK_CLOSED = "stuck closed"
BOUNCING = "bouncing"
UNPLUGGED = "unplugged"
LATE = "late"
STICKY = "sticky"
COLD_JOINT = "cold joint"
# IMU
FROZEN = "frozen"
STALE = "stale"
GAPS = "gaps"
FAST = "too fast"
HEAVY = "too heavy"
WEIGHTLESS = "weightless"
AT_THE_RAIL = "at the rail"
CLIPPED = "clipped"
AXIS_DEAD = "axis dead"
SPIKES = "spikes"
FACTOR = "unit error"
ZERO_ERROR = "zero error"
TURNED = "turned by 180 deg"
UPSIDE_DOWN = "upside down"
SLIPPED = "slipped"
# Both
CLOCK_JUMP = "clock jump"
BOTH_GONE = "both gone"


class Kind(NamedTuple):
    """One way to break: who breaks ("switch", "imu", "both"), one sentence, and what its amount means.

    usual   the amount if none is named; low, high  what is allowed; all 0 for a fault without an amount
    """

    part: str
    sentence: str
    unit: str = ""
    usual: float = 0.0
    low: float = 0.0
    high: float = 0.0


KINDS: dict[str, Kind] = {
    STUCK_OPEN: Kind("switch", "The heel switch says that the heel is up, always."),
    STUCK_CLOSED: Kind("switch", "The heel switch says that the heel is down, always."),
    BOUNCING: Kind("switch", "The heel switch says one thing or the other with every reading, at random."),
    UNPLUGGED: Kind("switch", "The heel switch is not there any more, and the device notices."),
    LATE: Kind("switch", "The heel switch says everything later.", "ms", 100, 1, 1000),
    STICKY: Kind(
        "switch", "The heel switch opens later than the heel lifts; it closes in time.", "ms", 150, 1, 1000
    ),
    COLD_JOINT: Kind(
        "switch", "A cold solder joint: the closed switch opens for moments.", "1/s", 4, 0.1, 50
    ),
    FROZEN: Kind("imu", "The six axes keep their last values, while readings go on."),
    STALE: Kind("imu", "The IMU does not answer; the switch goes on."),
    GAPS: Kind("imu", "Readings of the IMU are lost, at random.", "% of readings", 10, 0.1, 99),
    FAST: Kind("imu", "The sagittal rate is one that no part gives, 4500 deg/s."),
    HEAVY: Kind("imu", "The accelerometer says 40 g."),
    WEIGHTLESS: Kind("imu", "The accelerometer says 0 on every axis."),
    AT_THE_RAIL: Kind("imu", "All rates stand at full scale, 2000 deg/s."),
    CLIPPED: Kind("imu", "Rates end at a full scale that is set too low.", "deg/s", 125, 10, 2000),
    AXIS_DEAD: Kind("imu", "The sagittal rate is 0."),
    SPIKES: Kind("imu", "Readings are wild, at random.", "% of readings", 5, 0.1, 100),
    FACTOR: Kind("imu", "All rates are multiplied: a mistaken unit.", "times", 57.3, 0.001, 1000),
    ZERO_ERROR: Kind("imu", "The sagittal rate is off by a constant.", "deg/s", 10, -200, 200),
    TURNED: Kind("imu", "The sensor is strapped on back to front."),
    UPSIDE_DOWN: Kind("imu", "The sensor is strapped on upside down."),
    SLIPPED: Kind("imu", "The strap slips: the sensor is turned about the leg's axis.", "deg", 40, -180, 180),
    CLOCK_JUMP: Kind("both", "The time stamps of all readings jump ahead at once.", "ms", 200, 1, 60_000),
    BOTH_GONE: Kind("both", "No reading at all."),
}

FAST_CDPS = 450_000
HEAVY_MG = 40_000
RAIL_CDPS = 200_000
SPIKE_CDPS = 150_000
SPIKE_MG = 12_000
INTERRUPTED_US = 40_000  # mean length (assumed)
HISTORY_MAX = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """One fault from one time to another, us since the first reading; `amount` as KINDS says, None: the usual."""

    kind: str
    from_us: int
    until_us: int | None = None
    amount: float | None = None


class FaultySensors(Sensors):
    """What `inner` says, with faults. `begin` and `end` at any time, or a script of Spells.

    ValueError for a kind that is not in KINDS.
    """

    def __init__(self, inner: Sensors, script: Iterable[Spell] = (), *, seed: int = 1) -> None:
        self._inner = inner
        self._script = tuple(script)
        self._amounts = [_checked(spell.kind, spell.amount) for spell in self._script]
        self._by_hand: dict[str, float] = {}
        self._random = random.Random(f"faulty sensors {seed}")
        self._last_t_us: int | None = None
        self._now_us = self._before_us = 0
        self._open_until_us = 0
        self._held: tuple[int, ...] | None = None
        self._heels: deque[tuple[int, int]] = deque(maxlen=HISTORY_MAX)

    def begin(self, kind: str, amount: float | None = None) -> None:
        """From the next reading on; `amount` as KINDS says, None: the usual."""
        self._by_hand[kind] = _checked(kind, amount)

    def end(self, kind: str) -> None:
        """From the next reading on, no more."""
        _checked(kind, None)
        self._by_hand.pop(kind, None)

    def read(self, sample: Sample) -> bool:
        while self._inner.read(sample):
            self._before_us = self._now_us
            if self._last_t_us is not None:
                self._now_us += elapsed_us(sample.t_us, self._last_t_us)
            self._last_t_us = sample.t_us
            if self._spoil(sample):
                return True
        return False

    def _active(self) -> dict[str, float]:
        active = dict(self._by_hand)
        for spell, amount in zip(self._script, self._amounts, strict=True):
            if spell.from_us <= self._now_us and (spell.until_us is None or self._now_us < spell.until_us):
                active[spell.kind] = amount
        return active

    def _spoil(self, s: Sample) -> bool:
        """Change the reading; False if nobody gets to see it."""
        active = self._active()
        self._heels.append((self._now_us, s.heel))
        if FROZEN not in active or self._held is None:
            self._held = _axes(s)
        if BOTH_GONE in active:
            return False
        if CLOCK_JUMP in active:
            s.t_us = (s.t_us + round(active[CLOCK_JUMP] * 1000)) & WRAP_MASK_US
        if s.heel != HEEL_NONE:
            self._spoil_heel(s, active)
        is_lost = GAPS in active and self._random.random() * 100 < active[GAPS]
        if STALE in active or is_lost:
            s.has_imu = 0
            return s.heel != HEEL_NONE
        if s.has_imu:
            self._spoil_imu(s, active)
        return True

    def _spoil_heel(self, s: Sample, active: dict[str, float]) -> None:
        if LATE in active:
            seen = [heel for at_us, heel in self._heels if at_us <= self._now_us - active[LATE] * 1000]
            s.heel = seen[-1] if seen else s.heel
        if STICKY in active and s.heel == HEEL_UP:
            since_us = self._now_us - active[STICKY] * 1000
            if any(heel == HEEL_DOWN for at_us, heel in self._heels if at_us >= since_us):
                s.heel = HEEL_DOWN
        if COLD_JOINT in active:
            self._interrupt(s, active[COLD_JOINT])
        if BOUNCING in active:
            s.heel = self._random.choice((HEEL_UP, HEEL_DOWN))
        if STUCK_OPEN in active:
            s.heel = HEEL_UP
        if STUCK_CLOSED in active:
            s.heel = HEEL_DOWN
        if UNPLUGGED in active:
            s.heel = HEEL_NONE

    def _interrupt(self, s: Sample, per_s: float) -> None:
        elapsed_s = (self._now_us - self._before_us) * 1e-6
        if self._now_us >= self._open_until_us and self._random.random() < 1.0 - math.exp(-per_s * elapsed_s):
            self._open_until_us = self._now_us + round(self._random.expovariate(1.0 / INTERRUPTED_US))
        if self._now_us < self._open_until_us:
            s.heel = HEEL_UP

    def _spoil_imu(self, s: Sample, active: dict[str, float]) -> None:
        if FROZEN in active and self._held is not None:
            _set_axes(s, self._held)
        if FACTOR in active:
            for name in ("gyro_x_cdps", "gyro_y_cdps", "gyro_z_cdps"):
                setattr(s, name, round(getattr(s, name) * active[FACTOR]))
        if ZERO_ERROR in active:
            s.gyro_y_cdps += round(active[ZERO_ERROR] * 100)
        if SLIPPED in active:
            c, n = math.cos(math.radians(active[SLIPPED])), math.sin(math.radians(active[SLIPPED]))
            x, y = s.gyro_x_cdps, s.gyro_y_cdps
            s.gyro_x_cdps, s.gyro_y_cdps = round(c * x + n * y), round(c * y - n * x)
            x, y = s.acc_x_mg, s.acc_y_mg
            s.acc_x_mg, s.acc_y_mg = round(c * x + n * y), round(c * y - n * x)
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


def _checked(kind: str, amount: float | None) -> float:
    """Return the amount to use; ValueError for an unknown kind or an amount that it does not allow."""
    if kind not in KINDS:
        raise ValueError(f"kind is '{kind}'; known are {', '.join(KINDS)}. Name one of these.")
    known = KINDS[kind]
    if amount is None:
        return known.usual
    if not known.low <= amount <= known.high:
        unit = f" {known.unit}" if known.unit else ""
        allowed = f"{known.low:g} to {known.high:g}{unit}" if known.unit else "none (it has no size)"
        raise ValueError(f"amount of '{kind}' is {amount:g}; allowed is {allowed}. Choose such a value.")
    return amount
