"""An observer at the stimulator and at the true foot: it knows nothing of guard, gate or detector.

It restates the promises as numbers, in floats, and shares no code with `safety`.
"""

from dataclasses import dataclass

from hw_sim.emulators.load import DeliveredPulse
from hw_sim.foot import GROUND
from hw_sim.leg import Leg

CURRENT_MAX_MA, CHARGE_MAX_UC, WIDTH_US = 60.0, 20.0, (50, 450)
INTERVAL_MIN_MS = 16.6
BURST_MAX_S = 5.1
PAUSE_MS = 80.0  # after so long without a pulse a new burst begins
JITTER_MS = 1.0  # from the command to its pulse
HEEL_DOWN_BELOW_M = 0.008
HELP_AFTER_CONTACT_MS = 350.0  # extension and fall of the demo's prescription, and a pulse's period
BROKEN_MAX = 20  # sentences kept, and times
PULSE_MS = 25.0  # 40 Hz


@dataclass(slots=True)
class Burst:
    """Pulses on any channel without a pause between them."""

    start_us: int
    end_us: int


class Observer:
    """Take every delivered pulse with `pulse`, every moment with `look`; read what was wrong.

    broken         promises about pulses that did not hold, (world us, sentence); the first BROKEN_MAX
    bursts         the last two, in order
    wrong_pulses   of channel 0, delivered while the true foot stood flat, since `mark`
    wrong_bursts   when the first pulse of each such train began, us; the first BROKEN_MAX
    stance_us      how long the foot stood flat since `mark`, us
    """

    def __init__(self, leg: Leg, help_after_contact_ms: float = HELP_AFTER_CONTACT_MS) -> None:
        self.leg = leg
        self._help_us = help_after_contact_ms * 1000
        self.broken: list[tuple[int, str]] = []
        self.bursts: list[Burst] = []
        self.wrong_pulses = 0
        self.wrong_bursts: list[int] = []
        self.right_pulses = 0
        self.stance_us = 0
        self._longest_us = 0
        self._last_wrong_us = -1_000_000
        self._last: dict[int, DeliveredPulse] = {}
        self._now_us = 0

    def mark(self) -> None:
        """Count from here on."""
        self.wrong_pulses = self.right_pulses = self.stance_us = 0
        self.bursts = self.bursts[-1:]
        self._longest_us = self.bursts[0].end_us - self.bursts[0].start_us if self.bursts else 0

    @property
    def stance_share(self) -> float:
        """Share of true flat stance with stimulation of channel 0, 0 to 1."""
        return self.wrong_pulses * PULSE_MS * 1000 / self.stance_us if self.stance_us else 0.0

    @property
    def longest_burst_s(self) -> float:
        """The longest burst since `mark`, s."""
        return self._longest_us / 1e6

    def is_flat(self) -> bool:
        """Say whether the true foot stands flat, longer after contact than any help lasts."""
        leg = self.leg
        if leg.foot.mode != GROUND or leg.foot.heel_m >= HEEL_DOWN_BELOW_M:
            return False
        return not leg.strides or leg.now_us - leg.strides[-1].swing_end_us > self._help_us

    def look(self, now_us: int) -> None:
        """Time has moved to `now_us`."""
        if self.is_flat():
            self.stance_us += now_us - self._now_us
        self._now_us = now_us

    def pulse(self, p: DeliveredPulse) -> None:
        """A pulse has left the stimulator."""
        charge_uc = p.current_ma * p.width_us / 1000
        if not 0 < p.current_ma <= CURRENT_MAX_MA:
            self._complain(f"{p.current_ma} mA", p)
        if not WIDTH_US[0] <= p.width_us <= WIDTH_US[1]:
            self._complain(f"{p.width_us} us", p)
        if not charge_uc <= CHARGE_MAX_UC:
            self._complain(f"{charge_uc} uC", p)
        if p.net_charge_nc != 0:
            self._complain(f"net charge {p.net_charge_nc} nC", p)
        before = self._last.get(p.channel)
        if before is not None and p.start_us - before.start_us < round((INTERVAL_MIN_MS - JITTER_MS) * 1000):
            self._complain(f"{(p.start_us - before.start_us) / 1000} ms after the last one", p)
        self._last[p.channel] = p
        if not self.bursts or p.start_us - self.bursts[-1].end_us >= PAUSE_MS * 1000:
            self.bursts = [*self.bursts[-1:], Burst(p.start_us, p.start_us)]
        burst = self.bursts[-1]
        burst.end_us = p.start_us
        self._longest_us = max(self._longest_us, burst.end_us - burst.start_us)
        length_s = (burst.end_us - burst.start_us) / 1e6
        if length_s > BURST_MAX_S + PAUSE_MS / 1000:
            self._complain(f"a burst of {length_s} s", p)
        if p.channel == 0:
            if self.is_flat():
                self.wrong_pulses += 1
                is_new = p.start_us - self._last_wrong_us >= PAUSE_MS * 1000
                if is_new and len(self.wrong_bursts) < BROKEN_MAX:
                    self.wrong_bursts.append(p.start_us)
                self._last_wrong_us = p.start_us
            else:
                self.right_pulses += 1

    def _complain(self, what: str, p: DeliveredPulse) -> None:
        if len(self.broken) < BROKEN_MAX:
            self.broken.append((p.start_us, f"{what} on channel {p.channel}"))
