"""A guard that can be armed for an exercise: the change that the real one needs, as small as it can be.

Stands in until `Supervisor` knows ARM_EXERCISE. What differs from walking: bursts need no step, swings hold
them back instead; a burst waits for no contact; switch faults that a seated foot makes by itself do not count.
"""

from firmware_py.guard import Guard
from safety import faults, reasons, supervisor
from safety.plausibility import Plausibility
from safety.supervisor import Supervisor

SWINGS_MAX = 3  # from one burst to the next: where it rises, where it falls, and an own attempt


class ExerciseSupervisor(Supervisor):
    """Knows that it was armed for an exercise."""

    def __init__(self):
        super().__init__()
        self.is_exercise = False


class SeatedPlausibility(Plausibility):
    """While `is_seated`, bursts are no steps and swings are the reason to hold."""

    is_seated = False

    def burst_began(self):
        if not self.is_seated:
            super().burst_began()

    def take_fault(self):
        found = super().take_fault()
        while self.is_seated and found in (
            faults.SWITCH_STUCK_CLOSED,
            faults.SWITCH_STUCK_OPEN,
            faults.SWITCH_IMU_DISAGREE,
        ):
            found = super().take_fault()
        return found


class ExerciseGuard(Guard):
    """Guard with `arm_exercise`; everything else is the guard's own."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        own = self.plausibility
        self.supervisor = ExerciseSupervisor()
        self.plausibility = SeatedPlausibility(own._has_imu, own._has_switch, own._is_shank)
        self._swings = 0

    def arm(self, is_test=False):
        sup = self.supervisor
        if sup.is_exercise and supervisor.ARMED <= sup.state <= supervisor.PAUSED:
            return False  # armed for another mode: disarm first
        sup.is_exercise = self.plausibility.is_seated = False
        return super().arm(is_test)

    def arm_exercise(self):
        """Armed as for walking (acknowledged, channels checked), and for nothing else."""
        sup = self.supervisor
        if supervisor.ARMED <= sup.state <= supervisor.PAUSED:
            return sup.is_exercise
        if not super().arm():
            return False
        sup.is_exercise = self.plausibility.is_seated = True
        self._swings = 0
        return True

    def take_swing(self, swing):
        if swing and not self.gate.swing:
            self._swings += 1
        super().take_swing(swing)

    def _held(self, *channel):
        sup = self.supervisor
        if not (sup.is_exercise and self.gate.armed):
            return super()._held(*channel)
        if not self.driver.is_ready():
            return reasons.DEVICE_NOT_READY
        if self._is_burst and sup.may_pulse:
            return reasons.OK
        if not sup.may_start_burst:
            return reasons.HELD
        if self._swings > SWINGS_MAX:
            return reasons.NOT_PLAUSIBLE
        self._swings = 0
        return reasons.OK
