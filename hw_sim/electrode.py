"""Electrode and skin as a load: what current flows and what voltage the stimulator sees.

V(t) = I Rs + Vc and Cp dVc/dt = I - Vc/Rp, for one phase of constant current, so at its end
V = I (Rs + Rp (1 - exp(-t / (Rp Cp)))). The stimulator cannot push more than its compliance voltage.
Source: single-RC model after Lawler and Keller/Kuhn; values assumed, in the range of the literature.
Differs: Rp does not fall with current (Vargas Luna 2015, doi 10.1371/journal.pone.0125609).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

CHANNELS = 8  # of the largest stimulator
COMPLIANCE_V = 150.0  # P24: 150 V; others 120 to 130 V


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectrodeCase:
    """One state of a pad pair on the skin. rs_ohm in series, rp_ohm beside cp_f; is_open: no contact."""

    sentence: str
    rs_ohm: float
    rp_ohm: float
    cp_f: float
    is_open: bool = False

    def impedance_ohm(self, width_us: float) -> float:
        """Return end-of-phase voltage over current for a phase of `width_us`."""
        tau_s = self.rp_ohm * self.cp_f
        return self.rs_ohm + self.rp_ohm * (1.0 - math.exp(-width_us * 1e-6 / tau_s))


CASES = {
    "new": ElectrodeCase(sentence="Fresh gel on clean skin.", rs_ohm=250.0, rp_ohm=2_000.0, cp_f=1.0e-6),
    "nominal": ElectrodeCase(sentence="Pads in daily use.", rs_ohm=500.0, rp_ohm=5_000.0, cp_f=0.5e-6),
    "sweaty": ElectrodeCase(
        sentence="Wet skin: a fifth less resistance.", rs_ohm=400.0, rp_ohm=4_000.0, cp_f=0.625e-6
    ),
    "half lifted": ElectrodeCase(
        sentence="Half of a pad has come off.", rs_ohm=900.0, rp_ohm=10_000.0, cp_f=0.25e-6
    ),
    "dry": ElectrodeCase(sentence="The gel has dried.", rs_ohm=900.0, rp_ohm=15_000.0, cp_f=0.15e-6),
    "short": ElectrodeCase(sentence="The pads touch each other.", rs_ohm=20.0, rp_ohm=50.0, cp_f=1.0e-6),
    "open": ElectrodeCase(sentence="A lead is off.", rs_ohm=math.inf, rp_ohm=1.0, cp_f=1.0, is_open=True),
}

# Gel dries: 1 % more impedance a minute, from the third hour of wear on (assumed).
DRIES_AFTER_S, DRIES_PER_S = 7200.0, 0.01 / 60.0


def dried(worn_s: float) -> float:
    """Return by how much the impedance has grown after `worn_s` of wear: 1 at first."""
    return 1.0 + DRIES_PER_S * max(0.0, worn_s - DRIES_AFTER_S)


@dataclass(frozen=True, slots=True)
class LoadReading:
    """What one phase did. reached_ma flowed; voltage_v stood at its end; is_open: no contact at all."""

    reached_ma: float
    voltage_v: float
    is_open: bool


class ElectrodeLoad:
    """The pads of all channels; a case can be changed at any time, as skin and leads do.

    cases    one name of CASES per channel; a single name stands for all eight channels
    worn_s   says how long the pads have been worn, s; None: they do not dry
    """

    def __init__(
        self,
        cases: str | tuple[str, ...] = "nominal",
        compliance_v: float = COMPLIANCE_V,
        *,
        worn_s: Callable[[], float] | None = None,
    ) -> None:
        self.compliance_v = compliance_v
        self.worn_s = worn_s
        names = (cases,) * CHANNELS if isinstance(cases, str) else cases
        self._cases = [_case_named(name) for name in names]

    def set_case(self, channel: int, name: str) -> None:
        """Let channel `channel` change to the state `name` of CASES."""
        self._cases[self._checked(channel)] = _case_named(name)

    def pulse(self, channel: int, current_ma: float, width_us: float) -> LoadReading:
        """Push one phase of `current_ma` (>= 0) and `width_us` through channel `channel`."""
        if not current_ma >= 0.0 or not width_us >= 0.0:
            raise ValueError(
                f"current_ma is {current_ma} and width_us is {width_us}; a phase has 0 or more of both. "
                "Give the amplitude of one phase, without a sign."
            )
        case = self._cases[self._checked(channel)]
        if current_ma == 0.0 or width_us == 0.0:
            return LoadReading(0.0, 0.0, case.is_open)
        if case.is_open:
            return LoadReading(0.0, self.compliance_v, True)
        impedance_ohm = case.impedance_ohm(width_us) * (dried(self.worn_s()) if self.worn_s else 1.0)
        wanted_v = current_ma * 1e-3 * impedance_ohm
        if wanted_v <= self.compliance_v:
            return LoadReading(current_ma, wanted_v, False)
        return LoadReading(self.compliance_v / impedance_ohm * 1e3, self.compliance_v, False)

    def _checked(self, channel: int) -> int:
        if not 0 <= channel < len(self._cases):
            raise ValueError(
                f"channel is {channel}; the load has 0 to {len(self._cases) - 1}. Name one of these."
            )
        return channel


def _case_named(name: str) -> ElectrodeCase:
    if name not in CASES:
        raise ValueError(f"electrode case is '{name}'; known are {', '.join(CASES)}. Name one of these.")
    return CASES[name]
