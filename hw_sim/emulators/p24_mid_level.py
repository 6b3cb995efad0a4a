"""The P24's mid level: the device repeats pulses by itself, and stops 2 s after the host fell silent."""

from dataclasses import dataclass

from hw_sim.emulators.p24_output import OutputStage, Point, read_points

TIMEOUT_US = 2_000_000
SOFT_START_US = 20_000_000
DEMUX_US = 60  # per pulse, to switch the channel (the maker's validity rule)
STATE_OK, STATE_ELECTRODE, STATE_PULSE_TIMEOUT = 0, 1, 2


@dataclass(slots=True)
class _Channel:
    points: list[Point]
    period_us: int
    ramp_pulses: int  # growing pulses at the beginning
    due_us: int
    n_given: int = 0


class MidLevel:
    """Channels with a period each, on one output stage."""

    def __init__(self, stage: OutputStage, channels: int = 8) -> None:
        self._stage = stage
        self._n_channels = channels
        self.is_on = False
        self._stop_all_on_error = False
        self._channels: dict[int, _Channel] = {}
        self._states = [STATE_OK] * 8
        self._heard_us = 0

    @property
    def is_running(self) -> bool:
        """True while at least one channel repeats its pulse."""
        return bool(self._channels)

    def init(self, *, stop_all_on_error: bool) -> None:
        """Switch the level on, with every channel off."""
        self.is_on = True
        self._stop_all_on_error = stop_all_on_error
        self._channels = {}
        self._states = [STATE_OK] * 8

    def stop(self) -> None:
        """Switch the level off."""
        self.is_on = False
        self._channels = {}

    def heard(self, now_us: int) -> None:
        """The host gave a sign of life."""
        self._heard_us = now_us

    def update(self, now_us: int, data: bytes) -> bool:
        """Take over an ml_update; return False (and change nothing) if it is not valid."""
        asked = _read_update(data, self._n_channels)
        if asked is None:
            return False
        channels = {}
        for number, (ramp_pulses, period_us, points) in asked.items():
            old = self._channels.get(number)
            if old is None:  # newly enabled: from now on, with its ramp
                channels[number] = _Channel(points, period_us, ramp_pulses, now_us)
            else:
                due_us = max(now_us, old.due_us - old.period_us + period_us)
                channels[number] = _Channel(points, period_us, old.ramp_pulses, due_us, old.n_given)
            self._states[number] = STATE_OK
        self._channels = channels
        self.heard(now_us)
        return True

    def current_data(self, selection: int) -> bytes | None:
        """Return what ml_get_current_data answers after its result, or None for an unknown selection."""
        mask = sum(1 << number for number in self._channels)
        errors = sum(1 << i for i, state in enumerate(self._states) if state == STATE_ELECTRODE)
        low = (mask & 15) << 4 | (errors & 15)
        if selection == 2:
            return bytes((2, low))
        if selection == 3:
            return bytes((3, low, mask >> 4 << 4 | errors >> 4))
        if selection == 4:
            s = self._states
            return bytes((4, mask, *(s[i] | s[i + 1] << 4 for i in range(0, 8, 2))))
        return None

    def due_us(self) -> int | None:
        """Return when the level does something by itself, None if it does nothing."""
        if not self._channels:
            return None
        first = min(channel.due_us for channel in self._channels.values())
        return min(self._heard_us + TIMEOUT_US, max(first, self._stage.free_us))

    def run(self, now_us: int) -> None:
        """Do what is due: stop after 2 s of silence, else give the pulse that has waited longest."""
        if now_us >= self._heard_us + TIMEOUT_US:
            self._channels = {}
            return
        number, channel = min(self._channels.items(), key=lambda item: (item[1].due_us, item[0]))
        if now_us >= channel.due_us + channel.period_us:
            self._states[number] = STATE_PULSE_TIMEOUT  # its period cannot be kept
        if self._stage.fire(now_us, number, _scaled(channel)):
            channel.n_given += 1
            channel.due_us = max(channel.due_us + channel.period_us, self._stage.free_us)
        elif self._stop_all_on_error:
            self._states[number] = STATE_ELECTRODE
            self._channels = {}
        else:
            self._states[number] = STATE_ELECTRODE
            del self._channels[number]


def _scaled(channel: _Channel) -> list[Point]:
    """The points of the next pulse; while the ramp lasts they grow in equal shares, in 0.5 mA (assumed)."""
    share = (channel.n_given + 1) / (channel.ramp_pulses + 1)
    if share >= 1:
        return channel.points
    return [(us, int(ma * 2 * share) / 2) for us, ma in channel.points]


def _read_update(data: bytes, n_channels: int) -> dict[int, tuple[int, int, list[Point]]] | None:
    """Return channel -> (ramp, period_us, points), None if the data are not valid.

    With four channels bit 4 of the mask is a soft start of some 20 s; the others must be 0.
    """
    channels = {}
    if not data or (n_channels == 4 and data[0] & 0xE0):
        return None
    is_soft = n_channels == 4 and bool(data[0] & 0x10)
    at = 1
    duty = 0.0
    for number in range(n_channels):
        if not data[0] >> number & 1:
            continue
        if len(data) < at + 3:
            return None
        n_points, ramp_pulses = (data[at] >> 4) + 1, data[at] & 15
        word = int.from_bytes(data[at + 1 : at + 3], "big")
        period_us = (word >> 1) * (250 if word & 1 else 500)
        raw = data[at + 3 : at + 3 + 4 * n_points]
        points = read_points(raw)
        if len(raw) != 4 * n_points or points is None or not period_us or (n_channels == 4 and word & 1):
            return None
        if is_soft:
            ramp_pulses = SOFT_START_US // period_us
        duty += (sum(us for us, _ in points) + DEMUX_US) / period_us
        channels[number] = (ramp_pulses, period_us, points)
        at += 3 + 4 * n_points
    return channels if at == len(data) and duty < 1 else None
