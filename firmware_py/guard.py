"""The guard: the one way to the stimulator. Supervise, quantise, judge, encode, read back, write.

It holds at most one waiting request per channel until its time has come. Then the supervisor and the
plausibility of the samples say whether a burst may run, the gate judges the pulse, the driver encodes
exactly what was granted, a separate decoder reads the finished frame, and it is written only if all
agree. On a Pi it runs in a process of its own; on a board it is part of the loop. For the same calls
at the same times both give the same bytes.
"""

from firmware_py.guard_step import SteppedGuard
from safety import faults, reasons, supervisor


class Guard(SteppedGuard):
    """Own the port. Nothing reaches the stimulator but through `step`.

    channel_limits        safety.limits.Limits, one per channel
    driver, check         state machine and separate frame decoder of `stimulator.drivers`
    port, log             firmware_py.hal.Port and Log
    has_imu, has_switch   which sensors this wearer has been fitted with
    is_shank              True if the IMU sits on the shank, False on the foot
    was_checked           leg and channels were checked before with this very profile, and that was kept
    """

    def open(self) -> None:
        """Begin to talk to the stimulator. No pulse is possible before `arm`."""
        if self.supervisor.state == supervisor.OFF:
            self.supervisor.event(supervisor.POWER_ON)
        self._is_wanted = True
        self.driver.start()

    def acknowledge(self) -> None:
        """A person has read and acknowledged the contraindications for this wearer."""
        self.supervisor.event(supervisor.ACKNOWLEDGED)

    def channels_checked(self) -> None:
        """A person, or the sign of the response, says: the right leg and the right movement, in test bursts.

        It counts only if a test burst has reached half of what is prescribed on each channel that is in use,
        since the profile was loaded.
        """
        if self._tested.is_complete():
            self.supervisor.event(supervisor.CHANNELS_CHECKED)

    def profile_changed(self) -> None:
        """Another wearer, leg or set of electrodes: nothing that was acknowledged or checked holds any more."""
        self._was_checked = False
        self._tested.forget()
        self.supervisor.event(supervisor.PROFILE_CHANGED)
        self._end(reasons.STOPPED)

    def arm(self, mode: int = supervisor.WALK) -> bool:
        """A person wants stimulation from now on: WALK, one burst as TEST, EXERCISE. True if it is armed for that."""
        self._judge_faults()  # what has just gone wrong must not be lost by arming
        sup = self.supervisor
        if not supervisor.WALK <= mode <= supervisor.EXERCISE:
            return False
        if sup.state == supervisor.FAULT:
            return False  # and the stimulator stays off until the fault is cleared
        if sup.state == supervisor.OFF or not self.driver.is_ready():
            if faults.FAULTS[sup.fault_id].latch == faults.UNTIL_ARM:
                self.driver.clear_fault()
            self.open()  # after a stop the stimulator is off; it takes a moment, then arm again
            return False
        if self._session.battery_fault():
            sup.fault(self._session.battery_fault())
            return False
        if self._was_checked:
            sup.event(supervisor.CHANNELS_CHECKED)
        sup.event(supervisor.ARM + mode)
        if sup.state == supervisor.ARMED and not self.gate.armed:
            self.gate.arm()
            self._pace.restart()
            self._session.restart()
            self._unhelped.restart()
            self._seated.restart()
            self._tested.begin()
        return sup.state == supervisor.ARMED and sup.mode == mode

    def disarm(self) -> None:
        """A person wants no stimulation for now: no fault, and no tone after a test."""
        self.supervisor.event(supervisor.DISARM)
        self._end(reasons.DISARMED)

    def pause(self) -> None:
        """The wearer wants a rest: no burst after this one until `resume`. A test is over with it."""
        if self.gate.armed and self.supervisor.mode == supervisor.TEST:
            self.disarm()
        else:
            self.supervisor.event(supervisor.PAUSE)

    def resume(self) -> None:
        """The wearer wants to go on."""
        self.supervisor.event(supervisor.RESUME)

    def stop(self) -> None:
        """No pulse from now on; waiting requests are dropped; the stimulator is told to stop."""
        self.stops = (self.stops + 1) & 0xFFFF
        self.supervisor.event(supervisor.STOP)
        self._end(reasons.STOPPED)

    def _end(self, reason: int) -> None:
        self.ends = (self.ends + 1) & 0xFFFF
        self._disarm(reason)

    def clear(self) -> None:
        """A person has looked at the fault and mended its cause. The self-test runs again; then arm.

        After an open lead the channels have to be tested again: hands were at the leads.
        """
        if self.supervisor.fault_id == faults.LEAD_OPEN:
            self._was_checked = False
            self._tested.forget()
        self.supervisor.event(supervisor.CLEAR)
        self.driver.clear_fault()
        self.open()
