"""What hangs on a stimulator's output: the question a pulse asks of it, and a plain resistor as answer."""

from dataclasses import dataclass
from typing import Protocol


class LoadAnswer(Protocol):
    """What one phase of a pulse did."""

    @property
    def voltage_v(self) -> float:
        """Voltage across the output at the end of the phase."""
        ...

    @property
    def reached_ma(self) -> float:
        """Current that really flowed; less than asked if the voltage did not suffice."""
        ...

    @property
    def is_open(self) -> bool:
        """True if next to no current could flow: lead off, dry electrode."""
        ...


@dataclass(frozen=True, slots=True)
class PlainAnswer:
    """A `LoadAnswer` as a record."""

    voltage_v: float
    reached_ma: float
    is_open: bool


class Load(Protocol):
    """A resistor, or a leg."""

    def pulse(self, channel: int, current_ma: float, width_us: int) -> LoadAnswer:
        """Return what a phase of `current_ma` and `width_us` does on `channel` (0 to 7)."""
        ...


class ResistorLoad:
    """The same resistor on every channel, as on a bench. Stands in where no leg is simulated."""

    def __init__(self, resistance_ohm: float = 1000.0, compliance_v: float = 150.0) -> None:
        if not resistance_ohm > 0 or not compliance_v > 0:
            raise ValueError(
                f"resistance_ohm is {resistance_ohm}, compliance_v is {compliance_v}; both must be above 0."
            )
        self.resistance_ohm = resistance_ohm
        self.compliance_v = compliance_v  # the P24's standard high voltage is 150 V

    def pulse(self, channel: int, current_ma: float, width_us: int) -> LoadAnswer:
        """Ohm's law, limited by the compliance voltage."""
        reached_ma = min(current_ma, self.compliance_v / self.resistance_ohm * 1000.0)
        return PlainAnswer(reached_ma * self.resistance_ohm / 1000.0, reached_ma, is_open=False)


@dataclass(frozen=True, slots=True)
class DeliveredPulse:
    """One pulse that left the emulated stimulator: what tests and the simulated leg look at.

    start_us        virtual time of its first edge
    channel         0 to 7
    current_ma      commanded current of the first phase, signed
    width_us        its length
    gap_us          pause until the next phase
    net_charge_nc   sum of current x time over all points as commanded; 0 for a balanced pulse
    reached_ma      the current that the load let flow, signed like current_ma
    duration_us     first edge to last edge
    """

    start_us: int
    channel: int
    current_ma: float
    width_us: int
    gap_us: int
    net_charge_nc: float
    reached_ma: float
    duration_us: int
