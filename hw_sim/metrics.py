"""What came of a walk, in figures: clearance and drag, the foot at contact, help missed and false, charge, fatigue.

One module for demo, scenarios and campaigns. Everything is measured at the true foot and at the stimulator's
output; the detector is not asked. Memory does not grow with the walk unless the steps are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hw_sim.emulators.load import DeliveredPulse
from hw_sim.leg import Leg
from hw_sim.observer import PULSE_MS, Observer
from hw_sim.strides import StrideRecord
from stimulator.prescription import Prescription

CHANNELS = 2
EARLY_US = 300_000  # pulses so long before toe-off belong to the swing: help begins with heel-off
HELPED_MIN = 3  # pulses per prescribed channel; fewer move no foot
FATIGUE_STEPS = 10  # helped steps at the beginning and at the end that are compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One swing of the true foot and the help it got.

    stride      what the foot did
    pulses      per channel, from EARLY_US before toe-off to contact
    charge_nc   per channel, one phase, all pulses since the contact before
    is_helped   every prescribed channel gave HELPED_MIN pulses
    """

    stride: StrideRecord
    pulses: tuple[int, ...]
    charge_nc: tuple[float, ...]
    is_helped: bool

    @property
    def at_us(self) -> int:
        """When the swing began."""
        return self.stride.swing_start_us


@dataclass(slots=True)
class Spread:
    """Mean, least and most of what was added."""

    n: int = 0
    total: float = 0.0
    least: float = float("inf")
    most: float = float("-inf")

    def add(self, value: float) -> None:
        """Take one value."""
        self.n += 1
        self.total += value
        self.least = min(self.least, value)
        self.most = max(self.most, value)

    @property
    def mean(self) -> float:
        """The mean, nan without values."""
        return self.total / self.n if self.n else float("nan")


@dataclass(slots=True, kw_only=True)
class Figures:
    """The sum of many steps. Lengths mm, angles deg (toe-up and inversion +), charge uC of one phase per step."""

    steps: int = 0
    dragged: int = 0
    missed: int = 0
    clearance_mm: Spread = field(default_factory=Spread)
    pitch_deg: Spread = field(default_factory=Spread)
    roll_deg: Spread = field(default_factory=Spread)
    ankle_deg: Spread = field(default_factory=Spread)  # dorsiflexion in mid-swing
    charge_uc: tuple[Spread, ...] = field(default_factory=lambda: tuple(Spread() for _ in range(CHANNELS)))

    def add(self, step: Step) -> None:
        """Take one step."""
        s = step.stride
        self.steps += 1
        self.dragged += s.dragged
        self.missed += not step.is_helped
        self.clearance_mm.add(s.min_clearance_mm)
        self.pitch_deg.add(s.pitch_at_contact_deg)
        self.roll_deg.add(s.roll_at_contact_deg)
        self.ankle_deg.add(s.mid_swing_ankle_deg)
        for spread, charge_nc in zip(self.charge_uc, step.charge_nc, strict=True):
            spread.add(charge_nc / 1000)

    @property
    def drag_share(self) -> float:
        """Share of steps whose toe touched the ground in mid-swing, 0 to 1; 0 without steps."""
        return self.dragged / max(1, self.steps)


def figures_of(steps: Sequence[Step]) -> Figures:
    """Return the sum of `steps`."""
    figures = Figures()
    for step in steps:
        figures.add(step)
    return figures


def drag_share(strides: Sequence[StrideRecord]) -> float:
    """Return the share of strides whose toe touched the ground in mid-swing, 0 to 1; 0 without strides."""
    return sum(s.dragged for s in strides) / max(1, len(strides))


class Fatigue:
    """How much lift was lost: dorsiflexion in mid-swing of the first and of the last FATIGUE_STEPS helped steps."""

    def __init__(self) -> None:
        self._first: list[float] = []
        self._last: list[float] = []

    def add(self, step: Step) -> None:
        """Take one step."""
        if not step.is_helped:
            return
        ankle_deg = step.stride.mid_swing_ankle_deg
        if len(self._first) < FATIGUE_STEPS:
            self._first.append(ankle_deg)
        self._last = [*self._last[-FATIGUE_STEPS + 1 :], ankle_deg]

    @property
    def lost_deg(self) -> float:
        """Degrees lost, 0 before there are twice FATIGUE_STEPS helped steps to tell from."""
        if len(self._last) < FATIGUE_STEPS or self._first == self._last:
            return 0.0
        return (sum(self._first) - sum(self._last)) / FATIGUE_STEPS


@dataclass(slots=True, kw_only=True)
class QuietTime:
    """A stretch in which no pulse may start. first_us: the first that did, -1 none."""

    from_us: int
    until_us: int
    first_us: int = -1


class WalkMeter:
    """Watch one leg and the pulses that reach it. `pulse` for each, `look` now and then.

    steps       every Step, if keeps_steps
    figures     the sum of all steps
    observer    hw_sim.observer.Observer: promises about single pulses, pulses in true flat stance
    quiet       QuietTimes to watch; put in before
    strongest   (mA, world us) of the strongest pulse
    """

    def __init__(self, leg: Leg, prescription: Prescription, *, keeps_steps: bool = True) -> None:
        self.leg = leg
        self.steps: list[Step] = []
        self.figures = Figures()
        self.fatigue = Fatigue()
        help_ms = prescription.extension_ms + prescription.fall_ms + 4 * PULSE_MS
        self.observer = Observer(leg, help_ms)
        self.quiet: list[QuietTime] = []
        self.strongest = (0.0, 0)
        self.pulses = [0] * CHANNELS
        self._used = tuple(i for i, c in enumerate(prescription.channels) if c.current_ua > 0)
        self._keeps_steps = keeps_steps
        self._seen_us = -1
        self._recent: list[
            tuple[int, int, float]
        ] = []  # (start us, channel, charge nC) since the last contact

    def pulse(self, p: DeliveredPulse) -> None:
        """A pulse has left the stimulator."""
        self.observer.pulse(p)
        reached_ma = abs(p.reached_ma)
        self._recent.append((p.start_us, p.channel, reached_ma * p.width_us))
        self.pulses[p.channel] += 1
        if p.current_ma > self.strongest[0]:
            self.strongest = (p.current_ma, p.start_us)
        for quiet in self.quiet:
            if quiet.first_us < 0 and quiet.from_us < p.start_us < quiet.until_us:
                quiet.first_us = p.start_us

    def look(self) -> list[Step]:
        """Take the strides that have ended since the last look; return them as steps."""
        strides = self.leg.strides
        new = [self._step_of(stride) for stride in strides if stride.swing_end_us > self._seen_us]
        if new:
            self._seen_us = new[-1].stride.swing_end_us
            if not self._keeps_steps:
                del strides[:-1]  # the observer looks at the last one
        return new

    def _step_of(self, stride: StrideRecord) -> Step:
        mine = [r for r in self._recent if r[0] < stride.swing_end_us]
        self._recent = self._recent[len(mine) :]
        from_us = stride.swing_start_us - EARLY_US
        pulses = tuple(sum(at_us >= from_us and c == i for at_us, c, _ in mine) for i in range(CHANNELS))
        charge = tuple(sum(q for _, c, q in mine if c == i) for i in range(CHANNELS))
        step = Step(
            stride=stride,
            pulses=pulses,
            charge_nc=charge,
            is_helped=all(pulses[i] >= HELPED_MIN for i in self._used),
        )
        self.figures.add(step)
        self.fatigue.add(step)
        if self._keeps_steps:
            self.steps.append(step)
        return step
