"""The guard: the one way to the stimulator. Supervise, quantise, judge, encode, read back, write.

It holds at most one waiting request per channel until its time has come. Then the supervisor and the
plausibility of the samples say whether a burst may run, the gate judges the pulse, the driver encodes
exactly what was granted, a separate decoder reads the finished frame, and it is written only if all
agree. On a Pi it runs in a process of its own; on a board it is part of the loop. For the same calls
at the same times both give the same bytes.
"""

from firmware_py import blackbox
from safety import faults, reasons, supervisor
from safety.clock import Age, elapsed_us
from safety.gate import Gate
from safety.ledger import Window
from safety.limits import LATE_MAX_US, PAUSE_US, SESSION_MAX_S
from safety.plausibility import Plausibility
from safety.pulse import OFF_UA, PulseRequest, PulseResult
from safety.supervisor import Supervisor
from stimulator.drivers import sciencemode4_faults as device

RESULTS_KEPT = 64
RX_BYTES = 256
CYCLE_LATE_US = 10_000  # twice the control cycle's period
OVERRUNS_MAX = 3  # in 1 s


class _Slot:
    """One channel's waiting request."""

    __slots__ = ("request", "waiting")

    def __init__(self) -> None:
        self.request = PulseRequest()
        self.waiting: bool = False


