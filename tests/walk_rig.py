"""A walker made of numbers: strides of given lengths through the walk scheduler, every request written down."""

from dataclasses import dataclass, field

from gait_detect.durations import LONG_US
from gait_detect.state import PHASE_STANCE, PHASE_SWING, GaitState
from safety.clock import elapsed_us
from stimulator.prescription import Prescription, default_channel, default_prescription
from stimulator.walk import WalkScheduler

CYCLE_US = 5_000
MASK = 2**30 - 1
T0_US = 2**30 - 300_000  # the clock wraps during each walk


def prescribed(*channels: dict, **walk) -> Prescription:
    """The default with these changes, one dict per channel, times of the walk by name."""
    made = tuple(default_channel(i)._replace(**changes) for i, changes in enumerate(channels))
    default = default_prescription()
    return default._replace(channels=made or default.channels, **walk)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: ms since heel-off of its step, and what was asked for."""

    ms: float
    channel: int
    current_ua: int
    width_us: int
    shape: int


@dataclass
class Strider:
    """Walk through `scheduler` (a WalkScheduler of `prescription`, or what stands before it).

    steps   list of lists of Asked, one per heel-off, up to the next one
    """

    prescription: Prescription
    step_ua: int = 500
    scheduler: WalkScheduler | None = None
    steps: list[list[Asked]] = field(default_factory=list)
    now_us: int = 0
    state: GaitState = field(default_factory=GaitState)
    is_sure: bool = True

    def __post_init__(self) -> None:
        if self.scheduler is None:
            self.scheduler = WalkScheduler(self.prescription, CYCLE_US, self.step_ua)
        self.state.confidence = 100
        self._since_us = 0  # heel-off

    def cycles(self, ms: int) -> "Strider":
        """Let time pass with the foot as it is."""
        assert self.scheduler is not None
        for _ in range(ms * 1000 // CYCLE_US):
            self.now_us += CYCLE_US
            self._since_us += CYCLE_US
            t_us = (T0_US + self.now_us) & MASK
            if self.state.other_us < LONG_US:
                self.state.other_us += CYCLE_US
            n = self.scheduler.step(t_us, CYCLE_US, self.state, self.is_sure)
            for r in self.scheduler.requests[:n]:
                ms_ = (self._since_us + elapsed_us(r.fire_at_us, t_us)) / 1000
                if not self.steps:
                    self.steps.append([])
                self.steps[-1].append(Asked(ms_, r.channel, r.current_ua, r.width_us, r.shape))
        return self

    def heel_off(self, stride_ms: int) -> "Strider":
        """The heel leaves the ground, `stride_ms` after the last time (0: it is not known)."""
        self.state.swing, self.state.phase = 1, PHASE_SWING
        self.state.stride_us = stride_ms * 1000
        self.steps.append([])
        self._since_us = -CYCLE_US
        return self

    def contact(self) -> "Strider":
        """The heel is down."""
        self.state.swing, self.state.phase = 0, PHASE_STANCE
        return self

    def stride(self, swing_ms: int = 600, ground_ms: int = 600, *, is_first: bool = False) -> list[Asked]:
        """Make one whole stride; return what was asked for in it."""
        self.heel_off(0 if is_first else swing_ms + ground_ms).cycles(swing_ms)
        self.contact().cycles(ground_ms)
        return self.steps[-1]

    def walk(self, n: int, **lengths) -> list[Asked]:
        """Make `n` strides, the first of them after standing; return what was asked for in the last one."""
        for i in range(n):
            self.stride(**lengths, is_first=i == 0)
        return self.steps[-1]


def span(asked: list[Asked], channel: int) -> tuple[float, float]:
    """First and last pulse of a channel, ms since heel-off; (-1, -1) without any."""
    ms = [a.ms for a in asked if a.channel == channel]
    return (ms[0], ms[-1]) if ms else (-1.0, -1.0)


def of(asked: list[Asked], channel: int) -> list[Asked]:
    return [a for a in asked if a.channel == channel]
