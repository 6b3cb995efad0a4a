"""The RehaStim2's channel list: prepared, then started, it repeats its pulses until it is told otherwise."""

from dataclasses import dataclass, field

from hw_sim.emulators.p24_output import OutputStage, Point

SLOT_US = 1_500  # each active channel has one, in ascending order
PERIOD_MIN_US = 8_000  # what is set shorter is quietly lengthened
GROUP_MAX = 2  # single, doublet, triplet
PHASE_GAP_US = 100  # pause between the two phases (assumed; the document says only "biphasic")
CURRENT_MAX_MA, CURRENT_STEP_MA = 126, 2  # what the data sheet promises, whatever the frame says

MODE_START, MODE_INITIALISED, MODE_STARTED = 0, 1, 2


def read_pulse(data: bytes) -> tuple[int, int] | None:
    """Return (width us, current mA) of three bytes; None if out of the protocol's range."""
    width_us, current_ma = int.from_bytes(data[:2], "big"), data[2]
    if not (width_us == 0 or 20 <= width_us <= 500) or current_ma > 130:
        return None
    return width_us, current_ma


def pulse_points(width_us: int, current_ma: int) -> list[Point]:
    """Return the phases that really leave the device: at most 126 mA, in steps of 2 mA, downward (assumed)."""
    reached_ma = float(min(CURRENT_MAX_MA, current_ma - current_ma % CURRENT_STEP_MA))
    return [(width_us, reached_ma), (PHASE_GAP_US, 0.0), (width_us, -reached_ma)]


@dataclass(slots=True)
class _Setting:
    channels: list[int] = field(default_factory=list)
    low: frozenset[int] = frozenset()
    low_factor: int = 0
    period_us: int = 0  # 0: once per start
    group_us: int = PERIOD_MIN_US


class ChannelList:
    """Mode, settings, and the pulses still to be given in the running period, on one output stage."""

    def __init__(self, stage: OutputStage) -> None:
        self._stage = stage
        self.reset()

    def reset(self) -> None:
        """Back to the start: nothing prepared, nothing running."""
        self.mode = MODE_START
        self._setting = _Setting()
        self._wanted: list[tuple[int, int, int]] = []  # of each active channel: group, width us, current mA
        self._n_periods = 0
        self._next_us: int | None = None  # when the next period begins
        self._due: list[tuple[int, int, int, int]] = []  # time, channel, width us, current mA

    def init(self, data: bytes) -> bool:
        """Prepare; return False (and change nothing) if the data are not valid."""
        if len(data) != 7 or data[0] > 7 or not data[1]:
            return False
        main_code = int.from_bytes(data[4:6], "big")
        if main_code > 2048:
            return False
        self.reset()
        self._setting = _Setting(
            channels=[i for i in range(8) if data[1] >> i & 1],
            low=frozenset(i for i in range(8) if data[2] >> i & 1),
            low_factor=data[0],
            period_us=max(PERIOD_MIN_US, 500 * main_code + 1_000) if main_code else 0,
            group_us=max(PERIOD_MIN_US, 500 * data[3] + 1_500),
        )
        self.mode = MODE_INITIALISED
        return True

    def start(self, now_us: int, data: bytes) -> bool:
        """Start, or update what is running; return False (and change nothing) if the data are not valid."""
        channels = self._setting.channels
        if len(data) != 4 * len(channels):
            return False
        wanted = []
        for i in range(len(channels)):
            pulse = read_pulse(data[4 * i + 1 : 4 * i + 4])
            if data[4 * i] > GROUP_MAX or pulse is None:
                return False
            wanted.append((data[4 * i], *pulse))
        self._wanted = wanted
        if self.mode != MODE_STARTED or not self._setting.period_us:
            self._next_us = now_us
        self.mode = MODE_STARTED
        return True

    def due_us(self) -> int | None:
        """Return when the list does something by itself, None if it does nothing."""
        if self._due:
            return max(self._due[0][0], self._stage.free_us)
        return self._next_us

    def run(self, now_us: int) -> bool:
        """Do what is due; return False on an electrode error."""
        if not self._due:
            self._begin_period(now_us)
            return True
        _, channel, width_us, current_ma = self._due.pop(0)
        return self._stage.fire(now_us, channel, pulse_points(width_us, current_ma))

    def _begin_period(self, now_us: int) -> None:
        setting = self._setting
        for slot, (channel, (group, width_us, current_ma)) in enumerate(
            zip(setting.channels, self._wanted, strict=True)
        ):
            if channel in setting.low and self._n_periods % (setting.low_factor + 1):
                continue
            for nth in range(group + 1):
                at_us = now_us + SLOT_US * slot + setting.group_us * nth
                if width_us and current_ma:
                    self._due.append((at_us, channel, width_us, current_ma))
        self._due.sort()
        self._n_periods += 1
        self._next_us = now_us + setting.period_us if setting.period_us else None
