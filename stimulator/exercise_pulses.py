"""The pulse trains of an exercise: when each channel's next pulse is due, and how strong it is."""

from safety.clock import after_us, elapsed_us
from safety.limits import FIRST_MAX_NC, FIRST_MAX_UA
from safety.pulse import PulseRequest
from stimulator.envelope import LEVEL_FULL
from stimulator.exercise_plan import current_ua
from stimulator.waveform import recharge_of, shape_of

ALL = -1  # instead of one entry of the plan


class _Train:
    """The pulse train of one entry of the plan."""

    # fmt: off
    __slots__ = (
        "channel", "due_us", "first_us", "full_ua", "has_asked", "is_odd", "is_on", "least_ua", "period_us", "setting",
    )
    # fmt: on

    def __init__(self, one, setting, index: int, count: int, step_ua: int) -> None:
        self.channel: int = one.channel
        self.setting = setting  # ChannelSetting
        self.full_ua: int = current_ua(one, setting)
        self.period_us: int = 1_000_000 // setting.rate_hz
        self.first_us: int = self.period_us * index // count  # so that the channels' pulses interleave
        self.least_ua: int = step_ua * recharge_of(setting.waveform)  # less is no pulse on this device
        self.is_odd: bool = False
        self.is_on: bool = False  # in this burst
        self.has_asked: bool = False
        self.due_us: int = 0


class ExercisePulses:
    """Fill `requests` for a level, one pulse at most per channel.

    restart()                            a new burst begins with the next step
    step(t_us, level, only) -> int       how many; only: index of the one entry of the plan that is on, or ALL
    """

    def __init__(self, plan, prescription, cycle_us: int, current_step_ua: int) -> None:
        chosen = plan.channels
        n = len(chosen)
        self.requests = tuple([PulseRequest() for _ in range(n)])
        self._cycle_us: int = cycle_us
        self._count: int = 0
        self._trains = tuple(
            [
                _Train(chosen[i], prescription.channels[chosen[i].channel], i, n, current_step_ua)
                for i in range(n)
            ]
        )

    def restart(self) -> None:
        """What was on is over."""
        for train in self._trains:
            train.is_on = False
            train.has_asked = False

    def step(self, t_us: int, level: int, only: int) -> int:
        """Ask for what is due from `t_us` until the next cycle."""
        self._count = 0
        for index in range(len(self._trains)):
            if only == ALL or only == index:
                self._ask(self._trains[index], t_us, level)
        return self._count

    def _ask(self, train, t_us: int, level: int) -> None:
        if not train.is_on:
            train.is_on = True
            train.due_us = after_us(t_us, train.first_us)
        wait_us = elapsed_us(train.due_us, t_us)
        if wait_us < 0:  # a cycle came late: never catch up with a bunch of pulses
            train.due_us = t_us
            wait_us = 0
        if wait_us >= self._cycle_us:
            return
        due_us = train.due_us
        train.due_us = after_us(due_us, train.period_us)
        setting = train.setting
        current_ua = train.full_ua * level // LEVEL_FULL
        if current_ua < train.least_ua:
            return
        if not train.has_asked:
            train.has_asked = True
            current_ua = min(current_ua, FIRST_MAX_UA, FIRST_MAX_NC * 1000 // setting.width_us)
        request = self.requests[self._count]
        self._count += 1
        request.channel = train.channel
        request.fire_at_us = due_us
        request.current_ua = current_ua
        request.width_us = setting.width_us
        request.gap_us = setting.gap_us
        request.shape = shape_of(setting.waveform, train.is_odd)
        train.is_odd = not train.is_odd
