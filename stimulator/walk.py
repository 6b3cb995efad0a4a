"""Walking: turns the state of the foot and a prescription into pulse requests, channel by channel.

Each request carries the time at which its pulse should start. The control cycle only has to be
quick enough to ask in time; it does not have to be on the beat.
"""

from safety.clock import after_us, elapsed_us
from safety.pulse import PulseRequest
from stimulator.envelope import LEVEL_FULL, OFF, Envelope
from stimulator.prescription import PrescriptionError, steep_changes


class _Train:
    """The pulse train of one channel: when the next pulse is due."""

    __slots__ = ("due_us", "first_us", "period_us", "running", "setting")

    def __init__(self, setting) -> None:
        self.setting = setting  # ChannelSetting
        self.period_us: int = 0
        self.first_us: int = 0  # offset of the first pulse, so that two channels interleave
        self.running: bool = False
        self.due_us: int = 0  # clock reading of the next pulse


class WalkScheduler:
    """Ask for pulses while the foot swings and lands.

    step(t_us, dt_us, state) fills `requests[0:count]` (PulseRequest), one at most per channel.
        t_us     clock reading of this control cycle
        dt_us    time since the last cycle, us
        state    gait_detect.state.GaitState
        sure     False if the sensors behind `state` are stale
    A request's pulse is due within `cycle_us` from t_us. The control cycle numbers it.
    """

    def __init__(self, prescription, cycle_us: int, current_step_ua: int = 1) -> None:
        self.prescription = prescription
        self.cycle_us: int = cycle_us
        self._step_ua: int = current_step_ua  # of the device: nothing below one step is asked for
        self.envelope = Envelope(prescription)
        self.count: int = 0
        self._next = None  # committed, waits for the pause between two steps
        n = len(prescription.channels)
        self.requests = tuple([PulseRequest() for _ in range(n)])
        self._trains = tuple([_Train(setting) for setting in prescription.channels])
        self._take_over()

    def commit(self, prescription) -> None:
        """Take `prescription` over between steps: now if no step is under way, else after it.

        PrescriptionError if it rises by more than one commit may, measured from what runs now; a
        second commit during the same step replaces the first.
        """
        if len(prescription.channels) != len(self._trains):
            raise ValueError(
                f"The prescription has {len(prescription.channels)} channels; this walk has "
                f"{len(self._trains)}. Stop and start the walk to change their number."
            )
        steep = steep_changes(self.prescription, prescription)
        if steep:
            raise PrescriptionError(steep)
        self._next = prescription
        self._commit_between_steps()

    def cut(self) -> None:
        """Nothing more is asked for until a new swing begins."""
        self.envelope.cut()
        self.count = 0
        for train in self._trains:
            train.running = False

    def step(self, t_us: int, dt_us: int, state, sure: bool) -> int:
        """Fill `requests` for this cycle; return how many."""
        self._commit_between_steps()
        level = self.envelope.step(dt_us, state.swing, sure and state.confidence > 0, state.stride_us)
        self.count = 0
        for index in range(len(self._trains)):
            train = self._trains[index]
            if level == 0 or train.setting.current_ua == 0:
                train.running = False
            else:
                self._ask(index, train, t_us, level)
        return self.count

    def _ask(self, index: int, train, t_us: int, level: int) -> None:
        if not train.running:
            train.running = True
            kept_us = elapsed_us(train.due_us, t_us)  # a train that just stopped keeps its distance
            if not 0 <= kept_us <= train.period_us:
                train.due_us = after_us(t_us, train.first_us)
        wait_us = elapsed_us(train.due_us, t_us)
        if wait_us < 0:  # a cycle came late: never catch up with a bunch of pulses
            train.due_us = t_us
            wait_us = 0
        if wait_us >= self.cycle_us:
            return
        due_us = train.due_us
        train.due_us = after_us(due_us, train.period_us)
        current_ua = train.setting.current_ua * level // LEVEL_FULL
        if current_ua < self._step_ua:
            return
        request = self.requests[self.count]
        self.count += 1
        request.channel = index
        request.fire_at_us = due_us
        request.current_ua = current_ua
        request.width_us = train.setting.width_us
        request.gap_us = train.setting.gap_us

    def _commit_between_steps(self) -> None:
        if self._next is not None and self.envelope.state == OFF:
            self.prescription = self._next
            self._next = None
            self.envelope.set(self.prescription)
            self._take_over()

    def _take_over(self) -> None:
        for index in range(len(self._trains)):
            train = self._trains[index]
            train.setting = self.prescription.channels[index]
            train.period_us = 1_000_000 // train.setting.rate_hz
            train.first_us = train.period_us * index // len(self._trains)
            train.running = False
