"""Walking: turns the state of the foot and a prescription into pulse requests, channel by channel.

Each request carries the time at which its pulse should start. The control cycle only has to be
quick enough to ask in time; it does not have to be on the beat.
"""

from safety.pulse import PulseRequest
from safety.supervisor import WALK
from stimulator.cues import TONE_NONE
from stimulator.envelope import OFF, Envelope
from stimulator.prescription import PrescriptionError, steep_changes
from stimulator.train import Train
from stimulator.window import Window


class WalkScheduler:
    """Ask for pulses while the foot swings and lands.

    step(t_us, dt_us, state) fills `requests[0:count]` (PulseRequest), one at most per channel.
        t_us     clock reading of this control cycle
        dt_us    time since the last cycle, us
        state    gait_detect.state.GaitState
        sure     False if the sensors behind `state` are stale
    A request's pulse is due within `cycle_us` from t_us. The control cycle numbers it.
    take_turns(turn, turns)   `turns` legs share the device, this one is number `turn`: each pulse has its own time
    restart()    somebody has armed: the soft start begins anew
    mode         what the guard must be armed for
    tone         of this mode: none, a step has its click (`stimulator.wearer`)
    """

    def __init__(self, prescription, cycle_us: int, current_step_ua: int = 1) -> None:
        self.prescription = prescription
        self.cycle_us: int = cycle_us
        self.tone: int = TONE_NONE
        self.mode: int = WALK
        self._step_ua: int = current_step_ua  # of the device: nothing below one step is asked for
        self.envelope = Envelope(prescription)
        self.count: int = 0
        self.comparison = None  # stimulator.comparison.Comparison while one runs
        self._next = None  # committed, waits for the pause between two steps
        self._turn: int = 0
        self._turns: int = 1
        n = len(prescription.channels)
        self.requests = tuple([PulseRequest() for _ in range(n)])
        self._trains = tuple([Train(prescription.channels[i], i, n, current_step_ua) for i in range(n)])
        self._windows = tuple([Window(setting) for setting in prescription.channels])
        self._last_end: int = 0  # of the channels in use, %
        self._take_over()

    def take_turns(self, turn: int, turns: int) -> None:
        """Share the device with other legs; before the walk."""
        self._turn = turn
        self._turns = turns
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
        if self.comparison is not None:
            raise ValueError(
                "Two prescriptions are being compared; a change is taken over after it. End it first."
            )
        steep = steep_changes(self.prescription, prescription)
        if steep:
            raise PrescriptionError(steep)
        self._next = prescription
        self._commit_between_steps()

    def is_waiting(self) -> bool:
        """Whether a change was committed that no step has yet."""
        return self._next is not None

    def compare(self, comparison) -> None:
        """Let `comparison` (of what runs now, and another one) choose each stride's prescription until it is over."""
        self.comparison = comparison

    def restart(self) -> None:
        """Somebody has armed."""
        self.envelope.restart()

    def cut(self) -> None:
        """Nothing more is asked for until a new swing begins."""
        self.envelope.cut()
        self.count = 0
        for index in range(len(self._trains)):
            self._windows[index].level = 0
            self._trains[index].stop()

    def step(self, t_us: int, dt_us: int, state, sure: bool) -> int:
        """Fill `requests` for this cycle; return how many."""
        if self.comparison is not None:
            self._compare(self.comparison)
        self._commit_between_steps()
        envelope = self.envelope
        is_sure = sure and state.confidence > 0
        envelope.step(dt_us, state.swing, is_sure, state.stride_us, state.other_us)
        share_percent = self._share_percent()
        dt_us = max(0, min(dt_us, 100_000))
        self.count = 0
        for index in range(len(self._trains)):
            train = self._trains[index]
            train.advance(dt_us)
            level = self._windows[index].step(dt_us, envelope, self._may_let_go(index))
            if level == 0 or train.setting.current_ua == 0:
                train.stop()
            elif train.ask(t_us, self.cycle_us, level * share_percent // 100, self.requests[self.count]):
                self.count += 1
        return self.count

    def _compare(self, comparison) -> None:
        chosen = comparison.step(self.envelope.state == OFF, self.envelope.begun)
        if chosen is not None:
            self._next = chosen
        if comparison.is_over:
            self.comparison = None

    def _share_percent(self) -> int:
        """Return the share of this step in a soft start: n steps go up in n + 1 equal parts."""
        soft = self.prescription.soft_start_steps
        steps = self.envelope.walk_steps
        return 100 if steps > soft else 100 * steps // (soft + 1)

    def _may_let_go(self, index: int) -> bool:
        """Whether another channel is at work that goes on for longer: one step is one burst, without a pause."""
        end_percent = self._trains[index].setting.end_percent
        if end_percent >= self._last_end:
            return True
        for train in self._trains:
            if train.is_at_work and train.setting.end_percent > end_percent:
                return True
        return False

    def _commit_between_steps(self) -> None:
        if self._next is not None and self.envelope.state == OFF:
            self.prescription = self._next
            self._next = None
            self.envelope.set(self.prescription)
            self._take_over()

    def _take_over(self) -> None:
        self._last_end = 0
        count = len(self._trains)
        for index in range(count):
            setting = self.prescription.channels[index]
            if setting.current_ua > 0:
                self._last_end = max(self._last_end, setting.end_percent)
            self._trains[index].set(setting, index, count, self._step_ua, self._turn, self._turns)
            self._windows[index].set(setting)
