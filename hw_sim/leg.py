"""One leg with its muscles, moved by the pulses that a stimulator really delivered.

Order in every millisecond: the walker moves thigh and shank, the muscles answer to pulses that have
arrived, the foot follows torques and ground, the sensors look. Time moves only by `advance`.
"""

import math
from typing import Protocol

from . import geometry
from .foot import LOADING, SWING, Foot
from .muscle import PERONEAL, TIBIALIS_ANTERIOR, Muscle
from .severity import severity_named
from .strides import StrideMeter, StrideRecord, TraceRow
from .walker import STEP_US, Walker, WalkerSettings

TRACE_US = 10_000


class Watcher(Protocol):
    """Whatever wants to see the leg after each millisecond."""

    def look(self, leg: "Leg") -> None:
        """The leg has moved by 1 ms."""


class Leg:
    """Walker, muscles and foot of one side.

    settings      WalkerSettings: who walks
    muscle_gains  per channel, scales the current that reaches the nerve (electrode shift, day)
    keeps_trace   False for very long runs
    strides       list of StrideRecord, one per finished swing
    trace         list of TraceRow, every 10 ms
    """

    def __init__(
        self,
        settings: WalkerSettings | None = None,
        *,
        muscle_gains: tuple[float, float] = (1.0, 1.0),
        keeps_trace: bool = True,
    ) -> None:
        self.settings = settings if settings is not None else WalkerSettings()
        self.walker = Walker(self.settings)
        self.foot = Foot(severity_named(self.settings.severity))
        self.muscles = (
            Muscle(TIBIALIS_ANTERIOR, muscle_gains[0]),
            Muscle(PERONEAL, muscle_gains[1]),
        )
        self.now_us = 0
        self.keeps_trace = keeps_trace
        self.strides: list[StrideRecord] = []
        self.trace: list[TraceRow] = []
        self.ankle_forward_mps2 = 0.0  # acceleration of the ankle against the hip
        self.ankle_up_mps2 = 0.0
        self._sensors: list[Watcher] = []
        self._meter = StrideMeter()
        self._next_trace_us = 0
        self._pulses_before = (0, 0)

    def attach(self, sensors: Watcher) -> None:
        """Let `sensors.look(leg)` be called after every millisecond."""
        self._sensors.append(sensors)

    def deliver(self, now_us: int, channel: int, current_ma: float, width_us: float) -> None:
        """Take one pulse that reached the skin at simulator time `now_us`: mA and us of its first phase."""
        if channel not in (0, 1):
            raise ValueError(
                f"channel is {channel}; 0 (tibialis anterior) and 1 (peroneal) lead to a muscle. "
                "Use one of these."
            )
        self.muscles[channel].stimulate(now_us, abs(current_ma), width_us)

    def advance(self, dt_us: int) -> None:
        """Let `dt_us` (>= 0, whole us) pass; the leg moves in whole milliseconds up to then."""
        if dt_us < 0:
            raise ValueError(f"dt_us is {dt_us}; time moves by 0 or more. Give a step that is not negative.")
        self.now_us += dt_us
        walker = self.walker
        while walker.now_us + STEP_US <= self.now_us:
            self._step()

    def _step(self) -> None:
        walker = self.walker
        walker.step()
        now_us = walker.now_us
        tibialis = self.muscles[0].step(now_us)
        peroneal = self.muscles[1].step(now_us)
        foot = self.foot
        if walker.walking or foot.mode == LOADING or walker.contact:
            thigh, shank = walker.thigh_rad, walker.shank_rad
            sin_thigh, cos_thigh = math.sin(thigh), math.cos(thigh)
            sin_shank, cos_shank = math.sin(shank), math.cos(shank)
            thigh_rate2 = walker.thigh_rate * walker.thigh_rate
            shank_rate2 = walker.shank_rate * walker.shank_rate
            # Acceleration of the ankle against the hip, forward and up.
            forward = geometry.THIGH_M * (cos_thigh * walker.thigh_acc - sin_thigh * thigh_rate2)
            forward += geometry.SHANK_M * (cos_shank * walker.shank_acc - sin_shank * shank_rate2)
            up = geometry.THIGH_M * (sin_thigh * walker.thigh_acc + cos_thigh * thigh_rate2)
            up += geometry.SHANK_M * (sin_shank * walker.shank_acc + cos_shank * shank_rate2)
            self.ankle_forward_mps2 = forward
            self.ankle_up_mps2 = up
            was_swing = foot.mode == SWING
            pitch_rad, roll_rad = foot.pitch_rad, foot.roll_rad
            foot.step(walker, tibialis, peroneal, forward, up)
            if foot.mode == SWING:
                if not was_swing:
                    self._meter.lift_off(now_us)
                self._meter.watch(
                    walker.swing_share, foot.toe_m, foot.is_touching, foot.roll_rad, foot.pitch_rad - shank
                )
            elif was_swing:
                total = (self.muscles[0].pulses_total, self.muscles[1].pulses_total)
                before = self._pulses_before
                pulses = (total[0] - before[0], total[1] - before[1])
                self._pulses_before = total
                self.strides.append(self._meter.contact(now_us, pitch_rad, roll_rad, pulses))
        for sensors in self._sensors:
            sensors.look(self)
        if self.keeps_trace and now_us >= self._next_trace_us:
            self._next_trace_us += TRACE_US
            self._note(now_us, tibialis, peroneal)

    def _note(self, now_us: int, tibialis: float, peroneal: float) -> None:
        walker, foot = self.walker, self.foot
        self.trace.append(
            TraceRow(
                now_us * 1e-6,
                walker.phase,
                foot.mode == SWING,
                math.degrees(walker.thigh_rad),
                math.degrees(walker.shank_rad),
                math.degrees(foot.pitch_rad),
                math.degrees(foot.roll_rad),
                foot.toe_m * 1e3,
                foot.heel_m * 1e3,
                tibialis,
                peroneal,
            )
        )