class Guard:
    """Own the port. Nothing reaches the stimulator but through `step`.

    channel_limits        safety.limits.Limits, one per channel
    driver, check         state machine and separate frame decoder of `stimulator.drivers`
    port, log             firmware_py.hal.Port and Log
    has_imu, has_switch   which sensors this wearer has been fitted with
    """

    def __init__(self, channel_limits, driver, check, port, log, *, has_imu: bool, has_switch: bool) -> None:
        self.gate = Gate(channel_limits)
        self.supervisor = Supervisor()
        self.plausibility = Plausibility(has_imu, has_switch)
        self.driver = driver
        self.results = tuple([PulseResult() for _ in range(RESULTS_KEPT)])
        self.results_total: int = 0  # results[(total - 1) % RESULTS_KEPT] is the newest
        self._check = check
        self._port = port
        self._log = log
        self._slots = tuple([_Slot() for _ in channel_limits])
        self._rx = bytearray(RX_BYTES)
        self._t_us: int = -1
        self._since_pulse = Age()  # on any channel
        self._since_cycle = Age()
        self._overruns = Window(40, 25_000)  # 1 s
        self._is_burst: bool = False
        self._session_s: int = 0
        self._session_us: int = 0
        self._logged_device: int = -1
        self._logged_state: int = -1

    # What a person does ---------------------------------------------------------------------------

    def open(self) -> None:
        """Begin to talk to the stimulator. No pulse is possible before `arm`."""
        if self.supervisor.state == supervisor.OFF:
            self.supervisor.event(supervisor.POWER_ON)
        self.driver.start()

    def acknowledge(self) -> None:
        """A person has read and acknowledged the contraindications for this wearer."""
        self.supervisor.event(supervisor.ACKNOWLEDGED)

    def channels_checked(self) -> None:
        """A person has seen the right leg and the right movement in a test burst of each channel."""
        self.supervisor.event(supervisor.CHANNELS_CHECKED)

    def arm(self, is_test: bool = False) -> bool:
        """A person wants stimulation from now on (or one test burst). True if it is armed then."""
        if not self.driver.is_ready():
            self.open()  # after a stop the stimulator is off; it takes a moment
            return False
        self.supervisor.event(supervisor.ARM_TEST if is_test else supervisor.ARM)
        if self.supervisor.state == supervisor.ARMED and not self.gate.armed:
            self.gate.arm()
            self._since_cycle.expire()
            self._session_s = 0
            self._session_us = 0
        return self.gate.armed

    def pause(self) -> None:
        """The wearer wants a rest: no burst after this one until `resume`."""
        self.supervisor.event(supervisor.PAUSE)

    def resume(self) -> None:
        """The wearer wants to go on."""
        self.supervisor.event(supervisor.RESUME)

    def stop(self) -> None:
        """No pulse from now on; waiting requests are dropped; the stimulator is told to stop."""
        self.supervisor.event(supervisor.STOP)
        self._disarm(reasons.STOPPED)
        self.driver.stop()

    def clear(self) -> None:
        """A person has looked at the fault and mended its cause. The self-test runs again; then arm."""
        self.supervisor.event(supervisor.CLEAR)
        self.driver.clear_fault()
        self.open()

    # What the controller says ---------------------------------------------------------------------

    def take_sample(self, sample) -> None:
        """Hear a raw sample (safety.sample.Sample) of the sensors, as the controller got it."""
        self.plausibility.see(sample)

    def take_swing(self, swing: int) -> None:
        """Hear whether the detector asks for help now (1) or not (0)."""
        if self.gate.swing and not swing:
            self.supervisor.event(supervisor.STEP_ENDED)
        self.gate.swing = swing
        self.plausibility.swing(swing)

    def take(self, request) -> None:
        """Keep a copy of `request` until its time. A channel that still waits loses the older one."""
        if not 0 <= request.channel < len(self._slots):
            self._refuse(request, reasons.CHANNEL_UNKNOWN)
            return
        slot = self._slots[request.channel]
        if slot.waiting:
            self._refuse(slot.request, reasons.OVERTAKEN)
        slot.request.copy_from(request)
        slot.waiting = True

    def cycle_finished(self, sequence: int) -> None:
        """A whole control cycle has run and its requests have been handed over."""
        if self.gate.armed and CYCLE_LATE_US < self._since_cycle.us <= PAUSE_US:
            self._overruns.add(1)
            if self._overruns.total >= OVERRUNS_MAX:
                self.supervisor.fault(faults.LOOP_OVERRUN)
        self._since_cycle.restart()
        self.gate.cycle_finished(sequence)

    # Time -----------------------------------------------------------------------------------------

    def step(self, t_us: int) -> None:
        """Move to `t_us`: hear the stimulator, keep every deadline, send what is due."""
        dt_us = 0 if self._t_us < 0 else elapsed_us(t_us, self._t_us)
        self._t_us = t_us
        self._advance(dt_us)
        try:
            self._hear()
            n = self.driver.step(max(0, dt_us))
            if n > 0:
                self._send_command(n)
            self._judge_faults()
            for slot in self._slots:
                if slot.waiting and elapsed_us(t_us, slot.request.fire_at_us) >= 0:
                    self._fire(slot)
        except OSError:
            self.driver.port_gone()
            self._disarm(reasons.PORT_GONE)
        self._judge_faults()
        self._note_changes()

    def due_us(self, idle_us: int) -> int:
        """Return how long to wait before the next step is needed, us, 0 to `idle_us`."""
        wait_us = idle_us
        for slot in self._slots:
            if slot.waiting:
                until_us = elapsed_us(slot.request.fire_at_us, self._t_us)
                until_us = max(until_us, self.gate.wait_us(slot.request))
                if until_us > 0:  # what is due already waits for the stimulator, not for the clock
                    wait_us = min(wait_us, until_us)
        return wait_us

    def _advance(self, dt_us: int) -> None:
        self.gate.advance(dt_us)
        self.supervisor.advance(dt_us)
        self.plausibility.advance(dt_us)
        self._since_pulse.advance(dt_us)
        self._since_cycle.advance(dt_us)
        self._overruns.advance(dt_us)
        if self._is_burst and self._since_pulse.us >= PAUSE_US:
            self._end_burst()
        if self.gate.armed:
            self._session_us += max(0, dt_us)
            if self._session_us >= 1_000_000:
                self._session_us -= 1_000_000
                self._session_s += 1
                if self._session_s >= SESSION_MAX_S:
                    self.supervisor.fault(faults.SESSION_OVER)

    def _hear(self) -> None:
        n = self._port.readinto(self._rx)
        while n > 0:
            self.driver.receive(self._rx, n)
            n = self._port.readinto(self._rx)

    # Faults ---------------------------------------------------------------------------------------

    def _judge_faults(self) -> None:
        """Bring what gate, driver and samples have found to the supervisor, and obey it."""
        sup = self.supervisor
        if sup.state == supervisor.SELF_TEST:
            if self.driver.fault:
                sup.event(supervisor.SELF_TEST_FAILED)
            elif self.driver.is_ready():
                sup.event(supervisor.SELF_TEST_PASSED if self._self_test() else supervisor.SELF_TEST_FAILED)
        elif self.driver.fault and sup.state != supervisor.OFF and sup.state != supervisor.FAULT:
            self._disarm(reasons.DEVICE_FAULT)
            sup.fault(_fault_of_device(self.driver.fault))
        if not self.gate.armed and supervisor.ARMED <= sup.state <= supervisor.PAUSED:
            sup.fault(_fault_of_reason(self.gate.disarmed_by))
        fault_id = self.plausibility.take_fault()
        while fault_id:
            if supervisor.ARMED <= sup.state <= supervisor.STIMULATING:
                sup.fault(fault_id)
            fault_id = self.plausibility.take_fault()
        if self.gate.armed and not supervisor.ARMED <= sup.state <= supervisor.PAUSED:
            self._disarm(reasons.STOPPED if sup.state == supervisor.READY else reasons.FAULT)

    def _self_test(self) -> bool:
        """Whether the gate refuses while disarmed, and a small pulse reads back as it was meant."""
        request = self._slots[0].request
        request.channel = 0
        request.current_ua = self.driver.quantise_current_ua(1_000)
        request.width_us = 100
        request.gap_us = 0
        n = self.driver.encode_pulse(0, request.current_ua, 100, 0)
        return not self.gate.armed and n > 0 and self._reads_back(n, request, request.current_ua)

    def _disarm(self, reason: int) -> None:
        self.gate.disarm(reason)
        for slot in self._slots:
            if slot.waiting:
                slot.waiting = False
                self._refuse(slot.request, reason)
        if self._is_burst:
            self._end_burst()

    def _end_burst(self) -> None:
        self._is_burst = False
        self.plausibility.burst_ended()
        self.supervisor.event(supervisor.BURST_ENDED)

    # Pulses ---------------------------------------------------------------------------------------

    def _send_command(self, n: int) -> None:
        """Write a frame of the driver's own; one that could stimulate never passes here."""
        if self._check.read(self.driver.tx, n) and not self._check.can_stimulate:
            self._port.write(self.driver.tx, n)
        else:
            self._disarm(reasons.CHECK_FAILED)

    def _fire(self, slot) -> None:
        driver = self.driver
        request = slot.request
        late_us = elapsed_us(self._t_us, request.fire_at_us)
        must_wait = not driver.can_pulse() or self.gate.wait_us(request) > 0
        if must_wait and self.gate.armed and driver.is_ready() and late_us <= LATE_MAX_US:
            return  # one pulse is unanswered, or the last one left late: this one waits a little
        slot.waiting = False
        held = self._held()
        if held != reasons.OK:
            self._refuse(request, held)
            return
        asked_ua = request.current_ua
        request.current_ua = driver.quantise_current_ua(request.current_ua)
        result = self._next_result()
        if self.gate.judge(self._t_us, request, result):
            self._send_pulse(request, result)
        elif result.reason == reasons.HOUR_HOLD:
            self.supervisor.fault(faults.HOUR_CHARGE)
        result.asked_ua = asked_ua
        self._note_result(result)

    def _held(self) -> int:
        """Return why no pulse may be now, before the gate is asked at all; OK if it may."""
        if not self.gate.armed:
            return self.gate.disarmed_by
        if not self.driver.is_ready():
            return reasons.DEVICE_NOT_READY
        if self._is_burst:
            return reasons.OK if self.supervisor.may_pulse else reasons.HELD
        if not self.supervisor.may_start_burst:
            return reasons.HELD
        if self.supervisor.is_test or self.plausibility.may_start:
            return reasons.OK
        return reasons.NOT_PLAUSIBLE

    def _send_pulse(self, request, result) -> None:
        driver = self.driver
        n = driver.encode_pulse(request.channel, result.granted_ua, request.width_us, request.gap_us)
        if n == 0:
            self._not_sent(result, reasons.NOT_REPRESENTABLE)
        elif not self._reads_back(n, request, result.granted_ua):
            self._not_sent(result, reasons.CHECK_FAILED)
            self._disarm(reasons.CHECK_FAILED)
        else:
            # From here on the pulse counts as sent, even if the write fails half-way.
            driver.pulse_written()
            if not self._is_burst:
                self._is_burst = True
                self.supervisor.event(supervisor.BURST_BEGAN)
                self.plausibility.burst_began()
            self._since_pulse.restart()
            self._port.write(driver.tx, n)

    def _reads_back(self, n: int, request, granted_ua: int) -> bool:
        """Whether the finished frame in `driver.tx` says exactly what was granted."""
        check = self._check
        return (
            check.read(self.driver.tx, n)
            and check.is_pulse
            and check.channel == request.channel
            and check.current_ua == granted_ua
            and check.width_us == request.width_us
            and check.gap_us == request.gap_us
            and check.net_charge_pc == 0
        )

    def _not_sent(self, result, reason: int) -> None:
        self.gate.not_sent(result.channel)
        result.granted_ua = OFF_UA
        result.width_us = 0
        result.reason = reason

    # Records --------------------------------------------------------------------------------------

    def _refuse(self, request, reason: int) -> None:
        """Answer a request that the gate never saw."""
        result = self._next_result()
        result.sequence = request.sequence
        result.channel = request.channel
        result.t_us = max(0, self._t_us)
        result.asked_ua = request.current_ua
        result.granted_ua = OFF_UA
        result.width_us = 0
        result.reason = reason
        self._note_result(result)

    def _next_result(self):
        result = self.results[self.results_total % RESULTS_KEPT]
        self.results_total = (self.results_total + 1) & 0xFFFFFFF
        return result

    def _note_result(self, r) -> None:
        self._log.note(
            blackbox.RESULT, r.t_us, r.channel, r.sequence, r.asked_ua, r.granted_ua, r.width_us, r.reason
        )

    def _note_changes(self) -> None:
        driver, sup = self.driver, self.supervisor
        seen = driver.state * 256 + driver.fault
        if seen != self._logged_device:
            self._logged_device = seen
            self._log.note(blackbox.DEVICE, self._t_us, driver.state, driver.fault, driver.pulses_acked)
        seen = (sup.state * 256 + sup.fault_id) * 256 + sup.held_by
        if seen != self._logged_state:
            self._logged_state = seen
            armed = 1 if self.gate.armed else 0
            self._log.note(
                blackbox.ARMED,
                self._t_us,
                armed,
                self.gate.disarmed_by,
                sup.state,
                sup.fault_id,
                sup.held_by,
                sup.sound,
            )


def _fault_of_device(fault: int) -> int:
    """Return the fault of `safety.faults` for a fault of the driver."""
    if fault == device.FAULT_ELECTRODE or fault == device.FAULT_LOW_CURRENT:
        return faults.LEAD_OPEN
    if fault == device.FAULT_WRONG_CHANNEL:
        return faults.DELIVERED_DIFFERS
    if fault <= device.FAULT_TRANSFER:
        return faults.SERIAL_LOST
    return faults.DEVICE_FAULT


def _fault_of_reason(reason: int) -> int:
    """Return the fault of `safety.faults` for why the gate disarmed itself."""
    if reason == reasons.NO_CYCLE:
        return faults.CONTROLLER_STALLED
    if reason == reasons.CYCLE_ORDER:
        return faults.REQUEST_ORDER
    if reason == reasons.CLOCK_JUMPED:
        return faults.CLOCK_JUMP
    if reason == reasons.VIOLATIONS:
        return faults.THREE_VIOLATIONS
    if reason == reasons.PORT_GONE:
        return faults.SERIAL_LOST
    return faults.CHECK_FAILED
