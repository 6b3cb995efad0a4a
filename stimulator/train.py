"""The pulse train of one channel in walking: when the next pulse is due, and what it is like."""

from safety.clock import after_us, elapsed_us
from safety.limits import (
    FIRST_MAX_NC,
    FIRST_MAX_UA,
    LATE_MAX_US,
    PAUSE_US,
    RISE_MAX_NC,
    RISE_MAX_UA,
    RISE_NC_PER_MS,
    RISE_UA_PER_MS,
    WIDTH_MIN_US,
)
from stimulator.envelope import LEVEL_FULL
from stimulator.parameters import WIDTH
from stimulator.waveform import recharge_of, shape_of

REST_MAX_US = 1_000_000
NEW_BURST_US = PAUSE_US + LATE_MAX_US  # for the gate, too, even if it granted the last pulse late


class Train:
    """Ask for the pulses of one channel.

    set(setting, index, count, step_ua, turn, turns)   take a ChannelSetting over: channel `index` of `count`, device
                                          step; whose turn it is if `turns` legs share the device
    advance(dt_us)                        time passes
    ask(t_us, cycle_us, level, request) -> bool   fill `request` if a pulse is due before the next cycle
    stop()                                the level is 0
    is_at_work                            it has asked since the level was 0
    """

    __slots__ = (
        "_due_us",
        "_first_us",
        "_is_odd",
        "_is_running",
        "_last_nc",
        "_last_ua",
        "_least_ua",
        "_period_us",
        "_rest_us",
        "_turns",
        "index",
        "is_at_work",
        "setting",
    )

    def __init__(self, setting, index: int, count: int, step_ua: int) -> None:
        self.is_at_work: bool = False
        self._is_running: bool = False
        self._is_odd: bool = False  # the other phase leads, if they take turns
        self._due_us: int = 0  # clock reading of the next pulse
        self._rest_us: int = REST_MAX_US  # since the last pulse that was asked for was due
        self._last_ua: int = 0
        self._last_nc: int = 0
        self.set(setting, index, count, step_ua)

    def set(self, setting, index: int, count: int, step_ua: int, turn: int = 0, turns: int = 1) -> None:
        """Take `setting` over."""
        self.setting = setting
        self.index: int = index
        self._turns: int = turns
        self._period_us: int = 1_000_000 // setting.rate_hz
        # So that the pulses of all channels interleave.
        self._first_us: int = self._period_us * (index * turns + turn) // (count * turns)
        self._least_ua: int = step_ua * recharge_of(setting.waveform)  # less is no pulse on this device
        self.stop()

    def stop(self) -> None:
        """Nothing more until the level rises again."""
        self._is_running = False
        self.is_at_work = False

    def advance(self, dt_us: int) -> None:
        """Let `dt_us` pass."""
        if dt_us > 0 and self._rest_us < REST_MAX_US:
            self._rest_us += dt_us

    def ask(self, t_us: int, cycle_us: int, level: int, request) -> bool:
        """Fill `request` for this cycle; False if no pulse is due."""
        if not self._is_running:
            self._is_running = True
            kept_us = elapsed_us(self._due_us, t_us)  # a train that just stopped keeps its distance
            # The clock wraps: after a longer rest the old due time may lie just ahead by chance.
            if self._rest_us >= REST_MAX_US or not 0 <= kept_us <= self._period_us:
                self._due_us = after_us(t_us, self._first_wait_us(t_us))
        wait_us = elapsed_us(self._due_us, t_us)
        if wait_us < 0:  # a cycle came late: never catch up with a bunch of pulses
            self._due_us = t_us
            wait_us = 0
        if wait_us >= cycle_us:
            return False
        request.fire_at_us = self._due_us
        self._due_us = after_us(self._due_us, self._period_us)
        setting = self.setting
        since_us = self._rest_us + wait_us
        if setting.controls == WIDTH:
            self._fill_by_width(request, level, since_us)
        else:
            request.width_us = setting.width_us
            request.current_ua = setting.current_ua * level // LEVEL_FULL
        if request.current_ua < self._least_ua:
            return False
        if setting.doublet_ms > 0 and since_us >= NEW_BURST_US:
            self._due_us = after_us(request.fire_at_us, setting.doublet_ms * 1000)
        request.channel = self.index
        request.gap_us = setting.gap_us
        request.shape = shape_of(setting.waveform, self._is_odd)
        self._is_odd = not self._is_odd
        self._rest_us = -wait_us
        self._last_ua = request.current_ua
        self._last_nc = request.current_ua * request.width_us // 1000
        self.is_at_work = True
        return True

    def _first_wait_us(self, t_us: int) -> int:
        """Return how long the first pulse of a train waits for its place among the other channels."""
        if self._turns == 1:
            return self._first_us
        # The other leg begins when it likes: the places are those of the clock, not of this leg's step.
        return (self._first_us - t_us) % self._period_us

    def _fill_by_width(self, request, level: int, since_us: int) -> None:
        """The width follows the level; the current is as high as the gate lets it be by now (R09)."""
        setting = self.setting
        if since_us >= PAUSE_US:
            top_ua = FIRST_MAX_UA
            top_nc = FIRST_MAX_NC
        else:
            top_ua = self._last_ua + min(RISE_MAX_UA, since_us * RISE_UA_PER_MS // 1000)
            top_nc = self._last_nc + min(RISE_MAX_NC, since_us * RISE_NC_PER_MS // 1000)
        width_us = WIDTH_MIN_US + (setting.width_us - WIDTH_MIN_US) * level // LEVEL_FULL
        current_ua = min(setting.current_ua, top_ua, top_nc * 1000 // width_us)
        request.width_us = width_us
        request.current_ua = current_ua - current_ua % self._least_ua
