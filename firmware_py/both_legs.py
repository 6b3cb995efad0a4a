"""Both feet drop: two loops, one stimulator, one stop and one arm.

Each leg has its own sensors, detector, scheduler, gate, plausibility and supervisor. What its own sensors say holds
that leg alone, with its tone; everything else that ends one leg ends both: a fault of the device, stop, disarm, a
stalled cycle, a used-up hour. So nobody walks on with one leg because half of the controller has failed.
"""

from firmware_py.wearing import Wearing
from safety import faults, reasons
from safety.clock import elapsed_us
from safety.supervisor import ARMED, FAULT, PAUSED, WALK
from stimulator.prescription import PrescriptionError, problems

LEG_NAMES = ("left", "right")
CHANNELS_EACH = 4  # a P24 has four outputs on each of its connectors
# Legs that overlap wait for each other: at all of a P24's 100 commands a second (answers of 2 to 15 ms) one pulse in
# 100 of a simulated walk came too late, at 80 one in 1,000 or none.
SHARED_PERCENT = 80


def both_problems(left, right, capability) -> list:
    """Return what forbids two prescriptions on one stimulator, as sentences."""
    found = []
    for name, prescription in zip(LEG_NAMES, (left, right)):
        found += [f"{name}: {sentence}" for sentence in problems(prescription, capability)]
    most = min(CHANNELS_EACH, capability.channels // 2)
    for name, prescription in zip(LEG_NAMES, (left, right)):
        if len(prescription.channels) > most:
            found.append(
                f"{name}: channels has {len(prescription.channels)} entries; {capability.name} allows 1 to {most} for "
                "each leg. Remove channels."
            )
    rates_hz = [c.rate_hz for p in (left, right) for c in p.channels if c.current_ua > 0]
    most_hz = capability.commands_per_s_max * SHARED_PERCENT // 100
    if sum(rates_hz) > most_hz:
        found.append(
            f"rate_hz adds up to {sum(rates_hz)} pulses a second over both legs; {capability.name} allows 0 to "
            f"{most_hz} there. Lower rate_hz, or use two stimulators."
        )
    if rates_hz and min(rates_hz) < max(rates_hz):
        found.append(
            f"rate_hz is {min(rates_hz)} to {max(rates_hz)} in the channels of both legs; on one stimulator all must "
            f"be the same, so that no pulse waits for another leg's. Set one rate_hz."
        )
    return found


def is_of_one_leg(fault_id: int) -> bool:
    """Whether a fault is what the sensors of one leg show."""
    return faults.SWITCH_STUCK_OPEN <= fault_id <= faults.IMU_REVERSED


class BothLegs:
    """Two Loops (`firmware_py.compose`) whose guards share a stimulator (`firmware_py.shared_stimulator`).

    legs            (left, right);  the left one's driver is the clock of the shared one
    cycle(t_us)     one control cycle of each leg
    step(t_us)      one step of each guard, and what one leg's end means for the other
    what people do  open, acknowledge, arm_walk, stop, disarm, clear, pause, resume: for both.
                    commit(leg, ...), compare(leg, ...): for one, if it fits beside the other.
                    arm_test(leg), arm_exercise(leg): for one, while the other is not armed. A check of leg and
                    channels belongs to each loop.
    """

    def __init__(self, left, right) -> None:
        self.legs = (left, right)
        self._wearing = None
        self._was_armed = [False, False]
        self._t_us: int = -1

    # Time -----------------------------------------------------------------------------------------

    def cycle(self, t_us: int) -> None:
        """Run one whole control cycle of each leg, then let the keys' time pass."""
        dt_us = 0 if self._t_us < 0 else elapsed_us(t_us, self._t_us)
        self._t_us = t_us
        for loop in self.legs:
            loop.cycle.step(t_us)
        if self._wearing is not None:
            self._wearing.step(dt_us, self)

    def step(self, t_us: int) -> None:
        """Let both guards move to `t_us`; the end of one leg reaches the other in the same step."""
        left, right = self.legs
        left.guard.step(t_us)
        self._share_end(0)
        right.guard.step(t_us)
        if self._share_end(1):
            left.guard.step(t_us)

    def due_us(self, idle_us: int) -> int:
        """Return how long to wait before the next step is needed, us, 0 to `idle_us`."""
        return min(self.legs[0].guard.due_us(idle_us), self.legs[1].guard.due_us(idle_us))

    def _share_end(self, index: int) -> bool:
        """If this leg is not armed any more, and not because of its own sensors, neither is the other."""
        guard = self.legs[index].guard
        sup = guard.supervisor
        was_armed = self._was_armed[index]
        self._was_armed[index] = ARMED <= sup.state <= PAUSED
        if self._was_armed[index] or not was_armed:
            return False
        # What its sensors said before the end need not be what ended it: then the gate knows another reason.
        is_told = is_of_one_leg(sup.fault_id)
        if is_told and sup.state == FAULT and guard.gate.disarmed_by == reasons.FAULT:
            return False
        other = self.legs[1 - index].guard
        if is_told or sup.fault_id == faults.NO_FAULT:
            other.disarm()
        else:
            other.supervisor.fault(sup.fault_id)
        return True

    # What people do -------------------------------------------------------------------------------

    def wear(self, wearer, cues, signals=None) -> None:
        """Let one set of keys govern both legs, and both be heard; as `Loop.wear`."""
        left, right = self.legs
        left.wear(wearer, cues)
        right.wear(wearer, cues)
        self._wearing = left.wearing = right.wearing = Wearing(wearer, cues, signals, self)
        left.cycle.attend(None)  # their time passes once, in `cycle`
        right.cycle.attend(None)

    @property
    def tone(self) -> int:
        """Of the modes in charge of the two legs."""
        return max(self.legs[0].cycle.scheduler.tone, self.legs[1].cycle.scheduler.tone)

    def open(self) -> None:
        """Begin to talk to the stimulator."""
        for loop in self.legs:
            loop.guard.open()

    def acknowledge(self) -> None:
        """A person has read and acknowledged the contraindications for this wearer."""
        for loop in self.legs:
            loop.guard.acknowledge()

    def arm_walk(self) -> bool:
        """Arm both legs for walking; True if both are. Never one alone. False at first, while the stimulator wakes.

        A leg that is armed for walking already goes on as it is, also if the other cannot be armed: whoever asks
        again must not cut a swing.
        """
        before = (self._is_armed_to_walk(0), self._is_armed_to_walk(1))
        for index in range(2):
            if not before[index]:
                self.legs[index].arm_walk()
        now = (self._is_armed_to_walk(0), self._is_armed_to_walk(1))
        if now[0] != now[1]:
            for index in range(2):
                if now[index] and not before[index]:  # this very call has armed it
                    self.legs[index].guard.disarm()
                    self.legs[index].guard.open()
        return now[0] and now[1]

    def arm_test(self, leg: int) -> bool:
        """Arm one leg for a test burst, as `Loop.arm_test`; never while the other is armed for anything."""
        return not self._is_armed(1 - leg) and self.legs[leg].arm_test()

    def arm_exercise(self, leg: int) -> bool:
        """Arm one leg for an exercise, as `Loop.arm_exercise`; never while the other is armed for anything."""
        return not self._is_armed(1 - leg) and self.legs[leg].arm_exercise()

    def stop(self) -> None:
        """No pulse from now on, on either leg."""
        for loop in self.legs:
            loop.guard.stop()

    def disarm(self) -> None:
        """A person wants no stimulation for now: no fault."""
        for loop in self.legs:
            loop.guard.disarm()

    def pause(self) -> None:
        """No burst after the running one, until `resume`."""
        for loop in self.legs:
            loop.guard.pause()

    def resume(self) -> None:
        """Go on."""
        for loop in self.legs:
            loop.guard.resume()

    def clear(self) -> None:
        """A person has looked at the fault and mended its cause."""
        for loop in self.legs:
            loop.guard.clear()

    def take_battery(self, percent: int) -> None:
        """Hear the charge of the supply, 0 to 100 percent."""
        for loop in self.legs:
            loop.guard.take_battery(percent)

    def commit(self, leg: int, prescription) -> None:
        """Take a change of one leg over between its steps, as `Loop.commit`; both together must fit the stimulator."""
        self._check_together(leg, prescription)
        self.legs[leg].commit(prescription)

    def compare(self, leg: int, other, strides: int, blocks: int) -> None:
        """Let what one leg has and `other` take turns, as `Loop.compare`; `other` must fit beside the other leg too."""
        self._check_together(leg, other)
        self.legs[leg].compare(other, strides, blocks)

    def _check_together(self, leg: int, prescription) -> None:
        """PrescriptionError unless `prescription` fits beside all that the other leg may have from here on."""
        capability = self.legs[leg].capability
        for beside in self.legs[1 - leg].in_play():
            two = (prescription, beside) if leg == 0 else (beside, prescription)
            found = both_problems(two[0], two[1], capability)
            if found:
                raise PrescriptionError(found)

    def sound(self) -> int:
        """Return what the buzzer should say now: the louder of the two legs."""
        return max(self.legs[0].guard.sound(), self.legs[1].guard.sound())

    def _is_armed_to_walk(self, leg: int) -> bool:
        return self._is_armed(leg) and self.legs[leg].guard.supervisor.mode == WALK

    def _is_armed(self, leg: int) -> bool:
        return ARMED <= self.legs[leg].guard.supervisor.state <= PAUSED
