"""Guard and schedulers that write down what is done to them, so that a log holds every input of the loop.

Each notes an act (`firmware_py.blackbox`, ACT_*) and then does what its base class does. What an act does by
itself, such as opening the port while arming, is no act of its own.
"""

from firmware_py import acts, blackbox
from firmware_py.cycle import ControlCycle
from firmware_py.guard import Guard
from firmware_py.recorded_port import RecordedPort
from safety.limits import CURRENT_ABS_UA
from stimulator.prescription import canonical_bytes
from stimulator.test_burst import TestBurst


class RecordedGuard(Guard):
    """A guard whose steps, acts and port are in the log.

    steps    firmware_py.acts.StepLog, which every part of this loop notes into
    now_us   clock reading of the last step
    """

    def __init__(self, channel_limits, driver, check, port, steps, **worn) -> None:
        self._steps = steps
        self.now_us: int = 0
        self._is_acting: bool = False
        super().__init__(channel_limits, driver, check, RecordedPort(port, steps), steps, **worn)

    def step(self, t_us: int) -> None:
        """As the guard."""
        self.now_us = t_us
        self._steps.stepped(t_us)
        super().step(t_us)

    def open(self) -> None:
        """As the guard."""
        if self._begin(acts.ACT_OPEN):
            super().open()
            self._is_acting = False
        else:
            super().open()

    def acknowledge(self) -> None:
        """As the guard."""
        self._note(acts.ACT_ACKNOWLEDGE)
        super().acknowledge()

    def channels_checked(self) -> None:
        """As the guard."""
        self._note(acts.ACT_CHANNELS_CHECKED)
        super().channels_checked()

    def profile_changed(self) -> None:
        """As the guard."""
        self._note(acts.ACT_PROFILE_CHANGED)
        super().profile_changed()

    def arm(self, mode: int = 0) -> bool:
        """As the guard."""
        self._begin(acts.ACT_ARM, mode)
        is_armed = super().arm(mode)  # pyright: ignore[reportArgumentType]
        self._is_acting = False
        return is_armed

    def disarm(self) -> None:
        """As the guard."""
        self._note(acts.ACT_DISARM)
        super().disarm()

    def pause(self) -> None:
        """As the guard."""
        self._note(acts.ACT_PAUSE)
        super().pause()

    def resume(self) -> None:
        """As the guard."""
        self._note(acts.ACT_RESUME)
        super().resume()

    def stop(self) -> None:
        """As the guard."""
        self._note(acts.ACT_STOP)
        super().stop()

    def clear(self) -> None:
        """As the guard."""
        self._begin(acts.ACT_CLEAR)
        super().clear()
        self._is_acting = False

    def take_battery(self, percent: int) -> None:
        """As the guard."""
        self._note(acts.ACT_BATTERY, percent)
        super().take_battery(percent)

    def _note(self, act: int, first: int = 0, second: int = 0) -> None:
        self._steps.note(blackbox.ACT, self.now_us, act, first, second)

    def _begin(self, act: int, first: int = 0) -> bool:
        """Note an act that uses others; False if it is itself used by one."""
        if self._is_acting:
            return False
        self._note(act, first)
        self._is_acting = True
        return True


class RecordedCycle(ControlCycle):
    """A control cycle that notes who comes into charge.

    burst   the scheduler that counts as the test burst; every other is the walk, or that of `knows_exercise`
    """

    def __init__(self, sensors, detector, scheduler, guard, log, burst) -> None:
        self._burst = burst
        self._exercise = None
        super().__init__(sensors, detector, scheduler, guard, log)

    def use(self, scheduler) -> None:
        """As the cycle."""
        first = 1 if scheduler is self._burst else 0
        if self._exercise is not None and scheduler is self._exercise:
            first = 2
        self._log.note(blackbox.ACT, self.t_us, acts.ACT_USE, first)
        super().use(scheduler)

    def knows_exercise(self, scheduler) -> None:
        """As the cycle."""
        self._exercise = scheduler

    def committed(self, prescription) -> None:
        """As the cycle: the act, and the bytes of what it commits."""
        data = canonical_bytes(prescription)
        self._log.note(blackbox.ACT, self.t_us, acts.ACT_COMMIT)
        self._log.note_bytes(blackbox.PRESCRIPTION, self.t_us, data, len(data))

    def restart_mounting(self) -> None:
        """As the cycle."""
        self._log.note(blackbox.ACT, self.t_us, acts.ACT_MOUNTING)
        super().restart_mounting()

    def doubted(self, accepted: int) -> None:
        """As the cycle."""
        self._log.note(blackbox.ACT, self.t_us, acts.ACT_DOUBTED, accepted)
        super().doubted(accepted)


class RecordedBurst(TestBurst):
    """A test burst whose button is in the log."""

    def __init__(self, prescription, cycle_us: int, current_step_ua: int, supervisor, log) -> None:
        self._log = log
        self.now_us: int = 0
        super().__init__(prescription, cycle_us, current_step_ua, supervisor)

    def step(self, t_us: int, dt_us: int, state, sure: bool) -> int:
        """As the burst."""
        self.now_us = t_us
        return TestBurst.step(self, t_us, dt_us, state, sure)  # super() allocates here on MicroPython

    def hold(self, channel: int, current_max_ua: int = CURRENT_ABS_UA) -> None:
        """As the burst."""
        self._log.note(blackbox.ACT, self.now_us, acts.ACT_HOLD, channel, current_max_ua)
        super().hold(channel, current_max_ua)

    def release(self) -> None:
        """As the burst."""
        self._log.note(blackbox.ACT, self.now_us, acts.ACT_RELEASE)
        super().release()

    def beat(self) -> None:
        """As the burst."""
        self._log.note(blackbox.ACT, self.now_us, acts.ACT_BEAT)
        super().beat()
