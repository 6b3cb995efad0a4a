"""One leg with its muscles, moved by the pulses that a stimulator really delivered.

Thigh and shank are planned a stride ahead, the muscles answer to pulses that have arrived, the foot follows
torques and ground, the sensors look. Time moves only by `advance`; what happens does not depend on how it is cut,
and nothing is computed before somebody looks. Read through the leg (`leg.foot`, `leg.walker`, `leg.strides`).
"""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Protocol

from .activities import Activity
from .ding import DING_2003, DING_2007, FATIGUE_SHARE, DingMuscle
from .foot import Foot
from .footing import SWING
from .muscle import AnyMuscle, Muscle
from .recruitment import PERONEAL, PLANTARFLEXORS, TIBIALIS_ANTERIOR
from .severity import Severity, severity_named
from .strides import StrideRecord, TraceRow, stride_record
from .walker import Walker, WalkerSettings

CHANNELS = ("tibialis anterior", "peroneal", "plantarflexors")
MUSCLES = ("fast", "ding", "ding2007")
TRACE_MS = 10
NEVER_MS = 1 << 60
PULSES_MAX = 10_000  # kept for the next stride's record; who stands and is stimulated makes no stride


class Watcher(Protocol):
    """Whatever wants to see the leg: after each millisecond, or only at times of its own (`next_us`)."""

    def look(self, leg: "Leg") -> None:
        """The leg has moved."""


