"""The device behind the link where link and control cycle are one program: calls go straight to the loop."""

from firmware_py.link.contracts import FOR_EXERCISE, FOR_TEST, FOR_WALK, NO_TEST, Device
from safety.pulse import OFF_UA
from safety.supervisor import ARMED, PAUSED
from stimulator.envelope import OFF

TELEMETRY_CYCLES = 2  # one sample every second cycle: 100 a second
CDEG_UDEG = 10_000
I16_MAX = 0x7FFF


class LoopDevice(Device):
    """Drive a loop.

    loop       firmware_py.loop.Loop
    wearer     stimulator.wearer.Wearer whose level the loop's walk follows, or None
    after_cycle(t_us, telemetry)   once in every control cycle, after it; allocates nothing
    """

    def __init__(self, loop, wearer=None) -> None:
        self.capability = loop.capability
        self.battery: int = 255
        self._loop = loop
        self._wearer = wearer
        self._cycles: int = 0
        self._results_seen: int = 0
        self._granted: int = 0  # pulses of the press that runs, or of the last one
        self._presses: int = 0

    def stop(self) -> None:
        """As the contract."""
        self._loop.burst.release()
        self._loop.guard.stop()

    def pause(self) -> None:
        """As the contract: the wearer's own pause, else the guard's."""
        if self._wearer is None:
            self._loop.guard.pause()
        else:
            self._wearer.pause(True)

    def resume(self) -> None:
        """As the contract."""
        if self._wearer is None:
            self._loop.guard.resume()
        else:
            self._wearer.pause(False)

    def set_level(self, percent: int) -> bool:
        """As the contract."""
        if self._wearer is None:
            return False
        try:
            self._wearer.choose(percent)
        except ValueError:
            return False
        return True

    def acknowledge(self) -> None:
        """As the contract."""
        self._loop.guard.acknowledge()

    def channels_checked(self) -> None:
        """As the contract."""
        self._loop.guard.channels_checked()

    def wish(self) -> None:
        """As the contract; without a message on its way nothing is older than it seems."""

    def arm_walk(self) -> bool:
        """As the contract."""
        return self._loop.arm_walk()

    def arm_test(self) -> bool:
        """As the contract."""
        return self._loop.arm_test()

    def disarm(self) -> None:
        """As the contract."""
        self._loop.guard.disarm()

    def clear(self) -> None:
        """As the contract."""
        self._loop.guard.clear()

    def hold(self, channel: int, current_max_ua: int) -> None:
        """As the contract."""
        if self._loop.cycle.scheduler is not self._loop.burst:
            raise ValueError(
                NO_TEST
            )  # nothing would let the press grow old, and it would hold every change back
        self._loop.burst.hold(channel, current_max_ua)

    def beat(self) -> None:
        """As the contract."""
        self._loop.burst.beat()

    def release(self) -> None:
        """As the contract."""
        self._loop.burst.release()

    def fill_outcome(self, outcome) -> None:
        """As the contract."""
        check = self._loop.check
        outcome.channel = self._loop.burst.channel
        outcome.verdict = check.judge(self._granted)
        outcome.ended_by = self._loop.burst.envelope.ended_by
        outcome.granted = min(self._granted, 0xFFFF)
        outcome.lift_cdeg = cdeg(check.lift_udeg)
        outcome.evert_cdeg = cdeg(check.evert_udeg)

    def prescription(self):
        """As the contract."""
        return self._loop.walk.prescription

    def problems(self, prescription) -> list:
        """As the contract."""
        return self._loop.problems(prescription)

    def commit(self, prescription, confirmed=None) -> None:
        """As the contract; a link that is one program with its loop is never lost alone."""
        self._loop.commit(prescription)

    def confirm(self, prescription) -> None:
        """As the contract."""

    def fill_status(self, status) -> None:
        """As the contract."""
        guard = self._loop.guard
        sup = guard.supervisor
        status.armed = self._armed_for() if ARMED <= sup.state <= PAUSED else 0
        status.is_ready = 1 if guard.driver.is_ready() else 0
        status.state = sup.state
        status.fault = sup.fault_id
        status.held_by = sup.held_by
        status.sound = guard.sound()
        status.device_fault = guard.driver.fault
        status.warnings = guard.warnings()
        status.stops = guard.stops
        status.ends = guard.ends
        if self._wearer is not None:
            status.level = self._wearer.level
            status.is_paused = 1 if self._wearer.is_paused else 0
        status.battery = self.battery
        status.stride_us = self._loop.cycle.detector.state.stride_us
        press = self._loop.burst.envelope
        status.press = 1 if press.state != OFF else 0
        status.presses = press.presses & 0xFFFF
        status.ended_by = press.ended_by

    def _armed_for(self) -> int:
        """Return what it is armed for: who is in charge and how the guard is armed go together."""
        scheduler = self._loop.cycle.scheduler
        if scheduler is self._loop.burst:
            return FOR_TEST
        return FOR_WALK if scheduler is self._loop.walk else FOR_EXERCISE

    def after_cycle(self, t_us: int, telemetry) -> None:
        """Look at what the guard granted, and hand a sample to whoever watches. Allocates nothing."""
        loop = self._loop
        guard = loop.guard
        if self._presses != loop.burst.envelope.presses:
            self._presses = loop.burst.envelope.presses
            self._granted = 0
        kept = len(guard.results)
        total = guard.results_total
        if not 0 <= total - self._results_seen <= kept:
            self._results_seen = max(0, total - kept)
        while self._results_seen != total:
            result = guard.results[self._results_seen % kept]
            self._results_seen += 1
            if result.granted_ua != OFF_UA:
                self._granted += 1
                if result.channel < telemetry.channels:
                    telemetry.current_ua[result.channel] = result.granted_ua
        self._cycles += 1
        if self._cycles < TELEMETRY_CYCLES:
            return
        self._cycles = 0
        state = loop.cycle.detector.state
        envelope = loop.cycle.scheduler.envelope
        telemetry.add(
            t_us, state.phase, state.swing, envelope.state, envelope.level, state.pitch_cdeg, state.rate_cdps
        )
        for channel in range(telemetry.channels):
            telemetry.current_ua[channel] = 0


def cdeg(udeg: int) -> int:
    """Return an angle of 1e-6 deg in 0.01 deg, as far as a message can hold it."""
    return max(-I16_MAX, min(udeg // CDEG_UDEG, I16_MAX))
