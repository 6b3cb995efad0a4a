"""The P24's output stage: one pulse at a time onto one of eight channels, and what the load says to it."""

from collections.abc import Callable, Sequence

from hw_sim.emulators.load import DeliveredPulse, Load, LoadAnswer, PlainAnswer

ELECTRODE_CHECK_MIN_MA = (
    15.0  # below this the device does not judge the electrode (comment in the maker's C library)
)
REACHED_MIN_SHARE = 0.8  # less of the commanded current counts as an electrode error (assumed)
COMPLIANCE_V = 150.0

Point = tuple[int, float]  # duration in us, current in mA


class OutputStage:
    """Delivers pulses, logs them in `pulses` and tells `on_pulse`."""

    def __init__(
        self,
        load: Load,
        on_pulse: Callable[[DeliveredPulse], None] | None,
        check_from_ma: float = ELECTRODE_CHECK_MIN_MA,
    ) -> None:
        self.load = load
        self._check_from_ma = check_from_ma
        self.on_pulse = on_pulse
        self.pulses: list[DeliveredPulse] = []
        self.open_channels: frozenset[int] = frozenset()  # leads that are off, whatever the load says
        self.free_us = 0  # when the pulse under way ends
        self.high_voltage_v = COMPLIANCE_V  # what the stage has to push with

    def fire(self, start_us: int, channel: int, points: Sequence[Point]) -> bool:
        """Give one list of points at `start_us` (not before `free_us`); return False on an electrode error."""
        first = next((i for i, (_, current_ma) in enumerate(points) if current_ma), 0)
        width_us, current_ma = points[first]
        gap_us = 0
        for duration_us, later_ma in points[first + 1 :]:
            if later_ma:
                break
            gap_us += duration_us
        answer = self._ask_load(channel, abs(current_ma), width_us)
        duration_us = sum(d for d, _ in points)
        self.free_us = start_us + duration_us
        pulse = DeliveredPulse(
            start_us=start_us,
            channel=channel,
            current_ma=current_ma,
            width_us=width_us,
            gap_us=gap_us,
            net_charge_nc=sum(d * ma for d, ma in points),
            reached_ma=answer.reached_ma if current_ma >= 0 else -answer.reached_ma,
            duration_us=duration_us,
        )
        self.pulses.append(pulse)
        if self.on_pulse:
            self.on_pulse(pulse)
        is_poor = answer.is_open or answer.reached_ma < REACHED_MIN_SHARE * abs(current_ma)
        return not (is_poor and abs(current_ma) >= self._check_from_ma)

    def _ask_load(self, channel: int, current_ma: float, width_us: int) -> LoadAnswer:
        if not current_ma:
            return PlainAnswer(0.0, 0.0, is_open=False)
        if channel in self.open_channels:
            return PlainAnswer(COMPLIANCE_V, 0.0, is_open=True)
        answer = self.load.pulse(channel, current_ma, width_us)
        if answer.voltage_v <= self.high_voltage_v:
            return answer
        reached_ma = answer.reached_ma * self.high_voltage_v / answer.voltage_v
        return PlainAnswer(self.high_voltage_v, reached_ma, answer.is_open)


def read_points(data: bytes) -> list[Point] | None:
    """Take apart 4-byte points; None if one is no multiple of 4 bytes, above 150 mA or asks for a slope.

    Points shorter than 10 us become 10 us long, as on the device. Slopes exist there; here they are refused
    (assumed), because nothing of ours may use them.
    """
    points: list[Point] = []
    if len(data) % 4:
        return None
    for i in range(0, len(data), 4):
        word = int.from_bytes(data[i : i + 4], "big")
        code = word >> 10 & 0x3FF
        if code > 600 or word & 0x3FF:
            return None
        points.append((max(10, word >> 20), (code - 300) / 2))
    return points