class Leg:
    """Walker, muscles and foot of one side.

    settings      WalkerSettings: who walks
    muscle        "fast" (Hammerstein), "ding" (Ding 2003) or "ding2007"; the last two tire. Or three muscles
    muscle_gains  per channel, scales the current that reaches the nerve (electrode shift, day)
    fatigue       of Ding's muscles: 0 none, 1 as published for a quadriceps, None: 0.25, assumed for these
    keeps_trace   False for very long runs
    activities    what is done, instead of the settings' (may never end)
    severity      the wearer's own torques, instead of the settings'
    strides       list of StrideRecord, one per finished swing
    trace         list of TraceRow, every 10 ms
    """

    def __init__(
        self,
        settings: WalkerSettings | None = None,
        *,
        muscle: str | Sequence[AnyMuscle] = "fast",
        muscle_gains: tuple[float, ...] = (1.0, 1.0, 1.0),
        fatigue: float | None = None,
        keeps_trace: bool = True,
        activities: Iterable[Activity] | None = None,
        severity: Severity | None = None,
    ) -> None:
        self.settings = settings if settings is not None else WalkerSettings()
        tires = FATIGUE_SHARE if fatigue is None else fatigue
        self.muscles: Sequence[AnyMuscle] = (
            _muscles(muscle, muscle_gains, tires) if isinstance(muscle, str) else muscle
        )
        self.now_us = 0
        self.keeps_trace = keeps_trace
        self._walker = Walker(self.settings, activities)
        own = severity if severity is not None else severity_named(self.settings.severity)
        self._foot = Foot(own, self._walker.style, self.muscles, self._walker.stretch)
        self._ms = 0  # up to here the leg has moved
        self._strides: list[StrideRecord] = []
        self._trace: list[TraceRow] = []
        self._each_ms: list[Watcher] = []
        self._at_times: list[Watcher] = []
        self._next_trace_ms = TRACE_MS if keeps_trace else NEVER_MS
        self._due_us = self._next_trace_ms * 1000
        self._is_looking = False
        self._stride_start_us = 0
        self._pulses: deque[tuple[int, int]] = deque(maxlen=PULSES_MAX)  # (time us, channel) since contact

    @property
    def walker(self) -> Walker:
        """The leg above the ankle, as it is now."""
        if not self._is_looking:
            self._catch_up()
        return self._walker

    @property
    def foot(self) -> Foot:
        """The foot, as it is now."""
        if not self._is_looking:
            self._catch_up()
        return self._foot

    @property
    def strides(self) -> list[StrideRecord]:
        """Every stride that has ended."""
        if not self._is_looking:
            self._catch_up()
        return self._strides

    @property
    def trace(self) -> list[TraceRow]:
        """The moments kept so far."""
        if not self._is_looking:
            self._catch_up()
        return self._trace

    def attach(self, watcher: Watcher) -> None:
        """Let `watcher.look(leg)` be called after every millisecond, or at its own `next_us` if it has one."""
        self._catch_up()
        (self._at_times if hasattr(watcher, "next_us") else self._each_ms).append(watcher)
        self._plan_looks()

    def deliver(self, now_us: int, channel: int, current_ma: float, width_us: float) -> None:
        """Take one pulse that reached the skin at simulator time `now_us`: mA and us of its first phase."""
        if not 0 <= channel < len(CHANNELS):
            names = ", ".join(f"{i} ({name})" for i, name in enumerate(CHANNELS))
            raise ValueError(f"channel is {channel}; {names} lead to a muscle. Use one of these.")
        self.muscles[channel].stimulate(now_us, abs(current_ma), width_us)
        self._pulses.append((now_us, channel))

    def advance(self, dt_us: int) -> None:
        """Let `dt_us` (>= 0, whole us) pass; the leg moves in whole milliseconds up to then."""
        if dt_us < 0:
            raise ValueError(f"dt_us is {dt_us}; time moves by 0 or more. Give a step that is not negative.")
        self.now_us += dt_us
        if self.now_us >= self._due_us:
            self._catch_up()

    def _catch_up(self) -> None:
        """Move to now, looking at everything that was due on the way."""
        until_ms = self.now_us // 1000
        while self._ms < until_ms:
            self._move_to(min(until_ms, self._due_us // 1000))
            if self._ms * 1000 >= self._due_us:
                self._is_looking = True
                try:
                    self._look()
                finally:
                    self._is_looking = False

    def _move_to(self, until_ms: int) -> None:
        walker, foot = self._walker, self._foot
        while self._ms < until_ms:
            end_ms = walker.start_ms + walker.stretch.n
            if self._ms + 1 == end_ms:  # the next millisecond is the first of a new stretch
                self._enter_next()
                continue
            self._ms = min(until_ms, end_ms - 1)
            walker.i = self._ms - walker.start_ms
            foot.run_to(walker.i)

    def _enter_next(self) -> None:
        walker, foot = self._walker, self._foot
        self._ms += 1
        done = foot.now
        walker.enter_next()
        foot.enter(walker.stretch)
        if walker.follows_swing:
            now_us = self._ms * 1000
            pulses = [0, 0, 0]
            while self._pulses and self._pulses[0][0] < now_us:
                pulses[self._pulses.popleft()[1]] += 1
            self._strides.append(stride_record(done, self._stride_start_us, pulses))
            self._stride_start_us = now_us
        elif walker.walking:
            self._stride_start_us = self._ms * 1000

    def _look(self) -> None:
        for watcher in self._each_ms:
            watcher.look(self)
        now_us = self._ms * 1000
        for watcher in self._at_times:
            if watcher.next_us <= now_us:  # type: ignore[attr-defined]
                watcher.look(self)
        if self._ms >= self._next_trace_ms:
            self._next_trace_ms += TRACE_MS
            self._note()
        self._plan_looks()

    def _plan_looks(self) -> None:
        if self._each_ms:
            self._due_us = (self._ms + 1) * 1000
            return
        due_us = self._next_trace_ms * 1000
        for watcher in self._at_times:
            due_us = min(due_us, watcher.next_us)  # type: ignore[attr-defined]
        self._due_us = -(-due_us // 1000) * 1000

    def _note(self) -> None:
        walker, foot, now = self._walker, self._foot, self._foot.now
        i = foot.i
        pitch, _, roll, _ = now.state(i)
        toe_m, heel_m = now.heights(i)
        degrees, floor_rad = math.degrees, walker.stretch.floor_rad
        self._trace.append(
            TraceRow(
                self._ms * 1e-3,
                walker.phase,
                now.mode(i) == SWING,
                degrees(walker.thigh_rad + floor_rad),
                degrees(walker.shank_rad + floor_rad),
                degrees(pitch + floor_rad),
                degrees(roll),
                toe_m * 1e3,
                heel_m * 1e3,
                *foot.activations(),
            )
        )


def _muscles(name: str, gains: tuple[float, ...], fatigue: float) -> tuple[AnyMuscle, ...]:
    recruitments = (TIBIALIS_ANTERIOR, PERONEAL, PLANTARFLEXORS)
    if name not in MUSCLES:
        raise ValueError(f"muscle is '{name}'; known are {', '.join(MUSCLES)}. Name one of these.")
    gains = (*gains, 1.0, 1.0, 1.0)[:3]
    if name == "fast":
        return tuple(Muscle(r, gain) for r, gain in zip(recruitments, gains, strict=True))
    parameters = DING_2003 if name == "ding" else DING_2007
    return tuple(
        DingMuscle(r, gain, parameters, fatigue) for r, gain in zip(recruitments, gains, strict=True)
    )
